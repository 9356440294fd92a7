"""The administrator's pages: one source with the doctor and the API, nothing private, and only for administrators."""

from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from sqlalchemy import text

from coldtrace.doctor.folder import marked_backup
from coldtrace.people.tokens import make_token
from coldtrace.rights.model import Member, Role
from support.databases import Databases
from support.web_house import PAGE, WebHouse, web_house

PAGES = ("keys", "health", "backup", "retention", "quarantine")


def test_the_pages_show_what_the_api_tells(shared: WebHouse) -> None:
    desk = shared.desk | PAGE
    keys = shared.client.get("/api/v1/keys", headers=shared.bearer).json()
    page = shared.client.get("/desk/keys", headers=desk).text
    assert keys["keys"]
    assert all(each["id"] in page for each in keys["keys"])
    assert keys["trust_list"]["seq"] >= 1
    health = shared.client.get("/api/v1/health", headers=shared.bearer).json()
    assert {each["name"] for each in health["findings"]} >= {"disk", "database", "backup", "service"}
    assert health["figures"]["database_bytes"] > 1_000_000
    assert [each["name"] for each in health["logs"]] == [shared.env.log.name]
    page = unescape(shared.client.get("/desk/health", headers=desk).text)
    assert all(each["thing_en"] in page for each in health["findings"])


def test_backup_is_the_doctors_finding(databases: Databases, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    with web_house(databases, tmp_path, backup_mark=mark) as web:
        desk = web.desk | PAGE
        assert "No backup has finished yet" in web.client.get("/desk/backup", headers=desk).text
        mark.touch()
        found = web.client.get("/api/v1/backup", headers=web.bearer).json()["finding"]
        expected = marked_backup(web.settings, now=web.env.clock())
        assert found["result"] == expected.outcome.value


def test_retention_counts_what_is_over(shared: WebHouse) -> None:
    def rule(name: str) -> dict[str, int]:
        rules = shared.client.get("/api/v1/retention", headers=shared.bearer).json()["rules"]
        return next(each for each in rules if each["setting"] == f"COLDTRACE_KEEP_{name}_DAYS")

    before = rule("SESSIONS")
    assert shared.desk, "one session more"
    with shared.sessions.begin() as session:
        session.execute(
            text("UPDATE person_session SET ended_at = :then, created_at = :then, expires_at = :then"),
            {"then": shared.env.clock() - timedelta(days=shared.settings.keep_sessions_days + 1)},
        )
    after = rule("SESSIONS")
    assert after["kept"] == before["kept"] + 1
    assert (before["over"], after["over"]) == (0, after["kept"])


@pytest.mark.parametrize("name", PAGES)
def test_nobody_but_an_administrator_sees_them(shared: WebHouse, name: str) -> None:
    operator_id = next(iter(shared.sites.values())).operator_id
    every = [Member(role=role, operator_id=operator_id, area="", manages=True) for role in Role]
    with shared.sessions.begin() as session:
        others = make_token(
            session, shared.env, name="x", life=None, members=[m for m in every if m.role is not Role.ADMINISTRATOR]
        )
        mine = make_token(
            session,
            shared.env,
            name="y",
            life=None,
            members=[Member(role=Role.ADMINISTRATOR, operator_id=operator_id)],
        )
    said = [
        shared.client.get(f"/api/v1/{name}", headers={"Authorization": f"Bearer {each}"}).status_code
        for each in (others, mine)
    ]
    assert said == [403, 200]


@pytest.mark.parametrize("name", PAGES)
def test_no_page_holds_anything_private(shared: WebHouse, name: str) -> None:
    page = shared.client.get(f"/desk/{name}", headers=shared.desk | PAGE).text
    assert "PRIVATE KEY" not in page
    assert "postgresql" not in page.replace("postgresql.org", "")
