"""Complaints over the real road: from a code's page to the receipt, the office, the publication; limits; erasure."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from itertools import count
from urllib.parse import quote
from uuid import UUID

import httpx
import pytest
from PIL import Image
from sqlalchemy import text

from coldtrace.parties.model import SiteRole
from coldtrace.rights.model import Member, Role
from coldtrace.watch import complaint_work, complaints
from coldtrace.watch.complaint_counts import forget_counts
from coldtrace.watch.complaint_refusals import TooManyUnproven
from coldtrace.watch.complaint_rules import ComplaintLimits
from support.boxes import World, make_world
from support.complaints import CONTACT, DAYS, SAID, SHOP, WORKING, new_complaint, picture
from support.databases import Databases
from support.people import Visitor, signed_in, visitor
from support.web_house import PAGE, WebHouse, web_house
from support.whole_database import everything

SHOP_DISTRICT, ELSEWHERE = "120101", "310000"
TOLD = (SAID, SHOP, CONTACT)
_agents = count(1)


@pytest.fixture(scope="module")
def shared(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebHouse]:
    """All consumers of this file complain from one address; what one network may say is in test_complaint_floods."""
    limits = {"network_code": 20, "network_unproven": 20}
    with web_house(databases, tmp_path_factory.mktemp("web"), complaint_limits=limits) as made:
        yield made


@pytest.fixture(scope="module")
def world(shared: WebHouse) -> World:
    return make_world(shared)


@pytest.fixture(scope="module")
def office(shared: WebHouse) -> Visitor:
    """The regulator of Heping, at the desk."""
    firm = shared.sites[SiteRole.MARKET].operator_id
    officer = signed_in(shared, "office@example.cn", Member(role=Role.REGULATOR, operator_id=firm, area=SHOP_DISTRICT))
    answer = officer.post("/desk/purpose", {"reason": "投诉核查", "next": "/desk/complaints"}, on="/desk/purpose")
    assert answer.status_code == 303, answer.text
    return officer


def form_of(page: httpx.Response) -> dict[str, str]:
    """Return the hidden fields of the form."""
    return {
        name: unescape(value)
        for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text)
    }


def send(client: httpx.Client, fields: dict[str, str], photo: bytes = b"", agent: str = "") -> httpx.Response:
    """Send the form as a browser does, by another visitor each time unless one is named."""
    files = [(name, (None, value)) for name, value in fields.items()]
    files.append(("photo", ("p.jpg", photo, "image/jpeg")))  # type: ignore[arg-type]
    headers = PAGE | {"User-Agent": agent or f"browser {next(_agents)}"}
    return client.post("/complaints", files=files, headers=headers)


def complain(world: World, code: str, photo: bytes = b"", **fields: str) -> str:
    """Complain of a code from its page; return the address of the receipt."""
    client = world.web.client
    page = client.get(f"/complain?code={quote(world.web.path(code), safe='')}", headers=PAGE)
    assert page.status_code == 200, page.text
    usual = {"subject": "spoiled", "said": SAID, "district": SHOP_DISTRICT, "shop": SHOP, "contact": CONTACT}
    answer = send(client, form_of(page) | usual | fields, photo)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def id_of(world: World, address: str) -> str:
    receipt = address.rsplit("/", 1)[1].replace("-", "")[:12]
    with world.web.engine.connect() as connection:
        return str(
            connection.execute(
                text("SELECT complaint_id FROM complaint WHERE receipt = :receipt"), {"receipt": receipt}
            ).scalar_one()
        )


def test_from_the_box_to_the_result_and_its_publication(world: World, office: Visitor) -> None:
    client = world.web.client
    box = client.get(world.web.path(world.sold), headers=PAGE).text
    (link,) = re.findall(r'href="(/complain\?code=[^"]+)"', box)
    form = client.get(unescape(link), headers=PAGE)
    assert "Frozen boneless beef brisket" in form.text
    assert f'<option value="{SHOP_DISTRICT}" selected>Tianjin, Heping District (by the record)' in form.text
    exif = Image.Exif()
    exif[0x010F] = "PHONE OF HAN MEIMEI"
    address = complain(world, world.sold, picture((300, 200), exif=exif))
    assert re.fullmatch(r"/complaints/[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]", address)

    status = client.get(address, headers=PAGE)
    assert 'data-state="received"' in status.text
    assert status.headers["cache-control"] == "no-store"
    assert "Market regulator of Tianjin, Heping District" in status.text
    assert not any(told in status.text for told in TOLD)

    id = id_of(world, address)
    desk = f"/desk/complaints/{id}"
    listed = office.get("/desk/complaints").text
    assert f'data-id="{id}"' in listed
    assert SAID not in listed
    one = office.get(desk).text
    assert all(told in one for told in TOLD)
    photo = office.client.get(f"{desk}/photo")
    assert photo.headers["content-type"] == "image/jpeg"
    with Image.open(io.BytesIO(photo.content)) as seen:
        assert (seen.size, dict(seen.getexif())) == ((300, 200), {})

    assert office.post(f"{desk}/accept", {}, on=desk).status_code == 200
    assert 'data-state="accepted"' in client.get(address, headers=PAGE).text
    assert office.post(f"{desk}/begin", {}, on=desk).status_code == 200
    closing = {"outcome": "settled", "answer": "已退款。\r\n同批货物已下架。", "publish": "yes", "publish_as": " "}
    missing = office.post(f"{desk}/close", closing, on=desk)
    assert missing.status_code == 422
    assert "names the firm complained about" in missing.text
    firm = "=和平路鲜品店"
    assert office.post(f"{desk}/close", closing | {"publish_as": firm}, on=desk).status_code == 200
    assert office.post(f"{desk}/accept", {}, on=desk).status_code == 409
    closed = client.get(address, headers=PAGE).text
    assert 'data-state="closed"' in closed
    assert "Both sides agreed" in closed
    assert "同批货物已下架。" in closed

    # The firm has some days to object.
    assert firm not in client.get("/complaints", headers=PAGE).text
    world.web.clock.next += timedelta(days=8)
    page = client.get("/complaints", headers=PAGE).text
    for shown in (firm, "Spoiled, or it smells", "Frozen boneless beef brisket", "Tianjin, Heping District"):
        assert shown in page
    (row,) = client.get("/api/v1/complaints/published").json()["complaints"]
    assert (row["firm"], row["subject"], row["district"], row["outcome"]) == (firm, "spoiled", "120101", "settled")
    exported = client.get("/api/v1/complaints/published.csv")
    assert exported.headers["content-type"] == "text/csv; charset=utf-8"
    (line,) = csv.DictReader(io.StringIO(exported.content.decode("utf-8-sig")))
    assert (line["firm"], line["outcome_zh"]) == (f"'{firm}", "调解成功")
    # Nothing leads from what is published to whoever complained.
    for public in (page, exported.text, str(row)):
        assert not any(told in public for told in (*TOLD, id, address.rsplit("/", 1)[1], "已退款", world.sold))

    world.web.clock.next -= timedelta(days=8)
    assert office.post(f"{desk}/unpublish", {"reason": "not_in_good_faith"}, on=desk).status_code == 200
    assert office.post(f"{desk}/close", closing, on=desk).status_code == 409
    world.web.clock.next += timedelta(days=8)
    assert firm not in client.get("/complaints", headers=PAGE).text
    assert client.get("/api/v1/complaints/published").json()["complaints"] == []
    world.web.clock.next -= timedelta(days=8)


def test_nothing_of_a_complainant_is_in_the_journal_or_the_log_and_the_contact_is_sealed(
    world: World, office: Visitor
) -> None:
    address = complain(world, world.sold)
    office.get(f"/desk/complaints/{id_of(world, address)}")
    with world.web.engine.connect() as connection:
        for table in ("journal_record", "ledger_entry"):
            kept = str(connection.execute(text(f"SELECT * FROM {table}")).all())
            assert not any(told in kept for told in TOLD), table
        assert CONTACT not in everything(connection)
    client = world.web.client
    assert "Erase how to reach me" in client.get(address, headers=PAGE).text
    assert client.post(f"{address}/erase-contact", headers=PAGE).status_code == 303
    assert "Erase how to reach me" not in client.get(address, headers=PAGE).text
    assert CONTACT not in office.get(f"/desk/complaints/{id_of(world, address)}").text


def test_it_goes_to_the_office_of_the_place_that_was_named(world: World, office: Visitor) -> None:
    here, there = (id_of(world, complain(world, world.shelf, district=each)) for each in (SHOP_DISTRICT, ELSEWHERE))
    assert office.get(f"/desk/complaints/{here}").status_code == 200
    assert office.get(f"/desk/complaints/{there}").status_code == 404
    with world.web.engine.connect() as connection:
        found = connection.execute(
            text("SELECT CAST(complaint_id AS text) AS id, gln FROM complaint WHERE complaint_id = ANY(:ids)"),
            {"ids": [UUID(here), UUID(there)]},
        )
        rows = {row.id: row.gln for row in found}
    # The record's place counts only where the consumer says so too.
    assert rows == {here: world.web.sites[SiteRole.RETAILER].gln, there: None}


def test_a_complaint_in_nobodys_area_is_seen_by_whoever_has_the_whole_country(web: WebHouse) -> None:
    with web.sessions.begin() as session:
        for district in (SHOP_DISTRICT, ELSEWHERE):
            new = new_complaint(web.env, district=district)
            complaint_work.submit(session, web.env, new, days=DAYS, limits=ComplaintLimits(), working=WORKING)
        assert complaints.count_unseen(session) == 2, "nobody is a regulator yet"
    firm = web.sites[SiteRole.MARKET].operator_id

    def regulator(area: str) -> Visitor:
        who = signed_in(web, f"a{area}@example.cn", Member(role=Role.REGULATOR, operator_id=firm, area=area))
        who.post("/desk/purpose", {"reason": "投诉核查", "next": "/desk/complaints"}, on="/desk/purpose")
        return who

    def unseen() -> int:
        with web.sessions() as session:
            return complaints.count_unseen(session)

    heping = regulator(SHOP_DISTRICT)
    assert unseen() == 1
    country = regulator("")
    assert unseen() == 0
    own, whole = heping.get("/desk/complaints").text, country.get("/desk/complaints").text
    assert (own.count("data-id="), own.count("in nobody&#39;s area")) == (1, 0)
    assert (whole.count("data-id="), whole.count("(in nobody&#39;s area)")) == (2, 1)
    assert "show=unassigned" in whole
    assert "show=unassigned" not in own
    assert country.get("/desk/complaints?show=unassigned").text.count("data-id=") == 1
    assert heping.get("/desk/complaints?show=unassigned").text.count("data-id=") == 0
    headers = web.bearer | {"Coldtrace-Purpose": "check"}
    (row,) = web.client.get("/api/v1/complaints?unassigned=true", headers=headers).json()["complaints"]
    assert (row["district"], row["unassigned"]) == (ELSEWHERE, True)
    # It is theirs to handle; and once somebody has the province, it is that office's.
    desk = f"/desk/complaints/{row['id']}"
    assert country.post(f"{desk}/accept", {}, on=desk).status_code == 200
    shanghai = regulator("31")
    assert shanghai.get("/desk/complaints").text.count("data-id=") == 1
    assert web.client.get("/api/v1/complaints?unassigned=true", headers=headers).json()["complaints"] == []
    with web.engine.begin() as connection:
        connection.execute(text("UPDATE person SET state = 'closed' WHERE email <> 'a120101@example.cn'"))
    assert unseen() == 1


def test_a_refusal_and_an_overdue_clock_are_told(world: World, office: Visitor) -> None:
    address = complain(world, world.shelf)
    id = id_of(world, address)
    client, desk = world.web.client, f"/desk/complaints/{id}"
    assert "data-overdue" not in client.get(address, headers=PAGE).text
    world.web.clock.next += timedelta(days=14)
    assert "data-overdue" in client.get(address, headers=PAGE).text
    world.web.clock.next -= timedelta(days=14)
    assert office.post(f"{desk}/refuse", {"reason": "told_too_little"}, on=desk).status_code == 200
    told = client.get(address, headers=PAGE).text
    assert 'data-state="not_accepted"' in told
    assert "Too little was told" in told
    wrong = office.post(f"{desk}/refuse", {"reason": "because"}, on=desk)
    assert wrong.status_code == 422


def test_what_is_wrong_is_said_on_the_form_with_all_that_was_entered(world: World) -> None:
    client = world.web.client
    page = client.get("/complain", headers=PAGE)
    fields = form_of(page) | {"code": "made <up>", "subject": "", "said": SAID, "district": "999999", "shop": SHOP}
    answer = send(client, fields)
    assert answer.status_code == 422
    assert answer.text.count('aria-invalid="true"') == 2
    assert SAID in answer.text
    assert SHOP in answer.text
    assert "made &lt;up&gt;" in answer.text
    assert form_of(answer)["form"] == form_of(page)["form"]
    good = fields | {"subject": "label_doubt", "district": ELSEWHERE}
    for photo, status, words in (
        (b"%PDF-1.7", 422, "no photo that can be read"),
        (bytes(world.web.settings.complaint_photo_bytes + 1), 413, "at most 12 MB"),
    ):
        refused = send(client, good, photo)
        assert (refused.status_code, words in refused.text) == (status, True)
        assert SAID in refused.text
    assert send(client, good).status_code == 303
    huge = send(client, good, bytes(world.web.settings.complaint_photo_bytes * 2))
    assert huge.status_code == 413
    assert send(client, good | {"form": "x"}).status_code == 400
    plain = client.post("/complaints", data=good, headers=PAGE)
    assert plain.status_code == 415


def test_the_same_form_twice_is_one_complaint(world: World) -> None:
    client = world.web.client
    fields = form_of(client.get("/complain", headers=PAGE)) | {
        "subject": "spoiled",
        "said": SAID,
        "district": ELSEWHERE,
    }
    first, second = (send(client, fields) for _ in range(2))
    assert first.headers["location"] == second.headers["location"]


def test_another_sites_form_is_refused(world: World) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"} | PAGE
    answer = world.web.client.post("/complaints", files=[("form", (None, "x"))], headers=headers)
    assert answer.status_code == 403


def test_a_receipt_number_is_read_as_people_write_it_and_a_wrong_one_is_said_to_be_wrong(world: World) -> None:
    client = world.web.client
    address = complain(world, world.shelf)
    number = address.rsplit("/", 1)[1]
    found = client.get("/complaints", params={"receipt": f" {number.lower().replace('-', ' ')} "}, headers=PAGE)
    assert (found.status_code, found.headers["location"]) == (303, address)
    for wrong in ("7QK4-M2ZX-9RTB-5", number[:-1] + ("0" if number[-1] != "0" else "1"), "x"):
        answer = client.get(f"/complaints/{wrong}", headers=PAGE)
        assert answer.status_code == 404
        assert "no complaint with the receipt number" in answer.text
    assert client.get("/complaints/x", headers={"Accept": "application/json"}).json()["code"] == "receipt_unknown"


@pytest.mark.parametrize("which", ["recalled", "unknown", "pallet", "place", "short"])
def test_every_kind_of_code_leads_to_the_form(world: World, which: str) -> None:
    client, web = world.web.client, world.web
    carton = world.consignment.pallets[0].cartons[0]
    codes = {
        "pallet": web.path(world.pallet),
        "place": web.path(web.place_code(web.station)),
        "unknown": f"{web.path(world.sold)[:-4]}AAAA",
        "recalled": web.path(world.sold),
        "short": "",
    }
    if which == "short":
        page = client.get("/complain", params={"code": carton.serial}, headers=PAGE).text
        assert "Frozen boneless beef brisket" not in page, "a serial without its check character is not a short code"
        return
    shown = client.get(codes[which], headers=PAGE).text
    if which == "place":
        # Nothing is sold there.
        assert "/complain?code=" not in shown
    else:
        (link,) = re.findall(r'href="(/complain\?code=[^"]+)"', shown)
        form = client.get(unescape(link), headers=PAGE).text
        assert ("does not verify here" in form) == (which == "unknown")


def test_the_office_reads_by_the_api_what_its_area_reaches(world: World) -> None:
    id = id_of(world, complain(world, world.sold))
    headers = world.web.bearer | {"Coldtrace-Purpose": "check"}
    one = world.web.client.get(f"/api/v1/complaints/{id}", headers=headers).json()
    assert (one["said"], one["shop"], one["contact"], one["cases"]) == (SAID, SHOP, CONTACT, [])
    (listed,) = [
        each
        for each in world.web.client.get("/api/v1/complaints", headers=headers).json()["complaints"]
        if each["id"] == id
    ]
    assert not {"said", "shop", "contact"} & set(listed)
    assert listed["unit"] == one["unit"] is not None
    base = f"/api/v1/complaints/{id}"
    assert world.web.post_json(f"{base}/close", {"outcome": "settled", "answer": "x"}, headers).status_code == 409
    accepted = world.web.post_json(f"{base}/accept", {}, headers).json()
    assert accepted["state"] == "accepted"
    assert accepted["due_at"] > listed["due_at"]
    closed = world.web.post_json(f"{base}/close", {"outcome": "no_breach_found", "answer": "x"}, headers).json()
    assert (closed["state"], closed["published_as"], closed["due_at"]) == ("closed", None, None)
    assert world.web.post_json(f"{base}/unpublish", {"reason": "published_in_error"}, headers).status_code == 409


def test_pages_of_the_list_and_of_the_publication_go_on_where_they_stopped(world: World) -> None:
    for _ in range(3):
        complain(world, world.shelf)
    headers = world.web.bearer | {"Coldtrace-Purpose": "check"}
    client = world.web.client
    whole = [each["id"] for each in client.get("/api/v1/complaints", headers=headers).json()["complaints"]]
    seen, after = [], ""
    while True:
        page = client.get(f"/api/v1/complaints?limit=2{after}", headers=headers).json()
        seen += [each["id"] for each in page["complaints"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert seen == whole
    assert len(seen) >= 3


def test_a_visitor_a_code_and_the_unproven_are_limited_by_the_day(databases: Databases, tmp_path_factory) -> None:  # type: ignore[no-untyped-def]
    limits = {"visitor": 2, "code": 3, "unproven": 1, "network_code": 100}
    with web_house(databases, tmp_path_factory.mktemp("web"), complaint_limits=limits) as web:
        world = make_world(web)
        base = {"subject": "spoiled", "said": SAID, "district": ELSEWHERE}

        def sent(code: str, agent: str) -> httpx.Response:
            page = web.client.get("/complain", params={"code": code}, headers=PAGE)
            return send(web.client, base | {"code": code} | form_of(page), agent=agent)

        sold, shelf = web.path(world.sold), web.path(world.shelf)
        assert [sent(sold, "a").status_code for _ in range(3)] == [303, 303, 429]
        refused = sent(shelf, "a")
        assert "2 complaints came from you today" in refused.text
        assert SAID in refused.text
        assert sent(sold, "b").status_code == 303
        refused = sent(sold, "c")
        assert (refused.status_code, "3 complaints about this code" in refused.text) == (429, True)
        # What was refused did not count.
        assert [sent(shelf, "c").status_code for _ in range(3)] == [303, 303, 429]
        assert sent("made up", "d").status_code == 303
        assert "without a genuine code" in sent("made up too", "e").text
        with web.engine.connect() as connection:
            kept = connection.execute(text("SELECT count(*) FROM complaint")).scalar_one()
        assert kept == 6
        web.clock.next += timedelta(days=1)
        assert sent(sold, "a").status_code == 303
        with web.sessions.begin() as session:
            forget_counts(session, before=web.clock.next.date())
            left = session.execute(text("SELECT count(DISTINCT day) FROM complaint_count")).scalar_one()
        assert left == 1


def test_what_complainants_told_is_erased_when_its_time_is_over(web: WebHouse) -> None:
    with web.sessions.begin() as session:
        ids = []
        for _ in range(2):
            new = new_complaint(web.env)
            complaint_work.submit(session, web.env, new, days=DAYS, limits=ComplaintLimits(), working=WORKING)
        ids = list(session.execute(text("SELECT complaint_id FROM complaint ORDER BY received_at")).scalars())
        session.execute(
            text(
                "UPDATE complaint SET state = 'not_accepted', due_at = NULL, decided_at = received_at,"
                " not_accepted = 'same_again' WHERE complaint_id = :id"
            ),
            {"id": ids[0]},
        )
    later = web.clock.next + timedelta(days=1)
    with web.sessions.begin() as session:
        assert complaint_work.erase_old(session, web.env, before=later) == 1
        assert complaint_work.erase_old(session, web.env, before=later) == 0
        rows = session.execute(
            text("SELECT said, shop, contact IS NULL, erased_at IS NULL FROM complaint ORDER BY received_at")
        ).all()
        photos = session.execute(text("SELECT complaint_id FROM complaint_photo")).scalars().all()
    assert [tuple(row) for row in rows] == [("", "", True, False), (SAID, SHOP, False, True)]
    assert photos == [ids[1]]


def test_an_unproven_code_stands_for_itself_alone(web: WebHouse) -> None:
    with web.sessions.begin() as session:
        limits = ComplaintLimits(unproven=1)
        complaint_work.submit(
            session, web.env, new_complaint(web.env, proven=None), days=DAYS, limits=limits, working=WORKING
        )
        with pytest.raises(TooManyUnproven):
            complaint_work.submit(
                session, web.env, new_complaint(web.env, proven=None), days=DAYS, limits=limits, working=WORKING
            )


def test_the_form_tells_nothing_of_a_box_that_is_not_bound(world: World) -> None:
    page = world.web.client.get("/complain", params={"code": world.web.path(world.blank)}, headers=PAGE)
    assert page.status_code == 200
    assert "Frozen boneless beef brisket" not in page.text
    assert "(by the record)" not in page.text


def test_a_fresh_browser_needs_no_cookie(world: World) -> None:
    fresh = visitor(world.web)
    page = fresh.get("/complain")
    assert (page.status_code, page.cookies) == (200, httpx.Cookies())
