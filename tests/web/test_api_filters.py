"""Filters over HTTP, and what the pages say of a stolen key's goods, a voided carton, a recalled lot."""

from contextlib import closing
from pathlib import Path

import httpx
import pytest

from coldscan import cache
from coldscan.cache import Name
from coldscan.fetch import fetch_trust_list
from coldscan.fetch_filters import fetch_filters
from coldscan.knowledge import load_knowledge
from coldscan.state_dir import StateDir
from coldscan.store import open_store
from coldscan.verdict import judge
from coldscan.wire import Wire
from coldtrace.goods import stops
from coldtrace.parties import trust
from coldtrace.parties.model import SiteRole
from coldtrace.seal.b64 import b64
from coldtrace.seal.filter import check_filter, open_filter
from coldtrace.seal.root_document import parse_root
from coldtrace.seal.trust_list import open_trust_list
from coldtrace.verify.bundle import verify_bundle
from coldtrace.verify.report import Result
from support.consignments import GTIN, LOT
from support.house import GLNS
from support.theft import Theft, steal
from support.web_house import PAGE, PROOF, WebHouse


@pytest.fixture
def theft(web: WebHouse) -> Theft:
    with web.sessions() as session:
        signer = trust.code_key(session, web.env, GLNS[SiteRole.FIRST_STATION], web.clock.next).signer
    return steal(web.consignment, web.clock, signer, web.env.public_host)


def publish(web: WebHouse) -> None:
    with web.sessions.begin() as session:
        stops.publish_filters(session, web.env)


def page(web: WebHouse, uri: str) -> httpx.Response:
    return web.client.get(web.path(uri), headers=PAGE)


