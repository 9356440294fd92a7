"""Addresses that climb out of a folder, and bodies of 200 MB: refused early, and nothing of either is kept."""

import resource
from collections.abc import Iterator
from contextlib import suppress
from itertools import count

import httpx
import pytest

from coldtrace.rights.model import Member, Role
from support.people import csrf_of, signed_in
from support.web_house import WebHouse

UPS = ("../", "..%2f", "%2e%2e/", "%2e%2e%2f", "..%5c", "....//", "%252e%252e%252f")
FOLDERS = (
    "/static/{}",
    "/logs/{}",
    "/logs/main/{}",
    "/logs/main/tile/{}",
    "/logs/main/tile/0/{}",
    "/logs/main/tile/entries/{}",
    "/logs/main/statements/{}/proof",
    "/api/v1/filters/{}",
    "/desk/consignments/import/annotated?file={}",
    "/api/v1/imports/columns?broker={}",
)
SECRETS = ("root:x:0:0", "PRIVATE KEY", "[project]", "ENCRYPTED")
HUGE_BYTES = 200 * 1024 * 1024
CHUNK = b"x" * 65_536
_numbers = count(1)


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_address_climbs_out_of_its_folder(shared: WebHouse, folder: str) -> None:
    for up in UPS:
        for target in ("etc/passwd", "var/keys/root.json", "pyproject.toml"):
            # The raw target: a client that tidies addresses would do the server's work.
            raw = folder.format(up * 6 + target).encode()
            url = httpx.URL(str(shared.client.base_url)).copy_with(raw_path=raw)
            answer = shared.client.send(httpx.Request("GET", url, headers=shared.bearer))
            assert 300 <= answer.status_code < 500, (raw, answer.status_code)
            assert not any(secret in answer.text for secret in SECRETS), raw


@pytest.mark.parametrize("path", ["/api/v1/imports", "/desk/consignments/import"])
@pytest.mark.parametrize("announced", [True, False], ids=["announced", "in chunks"])
def test_200_mb_are_refused_early(shared: WebHouse, path: str, announced: bool) -> None:
    operator_id = next(iter(shared.sites.values())).operator_id
    member = Member(role=Role.FIRST_STATION, operator_id=operator_id)
    desk = signed_in(shared, f"huge-{next(_numbers)}@example.cn", member)
    assert csrf_of(desk.get("/account"))
    sent = 0

    def body() -> Iterator[bytes]:
        nonlocal sent
        while sent < HUGE_BYTES:
            sent += len(CHUNK)
            yield CHUNK

    headers = {"Content-Type": "multipart/form-data; boundary=b", "Accept": "application/json"}
    headers |= shared.bearer if path.startswith("/api/") else {}
    headers |= {"Content-Length": str(HUGE_BYTES)} if announced else {}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    status = None
    # The server may answer and hang up while we are still sending: what it is asked to do.
    with suppress(httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
        status = desk.client.post(path, content=body(), headers=headers).status_code
    assert status in (413, None)
    limit = shared.settings.body_limit_bytes
    assert sent <= max(4 * limit, 32 * 1024 * 1024), f"{sent} bytes were taken before the refusal"
    grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kb < 100_000, f"{grown_kb} KB more while 200 MB came in"
    assert shared.client.get("/healthz").status_code == 200
