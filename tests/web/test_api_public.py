"""What everybody may read: trust list, root, log, front page, privacy, documents, style sheets, probes."""

import json
import re
from typing import Any

import pytest
from fastapi.openapi.models import OpenAPI

from coldtrace.codes.digital_link import parse_trace_code
from coldtrace.seal.b64 import unb64
from coldtrace.seal.checkpoint import open_checkpoint
from coldtrace.seal.consistency import verify_consistency
from coldtrace.seal.hashing import sha256
from coldtrace.seal.inclusion import verify_inclusion
from coldtrace.seal.root_document import parse_root
from coldtrace.seal.tlog_proof import verify_tlog_proof
from coldtrace.seal.trust_list import open_trust_list
from coldtrace.seal.vkey import vkey_of
from coldtrace.web.app import ROUTERS
from coldtrace.web.openapi import api_routes
from coldtrace.web.pages.api_words import CHINESE, GROUPS
from support.call_scene import Scene
from support.html_tree import read_page
from support.web_calls import CALLS
from support.web_house import PAGE, WebHouse

ZH = {"Accept": "text/html", "Accept-Language": "zh"}


@pytest.fixture(scope="module")
def scene(shared: WebHouse) -> Scene:
    return Scene.make(shared)


# Trust list and root


def test_the_trust_list_is_signed_by_the_root(scene: Scene) -> None:
    root = scene.web.client.get("/api/v1/root")
    assert sha256(root.content) == scene.web.env.net
    assert root.headers["access-control-allow-origin"] == "*"
    answer = scene.web.client.get("/api/v1/trust-list")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["access-control-allow-origin"] == "*"
    trust = open_trust_list(answer.text, root=parse_root(root.text))
    assert trust.hosts == ("trace.example.cn",)
    assert set(answer.json()) == {"list", "sigs"}


def test_the_trust_list_is_sent_once(scene: Scene) -> None:
    first = scene.web.client.get("/api/v1/trust-list")
    tag = first.headers["etag"]
    for asked in (tag, f'"other", {tag}', f"W/{tag}"):
        answer = scene.web.client.get("/api/v1/trust-list", headers={"If-None-Match": asked})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    for asked in ('"other"', tag[:-2] + '"'):
        answer = scene.web.client.get("/api/v1/trust-list", headers={"If-None-Match": asked})
        assert answer.status_code == 200


