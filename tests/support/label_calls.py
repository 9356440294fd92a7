"""Good calls of the desk's pages about labels: code runs and rolls (`support/page_calls.py`)."""

from coldtrace.rights.model import Kind, Verb
from support.call_scene import Request, Scene, as_fields
from support.one_call import Call, at


def _spoiled(scene: Scene) -> Request:
    path = f"/desk/runs/{scene.consignment.run_id}/reprint"
    return as_fields(path, codes=scene.consignment.carton.uri, reason="torn", layout="60x40", printer="download")


def _bind(scene: Scene) -> Request:
    # Only a code of a consignment: each label is answered by itself, and the lot is what may be hidden.
    return as_fields(
        "/desk/rolls/bind",
        codes=scene.consignment.carton.uri,
        lot=scene.consignment.carton.lot or "",
        consignment=str(scene.consignment.consignment_id),
    )


LABEL_PAGES = (
    Call(
        method="GET",
        route="/desk/runs",
        right=(Kind.RUN, Verb.READ),
        lists="data-run",
        make=at("/desk/runs"),
        token_only=True,
    ),
    Call(
        method="GET",
        route="/desk/runs/{run_id}",
        right=(Kind.RUN, Verb.READ),
        about="run",
        hidden=(404, "run_unknown"),
        make=lambda scene: Request(path=f"/desk/runs/{scene.consignment.run_id}"),
        token_only=True,
    ),
    Call(
        method="GET",
        route="/desk/runs/{run_id}/labels",
        right=(Kind.RUN, Verb.WRITE),
        about="run",
        hidden=(404, "run_unknown"),
        make=lambda scene: Request(path=f"/desk/runs/{scene.consignment.run_id}/labels?layout=60x40&format=csv"),
        token_only=True,
    ),
    Call(
        method="POST",
        route="/desk/runs/{run_id}/print",
        right=(Kind.RUN, Verb.WRITE),
        make=lambda scene: as_fields(
            f"/desk/runs/{scene.consignment.run_id}/print", printer="not-configured", layout="60x40", confirm="yes"
        ),
        status=404,
        token_only=True,
    ),
    Call(
        method="POST",
        route="/desk/runs/{run_id}/reprint",
        right=(Kind.CODE, Verb.WRITE),
        about="station",
        hidden=(404, "run_unknown"),
        make=_spoiled,
        token_only=True,
    ),
    Call(
        method="POST",
        route="/desk/runs/{run_id}/void",
        right=(Kind.CODE, Verb.WRITE),
        about="station",
        hidden=(404, "run_unknown"),
        make=lambda scene: as_fields(f"/desk/runs/{scene.roll_id}/void", numbers="3", reason="wet"),
        token_only=True,
    ),
    Call(
        method="GET",
        route="/desk/rolls",
        right=(Kind.ROLL, Verb.READ),
        lists="#rolls",
        make=at("/desk/rolls"),
        token_only=True,
    ),
    Call(
        method="POST",
        route="/desk/rolls",
        right=(Kind.ROLL, Verb.WRITE),
        about="station",
        hidden=(422, "station_unknown"),
        make=lambda scene: as_fields("/desk/rolls", count="2", site=scene.web.station),
        token_only=True,
    ),
    Call(
        method="POST",
        route="/desk/rolls/bind",
        right=(Kind.ROLL, Verb.WRITE),
        about="station",
        hidden=(404, "lot_unknown"),
        make=_bind,
        token_only=True,
    ),
    Call(
        method="GET",
        route="/desk/rolls/{roll_id:uuid}",
        right=(Kind.ROLL, Verb.READ),
        about="station",
        hidden=(404, "roll_unknown"),
        make=lambda scene: Request(path=f"/desk/rolls/{scene.roll_id}"),
        token_only=True,
    ),
    Call(
        method="GET",
        route="/desk/rolls/{roll_id:uuid}/certificate",
        right=(Kind.ROLL, Verb.READ),
        about="station",
        hidden=(404, "roll_unknown"),
        make=lambda scene: Request(path=f"/desk/rolls/{scene.roll_id}/certificate"),
        token_only=True,
    ),
)
