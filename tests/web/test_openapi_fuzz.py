"""Requests drawn from the OpenAPI document, right and wrong ones, against the real service: none is a fault of ours.

Schemathesis draws; half of the draws name things that are there, so that not every one ends at "unknown".  The seed is
fixed; COLDTRACE_FUZZ_DRAWS draws more.
"""

import os
import re
from collections import Counter
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.schemas import OpenApiSchema

from coldtrace.web.app import ROUTERS
from coldtrace.web.openapi import api_routes
from support.call_scene import Request, Scene
from support.web_calls import CALLS, Call
from support.web_house import WebHouse

DRAWS = int(os.environ.get("COLDTRACE_FUZZ_DRAWS", "3"))
"""For each operation, of right and of wrong requests, about things that are there and that are not."""
DOCUMENTED = {
    f"{method} {route.path}"
    for route in api_routes(ROUTERS)
    if route.include_in_schema
    for method in route.methods or ()
}
EVERY = [pytest.param(call, id=call.name) for call in CALLS if call.name in DOCUMENTED]


@pytest.fixture(scope="module")
def scene(shared: WebHouse) -> Scene:
    return Scene.make(shared)


@pytest.fixture(scope="module")
def document(scene: Scene) -> OpenApiSchema:
    return schemathesis.openapi.from_url(f"{scene.web.client.base_url}/api/openapi.json")


def shown(route: str) -> str:
    """Return a route as the document has it."""
    return re.sub(r":\w+}", "}", route)


def names_in(call: Call, request: Request) -> dict[str, Any]:
    """Return what a good request names in its path."""
    pattern = re.sub(
        r"{(\w+)(:\w+)?}", lambda found: f"(?P<{found[1]}>{'.+' if found[2] == ':path' else '[^/?]+'})", call.route
    )
    found = re.match(pattern, request.path)
    assert found is not None, request.path
    return found.groupdict()


def test_every_operation_of_the_document_is_drawn_from(document: OpenApiSchema) -> None:
    drawn = {f"{call.method} {shown(call.route)}" for call in CALLS if call.name in DOCUMENTED}
    found = list(document.get_all_operations())
    assert {each.ok().label for each in found if isinstance(each, Ok)} == drawn
    assert len(found) == len(drawn)


@pytest.mark.parametrize("call", EVERY)
def test_no_drawn_request_is_a_fault_of_ours(scene: Scene, document: OpenApiSchema, call: Call) -> None:
    operation = document[shown(call.route)][call.method]
    real = names_in(call, call.make(scene))
    kinds = [
        operation.as_strategy(generation_mode=mode, path_parameters=names)
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
        for names in (None, real or None)
    ]
    answers: Counter[int] = Counter()

    @seed(1)
    @settings(
        max_examples=DRAWS * len(kinds),
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=st.one_of(kinds))
    def probe(case: Case[Any]) -> None:
        answer = case.call(
            base_url=str(scene.web.client.base_url), headers=dict(scene.web.bearer), allow_redirects=False
        )
        answers[answer.status_code] += 1
        # A database that is away is told 503; here it is there.
        assert answer.status_code < 500, f"{case.as_curl_command()}\n{answer.text}"

    probe()
    assert answers.total() > 0