@pytest.mark.parametrize(
    ("accepted", "zipped"),
    [
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("*", True),
        ("identity", False),
        ("", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000, br", False),
        ("*;q=0, gzip", True),
    ],
)
def test_the_trust_list_is_compressed_for_whoever_takes_it(scene: Scene, accepted: str, zipped: bool) -> None:
    plain = scene.web.client.get("/api/v1/trust-list", headers={"Accept-Encoding": "identity"})
    answer = scene.web.client.get("/api/v1/trust-list", headers={"Accept-Encoding": accepted})
    assert answer.headers.get("content-encoding") == ("gzip" if zipped else None)
    assert (answer.text, answer.headers["vary"]) == (plain.text, "Accept-Encoding")
    assert (answer.headers["etag"] == plain.headers["etag"]) is not zipped, "a strong tag names one encoding"
    known = {"Accept-Encoding": accepted, "If-None-Match": answer.headers["etag"]}
    again = scene.web.client.get("/api/v1/trust-list", headers=known)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", answer.headers["etag"])
    assert again.headers.get("content-encoding") is None
    if zipped:
        assert int(answer.headers["content-length"]) < len(plain.content)


def test_an_installation_that_never_changed_its_root_says_so(scene: Scene) -> None:
    answer = scene.web.client.get("/api/v1/root-changes")
    assert (answer.json(), answer.headers["access-control-allow-origin"]) == ({"changes": []}, "*")


# The log


def test_the_log_proves_itself(scene: Scene) -> None:
    web = scene.web
    log = f"/logs/{web.settings.log_name}"
    vkey = vkey_of(name=web.env.origin, spki=web.env.keyring.signer("log").spki)
    note = web.client.get(f"{log}/checkpoint")
    assert note.headers["content-type"].startswith("text/plain")
    head = open_checkpoint(note.text, log=vkey).checkpoint
    proof = web.client.get(f"{log}/statements/{scene.entry_id}/proof")
    with web.sessions() as session:
        from coldtrace.ledger import service as ledger

        entry = ledger.known_entries(session, [scene.entry_id])[scene.entry_id]
    opened = verify_tlog_proof(proof.text, leaf_hash=entry.leaf_hash, log=vkey)
    assert opened.checkpoint.size <= head.size
    index = int(proof.text.split("index ")[1].split("\n")[0])
    inclusion = web.client.get(f"{log}/proof/inclusion?index={index}&size={head.size}")
    path = [unb64(step) for step in inclusion.json()["path"]]
    assert verify_inclusion(leaf_hash=entry.leaf_hash, index=index, size=head.size, path=path, root=head.root)
    empty = web.client.get(f"{log}/proof/consistency?old={head.size}&new={head.size}")
    assert empty.json() == {"old": head.size, "new": head.size, "path": []}
    web.consignment(cartons=1, declaration="020220261000000999")
    web.commission(web.consignment(cartons=1, declaration="020220261000000998").pallets[0])
    web.settle()
    newer = open_checkpoint(web.client.get(f"{log}/checkpoint").text, log=vkey).checkpoint
    assert newer.size > head.size
    consistency = web.client.get(f"{log}/proof/consistency?old={head.size}&new={newer.size}")
    steps = [unb64(step) for step in consistency.json()["path"]]
    assert verify_consistency(
        old_size=head.size, new_size=newer.size, old_root=head.root, new_root=newer.root, path=steps
    )
    for answer in (note, proof, inclusion, consistency):
        assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("checkpoint", 404, "not_found"),
        ("proof/inclusion?index=0&size=1", 404, "not_found"),
        ("proof/consistency?old=0&new=1", 404, "not_found"),
        ("statements/00000000-0000-7000-8000-000000000000/proof", 404, "not_found"),
    ],
)
def test_another_log_is_not_here(scene: Scene, path: str, status: int, code: str) -> None:
    answer = scene.web.client.get(f"/logs/another/{path}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("proof/inclusion?index=0&size=999999", 404, "no_checkpoint"),
        ("proof/inclusion?index=-1&size={size}", 404, "index_out_of_range"),
        ("proof/inclusion?index={size}&size={size}", 404, "index_out_of_range"),
        ("proof/inclusion?index=0&size=0", 404, "index_out_of_range"),
        ("proof/inclusion?index=0&size=99999999999999999999999", 404, "no_checkpoint"),
        ("proof/inclusion?index=99999999999999999999999&size={size}", 404, "index_out_of_range"),
        ("proof/inclusion?index=0&size=-1", 404, "no_checkpoint"),
        ("proof/consistency?old={size}&new=0", 400, "old_above_new"),
        ("proof/consistency?old=-5&new={size}", 404, "no_checkpoint"),
        ("proof/consistency?old=0&new=99999999999999999999999", 404, "no_checkpoint"),
        ("statements/00000000-0000-7000-8000-000000000000/proof", 404, "not_logged"),
    ],
)
def test_proofs_that_cannot_be(scene: Scene, path: str, status: int, code: str) -> None:
    asked = path.format(size=scene.web.tree_size())
    answer = scene.web.client.get(f"/logs/{scene.web.settings.log_name}/{asked}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


# Pages


def test_the_front_page_before_there_is_a_demo(web: WebHouse) -> None:
    page = read_page(web.client.get("/", headers=PAGE).text)
    assert "There are no samples yet" in page.text
    assert web.client.get("/sample-labels.pdf").status_code == 404
    assert not [node for node in page.all("a") if "sample-labels" in node.attributes["href"]]


def test_the_front_page_with_a_demo_world(scene: Scene) -> None:
    web, carton = scene.web, scene.consignment.carton
    path = web.path(carton.uri)
    samples = {"box": {"unit": carton.unit_id, "url": path}, "links": {"sold": path, "place": "/414/x"}}
    (web.settings.data_dir / "demo.json").write_text(json.dumps(samples), encoding="utf-8")
    try:
        page = read_page(web.client.get("/", headers=PAGE).text)
    finally:
        (web.settings.data_dir / "demo.json").unlink()
    assert page.all("html")[0].attributes["lang"] == "en"
    assert "Frozen boneless beef brisket" in page.text
    links = {node.attributes["href"] for node in page.all("a")}
    assert f"{path}&lang=en" in links or path in links
    assert "/api/docs" in " ".join(links)
    assert "/sample-labels.pdf" in links
    (symbol,) = [node for node in page.all("svg") if "label__qr" in node.attributes.get("class", "")]
    assert symbol.all("path")
    assert parse_trace_code(carton.uri).unit_id == carton.unit_id


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"', '{"box": 7}', '{"links": 7}', '{"box": {"unit": "no"}}'])
def test_a_damaged_file_of_samples_does_not_close_the_front_door(scene: Scene, text: str) -> None:
    file = scene.web.settings.data_dir / "demo.json"
    file.write_text(text)
    try:
        assert scene.web.client.get("/", headers=PAGE).status_code == 200
    finally:
        file.unlink()


@pytest.mark.parametrize("path", ["/", "/privacy", "/api/docs"])
@pytest.mark.parametrize("headers", [PAGE, ZH], ids=["en", "zh"])
def test_pages_in_both_languages(scene: Scene, path: str, headers: dict[str, str]) -> None:
    answer = scene.web.client.get(path, headers=headers)
    page = read_page(answer.text)
    assert answer.status_code == 200
    assert answer.headers["content-language"] == headers["Accept-Language"]
    assert page.all("html")[0].attributes["lang"] == ("en" if headers is PAGE else "zh-CN")
    assert "link" not in answer.headers
    assert page.all("script") == page.all("style") == []
    switched = scene.web.client.get(f"{path}?lang=en", headers=ZH)
    assert switched.headers["content-language"] == "en"
    assert "ct_lang=en" in switched.headers["set-cookie"]
    scene.web.client.cookies.clear()


def test_the_sample_labels(scene: Scene) -> None:
    answer = scene.web.client.get("/sample-labels.pdf")
    assert (answer.headers["content-type"], answer.content[:4]) == ("application/pdf", b"%PDF")


def test_static_files_are_kept_for_ever_under_their_digest(scene: Scene) -> None:
    page = read_page(scene.web.client.get("/", headers=PAGE).text)
    sheet = next(node.attributes["href"] for node in page.all("link") if node.attributes["rel"] == "stylesheet")
    answer = scene.web.client.get(sheet)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"].startswith("text/css")
    plain = scene.web.client.get(sheet.partition("?")[0])
    assert plain.headers["cache-control"] == "no-cache"
    again = scene.web.client.get(sheet, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.headers["cache-control"]) == (304, answer.headers["cache-control"])


@pytest.mark.parametrize(
    "path",
    ["/static/", "/static/no.css", "/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static/%00"],
)
def test_nothing_else_is_served_as_a_file(scene: Scene, path: str) -> None:
    answer = scene.web.client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


# Documents of the API


@pytest.fixture(scope="module")
def document(scene: Scene) -> dict[str, Any]:
    found: dict[str, Any] = scene.web.client.get("/api/openapi.json").json()
    return found


def test_the_openapi_document_is_one(document: dict[str, Any]) -> None:
    OpenAPI.model_validate(document)
    assert document["openapi"].startswith("3.1")
    pointers = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))
    assert pointers <= set(document["components"]["schemas"])
    assert "HTTPValidationError" not in document["components"]["schemas"]
    ids = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(ids) == len(set(ids))


