"""The journal over the API: one's own acts whole, others' acts about one's data without their persons."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from coldtrace.journal import service as journal
from coldtrace.journal.model import Act
from coldtrace.people import tokens
from coldtrace.rights.model import Member, Role
from support.databases import Databases
from support.web_house import WebHouse, web_house

MINE, OTHER, THIRD = UUID(int=0xA1), UUID(int=0xA2), UUID(int=0xA3)


def act(actor: str, operator: UUID, subjects: set[UUID], **more: Any) -> Act:
    return Act(
        actor=actor,
        operators=frozenset({operator}),
        roles=frozenset({"regulator"}),
        act="read",
        kind="unit",
        object="(00)1",
        subjects=frozenset(subjects),
        detail={"count": 3},
        **more,
    )


@pytest.fixture(scope="module")
def house(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebHouse]:
    with web_house(databases, tmp_path_factory.mktemp("web")) as made:
        with made.sessions.begin() as session:
            for each in (
                act("person:mine", MINE, {OTHER, THIRD}),
                act("person:other", OTHER, {MINE, THIRD}, purpose="抽查"),
                act("person:third", THIRD, {OTHER}),
                act("person:mine", MINE, set()),
            ):
                journal.record(session, made.env, each)
        yield made


def asks(house: WebHouse, *members: Member) -> dict[str, str]:
    with house.sessions.begin() as session:
        token = tokens.make_token(session, house.env, name="x", life=timedelta(days=1), members=members)
    return {"Authorization": f"Bearer {token}"}


def of(house: WebHouse, headers: dict[str, str], query: str = "") -> list[dict[str, Any]]:
    """Return the records of reads of units, newest first."""
    answer = house.client.get(f"/api/v1/journal{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["records"]
    return [each for each in found if each["kind"] == "unit"]


@pytest.fixture
def manager(house: WebHouse) -> dict[str, str]:
    # The organisation is not registered: a membership needs one, a token of the installation may lack it.
    with house.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO operator (operator_id, uscc, name_zh, name_en, city_zh, city_en, created_at) VALUES"
            f" ('{MINE}', '91120118MA00000011', 'x', 'x', 'x', 'x', now()) ON CONFLICT DO NOTHING"
        )
    return asks(house, Member(role=Role.IMPORTER, operator_id=MINE, manages=True))


def test_of_others_one_sees_organisation_role_and_purpose(house: WebHouse, manager: dict[str, str]) -> None:
    last, theirs, first = of(house, manager)
    assert (theirs["actor"], theirs["organisations"], theirs["roles"]) == (None, [str(OTHER)], ["regulator"])
    assert (theirs["purpose"], theirs["subjects"], theirs["detail"]) == ("抽查", ["91120118MA00000011"], {})
    assert (first["actor"], first["subjects"], first["detail"]) == (
        "person:mine",
        [str(OTHER), str(THIRD)],
        {"count": 3},
    )
    assert last["actor"] == "person:mine"


def test_the_administrator_sees_all(house: WebHouse) -> None:
    headers = asks(house, Member(role=Role.ADMINISTRATOR, operator_id=None))
    assert [each["actor"] for each in of(house, headers)] == [
        "person:mine",
        "person:third",
        "person:other",
        "person:mine",
    ]


def test_pages_follow_each_other(house: WebHouse, manager: dict[str, str]) -> None:
    seen: list[str] = []
    after = ""
    while True:
        answer = house.client.get(f"/api/v1/journal?limit=1{after}", headers=manager).json()
        new = [each["id"] for each in answer["records"] if each["kind"] == "unit"]
        seen += new
        if answer["next"] is None or len(seen) == 3:
            break
        after = f"&after={answer['next']}"
    assert seen == [each["id"] for each in of(house, manager)]
    moment = of(house, manager)[1]["at"].replace("+", "%2B")
    assert len(of(house, manager, f"?until={moment}")) == 1
    assert len(of(house, manager, f"?since={moment}")) == 2


def test_reading_the_journal_is_in_it(house: WebHouse, manager: dict[str, str]) -> None:
    house.client.get("/api/v1/journal", headers=manager)
    newest = house.client.get("/api/v1/journal?limit=1", headers=manager).json()["records"][0]
    assert (newest["act"], newest["kind"], newest["object"]) == ("list", "journal", "/api/v1/journal")
    assert newest["organisations"] == ["91120118MA00000011"]


def test_who_does_not_manage_sees_none(house: WebHouse, manager: dict[str, str]) -> None:
    headers = asks(house, Member(role=Role.IMPORTER, operator_id=MINE))
    answer = house.client.get("/api/v1/journal", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "right_missing")


def test_one_sort_of_acts_alone(house: WebHouse) -> None:
    with house.sessions.begin() as session:
        told = Act(
            actor="person:mine",
            operators=frozenset({MINE}),
            roles=frozenset(),
            act="export",
            kind="unit",
            object="(00)2",
        )
        journal.record(session, house.env, told)
    mine = asks(house, Member(role=Role.COLD_STORE, operator_id=MINE, manages=True))
    assert [each["object"] for each in of(house, mine, "?act=export")] == ["(00)2"]
    assert {each["act"] for each in of(house, mine)} == {"read", "export"}
    assert of(house, mine, "?act=nothing") == []
