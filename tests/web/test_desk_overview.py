"""The overview for oversight over HTTP: figures and their formula, a code's history, exports and what for."""

import csv
import io
import re

import pytest

from coldtrace.parties.model import SiteRole
from coldtrace.rights.model import Member, Role
from support.house import GLNS
from support.journal import records
from support.people import Visitor, signed_in
from support.web_house import WebHouse

PORT, STORE, TRADER, MARKET, SHOP = GLNS.values()
_people = iter(range(1, 1000))


def officer(web: WebHouse, area: str = "12", **more: bool) -> Visitor:
    member = Member(role=Role.REGULATOR, operator_id=web.sites[SiteRole.MARKET].operator_id, area=area, **more)  # type: ignore[arg-type]
    return signed_in(web, f"officer-{next(_people)}@example.cn", member)


def say_what_for(desk: Visitor, reason: str = "日常监管") -> None:
    assert (
        desk.post("/desk/purpose", {"reason": reason, "next": "/desk/overview"}, on="/desk/purpose").status_code < 400
    )


@pytest.fixture(scope="module")
def house(shared: WebHouse) -> WebHouse:
    pallet = shared.consignment(cartons=2).pallets[0]
    shared.walk(pallet)
    return shared


def carton(web: WebHouse) -> str:
    with web.engine.connect() as connection:
        found = connection.exec_driver_sql(
            "SELECT u.unit_id FROM unit u JOIN issued_code i USING (unit_id) ORDER BY u.unit_id LIMIT 1"
        )
        return str(found.scalar_one())


def test_an_officer_says_what_for_and_sees_the_figures_of_the_area(house: WebHouse) -> None:
    desk = officer(house)
    assert desk.get("/desk/overview").status_code in (303, 400)
    say_what_for(desk)
    page = desk.get("/desk/overview")
    assert page.status_code == 200, page.text
    assert "Quality = 40 x told within 24 h / statements" in page.text
    assert "Consignments with a scanned box" in page.text
    assert "100.0 %" in page.text
    assert desk.get("/desk/overview?days=7").status_code == 200
    assert desk.get("/desk/overview?days=0").status_code == 422
    far = officer(house, area="44")
    say_what_for(far)
    assert "no data" in far.get("/desk/overview").text


def test_the_api_gives_the_same_figures(house: WebHouse) -> None:
    told = house.client.get("/api/v1/oversight?days=7", headers=house.bearer).json()
    assert told["statements"] > 0
    assert told["consignments"] == told["coded"] == 1
    assert sum(each["statements"] for each in told["hours"]) == told["statements"]
    firms = house.client.get("/api/v1/oversight/operators?days=7&limit=1", headers=house.bearer).json()
    assert "Quality = 40" in firms["formula"]["en"]
    found = list(firms["operators"])
    while firms["next"] is not None:
        address = f"/api/v1/oversight/operators?days=7&limit=1&after={firms['next']}"
        firms = house.client.get(address, headers=house.bearer).json()
        found += firms["operators"]
    assert sum(each["statements"] for each in found) == told["statements"]
    assert all(each["quality"] is None or 0 <= each["quality"] <= 100 for each in found)


def test_data_quality_leaves_as_a_file_once_it_is_said_what_for(
    house: WebHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All organisations, pages of them too, and no cell that calculates."""
    monkeypatch.setattr("coldtrace.labels.csv_rows._RUNS_AS_FORMULA", re.compile("[A-Z]"))  # every name does
    monkeypatch.setattr("coldtrace.watch.oversight.PAGE_MAX", 1)
    address = "/api/v1/oversight/operators.csv?days=7"
    assert house.client.get(address, headers=house.bearer).json()["code"] == "purpose_required"
    answer = house.client.get(address, headers=house.bearer | {"Coldtrace-Purpose": "monthly"})
    assert answer.headers["content-disposition"] == 'attachment; filename="data-quality.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    told = house.client.get("/api/v1/oversight/operators?days=7", headers=house.bearer).json()["operators"]
    assert len(rows) >= 1
    assert [row["uscc"] for row in rows] == sorted(row["uscc"] for row in rows)
    assert sum(int(row["statements"]) for row in rows) > 0
    assert {row["uscc"] for row in rows} >= {each["uscc"] for each in told}
    assert all(row["name_en"].startswith("'") for row in rows), "each cell goes through what makes it safe"
    desk = officer(house, manages=True)
    assert desk.get("/desk/overview/quality.csv").is_redirect
    say_what_for(desk)
    assert desk.get("/desk/overview/quality.csv?days=7").text.count("\r\n") == len(rows) + 1


def test_a_code_has_its_history_and_an_export_is_disclosed(house: WebHouse) -> None:
    desk = officer(house, manages=True)
    say_what_for(desk, "抽查 第12号")
    unit = carton(house)
    page = desk.get(f"/desk/history?code={unit.replace('/', '%2F')}")
    assert page.status_code == 200, page.text
    assert unit in page.text
    assert "Download all evidence" in page.text
    before = len(records(house))
    file = desk.get(f"/desk/history/evidence.csv?unit={unit.replace('/', '%2F')}")
    assert (file.status_code, file.headers["content-type"].partition(";")[0]) == (200, "text/csv")
    (record,) = records(house)[before:]
    assert (record.act, record.object, record.purpose) == ("export", unit, "抽查 第12号")
    shown = desk.get("/desk/overview").text
    assert "Exports and disclosures" in shown
    assert "抽查 第12号" in shown
    only = desk.get("/desk/journal?act=export").text
    assert ("抽查 第12号" in only, "Only exports" in only, "All records" in only) == (True, False, True)


def test_what_one_may_not_see_is_answered_as_what_does_not_exist(house: WebHouse) -> None:
    far = officer(house, area="44")
    say_what_for(far)
    unit = carton(house)
    before = len(records(house))
    hidden = far.get(f"/desk/history?code={unit.replace('/', '%2F')}")
    absent = far.get(f"/desk/history?code={unit[:-3].replace('/', '%2F')}zzz")
    assert (hidden.status_code, absent.status_code) == (404, 404)
    assert far.get(f"/desk/history/evidence.csv?unit={unit.replace('/', '%2F')}").status_code == 404
    assert records(house)[before:] == []
    nonsense = far.get("/desk/history?code=%3Cscript%3Ealert(1)%3C/script%3E")
    assert (nonsense.status_code, "<script>alert" in nonsense.text) == (404, False)


def test_an_export_takes_a_purpose_of_a_firm_too(house: WebHouse) -> None:
    store = Member(role=Role.COLD_STORE, operator_id=house.sites[SiteRole.COLD_STORE].operator_id)
    desk = signed_in(house, f"store-{next(_people)}@example.cn", store)
    unit = carton(house).replace("/", "%2F")
    assert desk.get("/desk/overview").status_code == 200
    refused = desk.get(f"/desk/history/evidence.csv?unit={unit}")
    assert refused.status_code in (303, 400)


def test_a_units_page_and_its_history_tell_one_story(house: WebHouse) -> None:
    desk = officer(house)
    say_what_for(desk, "one story")
    unit = carton(house).replace("/", "%2F")

    def story(path: str) -> str:
        return desk.get(path).text.partition('id="unit"')[2].partition("</main>")[0].replace(path, "")

    told = story(f"/desk/units/{unit}")
    assert "What was said of it" in told
    assert told == story(f"/desk/history?code={unit}")
