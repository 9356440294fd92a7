"""One good call for every route of the service; `tests/web/test_api_doors.py` sees to it that none is missing."""

from collections.abc import Callable
from itertools import count

from coldtrace.events.statement_type import StatementType as T
from coldtrace.parties.model import SiteRole
from coldtrace.rights.model import Kind, Verb
from coldtrace.seal.b64 import b64
from coldtrace.seal.keys import key_id
from support.call_scene import (
    PLACE_UNIT,
    SAMPLE,
    Request,
    Scene,
    as_fields,
    as_form,
    as_json,
    enrol_request,
)
from support.case_calls import CASE_CALLS
from support.closing_calls import CLOSING
from support.complaint_calls import COMPLAINT_CALLS
from support.consignment_calls import CONSIGNMENT_CALLS
from support.house import GLNS, unit_line
from support.link_calls import LINKS
from support.one_call import Call as Call
from support.one_call import at as at
from support.paper_calls import PAPER_CALLS
from support.people_calls import grant, member, person
from support.place_calls import PLACES
from support.published_calls import PUBLISHED
from support.webhook_calls import WEBHOOKS

_numbers = count(200)


def site_facts(scene: Scene) -> dict[str, str | None]:
    site = scene.web.sites[SiteRole.MARKET]
    return {
        "gln": site.gln,
        "organisation": scene.uscc(),
        "name_zh": site.name_zh,
        "name_en": site.name_en,
        "role": site.role.value,
        "district": site.district,
    }


def organisation_facts(scene: Scene) -> dict[str, str]:
    return {"uscc": scene.uscc(), "name_zh": "某公司", "name_en": "Some firm"}


def handheld(path: str) -> Callable[[Scene], Request]:
    """Return a request about a device of the scene's market, enrolled for it."""

    def make(scene: Scene) -> Request:
        request = path.format(key=b64(key_id(scene.spare_device().signer.spki)))
        return as_fields(request) if path.startswith("/desk") else Request(path=request)

    return make


def invite_id(path: str) -> Callable[[Scene], Request]:
    def make(scene: Scene) -> Request:
        request = path.format(id=scene.open_invite())
        return as_fields(request) if path.startswith("/desk") else Request(path=request)

    return make


def _statement(path: str) -> Callable[[Scene], Request]:
    def make(scene: Scene) -> Request:
        market = scene.web.device(SiteRole.MARKET)
        return as_json(path, market.say(T.RECEIVE, [unit_line(PLACE_UNIT)]).to_json())

    return make


def _undo(scene: Scene) -> Request:
    return Request(path=f"/api/v1/imports/{scene.to_undo()}/undo")


def _chain(scene: Scene) -> Request:
    key = key_id(scene.web.device(SiteRole.MARKET).signer.spki)
    return Request(path=f"/api/v1/devices/{b64(key)}/chain")


def _links(scene: Scene) -> Request:
    key = key_id(scene.web.device(SiteRole.MARKET).signer.spki)
    return Request(path=f"/api/v1/devices/{b64(key)}/statements?limit=2")


def _roll(path: str) -> Callable[[Scene], Request]:
    return lambda scene: Request(path=f"/api/v1/rolls/{scene.roll_id}{path}")


def _void(scene: Scene) -> Request:
    return as_json("/api/v1/codes/void", {"roll": str(scene.roll_id), "numbers": "3", "reason": "wet"})


def _place(scene: Scene) -> Request:
    return Request(path=scene.web.path(scene.web.place_code(GLNS[SiteRole.RETAILER])))


def _no_gs1(scene: Scene) -> Request:
    return Request(path=scene.web.path(scene.web.signed([("U", "7QK4M2ZX9RTB5")])))


