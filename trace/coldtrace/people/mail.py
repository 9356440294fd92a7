"""Letters: queued with the act, handed to the mail server afterwards, tried again while they fit.

Most have a one-time link; a notice has none.

Nobody waits for a mail server: the row in `mail_out` commits with the invitation or the reset, the caretaker sends it.
Plain text in the person's language, no picture, no tracking.
"""

import smtplib
import ssl
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.headerregistry import Address
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.env import Env
from coldtrace.errors import Lang, Words
from coldtrace.people.model import Person, PersonState
from coldtrace.people.persons import LINK_LIFE, LinkPurpose, find_person, make_link, parse_email, person_of_email
from coldtrace.people.refusals import MalformedEmail
from coldtrace.people.secret_box import open_text, seal_text
from coldtrace.people.tables import MailRow

LOCAL = timezone(timedelta(hours=8))
TIMEOUT_S = 20.0
AT_ONCE = 20
RESET_EVERY = timedelta(minutes=5)
RETRY_FIRST, RETRY_MAX = timedelta(minutes=1), timedelta(hours=1)
NOTICE_LIFE = timedelta(days=7)
SECOND_STEP_REMOVED = "second_step_removed"
PATHS: dict[LinkPurpose, str] = {LinkPurpose.INVITATION: "invitation", LinkPurpose.RESET: "reset"}

_SUBJECTS: dict[str, Words] = {
    LinkPurpose.INVITATION: Words("邀请您使用冷链追溯平台", "You are invited to the cold-chain traceability platform"),
    LinkPurpose.RESET: Words("重设密码", "Reset your password"),
    SECOND_STEP_REMOVED: Words("您的两步验证已被移除", "Your second step was taken away"),
}
_BODIES: dict[str, Words] = {
    LinkPurpose.INVITATION: Words(
        "{name}，您好：\n\n您已被邀请使用 {host} 的冷链追溯平台。请打开下面的链接设置密码，链接在 {until} 之前有效，"
        "只能使用一次：\n\n{link}\n\n如果您不认识邀请人，请忽略此信。\n",
        "Dear {name},\n\nyou are invited to the cold-chain traceability platform at {host}. Open this link and choose a"
        " password; it is good once, until {until}:\n\n{link}\n\nIf you do not know who invited you, ignore this"
        " letter.\n",
    ),
    LinkPurpose.RESET: Words(
        "{name}，您好：\n\n有人（希望是您本人）申请重设您在 {host} 的密码。请打开下面的链接设置新密码，链接在 {until}"
        " 之前有效，只能使用一次：\n\n{link}\n\n如果不是您本人，请忽略此信，密码不会改变。\n",
        "Dear {name},\n\nsomebody, you we hope, asked to reset your password at {host}. Open this link and choose a new"
        " one; it is good once, until {until}:\n\n{link}\n\nIf it was not you, ignore this letter: nothing changes.\n",
    ),
    SECOND_STEP_REMOVED: Words(
        "{name}，您好：\n\n平台管理员移除了您在 {host} 的两步验证，现在登录只需密码。请登录后在“我的账号”重新启用。\n\n"
        "如果您没有请求移除，请立即更改密码，并联系平台管理员。\n",
        "Dear {name},\n\nan administrator of the platform took away the second step of your sign-in at {host}; the"
        " password alone is enough now. Sign in and set it up again under My account.\n\nIf you did not ask for this,"
        " change your password at once and tell the platform's administrator.\n",
    ),
}


@dataclass(frozen=True, kw_only=True)
class MailServer:
    """How letters leave: `url` is smtp://[USER:PASSWORD@]HOST[:PORT] or smtps://; STARTTLS when offered, and always
    with a password.  `sender` is who they are from, `base_url` where links lead."""

    url: str
    sender: str
    base_url: str


def post_letter(session: Session, env: Env, *, person_id: UUID, purpose: LinkPurpose) -> str:
    """Make a one-time link and queue the letter with it; return the link's secret."""
    secret = make_link(session, env, person_id=person_id, purpose=purpose)
    now = env.clock()
    session.add(
        MailRow(
            mail_id=env.new_id(),
            person_id=person_id,
            kind=purpose.value,
            secret=seal_text(env, secret),
            made_at=now,
            expires_at=now + LINK_LIFE[purpose],
            try_after=now,
        )
    )
    session.flush()
    return secret


def post_notice(session: Session, env: Env, *, person_id: UUID) -> None:
    """Queue the letter that tells somebody that an administrator took the second step away."""
    now = env.clock()
    session.add(
        MailRow(
            mail_id=env.new_id(),
            person_id=person_id,
            kind=SECOND_STEP_REMOVED,
            made_at=now,
            expires_at=now + NOTICE_LIFE,
            try_after=now,
        )
    )
    session.flush()


