"""Signing in against a database: waits that grow, one answer for everything wrong, sessions, links and second steps."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pyotp
import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine, event, text
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session, select

from coldtrace.env import Env
from coldtrace.people import known_browsers, persons, sessions, sign_in, totp
from coldtrace.people.known_browsers import remember
from coldtrace.people.model import Person
from coldtrace.people.persons import LinkPurpose, choose_password, make_link, make_person
from coldtrace.people.refusals import CodeWanted, LinkRefused, SignInRefused, TotpRefused, WeakPassword
from coldtrace.people.sessions import IDLE, LIFE, begin_session, end_session, open_sessions, person_of_session
from coldtrace.people.tables import PersonRow, PersonSessionRow
from coldtrace.seal.b64 import b64
from support.house import make_env
from support.ticking import TickingClock

PASSWORD = "tulip harbour nine"
OTHER = "seven lanterns east"
EMAIL = "li.na@example.cn"
HERE = "192.0.2.7"


@pytest.fixture
def clock() -> TickingClock:
    return TickingClock(step=timedelta(milliseconds=1))


@pytest.fixture
def env(tmp_path: Path, clock: TickingClock) -> Env:
    return replace(make_env(tmp_path / "keys"), clock=clock)


@pytest.fixture
def li(session: Session, env: Env) -> Person:
    return active(session, env)


def active(session: Session, env: Env, email: str = EMAIL, **more: bool) -> Person:
    """Make a person who has chosen PASSWORD by an invitation."""
    made = make_person(session, env, email=email, name="Li Na", lang="zh", members=(), made_by="test", **more)
    secret = make_link(session, env, person_id=made.person_id, purpose=LinkPurpose.INVITATION)
    return choose_password(session, env, secret=secret, purpose=LinkPurpose.INVITATION, password=PASSWORD)


def close(session: Session, person_id: UUID) -> None:
    """Close an account, whoever does it and however."""
    session.execute(
        text("UPDATE person SET state = 'closed', closed_at = created_at WHERE person_id = :id"), {"id": person_id}
    )


def attempt(
    session: Session,
    env: Env,
    password: str = PASSWORD,
    *,
    email: str = EMAIL,
    address: str = HERE,
    code: str = "",
    production: bool = False,
    known: str = "",
) -> tuple[str, UUID] | SignInRefused | CodeWanted:
    """Sign in as the page does."""
    begun = sign_in.begin_attempt(session, env, email=email, address=address, production=production, known=known)
    right = begun.check(password)
    return sign_in.finish_attempt(session, env, begun, is_right=right, password=password, code=code, agent="a test")


def enters(session: Session, env: Env, password: str = PASSWORD, **more: str) -> bool:
    return isinstance(attempt(session, env, password, **more), tuple)  # type: ignore[arg-type]


def fail(session: Session, env: Env, times: int, **more: str) -> None:
    for _ in range(times):
        assert not enters(session, env, "a wrong password", **more)


# Waits


def test_four_slips_cost_nothing(session: Session, env: Env, li: Person) -> None:
    fail(session, env, 4)
    assert enters(session, env)


def test_from_the_fifth_failure_on_waits_grow_to_a_quarter_of_an_hour(
    session: Session, env: Env, li: Person, clock: TickingClock
) -> None:
    fail(session, env, 5)
    for wait_s in (30, 60, 120, 240, 480, 900, 900):
        clock.forward(timedelta(seconds=wait_s - 1))
        assert not enters(session, env), f"{wait_s} s are not over"
        clock.forward(timedelta(seconds=2))
        # From another network address: this is about waits of the account alone.
        fail(session, env, 1, address=f"198.51.100.{wait_s % 250}")
    clock.forward(timedelta(seconds=901))
    assert enters(session, env), "nobody is locked out for ever"


def test_attempts_while_waiting_do_not_lengthen_the_wait(
    session: Session, env: Env, li: Person, clock: TickingClock
) -> None:
    fail(session, env, 5)
    fail(session, env, 50)
    clock.forward(timedelta(seconds=31))
    assert enters(session, env)


def test_a_network_address_waits_after_twenty_failures_whatever_the_accounts(
    session: Session, env: Env, li: Person
) -> None:
    for number in range(20):
        fail(session, env, 1, email=f"somebody{number}@example.cn")
    assert not enters(session, env)
    assert enters(session, env, address="198.51.100.9"), "others go on"


def test_an_office_that_mistypes_every_day_does_not_wait_for_it(
    session: Session, env: Env, li: Person, clock: TickingClock
) -> None:
    """One address, many people: slips of weeks must not add up."""
    for number in range(40):
        fail(session, env, 1, email=f"clerk{number}@example.cn")
        assert enters(session, env), f"after slip {number + 1}"
        clock.forward(timedelta(hours=5))


def test_a_sign_in_forgets_the_failures_of_the_account(session: Session, env: Env, li: Person) -> None:
    fail(session, env, 4)
    assert enters(session, env)
    fail(session, env, 4)
    assert enters(session, env)


def test_old_failures_are_purged(session: Session, env: Env, clock: TickingClock) -> None:
    fail(session, env, 3)
    assert sign_in.purge_failures(session, now=clock()) == 0
    clock.forward(timedelta(days=1, seconds=1))
    assert sign_in.purge_failures(session, now=clock()) == 2
    assert session.execute(text("SELECT count(*) FROM sign_in_failure")).scalar_one() == 0


# Browsers that signed in before


def note(session: Session, env: Env, person: Person, kept: str = "") -> str:
    """Return the cookie of a browser in which a person signs in."""
    session.flush()
    row = session.get_one(PersonRow, person.person_id)
    return remember(env, kept, person_id=person.person_id, password_hash=row.password_hash)


def besiege(session: Session, env: Env, email: str = EMAIL) -> None:
    """Make an account wait as a stranger does, from many addresses."""
    for number in range(8):
        fail(session, env, 1, email=email, address=f"203.0.113.{number}")


def test_a_stranger_makes_strangers_wait_and_not_a_browser_that_signed_in_before(
    session: Session, env: Env, li: Person, clock: TickingClock
) -> None:
    known = note(session, env, li)
    for _ in range(20):
        besiege(session, env)
        assert enters(session, env, known=known)
        assert not enters(session, env), "a browser that nobody knows waits with the strangers"
        clock.forward(timedelta(minutes=16))


def test_a_whole_network_that_waits_keeps_no_known_browser_waiting(session: Session, env: Env, li: Person) -> None:
    known = note(session, env, li)
    for number in range(20):
        fail(session, env, 1, email=f"somebody{number}@example.cn")
    assert not enters(session, env)
    assert enters(session, env, known=known)


def test_a_known_browser_that_guesses_waits_itself(session: Session, env: Env, li: Person, clock: TickingClock) -> None:
    known = note(session, env, li)
    fail(session, env, 5, known=known)
    assert not enters(session, env, known=known), "right, but too early"
    assert enters(session, env), "what it does makes no other browser wait"
    clock.forward(timedelta(seconds=31))
    assert enters(session, env, known=known)


def test_a_known_browser_does_not_begin_the_strangers_count_anew(session: Session, env: Env, li: Person) -> None:
    known = note(session, env, li)
    for number in range(4):
        fail(session, env, 1, address=f"203.0.113.{number}")
    assert enters(session, env, known=known)
    fail(session, env, 1, address="203.0.113.9")
    assert not enters(session, env)


def altered(note: str, part: int) -> str:
    parts = note.split(".")
    parts[part] = parts[part][:-2] + ("1" if parts[part][-2] != "1" else "2") + parts[part][-1]
    return ".".join(parts)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda note: altered(note, 0),
        lambda note: altered(note, 1),
        lambda note: altered(note, 2),
        lambda note: note.replace(".", "~"),
        lambda note: "~".join(["x"] * 4) + "~" + note,
        lambda note: note + ".",
        lambda note: "\ud800" + note,
        lambda note: "~.~..~é",
        lambda note: "~" * 4000,
    ],
)
def test_a_spoiled_note_is_none(session: Session, env: Env, li: Person, spoil: Callable[[str], str]) -> None:
    known = spoil(note(session, env, li))
    besiege(session, env)
    assert not enters(session, env, known=known)
    assert isinstance(attempt(session, env, known=known), SignInRefused)


def test_a_note_is_of_one_person_of_one_password_and_of_half_a_year(
    session: Session, env: Env, li: Person, clock: TickingClock
) -> None:
    other = active(session, env, "wang.wu@example.cn")
    known = note(session, env, li)
    besiege(session, env, "wang.wu@example.cn")
    assert not enters(session, env, email="wang.wu@example.cn", known=known)
    row = session.get_one(PersonRow, other.person_id)
    its_own = note(session, env, other)
    persons.keep_password(session, env, row, OTHER)
    assert not enters(session, env, OTHER, email="wang.wu@example.cn", known=its_own)
    clock.forward(timedelta(days=180, seconds=1))
    besiege(session, env)
    assert not enters(session, env, known=known)


def test_a_note_of_another_installation_is_none(session: Session, env: Env, li: Person, tmp_path: Path) -> None:
    elsewhere = replace(make_env(tmp_path / "other keys"), clock=env.clock)
    known = note(session, elsewhere, li)
    besiege(session, env)
    assert not enters(session, env, known=known)


def test_several_persons_share_a_browser(session: Session, env: Env, li: Person) -> None:
    others = [active(session, env, f"clerk{number}@example.cn") for number in range(4)]
    known = note(session, env, li)
    for each in (*others[:3], li, li):
        known = note(session, env, each, known)
    assert known.count("~") == 3, "one note of each"
    for each in (li, *others[:3]):
        besiege(session, env, each.email or "")
        assert enters(session, env, email=each.email or "", known=known)
    known = note(session, env, others[3], known)
    kept = [known_browsers.note_of(env, known, person_id=each.person_id, password_hash=password_hash(session, each))
            for each in (others[3], li, *others[:3])]  # fmt: skip
    assert [each is not None for each in kept] == [True, True, False, True, True], "the oldest went"


def password_hash(session: Session, person: Person) -> str | None:
    return session.get_one(PersonRow, person.person_id).password_hash


def test_a_cookie_names_nobody(session: Session, env: Env, li: Person) -> None:
    known = note(session, env, li)
    for told in (EMAIL, "li", str(li.person_id), li.person_id.hex, b64(li.person_id.bytes)):
        assert told not in known


# One answer for everything wrong


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    """Give the SQL that is run meanwhile, without the values."""
    ran: list[str] = []

    def seen(_connection: object, _cursor: object, sql: str, *_rest: object) -> None:
        ran.append(" ".join(sql.split()))

    event.listen(engine, "before_cursor_execute", seen)
    try:
        yield ran
    finally:
        event.remove(engine, "before_cursor_execute", seen)


@pytest.mark.parametrize("known", ["", "of somebody else"])
def test_unknown_wrong_closed_invited_and_demo_are_told_alike_by_the_same_work(
    sessions: sessionmaker[Session], engine: Engine, env: Env, known: str
) -> None:
    with sessions.begin() as session:
        active(session, env)
        gone = active(session, env, "closed@example.cn")
        close(session, gone.person_id)
        make_person(session, env, email="invited@example.cn", name="N", lang="en", members=(), made_by="test")
        active(session, env, "demo@example.cn", demo=True)
        if known:
            known = note(session, env, active(session, env, "stranger@example.cn"))
    seen = {}
    for number, (email, password) in enumerate(
        [
            (EMAIL, "a wrong password"),
            ("nobody@example.cn", PASSWORD),
            ("closed@example.cn", PASSWORD),
            ("invited@example.cn", PASSWORD),
            ("demo@example.cn", PASSWORD),
        ]
    ):
        with statements(engine) as ran, sessions.begin() as session:
            place = f"198.51.100.{number}"
            answer = attempt(session, env, password, email=email, address=place, production=True, known=known)
        assert isinstance(answer, SignInRefused), email
        seen[email] = (answer.facts, ran)
    first = seen[EMAIL]
    assert {email: told for email, told in seen.items() if told != first} == {}


def test_while_waiting_a_right_password_is_answered_like_a_wrong_one(session: Session, env: Env, li: Person) -> None:
    fail(session, env, 5)
    right, wrong = attempt(session, env), attempt(session, env, "a wrong password")
    assert isinstance(right, SignInRefused)
    assert isinstance(wrong, SignInRefused)
    assert right.facts == wrong.facts


def test_an_address_that_is_none_is_answered_too(session: Session, env: Env) -> None:
    for email in ("", "nobody", "a\ud800@example.cn", "x" * 5000):
        assert isinstance(attempt(session, env, email=email), SignInRefused)


def test_a_demo_person_signs_in_in_development_alone(session: Session, env: Env) -> None:
    active(session, env, demo=True)
    entered = attempt(session, env)
    assert isinstance(entered, tuple)
    assert person_of_session(session, env, entered[0], production=False) is not None
    assert person_of_session(session, env, entered[0], production=True) is None
    assert isinstance(attempt(session, env, production=True), SignInRefused)


# Hashes


def test_a_hash_of_older_parameters_is_made_anew_at_sign_in(session: Session, env: Env, li: Person) -> None:
    row = session.get_one(PersonRow, li.person_id)
    row.password_hash = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    session.flush()
    assert not enters(session, env, "a wrong password")
    assert "m=8192" in (row.password_hash or "")
    assert enters(session, env)
    assert "m=19456" in (row.password_hash or "")
    assert enters(session, env)


def test_a_password_that_changed_while_its_hash_was_computed_opens_nothing(
    session: Session, env: Env, li: Person
) -> None:
    begun = sign_in.begin_attempt(session, env, email=EMAIL, address=HERE, production=False)
    right = begun.check(PASSWORD)
    persons.keep_password(session, env, session.get_one(PersonRow, li.person_id), OTHER)
    answer = sign_in.finish_attempt(session, env, begun, is_right=right, password=PASSWORD, code="", agent="")
    assert isinstance(answer, SignInRefused)


# Sessions


def test_every_sign_in_makes_a_secret_of_its_own_and_keeps_only_its_hash(
    session: Session, env: Env, li: Person
) -> None:
    first, second = attempt(session, env), attempt(session, env)
    assert isinstance(first, tuple)
    assert isinstance(second, tuple)
    assert first[0] != second[0]
    assert len(first[0]) >= 43, "256 bits"
    kept = [row.session_hash for row in session.exec(select(PersonSessionRow))]
    assert len(kept) == 2
    assert first[0].encode() not in kept


@pytest.mark.parametrize("secret", ["", "x", "é", "a" * 5000])
def test_a_secret_that_nobody_has_is_nobody(session: Session, env: Env, li: Person, secret: str) -> None:
    assert person_of_session(session, env, secret, production=False) is None


def test_a_session_falls_idle_and_ends(session: Session, env: Env, li: Person, clock: TickingClock) -> None:
    secret = begin_session(session, env, person_id=li.person_id, agent="")
    began = clock.next
    while clock.next < began + LIFE - timedelta(hours=1):
        sessions.touch_session(session, env, secret)
        session.expire_all()
        assert person_of_session(session, env, secret, production=False) == li
        clock.forward(IDLE - timedelta(minutes=5))
    clock.next = began + LIFE + timedelta(seconds=1)
    sessions.touch_session(session, env, secret)
    session.expire_all()
    assert person_of_session(session, env, secret, production=False) is None, "seven days are the end"
    idle = begin_session(session, env, person_id=li.person_id, agent="")
    clock.forward(IDLE + timedelta(seconds=1))
    assert person_of_session(session, env, idle, production=False) is None


def test_a_new_password_ends_every_session(session: Session, env: Env, li: Person) -> None:
    secrets = [begin_session(session, env, person_id=li.person_id, agent=f"browser {n}") for n in range(2)]
    assert len(open_sessions(session, env, li.person_id)) == 2
    persons.keep_password(session, env, session.get_one(PersonRow, li.person_id), OTHER)
    session.expire_all()
    assert open_sessions(session, env, li.person_id) == []
    assert [person_of_session(session, env, each, production=False) for each in secrets] == [None, None]


def test_a_session_of_a_closed_person_is_nobody(session: Session, env: Env, li: Person) -> None:
    secret = begin_session(session, env, person_id=li.person_id, agent="")
    close(session, li.person_id)
    session.expire_all()
    assert person_of_session(session, env, secret, production=False) is None


def test_nobody_ends_the_session_of_another(session: Session, env: Env, li: Person) -> None:
    other = active(session, env, "wang@example.cn")
    secret = begin_session(session, env, person_id=li.person_id, agent="")
    (opened,) = open_sessions(session, env, li.person_id)
    end_session(session, env, id=opened.id, person_id=other.person_id)
    session.expire_all()
    assert person_of_session(session, env, secret, production=False) is not None
    end_session(session, env, id=opened.id, person_id=li.person_id)
    session.expire_all()
    assert person_of_session(session, env, secret, production=False) is None


# Links


def test_a_link_is_good_once(session: Session, env: Env, li: Person) -> None:
    secret = make_link(session, env, person_id=li.person_id, purpose=LinkPurpose.RESET)
    choose_password(session, env, secret=secret, purpose=LinkPurpose.RESET, password=OTHER)
    assert enters(session, env, OTHER)
    with pytest.raises(LinkRefused):
        choose_password(session, env, secret=secret, purpose=LinkPurpose.RESET, password=PASSWORD)
    assert enters(session, env, OTHER)


def test_a_weak_password_does_not_use_the_link_up(session: Session, env: Env, li: Person) -> None:
    secret = make_link(session, env, person_id=li.person_id, purpose=LinkPurpose.RESET)
    with pytest.raises(WeakPassword):
        choose_password(session, env, secret=secret, purpose=LinkPurpose.RESET, password="password123")
    choose_password(session, env, secret=secret, purpose=LinkPurpose.RESET, password=OTHER)


@pytest.mark.parametrize(("purpose", "life"), persons.LINK_LIFE.items())
def test_a_link_expires(session: Session, env: Env, clock: TickingClock, purpose: LinkPurpose, life: timedelta) -> None:
    made = make_person(session, env, email=EMAIL, name="Li Na", lang="zh", members=(), made_by="test")
    if purpose is LinkPurpose.RESET:
        made = active(session, env, "wang@example.cn")
    secret = make_link(session, env, person_id=made.person_id, purpose=purpose)
    clock.forward(life - timedelta(seconds=1))
    assert persons.person_of_link(session, env, secret, purpose).person_id == made.person_id
    clock.forward(timedelta(seconds=2))
    with pytest.raises(LinkRefused):
        choose_password(session, env, secret=secret, purpose=purpose, password=OTHER)


def test_a_newer_link_ends_the_older_and_neither_serves_another_purpose(session: Session, env: Env, li: Person) -> None:
    old = make_link(session, env, person_id=li.person_id, purpose=LinkPurpose.RESET)
    new = make_link(session, env, person_id=li.person_id, purpose=LinkPurpose.RESET)
    for secret, purpose in ((old, LinkPurpose.RESET), (new, LinkPurpose.INVITATION), ("x", LinkPurpose.RESET)):
        with pytest.raises(LinkRefused):
            choose_password(session, env, secret=secret, purpose=purpose, password=OTHER)
    choose_password(session, env, secret=new, purpose=LinkPurpose.RESET, password=OTHER)


def test_a_link_of_a_closed_person_opens_nothing(session: Session, env: Env, li: Person) -> None:
    secret = make_link(session, env, person_id=li.person_id, purpose=LinkPurpose.RESET)
    close(session, li.person_id)
    session.expire_all()
    with pytest.raises(LinkRefused):
        choose_password(session, env, secret=secret, purpose=LinkPurpose.RESET, password=OTHER)


# The second step


def two_steps(session: Session, env: Env, person: Person) -> tuple[pyotp.TOTP, list[str]]:
    """Turn the second step on; return what the phone computes with, and the recovery codes."""
    row = session.get_one(PersonRow, person.person_id)
    made = pyotp.TOTP(totp.start(session, env, row))
    with pytest.raises(TotpRefused):
        totp.confirm(session, env, row, "000000" if made.at(env.clock()) != "000000" else "111111")
    return made, totp.confirm(session, env, row, made.at(env.clock()))


def test_with_two_steps_the_password_alone_opens_nothing(
    session: Session, env: Env, li: Person, clock: TickingClock
) -> None:
    phone, _ = two_steps(session, env, li)
    clock.forward(timedelta(seconds=60))
    assert isinstance(attempt(session, env), CodeWanted)
    assert isinstance(attempt(session, env, "a wrong password"), SignInRefused), "the question for the code is no hint"
    assert enters(session, env, code=phone.at(clock.next))


def test_a_code_is_good_once_and_no_earlier_one_after_it(
    session: Session, env: Env, li: Person, clock: TickingClock
) -> None:
    phone, _ = two_steps(session, env, li)
    assert not enters(session, env, code=phone.at(clock.next)), "the code of the confirmation was used there"
    clock.forward(timedelta(seconds=60))
    earlier, code = phone.at(clock.next - timedelta(seconds=30)), phone.at(clock.next)
    assert enters(session, env, code=code)
    assert not enters(session, env, code=code)
    assert not enters(session, env, code=earlier)


@pytest.mark.parametrize("offset_s", [-60, -30, 0, 30, 60])
def test_a_clock_may_be_half_a_minute_off(
    session: Session, env: Env, li: Person, clock: TickingClock, offset_s: int
) -> None:
    phone, _ = two_steps(session, env, li)
    clock.forward(timedelta(minutes=10))
    code = phone.at(clock.next + timedelta(seconds=offset_s))
    assert enters(session, env, code=code) == (abs(offset_s) <= 30)


def test_codes_are_taken_as_people_write_them(session: Session, env: Env, li: Person, clock: TickingClock) -> None:
    phone, recovery = two_steps(session, env, li)
    clock.forward(timedelta(seconds=60))
    code = phone.at(clock.next)
    wide = "".join(chr(ord(sign) - ord("0") + ord("０")) for sign in code)
    assert enters(session, env, code=f" {wide[:3]} {wide[3:]}")
    assert enters(session, env, code=f"{recovery[0][:8].upper()}-{recovery[0][8:]}")


@pytest.mark.parametrize("code", ["abcdef", "１２３４５é", "٣٤٥٦٧٨", "½½½½½½", "0" * 5000, "\ud800"])
def test_a_code_that_is_none_is_refused(session: Session, env: Env, li: Person, code: str) -> None:
    two_steps(session, env, li)
    assert isinstance(attempt(session, env, code=code), SignInRefused)


def test_a_recovery_code_is_good_once(session: Session, env: Env, li: Person) -> None:
    _, recovery = two_steps(session, env, li)
    assert enters(session, env, code=recovery[3])
    assert not enters(session, env, code=recovery[3])
    assert enters(session, env, code=recovery[4])
    row = session.get_one(PersonRow, li.person_id)
    assert not set(recovery) & set(row.recovery_hashes)


def test_guessing_codes_is_slowed_down_as_guessing_passwords_is(session: Session, env: Env, li: Person) -> None:
    _, recovery = two_steps(session, env, li)
    for number in range(5):
        assert not enters(session, env, code=f"{number:06}")
    assert not enters(session, env, code=recovery[0])


def test_the_database_alone_makes_no_codes(session: Session, env: Env, li: Person, tmp_path: Path) -> None:
    row = session.get_one(PersonRow, li.person_id)
    secret = totp.start(session, env, row)
    assert secret not in (row.totp_secret or "")
    other = make_env(tmp_path / "other keys")
    assert totp.waiting_secret(other, row) == ""
    assert not totp.accept(session, other, row, pyotp.TOTP(secret).at(env.clock()))
