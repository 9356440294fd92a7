"""The demo's people: one for each role, each at home in an organisation that could have it."""

from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.cli.demo.people import make_people
from coldtrace.cli.demo.sites import SITES
from coldtrace.parties.service import register_operator
from coldtrace.rights.model import Role
from support.house import make_env

TRADERS = {Role.FIRST_STATION, Role.IMPORTER}


def test_nobody_watches_a_firm_as_its_employee(sessions: sessionmaker[Session], tmp_path: Path) -> None:
    env = make_env(tmp_path / "keys")
    with sessions.begin() as session:
        firms = {
            place.key: register_operator(
                session,
                env,
                uscc=place.uscc,
                name_zh=place.firm_zh,
                name_en=place.firm_en,
                city_zh="天津",
                city_en="Tianjin",
            ).operator_id
            for place in SITES
        }
        assert make_people(session, env, firms=firms) == [f"{role.value}@demo.example" for role in Role]
        at: dict[str, set[Role]] = {}
        for uscc, role in session.execute(
            text("SELECT o.uscc, m.role FROM membership m JOIN operator o USING (operator_id)")
        ):
            at.setdefault(uscc, set()).add(Role(role))
    by_role = {role: uscc for uscc, roles in at.items() for role in roles}
    assert set(by_role) == set(Role)
    for role in (Role.REGULATOR, Role.CUSTOMS, Role.ADMINISTRATOR, Role.LABORATORY, Role.CARRIER, Role.REPACKER):
        assert at[by_role[role]] == {role}, "an organisation of its own"
    assert at[by_role[Role.IMPORTER]] == TRADERS
