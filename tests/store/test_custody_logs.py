"""What an older log holds stays answered after the installation went on with another one."""

from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import text

from coldtrace.custody.erasure import erase
from coldtrace.custody.evidence import COLUMNS, evidence
from coldtrace.custody.rebuild import check
from coldtrace.events.header import read_header
from coldtrace.events.receipt import verify_receipt
from coldtrace.events.statement import Statement
from coldtrace.events.statement_type import StatementType as T
from coldtrace.ledger import service as ledger
from coldtrace.parties.keys import make_log_key
from coldtrace.rights.model import EVERYTHING
from coldtrace.seal.keys import load_public_key
from support.road import CARTONS, PORT, STORE, Road, binding, statuses

NEXT = "trace.example.cn/logs/next"


def go_on(road: Road) -> None:
    """Close the log and go on with another one."""
    make_log_key(road.env, "next")
    opened = ledger.open_named_log(road.session, road.env, origin=NEXT)
    road.session.execute(text("UPDATE ledger_log SET state = 'closed' WHERE log_id = 1"))
    road.env = replace(road.env, log=opened)


def id_of(said: Statement) -> UUID:
    return read_header(said.header).id


@pytest.fixture
def sent(road: Road) -> Statement:
    """A statement of the first log."""
    said = road.say(PORT, T.COMMISSION, binding(CARTONS[0]), more=[("note", "a person's name")])
    (result,) = road.tell(said)
    assert result.status == "accepted"
    return said


def test_a_statement_of_an_older_log_sent_again_gets_its_first_receipt(road: Road, sent: Statement) -> None:
    (before,) = road.tell(sent)
    go_on(road)
    fresh = road.say(STORE, T.OBSERVE, CARTONS[0])
    again, new = road.tell(sent, fresh)
    assert statuses([again, new]) == ["repeat", "accepted"], "nor does it keep others of its batch from being stored"
    assert again.receipt == before.receipt, "it names the log that holds the statement"
    key = load_public_key(road.env.keyring.signer("receipt").spki)
    for said, result, origin in ((sent, again, "trace.example.cn/logs/test"), (fresh, new, NEXT)):
        assert result.receipt is not None
        found = verify_receipt(result.receipt, public_key=key, net=road.env.net, id=id_of(said), header=said.header)
        assert found.origin == origin


def test_evidence_tells_what_older_logs_hold(road: Road, sent: Statement) -> None:
    go_on(road)
    later = road.say(STORE, T.OBSERVE, CARTONS[0])
    road.tell(later)
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in evidence(road.session, EVERYTHING, road.story(CARTONS[0]))]
    assert [row["header"] for row in rows] == [sent.header, later.header]
    assert [row["public"] for row in rows] == [sent.public, later.public]
    assert [row["proof"] for row in rows] == [
        f"/logs/{log}/statements/{id_of(said)}/proof" for log, said in (("test", sent), ("next", later))
    ]


def test_a_field_in_an_older_log_is_erased_and_the_record_stays_whole(road: Road, sent: Statement) -> None:
    go_on(road)
    erase(road.session, road.env, id_of(sent), fields=["note"], ground="GDPR 17")
    logs = [log for log, _ in ledger.logs(road.session)]
    kept = ledger.pieces(road.session, logs, [id_of(sent)])[id_of(sent)]
    assert b"a person's name" not in kept["private"]
    assert check(road.session).ok