def test_every_operation_says_what_it_does_and_what_a_refusal_looks_like(document: dict[str, Any]) -> None:
    routes = {
        (route.path_format, method)
        for route in api_routes(ROUTERS)
        if route.include_in_schema
        for method in route.methods or ()
    }
    found = {(path, method.upper()) for path, methods in document["paths"].items() for method in methods}
    pages = {("/", "GET"), ("/privacy", "GET"), ("/sample-labels.pdf", "GET"), ("/api/docs", "GET")}
    assert found == routes - pages
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            where = f"{method} {path}"
            assert re.search("[\u4e00-\u9fff]", operation["summary"]), where
            assert re.search("[a-z]", operation["summary"]), where
            assert operation["description"].strip(), where
            assert operation["tags"], where
            assert "422" not in operation["responses"], where
            refused = operation["responses"]["default"]["content"]
            assert list(refused) == ["application/problem+json"], where


def test_the_document_says_which_calls_need_credentials(document: dict[str, Any]) -> None:
    for call in CALLS:
        path = re.sub(r":path", "", call.route)
        operation = document["paths"].get(path, {}).get(call.method.lower())
        if operation is None:
            continue
        security = {name for choice in operation.get("security", []) for name in choice}
        if call.public:
            assert security == set(), call.name
        elif call.token_only:
            assert security == {"token"}, call.name
        else:
            assert security == {"token", "device"}, call.name
    assert set(document["components"]["securitySchemes"]) == {"token", "device"}