def test_the_index_and_its_files(web: WebHouse) -> None:
    assert web.client.get("/api/v1/filters").json() == {"filters": []}
    publish(web)
    index = web.client.get("/api/v1/filters")
    assert index.headers["access-control-allow-origin"] == "*"
    trusted = open_trust_list(
        web.client.get("/api/v1/trust-list").text, root=parse_root(web.client.get("/api/v1/root").text)
    )
    kinds = []
    for each in index.json()["filters"]:
        answer = web.client.get(each["url"])
        assert answer.headers["content-type"] == "application/vnd.coldtrace.filter"
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        found = open_filter(answer.content)
        check_filter(found, trusted)
        assert (found.id.hex(), found.header.seq) == (each["sha256"], each["seq"])
        assert (found.header.count, len(answer.content)) == (each["count"], each["bytes"])
        again = web.client.get(each["url"], headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        kinds.append(each["kind"])
    assert kinds == ["blocked_units", "recalled_lots", "revoked_units"]
    tag = index.headers["etag"]
    assert web.client.get("/api/v1/filters", headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize(("id", "code"), [("0" * 64, "filter_unknown"), ("0" * 63, "invalid_request")])
def test_a_filter_that_is_not_here(web: WebHouse, id: str, code: str) -> None:
    answer = web.client.get(f"/api/v1/filters/{id}")
    assert answer.json()["code"] == code


def test_the_pages_after_a_theft(web: WebHouse, theft: Theft) -> None:
    consignments = web.client.get("/api/v1/filters")
    assert consignments.json() == {"filters": []}
    with web.sessions.begin() as session:
        stops.revoke_stolen(session, web.env, theft.kid, stolen_at=theft.stolen_at)
    (index,) = web.client.get("/api/v1/filters").json()["filters"]
    assert (index["kind"], index["kid"], index["count"]) == ("allowed_units", theft.kid, 4)
    refused = page(web, theft.forged)
    assert refused.status_code == 403
    assert 'data-status="refused"' in refused.text
    assert page(web, theft.after.uri).status_code == 403
    assert web.client.get(web.path(theft.after.uri)).json()["code"] == "revoked"


def test_a_carton_older_than_the_theft_stays_good_with_its_proof(web: WebHouse) -> None:
    consignment = web.consignment()
    web.walk(consignment.pallets[0])
    web.settle()
    carton = consignment.carton
    assert 'data-status="normal"' in page(web, carton.uri).text
    with web.sessions.begin() as session:
        kid = trust.code_key(session, web.env, GLNS[SiteRole.FIRST_STATION], web.clock.next).kid
        stops.revoke_stolen(session, web.env, kid, stolen_at=web.clock.next)
    shown = page(web, carton.uri)
    assert shown.status_code == 200
    assert 'data-status="normal"' in shown.text
    bundle = web.client.get(web.path(carton.uri), headers={"Accept": PROOF})
    assert set(bundle.json()["allow"]) == {"header", "pieces"}
    root = parse_root(web.client.get("/api/v1/root").text)
    report = verify_bundle(bundle.text, root=root, now=web.clock.next, asked=carton.unit_id)
    checks = {check.name: check.result for check in report.checks}
    assert report.ok
    assert checks["code_signature"] is Result.PASSED
    unit = web.client.get(f"/api/v1/units/{carton.unit_id}", headers=web.bearer).json()
    assert unit["stop"] is None


def test_a_voided_carton_and_a_recalled_lot(web: WebHouse) -> None:
    pallet = web.consignment().pallets[0]
    web.walk(pallet)
    one, other = pallet.cartons[:2]
    with web.sessions.begin() as session:
        stops.revoke_unit(session, web.env, one.unit_id, "label spoiled")
    assert web.client.get(web.path(one.uri)).json()["code"] == "revoked_unit"
    assert page(web, other.uri).status_code == 200
    stop = web.client.get(f"/api/v1/units/{one.unit_id}", headers=web.bearer).json()["stop"]
    assert (stop["code"], stop["reason"]) == ("revoked_unit", "label spoiled")
    with web.sessions.begin() as session:
        stops.recall_lot(session, web.env, gtin=GTIN, lot=LOT, reason="listeria")
    assert web.client.get(web.path(other.uri)).json()["code"] == "recalled_lot"
    recalled = page(web, other.uri)
    assert recalled.status_code == 403
    assert "recalled_lot" in recalled.text
    # A genuine code: what it is and why it is recalled is said, and nothing about codes that point to any box.
    assert [each for each in ("listeria", LOT, "冻去骨牛腩", "Why it is recalled") if each not in recalled.text] == []
    assert "any box" not in recalled.text
    chinese = page(web, f"{other.uri}&lang=zh").text
    assert "召回原因" in chinese
    assert "任何一箱" not in chinese
    assert "listeria" not in page(web, one.uri).text


def test_a_handheld_of_the_real_service_after_a_theft(web: WebHouse, theft: Theft, tmp_path: Path) -> None:
    codes = {"before": theft.before.uri, "after": theft.after.uri, "forged": theft.forged}
    with (
        closing(open_store(StateDir(tmp_path / "state"))) as device,
        Wire(str(web.client.base_url), signer=None, net=web.env.net, lang="en", clock=web.clock) as wire,
    ):
        cache.put(device, Name.ROOT, web.client.get("/api/v1/root").text)
        cache.put(device, Name.NET, b64(web.env.net))

        def verdicts() -> dict[str, str]:
            knowledge = load_knowledge(device, known=None)
            return {name: judge(uri, knowledge=knowledge, now=web.clock()).verdict for name, uri in codes.items()}

        fetch_trust_list(device, wire)
        assert verdicts() == {"before": "valid", "after": "valid", "forged": "valid"}
        with web.sessions.begin() as session:
            stops.revoke_stolen(session, web.env, theft.kid, stolen_at=theft.stolen_at)
            stops.revoke_unit(session, web.env, theft.pallet.unit_id, "spoiled")
            stops.publish_filters(session, web.env)
        assert fetch_trust_list(device, wire) == "new"
        assert verdicts() == {"before": "revoked", "after": "revoked", "forged": "revoked"}
        assert fetch_filters(device, wire, trust=load_knowledge(device, known=None).trust) == "new"
        assert verdicts() == {"before": "valid", "after": "revoked", "forged": "revoked"}
        codes["pallet"] = theft.pallet.uri
        assert verdicts()["pallet"] == "revoked_unit"
        assert fetch_filters(device, wire, trust=load_knowledge(device, known=None).trust) == "same"
