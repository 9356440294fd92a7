"""Every check and reason that the code can give has words in both languages."""

import re
from pathlib import Path

import pytest

from coldtrace.verify.report import Check, Result
from coldtrace.verify.words import NAMES, REASONS, RESULTS, name_words, reason_words
from support.published import REPOSITORY

ROOM = REPOSITORY / "trace" / "coldtrace"
PYTHON = [ROOM / "verify" / f"{name}.py" for name in ("bundle", "bundle_statement", "bundle_time", "continuity")]
SCRIPTS = [ROOM / "web" / "static" / "verify.js", *sorted((ROOM / "web" / "static" / "verify").glob("*.js"))]
_RAISED = re.compile(r"(?:Failed|NotChecked|notChecked)\(\s*[\"'](\w+)[\"']")
_NAMED = re.compile(r"run_?[cC]heck\(\s*f?[\"'`](\w+)")


@pytest.mark.parametrize("path", [*PYTHON, *SCRIPTS], ids=lambda path: path.name)
def test_raised_reasons_have_words(path: Path) -> None:
    assert [reason for reason in _RAISED.findall(path.read_text("utf-8")) if reason not in REASONS] == []


@pytest.mark.parametrize("path", [*PYTHON, *SCRIPTS], ids=lambda path: path.name)
def test_checks_have_names(path: Path) -> None:
    assert [name for name in _NAMED.findall(path.read_text("utf-8")) if name not in NAMES] == []


def test_words_are_in_both_languages() -> None:
    for table in (NAMES, REASONS, RESULTS):
        for key, words in table.items():
            assert bool(words.zh) == bool(words.en) == bool(key), key
            assert not re.search(r"[{}!！]", words.zh + words.en), key


def test_numbered_checks_count_from_one() -> None:
    assert name_words("signature[0]").zh == "记录签名（第 1 条）"
    assert name_words("signature[11]").en == "Signature of statement 12"
    assert name_words("nothing").en == "nothing"
    assert reason_words("nothing").zh == "nothing"


def test_a_check_says_its_line() -> None:
    check = Check("witnesses", Result.NOT_CHECKED, "no_witness_yet")
    assert check.say("zh") == "独立见证：目前还没有独立见证"
    assert check.to_json() == {
        "name": "witnesses",
        "result": "not_checked",
        "reason": "no_witness_yet",
        "zh": "独立见证：目前还没有独立见证",
        "en": "Independent witnesses: no witness yet",
    }
    assert Check("format", Result.PASSED).say("en") == "Proof file"
