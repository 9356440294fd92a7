"""Every refusal speaks both languages, and is always raised with the facts that its words ask for."""

import ast
import re
from collections import defaultdict

import pytest

from coldtrace.errors import Refusal
from support.source_tree import CODE, calls, inside, placeholders, python_files, refusals

CHINESE = re.compile("[\u4e00-\u9fff]")


def in_any_language(text: str) -> set[str]:
    """Return the facts of a sentence; `paper_zh` and `paper_en` are one fact in two languages."""
    return {re.sub(r"_(zh|en)$", "", name) for name in placeholders(text)}


def asked_by(kind: type[Refusal]) -> set[str]:
    return placeholders(kind.detail.zh) | placeholders(kind.detail.en)


@pytest.mark.parametrize("kind", refusals(), ids=lambda kind: f"{kind.__module__}.{kind.__qualname__}")
def test_words(kind: type[Refusal]) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]{2,60}", kind.code)
    for words in (kind.title, kind.detail):
        assert CHINESE.search(words.zh)
        assert words.en.strip()
        assert not CHINESE.search(words.en)
        assert in_any_language(words.zh) == in_any_language(words.en)
    assert not placeholders(kind.title.en)
    facts = dict.fromkeys(asked_by(kind), "x")
    assert all(name.isidentifier() for name in facts)
    for said in (kind.detail.say("zh", **facts), kind.detail.say("en", **facts)):
        assert "{" not in said


def test_a_code_means_one_thing() -> None:
    by_code: dict[str, set[str]] = defaultdict(set)
    for kind in refusals():
        if "code" in vars(kind):
            by_code[kind.code].add(kind.__qualname__)
    assert {code: names for code, names in by_code.items() if len(names) > 1} == {}


def test_every_refusal_is_raised_with_its_facts() -> None:
    """A fact left out would turn an answer into a crash, at the worst moment."""
    named: dict[str, list[type[Refusal]]] = defaultdict(list)
    for kind in refusals():
        if kind.__init__ is Refusal.__init__:  # one of its own takes what its signature says, which mypy checks
            named[kind.__name__].append(kind)
    wrong = []
    for path in python_files(*CODE):
        tree = ast.parse(path.read_text())
        bare = [node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Name)]
        found = [(node, node.id, set[str]()) for node in bare]
        for call in calls(path):
            name = getattr(call.func, "id", getattr(call.func, "attr", ""))
            if all(word.arg for word in call.keywords):  # `**facts` is beyond this test
                found.append((call, name, {str(word.arg) for word in call.keywords}))  # type: ignore[arg-type]
        for node, name, given in found:
            asked = [asked_by(kind) for kind in named.get(name, [])]
            if asked and not any(facts <= given for facts in asked):
                wrong.append(f"{inside(path)}:{node.lineno} {name} wants {sorted(asked[0])}, gets {sorted(given)}")
    assert wrong == []
