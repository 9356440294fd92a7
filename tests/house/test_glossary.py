"""Every name of a state, type, role, mark, status, verdict or check is explained in the glossary, once."""

import re
from enum import StrEnum

import pytest

from coldscan.answer import Result
from coldscan.operation import Operation
from coldtrace.codes.command import Command
from coldtrace.codes.readings import Resolver
from coldtrace.codes.trace_code import CodeKind
from coldtrace.custody.model import CaseKind, Level, Mark, Overlay, UnitState
from coldtrace.events.leaf import LeafKind
from coldtrace.events.statement_type import Role, StatementType
from coldtrace.goods.paper_rules import Channel, NeedLevel, PaperKind, PaperState, Temperature
from coldtrace.goods.product_link_rules import LinkType
from coldtrace.goods.roll_rules import BindStatus, NumberList
from coldtrace.parties.model import SiteRole
from coldtrace.rights import model as rights
from coldtrace.verify import report as verified
from coldtrace.verify.code import Verdict
from coldtrace.verify.words import NAMES, RESULTS
from coldtrace.watch.complaint_rules import ComplaintState, NotAccepted, Outcome, Subject, Unpublished
from coldtrace.watch.model import CaseState, Explanation
from coldtrace.watch.radar_rules import Signal
from coldtrace.web.status_words import Status
from coldtrace.webhooks import model as webhooks
from coldtrace.webhooks.send import Trouble
from support.source_tree import REPOSITORY

VOCABULARIES: tuple[type[StrEnum], ...] = (
    BindStatus,
    CaseKind,
    CaseState,
    Channel,
    CodeKind,
    Command,
    ComplaintState,
    Explanation,
    LeafKind,
    Level,
    LinkType,
    Mark,
    NeedLevel,
    NotAccepted,
    NumberList,
    Operation,
    Outcome,
    Overlay,
    PaperKind,
    PaperState,
    Resolver,
    Result,
    Role,
    Signal,
    SiteRole,
    StatementType,
    Status,
    Subject,
    Temperature,
    Unpublished,
    UnitState,
    Verdict,
    Trouble,
    verified.Outcome,
    webhooks.EventType,
    webhooks.MessageState,
    webhooks.Stopped,
    webhooks.WebhookState,
    rights.Kind,
    rights.Role,
)


def explained() -> list[str]:
    """Return the names in the third column of the glossary's tables."""
    glossary = (REPOSITORY / "docs" / "glossary.md").read_text(encoding="utf-8")
    cells = re.findall(r"^\|[^|]+\|[^|]+\|([^|]+)\|", glossary, flags=re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]


@pytest.mark.parametrize("vocabulary", VOCABULARIES, ids=lambda each: each.__name__)
def test_every_name_is_in_the_glossary(vocabulary: type[StrEnum]) -> None:
    assert {each.value for each in vocabulary} - set(explained()) == set()


def test_every_check_of_a_proof_is_in_the_glossary() -> None:
    assert ({*NAMES, *RESULTS}) - set(explained()) == set()


def test_a_name_has_one_line() -> None:
    names = explained()
    assert sorted({name for name in names if names.count(name) > 1}) == []


def test_every_line_says_something_in_both_languages() -> None:
    glossary = (REPOSITORY / "docs" / "glossary.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|[^|]+\|.*\|$", glossary, flags=re.MULTILINE)
    wrong = [zh for zh, en in rows if zh != "中文" and (not re.search(r"[一-鿿]|GTIN|SSCC", zh) or not en.isascii())]
    assert [zh for zh in wrong if set(zh) != {"-"}] == []