def post_reset_letter(session: Session, env: Env, *, email: str) -> Person | None:
    """Queue a reset letter if somebody who can sign in has this address; return the person if one was queued.

    One letter in five minutes: nobody's letter box is filled by a stranger.
    """
    try:
        person = person_of_email(session, parse_email(email))
    except MalformedEmail:
        return None
    if person is None or person.state is not PersonState.ACTIVE:
        return None
    lately = session.execute(
        text(
            "SELECT 1 FROM person_link WHERE person_id = :person AND purpose = 'reset' AND created_at > :since LIMIT 1"
        ),
        {"person": person.person_id, "since": env.clock() - RESET_EVERY},
    ).first()
    if lately is not None:
        return None
    post_letter(session, env, person_id=person.person_id, purpose=LinkPurpose.RESET)
    return person


def link_address(base_url: str, purpose: LinkPurpose, secret: str) -> str:
    """Return where a one-time link leads."""
    return f"{base_url.rstrip('/')}/{PATHS[purpose]}/{secret}"


def send_due(begin: Callable[[], AbstractContextManager[Session]], env: Env, server: MailServer) -> int:
    """Hand over letters that are due, each in a transaction of its own; return how many left.

    A letter whose server did not take it is tried again later; one that outlived its link is dropped.
    """
    sent = 0
    for _ in range(AT_ONCE):
        with begin() as session:
            outcome = _send_next(session, env, server)
        if outcome is None:
            break
        sent += outcome
    return sent


def _send_next(session: Session, env: Env, server: MailServer) -> int | None:
    now = env.clock()
    row = session.execute(
        text(
            "SELECT * FROM mail_out WHERE try_after <= :now ORDER BY try_after, mail_id LIMIT 1 FOR UPDATE SKIP LOCKED"
        ),
        {"now": now},
    ).first()
    if row is None:
        return None
    person = find_person(session, row.person_id)
    gone = text("DELETE FROM mail_out WHERE mail_id = :id")
    if person is None or person.email is None or row.expires_at < now:
        session.execute(gone, {"id": row.mail_id})
        return 0
    try:
        _hand_over(_letter(env, person, row.kind, row.secret, until=row.expires_at, server=server), server)
    except (OSError, smtplib.SMTPException, ValueError):
        # ValueError: a letter that cannot be written down must not stand in the way of all others.
        wait = min(RETRY_FIRST * (1 << min(row.tries, 10)), RETRY_MAX)
        session.execute(
            text("UPDATE mail_out SET tries = tries + 1, try_after = :after WHERE mail_id = :id"),
            {"after": now + wait, "id": row.mail_id},
        )
        return 0
    session.execute(gone, {"id": row.mail_id})
    return 1


def _letter(
    env: Env, person: Person, kind: str, sealed: str | None, *, until: datetime, server: MailServer
) -> EmailMessage:
    lang: Lang = "en" if person.lang == "en" else "zh"
    letter = EmailMessage()
    letter["From"] = Address(display_name="coldtrace", addr_spec=server.sender)
    letter["To"] = Address(addr_spec=person.email or "")
    letter["Subject"] = _SUBJECTS[kind].say(lang)
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(
        _BODIES[kind].say(
            lang,
            name=person.name,
            host=urlsplit(server.base_url).netloc,
            until=_read_aloud(until, lang),
            link="" if sealed is None else link_address(server.base_url, LinkPurpose(kind), open_text(env, sealed)),
        )
    )
    return letter


def _read_aloud(moment: datetime, lang: Lang) -> str:
    """Return a moment as people say it, in the time of the country.

    >>> from datetime import UTC
    >>> [_read_aloud(datetime(2026, 12, 5, 22, 54, tzinfo=UTC), lang) for lang in ("zh", "en")]
    ['2026年12月6日 06:54（北京时间）', '2026-12-06 06:54 (Beijing time)']
    """
    local = moment.astimezone(LOCAL)
    if lang == "zh":
        return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}（北京时间）"
    return f"{local:%Y-%m-%d %H:%M} (Beijing time)"


def _hand_over(letter: EmailMessage, server: MailServer) -> None:
    parts = urlsplit(server.url)
    context = ssl.create_default_context()
    host = parts.hostname or ""
    if parts.scheme == "smtps":
        client: smtplib.SMTP = smtplib.SMTP_SSL(host, parts.port or 465, timeout=TIMEOUT_S, context=context)
    else:
        client = smtplib.SMTP(host, parts.port or 25, timeout=TIMEOUT_S)
    with client:
        client.ehlo()
        if parts.scheme != "smtps" and (parts.username or client.has_extn("starttls")):
            # With a password: never without TLS.
            client.starttls(context=context)
            client.ehlo()
        if parts.username:
            client.login(unquote(parts.username), unquote(parts.password or ""))
        client.send_message(letter)
