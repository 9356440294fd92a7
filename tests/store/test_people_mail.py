"""Letters over real SMTP: both languages, TLS, a server that is away, and nothing that outlives its link."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import text
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.env import Env
from coldtrace.parties.service import register_operator
from coldtrace.people import mail
from coldtrace.people.inviting import InvitePerson, give_role, invite_person
from coldtrace.people.mail import LOCAL, MailServer, post_letter, send_due
from coldtrace.people.persons import LINK_LIFE, LinkPurpose, choose_password, make_person, person_of_link
from coldtrace.people.refusals import LinkRefused
from coldtrace.rights.model import Member, Reader, Role
from support import mail_server as servers
from support.house import make_env
from support.mail_server import mail_server, make_certificate
from support.ticking import TickingClock

SENDER = "trace@example.cn"
BASE = "https://trace.example.cn"


@pytest.fixture
def clock() -> TickingClock:
    return TickingClock(step=timedelta(milliseconds=1))


@pytest.fixture
def env(tmp_path: Path, clock: TickingClock) -> Env:
    return replace(make_env(tmp_path / "keys"), clock=clock)


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a certificate that this process trusts as it trusts the system's authorities."""
    monkeypatch.setenv("SSL_CERT_FILE", str(make_certificate(tmp_path / "tls")))
    return tmp_path / "tls"


def at(port: int, scheme: str = "smtp", user: str = "") -> MailServer:
    return MailServer(url=f"{scheme}://{user}127.0.0.1:{port}", sender=SENDER, base_url=BASE)


def invite(sessions: sessionmaker[Session], env: Env, email: str = "li.na@example.cn", lang: str = "zh") -> str:
    """Queue an invitation; return its secret."""
    with sessions.begin() as session:
        made = make_person(session, env, email=email, name="李娜 <b>", lang=lang, members=(), made_by="test")
        return post_letter(session, env, person_id=made.person_id, purpose=LinkPurpose.INVITATION)


def waiting(sessions: sessionmaker[Session]) -> int:
    with sessions() as session:
        return int(session.execute(text("SELECT count(*) FROM mail_out")).scalar_one())


@pytest.mark.parametrize(
    ("lang", "subject", "words"),
    [("zh", "邀请您使用冷链追溯平台", "只能使用一次"), ("en", "You are invited", "it is good once")],
)
def test_an_invitation_arrives_with_a_link_that_opens_the_account(
    sessions: sessionmaker[Session], env: Env, lang: str, subject: str, words: str
) -> None:
    secret = invite(sessions, env, lang=lang)
    with mail_server() as server:
        assert send_due(sessions.begin, env, at(server.port)) == 1
    (letter,) = server.letters
    assert server.recipients == [["li.na@example.cn"]]
    assert (letter["To"], letter["From"]) == ("li.na@example.cn", f"coldtrace <{SENDER}>")
    assert subject in letter["Subject"]
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter.get_content_type() == "text/plain"
    body = letter.get_content()
    assert words in body
    until = (env.clock() + LINK_LIFE[LinkPurpose.INVITATION]).astimezone(LOCAL)
    assert {"zh": f"日 {until:%H:%M}（北京时间）", "en": f"{until:%Y-%m-%d %H:%M} (Beijing time)"}[lang] in body
    assert "李娜 <b>" in body
    (link,) = re.findall(r"https://\S+", body)
    assert link == f"{BASE}/invitation/{secret}"
    with sessions.begin() as session:
        choose_password(
            session,
            env,
            secret=link.rpartition("/")[2],
            purpose=LinkPurpose.INVITATION,
            password="tulip harbour nine",
        )
    assert waiting(sessions) == 0


def test_a_further_role_sends_a_new_link_to_whoever_is_only_invited(sessions: sessionmaker[Session], env: Env) -> None:
    giver = Reader(members=(Member(role=Role.ADMINISTRATOR, operator_id=None),))
    with sessions.begin() as session:
        names = {"name_zh": "甲", "name_en": "A", "city_zh": "天津", "city_en": "Tianjin"}
        firm = register_operator(session, env, uscc="91120116MA05TE5T1N", **names).operator_id
        first, further = (Member(role=role, operator_id=firm) for role in (Role.RETAILER, Role.MARKET))
        invitation = InvitePerson(
            email="li.na@example.cn", name="李娜", lang="en", member=first, by=giver, made_by="test"
        )
        invited = invite_person(session, env, invitation, by_mail=True)
    person_id, purpose = invited.person.person_id, LinkPurpose.INVITATION

    def give(by: Reader, member: Member) -> None:
        with sessions.begin() as session:
            give_role(session, env, by=by, made_by="test", person_id=person_id, member=member, by_mail=True)

    with mail_server() as server:
        give(giver, first)
        assert send_due(sessions.begin, env, at(server.port)) == 1, "the same again sends nothing"
        give(giver, further)
        assert send_due(sessions.begin, env, at(server.port)) == 1
        old, new = (re.findall(r"/invitation/(\S+)", letter.get_content())[0] for letter in server.letters)
        with sessions.begin() as session, pytest.raises(LinkRefused):
            person_of_link(session, env, old, purpose)
        # Whoever could not have given the other roles opens no door to them.
        only = Member(role=Role.COLD_STORE, operator_id=firm, manages=True)
        give(Reader(members=(only,)), replace(only, manages=False))
        assert send_due(sessions.begin, env, at(server.port)) == 0
        give(giver, Member(role=Role.CARRIER, operator_id=firm))
        assert send_due(sessions.begin, env, at(server.port)) == 1
        last = re.findall(r"/invitation/(\S+)", server.letters[-1].get_content())[0]
        with sessions.begin() as session:
            choose_password(session, env, secret=last, purpose=purpose, password="tulip harbour nine")
        give(giver, Member(role=Role.REPACKER, operator_id=firm))
        assert send_due(sessions.begin, env, at(server.port)) == 0, "who can sign in needs no link"
    assert new != last


