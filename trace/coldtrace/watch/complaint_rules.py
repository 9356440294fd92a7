"""Nouns and rules of complaints: states, clocks, limits; no clock, no SQL (docs/guides/complaints.md).

    received -> accepted -> in_work -> closed
             -> not_accepted

An office accepts a complaint, or says why not, within so many working days; then it answers within so many days.
What was decided is told to whoever knows the receipt number.  A result is published only if the office says so, and
then after some days in which the firm can object.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from math import ceil

from coldtrace.errors import Words
from coldtrace.settings import SettingInvalid
from coldtrace.watch.complaint_refusals import ComplaintNotThere
from coldtrace.working_days import LOCAL, WorkingDays, end_of_working_day


class ComplaintState(StrEnum):
    """How far a complaint is.  Live until it is not accepted or closed."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    NOT_ACCEPTED = "not_accepted"
    IN_WORK = "in_work"
    CLOSED = "closed"


COMPLAINT_STATE_WORDS: dict[ComplaintState, Words] = {
    ComplaintState.RECEIVED: Words("已收到，待受理", "Received, not decided on yet"),
    ComplaintState.ACCEPTED: Words("已受理", "Accepted"),
    ComplaintState.NOT_ACCEPTED: Words("不予受理", "Not accepted"),
    ComplaintState.IN_WORK: Words("处理中", "In work"),
    ComplaintState.CLOSED: Words("已办结", "Closed"),
}
LIVE_COMPLAINTS = (ComplaintState.RECEIVED, ComplaintState.ACCEPTED, ComplaintState.IN_WORK)


class Subject(StrEnum):
    """What somebody complains of."""

    SPOILED = "spoiled"
    PAST_DATE = "past_date"
    TOO_WARM = "too_warm"
    MADE_ILL = "made_ill"
    FOREIGN_MATTER = "foreign_matter"
    LABEL_DOUBT = "label_doubt"
    OTHER_MATTER = "other_matter"


SUBJECT_WORDS: dict[Subject, Words] = {
    Subject.SPOILED: Words("变质、异味", "Spoiled, or it smells"),
    Subject.PAST_DATE: Words("超过保质期", "Past its date"),
    Subject.TOO_WARM: Words("解冻、存放温度不当", "Thawed, or kept too warm"),
    Subject.MADE_ILL: Words("食用后不适", "Somebody felt ill after eating it"),
    Subject.FOREIGN_MATTER: Words("有异物", "Something was in it"),
    Subject.LABEL_DOUBT: Words("标签或追溯码与货物不符", "The label or the code does not fit the goods"),
    Subject.OTHER_MATTER: Words("其他问题", "Something else"),
}


class NotAccepted(StrEnum):
    """Why an office does not accept a complaint."""

    OTHER_OFFICE = "other_office"
    HANDLED_ELSEWHERE = "handled_elsewhere"
    TOLD_TOO_LITTLE = "told_too_little"
    NO_CONSUMER_MATTER = "no_consumer_matter"
    SAME_AGAIN = "same_again"


NOT_ACCEPTED_WORDS: dict[NotAccepted, Words] = {
    NotAccepted.OTHER_OFFICE: Words("不属于本部门管辖", "It belongs to another office"),
    NotAccepted.HANDLED_ELSEWHERE: Words(
        "法院、仲裁或其他部门已受理或处理", "A court or another body handles or handled it"
    ),
    NotAccepted.TOLD_TOO_LITTLE: Words("信息不足，无法核查", "Too little was told to look into it"),
    NotAccepted.NO_CONSUMER_MATTER: Words("不属于消费争议", "It is no matter between a consumer and a seller"),
    NotAccepted.SAME_AGAIN: Words("与已有投诉重复", "The same was complained of before"),
}


class Outcome(StrEnum):
    """How a complaint ended."""

    SETTLED = "settled"
    NOT_SETTLED = "not_settled"
    TAKEN_BACK = "taken_back"
    BREACH_FOUND = "breach_found"
    NO_BREACH_FOUND = "no_breach_found"


OUTCOME_WORDS: dict[Outcome, Words] = {
    Outcome.SETTLED: Words("调解成功", "Both sides agreed"),
    Outcome.NOT_SETTLED: Words("调解未达成一致", "Both sides did not agree"),
    Outcome.TAKEN_BACK: Words("投诉人撤回", "Taken back by whoever complained"),
    Outcome.BREACH_FOUND: Words("发现问题，已依法处理", "Something was found, and dealt with by law"),
    Outcome.NO_BREACH_FOUND: Words("核查未发现问题", "Looked into, and nothing was found"),
}


