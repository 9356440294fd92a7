"""Nobody gives, takes or opens more than they have: invitations, roles and tokens over the API."""

from itertools import count
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from coldtrace.people.tokens import make_token
from coldtrace.rights.model import Member, Role
from support.journal import records
from support.web_house import WebHouse

_numbers = count(1)
ADMINISTRATOR = Role.ADMINISTRATOR


@pytest.fixture
def firm(shared: WebHouse) -> tuple[UUID, str]:
    """The first firm: its id and credit code."""
    with shared.sessions() as session:
        row = session.execute(text("SELECT operator_id, uscc FROM operator ORDER BY uscc LIMIT 1")).one()
    return row.operator_id, row.uscc


def token(web: WebHouse, *members: Member, narrowed: tuple[str, ...] = ("all",)) -> dict[str, str]:
    with web.sessions.begin() as session:
        made = make_token(session, web.env, name="giver", life=None, members=members, scopes=narrowed)
    return {"Authorization": f"Bearer {made}"}


def invite(web: WebHouse, headers: dict[str, str], email: str, uscc: str, role: Role) -> httpx.Response:
    body = {"email": email, "name": "x", "organisation": uscc, "role": role.value}
    return web.client.post("/api/v1/people", json=body, headers=headers)


def email() -> str:
    return f"invited-{next(_numbers)}@example.cn"


def test_an_invitation_is_shown_once_and_makes_a_person(shared: WebHouse, firm: tuple[UUID, str]) -> None:
    operator_id, uscc = firm
    manager = token(shared, Member(role=Role.RETAILER, operator_id=operator_id, manages=True))
    made = invite(shared, manager, email(), uscc, Role.RETAILER)
    assert made.status_code == 201
    assert "/invitation/" in made.json()["link"]


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.RETAILER])
def test_a_manager_gives_only_its_own_role(shared: WebHouse, firm: tuple[UUID, str], role: Role) -> None:
    operator_id, uscc = firm
    manager = token(shared, Member(role=Role.RETAILER, operator_id=operator_id, manages=True))
    answer = invite(shared, manager, email(), uscc, role)
    assert (answer.status_code, answer.json()["code"]) == (403, "grant_refused")


def test_whoever_could_not_have_given_all_gets_no_link(shared: WebHouse, firm: tuple[UUID, str]) -> None:
    operator_id, uscc = firm
    manager = token(shared, Member(role=Role.RETAILER, operator_id=operator_id, manages=True))
    administrator = token(shared, Member(role=ADMINISTRATOR, operator_id=operator_id))
    who = email()
    assert invite(shared, administrator, who, uscc, ADMINISTRATOR).json()["link"] is not None
    again = invite(shared, manager, who, uscc, Role.RETAILER)
    assert (again.status_code, again.json()["link"]) == (201, None)


def test_a_further_role_ends_the_links_that_are_open(shared: WebHouse, firm: tuple[UUID, str]) -> None:
    operator_id, uscc = firm
    manager = token(shared, Member(role=Role.RETAILER, operator_id=operator_id, manages=True))
    administrator = token(shared, Member(role=ADMINISTRATOR, operator_id=operator_id))
    who = email()
    first = invite(shared, manager, who, uscc, Role.RETAILER).json()["link"].split("/invitation/")[1]
    assert shared.client.get(f"/invitation/{first}").status_code == 200
    invite(shared, administrator, who, uscc, ADMINISTRATOR)
    assert shared.client.get(f"/invitation/{first}").status_code == 404


def test_a_manager_takes_no_role_and_no_token_that_it_could_not_give(shared: WebHouse, firm: tuple[UUID, str]) -> None:
    operator_id, uscc = firm
    manager = token(shared, Member(role=Role.RETAILER, operator_id=operator_id, manages=True))
    administrator = token(shared, Member(role=ADMINISTRATOR, operator_id=operator_id))
    token(shared, Member(role=Role.REGULATOR, operator_id=operator_id, area="12"))
    person = invite(shared, administrator, email(), uscc, ADMINISTRATOR).json()["id"]
    with shared.sessions() as session:
        membership = session.execute(
            text("SELECT membership_id FROM membership WHERE person_id = :id"), {"id": person}
        ).scalar_one()
        regulator = session.execute(
            text(
                "SELECT token_id FROM membership WHERE role = 'regulator' AND token_id IS NOT NULL"
                " AND operator_id = :id LIMIT 1"
            ),
            {"id": operator_id},
        ).scalar_one()
    for path, code in ((f"memberships/{membership}", "membership_unknown"), (f"tokens/{regulator}", "token_unknown")):
        answer = shared.client.delete(f"/api/v1/{path}", headers=manager)
        assert (answer.status_code, answer.json()["code"]) == (404, code)
        assert shared.client.delete(f"/api/v1/{path}", headers=administrator).status_code == 204


def test_a_manager_erases_nobody_whose_roles_it_could_not_end(shared: WebHouse, firm: tuple[UUID, str]) -> None:
    """Erasing ends every role: of the firm's port too, where a manager of shops has nothing to say."""
    operator_id, uscc = firm
    shop = Member(role=Role.RETAILER, operator_id=operator_id, manages=True)
    manager, narrow = token(shared, shop), token(shared, shop, narrowed=("person:read", "person:write"))
    port = token(shared, Member(role=Role.FIRST_STATION, operator_id=operator_id, manages=True))
    colleague = invite(shared, manager, email(), uscc, Role.RETAILER).json()["id"]
    stranger = invite(shared, port, email(), uscc, Role.FIRST_STATION).json()["id"]

    def erase(person: str, headers: dict[str, str]) -> tuple[int, str | None]:
        answer = shared.client.delete(f"/api/v1/people/{person}", headers=headers)
        return answer.status_code, answer.json()["code"] if answer.content else None

    assert erase(stranger, manager) == (404, "person_unknown")
    assert erase(colleague, narrow) == (404, "person_unknown"), "a narrowed token ends no role"
    assert erase(colleague, manager) == (204, None)
    assert erase(stranger, port) == (204, None)


