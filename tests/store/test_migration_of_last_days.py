"""Lines that were marked `expired` before it was kept why stay marked when their goods are judged again."""

from sqlalchemy import text

from coldtrace.custody.model import Mark
from coldtrace.custody.rules import only_lasting
from coldtrace.db.engine import make_engine
from support.old_database import DEVICE_OF_A_STORE, upgrade_filled

ENTRY = "01a1f0aa-0000-7000-8000-000000000009"
BEFORE = f"""
{DEVICE_OF_A_STORE}
INSERT INTO statement (entry_id, header_hash, key_id, seq, type, claimed_at, event_at, recorded_at, gln, status, marks)
    VALUES ('{ENTRY}', sha256('h'), sha256('k'), 1, 'sell', now(), now(), now(),
        '9521234000020', 'blocked', '{{}}');
INSERT INTO unit (unit_id, state, last_at)
    SELECT 'zjcold:' || n, 'active', now() FROM generate_series(0, 2) n;
INSERT INTO statement_line (entry_id, line_no, unit_pk, role, quantity, event_at, marks, details)
    SELECT '{ENTRY}', n, u.unit_pk, 'unit', 1, now(), CASE n WHEN 2 THEN '{{gap}}' ELSE '{{expired}}' END::text[],
        CASE n WHEN 1 THEN '{{"owner": "91120116MA05TE5T1N"}}'::jsonb END
    FROM generate_series(0, 2) n JOIN unit u ON u.unit_id = 'zjcold:' || n;
"""


def test_what_was_marked_expired_stays_so(empty_database_url: str) -> None:
    upgrade_filled(empty_database_url, revision="0022", fill=lambda connection: connection.exec_driver_sql(BEFORE))
    engine = make_engine(empty_database_url)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT marks, details FROM statement_line ORDER BY line_no")).all()
    engine.dispose()
    assert [row.details for row in rows] == [
        {"past_day": True},
        {"owner": "91120116MA05TE5T1N", "past_day": True},
        None,
    ]
    assert only_lasting("sell", rows[0].marks, rows[0].details) == (Mark.EXPIRED,)
    assert only_lasting("sell", ["expired"], {}) == (), "without that it is judged again"
