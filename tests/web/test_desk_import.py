"""The desk's import: a workbook is tried, its faults told, its columns taught, and exactly the tried bytes imported."""

import io
import re
from hashlib import sha256
from pathlib import Path
from time import monotonic, sleep

import httpx
import openpyxl
import pytest
from sqlalchemy import text

from coldtrace.goods.plan import Identity
from coldtrace.interop.trials import KEPT_MAX, Trial, forget_trials, keep_trial
from coldtrace.rights.model import Member, Role
from support.call_scene import SAMPLE, Request, as_form, with_token
from support.html_tree import read_page
from support.people import Visitor, csrf_of, signed_in
from support.web_house import PAGE, WebHouse

IMPORT = "/desk/consignments/import"
WITH_ERRORS = (Path(__file__).resolve().parents[1] / "data" / "packing-list-a-with-errors.xlsx").read_bytes()
FOREIGN = ["Palette", "Warenbezeichnung", "Losnummer", "Herstellung", "Haltbar bis", "Kartons", "Netto", "Preis"]
MEANT = ["pallet", "product", "lot", "production_date", "expiry_date", "cartons", "net", "ignored"]


def foreign() -> bytes:
    """Return a workbook of ours whose table is in a language that the vocabulary has not."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    block = [
        ("报关单号", "020220261000000999"),
        ("集装箱号", "CSQU3054383"),
        ("境内收货人 统一社会信用代码", "91120116MA05TE5T1N"),
        ("入境货物检验检疫证明编号", "1200001261118"),
        ("境外生产企业注册编号", "CBRA01012201010001"),
    ]
    for row in block:
        sheet.append(row)
    sheet.append(FOREIGN)
    sheet.append(["P1", "Rinderbrust", "L-1", "2026-09-03", "2028-09-03", 10, 200, 7])
    sheet.append(["P2", "Rinderbrust", "L-1", "2026-09-03", "2028-09-03", 10, 200, 7])
    out = io.BytesIO()
    book.save(out)
    book.close()
    return out.getvalue()


@pytest.fixture
def clerk(web: WebHouse) -> Visitor:
    operator_id = next(iter(web.sites.values())).operator_id
    return signed_in(web, "clerk@example.cn", Member(role=Role.FIRST_STATION, operator_id=operator_id))


def send(clerk: Visitor, request: Request, lang: str = "en") -> httpx.Response:
    signed = with_token(request, csrf_of(clerk.get(IMPORT)))
    headers = PAGE | {"Accept-Language": lang} | signed.headers
    return clerk.client.post(signed.path, content=signed.body, headers=headers)


def press(clerk: Visitor, path: str, **fields: str) -> httpx.Response:
    return clerk.post(path, fields, on=IMPORT)


def counted(web: WebHouse, table: str) -> int:
    with web.sessions() as session:
        return int(session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def test_a_good_list_is_tried_then_imported_once_and_its_codes_are_drawn(web: WebHouse, clerk: Visitor) -> None:
    tried = send(clerk, as_form(IMPORT, SAMPLE))
    assert tried.status_code == 200, tried.text
    assert "nothing is imported yet" in tried.text
    assert "1,200" in tried.text
    assert counted(web, "consignment") == 0
    hash_hex = sha256(SAMPLE).hexdigest()
    assert f'value="{hash_hex}"' in tried.text

    first = press(clerk, f"{IMPORT}/confirm", file=hash_hex)
    assert first.status_code == 303, first.text
    where = first.headers["location"]
    until = monotonic() + 120
    while "Codes drawn" not in (page := clerk.get(where)).text:
        assert monotonic() < until
        assert 'http-equiv="refresh"' in page.text
        sleep(0.2)
    assert "1,224 / 1,224" in page.text
    assert 'http-equiv="refresh"' not in page.text
    again = press(clerk, f"{IMPORT}/confirm", file=hash_hex)
    assert (again.status_code, again.headers["location"]) == (303, where)
    assert counted(web, "consignment") == 1
    with web.sessions() as session:
        kept = session.execute(text("SELECT source_hash FROM consignment")).scalar_one()
    assert bytes(kept) == sha256(SAMPLE).digest()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_faults_stand_in_a_table_and_in_a_copy(web: WebHouse, clerk: Visitor, lang: str) -> None:
    tried = send(clerk, as_form(IMPORT, WITH_ERRORS), lang)
    assert tried.status_code == 422
    tree = read_page(tried.text)
    faults = [node for node in tree.having("data-id") if (node.attributes["data-id"] or "").startswith("errors-")]
    assert len(faults) >= 8
    assert "/confirm" not in tried.text
    assert ("工作表" in tried.text) == (lang == "zh")
    found = re.search(r'href="(/desk/consignments/import/annotated\?file=[0-9a-f]{64})', tried.text)
    assert found is not None
    copy = clerk.get(found[1])
    assert copy.headers["content-disposition"] == 'attachment; filename="annotated.xlsx"'
    assert copy.headers["x-content-type-options"] == "nosniff"
    book = openpyxl.load_workbook(io.BytesIO(copy.content))
    assert any(name.startswith("错误汇总") for name in book.sheetnames)
    book.close()
    refused = press(clerk, f"{IMPORT}/confirm", file=sha256(WITH_ERRORS).hexdigest())
    assert refused.status_code == 422
    assert counted(web, "consignment") == 0


def test_a_brokers_headings_are_taught_once_and_known_afterwards(web: WebHouse, clerk: Visitor) -> None:
    data = foreign()
    tried = send(clerk, as_form(IMPORT, data, broker="Kühlhaus"))
    assert tried.status_code == 422
    numbers = dict(re.findall(r'name="heading\.(\d+)" value="([^"]*)"', tried.text))
    assert set(FOREIGN) <= set(numbers.values())
    meant = dict(zip(FOREIGN, MEANT, strict=True))
    fields = {f"heading.{number}": heading for number, heading in numbers.items()}
    fields |= {f"field.{number}": meant.get(heading, "") for number, heading in numbers.items()}
    taught = press(clerk, f"{IMPORT}/columns", file=sha256(data).hexdigest(), broker=" Kühlhaus ", **fields)
    assert taught.status_code == 200, taught.text
    assert "nothing is imported yet" in taught.text
    done = press(clerk, f"{IMPORT}/confirm", file=sha256(data).hexdigest())
    assert done.status_code == 303, done.text
    # Of another broker's file nothing is assumed; of this one's everything.
    assert send(clerk, as_form(IMPORT, data)).status_code == 422
    assert send(clerk, as_form(IMPORT, data, broker="Kühlhaus")).status_code == 200
    assert "Kühlhaus" in clerk.get(IMPORT).text


def test_the_api_teaches_the_same(web: WebHouse) -> None:
    uscc = web.client.get("/api/v1/organisations", headers=web.bearer).json()["organisations"][0]["uscc"]
    path, body = "/api/v1/imports/columns", {"broker": "B", "organisation": uscc}
    columns = dict(zip(FOREIGN, MEANT, strict=True))
    put = web.client.put(path, json=body | {"columns": columns}, headers=web.bearer)
    assert put.status_code == 200, put.text
    assert put.json()["columns"]["losnummer"] == "lot"
    got = web.client.get(path, params=body, headers=web.bearer)
    assert got.json() == put.json()
    less = web.client.put(path, json=body | {"columns": {"Losnummer": ""}}, headers=web.bearer)
    assert "losnummer" not in less.json()["columns"]
    wrong = web.client.put(path, json=body | {"columns": {"x": "no_field"}}, headers=web.bearer)
    assert (wrong.status_code, wrong.json()["where"]) == (422, "columns.x")
    nobody = web.client.put(path, json={"broker": "B", "columns": {}}, headers=web.bearer)
    assert (nobody.status_code, nobody.json()["code"]) == (404, "organisation_unknown")


def test_what_one_person_tried_another_does_not_import(web: WebHouse, clerk: Visitor) -> None:
    send(clerk, as_form(IMPORT, SAMPLE))
    operator_id = next(iter(web.sites.values())).operator_id
    other = signed_in(web, "other@example.cn", Member(role=Role.FIRST_STATION, operator_id=operator_id))
    hash_hex = sha256(SAMPLE).hexdigest()
    for answer in (
        press(other, f"{IMPORT}/confirm", file=hash_hex),
        press(other, f"{IMPORT}/confirm", file="no hash"),
        other.get(f"{IMPORT}/annotated?file={hash_hex}"),
        other.get(f"{IMPORT}/annotated?file=../../etc/passwd"),
    ):
        assert (answer.status_code, "have not tried this file" in answer.text) == (404, True)
    assert counted(web, "consignment") == 0


def test_a_trial_is_forgotten(web: WebHouse, clerk: Visitor) -> None:
    send(clerk, as_form(IMPORT, SAMPLE))
    assert counted(web, "import_trial") == 1
    with web.sessions.begin() as session:
        assert forget_trials(session, before=web.env.clock()) == 1
    assert press(clerk, f"{IMPORT}/confirm", file=sha256(SAMPLE).hexdigest()).status_code == 404


def test_of_one_person_the_newest_trials_stay(web: WebHouse) -> None:
    names = [str(number) for number in range(KEPT_MAX + 3)]
    for name in names:
        trial = Trial(name=name, data=name.encode(), station_gln=None, carton_identity=Identity.OWN, broker="")
        for by in ("person:a", "person:b"):
            with web.sessions.begin() as session:
                keep_trial(session, web.env, trial, by=by)
    with web.sessions() as session:
        kept = session.execute(text("SELECT name FROM import_trial WHERE made_by = 'person:a'")).scalars()
    assert set(kept) == set(names[3:])


@pytest.mark.parametrize(
    ("data", "status"), [(b"", 422), (b"%PDF-1.7", 422), (SAMPLE[:4000], 422)], ids=["empty", "a pdf", "cut off"]
)
def test_what_is_no_workbook_is_said_on_the_form(web: WebHouse, clerk: Visitor, data: bytes, status: int) -> None:
    answer = send(clerk, as_form(IMPORT, data))
    assert answer.status_code == status
    assert 'type="file"' in answer.text
    assert counted(web, "import_trial") == 0


def test_a_huge_file_and_a_broken_form_are_refused(web: WebHouse, clerk: Visitor) -> None:
    huge = send(clerk, as_form(IMPORT, b"x" * (web.settings.body_limit_bytes + 1)))
    assert huge.status_code == 413
    signed = with_token(as_form(IMPORT, SAMPLE), csrf_of(clerk.get(IMPORT)))
    for body in (signed.body[:-10], b"--x", signed.body.replace(b"form-data; name", b"form-data; nom", 1)):
        cut = clerk.client.post(IMPORT, content=body, headers=PAGE | signed.headers)
        assert cut.status_code in (400, 403), cut.text
    many = b"".join(
        f'--a-boundary-of-our-own\r\nContent-Disposition: form-data; name="n{n}"\r\n\r\nx\r\n'.encode()
        for n in range(90)
    )
    flood = clerk.client.post(IMPORT, content=many + signed.body, headers=PAGE | signed.headers)
    assert flood.status_code == 400
