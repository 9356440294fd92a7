"""The way from the front page to one's own page, and from a one-time link to the sign-in."""

from coldtrace.people.persons import LinkPurpose, make_link
from support.people import administrator, make_somebody, signed_in, visitor
from support.web_house import WebHouse


def test_the_front_page_leads_to_the_sign_in_and_the_desk_everybody_to_a_page_of_theirs(shared: WebHouse) -> None:
    browser = visitor(shared)
    assert 'href="/desk?lang=en"' in browser.get("/?lang=en").text
    assert browser.get("/desk").headers["location"] == "/sign-in?next=%2Fdesk"
    home = signed_in(shared, "way-in-keeper@example.cn", administrator(shared)).get("/desk")
    assert (home.status_code, "Devices not heard of for a day" in home.text) == (200, True)
    # Whoever has no role any more still has an account: a password, sessions, the own data, a way out.
    assert signed_in(shared, "nobody-any-more@example.cn").get("/desk").headers["location"] == "/account"


def test_whoever_chose_a_password_is_told_that_it_is_set(shared: WebHouse) -> None:
    person_id = make_somebody(shared, "way-in-new@example.cn")
    with shared.sessions.begin() as session:
        secret = make_link(session, shared.env, person_id=person_id, purpose=LinkPurpose.RESET)
    browser, path = visitor(shared), f"/reset/{secret}"
    led = browser.post(path, {"password": "tulip harbour ten", "again": "tulip harbour ten"}, on=path)
    assert led.headers["location"] == "/sign-in?next=%2Fdesk&chosen=yes"
    assert "The password is set." in browser.get(led.headers["location"]).text
    assert "The password is set." not in browser.get("/sign-in").text
