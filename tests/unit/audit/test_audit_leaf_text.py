"""The auditor's fast reader of leaves judges as the general one does."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldtrace.audit.leaf_text import NotALeaf, read_body, read_leaf, signed_parts
from coldtrace.errors import Refusal
from coldtrace.events.canonical import decode
from coldtrace.events.header import read_header, signed_bytes
from coldtrace.events.leaf import LeafKind, leaf_bytes
from coldtrace.seal.b64 import b64, unb64
from support.published import own_vectors_dir

AT = datetime(2026, 11, 23, 9, 15, tzinfo=UTC)


def bodies() -> list[str]:
    """Return every header in our vectors."""
    text = (own_vectors_dir() / "events" / "statements.json").read_text(encoding="utf-8")
    found: list[str] = []

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("header"), str) and value["header"].startswith('{"id":'):
                found.append(value["header"])
            for each in value.values():
                walk(each)
        elif isinstance(value, list):
            for each in value:
                walk(each)

    walk(json.loads(text))
    return sorted(set(found))


def accepts(data: bytes) -> bool:
    try:
        read_leaf(data)
    except NotALeaf:
        return False
    return True


def general(data: bytes) -> bool:
    """Judge a statement's leaf by the general readers."""
    try:
        value = decode(data.decode("utf-8"))
        assert isinstance(value, dict)
        read_header(str(value["body"]))
        sig = unb64(str(value["sig"]))
        built = leaf_bytes(LeafKind.CTE1, str(value["body"]), sig, datetime.fromisoformat(str(value["received_at"])))
    except (Refusal, ValueError, KeyError, AssertionError, UnicodeDecodeError):
        return False
    return built == data and len(sig) == 64


BODIES = bodies()
LEAF = leaf_bytes(LeafKind.CTE1, BODIES[0], bytes(range(64)), AT)


@pytest.mark.parametrize("body", BODIES)
def test_every_header_of_the_vectors(body: str) -> None:
    data = leaf_bytes(LeafKind.CTE1, body, bytes(range(64)), AT)
    leaf, header = read_leaf(data), read_header(body)
    assert leaf.header is not None
    assert (leaf.body.decode(), leaf.header.id, leaf.header.key) == (body, str(header.id), b64(header.key))
    assert leaf.header.prev == (None if header.prev is None else b64(header.prev))
    assert (leaf.header.public, leaf.header.private, leaf.header.units) == (
        b64(header.public), b64(header.private), b64(header.units),
    )  # fmt: skip
    assert (leaf.header.private_width, leaf.header.units_width) == (str(header.private_width), str(header.units_width))
    assert signed_parts(leaf.sig or "", leaf.body) == (bytes(range(64)), signed_bytes(body))


@given(at=st.integers(0, len(LEAF) - 1), byte=st.integers(0, 255), cut=st.integers(0, 2))
def test_one_byte_changed_is_judged_alike(at: int, byte: int, cut: int) -> None:
    for data in (LEAF[:at] + bytes([byte]) + LEAF[at + cut :], LEAF[:at] + LEAF[at + cut :]):
        if b'"kind":"cte1"' in data:
            assert accepts(data) == general(data), data


def test_other_kinds() -> None:
    leaf = read_leaf(leaf_bytes(LeafKind.ERASE, '{"fields":[],"ground":"x","header":"y","v":1}', None, AT))
    assert read_body(leaf, "fields", "ground", "header", "v")["ground"] == "x"
    with pytest.raises(NotALeaf):
        read_body(leaf, "fields", "ground", "header")
    assert accepts(leaf_bytes(LeafKind.ANCHOR, "注\n", None, AT))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b'{"body":"x","kind":"other","received_at":"2026-11-23T00:00:00.000Z","sig":null,"v":1}',
        b'{"body":"x","kind":"anchor","received_at":"2026-11-23T00:00:01.000Z","sig":null,"v":1}',
        b'{"body":"x","kind":"anchor","received_at":"2026-11-23T00:00:00.000Z","sig":"A","v":1}',
        b'{"body":"x","kind":"anchor","received_at":"2026-11-23T00:00:00.000Z","sig":null,"v":2}',
        b'{"body":"x","kind":"anchor","received_at":"2026-11-23T00:00:00.000Z","sig":null,"v":1} ',
        b'{"body":"x","kind":"anchor","received_at":"2026-11-23T00:00:00.000Z","sig":null, "v":1}',
        b'{"body":"x","kind":"cte1","received_at":"2026-11-23T00:00:00.000Z","sig":null,"v":1}',
        b'{"body":7,"kind":"anchor","received_at":"2026-11-23T00:00:00.000Z","sig":null,"v":1}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_leaf(data: bytes) -> None:
    assert not accepts(data)
