"""Code runs over HTTP: how far they are, what waits for them, what a quota refuses."""

from typing import Any

import httpx
import pytest
from sqlalchemy import text

from coldtrace.goods.draw import CHUNK
from coldtrace.parties.model import SiteRole
from support.call_scene import as_form
from support.house import GLNS
from support.packing_sheets import BLOCK_ZH, workbook
from support.web_house import WebHouse

RUNS = "/api/v1/runs"
NOBODY = "00000000-0000-7000-8000-000000000000"
PORT = GLNS[SiteRole.FIRST_STATION]
CARTONS = CHUNK + 500


def get(web: WebHouse, path: str, **headers: str) -> httpx.Response:
    return web.client.get(path, headers=web.bearer | headers)


def large(declaration: str = "020220261000000777", gtin: str | None = "19521234543210") -> bytes:
    header = ("托盘号", "品名", "GTIN", "批号", "生产日期", "保质期", "箱数", "净重(kg)")
    line = ("P01", "冻牛腩", gtin, "L2409A17", "2026-09-03", "24个月", CARTONS, CARTONS * 20)
    return workbook({"装箱单": [("报关单号", declaration), *BLOCK_ZH[1:], (), header, line]})


def post(web: WebHouse, data: bytes, query: str = "") -> httpx.Response:
    request = as_form(f"/api/v1/imports{query}", data)
    return web.client.post(request.path, content=request.body, headers=request.headers | web.bearer)


def test_an_import_answers_when_all_is_drawn(web: WebHouse) -> None:
    answer = post(web, large())
    assert answer.status_code == 201, answer.text
    run = get(web, f"{RUNS}/{answer.json()['run']}").json()
    assert (run["drawn"], run["wanted"], run["state"]) == (CARTONS + 1, CARTONS + 1, "drawn")
    assert (run["station"], run["kind"], run["consignment"]) == (PORT, "consignment", answer.json()["consignment"])


def test_an_import_that_broke_off_goes_on_with_the_same_file(web: WebHouse) -> None:
    """The first answer never came: only its first piece was committed."""
    data = large()
    made = post(web, data).json()
    with web.engine.begin() as connection:
        connection.execute(text("DELETE FROM issued_code WHERE position > :n"), {"n": CHUNK})
        connection.execute(text("UPDATE code_run SET drawn = :n"), {"n": CHUNK})
    run = get(web, f"{RUNS}/{made['run']}").json()
    assert (run["drawn"], run["state"]) == (CHUNK, "drawing")
    assert [each["run"] for each in get(web, f"{RUNS}?unfinished=true").json()["runs"]] == [made["run"]]
    waiting = get(web, f"{RUNS}/{made['run']}/labels")
    assert (waiting.status_code, waiting.json()["code"]) == (409, "run_unfinished")
    assert (waiting.json()["drawn"], waiting.json()["wanted"]) == (CHUNK, CARTONS + 1)

    other = post(web, large(gtin="09521234543213"))
    assert (other.status_code, other.json()["code"]) == (409, "declaration_imported")
    again = post(web, data)
    assert (again.status_code, again.json()["run"]) == (201, made["run"])
    with web.engine.connect() as connection:
        places = connection.execute(text("SELECT count(DISTINCT position) FROM issued_code")).scalar_one()
    assert places == CARTONS + 1


def test_runs_come_in_pages(web: WebHouse) -> None:
    made = [str(web.consignment(cartons=1, declaration=f"02022026100000010{number}").run_id) for number in range(3)]
    first = get(web, f"{RUNS}?limit=2").json()
    assert [run["run"] for run in first["runs"]] == made[:0:-1]
    second = get(web, f"{RUNS}?limit=2&after={first['next']}").json()
    assert ([run["run"] for run in second["runs"]], second["next"]) == (made[:1], None)


def test_a_quota_is_429_with_its_numbers_and_keeps_nothing(web: WebHouse) -> None:
    with web.engine.begin() as connection:
        connection.execute(text("UPDATE site SET codes_per_day = 100 WHERE gln = :g"), {"g": PORT})
    answer = post(web, large())
    facts: dict[str, Any] = answer.json()
    assert (answer.status_code, facts["code"]) == (429, "code_quota_spent")
    assert (facts["quota"], facts["drawn"], facts["wanted"]) == (100, 0, CARTONS + 1)
    assert get(web, RUNS).json()["runs"] == []


def test_cartons_without_a_gtin_may_be_given_ssccs(web: WebHouse) -> None:
    answer = post(web, large(gtin=None), "?carton_identity=sscc")
    assert answer.status_code == 201, answer.text
    with web.engine.connect() as connection:
        kinds = connection.execute(
            text("SELECT left(unit_id, 5) AS sort, count(*) AS n FROM issued_code GROUP BY 1 ORDER BY 1")
        ).all()
    assert [tuple(kind) for kind in kinds] == [("(00)3", 1), ("(00)4", CARTONS)]
    assert post(web, large(gtin=None), "?carton_identity=gtin").status_code == 422


@pytest.mark.parametrize(("path", "status"), [(f"{RUNS}/{NOBODY}", 404), (f"{RUNS}/7", 422), (f"{RUNS}?limit=0", 422)])
def test_runs_that_are_none(shared: WebHouse, path: str, status: int) -> None:
    assert get(shared, path).status_code == status
    assert shared.client.get(path).status_code == 401
