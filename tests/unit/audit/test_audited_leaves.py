"""Leaves as an auditor reads them: whatever an operator writes into one is a leaf or a finding, never a crash."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldtrace.audit.finding import Report
from coldtrace.audit.finding_words import FindingCode as F
from coldtrace.audit.leaves import Leaves

BODIES = {
    "trust": ("list", "seq", "v"),
    "erase": ("fields", "ground", "header", "v"),
    "anchor": ("day", "head", "seq", "v", "what"),
    "enrol": ("certificate", "certificate_sig", "request", "request_sig"),
}
HASH = "A" * 43
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20) | st.just(HASH),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def canonical(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def leaf(body: object, **more: object) -> bytes:
    text = body if isinstance(body, str) else canonical(body)
    value = {"body": text, "kind": "trust", "received_at": "2026-11-23T00:00:00.000Z", "sig": None, "v": 1}
    return canonical(value | more).encode("utf-8", "surrogatepass")


def read(data: bytes) -> Report:
    report = Report()
    Leaves(report, enrolment_keys=()).read(data, "7")
    return report


@pytest.mark.parametrize("kind", BODIES)
@given(data=st.data())
def test_any_body_is_read_or_found(kind: str, data: st.DataObject) -> None:
    body = {name: data.draw(ODD) for name in BODIES[kind]}
    assert set(read(leaf(body, kind=kind)).counts) <= {F.LEAF_TEXT, F.ENROLMENT_BAD}


@given(kind=ODD, version=ODD, at=ODD, body=st.text(max_size=30))
def test_any_leaf_is_read_or_found(kind: object, version: object, at: object, body: str) -> None:
    found = read(leaf(body, kind=kind, v=version, received_at=at))
    assert set(found.counts) <= {F.LEAF_TEXT}


@given(data=st.binary(max_size=60))
def test_any_bytes_are_read_or_found(data: bytes) -> None:
    assert read(data).counts == {F.LEAF_TEXT: 1}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("trust", {"list": HASH, "seq": None, "v": 1}),
        ("trust", {"list": HASH, "seq": True, "v": 1}),
        ("trust", {"list": HASH, "seq": 0, "v": 1}),
        ("trust", {"list": "x", "seq": 1, "v": 1}),
        ("trust", {"list": HASH, "seq": 1, "v": True}),
        ("anchor", {"day": "2026-11-25", "head": None, "seq": 1, "v": 1, "what": "journal"}),
        ("anchor", {"day": "2026-11-25", "head": HASH, "seq": True, "v": 1, "what": "journal"}),
        ("anchor", {"day": ["2026-11-25"], "head": HASH, "seq": 1, "v": 1, "what": "journal"}),
        ("erase", {"fields": "site", "ground": "x", "header": HASH, "v": 1}),
        ("erase", {"fields": [], "ground": "x", "header": HASH, "v": 1}),
        ("erase", {"fields": ["to_name", "site"], "ground": "x", "header": HASH, "v": 1}),
        ("erase", {"fields": [["site"]], "ground": "x", "header": HASH, "v": 1}),
        ("erase", {"fields": ["site"], "ground": None, "header": HASH, "v": 1}),
        ("erase", {"fields": ["site"], "ground": "x", "header": None, "v": 1}),
    ],
)
def test_odd_bodies_are_found(kind: str, body: object) -> None:
    assert read(leaf(body, kind=kind)).counts == {F.LEAF_TEXT: 1}


def test_good_bodies_are_read() -> None:
    assert read(leaf({"list": HASH, "seq": 1, "v": 1})).ok
    assert read(leaf({"fields": ["site", "to_name"], "ground": "x", "header": HASH, "v": 1}, kind="erase")).ok


@pytest.mark.parametrize("kind", [[], {}, None, 1, "cte1", "other"])
def test_odd_kinds_are_found(kind: object) -> None:
    assert read(leaf("x", kind=kind)).counts == {F.LEAF_TEXT: 1}
