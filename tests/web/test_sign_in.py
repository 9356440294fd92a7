"""Signing in over HTTP: sessions, forms, waits, links, the second step; what a stranger learns is nothing."""

import re
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from uuid import UUID

import httpx
import pyotp
import pytest
from sqlalchemy import text

from coldtrace.people import passwords
from coldtrace.people.persons import LinkPurpose, make_link
from coldtrace.people.sign_in import wait_until
from support.databases import Databases
from support.mail_server import mail_server
from support.people import PASSWORD, Visitor, administrator, csrf_of, make_somebody, signed_in, visitor
from support.web_house import WebHouse, web_house

BROWSER = {"Accept": "text/html", "Accept-Language": "en"}

_numbers = count(1)


def email() -> str:
    return f"somebody-{next(_numbers)}@example.cn"


@pytest.fixture
def web(shared: WebHouse) -> Iterator[WebHouse]:
    """A house without failures from other tests: all of them come from one address."""
    yield shared
    with shared.sessions.begin() as session:
        session.execute(text("DELETE FROM sign_in_failure"))


def session_cookie(browser: Visitor) -> str | None:
    return browser.client.cookies.get("coldtrace")


def test_a_person_signs_in_and_out(web: WebHouse) -> None:
    address = email()
    make_somebody(web, address)
    browser = visitor(web)
    assert browser.get("/account").headers["location"] == "/sign-in?next=%2Faccount"
    answer = browser.sign_in(address.upper(), next="/account?lang=en")
    assert (answer.status_code, answer.headers["location"]) == (303, "/account?lang=en")
    page = browser.get("/account")
    assert page.status_code == 200
    assert address in page.text
    assert page.headers["cache-control"] == "no-store"
    secret = session_cookie(browser)
    assert browser.post("/sign-out", {}, on="/account").status_code == 303
    assert session_cookie(browser) is None
    browser.client.cookies.set("coldtrace", secret or "")
    assert browser.get("/account").status_code == 303, "the session has ended on the server too"


def test_the_cookie_is_out_of_reach(web: WebHouse) -> None:
    address = email()
    make_somebody(web, address)
    flags = visitor(web).sign_in(address).headers.get_list("set-cookie")
    (session,) = [each for each in flags if each.startswith("coldtrace=") and "Max-Age=0" not in each]
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= {part.strip() for part in session.split(";")}
    behind = {"X-Forwarded-Proto": "https"}
    browser = visitor(web)
    page = browser.client.get("/sign-in", headers={"Accept": "text/html"} | behind)
    kept = page.headers["set-cookie"]
    assert kept.startswith("__Host-coldtrace-visitor=")
    assert "Secure" in kept
    answer = browser.client.post(
        "/sign-in",
        data={"csrf": csrf_of(page), "email": address, "password": PASSWORD},
        headers=behind | {"Cookie": kept.partition(";")[0]},
    )
    (session,) = [each for each in answer.headers.get_list("set-cookie") if each.startswith("__Host-coldtrace=")]
    assert "Secure" in session


def test_a_sign_in_makes_a_new_secret(web: WebHouse) -> None:
    address = email()
    make_somebody(web, address)
    browser = visitor(web)
    browser.client.cookies.set("coldtrace", "planted-by-a-stranger", domain="127.0.0.1")
    browser.client.cookies.set("coldtrace-visitor", "planted-too", domain="127.0.0.1")
    browser.sign_in(address)
    first = session_cookie(browser)
    assert first not in (None, "planted-by-a-stranger")
    browser.post("/sign-out", {}, on="/account")
    browser.sign_in(address)
    assert session_cookie(browser) not in (None, first)


def test_only_a_hash_of_the_secret_is_kept(web: WebHouse) -> None:
    browser = signed_in(web, email())
    with web.sessions() as session:
        kept = str(session.execute(text("SELECT array_agg(to_jsonb(s)) FROM person_session s")).scalar_one())
        assert (session_cookie(browser) or "-") not in kept
        assert PASSWORD not in str(session.execute(text("SELECT array_agg(to_jsonb(p)) FROM person p")).scalar_one())


@pytest.mark.parametrize("idle", [timedelta(hours=13), timedelta(days=8)])
def test_a_session_ends_by_itself(web: WebHouse, idle: timedelta) -> None:
    browser = signed_in(web, email())
    assert browser.get("/account").status_code == 200
    web.clock.forward(idle)
    assert browser.get("/account").status_code == 303


