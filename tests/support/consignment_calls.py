"""Good calls of the routes of consignments, for the API and for the desk."""

from coldtrace.rights.model import Kind, Verb
from support.call_scene import SAMPLE, Request, Scene, as_fields, as_form, as_json, fresh_declaration
from support.one_call import Call, at

UNKNOWN = (404, "consignment_unknown")

NO_TRIAL = "0" * 64


def _teach(scene: Scene) -> Request:
    body = {"broker": "B", "columns": {"Losnummer": "lot"}, "organisation": scene.uscc()}
    return as_json("/api/v1/imports/columns", body)


CONSIGNMENT_CALLS = (
    Call(
        method="GET",
        route="/api/v1/imports/columns",
        right=(Kind.CONSIGNMENT, Verb.WRITE),
        about="person",
        hidden=(404, "organisation_unknown"),
        make=lambda scene: Request(path=f"/api/v1/imports/columns?broker=B&organisation={scene.uscc()}"),
        token_only=True,
    ),
    Call(
        method="PUT",
        route="/api/v1/imports/columns",
        right=(Kind.CONSIGNMENT, Verb.WRITE),
        about="person",
        hidden=(404, "organisation_unknown"),
        make=_teach,
        token_only=True,
    ),
    Call(
        method="GET",
        route="/api/v1/consignments",
        right=(Kind.CONSIGNMENT, Verb.READ),
        lists="consignments.consignment",
        make=at("/api/v1/consignments?limit=200"),
        token_only=True,
    ),
    Call(
        method="GET",
        route="/api/v1/consignments/{consignment_id:uuid}",
        right=(Kind.CONSIGNMENT, Verb.READ),
        about="consignment",
        hidden=UNKNOWN,
        make=lambda scene: Request(path=f"/api/v1/consignments/{scene.consignment.consignment_id}"),
        token_only=True,
    ),
    Call(
        method="GET",
        route="/api/v1/declarations",
        right=(Kind.CONSIGNMENT, Verb.READ),
        lists="declarations.consignment",
        make=at("/api/v1/declarations?limit=200"),
        token_only=True,
    ),
    Call(
        method="GET",
        route="/api/v1/consignments/{consignment_id:uuid}/declaration",
        right=(Kind.CONSIGNMENT, Verb.READ),
        about="consignment",
        hidden=UNKNOWN,
        make=lambda scene: Request(path=f"/api/v1/consignments/{scene.consignment.consignment_id}/declaration"),
        token_only=True,
    ),
    Call(
        method="PUT",
        route="/api/v1/consignments/{consignment_id:uuid}/declaration",
        right=(Kind.CONSIGNMENT, Verb.WRITE),
        about="consignment",
        hidden=UNKNOWN,
        make=lambda scene: as_json(
            f"/api/v1/consignments/{scene.consignment.consignment_id}/declaration",
            {"number": fresh_declaration(), "reason": "a slip of the pen"},
        ),
        token_only=True,
    ),
    Call(
        method="PUT",
        route="/api/v1/consignments/{consignment_id:uuid}/channel",
        right=(Kind.CONSIGNMENT, Verb.WRITE),
        about="consignment",
        hidden=UNKNOWN,
        make=lambda scene: as_json(
            f"/api/v1/consignments/{scene.consignment.consignment_id}/channel", {"channel": "general_trade"}
        ),
        token_only=True,
    ),
)

CONSIGNMENT_PAGES = (
    Call(
        method="GET",
        route="/desk/consignments/import",
        right=(Kind.CONSIGNMENT, Verb.WRITE),
        make=at("/desk/consignments/import"),
        token_only=True,
    ),
    Call(
        method="GET",
        route="/desk/consignments/import/template",
        right=(Kind.CONSIGNMENT, Verb.WRITE),
        make=at("/desk/consignments/import/template"),
        token_only=True,
    ),
    Call(
        method="GET",
        route="/desk/consignments/import/annotated",
        right=(Kind.CONSIGNMENT, Verb.WRITE),
        make=at(f"/desk/consignments/import/annotated?file={NO_TRIAL}"),
        status=404,
        token_only=True,
    ),
    Call(
        method="POST",
        route="/desk/consignments/import",
        right=(Kind.CONSIGNMENT, Verb.WRITE),
        about="workbook",
        hidden=(403, "not_your_import"),
        make=lambda scene: as_form("/desk/consignments/import", SAMPLE, station=scene.web.station),
        token_only=True,
    ),
    Call(
        method="POST",
        route="/desk/consignments/import/columns",
        right=(Kind.CONSIGNMENT, Verb.WRITE),
        make=lambda scene: as_fields("/desk/consignments/import/columns", file=NO_TRIAL),
        status=404,
        token_only=True,
    ),
    Call(
        method="POST",
        route="/desk/consignments/import/confirm",
        right=(Kind.CONSIGNMENT, Verb.WRITE),
        make=lambda scene: as_fields("/desk/consignments/import/confirm", file=NO_TRIAL),
        status=404,
        token_only=True,
    ),
    Call(
        method="GET",
        route="/desk/consignments",
        right=(Kind.CONSIGNMENT, Verb.READ),
        lists="#consignments",
        make=at("/desk/consignments"),
        token_only=True,
    ),
    Call(
        method="GET",
        route="/desk/consignments/{consignment_id:uuid}",
        right=(Kind.CONSIGNMENT, Verb.READ),
        about="consignment",
        hidden=UNKNOWN,
        make=lambda scene: Request(path=f"/desk/consignments/{scene.consignment.consignment_id}"),
        token_only=True,
    ),
    Call(
        method="GET",
        route="/desk/declarations",
        right=(Kind.CONSIGNMENT, Verb.READ),
        lists="#declarations",
        make=at("/desk/declarations"),
        token_only=True,
    ),
    Call(
        method="POST",
        route="/desk/consignments/{consignment_id:uuid}/declaration",
        right=(Kind.CONSIGNMENT, Verb.WRITE),
        about="consignment",
        hidden=UNKNOWN,
        make=lambda scene: as_fields(
            f"/desk/consignments/{scene.consignment.consignment_id}/declaration",
            number=fresh_declaration(),
            reason="a slip of the pen",
        ),
        token_only=True,
    ),
    Call(
        method="POST",
        route="/desk/consignments/{consignment_id:uuid}/channel",
        right=(Kind.CONSIGNMENT, Verb.WRITE),
        about="consignment",
        hidden=UNKNOWN,
        make=lambda scene: as_fields(
            f"/desk/consignments/{scene.consignment.consignment_id}/channel", channel="general_trade"
        ),
        token_only=True,
    ),
    Call(
        method="POST",
        route="/desk/consignments/{consignment_id:uuid}/undo",
        right=(Kind.CONSIGNMENT, Verb.WRITE),
        about="consignment",
        hidden=UNKNOWN,
        make=lambda scene: as_fields(f"/desk/consignments/{scene.to_undo()}/undo"),
        token_only=True,
    ),
)