def test_whose_token_was_withdrawn_stands_in_the_journal(shared: WebHouse, firm: tuple[UUID, str]) -> None:
    """Also where the platform's administrator did it: the firm's machine stands still."""
    operator_id, uscc = firm
    body = {"name": "machine", "organisation": uscc, "role": "retailer"}
    administrator = token(shared, Member(role=ADMINISTRATOR, operator_id=operator_id))
    assert shared.client.post("/api/v1/tokens", json=body, headers=administrator).status_code == 201
    with shared.sessions() as session:
        made = session.execute(
            text("SELECT token_id FROM api_token WHERE name = 'machine' ORDER BY created_at DESC LIMIT 1")
        ).scalar_one()
    assert shared.client.delete(f"/api/v1/tokens/{made}", headers=administrator).status_code == 204
    record = records(shared)[-1]
    assert (record.act, record.object, record.subjects) == ("delete", str(made), (operator_id,))


@pytest.mark.parametrize("rights", [None, ["token:write", "run:read"]])
def test_a_narrowed_token_makes_none_that_may_more(
    shared: WebHouse, firm: tuple[UUID, str], rights: list[str] | None
) -> None:
    operator_id, uscc = firm
    member = Member(role=Role.FIRST_STATION, operator_id=operator_id, manages=True)
    narrow = token(shared, member, narrowed=("token:write", "person:write"))
    body = {"name": "x", "organisation": uscc, "role": "first_station", "manages": True, "rights": rights}
    assert shared.client.post("/api/v1/tokens", json=body, headers=narrow).status_code == 403
    small = shared.client.post("/api/v1/tokens", json=body | {"rights": ["token:write"]}, headers=narrow)
    assert small.status_code == 201
    assert invite(shared, narrow, email(), uscc, Role.FIRST_STATION).status_code == 403, (
        "a whole role is not its to give"
    )


@pytest.mark.parametrize("right", ["unitread", "unit:eat", "run:write", "token:write"])
def test_a_token_is_not_narrowed_to_a_right_that_its_role_has_not(
    shared: WebHouse, firm: tuple[UUID, str], right: str
) -> None:
    manager = token(shared, Member(role=Role.RETAILER, operator_id=firm[0], manages=True))
    body = {"name": "x", "organisation": firm[1], "role": "retailer", "rights": ["unit:read", right]}
    answer = shared.client.post("/api/v1/tokens", json=body, headers=manager)
    assert (answer.status_code, answer.json()["code"], answer.json()["right"]) == (422, "right_unusable", right)


def test_a_limit_that_limits_nothing_is_refused(shared: WebHouse, firm: tuple[UUID, str]) -> None:
    operator_id, uscc = firm
    administrator = token(shared, Member(role=ADMINISTRATOR, operator_id=operator_id))
    for role, area in ((Role.REGULATOR, "12"), (ADMINISTRATOR, None)):
        body = {"name": "x", "organisation": uscc, "role": role.value, "area": area, "sites": [shared.station]}
        assert shared.client.post("/api/v1/tokens", json=body, headers=administrator).status_code == 403


def test_the_last_use_of_a_token_is_noted(shared: WebHouse, firm: tuple[UUID, str]) -> None:
    headers = token(shared, Member(role=Role.RETAILER, operator_id=firm[0], manages=True))
    shared.client.get("/api/v1/tokens", headers=headers)
    found = shared.client.get("/api/v1/tokens", headers=headers).json()["tokens"]
    assert any(each["last_used_at"] is not None for each in found)


@pytest.mark.parametrize(
    ("path", "wrong"), [("tokens", "right"), ("people", "site"), ("devices/invites", "hour"), ("organisations", "name")]
)
def test_a_field_with_a_wrong_name_is_refused_and_named(
    shared: WebHouse, firm: tuple[UUID, str], path: str, wrong: str
) -> None:
    """`right` for `rights` would otherwise make a token that may do everything."""
    body = {
        "tokens": {"name": "x", "organisation": firm[1], "role": "retailer"},
        "people": {"name": "x", "email": email(), "organisation": firm[1], "role": "retailer"},
        "devices/invites": {"site": shared.station},
        "organisations": {"uscc": firm[1], "name_zh": "x", "name_en": "x"},
    }[path]
    answer = shared.client.post(f"/api/v1/{path}", json=body | {wrong: ["unit:read"]}, headers=shared.bearer)
    assert (answer.status_code, answer.json()["code"], answer.json()["where"]) == (
        422,
        "invalid_request",
        f"body.{wrong}",
    )


def test_every_body_but_an_enrolment_takes_known_fields_alone(shared: WebHouse) -> None:
    schemas = shared.client.get("/api/openapi.json").json()["components"]["schemas"]
    bodies = {name: found for name, found in schemas.items() if name.endswith("In")}
    assert len(bodies) > 9
    assert {name for name, found in bodies.items() if found.get("additionalProperties") is not False} == {"EnrolIn"}
