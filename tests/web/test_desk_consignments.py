"""The desk's pages of consignments: what was imported, what is missing, and taking an import back."""

import httpx
import pytest
from sqlalchemy import text

from coldtrace.events.statement_type import StatementType as T
from coldtrace.parties import store as parties_store
from coldtrace.parties.model import Operator, SiteRole
from coldtrace.rights.model import Member, Role
from support.call_scene import fresh_declaration
from support.consignments import Consignment
from support.house import GLNS, unit_line
from support.html_tree import read_page
from support.people import csrf_of, signed_in
from support.web_house import PAGE, WebHouse

CONSIGNMENTS = "/desk/consignments"
API = "/api/v1/consignments"


@pytest.fixture(scope="module")
def opened(shared: WebHouse) -> tuple[Consignment, str]:
    declaration = fresh_declaration()
    return shared.consignment(declaration=declaration, cartons=3), declaration


def read(web: WebHouse, path: str, lang: str = "en") -> httpx.Response:
    return web.client.get(path, headers=PAGE | {"Accept-Language": lang} | web.desk)


def rows(page: httpx.Response, section: str) -> list[str]:
    part = page.text.partition(f'aria-labelledby="{section}"')[2].partition("</section>")[0]
    return [node.attributes["data-id"] or "" for node in read_page(part).having("data-id")]


def api(web: WebHouse, path: str) -> dict[str, object]:
    answer = web.client.get(path, headers=web.bearer)
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_list_and_the_page_say_what_was_imported(
    shared: WebHouse, opened: tuple[Consignment, str], lang: str
) -> None:
    consignment, declaration = opened
    listed = read(shared, CONSIGNMENTS, lang)
    assert str(consignment.consignment_id) in rows(listed, "consignments")
    page = read(shared, f"{CONSIGNMENTS}/{consignment.consignment_id}", lang)
    assert page.status_code == 200
    assert declaration in page.text
    assert ("The importer declared this" in page.text) == (lang == "en")
    assert len(rows(page, "lots")) == 1
    assert rows(page, "runs") == [str(consignment.run_id)]
    assert rows(page, "pallets") == [each.label.unit_id for each in consignment.pallets]
    assert f'href="/desk/runs/{consignment.run_id}' in page.text


@pytest.mark.parametrize("sought", ["declaration", "its beginning", "lot", "container", "blanks around"])
def test_it_is_found_by_declaration_container_and_lot(
    shared: WebHouse, opened: tuple[Consignment, str], sought: str
) -> None:
    consignment, declaration = opened
    detail = api(shared, f"{API}/{consignment.consignment_id}")
    lots = detail["lots"]
    assert isinstance(lots, list)
    word = {
        "declaration": declaration,
        "its beginning": declaration[:17],
        "lot": lots[0]["maker_lot"],
        "container": str(detail["container"]).lower(),
        "blanks around": f"  {declaration} ",
    }[sought]
    page = shared.client.get(CONSIGNMENTS, params={"search": word}, headers=PAGE | shared.desk)
    assert str(consignment.consignment_id) in rows(page, "consignments")
    found = api(shared, f"{API}?search={word}")["consignments"]
    assert isinstance(found, list)
    assert str(consignment.consignment_id) in [each["consignment"] for each in found]


@pytest.mark.parametrize("sought", ["%", "_", "02022026_", "no such lot", "\\", "<b>"])
def test_what_is_not_there_is_not_found_and_the_page_says_what_to_do(shared: WebHouse, sought: str) -> None:
    page = shared.client.get(CONSIGNMENTS, params={"search": sought}, headers=PAGE | shared.desk)
    assert page.status_code == 200
    assert rows(page, "consignments") == []
    assert "Nothing was found" in page.text
    assert "<b>" not in page.text


