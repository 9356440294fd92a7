"""What callers of gateways said before their words were kept under a salt is still known by its number."""

from datetime import UTC, datetime
from hashlib import sha256

from sqlalchemy import text

from coldtrace.custody.gateway import Plain
from coldtrace.db.engine import make_engine
from coldtrace.events.statement_type import StatementType
from coldtrace.events.units_piece import Line
from support.old_database import DEVICE_OF_A_STORE, upgrade_filled

ENTRY = "01a1f0aa-0000-7000-8000-000000000009"
SAID = Plain(
    ref="WMS-1",
    type=StatementType.OBSERVE,
    at=datetime(2026, 11, 23, 4, tzinfo=UTC),
    lines=[Line("unit", "(00)395212340000000014", None, 1)],
    fields={},
)
FIRST = f"""
{DEVICE_OF_A_STORE}
INSERT INTO statement (entry_id, header_hash, key_id, seq, type, claimed_at, event_at, recorded_at, gln, status, marks)
    VALUES ('{ENTRY}', sha256('h'), sha256('k'), 1, 'observe', now(), now(), now(),
        '9521234000020', 'accepted', '{{}}');
INSERT INTO gateway_statement VALUES ('9521234000020', 'WMS-1', '\\x{SAID.digest.hex()}', '{ENTRY}');
"""


def test_the_words_of_before_are_found_and_no_plain_hash_of_them_is_left(empty_database_url: str) -> None:
    upgrade_filled(empty_database_url, revision="0018", fill=lambda connection: connection.exec_driver_sql(FIRST))
    engine = make_engine(empty_database_url)
    with engine.connect() as connection:
        row = connection.execute(text("SELECT ref, salt, said FROM gateway_statement")).one()
    engine.dispose()
    assert bytes(row.said) == sha256(bytes(row.salt) + SAID.digest).digest() == SAID.said(bytes(row.salt))
    assert bytes(row.said) != SAID.digest
