"""Signing in: the same work, the same words and the same time, whatever is wrong.

    attempt = begin_attempt(...)          one transaction: who it would be, whether it has to wait
    is_right = attempt.check(password)    no transaction: the slow hash
    secret = finish_attempt(...)          one transaction: count a failure, or begin a session

Failures are counted by address of the account and by network address, each kept as a hash.  From the fifth failure of
an account on one waits 30 s, then twice as long each time, up to 15 minutes; a network address from its twentieth.  An
attempt while waiting is refused like a wrong one, whatever the password, and counts no further: a stranger can slow an
account down and not lock it, and a reset by e-mail ends the wait.  A browser that signed in to the account before
(`known_browsers.py`) has a count of its own and waits for that alone: strangers slow down only strangers.

One failure is forgotten every ten minutes: else an office behind one network address, where somebody mistypes every
day, would soon wait after every slip.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, select

from coldtrace.env import Env
from coldtrace.people import known_browsers, totp
from coldtrace.people.model import PersonState
from coldtrace.people.passwords import hash_password, is_outdated, matches
from coldtrace.people.persons import parse_email
from coldtrace.people.refusals import CodeWanted, MalformedEmail, SignInRefused
from coldtrace.people.sessions import begin_session
from coldtrace.people.tables import PersonRow
from coldtrace.seal.hashing import sha256

FREE_FAILURES = {"account": 5, "address": 20, "browser": 5}
WAIT_FIRST, WAIT_MAX = timedelta(seconds=30), timedelta(minutes=15)
FORGET_ONE_EVERY = timedelta(minutes=10)
FORGET_AFTER = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """A sign-in under way: whose hash is checked, and whether it would have to wait."""

    person_id: UUID | None
    password_hash: str | None
    waits: bool
    subjects: dict[str, bytes]

    def check(self, password: str) -> bool:
        """Tell whether the password is right; as slow for an account that there is not."""
        return matches(self.password_hash, password)


def begin_attempt(
    session: Session, env: Env, *, email: str, address: str, production: bool, known: str = ""
) -> Attempt:
    """Return the attempt of somebody who gives this e-mail address from this network address.

    `known` is the cookie of a browser that signed in before.
    """
    try:
        kept = parse_email(email)
    except MalformedEmail:
        kept = ""
    row = session.exec(select(PersonRow).where(PersonRow.email == kept)).first() if kept else None
    if row is not None and (row.state != PersonState.ACTIVE or (production and row.demo)):
        row = None
    person_id, password_hash = (None, None) if row is None else (row.person_id, row.password_hash)
    nonce = known_browsers.note_of(env, known, person_id=person_id, password_hash=password_hash) if known else None
    if nonce is not None:
        subjects = {"browser": sha256(b"browser\0" + nonce.encode())}
    else:
        subjects = {
            "account": sha256(b"account\0" + kept.encode("utf-8", "replace")),
            "address": sha256(b"address\0" + address.encode("utf-8", "replace")),
        }
    return Attempt(
        person_id=person_id,
        password_hash=password_hash,
        waits=_waits(session, env, subjects),
        subjects=subjects,
    )


def finish_attempt(
    session: Session, env: Env, attempt: Attempt, *, is_right: bool, password: str, code: str, agent: str
) -> tuple[str, UUID] | SignInRefused | CodeWanted:
    """Return the secret of a new session and whose it is, or why not; the caller commits either.

    A refusal is returned, not raised: its count must be kept.
    """
    # Others may have failed while the hash was computed: all that began together must not pass the lock together.
    if attempt.waits or _waits(session, env, attempt.subjects, hold=True):
        return SignInRefused()
    row = None
    if is_right and attempt.person_id is not None:
        row = session.get(PersonRow, attempt.person_id, with_for_update=True, populate_existing=True)
    # The account may have been closed, or got another password, while the hash was computed.
    if row is None or row.state != PersonState.ACTIVE or row.password_hash != attempt.password_hash:
        return _failed(session, env, attempt)
    if totp.is_on(row):
        if not code.strip():
            return CodeWanted()
        if not totp.accept(session, env, row, code):
            return _failed(session, env, attempt)
    if row.password_hash is not None and is_outdated(row.password_hash):
        row.password_hash = hash_password(password)
        session.add(row)
    # A known browser leaves the account's count alone: a stranger would else begin anew with every sign-in.
    forget_failures(session, attempt.subjects.get("account") or attempt.subjects["browser"])
    return begin_session(session, env, person_id=row.person_id, agent=agent), row.person_id


def confirm_attempt(session: Session, env: Env, attempt: Attempt, *, is_right: bool) -> bool:
    """Tell whether somebody who is signed in gave the own password, and count a failure; the caller commits either.

    As at the sign-in, attempts that began together do not pass the lock together.
    """
    if attempt.waits or _waits(session, env, attempt.subjects, hold=True):
        return False
    row = None if attempt.person_id is None else session.get(PersonRow, attempt.person_id, populate_existing=True)
    if is_right and row is not None and row.password_hash == attempt.password_hash:
        return True
    _failed(session, env, attempt)
    return False


def _waits(session: Session, env: Env, subjects: dict[str, bytes], *, hold: bool = False) -> bool:
    rows = session.execute(
        text(
            "SELECT locked_until FROM sign_in_failure WHERE subject = ANY(CAST(:subjects AS bytea[])) ORDER BY subject"
            + (" FOR UPDATE" if hold else "")
        ),
        {"subjects": list(subjects.values())},
    ).all()
    now = env.clock()
    return any(row.locked_until is not None and row.locked_until > now for row in rows)


def account_subject(email: str) -> bytes:
    """Return under what failures of an account are counted."""
    return sha256(b"account\0" + email.encode())


def forget_failures(session: Session, subject: bytes) -> None:
    """Forget the failures of an account that was signed in to, or whose password was reset."""
    session.execute(text("DELETE FROM sign_in_failure WHERE subject = :subject"), {"subject": subject})


def purge_failures(session: Session, *, now: datetime) -> int:
    """Forget failures of more than a day ago; return how many rows went."""
    gone = session.execute(
        text("DELETE FROM sign_in_failure WHERE last_at < :before RETURNING 1"), {"before": now - FORGET_AFTER}
    )
    return len(gone.all())


def _failed(session: Session, env: Env, attempt: Attempt) -> SignInRefused:
    now = env.clock()
    # Always in this order: two attempts at once would else wait for each other's row.
    for name, subject in sorted(attempt.subjects.items()):
        failures = session.execute(
            text(
                "INSERT INTO sign_in_failure AS f (subject, failures, last_at) VALUES (:subject, 1, :now)"
                " ON CONFLICT (subject) DO UPDATE SET last_at = EXCLUDED.last_at,"
                " failures = 1 + greatest(0, f.failures - floor("
                "extract(epoch FROM EXCLUDED.last_at - f.last_at) / :forget_s)::int) RETURNING failures"
            ),
            {"subject": subject, "now": now, "forget_s": FORGET_ONE_EVERY.total_seconds()},
        ).scalar_one()
        session.execute(
            text("UPDATE sign_in_failure SET locked_until = :until WHERE subject = :subject"),
            {"subject": subject, "until": wait_until(failures, free=FREE_FAILURES[name], now=now)},
        )
    return SignInRefused()


def wait_until(failures: int, *, free: int, now: datetime) -> datetime | None:
    """Return until when one has to wait after so many failures, None when one has not."""
    if failures < free:
        return None
    longer: timedelta = WAIT_FIRST * (1 << min(failures - free, 10))
    return now + min(longer, WAIT_MAX)