@pytest.mark.parametrize("headers", [PAGE, ZH], ids=["en", "zh"])
def test_the_reader_shows_every_operation(scene: Scene, document: dict[str, Any], headers: dict[str, str]) -> None:
    page = read_page(scene.web.client.get("/api/docs", headers=headers).text)
    shown = [article.text for article in page.all("article")]
    assert len(shown) == sum(len(methods) for methods in document["paths"].values())
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            english, _, chinese = operation["summary"].rpartition(" ")
            address = path.replace("{rest}", "{")
            (found,) = [
                text
                for text in shown
                if (text.startswith(f"{method.upper()} {address}") and english in text) or chinese in text.split(" ")
            ]
            assert (english if headers is PAGE else chinese) in found
    for link in page.all("nav")[1].all("a"):
        target = link.attributes["href"]
        assert target.startswith("/api/") or page.all(id=target.removeprefix("#"))


def test_every_call_is_told_in_chinese_too(document: dict[str, Any]) -> None:
    calls = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}
    assert set(CHINESE) == calls
    assert set(GROUPS) == {
        operation["tags"][0] for methods in document["paths"].values() for operation in methods.values()
    }


# Probes


def test_probes_and_counters(scene: Scene) -> None:
    web = scene.web
    assert web.client.get("/healthz").json() == {"status": "ok"}
    assert web.client.get("/readyz").json() == {"status": "ready"}
    answer = web.client.get("/metrics", headers=web.bearer)
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = dict(line.split(" ") for line in answer.text.splitlines() if not line.startswith("#"))
    of = f'{{log="{web.env.log.name}"}}'
    assert set(lines) == {
        f"coldtrace_log_{name}{of}"
        for name in (
            "size", "published_size", "published_age_seconds", "cosignatures", "pending",
            "oldest_pending_seconds", "oldest_unpublished_seconds", "frozen", "held_back",
        )
    }  # fmt: skip
    assert int(lines[f"coldtrace_log_size{of}"]) >= int(lines[f"coldtrace_log_published_size{of}"]) >= 1
    assert lines[f"coldtrace_log_frozen{of}"] == "0"
    for line in answer.text.splitlines():
        assert re.fullmatch(r'# TYPE \w+ gauge|# HELP \w+ .+|\w+\{log="[a-z0-9-]+"\} [0-9.]+', line)


def test_the_verifier_may_be_loaded_from_anywhere_and_nothing_else_of_ours(scene: Scene) -> None:
    client = scene.web.client
    for path in ("/static/verify.js", "/static/verify/crypto.js", "/api/v1/root"):
        assert client.get(path).headers["access-control-allow-origin"] == "*", path
    for path in ("/static/coldtrace.css", "/static/verify.css", "/"):
        assert "access-control-allow-origin" not in client.get(path).headers, path