def test_every_wrong_sign_in_is_answered_alike(web: WebHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unknown, wrong password, no password yet, closed, waiting: one status, one page, one hash computed."""
    known, closed, waiting = email(), email(), email()
    make_somebody(web, known)
    make_somebody(web, closed)
    make_somebody(web, waiting)
    with web.sessions.begin() as session:
        session.execute(text("UPDATE person SET state = 'closed' WHERE email = :email"), {"email": closed})
    for _ in range(6):
        visitor(web).sign_in(waiting, "not this one either")
    checked: list[str | None] = []
    passwords.nobody_hash()
    verify = passwords._HASHER.verify
    monkeypatch.setattr(passwords, "_HASHER", _Counting(verify, checked))
    seen = set()
    tries = [(known, "wrong password"), (closed, PASSWORD), (email(), PASSWORD), ("no address", PASSWORD)]
    for address, password in [*tries, (waiting, PASSWORD)]:
        checked.clear()
        answer = visitor(web).sign_in(address, password)
        assert len(checked) == 1
        shown = answer.text.replace(address, "ADDRESS")
        seen.add((answer.status_code, re.sub(r'name="csrf" value="[^"]*"', "", shown)))
    assert len(seen) == 1
    assert next(iter(seen))[0] == 403


class _Counting:
    """The hasher, counting what it is asked."""

    def __init__(self, verify: object, checked: list[str | None]) -> None:
        self._verify, self._checked = verify, checked

    def verify(self, kept: str, password: str) -> bool:
        self._checked.append(kept)
        return bool(self._verify(kept, password))  # type: ignore[operator]

    def check_needs_rehash(self, kept: str) -> bool:
        return False


def test_failures_make_one_wait_and_a_wait_ends(web: WebHouse) -> None:
    address = email()
    make_somebody(web, address)
    for _ in range(5):
        assert visitor(web).sign_in(address, "wrong password").status_code == 403
    assert visitor(web).sign_in(address).status_code == 403, "right, but too early"
    web.clock.forward(timedelta(seconds=31))
    assert visitor(web).sign_in(address).status_code == 303
    with web.sessions() as session:
        left = session.execute(text("SELECT max(failures) FROM sign_in_failure")).scalar_one()
    assert left == 5, "those of the network address; the account's are forgotten"


def test_a_browser_that_signed_in_before_does_not_wait_for_a_stranger(web: WebHouse) -> None:
    """Also behind the one address of an office: all of this comes from there."""
    address = email()
    browser = signed_in(web, address)
    assert browser.post("/sign-out", {}, on="/account").status_code == 303
    for _ in range(22):
        visitor(web).sign_in(address, "a stranger's guess")
    assert visitor(web).sign_in(address).status_code == 403, "a new browser waits"
    assert browser.sign_in(address).status_code == 303
    new = {"password": "zwei warme Decken", "again": "zwei warme Decken"}
    assert browser.post("/account/password", new | {"present": PASSWORD}, on="/account").status_code == 200
    browser.post("/sign-out", {}, on="/account")
    assert browser.sign_in(address, new["password"]).status_code == 303, "it is known under the new password too"


def test_the_cookie_of_a_known_browser_is_out_of_reach(web: WebHouse) -> None:
    address = email()
    make_somebody(web, address)
    browser = visitor(web)
    sent = browser.sign_in(address).headers.get_list("set-cookie")
    (kept,) = [each for each in sent if each.startswith("coldtrace-known=")]
    parts = {part.strip() for part in kept.split(";")}
    assert {"HttpOnly", "SameSite=lax", "Path=/", "Max-Age=15552000"} <= parts
    browser.client.cookies.delete("coldtrace")
    assert browser.get("/account").status_code == 303, "it opens nothing"


def test_waits_grow_and_stay_bearable() -> None:
    from datetime import UTC, datetime

    now = datetime(2026, 1, 1, tzinfo=UTC)
    waits = [wait_until(failures, free=5, now=now) for failures in range(1, 40)]
    assert waits[:4] == [None] * 4
    seconds = [(each - now).total_seconds() for each in waits if each is not None]
    assert seconds[:6] == [30, 60, 120, 240, 480, 900]
    assert set(seconds[6:]) == {900}


def test_the_sign_in_form_is_ours_too(web: WebHouse) -> None:
    address = email()
    make_somebody(web, address)
    fields = {"email": address, "password": PASSWORD}
    browser = visitor(web)
    assert browser.client.post("/sign-in", data=fields | {"csrf": ""}).status_code == 403
    other = csrf_of(visitor(web).get("/sign-in"))
    browser.get("/sign-in")
    assert browser.client.post("/sign-in", data=fields | {"csrf": other}).status_code == 403
    assert session_cookie(browser) is None


@pytest.mark.parametrize(
    "next", ["//evil.example", "//[", "http://[", "https://evil.example/", "/\\evil.example", "evil", "/a\nb", ""]
)
def test_nobody_is_led_elsewhere(web: WebHouse, next: str) -> None:
    address = email()
    make_somebody(web, address)
    assert visitor(web).sign_in(address, next=next).headers["location"] == "/desk"


def link(web: WebHouse, address: str, purpose: LinkPurpose) -> str:
    with web.sessions.begin() as session:
        person = session.execute(text("SELECT person_id FROM person WHERE email = :email"), {"email": address})
        return make_link(session, web.env, person_id=person.scalar_one(), purpose=purpose)


def test_a_reset_link_is_good_once(web: WebHouse) -> None:
    address = email()
    elsewhere = signed_in(web, address)
    secret = link(web, address, LinkPurpose.RESET)
    page = f"/reset/{secret}"
    new = {"password": "ein neues Fass Hering", "again": "ein neues Fass Hering"}
    browser = visitor(web)
    assert browser.post(page, new | {"again": "ein neues Fass Herring"}, on=page).status_code == 422
    assert browser.post(page, {"password": "kurz", "again": "kurz"}, on=page).status_code == 422
    assert browser.post(page, new, on=page).status_code == 303
    assert elsewhere.get("/account").status_code == 303, "every session ends"
    assert browser.get(page).status_code == 404
    assert visitor(web).sign_in(address).status_code == 403
    assert visitor(web).sign_in(address, new["password"]).status_code == 303


def test_links_end(web: WebHouse) -> None:
    address = email()
    make_somebody(web, address)
    first = link(web, address, LinkPurpose.RESET)
    second = link(web, address, LinkPurpose.RESET)
    browser = visitor(web)
    assert browser.get(f"/reset/{first}").status_code == 404, "a newer one ends it"
    assert browser.get(f"/invitation/{second}").status_code == 404, "it is for something else"
    web.clock.forward(timedelta(minutes=61))
    assert browser.get(f"/reset/{second}").status_code == 404


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "password1234",
        "aaaaaaaaaaaa",
        "somebody-",
        "x" * 201,
        "mit\x00Null Zeichen",
        "coldtrace2026",
        "1234567890",
    ],
)
def test_bad_passwords(password: str) -> None:
    from coldtrace.people.refusals import WeakPassword

    with pytest.raises(WeakPassword):
        passwords.require_good(password, email="somebody-7@example.cn", name="李娜")


@pytest.mark.parametrize(
    "password", ["drei kalte Kisten", "虾仁 码头 霜冻 钥匙", "correct horse battery staple", "x9!kQ2#mLp"]
)
def test_good_passwords(password: str) -> None:
    passwords.require_good(password, email="li.na@example.cn", name="李娜")


def test_a_forgotten_password_says_the_same_to_all(databases: Databases, tmp_path: Path) -> None:
    with mail_server() as post, web_house(databases, tmp_path, smtp_url=f"smtp://127.0.0.1:{post.port}") as web:
        address, other = email(), email()
        make_somebody(web, address)
        make_somebody(web, other)
        seen = []
        # Nobody can look at a person meanwhile, so the answers cannot depend on one, in words or in time.
        with web.engine.begin() as nosy:
            nosy.execute(text("LOCK TABLE person"))
            for who in (address, address, email(), "x", ""):
                browser = visitor(web)
                answer = browser.post("/forgot", {"email": who}, on="/forgot")
                seen.append((answer.status_code, re.sub(r'value="[^"]*"', "", answer.text)))
        assert len(set(seen)) == 1
        browser.post("/forgot", {"email": other}, on="/forgot")
        deadline = time.monotonic() + 20
        while len(post.letters) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert [letter["To"] for letter in post.letters] == [address, other], "asked twice, written to once"


def test_the_second_step(web: WebHouse) -> None:
    address = email()
    browser = signed_in(web, address)
    assert browser.post("/account/two-steps", {"present": "wrong"}, on="/account").status_code == 422
    page = browser.post("/account/two-steps", {"present": PASSWORD}, on="/account").text
    secret = re.search(r"[A-Z2-7]{32}", page)
    assert secret is not None

    def code(offset: int = 0) -> str:
        return pyotp.TOTP(secret[0]).at(int(web.clock.next.timestamp()) + offset)

    assert browser.post("/account/two-steps", {"code": "000000"}, on="/account").status_code == 422
    confirmed = browser.post("/account/two-steps", {"code": code()}, on="/account")
    shown = re.search(r"data-secret[^>]*>([a-z2-7 ]+)<", confirmed.text)
    assert shown is not None
    recovery = shown[1].split()
    assert len(recovery) == 8

    used = code()
    assert visitor(web).sign_in(address, code=used).status_code == 403, "used to confirm"
    web.clock.forward(timedelta(seconds=60))
    asked = visitor(web).sign_in(address)
    assert (asked.status_code, "two steps" in asked.text) == (403, True)
    used = code()
    assert visitor(web).sign_in(address, code=used).status_code == 303
    assert visitor(web).sign_in(address, code=used).status_code == 403, "once"
    assert visitor(web).sign_in(address, code=recovery[0]).status_code == 303
    assert visitor(web).sign_in(address, code=recovery[0]).status_code == 403, "once"
    with web.sessions() as session:
        kept = session.execute(text("SELECT to_jsonb(p) FROM person p WHERE email = :e"), {"e": address}).scalar_one()
    assert secret[0] not in str(kept)
    assert recovery[1] not in str(kept)


def test_a_person_changes_the_password(web: WebHouse) -> None:
    address = email()
    browser, other = signed_in(web, address), visitor(web)
    other.sign_in(address)
    new = {"password": "zwei warme Decken", "again": "zwei warme Decken"}
    assert browser.post("/account/password", new | {"present": "wrong"}, on="/account").status_code == 422
    answer = browser.post("/account/password", new | {"present": PASSWORD}, on="/account")
    assert answer.status_code == 200
    assert browser.get("/account").status_code == 200
    assert other.get("/account").status_code == 303


def test_own_sessions_and_tokens(web: WebHouse) -> None:
    address = email()
    browser, other = signed_in(web, address), visitor(web)
    other.sign_in(address)
    ends = re.findall(r"/account/sessions/[^\"]+/end", browser.get("/account").text)
    assert len(ends) == 1, "one's own cannot be ended here"
    browser.post(ends[0], {}, on="/account")
    assert other.get("/account").status_code == 303
    assert browser.post("/account/tokens", {"name": "ERP", "present": "wrong"}, on="/account").status_code == 422
    made = browser.post("/account/tokens", {"name": "ERP", "days": "5", "present": PASSWORD}, on="/account").text
    token = re.search(r"ct_[A-Za-z0-9_-]{32}", made)
    assert token is not None
    headers = {"Authorization": f"Bearer {token[0]}"}
    assert web.client.get("/api/v1/cases", headers=headers).status_code == 403, "a person without roles"
    (withdraw,) = re.findall(r"/account/tokens/[^\"]+/withdraw", browser.get("/account").text)
    assert signed_in(web, email()).post(withdraw, {}, on="/account").status_code == 404, "somebody else's"
    browser.post(withdraw, {}, on="/account")
    assert web.client.get("/api/v1/cases", headers=headers).status_code == 401


def test_production_refuses_plain_http_and_demo_people(web: WebHouse) -> None:
    demo, real = email(), email()
    make_somebody(web, demo, demo=True)
    make_somebody(web, real)
    browser = visitor(web)
    browser.sign_in(demo)
    web.app.state.settings = web.settings.model_copy(update={"env": "production"})
    try:
        assert browser.get("/account").status_code == 303, "its session is worth nothing either"
        assert "insecure_sign_in" in visitor(web).sign_in(real).text
        proxied = visitor(web)
        proxied.client.headers["X-Forwarded-Proto"] = "https"
        for address, status in ((demo, 403), (real, 303)):
            page = proxied.get("/sign-in")
            cookie = page.headers["set-cookie"].partition(";")[0]
            answer = proxied.client.post(
                "/sign-in",
                data={"csrf": csrf_of(page), "email": address, "password": PASSWORD},
                headers={"Cookie": cookie, "Accept": "text/html"},
            )
            assert answer.status_code == status
    finally:
        web.app.state.settings = web.settings


def test_the_api_takes_no_cookie_and_pages_take_no_token(web: WebHouse) -> None:
    browser = signed_in(web, email(), administrator(web))
    assert browser.client.get("/api/v1/people").status_code == 401
    answer = web.client.get("/desk/people", headers=web.bearer)
    assert isinstance(answer, httpx.Response)
    assert answer.status_code == 401


def test_a_member_who_leaves_sees_nothing_from_the_next_request_on(web: WebHouse) -> None:
    address = email()
    browser = signed_in(web, address, administrator(web))
    assert browser.get("/desk/people").status_code == 200
    with web.sessions.begin() as session:
        session.execute(
            text(
                "UPDATE membership SET ended_at = now() WHERE person_id = (SELECT person_id FROM person"
                " WHERE email = :email)"
            ),
            {"email": address},
        )
    assert browser.get("/desk/people").status_code == 403


def test_attempts_at_once_do_not_pass_the_lock_together(web: WebHouse) -> None:
    """All began before the first failure was counted; the right one comes after five wrong ones."""
    from coldtrace.people import sign_in

    address = email()
    make_somebody(web, address)
    env = web.env
    with web.sessions() as session:
        attempts = [
            sign_in.begin_attempt(session, env, email=address, address="192.0.2.7", production=False) for _ in range(6)
        ]
    assert not any(attempt.waits for attempt in attempts)
    outcomes = []
    for number, attempt in enumerate(attempts):
        with web.sessions.begin() as session:
            outcomes.append(
                sign_in.finish_attempt(
                    session, env, attempt, is_right=number == 5, password=PASSWORD, code="", agent="tests"
                )
            )
    assert not any(isinstance(outcome, tuple) for outcome in outcomes)


def test_guesses_of_the_present_password_do_not_pass_the_lock_together(
    web: WebHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stolen session that tries many at once: five were wrong while the hash of the right one was computed."""
    from coldtrace.people import sign_in

    address = email()
    browser = signed_in(web, address)
    check, env = sign_in.Attempt.check, web.env

    def slow(attempt: sign_in.Attempt, password: str) -> bool:
        right = check(attempt, password)
        for _ in range(5):
            with web.sessions.begin() as session:
                sign_in.finish_attempt(session, env, attempt, is_right=False, password="", code="", agent="")
        return right

    monkeypatch.setattr(sign_in.Attempt, "check", slow)
    answer = browser.post("/account/two-steps", {"present": PASSWORD}, on="/account")
    assert answer.status_code == 422
    with web.sessions() as session:
        secret = session.execute(text("SELECT totp_secret FROM person WHERE email = :e"), {"e": address}).scalar_one()
    assert secret is None


def test_tokens_end_with_the_password_and_with_demo_people(web: WebHouse) -> None:
    from coldtrace.parties.refusals import TokenRefused
    from coldtrace.people import tokens

    address, demo = email(), email()
    browser = signed_in(web, address)
    with web.sessions.begin() as session:
        mine = tokens.make_token(session, web.env, name="x", life=None, person_id=_id(web, address))
        make_somebody(web, demo, demo=True)
        theirs = tokens.make_token(session, web.env, name="x", life=None, person_id=_id(web, demo))
    new = {"password": "zwei warme Decken", "again": "zwei warme Decken", "present": PASSWORD}
    assert browser.post("/account/password", new, on="/account").status_code == 200
    with web.sessions() as session:
        with pytest.raises(TokenRefused):
            tokens.recognise_token(session, web.env, mine, production=False)
        assert tokens.recognise_token(session, web.env, theirs, production=False).name == "x"
        with pytest.raises(TokenRefused):
            tokens.recognise_token(session, web.env, theirs, production=True)


def _id(web: WebHouse, address: str) -> UUID:
    with web.sessions() as session:
        found: UUID = session.execute(
            text("SELECT person_id FROM person WHERE email = :email"), {"email": address}
        ).scalar_one()
        return found
