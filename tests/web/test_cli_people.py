"""`coldtrace admin` and `coldtrace tokens`: links, passwords, roles, and what is refused."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from coldtrace.cli.installation import open_installation
from coldtrace.clock import now, parse_utc
from coldtrace.parties.model import SiteRole
from coldtrace.parties.refusals import TokenRefused
from coldtrace.people.persons import LinkPurpose, choose_password, person_of_link
from coldtrace.people.refusals import LinkRefused
from coldtrace.people.tokens import make_token, recognise_token
from coldtrace.rights.model import Kind, Reader, Role, Verb
from coldtrace.rights.rules import permits
from coldtrace.settings import load_settings
from support.command_line import Run
from support.house import GLNS

USCC, NEW_USCC = "91120116MA05TE5T1N", "91440300MA5EXAMP0C"
CREATE = ("admin", "create", "--email", "li.na@example.cn", "--name", "李娜", "--organisation", USCC)
PASSWORD = "drei kalte Kisten"


def secret_of(link: str) -> str:
    found = re.fullmatch(r"https?://[^/]+/(invitation|reset)/([A-Za-z0-9_-]+)", link)
    assert found is not None, link
    return found[2]


def query(sql: str) -> list[Any]:
    with open_installation(load_settings()) as installation, installation.sessions() as session:
        return [tuple(row) for row in session.execute(text(sql))]


def reader_of(token: str) -> Reader:
    with open_installation(load_settings()) as installation, installation.sessions() as session:
        return recognise_token(session, installation.env, token, production=True).reader


def test_an_administrator_is_made_with_a_link(port: Run) -> None:
    made = port(*CREATE, "--json")
    assert made.status == 0, made.err
    assert (made.json["email"], made.json["role"]) == ("li.na@example.cn", "administrator")
    first = secret_of(made.json["link"])
    again = port(*CREATE, "--json")
    second = secret_of(again.json["link"])
    assert query("SELECT email, state FROM person") == [("li.na@example.cn", "invited")]
    assert query("SELECT role, manages FROM membership WHERE person_id IS NOT NULL") == [("administrator", True)]
    with open_installation(load_settings()) as installation, installation.sessions.begin() as session:
        env, purpose = installation.env, LinkPurpose.INVITATION
        with pytest.raises(LinkRefused):
            person_of_link(session, env, first, purpose)
        choose_password(session, env, secret=second, purpose=purpose, password=PASSWORD)
    known = port(*CREATE, "--json")
    assert (known.status, "link" in known.json) == (0, False), "whoever has a password keeps it"
    reset = port("admin", "link", "--email", "LI.NA@example.cn", "--json")
    assert "/reset/" in reset.json["link"]
    left = parse_utc(reset.json["good_until"]) - now()
    assert timedelta(minutes=50) < left <= timedelta(hours=1)
    acts = query("SELECT act FROM journal_record WHERE kind = 'person' ORDER BY at")
    assert [act for (act,) in acts] == ["make", "make", "make", "link"]


def test_an_administrator_is_made_with_a_password_from_a_file(port: Run, tmp_path: Path) -> None:
    file = tmp_path / "password.txt"
    file.write_text(PASSWORD + "\n", encoding="utf-8")
    made = port(*CREATE, "--password-file", file, "--json")
    assert (made.status, "link" in made.json) == (0, False), made.err
    assert PASSWORD not in made.out + made.err
    assert query("SELECT state FROM person") == [("active",)]
    with open_installation(load_settings()) as installation, installation.sessions() as session:
        kept = session.execute(text("SELECT password_hash FROM person")).scalar_one()
    assert kept.startswith("$argon2id$")


def test_a_bad_password_or_file_makes_nobody(port: Run, tmp_path: Path) -> None:
    file = tmp_path / "password.txt"
    file.write_text("short", encoding="utf-8")
    weak = port(*CREATE, "--password-file", file, "--json")
    assert (weak.status != 0, weak.json["code"]) == (True, "weak_password")
    missing = port(*CREATE, "--password-file", tmp_path / "none", "--json")
    assert missing.status != 0
    assert query("SELECT email FROM person") == []


def test_an_administrator_of_a_new_organisation(port: Run) -> None:
    arguments = [NEW_USCC if each == USCC else each for each in CREATE]
    refused = port(*arguments, "--json")
    assert (refused.status != 0, refused.json["code"]) == (True, "nothing_to_do")
    assert port(*arguments, "--firm-zh", "平台", "--firm-en", "Platform", "--json").status == 0
    assert query(f"SELECT name_en FROM operator WHERE uscc = '{NEW_USCC}'") == [("Platform",)]


def test_nobody_has_no_link(port: Run) -> None:
    refused = port("admin", "link", "--email", "nobody@example.cn", "--json")
    assert (refused.status != 0, refused.json["code"]) == (True, "person_unknown")


def test_a_token_of_a_role_at_a_site_with_some_rights(port: Run) -> None:
    gln = GLNS[SiteRole.FIRST_STATION]
    made = port(
        "tokens", "new", "--name", "ERP", "--role", "first_station", "--organisation", USCC, "--site", gln,
        "--right", "run:read", "--right", "unit:read", "--json",
    )  # fmt: skip
    assert made.status == 0, made.err
    reader = reader_of(made.json["token"])
    (member,) = reader.members
    assert (member.role, member.sites, member.manages) == (Role.FIRST_STATION, frozenset({gln}), False)
    assert reader.narrowed == {"run:read", "unit:read"}
    assert permits(reader, Kind.RUN, Verb.READ)
    assert not permits(reader, Kind.RUN, Verb.WRITE)


def test_a_token_of_an_area(port: Run) -> None:
    made = port("tokens", "new", "--name", "x", "--role", "regulator", "--organisation", USCC, "--area", "12", "--json")
    assert made.status == 0, made.err
    (member,) = reader_of(made.json["token"]).members
    assert (member.role, member.area, member.sites) == (Role.REGULATOR, "12", None)


def test_a_token_of_the_platform(port: Run) -> None:
    made = port("tokens", "new", "--name", "keeper", "--days", "7", "--manages", "--json")
    (member,) = reader_of(made.json["token"]).members
    assert (member.role, member.operator_id) == (Role.ADMINISTRATOR, None)
    assert (made.json["days"], made.json["role"]) == (7, "administrator")


def test_tokens_are_listed_and_ended(port: Run) -> None:
    kept, ended = (
        port("tokens", "new", "--name", name, "--role", "market", "--organisation", USCC, "--right", "unit:read",
             "--json").json["token"]
        for name in ("kept", "ended")
    )  # fmt: skip
    listed = {each["name"]: each for each in port("tokens", "list", "--json").json["tokens"]}
    assert kept not in str(listed)
    assert (listed["ended"]["role"], listed["ended"]["organisation"]) == (["market"], [USCC])
    assert (listed["ended"]["rights"], listed["ended"]["last_used_at"]) == (["unit:read"], None)
    assert "ended" in port("tokens", "list").out
    done = port("tokens", "withdraw", listed["ended"]["id"], "--json")
    assert (done.status, done.json["state"]) == (0, "withdrawn")
    assert [each["name"] for each in port("tokens", "list", "--json").json["tokens"]] == ["kept"]
    with pytest.raises(TokenRefused):
        reader_of(ended)
    assert reader_of(kept).members
    for again in (listed["ended"]["id"], "nonsense"):
        refused = port("tokens", "withdraw", again, "--json")
        assert (refused.status, refused.json["code"]) == (1, "token_unknown")
    acts = query("SELECT act, object FROM journal_record WHERE kind = 'token' ORDER BY at")
    assert acts[-1] == ("withdraw", listed["ended"]["id"])
    assert [act for act, _ in acts] == ["make", "make", "withdraw"]


def test_a_persons_own_token_is_listed_and_ended(port: Run) -> None:
    port(*CREATE, "--json")
    with open_installation(load_settings()) as installation, installation.sessions.begin() as session:
        person_id = session.execute(text("SELECT person_id FROM person")).scalar_one()
        make_token(session, installation.env, name="own", life=None, person_id=person_id)
    assert port("tokens", "list", "--json").json["tokens"] == []
    own = ("--person", "li.na@example.cn")
    (found,) = port("tokens", "list", *own, "--json").json["tokens"]
    assert (found["name"], found["rights"], found["role"]) == ("own", None, [])
    assert port("tokens", "withdraw", found["id"], "--json").json["code"] == "token_unknown"
    assert port("tokens", "withdraw", found["id"], *own).status == 0
    assert port("tokens", "list", *own, "--json").json["tokens"] == []
    assert port("tokens", "list", "--person", "nobody@example.cn", "--json").json["code"] == "person_unknown"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--role", "market"), "nothing_to_do"),
        (("--role", "market", "--organisation", NEW_USCC), "organisation_unknown"),
        (("--role", "market", "--organisation", USCC, "--site", "9521234000990"), "grant_refused"),
        (("--role", "market", "--organisation", USCC, "--area", "12"), "grant_refused"),
        (("--role", "regulator", "--organisation", USCC), "grant_refused"),
        (("--role", "market", "--organisation", USCC, "--right", "unit:eat"), "right_unusable"),
        (
            ("--role", "market", "--organisation", USCC, "--right", "unit:read", "--right", "run:write"),
            "right_unusable",
        ),
        (("--role", "market", "--organisation", USCC, "--right", "device:write"), "right_unusable"),
        (("--right", "unit:eat"), "right_unusable"),
        (("--right", "unit:read"), "right_unusable"),
        (("--site", "9521234000990"), "grant_refused"),
        (("--area", "12"), "grant_refused"),
    ],
)
def test_tokens_that_make_no_sense(port: Run, arguments: tuple[str, ...], code: str) -> None:
    refused = port("tokens", "new", "--name", "x", *arguments, "--json")
    assert (refused.status != 0, refused.json["code"]) == (True, code)
    assert query("SELECT name FROM api_token WHERE name = 'x'") == []


# Closing


def test_an_account_is_closed_reopened_and_loses_its_second_step(port: Run, tmp_path: Path) -> None:
    file = tmp_path / "password.txt"
    file.write_text(PASSWORD + "\n", encoding="utf-8")
    assert port(*CREATE, "--password-file", file).status == 0
    last = port("people", "close", "li.na@example.cn", "--json")
    assert (last.status, last.json["code"]) == (1, "last_administrator")
    other = ("admin", "create", "--email", "wang@example.cn", "--name", "王", "--organisation", USCC)
    assert port(*other, "--password-file", file).status == 0
    for verb, state in (("close", "closed"), ("close", "closed"), ("reopen", "active")):
        done = port("people", verb, "LI.NA@example.cn", "--json")
        assert (done.status, done.json["state"]) == (0, state), done.err
    none = port("people", "remove-second-step", "li.na@example.cn", "--json")
    assert (none.status, none.json["code"]) == (1, "no_second_step")
    with open_installation(load_settings()) as installation, installation.sessions.begin() as session:
        session.execute(text("UPDATE person SET totp_secret = '-', totp_confirmed_at = created_at"))
    assert port("people", "remove-second-step", "li.na@example.cn").status == 0
    assert query("SELECT count(*) FROM person WHERE totp_confirmed_at IS NOT NULL") == [(1,)], "of nobody else"
    acts = query("SELECT act FROM journal_record WHERE kind = 'account' ORDER BY at")
    assert [act for (act,) in acts] == ["close", "close", "reopen", "remove_second_step"]


@pytest.mark.parametrize("which", [("--site", GLNS[SiteRole.FIRST_STATION]), ("--organisation", USCC)])
def test_a_place_or_a_firm_is_closed_and_reopened(port: Run, which: tuple[str, str]) -> None:
    site = GLNS[SiteRole.FIRST_STATION]
    assert port("sites", "close", *which).status == 0
    refused = port("devices", "invite", "--site", site, "--json")
    assert (refused.status, refused.json["code"]) == (1, "site_closed")
    assert port("sites", "reopen", *which).status == 0
    assert port("devices", "invite", "--site", site).status == 0
    told = query("SELECT act, cardinality(subjects) FROM journal_record WHERE act IN ('close', 'reopen') ORDER BY at")
    assert told == [("close", 1), ("reopen", 1)], "whose it is"
    unknown = port("sites", "close", "--organisation", NEW_USCC, "--json")
    assert (unknown.status, unknown.json["code"]) == (1, "organisation_unknown")
