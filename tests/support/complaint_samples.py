"""Views of the pages about complaints with short, long and missing data."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from coldtrace.errors import Words
from coldtrace.watch.complaint_rules import (
    COMPLAINT_STATE_WORDS,
    NOT_ACCEPTED_WORDS,
    OUTCOME_WORDS,
    SUBJECT_WORDS,
    ComplaintState,
    NotAccepted,
    Outcome,
    Subject,
)
from coldtrace.web.pages.complaint_views import ComplaintStatusView, ComplainView, PublishedLine, PublishedView
from coldtrace.web.pages.sheet import Choice
from coldtrace.web.pages.views import Bilingual, PageView
from coldtrace.web.place_words import CITY_DISTRICTS, PROVINCE_DISTRICTS, district_words

HOST = "trace.example.cn"
ID = UUID("0199f3c1-0000-7000-8000-000000000001")
AT = datetime(2026, 11, 23, 4, 4, tzinfo=UTC)
BEEF = Bilingual(zh="冷冻去骨牛肉（牛腩）", en="Frozen boneless beef, thin flank")
FORM = ComplainView(
    here="/complain?code=x",
    host=HOST,
    form_id=ID,
    code="https://trace.example.cn/01/09521234543210/21/7QK4M2ZX9RTB?s=AB",
    is_genuine=True,
    code_label="7QK4-M2ZX-9RTB-5",
    product=BEEF,
    subjects=tuple(Choice(value=each.value, label=words) for each, words in SUBJECT_WORDS.items()),
    record=(
        Choice(value="120101", label=Words("天津市和平区（按流通记录）", "Tianjin, Heping District (by the record)")),
    ),
    districts=tuple(Choice(value=code, label=district_words(code)) for code in CITY_DISTRICTS[1:]),
    provinces=tuple(Choice(value=code, label=district_words(code)) for code in PROVINCE_DISTRICTS),
    photo_mib=12,
    accept_days=7,
    answer_days=60,
)
FORM_AGAIN = replace(
    FORM,
    code="(01)09521234543210(21)MADE-UP",
    is_genuine=False,
    code_label=None,
    product=Bilingual(),
    record=(),
    said="昨晚打开时已有异味。\n包装袋有破口。",
    shop="和平路鲜品店",
    contact="han.meimei@example.cn",
    problem=Words("请从列表中选择一项。", "Please choose one of the list."),
    wrong=("subject", "said", "district"),
)
STATUS = ComplaintStatusView(
    here="/complaints/7QK4-M2ZX-9RTB-5",
    host=HOST,
    receipt="7QK4-M2ZX-9RTB-5",
    state="received",
    state_words=COMPLAINT_STATE_WORDS[ComplaintState.RECEIVED],
    district="120101",
    subject=SUBJECT_WORDS[Subject.SPOILED],
    product=BEEF,
    received_at=AT,
    decide_by=AT,
    overdue=True,
    has_contact=True,
)
STATUS_CLOSED = replace(
    STATUS,
    state="closed",
    state_words=COMPLAINT_STATE_WORDS[ComplaintState.CLOSED],
    decide_by=None,
    overdue=False,
    decided_at=AT,
    closed_at=AT,
    outcome=OUTCOME_WORDS[Outcome.SETTLED],
    answer="商家已退款并下架同批货物。\n感谢您的反映。",
    has_contact=False,
)
STATUS_REFUSED = replace(
    STATUS,
    state="not_accepted",
    state_words=COMPLAINT_STATE_WORDS[ComplaintState.NOT_ACCEPTED],
    product=Bilingual(),
    decide_by=None,
    overdue=False,
    decided_at=AT,
    reason=NOT_ACCEPTED_WORDS[NotAccepted.TOLD_TOO_LITTLE],
)
STATUS_ACCEPTED = replace(
    STATUS,
    state="in_work",
    state_words=COMPLAINT_STATE_WORDS[ComplaintState.IN_WORK],
    decide_by=None,
    answer_by=AT,
    decided_at=AT,
)
PUBLISHED = PublishedView(
    here="/complaints",
    host=HOST,
    lines=(
        PublishedLine(
            id=ID,
            respondent="和平路鲜品店",
            subject=SUBJECT_WORDS[Subject.SPOILED],
            product=BEEF,
            district="120101",
            outcome=OUTCOME_WORDS[Outcome.SETTLED],
            closed="2026-11-23",
        ),
        PublishedLine(
            id=UUID(int=ID.int + 1),
            respondent="天津市滨海新区远洋冷链食品集中交易市场第三营业部（个体工商户）" * 2,
            subject=SUBJECT_WORDS[Subject.LABEL_DOUBT],
            product=Bilingual(),
            district="310000",
            outcome=OUTCOME_WORDS[Outcome.BREACH_FOUND],
            closed="2026-11-20",
        ),
    ),
    next_url="/complaints?after=x",
)
COMPLAINT_PAGES: dict[str, tuple[str, PageView]] = {
    "complain": ("complaints/form.html", FORM),
    "complain-again": ("complaints/form.html", FORM_AGAIN),
    "complaint": ("complaints/status.html", STATUS),
    "complaint-accepted": ("complaints/status.html", STATUS_ACCEPTED),
    "complaint-refused": ("complaints/status.html", STATUS_REFUSED),
    "complaint-closed": ("complaints/status.html", STATUS_CLOSED),
    "published": ("complaints/published.html", PUBLISHED),
    "published-none": ("complaints/published.html", PublishedView(here="/complaints", host=HOST)),
}
