"""Erasing fields of a private piece: value and salt go everywhere, every proof goes on verifying, the log says why."""

import json
from uuid import UUID

import pytest
from sqlalchemy import text

from coldtrace.custody import service as custody
from coldtrace.custody.erasure import erase
from coldtrace.events.private_piece import read_erased, read_private
from coldtrace.events.statement_type import StatementType as T
from coldtrace.ledger import service as ledger
from coldtrace.ledger.refusals import FieldKept, NothingToErase, NotLogged
from coldtrace.seal.b64 import b64, unb64
from coldtrace.seal.hashing import leaf_hash, sha256
from coldtrace.seal.tlog_proof import verify_tlog_proof
from support.house import unit_line
from support.road import MARKET, Road

UNIT = "(00)395212340000000014"
NAME = "王小明"


@pytest.fixture
def said(road: Road) -> UUID:
    """A statement that names a person as receiver, in the log."""
    statement = road.say(MARKET, T.SHIP, unit_line(UNIT), more=[("to_name", NAME)])
    (result,) = custody.capture(road.session, road.env, [statement.to_json()])
    assert result.id is not None
    road.sequence()
    return UUID(result.id)


def everything(road: Road) -> str:
    """Return all text and bytes of the tables in which the name could be."""
    rows = road.session.execute(
        text(
            "SELECT convert_from(bytes, 'UTF8') FROM statement_piece WHERE bytes IS NOT NULL"
            " UNION ALL SELECT convert_from(leaf, 'UTF8') FROM ledger_entry"
            " UNION ALL SELECT coalesce(to_name, '') FROM statement"
        )
    ).scalars()
    return "\n".join(rows)


def test_the_value_goes_and_the_proof_stays(road: Road, said: UUID) -> None:
    session, env = road.session, road.env
    assert NAME in everything(road)
    proof_before = ledger.find_proof(session, env.log, said)
    before = ledger.kept_pieces(session, env.log, said)["private"]
    assert before.data is not None
    salt = next(field.salt for field in read_private(before.data.decode()).fields if field.name == "to_name")
    entry_id = erase(session, env, said, fields=["to_name"], ground="PIPL 47")
    assert NAME not in everything(road)
    assert b64(salt) not in everything(road)
    after = ledger.kept_pieces(session, env.log, said)["private"]
    assert after.data is not None
    assert after.erased_at is not None
    piece = read_erased(after.data.decode())
    header = json.loads(json.loads(ledger.known_entries(session, [said])[said].leaf)["body"])
    assert piece.tree().root == unb64(header["private"])
    assert piece.value("to_name") is None
    assert piece.site
    road.sequence()
    vkey = dict(ledger.logs(session))[env.log]
    entry = ledger.known_entries(session, [said])[said]
    proof_after = ledger.find_proof(session, env.log, said)
    for proof in (proof_before, proof_after):
        assert proof is not None
        verify_tlog_proof(proof[0], leaf_hash=entry.leaf_hash, log=vkey)
    logged = ledger.known_entries(session, [entry_id])[entry_id]
    leaf = json.loads(logged.leaf)
    assert leaf["kind"] == "erase"
    body = json.loads(leaf["body"])
    header_text = json.loads(entry.leaf)["body"]
    assert body == {"v": 1, "header": b64(sha256(header_text.encode())), "fields": ["to_name"], "ground": "PIPL 47"}
    assert leaf_hash(logged.leaf) == logged.leaf_hash
    assert ledger.find_proof(session, env.log, entry_id) is not None


def test_what_cannot_be_erased(road: Road, said: UUID) -> None:
    session, env = road.session, road.env
    for field in ("at", "offset", "seq", "site", "to"):
        with pytest.raises(FieldKept):
            erase(session, env, said, fields=[field], ground="x")
    for fields in ([], ["staff"], ["to_name", "staff"]):
        with pytest.raises(NothingToErase):
            erase(session, env, said, fields=fields, ground="x")
    with pytest.raises(NotLogged):
        erase(session, env, env.new_id(), fields=["to_name"], ground="x")
    assert NAME in everything(road)
    erase(session, env, said, fields=["to_name"], ground="x")
    with pytest.raises(NothingToErase):
        erase(session, env, said, fields=["to_name"], ground="x")


def test_a_repeat_after_an_erasure_gets_its_first_receipt(road: Road) -> None:
    """The header alone is compared; but the erased value comes back in with no repeat."""
    statement = road.say(MARKET, T.SHIP, unit_line(UNIT), more=[("to_name", NAME)])
    (first,) = custody.capture(road.session, road.env, [statement.to_json()])
    assert first.id is not None
    erase(road.session, road.env, UUID(first.id), fields=["to_name"], ground="x")
    (second,) = custody.capture(road.session, road.env, [statement.to_json()])
    assert (second.status, second.receipt) == ("repeat", first.receipt)
    assert NAME not in everything(road)