def test_an_empty_desk_teaches(shared: WebHouse) -> None:
    firm = Operator(
        operator_id=shared.env.new_id(),
        uscc="91120116MA00000027",
        name_zh="新公司",
        name_en="New firm",
        city_zh="",
        city_en="",
    )
    with shared.sessions.begin() as session:
        parties_store.insert_operator(session, firm, at=shared.env.clock())
    importer = signed_in(shared, "nothing-yet@example.cn", Member(role=Role.IMPORTER, operator_id=firm.operator_id))
    assert "it is tried first and its faults are named" in importer.get(CONSIGNMENTS).text


def test_pages_of_the_list_follow_each_other(web: WebHouse) -> None:
    made = [str(web.consignment(cartons=1, declaration=fresh_declaration()).consignment_id) for _ in range(4)]
    seen: list[str] = []
    after = ""
    while True:
        page = api(web, f"{API}?limit=3{after}")
        part = page["consignments"]
        assert isinstance(part, list)
        seen += [each["consignment"] for each in part]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert seen == made[::-1]


def test_what_is_missing_shrinks_as_the_work_goes_on(web: WebHouse) -> None:
    made = web.consignment(cartons=2)
    path = f"{CONSIGNMENTS}/{made.consignment_id}"
    assert "2 cartons are not coded yet" in read(web, path).text
    with web.sessions.begin() as session:
        session.execute(text("UPDATE code_run SET drawn = 1 WHERE run_id = :id"), {"id": made.run_id})
    drawing = read(web, path)
    assert "1 of 3 drawn" in drawing.text
    assert "Codes are being drawn" in drawing.text
    with web.sessions.begin() as session:
        session.execute(text("UPDATE code_run SET drawn = wanted WHERE run_id = :id"), {"id": made.run_id})
    web.commission(made.pallets[0])
    done = read(web, path)
    assert "labels" not in rows(done, "todo")
    assert "2 / 2" in done.text


def test_customs_read_papers_and_neither_runs_nor_units(web: WebHouse) -> None:
    made = web.consignment(cartons=2)
    customs = signed_in(
        web,
        "customs@example.cn",
        Member(role=Role.CUSTOMS, operator_id=web.sites[SiteRole.FIRST_STATION].operator_id, area="12"),
    )
    customs.post("/desk/purpose", {"reason": "check", "document": ""}, on="/desk/purpose")
    page = customs.get(f"{CONSIGNMENTS}/{made.consignment_id}")
    assert page.status_code == 200, page.text
    assert rows(page, "runs") == []
    assert "You may not read code runs" in page.text
    assert "0 / 2" not in page.text
    assert f"{made.consignment_id}/undo" not in page.text


def test_an_import_is_undone_from_its_page_and_not_once_something_left(web: WebHouse) -> None:
    first, second = web.consignment(cartons=1), web.consignment(cartons=1, declaration=fresh_declaration())
    desk = web.desk

    def undo(made: Consignment) -> httpx.Response:
        path = f"{CONSIGNMENTS}/{made.consignment_id}"
        token = csrf_of(web.client.get(path, headers=PAGE | desk))
        return web.client.post(f"{path}/undo", data={"csrf": token}, headers=PAGE | desk)

    done = undo(first)
    assert done.status_code == 200
    assert "Import undone" in done.text
    assert f"{CONSIGNMENTS}/{first.consignment_id}/undo" not in done.text
    assert api(web, f"{API}/{first.consignment_id}")["state"] == "undone"
    web.commission(second.pallets[0])
    web.tell(SiteRole.FIRST_STATION, T.SHIP, [unit_line(second.pallets[0].label.unit_id)], to=GLNS[SiteRole.MARKET])
    refused = undo(second)
    assert refused.status_code == 409
    assert "can no longer be undone" in refused.text


def test_an_unknown_consignment_is_not_found(shared: WebHouse) -> None:
    never = "0199f3c1-0000-7000-8000-00000000dead"
    assert read(shared, f"{CONSIGNMENTS}/{never}").status_code == 404
    answer = shared.client.get(f"{API}/{never}", headers=shared.bearer)
    assert (answer.status_code, answer.json()["code"]) == (404, "consignment_unknown")
