"""The forms of a roll's run as its page has them after one was refused; `page_samples.py` shows them."""

from datetime import UTC, datetime
from uuid import UUID

from coldtrace.goods.run_store import RunRecord
from coldtrace.settings import Printer
from coldtrace.web.pages.run_forms import Entered, run_forms

ROLL_FORMS = run_forms(
    RunRecord(
        run_id=UUID("0199f3c1-0000-7000-8000-000000000001"),
        kind="roll",
        station_gln="9521234000013",
        consignment_id=None,
        wanted=1000,
        drawn=1000,
        created_at=datetime(2026, 11, 23, 4, 4, tzinfo=UTC),
    ),
    (Printer(name="7", host="10.0.0.5", port=9100),),
    void=1,
    may_print=True,
    may_replace=True,
    entered=Entered(form="void", fields={"numbers": "17-x", "reason": "wet"}),
)
