"""The inbox of cases: filters in the address, clocks, many at once, and giving a case to somebody."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from coldtrace.custody.model import CaseKind
from coldtrace.events.statement_type import StatementType as T
from coldtrace.journal.model import Record
from coldtrace.parties.model import SiteRole
from coldtrace.people import tokens
from coldtrace.rights.model import EVERYTHING, Member, Role
from coldtrace.watch.cases import LIVE, Wanted, list_cases
from coldtrace.watch.scans import AskedScan, answer_scan
from support.consignments import commission_line, facts_of
from support.house import GLNS, unit_line
from support.journal import records
from support.people import Visitor, make_somebody, signed_in, visitor
from support.web_house import WebHouse

PORT, STORE, TRADER, MARKET, SHOP = GLNS.values()
_numbers = iter(range(600_000, 700_000))
_people = iter(range(1, 1000))
ROWS = re.compile(r'<tr data-id="([0-9a-f-]{36})">')


def gap(web: WebHouse) -> str:
    """Have the cold store receive a box that nobody sent; return the case's id."""
    (code,) = web.consignment(cartons=1, declaration=f"020220261{next(_numbers):09}").pallets[0].cartons
    web.tell(SiteRole.FIRST_STATION, T.COMMISSION, [commission_line(code)], facts=facts_of(code))
    device = web.device(SiteRole.COLD_STORE)
    web.send(device, [device.say(T.RECEIVE, [unit_line(code.unit_id)])])
    found = web.client.get(f"/api/v1/cases?kind=gap&site={STORE}", headers=web.bearer).json()["cases"]
    return str(next(each["id"] for each in found if each["units"] == [code.unit_id]))


def odd_scan(web: WebHouse) -> str:
    """Have the store's desk scan something that nothing reads: a case that a word may close."""
    asked = AskedScan(text=f"https://qr.example/{next(_numbers)}", by="tests", scope=EVERYTHING, gln=STORE)
    with web.sessions.begin() as session:
        found = answer_scan(session, web.env, asked)
    return str(found.case)


def at_store(web: WebHouse, role: Role = Role.COLD_STORE, **limits: Any) -> Member:
    return Member(role=role, operator_id=web.sites[SiteRole.COLD_STORE].operator_id, **limits)


def worker(web: WebHouse, *members: Member) -> Visitor:
    return signed_in(web, f"inbox-{next(_people)}@example.cn", *(members or (at_store(web, manages=True),)))


def rows(page: Any, section: str = "cases") -> list[str]:
    found = re.findall(rf'aria-labelledby="{section}".*?</section>', page.text, flags=re.DOTALL)
    return ROWS.findall(found[0]) if found else []


def later(web: WebHouse, case: str, *, hours: float) -> None:
    """Have a case been opened some hours earlier."""
    with web.sessions.begin() as session:
        for table in ("case_file", "case_party"):
            session.execute(
                text(f"UPDATE {table} SET opened_at = opened_at - make_interval(secs => :s) WHERE case_id = :id"),
                {"s": hours * 3600, "id": UUID(case)},
            )


def test_filters_stand_in_the_address_and_clocks_are_told(web: WebHouse) -> None:
    fresh, soon, late, other = gap(web), gap(web), gap(web), odd_scan(web)
    later(web, soon, hours=20)
    later(web, late, hours=30)
    desk = worker(web)
    page = desk.get("/desk/cases")
    assert set(rows(page)) == {fresh, soon, late, other}
    assert re.search(r'tag--stop">overdue by 5 h|tag--stop">overdue by 6 h', page.text)
    assert re.search(r'tag--look">[34] h left', page.text)
    assert set(rows(desk.get("/desk/cases?kind=gap"))) == {fresh, soon, late}
    assert rows(desk.get("/desk/cases?due=overdue")) == [late]
    # A day's clock of the fresh ones ends within 24 hours too.
    assert rows(desk.get("/desk/cases?due=soon&kind=unknown_code")) == [other]
    assert rows(desk.get("/desk/cases?show=closed")) == []
    assert rows(desk.get("/desk/cases?mine=yes")) == []
    odd = desk.get("/desk/cases?show=nonsense&kind=nonsense&due=nonsense&mine=no")
    assert (odd.status_code, len(rows(odd))) == (200, 4)
    assert 'value="gap" selected' in desk.get("/desk/cases?kind=gap").text
    asked = web.client.get("/api/v1/cases?due_in_h=4", headers=web.bearer).json()["cases"]
    assert {each["id"] for each in asked} == {late, soon}
    assert "checked" not in page.text
    assert desk.get("/desk/cases?chosen=all").text.count(" checked>") == 4


