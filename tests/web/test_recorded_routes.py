"""Every guarded route leaves its record: who, what, which thing, whose data.  A new one cannot forget it."""

from collections.abc import Iterator
from uuid import UUID

import httpx
import pytest

from coldtrace.journal.model import Record
from coldtrace.parties.model import SiteRole
from coldtrace.seal.b64 import b64
from coldtrace.seal.keys import key_id
from coldtrace.web.app import ROUTERS
from coldtrace.web.openapi import api_routes, is_recorded
from coldtrace.web.page_session import csrf_token
from support.call_scene import SAMPLE, Scene, as_form, with_token
from support.databases import Databases
from support.journal import records
from support.page_calls import PAGES
from support.web_calls import CALLS, Call
from support.web_house import WebHouse, web_house

ROUTES = {f"{method} {route.path}": route for route in api_routes(ROUTERS) for method in route.methods or ()}
GUARDED = [call for call in (*CALLS, *PAGES) if call.right is not None]
SILENT = {
    "POST /api/v1/statements/check",
    "GET /api/v1/devices/work",
    "GET /api/v1/today",
    "GET /api/v1/imports/template",
    "GET /api/v1/printers",
    "GET /metrics",
}
"""Those of the table in docs/guides/journal.md, with its reasons."""
NOTHING_DONE = {
    # The good calls of these change nothing: a dry run, and a printer that is not configured.
    "POST /api/v1/imports",
    "POST /api/v1/runs/{run_id}/print",
    "POST /desk/runs/{run_id}/print",
    # A form to fill in.
    "GET /desk/history",
    # These name a person, or an organisation, that there is not.
    "POST /api/v1/cases/assign",
    "POST /api/v1/cases/{case_id:uuid}/assign",
    "POST /desk/cases/{case_id:uuid}/assign",
    "POST /api/v1/people",
    "POST /api/v1/people/{person_id}/memberships",
    "POST /api/v1/tokens",
    "POST /api/v1/webhooks",
    "POST /desk/webhooks",
    "POST /desk/people",
    "POST /desk/people/{person_id}/memberships",
    "POST /desk/tokens",
    # Pages of the import show nothing of anybody, and name a workbook that nobody tried.
    "GET /desk/consignments/import",
    "GET /desk/consignments/import/template",
    "GET /desk/consignments/import/annotated",
    "POST /desk/consignments/import",
    "POST /desk/consignments/import/columns",
    "POST /desk/consignments/import/confirm",
}
ACTS = {
    "GET /api/v1/quarantine/{id}/bytes": "export",
    "GET /desk/quarantine/{id}/bytes": "export",
    "POST /desk/stall/{gln}": "say",
    "POST /desk/stall/{gln}/undo": "say",
    "POST /desk/stall/{gln}/open": "open",
    "GET /api/v1/units/{unit:path}/evidence.csv": "export",
    "GET /api/v1/papers/{paper_id:uuid}/file": "export",
    "GET /desk/papers/{paper_id:uuid}/file": "export",
    "PUT /api/v1/sites/{gln}/gateway": "open",
    "POST /api/v1/gateway/statements": "say",
    "POST /api/v1/devices/invites": "invite",
    "POST /api/v1/imports/{consignment_id}/undo": "undo",
    "POST /api/v1/labels/reprint": "reprint",
    "POST /api/v1/rolls": "draw",
    "POST /api/v1/rolls/bind": "bind",
    "POST /api/v1/codes/resolve": "list",
    "POST /api/v1/codes/void": "void",
    "GET /api/v1/runs/{run_id}/labels": "print",
    "DELETE /api/v1/devices/invites/{id}": "delete",
    "POST /api/v1/devices/{key}/roll": "make",
    "POST /api/v1/devices/{key}/revoke": "make",
    "POST /api/v1/organisations": "make",
    "POST /api/v1/sites": "make",
    "DELETE /api/v1/memberships/{membership_id}": "delete",
    "DELETE /api/v1/tokens/{token_id}": "delete",
    "POST /desk/organisations": "make",
    "POST /desk/sites": "make",
    "POST /desk/memberships/{membership_id}/end": "make",
    "POST /desk/devices/invites": "make",
    "POST /desk/devices/invites/{id}/withdraw": "make",
    "POST /desk/devices/{key}/roll": "make",
    "POST /desk/devices/{key}/revoke": "make",
    "POST /desk/tokens/{token_id}/withdraw": "make",
    "GET /desk/history/evidence.csv": "export",
    "GET /desk/near-expiry/{gln}/file.csv": "export",
    "GET /desk/stock/{gln}/lots.csv": "export",
    "GET /desk/overview/quality.csv": "export",
    "GET /api/v1/oversight/operators.csv": "export",
    "GET /api/v1/sites/{gln}/lots.csv": "export",
    "GET /api/v1/sites/{gln}/near-expiry.csv": "export",
    "GET /desk/runs/{run_id}/labels": "print",
    "POST /desk/runs/{run_id}/reprint": "reprint",
    "POST /desk/runs/{run_id}/void": "void",
    "POST /desk/rolls": "draw",
    "POST /desk/rolls/bind": "bind",
    "GET /api/v1/people/{person_id}/data": "export",
    "DELETE /api/v1/people/{person_id}": "erase",
    "POST /desk/people/{person_id}/erase": "erase",
    "POST /api/v1/organisations/{uscc}/close": "close",
    "POST /api/v1/organisations/{uscc}/reopen": "reopen",
    "POST /api/v1/sites/{gln}/close": "close",
    "POST /api/v1/sites/{gln}/reopen": "reopen",
    "POST /api/v1/people/{person_id}/close": "close",
    "POST /api/v1/people/{person_id}/reopen": "reopen",
    "POST /api/v1/tokens/withdraw-left": "withdraw",
    "POST /desk/organisations/{uscc}/close": "close",
    "POST /desk/organisations/{uscc}/reopen": "reopen",
    "POST /desk/sites/{gln}/close": "close",
    "POST /desk/sites/{gln}/reopen": "reopen",
    "POST /desk/people/{person_id}/close": "close",
    "POST /desk/people/{person_id}/reopen": "reopen",
    "POST /desk/tokens/withdraw-left": "withdraw",
    "DELETE /api/v1/people/{person_id}/second-step": "remove_second_step",
    "POST /desk/people/{person_id}/second-step/remove": "remove_second_step",
    "POST /desk/cases": "change",
    "POST /desk/cases/{case_id:uuid}/hand-over": "make",
    "POST /desk/cases/{case_id:uuid}/take": "make",
    "POST /desk/cases/{case_id:uuid}/resolve": "make",
    "POST /desk/cases/{case_id:uuid}/explain": "make",
    "POST /api/v1/cases/{case_id:uuid}/take": "make",
    "POST /api/v1/cases/{case_id:uuid}/hand-over": "make",
    "POST /api/v1/cases/{case_id:uuid}/resolve": "make",
    "POST /api/v1/cases/{case_id:uuid}/explain": "make",
    "POST /api/v1/cases/take": "make",
    "POST /api/v1/cases/close": "make",
    "POST /api/v1/complaints/{complaint_id:uuid}/accept": "make",
    "POST /api/v1/complaints/{complaint_id:uuid}/refuse": "make",
    "POST /api/v1/complaints/{complaint_id:uuid}/begin": "make",
    "POST /api/v1/complaints/{complaint_id:uuid}/close": "make",
    "POST /api/v1/complaints/{complaint_id:uuid}/unpublish": "make",
    "POST /desk/complaints/{complaint_id:uuid}/accept": "make",
    "POST /desk/complaints/{complaint_id:uuid}/refuse": "make",
    "POST /desk/complaints/{complaint_id:uuid}/begin": "make",
    "POST /desk/complaints/{complaint_id:uuid}/close": "make",
    "POST /desk/complaints/{complaint_id:uuid}/unpublish": "make",
    "POST /desk/consignments/{consignment_id:uuid}/undo": "undo",
    "PUT /api/v1/imports/columns": "change",
    "PUT /api/v1/consignments/{consignment_id:uuid}/channel": "change",
    "POST /desk/consignments/{consignment_id:uuid}/channel": "make",
    "PUT /api/v1/consignments/{consignment_id:uuid}/declaration": "change",
    "POST /desk/consignments/{consignment_id:uuid}/declaration": "make",
    "POST /api/v1/papers": "make",
    "POST /api/v1/papers/{paper_id:uuid}/checks": "make",
    "POST /api/v1/paper-policies": "make",
    "POST /api/v1/near-expiry-rules": "make",
    "POST /desk/papers": "make",
    "POST /desk/papers/{paper_id:uuid}/checks": "make",
    "POST /desk/policies": "make",
    "POST /desk/near-expiry-rules": "make",
    "POST /api/v1/webhooks/{webhook_id:uuid}/pause": "make",
    "POST /api/v1/webhooks/{webhook_id:uuid}/resume": "make",
    "POST /api/v1/webhooks/{webhook_id:uuid}/rotate": "make",
    "POST /api/v1/webhooks/{webhook_id:uuid}/test": "make",
    "POST /api/v1/webhooks/{webhook_id:uuid}/replay": "replay",
    "POST /api/v1/webhooks/{webhook_id:uuid}/messages/{message_id:uuid}/replay": "replay",
    "DELETE /api/v1/webhooks/{webhook_id:uuid}": "delete",
    "POST /desk/webhooks/{webhook_id:uuid}/{what}": "test",
    "POST /desk/webhooks/{webhook_id:uuid}/messages/{message_id:uuid}/replay": "replay",
    "POST /api/v1/product-links": "make",
    "DELETE /api/v1/product-links/{link_id:uuid}": "delete",
}
"""All others are `read` where the path names something, and `list` elsewhere."""
NOBODYS = {
    # The importer's, who is no firm of this house's sites.
    "GET /api/v1/product-links",
    "POST /api/v1/product-links",
    "DELETE /api/v1/product-links/{link_id:uuid}",
    # Leaves of the log say nothing of anybody; the case list and the journal of this house are empty at first.
    "GET /logs/{name}/tile/entries/{path:path}",
    "GET /api/v1/cases",
    "GET /desk/cases",
    "GET /api/v1/complaints",
    "GET /desk/complaints",
    # Counts by organisation; the form before a code is asked for shows nothing.
    "GET /api/v1/oversight",
    "GET /api/v1/oversight/operators",
    "GET /desk/overview",
    "GET /api/v1/journal",
    "GET /desk/journal",
    # A directory that is open to everybody with a role.
    "GET /api/v1/sites",
    "GET /desk/sites",
    # Rules for everybody; and no declaration of this house is still to come.
    "GET /api/v1/paper-policies",
    "GET /api/v1/near-expiry-rules",
    "POST /api/v1/paper-policies",
    "POST /api/v1/near-expiry-rules",
    "GET /desk/policies",
    "GET /desk/near-expiry-rules",
    "POST /desk/policies",
    "POST /desk/near-expiry-rules",
    "GET /api/v1/declarations",
    "GET /desk/declarations",
    # Nobody's yet, or told by its own id alone.
    "GET /api/v1/devices/invites",
    "GET /api/v1/people",
    "GET /api/v1/tokens",
    "GET /desk/tokens",
    "DELETE /api/v1/tokens/{token_id}",
    "GET /api/v1/webhooks",
    "GET /desk/webhooks",
    # The installation's own.
    *(
        f"GET {path}{name}"
        for path in ("/api/v1/", "/desk/")
        for name in ("keys", "health", "backup", "retention", "quarantine")
    ),
    "GET /api/v1/quarantine/{id}/bytes",
    "GET /desk/quarantine/{id}/bytes",
    # A spare organisation's; and nobody has left.
    "POST /api/v1/organisations/{uscc}/close",
    "POST /api/v1/organisations/{uscc}/reopen",
    "POST /desk/organisations/{uscc}/close",
    "POST /desk/organisations/{uscc}/reopen",
    "POST /api/v1/tokens/withdraw-left",
    "POST /desk/tokens/withdraw-left",
    "POST /desk/tokens/{token_id}/withdraw",
}


