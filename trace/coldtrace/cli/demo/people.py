"""One person for each role of the demo world, with a password that everybody knows; production knows none of them."""

from collections.abc import Mapping
from uuid import UUID

from sqlmodel import Session

from coldtrace.env import Env
from coldtrace.parties import service as parties
from coldtrace.parties.provinces import province_of
from coldtrace.people.demo import DEMO_PASSWORD
from coldtrace.people.model import PersonState
from coldtrace.people.passwords import hash_password
from coldtrace.people.persons import make_person
from coldtrace.people.tables import PersonRow
from coldtrace.rights.model import PERSON_ROLE_WORDS, Member, Role
from coldtrace.rights.rules import NEEDS_AREA

DEMO_AREA = "12"
"""Tianjin."""

PLACES: dict[Role, str] = {
    Role.FIRST_STATION: "port",
    Role.IMPORTER: "port",
    Role.COLD_STORE: "store",
    Role.DISTRIBUTOR: "depot",
    Role.MARKET: "market",
    Role.RETAILER: "shop",
}
"""At which of the demo's places a role is at home."""

ELSEWHERE: dict[Role, tuple[str, str, str]] = {
    Role.CUSTOMS: ("11120116MB0DEM02C8", "示例海关（演示）", "Example Customs (demo)"),
    Role.CARRIER: ("91120116MA0DEM04TB", "示例冷链运输有限公司（演示）", "Example Cold Haulage Co., Ltd. (demo)"),
    Role.REPACKER: ("91120116MA0DEM05R9", "示例食品分装有限公司（演示）", "Example Food Packing Co., Ltd. (demo)"),
    Role.LABORATORY: ("91120104MA0DEM06LE", "示例食品检测有限公司（演示）", "Example Food Laboratory Co., Ltd. (demo)"),
    Role.REGULATOR: ("11120000MB0DEM01AM", "示例市场监督管理局（演示）", "Example Market Regulation Bureau (demo)"),
    Role.ADMINISTRATOR: ("91120000MA0DEM03PM", "示例追溯平台运营有限公司（演示）", "Example Platform Co., Ltd. (demo)"),
}
"""The organisations of all others, which have no place in the story: nobody watches or tests as a trader's employee."""


def make_people(session: Session, env: Env, *, firms: Mapping[str, UUID]) -> list[str]:
    """Make the people, with the organisations that have no place, and return their addresses.

    `firms` are the operators by place.
    """
    kept = hash_password(DEMO_PASSWORD)
    at_home = {role: firms[place] for role, place in PLACES.items()}
    for role, (uscc, name_zh, name_en) in ELSEWHERE.items():
        city = province_of(uscc)
        registered = parties.register_operator(
            session, env, uscc=uscc, name_zh=name_zh, name_en=name_en, city_zh=city.zh, city_en=city.en
        )
        at_home[role] = registered.operator_id
    made = []
    for role in Role:
        member = Member(
            role=role,
            operator_id=at_home[role],
            area=DEMO_AREA if role in NEEDS_AREA else None,
            manages=True,
        )
        person = make_person(
            session,
            env,
            email=f"{role.value}@demo.example",
            # In both languages: a name is one text for every reader.
            name=f"{PERSON_ROLE_WORDS[role].zh} {PERSON_ROLE_WORDS[role].en}",
            lang="zh",
            members=[member],
            made_by="demo",
            demo=True,
        )
        row = session.get_one(PersonRow, person.person_id)
        row.password_hash, row.password_at, row.state = kept, env.clock(), PersonState.ACTIVE.value
        session.add(row)
        made.append(person.email or "")
    session.flush()
    return made
