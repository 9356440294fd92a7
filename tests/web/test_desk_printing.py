"""Labels from the desk: sent to a printer, printed again, voided; rolls drawn and bound.  All by forms, no scripts."""

import re
import time
from collections.abc import Iterator
from itertools import count
from uuid import UUID

import pytest

from coldtrace.codes.short_code import format_short_code
from coldtrace.goods import store
from coldtrace.goods.store import IssuedCode
from coldtrace.parties.model import SiteRole
from coldtrace.rights.model import Member, Role
from coldtrace.settings import Printer
from support.call_scene import fresh_declaration
from support.consignments import LOT
from support.html_tree import read_page
from support.people import Visitor, signed_in
from support.tcp_printer import TcpPrinter, tcp_printer
from support.web_house import WebHouse

PATIENCE_S = 60
_numbers = count(1)


@pytest.fixture
def printer(shared: WebHouse) -> Iterator[TcpPrinter]:
    with tcp_printer() as made:
        state = shared.app.state
        state.settings = shared.settings.model_copy(
            update={"printers": (Printer(name="dock1", host="127.0.0.1", port=made.port),), "printer_patience_s": 5}
        )
        yield made
        state.settings = shared.settings


@pytest.fixture(scope="module")
def keeper(shared: WebHouse) -> Visitor:
    station = shared.sites[SiteRole.FIRST_STATION].operator_id
    member = Member(role=Role.FIRST_STATION, operator_id=station)
    return signed_in(shared, f"labels-{next(_numbers)}@example.cn", member)


def opened(web: WebHouse) -> tuple[UUID, list[IssuedCode]]:
    run_id = web.consignment(declaration=fresh_declaration()).run_id
    return run_id, codes_of(web, run_id)


def codes_of(web: WebHouse, run_id: UUID) -> list[IssuedCode]:
    with web.sessions() as session:
        return list(store.codes_of_run(session, run_id))


def status_of(page: str) -> str | None:
    return read_page(page).all("body")[0].attributes["data-status"]


def wait_for_job(keeper: Visitor, run_id: UUID, *, state: str = "done") -> str:
    deadline = time.monotonic() + PATIENCE_S
    while f'data-job="{state}"' not in (page := keeper.get(f"/desk/runs/{run_id}").text):
        assert time.monotonic() < deadline, page
        time.sleep(0.05)
    return page


def test_a_run_is_sent_to_a_printer_from_its_page(shared: WebHouse, keeper: Visitor, printer: TcpPrinter) -> None:
    run_id, codes = opened(shared)
    page = f"/desk/runs/{run_id}"
    form = keeper.get(page).text
    assert f"this run has {len(codes)} labels to print" in form
    assert '<option value="dock1"' in form
    fields = {"printer": "dock1", "layout": "60x40", "position": ""}
    unread = keeper.post(f"{page}/print", fields, on=page)
    assert (unread.status_code, status_of(unread.text)) == (422, "refused")
    assert "tick the box" in unread.text
    assert printer.jobs == []

    sent = keeper.post(f"{page}/print", fields | {"confirm": "yes"}, on=page)
    assert (sent.status_code, sent.headers["location"]) == (303, page), "the page keeps up by itself, under its address"
    done = wait_for_job(keeper, run_id)
    printer.wait()
    assert len(printer.labels) == len(codes)
    assert f"{len(codes)} / {len(codes)}" in done
    assert "dock1" in done

    again = keeper.post(f"{page}/print", fields | {"confirm": "yes"}, on=page)
    assert again.status_code == 409
    assert "give the number to begin at" in again.text
    assert "coldtrace labels" not in again.text, "options of the command line help nobody here"
    last = fields | {"confirm": "yes", "position": str(len(codes))}
    assert keeper.post(f"{page}/print", last, on=page).status_code == 303
    deadline = time.monotonic() + PATIENCE_S
    while len(printer.labels) < len(codes) + 1:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    wait_for_job(keeper, run_id)