def test_many_are_taken_and_closed_each_by_itself(web: WebHouse) -> None:
    one, two, word = gap(web), gap(web), odd_scan(web)
    desk = worker(web)
    before = len(records(web))
    fields = {f"case.{each}": "yes" for each in (one, two, word)}
    page = desk.post("/desk/cases", {"do": "take"} | fields, on="/desk/cases")
    assert page.status_code == 200, page.text
    assert set(rows(page, "results")) == {one, two, word}
    assert "3 in all: 3 done, 0 left as they were." in page.text
    assert set(rows(desk.get("/desk/cases?mine=yes&show=taken"))) == {one, two, word}
    (record,) = [each for each in new_records(web, before) if each.act == "change"]
    assert all(each in record.detail for each in (one, two, word))
    assert '"does":"take"' in record.detail

    page = desk.post("/desk/cases", {"do": "explain.test_scan"} | fields, on="/desk/cases")
    assert "3 in all: 1 done, 2 left as they were." in page.text
    assert "is not closed" in page.text or "test_scan" in page.text
    assert set(rows(desk.get("/desk/cases"))) == {one, two}
    assert rows(desk.get("/desk/cases?show=closed")) == [word]
    record = [each for each in new_records(web, before) if each.act == "change"][-1]
    assert (record.act, word in record.detail, one in record.detail) == ("change", True, False)


def new_records(web: WebHouse, before: int) -> list[Record]:
    return records(web)[before:]


def test_many_are_settled_by_one_statement(web: WebHouse) -> None:
    case, other = gap(web), gap(web)
    box = web.client.get(f"/api/v1/cases/{case}", headers=web.bearer).json()["units"][0]
    device = web.device(SiteRole.COLD_STORE)
    said = device.say(T.OBSERVE, [unit_line(box)])
    web.send(device, [said])
    statement = re.search(r'"id":"([0-9a-f-]{36})"', said.header)
    assert statement is not None
    desk = worker(web)
    fields = {"do": "resolve", "statement": statement[1], f"case.{case}": "yes", f"case.{other}": "yes"}
    page = desk.post("/desk/cases", fields, on="/desk/cases")
    assert "2 in all: 1 done, 1 left as they were." in page.text
    assert rows(desk.get("/desk/cases")) == [other]
    bad = desk.post("/desk/cases", fields | {"statement": "x"}, on="/desk/cases")
    assert (bad.status_code, "does not settle" in bad.text) == (422, True)


def test_nothing_chosen_says_so_and_nothing_is_recorded(web: WebHouse) -> None:
    gap(web)
    desk = worker(web)
    before = len(records(web))
    for fields in ({"do": "take"}, {"do": "take", "case.x": "yes"}):
        page = desk.post("/desk/cases", fields, on="/account")
        assert (page.status_code, "No case was chosen" in page.text) == (422, True)
    assert new_records(web, before) == []


