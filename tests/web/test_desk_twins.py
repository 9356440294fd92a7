"""What the desk does, a program does by the API: each form has its documented operation, with a curl line."""

import json
import shlex
from typing import Any

import jsonschema_rs
import pytest

from coldtrace.web.app import ROUTERS
from coldtrace.web.openapi import api_routes
from support.web_house import WebHouse

API = "/api/v1"
TWINS: dict[str, tuple[str, ...]] = {
    "/desk/consignments/import": ("POST /imports",),
    "/desk/consignments/import/confirm": ("POST /imports",),
    "/desk/consignments/import/columns": ("PUT /imports/columns",),
    "/desk/consignments/{consignment_id}/undo": ("POST /imports/{consignment_id}/undo",),
    "/desk/consignments/{consignment_id}/channel": ("PUT /consignments/{consignment_id}/channel",),
    "/desk/consignments/{consignment_id}/declaration": ("PUT /consignments/{consignment_id}/declaration",),
    "/desk/near-expiry-rules": ("POST /near-expiry-rules",),
    "/desk/runs/{run_id}/print": ("POST /runs/{run_id}/print",),
    "/desk/runs/{run_id}/reprint": ("POST /labels/reprint",),
    "/desk/runs/{run_id}/void": ("POST /codes/void",),
    "/desk/rolls": ("POST /rolls",),
    "/desk/rolls/bind": ("POST /rolls/bind",),
    "/desk/papers": ("POST /papers",),
    "/desk/papers/{paper_id}/checks": ("POST /papers/{paper_id}/checks",),
    "/desk/policies": ("POST /paper-policies",),
    "/desk/webhooks": ("POST /webhooks",),
    "/desk/webhooks/{webhook_id}/{what}": (
        "POST /webhooks/{webhook_id}/pause",
        "POST /webhooks/{webhook_id}/resume",
        "DELETE /webhooks/{webhook_id}",
        "POST /webhooks/{webhook_id}/rotate",
        "POST /webhooks/{webhook_id}/test",
        "POST /webhooks/{webhook_id}/replay",
    ),
    "/desk/webhooks/{webhook_id}/messages/{message_id}/replay": (
        "POST /webhooks/{webhook_id}/messages/{message_id}/replay",
    ),
    "/desk/stall/{gln}": ("POST /gateway/statements",),
    "/desk/stall/{gln}/undo": ("POST /gateway/statements",),
    "/desk/stall/{gln}/open": ("PUT /sites/{gln}/gateway",),
    "/desk/organisations": ("POST /organisations",),
    "/desk/organisations/{uscc}/close": ("POST /organisations/{uscc}/close",),
    "/desk/organisations/{uscc}/reopen": ("POST /organisations/{uscc}/reopen",),
    "/desk/sites": ("POST /sites",),
    "/desk/sites/{gln}/close": ("POST /sites/{gln}/close",),
    "/desk/sites/{gln}/reopen": ("POST /sites/{gln}/reopen",),
    "/desk/devices/invites": ("POST /devices/invites",),
    "/desk/devices/invites/{id}/withdraw": ("DELETE /devices/invites/{id}",),
    "/desk/devices/{key}/roll": ("POST /devices/{key}/roll",),
    "/desk/devices/{key}/revoke": ("POST /devices/{key}/revoke",),
    "/desk/people": ("POST /people",),
    "/desk/people/{person_id}/memberships": ("POST /people/{person_id}/memberships",),
    "/desk/memberships/{membership_id}/end": ("DELETE /memberships/{membership_id}",),
    "/desk/people/{person_id}/erase": ("DELETE /people/{person_id}",),
    "/desk/people/{person_id}/close": ("POST /people/{person_id}/close",),
    "/desk/people/{person_id}/reopen": ("POST /people/{person_id}/reopen",),
    "/desk/people/{person_id}/second-step/remove": ("DELETE /people/{person_id}/second-step",),
    "/desk/tokens": ("POST /tokens",),
    "/desk/tokens/withdraw-left": ("POST /tokens/withdraw-left",),
    "/desk/tokens/{token_id}/withdraw": ("DELETE /tokens/{token_id}",),
    "/desk/cases": ("POST /cases/take", "POST /cases/assign", "POST /cases/close"),
    "/desk/cases/{case_id}/take": ("POST /cases/{case_id}/take",),
    "/desk/cases/{case_id}/assign": ("POST /cases/{case_id}/assign",),
    "/desk/cases/{case_id}/hand-over": ("POST /cases/{case_id}/hand-over",),
    "/desk/cases/{case_id}/resolve": ("POST /cases/{case_id}/resolve",),
    "/desk/cases/{case_id}/explain": ("POST /cases/{case_id}/explain",),
    "/desk/complaints/{complaint_id}/accept": ("POST /complaints/{complaint_id}/accept",),
    "/desk/complaints/{complaint_id}/refuse": ("POST /complaints/{complaint_id}/refuse",),
    "/desk/complaints/{complaint_id}/begin": ("POST /complaints/{complaint_id}/begin",),
    "/desk/complaints/{complaint_id}/close": ("POST /complaints/{complaint_id}/close",),
    "/desk/complaints/{complaint_id}/unpublish": ("POST /complaints/{complaint_id}/unpublish",),
}
"""Each form of the desk, and the operations that do the same."""