class Unpublished(StrEnum):
    """Why a published result is shown no more."""

    NOT_IN_GOOD_FAITH = "not_in_good_faith"
    PUBLISHED_IN_ERROR = "published_in_error"


UNPUBLISHED_WORDS: dict[Unpublished, Words] = {
    Unpublished.NOT_IN_GOOD_FAITH: Words("恶意投诉", "It was not complained of in good faith"),
    Unpublished.PUBLISHED_IN_ERROR: Words("公示有误", "It was published in error"),
}


@dataclass(frozen=True, kw_only=True)
class ComplaintDays:
    """The clocks: `accept` in working days after it came, `answer` in days after it was accepted, `publish` in days
    between the result and its publication.

    7 and 60 are those of the domain guide (section 5), there from general knowledge; `publish` is our own: unconfirmed.
    """

    accept: int = 7
    answer: int = 60
    publish: int = 7

    @classmethod
    def of(cls, chosen: Mapping[str, int]) -> "ComplaintDays":
        """Return the clocks, single ones as chosen; raise SettingInvalid for what is none of them."""
        return cls(**_known(cls, chosen, "COLDTRACE_COMPLAINT_DAYS"))


@dataclass(frozen=True, kw_only=True)
class ComplaintLimits:
    """How many a day: by one visitor, through one network, through one network about one code (`network_code`) or
    without a genuine one (`network_unproven`), about one code, and in all about what no genuine code stands behind.

    A browser may call itself anything, so `visitor` stops honest mistakes and `network` whoever means it; behind one
    address there may be a market hall or a whole carrier, hence more.  About one code few come from there: else a
    single network could use up what is taken about a code, and nobody else would be heard that day.
    """

    visitor: int = 3
    network: int = 20
    network_code: int = 3
    network_unproven: int = 5
    code: int = 20
    unproven: int = 200

    @classmethod
    def of(cls, chosen: Mapping[str, int]) -> "ComplaintLimits":
        """Return the limits, single ones as chosen; raise SettingInvalid for what is none of them."""
        return cls(**_known(cls, chosen, "COLDTRACE_COMPLAINT_LIMITS"))


def _known(of: type, chosen: Mapping[str, int], name: str) -> Mapping[str, int]:
    unknown = sorted(set(chosen) - set(of.__dataclass_fields__))  # type: ignore[attr-defined]
    if unknown:
        raise SettingInvalid(name=name, reason=f"none of {', '.join(of.__dataclass_fields__)}: {unknown[0]}")  # type: ignore[attr-defined]
    return chosen


def accept_by(received_at: datetime, days: ComplaintDays, working: WorkingDays) -> datetime:
    """Return the end of the last working day on which an office decides whether it accepts a complaint.

    The day on which it came does not count.

    >>> accept_by(datetime(2026, 11, 27, 9, tzinfo=LOCAL), ComplaintDays(accept=1), WorkingDays()).isoformat()
    '2026-11-30T23:59:59+08:00'
    """
    return end_of_working_day(received_at, days.accept, working)


def until_next_day_s(now: datetime) -> int:
    """Return in how many seconds a day's limits begin anew: with the office's next day.

    >>> until_next_day_s(datetime(2026, 11, 30, 23, 59, 30, tzinfo=LOCAL))
    30
    """
    local = now.astimezone(LOCAL)
    tomorrow = datetime.combine(local.date() + timedelta(days=1), time(), LOCAL)
    return ceil((tomorrow - local).total_seconds())


def answer_by(accepted_at: datetime, days: ComplaintDays) -> datetime:
    """Return until when an accepted complaint is answered."""
    day = accepted_at.astimezone(LOCAL).date() + timedelta(days=days.answer)
    return datetime.combine(day, time(23, 59, 59), LOCAL)


def require_state(id: object, state: ComplaintState, *wanted: ComplaintState) -> None:
    """Raise ComplaintNotThere unless a complaint is in one of the wanted states."""
    if state not in wanted:
        raise ComplaintNotThere(id=str(id), state=state.value, wanted=", ".join(each.value for each in wanted))
