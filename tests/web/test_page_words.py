"""The tables of words: complete, in two languages, and used."""

import re
from dataclasses import replace
from importlib.resources import files
from importlib.resources.abc import Traversable
from string import Formatter
from typing import get_args

import pytest

from coldtrace.errors import Words
from coldtrace.events.statement_type import StatementType
from coldtrace.verify.code import Verdict
from coldtrace.web.pages import views
from coldtrace.web.place_words import ACTS, COLD, OTHER_ACT, OTHER_ROLE, ROLES, SOURCES, district_words, role_words
from coldtrace.web.render import render
from coldtrace.web.status_words import STATUSES, VERDICTS, Advice, Status, Tone, advice_for, worst_first
from coldtrace.web.words import PAGE_WORDS, page_words
from support.html_tree import read_page
from support.page_samples import SOLD

_KEY = re.compile(r"""t\(\s*["']([a-z0-9_.]+)["'](\s*~)?""")
_CJK = re.compile(r"[\u3400-\u9fff]")


def templates(folder: Traversable) -> list[str]:
    """Return the text of every template."""
    found: list[str] = []
    for entry in folder.iterdir():
        found += templates(entry) if entry.is_dir() else [entry.read_text(encoding="utf-8")]
    return found


def placeholders(text: str) -> list[str]:
    """Return the facts a sentence asks for."""
    return sorted({name for _, name, _, _ in Formatter().parse(text) if name})


def every_advice() -> list[Words]:
    """Return all sentences of statuses and verdicts."""
    advice: list[Advice] = [*STATUSES.values(), *VERDICTS.values()]
    return [words for a in advice for words in (a.headline, a.meaning, *a.steps)]


ALL = [
    *PAGE_WORDS.values(),
    *ROLES.values(),
    *ACTS.values(),
    *COLD.values(),
    *SOURCES.values(),
    *every_advice(),
    *(district_words(f"{prefix}0100") for prefix in range(11, 83)),
]


def test_templates_and_table_agree() -> None:
    """Every key that a template asks for is there, and every key that is there is asked for."""
    asked: set[str] = set()
    for text in templates(files("coldtrace.web").joinpath("templates")):
        for key, more in _KEY.findall(text):
            asked |= {name for name in PAGE_WORDS if name.startswith(key)} if more else {key}
    assert asked == set(PAGE_WORDS)


@pytest.mark.parametrize("words", ALL, ids=lambda words: words.en[:40])
def test_both_languages_say_something_with_the_same_facts(words: Words) -> None:
    """Chinese is Chinese, English is English, and both use the same facts."""
    if words not in (PAGE_WORDS["lang.zh"], PAGE_WORDS["lang.en"]):
        assert _CJK.search(words.zh), words.zh
        assert not _CJK.search(words.en), words.en
    assert words.zh.strip() == words.zh
    assert placeholders(words.zh) == placeholders(words.en)


def test_no_exclamation_and_no_accusation() -> None:
    """The page raises no alarm of its own and calls nobody a forger (design: words)."""
    for words in ALL:
        assert not re.search(r"[!！]|假冒|伪造|假货|骗|\bfake|\bforge|counterfeit|fraud|invalid", words.zh + words.en)


def test_every_statement_type_status_and_verdict_has_words() -> None:
    """A new one in a lower room must get words here."""
    assert set(ACTS) == {str(kind) for kind in StatementType}
    assert set(STATUSES) == set(Status)
    assert set(VERDICTS) == {str(verdict) for verdict in Verdict}
    assert set(SOURCES) == set(get_args(views.Source))
    assert set(COLD) == set(get_args(views.ColdState))
    for kind in get_args(views.SampleKind):
        assert {f"front.sample.{kind}", f"front.sample.{kind}.text"} <= set(PAGE_WORDS)


def test_what_is_not_in_order_says_what_to_do() -> None:
    """Red, amber and grey banners always come with steps; green ones need none."""
    for advice in (*STATUSES.values(), *VERDICTS.values()):
        assert bool(advice.steps) == (advice.tone not in (Tone.OK,)) or advice.tone is Tone.INFO


def test_unknown_words_have_a_name_too() -> None:
    """A role or doing that the table lacks is "other", never its raw key."""
    assert role_words("abattoir_17") == OTHER_ROLE
    stop = views.JourneyStop(
        role="abattoir_17", district="999999", first_date="2026-11-01", last_date="2026-11-02", acts=("levitate",)
    )
    text = read_page(render("consumer/unit.html", replace(SOLD, journey=(stop,)), "en")).text
    assert OTHER_ACT.en in text
    assert "levitate" not in text
    assert "Place not stated" in text


def test_a_missing_word_is_a_bug() -> None:
    """No page may show a key; the gap fails at once."""
    with pytest.raises(KeyError):
        page_words("no.such.key", "zh")
    with pytest.raises(KeyError):
        page_words("query.nth", "zh")


def test_the_worst_status_leads() -> None:
    """The order of the banner: recall before all, in order last, nothing at all is in order."""
    assert worst_first([]) == (Status.NORMAL,)
    assert worst_first(Status)[0] is Status.RECALLED
    assert worst_first(Status)[-1] is Status.NORMAL
    assert worst_first([Status.SOLD, Status.CLONE_SUSPECT]) == (Status.CLONE_SUSPECT, Status.SOLD)
    assert advice_for(Status.REFUSED, verdict="bad_signature") is VERDICTS["bad_signature"]
    assert advice_for(Status.NORMAL, verdict="bad_signature") is STATUSES[Status.NORMAL]