CALLS = (
    Call(method="POST", route="/api/v1/statements", make=_statement("/api/v1/statements"), status=202),
    Call(
        method="GET",
        route="/api/v1/statements/{entry_id}/pieces",
        right=(Kind.PIECES, Verb.READ),
        about="pieces",
        hidden=(404, "not_logged"),
        make=lambda scene: Request(path=f"/api/v1/statements/{scene.entry_id}/pieces"),
        token_only=True,
    ),
    Call(
        method="POST",
        route="/api/v1/statements/check",
        right=(Kind.STATEMENT, Verb.WRITE),
        make=_statement("/api/v1/statements/check"),
    ),
    Call(
        method="POST",
        route="/api/v1/devices/enrol",
        make=lambda scene: enrol_request(scene.web),
        status=201,
        public=True,
    ),
    Call(
        method="POST",
        route="/api/v1/devices/invites",
        right=(Kind.DEVICE, Verb.WRITE),
        about="market",
        hidden=(404, "site_unknown"),
        make=lambda scene: as_json("/api/v1/devices/invites", {"site": scene.web.sites[SiteRole.MARKET].gln}),
        status=201,
        token_only=True,
    ),
    Call(
        method="GET",
        route="/api/v1/devices/work",
        right=(Kind.WORK, Verb.READ),
        make=at("/api/v1/devices/work"),
        device_only=True,
    ),
    Call(
        method="GET",
        route="/api/v1/devices/{key}/chain",
        right=(Kind.DEVICE, Verb.READ),
        about="market",
        hidden=(403, "unknown_device"),
        make=_chain,
    ),
    Call(
        method="GET",
        route="/api/v1/devices/{key}/statements",
        right=(Kind.DEVICE, Verb.READ),
        about="market",
        hidden=(403, "unknown_device"),
        make=_links,
    ),
    Call(
        method="GET",
        route="/api/v1/devices",
        right=(Kind.DEVICE, Verb.READ),
        lists="devices.key",
        make=at("/api/v1/devices?limit=200"),
        token_only=True,
    ),
    Call(
        method="GET",
        route="/api/v1/devices/invites",
        right=(Kind.DEVICE, Verb.WRITE),
        lists="invites.id",
        make=at("/api/v1/devices/invites?limit=200"),
        token_only=True,
    ),
    Call(
        method="DELETE",
        route="/api/v1/devices/invites/{id}",
        right=(Kind.DEVICE, Verb.WRITE),
        about="market",
        hidden=(404, "invite_not_found"),
        make=invite_id("/api/v1/devices/invites/{id}"),
        status=204,
        token_only=True,
    ),
    Call(
        method="POST",
        route="/api/v1/devices/{key}/roll",
        right=(Kind.DEVICE, Verb.WRITE),
        about="market",
        hidden=(404, "device_not_found"),
        make=handheld("/api/v1/devices/{key}/roll"),
        status=201,
        token_only=True,
    ),
    Call(
        method="POST",
        route="/api/v1/devices/{key}/revoke",
        right=(Kind.DEVICE, Verb.WRITE),
        about="market",
        hidden=(404, "device_not_found"),
        make=handheld("/api/v1/devices/{key}/revoke"),
        token_only=True,
    ),
    Call(
        method="GET",
        route="/api/v1/organisations",
        right=(Kind.ORGANISATION, Verb.READ),
        lists="organisations.uscc",
        make=at("/api/v1/organisations?limit=200"),
        token_only=True,
    ),
    Call(
        method="POST",
        route="/api/v1/organisations",
        right=(Kind.ORGANISATION, Verb.WRITE),
        make=lambda scene: as_json("/api/v1/organisations", organisation_facts(scene)),
        status=201,
        token_only=True,
    ),
    Call(
        method="GET",
        route="/api/v1/sites",
        right=(Kind.SITE, Verb.READ),
        lists="sites.gln",
        make=at("/api/v1/sites?limit=200"),
    ),
    Call(
        method="POST",
        route="/api/v1/sites",
        right=(Kind.SITE, Verb.WRITE),
        make=lambda scene: as_json("/api/v1/sites", site_facts(scene)),
        status=201,
        token_only=True,
    ),
    Call(
        method="GET",
        route="/api/v1/people",
        right=(Kind.PERSON, Verb.READ),
        lists="people.id",
        make=at("/api/v1/people?limit=200"),
        token_only=True,
    ),
    Call(
        method="POST",
        route="/api/v1/people",
        right=(Kind.PERSON, Verb.WRITE),
        make=lambda scene: as_json("/api/v1/people", member(name="x", email="x@example.cn")),
        status=404,
        token_only=True,
    ),
    Call(
        method="GET",
        route="/api/v1/people/{person_id}/data",
        right=(Kind.PERSON, Verb.READ),
        about="person",
        hidden=(404, "person_unknown"),
        make=person("/api/v1/people/{id}/data", "person"),
        token_only=True,
    ),
    Call(
        method="DELETE",
        route="/api/v1/people/{person_id}",
        right=(Kind.PERSON, Verb.WRITE),
        about="person",
        hidden=(404, "person_unknown"),
        make=person("/api/v1/people/{id}", "person"),
        status=204,
        token_only=True,
        ends_roles=True,
    ),
    Call(
        method="POST",
        route="/api/v1/people/{person_id}/memberships",
        right=(Kind.PERSON, Verb.WRITE),
        make=grant("/api/v1/people/{id}/memberships"),
        status=404,
        token_only=True,
    ),
    Call(
        method="GET",
        route="/api/v1/tokens",
        right=(Kind.TOKEN, Verb.READ),
        lists="tokens.id",
        make=at("/api/v1/tokens?limit=200"),
        token_only=True,
    ),
    Call(
        method="POST",
        route="/api/v1/tokens",
        right=(Kind.TOKEN, Verb.WRITE),
        make=lambda scene: as_json("/api/v1/tokens", member(name="x")),
        status=404,
        token_only=True,
    ),
    Call(
        method="DELETE",
        route="/api/v1/tokens/{token_id}",
        right=(Kind.TOKEN, Verb.WRITE),
        about="person",
        hidden=(404, "token_unknown"),
        make=person("/api/v1/tokens/{id}", "token"),
        status=204,
        token_only=True,
        ends_roles=True,
    ),
    *CLOSING,
    *WEBHOOKS,
    *PUBLISHED,
    Call(
        method="GET",
        route="/api/v1/units/{unit:path}",
        right=(Kind.UNIT, Verb.READ),
        about="unit",
        hidden=(404, "unit_unknown"),
        make=lambda scene: Request(path=f"/api/v1/units/{scene.consignment.carton.unit_id}"),
    ),
    *PLACES,
    Call(
        method="GET",
        route="/api/v1/statements",
        right=(Kind.STATEMENT, Verb.READ),
        lists="statements.id",
        make=at("/api/v1/statements?limit=200"),
    ),
    Call(
        method="GET",
        route="/api/v1/cases",
        right=(Kind.CASE, Verb.READ),
        lists="cases.id",
        make=at("/api/v1/cases?limit=200"),
    ),
    *CASE_CALLS,
    *COMPLAINT_CALLS,
    *LINKS,
    *CONSIGNMENT_CALLS,
    *PAPER_CALLS,
    Call(
        method="POST",
        route="/api/v1/imports",
        right=(Kind.CONSIGNMENT, Verb.WRITE),
        about="workbook",
        hidden=(403, "not_your_import"),
        make=lambda scene: as_form(f"/api/v1/imports?dry_run=true&station={scene.web.station}", SAMPLE),
        token_only=True,
    ),
    Call(
        method="GET",
        route="/api/v1/imports/template",
        right=(Kind.CONSIGNMENT, Verb.WRITE),
        make=at("/api/v1/imports/template"),
    ),
    Call(
        method="POST",
        route="/api/v1/imports/{consignment_id}/undo",
        right=(Kind.CONSIGNMENT, Verb.WRITE),
        about="consignment",
        hidden=(404, "consignment_unknown"),
        make=_undo,
        token_only=True,
    ),
    Call(
        method="GET",
        route="/api/v1/runs",
        right=(Kind.RUN, Verb.READ),
        lists="runs.run",
        make=at("/api/v1/runs?limit=200"),
    ),
    Call(
        method="GET",
        route="/api/v1/runs/{run_id}",
        right=(Kind.RUN, Verb.READ),
        about="run",
        hidden=(404, "run_unknown"),
        make=lambda scene: Request(path=f"/api/v1/runs/{scene.consignment.run_id}"),
    ),
    Call(
        method="GET",
        route="/api/v1/runs/{run_id}/labels",
        right=(Kind.RUN, Verb.WRITE),
        about="run",
        hidden=(404, "run_unknown"),
        make=lambda scene: Request(path=f"/api/v1/runs/{scene.consignment.run_id}/labels?layout=60x40"),
        token_only=True,
    ),
    Call(
        method="GET",
        route="/api/v1/runs/{run_id}/jobs",
        right=(Kind.RUN, Verb.READ),
        about="run",
        hidden=(404, "run_unknown"),
        make=lambda scene: Request(path=f"/api/v1/runs/{scene.consignment.run_id}/jobs"),
        token_only=True,
    ),
    Call(
        method="GET",
        route="/api/v1/printers",
        right=(Kind.RUN, Verb.WRITE),
        make=at("/api/v1/printers"),
        token_only=True,
    ),
    Call(
        method="POST",
        route="/api/v1/runs/{run_id}/print",
        right=(Kind.RUN, Verb.WRITE),
        make=lambda scene: as_json(f"/api/v1/runs/{scene.consignment.run_id}/print", {"printer": "not-configured"}),
        status=404,
        token_only=True,
    ),
    Call(
        method="POST",
        route="/api/v1/labels/reprint",
        right=(Kind.CODE, Verb.WRITE),
        about="station",
        hidden=(404, "code_not_issued"),
        make=lambda scene: as_json(
            "/api/v1/labels/reprint", {"texts": [scene.consignment.carton.uri], "reason": "torn", "layout": "60x40"}
        ),
        token_only=True,
    ),
    Call(
        method="GET",
        route="/api/v1/labels/reprints",
        right=(Kind.RUN, Verb.READ),
        lists="reprints.id",
        make=at("/api/v1/labels/reprints?limit=200"),
        token_only=True,
    ),
    Call(
        method="POST",
        route="/api/v1/rolls",
        right=(Kind.ROLL, Verb.WRITE),
        about="station",
        hidden=(422, "station_unknown"),
        make=lambda scene: as_json("/api/v1/rolls", {"count": 2, "site": scene.web.station}),
        status=201,
        token_only=True,
    ),
    Call(
        method="GET",
        route="/api/v1/rolls",
        right=(Kind.ROLL, Verb.READ),
        lists="rolls.roll",
        make=at("/api/v1/rolls?limit=200"),
    ),
    Call(
        method="POST",
        route="/api/v1/rolls/bind",
        right=(Kind.ROLL, Verb.WRITE),
        about="station",
        hidden=(404, "lot_unknown"),
        make=lambda scene: as_json(
            "/api/v1/rolls/bind",
            {
                "codes": [scene.consignment.carton.uri],
                "lot": scene.consignment.carton.lot,
                "consignment": str(scene.consignment.consignment_id),
            },
        ),
    ),
    Call(
        method="GET",
        route="/api/v1/rolls/{roll_id:uuid}",
        right=(Kind.ROLL, Verb.READ),
        about="station",
        hidden=(404, "roll_unknown"),
        make=_roll(""),
    ),
    Call(
        method="GET",
        route="/api/v1/rolls/{roll_id:uuid}/certificate",
        right=(Kind.ROLL, Verb.READ),
        about="station",
        hidden=(404, "roll_unknown"),
        make=_roll("/certificate"),
    ),
    Call(
        method="GET",
        route="/api/v1/rolls/{roll_id:uuid}/numbers",
        right=(Kind.ROLL, Verb.READ),
        about="station",
        hidden=(404, "roll_unknown"),
        make=_roll("/numbers?list=skipped"),
    ),
    Call(
        method="POST",
        route="/api/v1/codes/resolve",
        right=(Kind.CODE, Verb.READ),
        make=lambda scene: as_json("/api/v1/codes/resolve", {"text": scene.consignment.carton.uri}),
    ),
    Call(
        method="POST",
        route="/api/v1/codes/void",
        right=(Kind.CODE, Verb.WRITE),
        about="station",
        hidden=(404, "roll_unknown"),
        make=_void,
        token_only=True,
    ),
    Call(
        method="GET",
        route="/api/v1/journal",
        right=(Kind.JOURNAL, Verb.READ),
        lists="records.id",
        make=at("/api/v1/journal?limit=200"),
        token_only=True,
    ),
    Call(method="GET", route="/healthz", make=at("/healthz"), public=True),
    Call(method="GET", route="/readyz", make=at("/readyz"), public=True),
    Call(method="GET", route="/metrics", right=(Kind.METRICS, Verb.READ), make=at("/metrics")),
    Call(
        method="GET",
        route="/01/{rest:path}",
        make=lambda scene: Request(path=scene.web.path(scene.consignment.carton.uri)),
        public=True,
    ),
    Call(
        method="GET",
        route="/00/{rest:path}",
        make=lambda scene: Request(path=scene.web.path(scene.consignment.pallets[0].label.uri)),
        public=True,
    ),
    Call(method="GET", route="/414/{rest:path}", make=_place, public=True),
    Call(method="GET", route="/U/{rest:path}", make=_no_gs1, status=404, public=True),
    Call(method="GET", route="/", make=at("/"), public=True),
    Call(method="GET", route="/find", make=at("/find?code=7QK4-M2ZX-9RTB-5"), status=404, public=True),
    Call(method="GET", route="/privacy", make=at("/privacy"), public=True),
    Call(method="GET", route="/recalls", make=at("/recalls"), public=True),
    Call(method="GET", route="/sample-labels.pdf", make=at("/sample-labels.pdf"), public=True),
    Call(method="GET", route="/api/docs", make=at("/api/docs"), public=True),
    Call(method="GET", route="/sign-in", make=at("/sign-in"), public=True),
    # Without the form's own token; what they do with one is in test_sign_in.py.
    Call(method="POST", route="/sign-in", make=lambda scene: as_fields("/sign-in"), status=403, public=True),
    Call(method="GET", route="/forgot", make=at("/forgot"), public=True),
    Call(method="POST", route="/forgot", make=lambda scene: as_fields("/forgot"), status=403, public=True),
    Call(method="GET", route="/invitation/{secret}", make=at("/invitation/none"), status=404, public=True),
    Call(
        method="POST",
        route="/invitation/{secret}",
        make=lambda scene: as_fields("/invitation/none"),
        status=403,
        public=True,
    ),
    Call(method="GET", route="/reset/{secret}", make=at("/reset/none"), status=404, public=True),
    Call(method="POST", route="/reset/{secret}", make=lambda scene: as_fields("/reset/none"), status=403, public=True),
    # Made by the framework, not by a router of ours.
    Call(method="GET", route="/api/openapi.json", make=at("/api/openapi.json"), public=True),
    Call(method="GET", route="/static", make=at("/static/coldtrace.css"), public=True),
)
