"""Taking complaints in, deciding on them, answering them; and forgetting who complained.

The caller owns the transaction.  A complaint is locked before its state is looked at, so that two people who press at
once are told apart.  Nothing of whoever complained goes into the journal or the public log.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.codes.short_code import new_serial
from coldtrace.env import Env
from coldtrace.people.secret_box import seal_text
from coldtrace.rights.model import Scope
from coldtrace.watch.complaint_counts import CountedAs, count
from coldtrace.watch.complaint_photo import Photo
from coldtrace.watch.complaint_refusals import (
    ComplaintUnknown,
    NotPublished,
    ReceiptUnknown,
    RespondentMissing,
)
from coldtrace.watch.complaint_rules import (
    ComplaintDays,
    ComplaintLimits,
    ComplaintState,
    NotAccepted,
    Outcome,
    Subject,
    Unpublished,
    accept_by,
    answer_by,
    require_state,
)
from coldtrace.watch.complaints import Complaint, complaint_of_form, complaint_of_receipt, find_complaint
from coldtrace.working_days import WorkingDays

LIVE_AND_ACCEPTED = (ComplaintState.ACCEPTED, ComplaintState.IN_WORK)


@dataclass(frozen=True, kw_only=True)
class NewComplaint:
    """What somebody complains of.

    `visitor` and `network` are the day's tokens of whoever does (`custody/lookups.py`), `proven` what a genuine code
    stands for.
    `unit_id` and the product are those of a genuine code alone, `gln` is where the record has the goods, if that is in
    `district`.
    """

    form_id: UUID
    visitor: bytes
    network: bytes
    subject: Subject
    code: str
    verdict: str
    proven: str | None
    unit_id: str | None
    product_zh: str
    product_en: str
    gln: str | None
    district: str
    shop: str
    said: str
    contact: str
    lang: str
    photo: Photo | None

    @property
    def counted_as(self) -> CountedAs:
        """Under what it is counted."""
        return CountedAs(visitor=self.visitor, network=self.network, proven=self.proven)


@dataclass(frozen=True, kw_only=True)
class Publish:
    """That a result is to be published, and as whose."""

    respondent: str


def submit(
    session: Session,
    env: Env,
    new: NewComplaint,
    *,
    days: ComplaintDays,
    limits: ComplaintLimits,
    working: WorkingDays,
) -> str:
    """Take a complaint in and return its receipt number; the same form again is answered with the first, at the same
    moment too.

    Raises TooManyComplaints, TooManyFromNetwork, TooManyAlike, TooManyAboutCode and TooManyUnproven.
    """
    # Sent twice at once, the second waits here until the first is there to be found, or is not.
    lock = {"form": str(new.form_id)}
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('complaint:' || :form, 0))"), lock)
    before = complaint_of_form(session, new.form_id)
    if before is not None:
        return before.receipt
    now = env.clock()
    count(session, now, limits, new.counted_as)
    complaint_id, receipt = env.new_id(), new_serial(env.random)
    session.execute(
        text(
            "INSERT INTO complaint (complaint_id, receipt, form_id, state, subject, code, verdict, unit_id, product_zh,"
            " product_en, gln, district, shop, said, contact, lang, received_at, due_at) VALUES (:id, :receipt, :form,"
            " 'received', :subject, :code, :verdict, :unit, :zh, :en, :gln, :district, :shop, :said, :contact, :lang,"
            " :now, :due)"
        ),
        {
            "id": complaint_id,
            "receipt": receipt,
            "form": new.form_id,
            "subject": new.subject.value,
            "code": new.code,
            "verdict": new.verdict,
            "unit": new.unit_id,
            "zh": new.product_zh,
            "en": new.product_en,
            "gln": new.gln,
            "district": new.district,
            "shop": new.shop,
            "said": new.said,
            "contact": seal_text(env, new.contact) if new.contact else None,
            "lang": new.lang,
            "now": now,
            "due": accept_by(now, days, working),
        },
    )
    if new.photo is not None:
        session.execute(
            text("INSERT INTO complaint_photo (complaint_id, jpeg, width, height) VALUES (:id, :jpeg, :w, :h)"),
            {"id": complaint_id, "jpeg": new.photo.jpeg, "w": new.photo.width, "h": new.photo.height},
        )
    return receipt


def accept(session: Session, env: Env, scope: Scope, complaint_id: UUID, *, by: str, days: ComplaintDays) -> Complaint:
    """Accept a complaint; the clock of the answer begins.  Raises ComplaintUnknown and ComplaintNotThere."""
    _locked(session, scope, complaint_id, ComplaintState.RECEIVED)
    now = env.clock()
    _set(session, complaint_id, by, state="accepted", decided_at=now, due_at=answer_by(now, days))
    return _after(session, scope, complaint_id)


def refuse(session: Session, env: Env, scope: Scope, complaint_id: UUID, *, by: str, why: NotAccepted) -> Complaint:
    """Say why a complaint is not accepted.  Raises ComplaintUnknown and ComplaintNotThere."""
    _locked(session, scope, complaint_id, ComplaintState.RECEIVED)
    _set(
        session,
        complaint_id,
        by,
        state="not_accepted",
        decided_at=env.clock(),
        due_at=None,
        not_accepted=why.value,
    )
    return _after(session, scope, complaint_id)


def begin(session: Session, scope: Scope, complaint_id: UUID, *, by: str) -> Complaint:
    """Say that an accepted complaint is being worked on.  Raises ComplaintUnknown and ComplaintNotThere."""
    _locked(session, scope, complaint_id, ComplaintState.ACCEPTED)
    _set(session, complaint_id, by, state="in_work")
    return _after(session, scope, complaint_id)


def close(
    session: Session,
    env: Env,
    scope: Scope,
    complaint_id: UUID,
    *,
    by: str,
    outcome: Outcome,
    answer: str,
    publish: Publish | None,
    days: ComplaintDays,
) -> Complaint:
    """Close an accepted complaint with its outcome and what its complainant reads; publish it after some days, or not.

    Raises ComplaintUnknown, ComplaintNotThere and RespondentMissing.
    """
    _locked(session, scope, complaint_id, *LIVE_AND_ACCEPTED)
    now = env.clock()
    shown: dict[str, object] = {}
    if publish is not None:
        if not publish.respondent.strip():
            raise RespondentMissing()
        # A name of its own: the receipt number and the complaint's id would lead to whoever complained.
        shown = {
            "publication_id": env.new_id(),
            "respondent": publish.respondent.strip(),
            "publish_from": now + timedelta(days=days.publish),
        }
    _set(
        session,
        complaint_id,
        by,
        state="closed",
        closed_at=now,
        due_at=None,
        outcome=outcome.value,
        answer=answer.strip(),
        **shown,
    )
    return _after(session, scope, complaint_id)


def unpublish(session: Session, scope: Scope, complaint_id: UUID, *, by: str, why: Unpublished) -> Complaint:
    """Show a result no more.  Raises ComplaintUnknown, ComplaintNotThere and NotPublished."""
    found = _locked(session, scope, complaint_id, ComplaintState.CLOSED)
    if found.publication_id is None:
        raise NotPublished(id=str(complaint_id))
    _set(session, complaint_id, by, unpublished=why.value)
    return _after(session, scope, complaint_id)


def erase_contact(session: Session, receipt: str) -> None:
    """Forget how whoever complained can be reached, at their wish.  Raises ReceiptUnknown."""
    found = complaint_of_receipt(session, receipt, lock=True)
    if found is None:
        raise ReceiptUnknown(receipt=receipt)
    session.execute(text("UPDATE complaint SET contact = NULL WHERE complaint_id = :id"), {"id": found.complaint_id})


def erase_old(session: Session, env: Env, *, before: datetime, batch: int = 200) -> int:
    """Erase what complainants told of complaints that ended before a moment: words, shop, contact and photo.

    What stays is what was complained of, where, and how it ended.  Returns how many; call until it returns 0.
    """
    ids = list(
        session.execute(
            text(
                "SELECT complaint_id FROM complaint WHERE due_at IS NULL AND erased_at IS NULL"
                " AND COALESCE(closed_at, decided_at) < :before LIMIT :batch FOR UPDATE SKIP LOCKED"
            ),
            {"before": before, "batch": batch},
        ).scalars()
    )
    values = {"ids": ids, "now": env.clock()}
    session.execute(text("DELETE FROM complaint_photo WHERE complaint_id = ANY(CAST(:ids AS uuid[]))"), values)
    session.execute(
        text(
            "UPDATE complaint SET said = '', shop = '', contact = NULL, answer = NULL, code = '', erased_at = :now"
            " WHERE complaint_id = ANY(CAST(:ids AS uuid[]))"
        ),
        values,
    )
    return len(ids)


def _locked(session: Session, scope: Scope, complaint_id: UUID, *wanted: ComplaintState) -> Complaint:
    found = find_complaint(session, scope, complaint_id, lock=True)
    if found is None:
        raise ComplaintUnknown(id=str(complaint_id))
    require_state(complaint_id, found.state, *wanted)
    return found


def _set(session: Session, complaint_id: UUID, by: str, **values: object) -> None:
    columns = ", ".join(f"{name} = :{name}" for name in values)
    session.execute(
        text(f"UPDATE complaint SET {columns}, handled_by = :by WHERE complaint_id = :id"),
        {**values, "by": by, "id": complaint_id},
    )


def _after(session: Session, scope: Scope, complaint_id: UUID) -> Complaint:
    found = find_complaint(session, scope, complaint_id)
    assert found is not None, "it was locked just now"
    return found