def test_a_spoiled_label_is_printed_again_by_its_short_code(
    shared: WebHouse, keeper: Visitor, printer: TcpPrinter
) -> None:
    run_id, codes = opened(shared)
    page = f"/desk/runs/{run_id}"
    spoiled = next(code for code in codes if code.serial is not None)
    assert spoiled.serial is not None
    fields = {"codes": format_short_code(spoiled.serial), "reason": "wet", "layout": "60x40", "printer": "dock1"}
    answer = keeper.post(f"{page}/reprint", fields, on=page)
    assert answer.status_code == 200, answer.text
    assert "Sent to the printer" in answer.text
    printer.wait()
    assert len(printer.labels) == 1
    assert codes_of(shared, run_id) == codes, "one box, one code"
    log = shared.client.get(f"/api/v1/labels/reprints?run={run_id}", headers=shared.bearer).json()["reprints"]
    assert [(each["unit"], each["reason"]) for each in log] == [(spoiled.unit_id, "wet")]

    file = keeper.post(f"{page}/reprint", fields | {"printer": "download"}, on=page)
    assert (file.headers["content-type"], file.content[:5]) == ("application/pdf", b"%PDF-")
    assert "attachment" in file.headers["content-disposition"]
    wordless = keeper.post(f"{page}/reprint", fields | {"reason": " "}, on=page)
    assert wordless.status_code == 422
    assert fields["codes"] in wordless.text, "what was entered stands there again"


def test_a_label_of_another_run_is_neither_printed_nor_voided_here(shared: WebHouse, keeper: Visitor) -> None:
    run_id, codes = opened(shared)
    _, others = opened(shared)
    page = f"/desk/runs/{run_id}"
    for what in ("reprint", "void"):
        fields = {"codes": f"{codes[0].uri}\n{others[0].uri}", "reason": "torn", "layout": "60x40"}
        answer = keeper.post(f"{page}/{what}", fields, on=page)
        assert answer.status_code == 422, what
        assert "a label of another code run" in answer.text
    log = shared.client.get(f"/api/v1/labels/reprints?run={run_id}", headers=shared.bearer).json()
    assert log["reprints"] == []
    jobs = shared.client.get(f"/api/v1/runs/{run_id}/jobs", headers=shared.bearer).json()
    assert jobs["void"]["count"] == 0, "all of them or none"


def test_lost_labels_are_voided_and_left_out_of_printing(
    shared: WebHouse, keeper: Visitor, printer: TcpPrinter
) -> None:
    run_id, codes = opened(shared)
    page = f"/desk/runs/{run_id}"
    fields = {"codes": f"{codes[0].uri}\n\n {codes[1].uri} ", "reason": "lost"}
    answer = keeper.post(f"{page}/void", fields, on=page)
    assert answer.status_code == 200, answer.text
    assert "Voided: 2." in answer.text
    assert ">1-2<" in answer.text
    assert f"this run has {len(codes) - 2} labels to print" in answer.text
    assert "Void already: 2." in keeper.post(f"{page}/void", fields, on=page).text
    spoiled = {"codes": codes[0].uri, "reason": "torn", "layout": "60x40", "printer": "download"}
    assert "is void and is not printed again" in keeper.post(f"{page}/reprint", spoiled, on=page).text
    sent = {"printer": "dock1", "layout": "60x40", "confirm": "yes"}
    assert keeper.post(f"{page}/print", sent, on=page).status_code == 303
    wait_for_job(keeper, run_id)
    printer.wait()
    assert len(printer.labels) == len(codes) - 2


def test_without_a_printer_the_page_says_what_to_do(shared: WebHouse, keeper: Visitor) -> None:
    run_id, _ = opened(shared)
    page = keeper.get(f"/desk/runs/{run_id}").text
    assert "COLDTRACE_PRINTERS" in page
    assert f'action="/desk/runs/{run_id}/print"' not in page
    assert f'action="/desk/runs/{run_id}/reprint"' in page, "spoiled labels can be downloaded"


def test_who_only_reads_a_run_gets_no_forms(shared: WebHouse, printer: TcpPrinter) -> None:
    run_id, codes = opened(shared)
    district = shared.sites[SiteRole.FIRST_STATION].district
    office = shared.sites[SiteRole.MARKET].operator_id
    member = Member(role=Role.REGULATOR, operator_id=office, area=district)
    regulator = signed_in(shared, f"labels-{next(_numbers)}@example.cn", member)
    regulator.post("/desk/purpose", {"reason": "inspection", "document": "1"}, on="/desk/purpose")
    page = f"/desk/runs/{run_id}"
    seen = regulator.get(page)
    assert seen.status_code == 200, seen.text
    assert not re.search(rf'action="{page}/', seen.text)
    for what in ("print", "reprint", "void"):
        fields = {"printer": "dock1", "confirm": "yes", "codes": codes[0].uri, "reason": "x", "layout": "60x40"}
        assert regulator.post(f"{page}/{what}", fields, on="/account").status_code == 403
    assert printer.jobs == []


