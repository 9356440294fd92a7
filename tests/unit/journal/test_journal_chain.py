"""The chain of the journal: the vectors, and that no part of a record is outside it."""

import json
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from importlib.util import module_from_spec, spec_from_file_location
from uuid import UUID

import pytest

from coldtrace.events.canonical import NotCanonical, encode
from coldtrace.journal.model import Anchor, Head, Record
from coldtrace.journal.rules import anchor_body, next_hash, record_text
from support.published import own_vectors_dir

FILE = own_vectors_dir() / "journal" / "chain.json"
VECTORS = json.loads(FILE.read_text(encoding="utf-8"))
OTHER = UUID("019aac00-0000-7000-8000-0000000000ff")


def record_of(value: dict[str, object]) -> Record:
    """Return the record whose text this is the parse of."""
    return Record(
        record_id=UUID(str(value["id"])),
        at=datetime.fromisoformat(str(value["at"])),
        actor=str(value["actor"]),
        operators=tuple(UUID(each) for each in value["for"]),  # type: ignore[attr-defined]
        roles=tuple(value["as"]),  # type: ignore[arg-type]
        act=str(value["act"]),
        kind=str(value["kind"]),
        object=str(value["object"]),
        purpose=None if value["purpose"] is None else str(value["purpose"]),
        subjects=tuple(UUID(each) for each in value["subjects"]),  # type: ignore[attr-defined]
        detail=encode(value["detail"]),
        sites=tuple(value.get("sites", ())),  # type: ignore[arg-type]
    )


def test_vectors() -> None:
    before = bytes.fromhex(VECTORS["net"])
    for seq, case in enumerate(VECTORS["records"], start=1):
        assert record_text(seq, record_of(json.loads(case["text"]))) == case["text"]
        before = next_hash(before, case["text"])
        assert before.hex() == case["hash"]
    anchor = Anchor(day=date(2026, 11, 28), head=Head(seq=6, hash=before), entry_id=OTHER)
    assert anchor_body(anchor) == VECTORS["anchor"]


def test_the_vectors_are_what_their_script_builds() -> None:
    spec = spec_from_file_location("rebuild_journal", own_vectors_dir() / "rebuild_journal.py")
    assert spec is not None
    assert spec.loader is not None
    script = module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.build() == FILE.read_text(encoding="utf-8")


CHANGES: dict[str, object] = {
    "record_id": OTHER,
    "at": datetime(2026, 11, 28, 4, 0, 1, tzinfo=UTC) + timedelta(microseconds=1),
    "actor": "command line",
    "operators": (),
    "roles": (),
    "act": "list",
    "kind": "case",
    "object": "",
    "purpose": "",
    "subjects": (),
    "detail": '{"count":1}',
    "sites": ("9521234000044",),
}


@pytest.mark.parametrize("name", [each.name for each in fields(Record)])
def test_every_part_of_a_record_is_in_its_text(name: str) -> None:
    record = record_of(json.loads(VECTORS["records"][0]["text"]))
    assert record_text(1, replace(record, **{name: CHANGES[name]})) != record_text(1, record)  # type: ignore[arg-type]


def test_a_detail_that_is_not_canonical_has_no_text() -> None:
    record = record_of(json.loads(VECTORS["records"][0]["text"]))
    with pytest.raises(NotCanonical):
        record_text(1, replace(record, detail='{"count": 1}'))
