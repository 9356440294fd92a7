"""Good calls of the routes of papers, their checks and policies, for the API and for the desk."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from coldtrace.rights.model import Kind, Verb
from support.call_scene import Request, Scene, as_fields, as_form, as_json, fresh_declaration
from support.one_call import Call, at

PDF = b"%PDF-1.7\n1 0 obj << /Type /Catalog >> endobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"
UNKNOWN = (404, "consignment_unknown")
NO_PAPER = (404, "paper_unknown")


def _declare(path: str) -> Callable[[Scene], Request]:
    def make(scene: Scene) -> Request:
        consignment = str(scene.consignment.consignment_id)
        return as_form(
            path,
            PDF,
            filename="scan.pdf",
            consignment=consignment,
            kind="test_report",
            issuer="某检测机构",
            number=fresh_declaration(),
        )

    return make


def _paper(path: str) -> Callable[[Scene], Request]:
    return lambda scene: Request(path=path.format(scene.paper()))


def _check(scene: Scene) -> Request:
    return as_json(f"/api/v1/papers/{scene.paper()}/checks", {"verdict": "checked", "reason": "same"})


def _tomorrow(scene: Scene) -> str:
    return (scene.web.env.clock() + timedelta(days=2)).date().isoformat()


def _policy(scene: Scene) -> Request:
    return as_json(
        "/api/v1/paper-policies",
        {
            "name": "never-imported",
            "title_zh": "从未进口",
            "title_en": "Never imported",
            "origins": ["ZZ"],
            "needs": [{"kind": "test_report", "level": "warn"}],
            "begins": _tomorrow(scene),
        },
    )


def _policy_form(scene: Scene) -> Request:
    return as_fields(
        "/desk/policies",
        name="never-imported",
        title_zh="从未进口",
        title_en="Never imported",
        origins="ZZ",
        begins=_tomorrow(scene),
        **{"need-test_report": "warn.declared"},
    )


def _rule(scene: Scene) -> dict[str, Any]:
    """A rule of a province that is none."""
    return {"area": "99", "shelf_days_min": 30, "days_before": 7, "begins": _tomorrow(scene)}


PAPER_CALLS = (
    Call(
        method="GET",
        route="/api/v1/near-expiry-rules",
        right=(Kind.POLICY, Verb.READ),
        lists="rules.rule",
        make=at("/api/v1/near-expiry-rules?limit=200"),
        token_only=True,
    ),
    Call(
        method="POST",
        route="/api/v1/near-expiry-rules",
        right=(Kind.POLICY, Verb.WRITE),
        make=lambda scene: as_json("/api/v1/near-expiry-rules", _rule(scene)),
        status=201,
        token_only=True,
    ),
    Call(
        method="POST",
        route="/api/v1/papers",
        right=(Kind.PAPER, Verb.WRITE),
        about="consignment",
        hidden=UNKNOWN,
        make=_declare("/api/v1/papers"),
        status=201,
        token_only=True,
    ),
    Call(
        method="GET",
        route="/api/v1/papers",
        right=(Kind.PAPER, Verb.READ),
        lists="papers.paper",
        make=at("/api/v1/papers?limit=200"),
        token_only=True,
    ),
    Call(
        method="GET",
        route="/api/v1/papers/{paper_id:uuid}",
        right=(Kind.PAPER, Verb.READ),
        about="consignment",
        hidden=NO_PAPER,
        make=_paper("/api/v1/papers/{}"),
        token_only=True,
    ),
    Call(
        method="GET",
        route="/api/v1/papers/{paper_id:uuid}/file",
        right=(Kind.PAPER, Verb.READ),
        about="consignment",
        hidden=NO_PAPER,
        make=_paper("/api/v1/papers/{}/file"),
        token_only=True,
    ),
    Call(
        method="POST",
        route="/api/v1/papers/{paper_id:uuid}/checks",
        right=(Kind.PAPER_CHECK, Verb.WRITE),
        about="consignment",
        hidden=NO_PAPER,
        make=_check,
        status=201,
        token_only=True,
    ),
    Call(
        method="GET",
        route="/api/v1/consignments/{consignment_id:uuid}/lacking-papers",
        right=(Kind.PAPER, Verb.READ),
        about="consignment",
        hidden=UNKNOWN,
        make=lambda scene: Request(path=f"/api/v1/consignments/{scene.consignment.consignment_id}/lacking-papers"),
        token_only=True,
    ),
    Call(
        method="GET",
        route="/api/v1/paper-policies",
        right=(Kind.POLICY, Verb.READ),
        lists="policies.policy",
        make=at("/api/v1/paper-policies?limit=200"),
        token_only=True,
    ),
    Call(
        method="POST",
        route="/api/v1/paper-policies",
        right=(Kind.POLICY, Verb.WRITE),
        make=_policy,
        status=201,
        token_only=True,
    ),
)

PAPER_PAGES = (
    Call(
        method="GET",
        route="/desk/near-expiry-rules",
        right=(Kind.POLICY, Verb.READ),
        lists="#rules",
        make=at("/desk/near-expiry-rules"),
        token_only=True,
    ),
    Call(
        method="POST",
        route="/desk/near-expiry-rules",
        right=(Kind.POLICY, Verb.WRITE),
        make=lambda scene: as_fields(
            "/desk/near-expiry-rules", **{name: str(value) for name, value in _rule(scene).items()}, confirmed="no"
        ),
        token_only=True,
    ),
    Call(
        method="GET",
        route="/desk/papers",
        right=(Kind.PAPER, Verb.READ),
        lists="#papers",
        make=at("/desk/papers?show=all"),
        token_only=True,
    ),
    Call(
        method="POST",
        route="/desk/papers",
        right=(Kind.PAPER, Verb.WRITE),
        about="consignment",
        hidden=UNKNOWN,
        make=_declare("/desk/papers"),
        token_only=True,
    ),
    Call(
        method="GET",
        route="/desk/papers/{paper_id:uuid}",
        right=(Kind.PAPER, Verb.READ),
        about="consignment",
        hidden=NO_PAPER,
        make=_paper("/desk/papers/{}"),
        token_only=True,
    ),
    Call(
        method="GET",
        route="/desk/papers/{paper_id:uuid}/file",
        right=(Kind.PAPER, Verb.READ),
        about="consignment",
        hidden=NO_PAPER,
        make=_paper("/desk/papers/{}/file"),
        token_only=True,
    ),
    Call(
        method="POST",
        route="/desk/papers/{paper_id:uuid}/checks",
        right=(Kind.PAPER_CHECK, Verb.WRITE),
        about="consignment",
        hidden=NO_PAPER,
        make=lambda scene: as_fields(f"/desk/papers/{scene.paper()}/checks", verdict="checked", reason="same"),
        token_only=True,
    ),
    Call(
        method="GET",
        route="/desk/policies",
        right=(Kind.POLICY, Verb.READ),
        lists="#versions",
        make=at("/desk/policies"),
        token_only=True,
    ),
    Call(
        method="POST",
        route="/desk/policies",
        right=(Kind.POLICY, Verb.WRITE),
        make=_policy_form,
        token_only=True,
    ),
)
