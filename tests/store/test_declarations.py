"""Declarations in two steps: provisional at arrival, a clock of working days, completed, corrected with a reason."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import text

from coldtrace.codes.declaration_number import DeclarationForm, DeclarationIsExport
from coldtrace.errors import Refusal
from coldtrace.goods import service as goods
from coldtrace.goods.consignments import find_consignment
from coldtrace.goods.declaration_refusals import DeclarationFieldRefused, DeclarationReasonMissing
from coldtrace.goods.declarations import (
    CompleteDeclaration,
    DeclarationClock,
    changes_of,
    complete_declaration,
    list_provisional,
)
from coldtrace.goods.refusals import ConsignmentUnknown, DeclarationImported, PaperMissing
from coldtrace.goods.service import OpenConsignment
from coldtrace.rights.model import EVERYTHING, NOTHING
from coldtrace.working_days import LOCAL, WorkingDays
from support.consignments import DECLARATION, packing_list
from support.road import PORT, Road

FINAL = "020220261000000777"


def opened(road: Road, *, number: str | None = "E2026112300001", status: str | None = "provisional", seed: int = 1):  # type: ignore[no-untyped-def]
    packing = packing_list(cartons=1)
    papers = replace(packing.papers, declaration_number=number, declaration_status=status)  # type: ignore[arg-type]
    command = OpenConsignment(
        packing=replace(packing, papers=papers),
        station_gln=PORT,
        scope=EVERYTHING,
        source_name="list.xlsx",
        source_hash=bytes([seed] * 32),
        normalised=(),
        warnings=(),
    )
    return goods.open_consignment(road.session, road.env, command).consignment_id


def complete(road: Road, id, number: str = FINAL, **more: str) -> bool:  # type: ignore[no-untyped-def]
    said = CompleteDeclaration(number=number, **more)  # type: ignore[arg-type]
    return complete_declaration(road.session, road.env, EVERYTHING, id, said, by="person:broker")


def waiting(road: Road, *, came_before: datetime | None = None) -> list[str]:
    found = list_provisional(road.session, EVERYTHING, came_before=came_before, limit=10)
    return [each.declaration_no for each in found]


def test_a_provisional_declaration_is_completed_and_what_differs_is_kept(road: Road) -> None:
    id = opened(road)
    assert waiting(road) == ["E2026112300001"]
    assert complete(road, id, bill_of_lading="COSU-2", seal_number="SEAL5566778")
    assert waiting(road) == []
    found = find_consignment(road.session, id, EVERYTHING)
    assert found is not None
    assert (found.listed.declaration_no, found.papers["declaration_status"]) == (FINAL, "final")
    (change,) = changes_of(road.session, id)
    assert dict(change.after) == {
        "declaration_number": FINAL,
        "declaration_status": "final",
        "bill_of_lading": "COSU-2",
    }
    assert change.before["declaration_number"] == "E2026112300001"
    # The same again is nothing new.
    assert not complete(road, id, bill_of_lading="COSU-2")
    assert len(changes_of(road.session, id)) == 1


def test_a_final_declaration_is_corrected_with_a_reason(road: Road) -> None:
    id = opened(road, number=DECLARATION, status="final")
    with pytest.raises(DeclarationReasonMissing):
        complete(road, id)
    assert complete(road, id, reason="typing error")
    assert changes_of(road.session, id)[0].reason == "typing error"
    # The number under which it came does not import the goods a second time.
    with pytest.raises(DeclarationImported):
        opened(road, number=DECLARATION, status="final")


def test_a_declaration_that_is_missing_at_arrival_is_waited_for_and_one_that_was_forgotten_is_not(road: Road) -> None:
    with pytest.raises(PaperMissing):
        opened(road, number=None, status=None)
    first = opened(road, number=None, seed=1)
    assert opened(road, number=None, seed=2) != first
    assert waiting(road) == ["P-" + "01" * 8, "P-" + "02" * 8]
    # The same file again is the same import, which was drawn to its end.
    with pytest.raises(DeclarationImported):
        opened(road, number=None, seed=1)


@pytest.mark.parametrize(
    ("number", "more", "refusal"),
    [
        ("1234", {}, DeclarationForm),
        ("020220260000000777", {}, DeclarationIsExport),
        ("预录入E1", {}, DeclarationFieldRefused),
        (FINAL, {"seal_number": "x" * 41}, DeclarationFieldRefused),
        (FINAL, {"reason": "a\x07b"}, DeclarationFieldRefused),
    ],
    ids=["short", "export", "provisional", "seal", "reason"],
)
def test_what_is_no_final_declaration_is_refused(
    road: Road, number: str, more: dict[str, str], refusal: type[Refusal]
) -> None:
    id = opened(road)
    with pytest.raises(refusal):
        complete(road, id, number, **more)
    assert road.count("declaration_change") == 0
    with pytest.raises(ConsignmentUnknown):
        complete_declaration(road.session, road.env, NOTHING, id, CompleteDeclaration(number=FINAL), by="x")


def test_a_number_that_another_consignment_has_is_refused_and_the_session_goes_on(road: Road) -> None:
    opened(road, number=FINAL, status="final", seed=1)
    id = opened(road, seed=2)
    with pytest.raises(DeclarationImported):
        complete(road, id)
    assert waiting(road) == ["E2026112300001"]


def test_the_clock_counts_working_days_and_the_list_agrees_with_it(road: Road) -> None:
    clock = DeclarationClock(days=3, working=WorkingDays(holidays=(date(2026, 11, 25),)))
    id = opened(road)
    thursday = datetime(2026, 11, 26, 9, tzinfo=LOCAL)
    road.session.execute(text("UPDATE consignment SET imported_at = :at"), {"at": datetime(2026, 11, 23, tzinfo=LOCAL)})
    due = clock.due(datetime(2026, 11, 23, 10, tzinfo=LOCAL))
    # Tuesday, not Wednesday, Thursday, Friday.
    assert due.isoformat() == "2026-11-27T23:59:59+08:00"
    assert waiting(road, came_before=clock.overdue_before(thursday)) == []
    assert waiting(road, came_before=clock.overdue_before(due)) == []
    assert len(waiting(road, came_before=clock.overdue_before(due + timedelta(seconds=1)))) == 1
    complete(road, id)
    assert waiting(road, came_before=clock.overdue_before(due + timedelta(days=9))) == []