def test_a_case_is_given_to_a_colleague_who_may_work_on_it(web: WebHouse) -> None:
    case, more = gap(web), gap(web)
    boss = worker(web)
    email = f"colleague-{next(_people)}@example.cn"
    colleague = make_somebody(web, email, at_store(web), name="王芳")
    shopkeeper = make_somebody(web, f"s{email}", at_store(web, Role.RETAILER, sites=frozenset({SHOP})), name="小店")
    stranger = make_somebody(web, f"x{email}", name="路人")
    page = boss.get(f"/desk/cases/{case}")
    assert "王芳" in page.text
    assert "路人" not in page.text
    given = boss.post(f"/desk/cases/{case}/assign", {"person": str(colleague)}, on=f"/desk/cases/{case}")
    assert (given.status_code, "Worked on by" in given.text) == (200, True)
    assert "王芳" in boss.get("/desk/cases?show=taken").text
    (record,) = [each for each in records(web) if each.act == "assign"]
    assert (record.object, str(colleague) in record.detail) == (case, True)

    unfit = boss.post(f"/desk/cases/{case}/assign", {"person": str(shopkeeper)}, on=f"/desk/cases/{case}")
    assert (unfit.status_code, "no right to work on the case" in unfit.text) == (409, True)
    for person in (str(stranger), "nonsense", ""):
        unknown = boss.post(f"/desk/cases/{case}/assign", {"person": person}, on=f"/desk/cases/{case}")
        assert unknown.status_code == 404
    page = boss.post(
        "/desk/cases", {"do": f"assign.{colleague}", f"case.{more}": "yes", f"case.{case}": "yes"}, on="/desk/cases"
    )
    assert "2 in all: 2 done" in page.text
    mine = signed_in_again(web, email)
    assert set(rows(mine.get("/desk/cases?mine=yes"))) == {case, more}
    # A colleague who manages nobody reads no names, and gives a case to nobody.
    plain = worker(web, at_store(web))
    shown = plain.get(f"/desk/cases/{case}")
    assert ("王芳" in shown.text, "a colleague" in shown.text) == (False, True)
    refused = plain.post(f"/desk/cases/{case}/assign", {"person": str(colleague)}, on=f"/desk/cases/{case}")
    assert refused.status_code == 404


def signed_in_again(web: WebHouse, email: str) -> Visitor:
    browser = visitor(web)
    browser.sign_in(email)
    return browser


def test_the_api_gives_cases_to_people_too(web: WebHouse) -> None:
    case, more = gap(web), gap(web)
    colleague = make_somebody(web, f"api-{next(_people)}@example.cn", at_store(web), name="王芳")
    answer = web.post_json(f"/api/v1/cases/{case}/assign", {"person": str(colleague)}, web.bearer)
    assert (answer.status_code, answer.json()["state"]) == (200, "taken")
    body = {"person": str(colleague), "cases": [case, more]}
    answer = web.post_json("/api/v1/cases/assign", body, web.bearer)
    assert [each["code"] for each in answer.json()["results"]] == [None, None]
    with web.sessions.begin() as session:
        narrow = tokens.make_token(session, web.env, name="narrow", life=None, members=[at_store(web)])
    headers = {"Authorization": f"Bearer {narrow}"}
    refused = web.post_json(f"/api/v1/cases/{case}/assign", {"person": str(colleague)}, headers)
    assert (refused.status_code, refused.json()["code"]) == (404, "person_unknown")


def test_a_case_is_handed_over_on_its_page(web: WebHouse) -> None:
    case = gap(web)
    desk = worker(web)
    wrong = desk.post(f"/desk/cases/{case}/hand-over", {"organisation": "nobody"}, on=f"/desk/cases/{case}")
    assert wrong.status_code == 422
    uscc = web.client.get(f"/api/v1/cases/{case}", headers=web.bearer).json()["organisation"]
    assert (
        desk.post(f"/desk/cases/{case}/hand-over", {"organisation": uscc}, on=f"/desk/cases/{case}").status_code == 200
    )


@pytest.mark.parametrize("kind", list(CaseKind))
def test_every_kind_can_be_asked_for(shared: WebHouse, kind: CaseKind) -> None:
    with shared.sessions() as session:
        now = shared.env.clock()
        wanted = Wanted(states=LIVE, kind=kind, overdue_at=now + timedelta(hours=24))
        assert list_cases(session, EVERYTHING, after=None, limit=5, wanted=wanted) == []
