"""Proof bundles: each frozen case ends exactly as its file says."""

import json
from pathlib import Path
from typing import Any

import pytest

from coldtrace.clock import parse_utc
from coldtrace.seal.root_document import parse_root
from coldtrace.verify.bundle import Report, Result, verify_bundle
from support.published import own_vectors_dir

FILES = sorted((own_vectors_dir() / "events" / "bundles").glob("*.json"))


def verify(vector: dict[str, Any]) -> Report:
    return verify_bundle(
        vector["text"],
        root=None if vector["root"] is None else parse_root(vector["root"]),
        now=parse_utc(vector["now"]),
        asked=vector["asked"],
        lowest_seq=vector["lowest_seq"],
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_frozen_case(path: Path, without_sm2: None) -> None:
    """As an installation without `[sm2]` sees it, and as a browser does."""
    vector = json.loads(path.read_text("utf-8"))
    report = verify(vector)
    assert {c.name: c.reason for c in report.checks if c.result is Result.FAILED} == vector["failed"]
    assert {c.name: c.reason for c in report.checks if c.result is Result.NOT_CHECKED} == vector["not_checked"]
    assert (report.ok, report.result) == (vector["ok"], vector["result"])


def test_a_proof_of_which_something_was_withheld_is_incomplete_and_no_proof() -> None:
    names = ("facts_not_shown", "lines_closed", "list_expired", "sm2_root_garbage", "good_unpinned")
    for name in names:
        vector = json.loads((own_vectors_dir() / "events" / "bundles" / f"{name}.json").read_text("utf-8"))
        assert (vector["failed"], vector["result"]) == ({}, "incomplete"), name
        assert vector["ok"] is (name == "good_unpinned"), name


def test_with_the_extra_a_garbage_signature_of_an_sm2_root_is_refused() -> None:
    report = verify(json.loads((own_vectors_dir() / "events" / "bundles" / "sm2_root_garbage.json").read_text("utf-8")))
    check = report.check("trust_list")
    assert (check.result, check.reason, report.ok) == (Result.FAILED, "untrusted_trust_list", False)


def test_there_are_cases() -> None:
    assert len(FILES) > 60


def test_the_good_one_has_every_check() -> None:
    report = verify(json.loads((own_vectors_dir() / "events" / "bundles" / "good_witnessed.json").read_text("utf-8")))
    each = ["statement", "signature", "certificate", "line", "inclusion"]
    assert [check.name for check in report.checks] == [
        "format",
        "root",
        "trust_list",
        "trust_list_seq",
        "trust_list_fresh",
        "code_signature",
        "code_host",
        "code_asked",
        "code_commission",
        "facts",
        *(f"{kind}[{number}]" for number in range(6) for kind in each),
        "checkpoint",
        "witnesses",
        "continuity",
        "time",
        "seen",
        "complete",
    ]
    assert report.check("time").reason == "not_after_cosignature"
    assert report.check("complete").result is Result.NOT_CHECKED
    with pytest.raises(KeyError):
        report.check("nothing")


def test_an_open_stay_says_so() -> None:
    path = own_vectors_dir() / "events" / "bundles" / "good_open_stay.json"
    check = verify(json.loads(path.read_text("utf-8"))).check("continuity")
    assert (check.result, check.reason) == (Result.PASSED, "open_as_far_as_shown")
