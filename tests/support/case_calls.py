"""One good call for every route of cases but their list."""

from uuid import UUID

from coldtrace.rights.model import Kind, Verb
from support.call_scene import Request, Scene, as_json
from support.one_call import Call, at

NOBODY = "00000000-0000-7000-8000-000000000000"


def _resolve(scene: Scene, case: UUID) -> Request:
    return as_json(f"/api/v1/cases/{case}/resolve", {"statement": str(scene.seen_for(case))})


CASE_CALLS = (
    Call(
        method="GET",
        route="/api/v1/oversight",
        right=(Kind.STATEMENT, Verb.READ),
        make=at("/api/v1/oversight"),
        token_only=True,
    ),
    Call(
        method="GET",
        route="/api/v1/oversight/operators",
        right=(Kind.STATEMENT, Verb.READ),
        lists="operators.uscc",
        make=at("/api/v1/oversight/operators"),
        token_only=True,
    ),
    Call(
        method="GET",
        route="/api/v1/oversight/operators.csv",
        right=(Kind.STATEMENT, Verb.READ),
        make=lambda scene: Request(path="/api/v1/oversight/operators.csv", headers={"Coldtrace-Purpose": "tests"}),
        token_only=True,
    ),
    Call(
        method="GET",
        route="/api/v1/cases/late",
        right=(Kind.CASE, Verb.READ),
        lists="devices.device",
        make=at("/api/v1/cases/late"),
    ),
    Call(
        method="GET",
        route="/api/v1/cases/{case_id:uuid}",
        right=(Kind.CASE, Verb.READ),
        about="market",
        hidden=(404, "case_unknown"),
        make=lambda scene: Request(path=f"/api/v1/cases/{scene.open_case()}"),
    ),
    Call(
        method="POST",
        route="/api/v1/cases/{case_id:uuid}/take",
        right=(Kind.CASE, Verb.WRITE),
        about="market",
        hidden=(404, "case_unknown"),
        make=lambda scene: Request(path=f"/api/v1/cases/{scene.open_case()}/take"),
        token_only=True,
    ),
    Call(
        method="POST",
        route="/api/v1/cases/{case_id:uuid}/assign",
        right=(Kind.CASE, Verb.WRITE),
        make=lambda scene: as_json(f"/api/v1/cases/{scene.open_case()}/assign", {"person": NOBODY}),
        status=404,
        token_only=True,
    ),
    Call(
        method="POST",
        route="/api/v1/cases/assign",
        right=(Kind.CASE, Verb.WRITE),
        make=lambda scene: as_json("/api/v1/cases/assign", {"cases": [str(scene.open_case())], "person": NOBODY}),
        status=404,
        token_only=True,
    ),
    Call(
        method="POST",
        route="/api/v1/cases/{case_id:uuid}/hand-over",
        right=(Kind.CASE, Verb.WRITE),
        about="market",
        hidden=(404, "case_unknown"),
        make=lambda scene: as_json(f"/api/v1/cases/{scene.open_case()}/hand-over", {"organisation": scene.uscc()}),
        token_only=True,
    ),
    Call(
        method="POST",
        route="/api/v1/cases/{case_id:uuid}/resolve",
        right=(Kind.CASE, Verb.WRITE),
        about="market",
        hidden=(404, "case_unknown"),
        make=lambda scene: _resolve(scene, scene.open_case()),
    ),
    Call(
        method="POST",
        route="/api/v1/cases/{case_id:uuid}/explain",
        right=(Kind.CASE, Verb.WRITE),
        about="market",
        hidden=(404, "case_unknown"),
        make=lambda scene: as_json(f"/api/v1/cases/{scene.open_case()}/explain", {"note": "test_scan"}),
        token_only=True,
    ),
    Call(
        method="POST",
        route="/api/v1/cases/take",
        right=(Kind.CASE, Verb.WRITE),
        make=lambda scene: as_json("/api/v1/cases/take", {"cases": [str(scene.open_case())]}),
        token_only=True,
    ),
    Call(
        method="POST",
        route="/api/v1/cases/close",
        right=(Kind.CASE, Verb.WRITE),
        make=lambda scene: as_json("/api/v1/cases/close", {"cases": [str(scene.open_case())], "note": "test_scan"}),
        token_only=True,
    ),
)