def test_the_database_alone_opens_no_account(sessions: sessionmaker[Session], env: Env) -> None:
    secret = invite(sessions, env)
    with sessions() as session:
        (row,) = session.execute(text("SELECT * FROM mail_out")).all()
        (link,) = session.execute(text("SELECT * FROM person_link")).all()
    assert secret not in str(row)
    assert secret not in str(link)


def test_letters_wait_for_a_server_that_is_away_and_go_when_it_is_back(
    sessions: sessionmaker[Session], env: Env, clock: TickingClock
) -> None:
    invite(sessions, env)
    with mail_server() as server:
        gone = server.port
    assert send_due(sessions.begin, env, at(gone)) == 0
    with mail_server() as server:
        assert send_due(sessions.begin, env, at(server.port)) == 0, "not at once again"
        clock.forward(timedelta(minutes=1, seconds=1))
        server.answer = "451 try again later"
        assert send_due(sessions.begin, env, at(server.port)) == 0
        server.answer = "250 kept"
        clock.forward(timedelta(minutes=1, seconds=1))
        assert send_due(sessions.begin, env, at(server.port)) == 0, "the second wait is longer"
        clock.forward(timedelta(minutes=1, seconds=1))
        assert send_due(sessions.begin, env, at(server.port)) == 1
    assert len(server.letters) == 1
    assert waiting(sessions) == 0


def test_a_letter_that_outlived_its_link_is_not_sent(
    sessions: sessionmaker[Session], env: Env, clock: TickingClock
) -> None:
    invite(sessions, env)
    clock.forward(timedelta(days=7, seconds=1))
    with mail_server() as server:
        assert send_due(sessions.begin, env, at(server.port)) == 0
    assert (server.letters, waiting(sessions)) == ([], 0)


def test_a_letter_to_an_erased_person_is_dropped(sessions: sessionmaker[Session], env: Env) -> None:
    invite(sessions, env)
    with sessions.begin() as session:
        session.execute(text("UPDATE person SET email = NULL, state = 'erased'"))
    with mail_server() as server:
        assert send_due(sessions.begin, env, at(server.port)) == 0
    assert (server.letters, waiting(sessions)) == ([], 0)


def test_one_address_that_cannot_be_written_to_holds_up_no_other(sessions: sessionmaker[Session], env: Env) -> None:
    """An address of the time before they were checked, say."""
    invite(sessions, env, email="first@example.cn")
    invite(sessions, env, email="second@example.cn")
    with sessions.begin() as session:
        session.execute(text("UPDATE person SET email = '.a..@x.cn' WHERE email = 'first@example.cn'"))
    with mail_server() as server:
        assert send_due(sessions.begin, env, at(server.port)) == 1
    assert server.recipients == [["second@example.cn"]]
    assert waiting(sessions) == 1


def test_starttls_is_taken_when_it_is_offered(sessions: sessionmaker[Session], env: Env, tls: Path) -> None:
    invite(sessions, env)
    with mail_server(tls=tls) as server:
        assert send_due(sessions.begin, env, at(server.port)) == 1
    assert server.encrypted == [True]


def test_a_password_goes_over_tls(sessions: sessionmaker[Session], env: Env, tls: Path) -> None:
    invite(sessions, env)
    user = f"{servers.USER}:{quote(servers.PASSWORD, safe='')}@"
    with mail_server(tls=tls, password=True) as server:
        assert send_due(sessions.begin, env, at(server.port, user=user)) == 1
    assert (server.encrypted, server.signed_in) == ([True], [True])


def test_a_password_goes_nowhere_without_tls(sessions: sessionmaker[Session], env: Env) -> None:
    invite(sessions, env)
    with mail_server() as server:
        assert send_due(sessions.begin, env, at(server.port, user="platform:secret@")) == 0
    assert (server.letters, waiting(sessions)) == ([], 1)


def test_smtps_is_tls_from_the_first_byte(sessions: sessionmaker[Session], env: Env, tls: Path) -> None:
    invite(sessions, env)
    with mail_server(tls=tls, implicit=True) as server:
        assert send_due(sessions.begin, env, at(server.port, scheme="smtps")) == 1
    assert len(server.letters) == 1


def test_a_certificate_that_nobody_vouches_for_gets_no_letter(
    sessions: sessionmaker[Session], env: Env, tmp_path: Path
) -> None:
    make_certificate(tmp_path / "stranger")
    invite(sessions, env)
    with mail_server(tls=tmp_path / "stranger") as server:
        assert send_due(sessions.begin, env, at(server.port)) == 0
    assert (server.letters, waiting(sessions)) == ([], 1)


def test_a_server_that_says_nothing_is_given_up(
    sessions: sessionmaker[Session], env: Env, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    monkeypatch.setattr(mail, "TIMEOUT_S", 0.3)
    invite(sessions, env)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert send_due(sessions.begin, env, at(silent.getsockname()[1])) == 0
    assert waiting(sessions) == 1
