"""What the pages about complaints are given."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from coldtrace.errors import Words
from coldtrace.web.pages.sheet import Choice
from coldtrace.web.pages.views import NOT_STATED, Bilingual, PageView


@dataclass(frozen=True, kw_only=True)
class ComplainView(PageView):
    """The form.  `code` is as it was given; `code_label` and `product` are those of a genuine one.

    `said`, `shop` and `contact` are what was entered before, `problem` what is wrong with all of it, `wrong` with what.
    """

    form_id: UUID
    code: str = ""
    is_genuine: bool = False
    code_label: str | None = None
    product: Bilingual = NOT_STATED
    subjects: tuple[Choice, ...]
    record: tuple[Choice, ...] = ()
    districts: tuple[Choice, ...]
    provinces: tuple[Choice, ...]
    said: str = ""
    shop: str = ""
    contact: str = ""
    photo_mib: int
    accept_days: int
    answer_days: int
    problem: Words | None = None
    wrong: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ComplaintStatusView(PageView):
    """What whoever has the receipt number reads: nothing of what they wrote stands here again."""

    receipt: str
    state: str
    state_words: Words
    district: str
    subject: Words
    product: Bilingual
    received_at: datetime
    decide_by: datetime | None = None
    answer_by: datetime | None = None
    overdue: bool = False
    decided_at: datetime | None = None
    closed_at: datetime | None = None
    reason: Words | None = None
    outcome: Words | None = None
    answer: str | None = None
    has_contact: bool = False


@dataclass(frozen=True, kw_only=True)
class PublishedLine:
    """One line of what is published; `closed` is a local day."""

    id: UUID
    respondent: str
    subject: Words
    product: Bilingual
    district: str
    outcome: Words
    closed: str


@dataclass(frozen=True, kw_only=True)
class PublishedView(PageView):
    """The publication page."""

    lines: tuple[PublishedLine, ...] = ()
    next_url: str | None = None
    receipt: str = ""
