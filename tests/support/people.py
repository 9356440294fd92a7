"""People for tests: made, given a password, signed in over HTTP with a browser's manners."""

import re
from dataclasses import dataclass
from uuid import UUID

import httpx
from sqlalchemy import text

from coldtrace.people.persons import LinkPurpose, choose_password, make_link, make_person
from coldtrace.rights.model import Member, Role
from support.web_house import WebHouse

PASSWORD = "drei kalte Kisten"
_CSRF = re.compile(r'name="csrf" value="([^"]*)"')


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """A browser: cookies, and the form token of the page that it looks at."""

    client: httpx.Client

    def get(self, path: str) -> httpx.Response:
        """Open a page."""
        return self.client.get(path, headers={"Accept": "text/html", "Accept-Language": "en"})

    def post(self, path: str, fields: dict[str, str], *, on: str, **headers: str) -> httpx.Response:
        """Send a form of the page `on`."""
        return self.client.post(
            path,
            data={"csrf": csrf_of(self.get(on))} | fields,
            headers={"Accept": "text/html", "Accept-Language": "en"} | headers,
        )

    def sign_in(
        self, email: str, password: str = PASSWORD, *, code: str = "", next: str = "/account"
    ) -> httpx.Response:
        """Fill in the sign-in form."""
        fields = {"email": email, "password": password, "code": code, "next": next}
        return self.post("/sign-in", fields, on="/sign-in")


def administrator(web: WebHouse) -> Member:
    """Return the role of an administrator of the house's first organisation."""
    with web.sessions() as session:
        operator_id = session.execute(text("SELECT operator_id FROM operator ORDER BY uscc LIMIT 1")).scalar_one()
    return Member(role=Role.ADMINISTRATOR, operator_id=operator_id)


def csrf_of(page: httpx.Response) -> str:
    """Return the token in the first form of a page."""
    found = _CSRF.search(page.text)
    assert found is not None, page.text[:500]
    return found[1]


def visitor(web: WebHouse) -> Visitor:
    """Return a fresh browser."""
    # A connection for each request: nothing is left open when a test ends.
    limits = httpx.Limits(max_keepalive_connections=0)
    return Visitor(client=httpx.Client(base_url=web.client.base_url, timeout=30, limits=limits))


def make_somebody(
    web: WebHouse, email: str, *members: Member, name: str = "李娜", password: str = PASSWORD, demo: bool = False
) -> UUID:
    """Make a person who can sign in."""
    with web.sessions.begin() as session:
        person = make_person(
            session, web.env, email=email, name=name, lang="en", members=members, made_by="tests", demo=demo
        )
        secret = make_link(session, web.env, person_id=person.person_id, purpose=LinkPurpose.INVITATION)
        choose_password(session, web.env, secret=secret, purpose=LinkPurpose.INVITATION, password=password)
    return person.person_id


def signed_in(web: WebHouse, email: str, *members: Member, **details: str) -> Visitor:
    """Make a person and return its browser, signed in."""
    make_somebody(web, email, *members, **details)  # type: ignore[arg-type]
    browser = visitor(web)
    answer = browser.sign_in(email)
    assert answer.status_code == 303, answer.text
    return browser