def test_a_roll_is_drawn_printed_and_bound_by_forms(shared: WebHouse, keeper: Visitor, printer: TcpPrinter) -> None:
    fields = {"count": "5", "gtin": "", "bind_days": "30", "site": shared.station}
    drawn = keeper.post("/desk/rolls", fields, on="/desk/rolls")
    assert drawn.status_code == 200, drawn.text
    found = re.search(r'href="/desk/runs/([0-9a-f-]{36})', drawn.text)
    assert found is not None, "it leads on to printing"
    roll_id = UUID(found[1])
    assert "1-5" in drawn.text
    assert f'data-id="{roll_id}"' in keeper.get("/desk/rolls").text
    certificate = keeper.get(f"/desk/rolls/{roll_id}/certificate")
    twin = shared.client.get(f"/api/v1/rolls/{roll_id}/certificate", headers=shared.bearer).json()
    assert certificate.text == twin["envelope"]
    assert "attachment" in certificate.headers["content-disposition"]

    run = f"/desk/runs/{roll_id}"
    assert f'href="/desk/rolls/{roll_id}' in keeper.get(run).text
    assert keeper.post(f"{run}/print", {"printer": "dock1", "layout": "60x40", "confirm": "yes"}, on=run).is_redirect
    wait_for_job(keeper, roll_id)
    printer.wait()
    assert len(printer.labels) == 5

    labels = codes_of(shared, roll_id)
    consignment = shared.consignment(declaration=fresh_declaration())
    page = f"/desk/rolls/{roll_id}"
    wanted = {
        "roll": str(roll_id),
        "codes": f"{labels[0].uri}\n{labels[1].uri}\n{consignment.pallets[0].cartons[0].uri}",
        "lot": LOT,
        "consignment": str(consignment.consignment_id),
        "gtin": "",
    }
    unknown = keeper.post("/desk/rolls/bind", wanted | {"lot": "NEVER"}, on=page)
    assert unknown.status_code == 404
    assert labels[0].uri in unknown.text, "what was entered stands there again"
    bound = keeper.post("/desk/rolls/bind", wanted, on=page)
    assert bound.status_code == 200, bound.text
    assert bound.text.count("tag--ok") == 2
    assert bound.text.count("tag--stop") == 1, "a label that is of no roll is answered by itself"
    assert "3-5" in bound.text
    told = shared.client.get(f"/api/v1/rolls/{roll_id}", headers=shared.bearer).json()
    assert (told["used"], told["unused"]) == (2, 3)

    numbers = {"numbers": "2, 4", "reason": "lost"}
    kept = keeper.post(f"{run}/void", numbers, on=run)
    assert kept.status_code == 409, "one of them is bound to a lot"
    gone = keeper.post(f"{run}/void", numbers | {"bound": "yes"}, on=run)
    assert "Voided: 2." in gone.text
    assert shared.client.get(f"/api/v1/rolls/{roll_id}", headers=shared.bearer).json()["voided"] == 2


def test_nothing_is_bound_where_the_roll_that_is_shown_is_not_ones_own(shared: WebHouse, keeper: Visitor) -> None:
    roll = shared.post_json("/api/v1/rolls", {"count": 1, "site": shared.station}, shared.bearer).json()["roll"]
    label = codes_of(shared, UUID(roll))[0]
    consignment = shared.consignment(declaration=fresh_declaration())
    wanted = {
        "roll": "0199f3c1-0000-7000-8000-00000000dead",
        "codes": label.uri,
        "lot": LOT,
        "consignment": str(consignment.consignment_id),
    }
    assert keeper.post("/desk/rolls/bind", wanted, on="/desk/rolls").status_code == 404
    assert shared.client.get(f"/api/v1/rolls/{roll}", headers=shared.bearer).json()["used"] == 0


def test_a_roll_that_is_too_long_is_refused_on_the_list(keeper: Visitor) -> None:
    answer = keeper.post("/desk/rolls", {"count": "20001", "bind_days": "30"}, on="/desk/rolls")
    assert (answer.status_code, status_of(answer.text)) == (422, "refused")