WITH_EVERY_CALL = {"/desk/purpose"}
"""What a browser's session keeps and a program sends with each call: the header Coldtrace-Purpose."""


@pytest.fixture(scope="module")
def document(shared: WebHouse) -> dict[str, Any]:
    found: dict[str, Any] = shared.client.get("/api/openapi.json").json()
    return found


def forms() -> set[str]:
    return {
        route.path_format
        for route in api_routes(ROUTERS)
        if route.path.startswith("/desk/") and "POST" in (route.methods or ())
    }


def shape(path: str) -> str:
    """Return a path without the names of its parameters: the API has its own for some."""
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {shape(path)}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_every_form_of_the_desk_has_its_twin(document: dict[str, Any]) -> None:
    assert forms() == set(TWINS) | WITH_EVERY_CALL
    known = operations(document)
    for form, twins in TWINS.items():
        for twin in twins:
            method, _, path = twin.partition(" ")
            assert f"{method} {shape(API + path)}" in known, (form, twin)


def test_every_operation_has_a_curl_line_that_a_shell_reads(document: dict[str, Any]) -> None:
    for name, operation in operations(document).items():
        (sample,) = operation["x-codeSamples"]
        words = shlex.split(sample["source"].replace("\\\n", " "))
        assert (sample["lang"], words[0]) == ("curl", "curl"), name
        address = next(word for word in words if word.startswith("http://"))
        assert "{" not in address, name
        wants_token = any("token" in each for each in operation.get("security", ()))
        assert ("Authorization: Bearer $TOKEN" in words) == wants_token, name


def test_every_json_body_has_an_example_that_its_schema_takes(document: dict[str, Any]) -> None:
    seen = 0
    for name, operation in operations(document).items():
        told = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if told is None or "example" not in told:
            continue
        seen += 1
        schema = {**told["schema"], "components": document["components"]}
        wrong = [error.message for error in jsonschema_rs.Draft202012Validator(schema).iter_errors(told["example"])]
        assert wrong == [], f"{name}: {json.dumps(told['example'], ensure_ascii=False)}"
    assert seen > 20


def test_a_curl_lines_body_is_taken_as_it_stands(shared: WebHouse, document: dict[str, Any]) -> None:
    """One of them for real: what the document shows registers an organisation."""
    sample = document["paths"]["/api/v1/organisations"]["post"]["x-codeSamples"][0]["source"]
    words = shlex.split(sample.replace("\\\n", " "))
    body = json.loads(words[words.index("-d") + 1])
    answer = shared.post_json("/api/v1/organisations", body | {"uscc": "91120104MA0DEM06LE"}, shared.bearer)
    assert answer.status_code == 201, answer.text
