"""The tables of docs/guides/people-and-rights.md are those of the rules, word for word."""

import re

from coldtrace.rights.model import PERSON_ROLE_WORDS, Extent, Kind, Relation, Role, Verb
from coldtrace.rights.rules import COUNTED, FIRMS, MANAGERS_ONLY, RULES
from coldtrace.web.app import ROUTERS
from coldtrace.web.openapi import api_routes, right_of
from support.source_tree import REPOSITORY

GUIDE = REPOSITORY / "docs" / "guides" / "people-and-rights.md"
ORDER = (Extent.OWN, Extent.KIND, Extent.STALLS, Extent.AREA, Extent.ALL)


def roles_table() -> list[str]:
    """Return one line for each role: its name in code and in both languages."""
    head = ["| in code | 中文 | English | goods pass through it |", "| --- | --- | --- | --- |"]
    words = PERSON_ROLE_WORDS
    return head + [
        f"| `{role}` | {words[role].zh} | {words[role].en} | {'yes' if role in FIRMS else 'no'} |" for role in Role
    ]


def rules_table() -> list[str]:
    """Return one line for each right: which roles have it, and how far it reaches."""
    head = [
        "| right | own 本单位 | kind 同类场所 | stalls 摊位 | area 辖区 | all 全部 |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines = []
    for (kind, verb), extents in RULES.items():
        cells = [_roles({role for role, extent in extents.items() if extent is each}) for each in ORDER]
        mark = " *" if (kind, verb) in MANAGERS_ONLY else ""
        lines.append(f"| `{kind}:{verb}`{mark} | {' | '.join(cells)} |")
    return head + lines


def parties_table() -> list[str]:
    """Return one line for each kind of thing of which more than its place counts."""
    head = ["| thing | parties that count |", "| --- | --- |"]
    order = list(Relation)
    return head + [
        f"| `{kind}` | {', '.join(f'`{each}`' for each in order if each in COUNTED[kind])} |" for kind in COUNTED
    ]


def _roles(roles: set[Role]) -> str:
    if roles == set(Role):
        return "everybody"
    names = ["every firm"] if roles >= FIRMS else []
    rest = roles - FIRMS if roles >= FIRMS else roles
    if len(FIRMS - roles) == 1 and roles & FIRMS:
        (missing,) = FIRMS - roles
        names, rest = [f"every firm but `{missing}`"], roles - FIRMS
    return ", ".join([*names, *(f"`{role}`" for role in Role if role in rest)]) or "-"


def tables_of_the_guide() -> list[list[str]]:
    found: list[list[str]] = [[]]
    for line in GUIDE.read_text(encoding="utf-8").splitlines():
        if line.startswith("|"):
            found[-1].append(line)
        elif found[-1]:
            found.append([])
    return found


def test_the_guide_has_the_tables_of_the_rules() -> None:
    for table in (roles_table(), rules_table(), parties_table()):
        assert table in tables_of_the_guide(), "put this into the guide:\n" + "\n".join(table)


def test_every_right_has_a_line() -> None:
    assert {(kind, verb) for kind, verb in RULES} >= {
        right for route in api_routes(ROUTERS) if (right := right_of(route)) is not None
    }
    named = set(re.findall(r"^\| `(\w+:\w+)`", GUIDE.read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert named == {f"{Kind(kind)}:{Verb(verb)}" for kind, verb in RULES}