@pytest.fixture(scope="module")
def scene(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with web_house(databases, tmp_path_factory.mktemp("web")) as web:
        yield Scene.make(web)


def sent(scene: Scene, call: Call) -> tuple[httpx.Response, list[Record]]:
    """Make the good call of a route; return its answer, and what the journal has of it."""
    web, request = scene.web, call.make(scene)
    before = len(records(web))
    headers = web.bearer
    if call.device_only:
        target = web.client.build_request(call.method, request.path).url.raw_path.decode()
        headers = web.signed_by(web.device(SiteRole.MARKET), call.method, target, request.body)
    if call in PAGES:
        headers = web.desk
        secret = headers["Cookie"].partition("=")[2]
        request = with_token(request, csrf_token(secret))
    answer = web.client.request(call.method, request.path, content=request.body, headers={**request.headers, **headers})
    assert answer.status_code == call.status, answer.text
    return answer, records(web)[before:]


def token_id(web: WebHouse) -> UUID:
    with web.engine.connect() as connection:
        return UUID(str(connection.exec_driver_sql("SELECT token_id FROM api_token WHERE name = 'tests'").scalar_one()))


def test_the_silent_routes_are_those_that_say_so() -> None:
    assert {call.name for call in GUARDED if not is_recorded(ROUTES[call.name])} == SILENT


@pytest.mark.parametrize("call", [pytest.param(call, id=call.name) for call in GUARDED])
def test_a_guarded_route_leaves_its_record(scene: Scene, call: Call) -> None:
    answer, found = sent(scene, call)
    if call.name in SILENT | NOTHING_DONE:
        assert found == []
        return
    (record,) = found
    assert call.right is not None
    names_something = "{" in call.route
    assert record.act == ACTS.get(call.name, "read" if names_something else "list")
    assert record.kind == call.right[0].value
    if call in PAGES:
        assert record.actor.startswith("person:")
    else:
        assert record.actor == f"token:{token_id(scene.web)}"
    assert record.object
    if names_something and not call.route.startswith("/logs/"):
        assert record.object in str(answer.request.url).replace("%20", " ") or record.object.startswith("(")
    if call.name not in NOBODYS:
        assert scene.web.sites[SiteRole.FIRST_STATION].operator_id in record.subjects, record


def test_an_import_is_one_record_with_its_consignment(scene: Scene) -> None:
    web = scene.web
    before = len(records(web))
    request = as_form("/api/v1/imports", SAMPLE)
    answer = web.client.post(request.path, content=request.body, headers={**request.headers, **web.bearer})
    assert answer.status_code == 201, answer.text
    (record,) = records(web)[before:]
    assert (record.act, record.kind, record.object) == ("import", "consignment", answer.json()["consignment"])
    assert web.sites[SiteRole.FIRST_STATION].operator_id in record.subjects


def test_a_handheld_that_asks_for_its_own_chain_leaves_none(scene: Scene) -> None:
    web = scene.web
    device = web.device(SiteRole.MARKET)
    path = f"/api/v1/devices/{b64(key_id(device.signer.spki))}/chain"
    before = len(records(web))
    assert web.client.get(path, headers=web.signed_by(device, "GET", path)).status_code == 200
    assert records(web)[before:] == []


def test_an_undone_change_leaves_none_and_a_refused_one_neither(scene: Scene) -> None:
    web = scene.web
    before = len(records(web))
    never = "0199f3c1-0000-7000-8000-00000000dead"
    assert web.client.get(f"/api/v1/runs/{never}", headers=web.bearer).status_code == 404
    assert web.client.post(f"/api/v1/imports/{never}/undo", headers=web.bearer).status_code == 404
    assert web.client.get("/api/v1/runs").status_code == 401
    assert records(web)[before:] == []
