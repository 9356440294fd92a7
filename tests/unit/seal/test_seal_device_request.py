"""The header with which a device vouches for a request."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldtrace.clock import format_utc
from coldtrace.seal.b64 import b64, unb64
from coldtrace.seal.canonical_text import print_canonical
from coldtrace.seal.device_request import (
    REQUEST_PREFIX,
    DeviceAuthorization,
    MalformedAuthorization,
    RequestSignatureRefused,
    parse_authorization,
    sign_request,
    verify_request,
)
from coldtrace.seal.hashing import sha256
from coldtrace.seal.keys import P256Signer, key_id, load_public_key
from support.tlog_vectors import frozen, signer

VECTORS = frozen("device_request.json")
AT = datetime(2026, 11, 23, 4, tzinfo=UTC)
GOOD: dict[str, Any] = {
    "net": unb64(VECTORS["net"]),
    "method": VECTORS["method"],
    "path": VECTORS["path"],
    "body": VECTORS["body"].encode(),
}


def verify(header: str, spki: bytes | None = None, **other: object) -> datetime:
    """Check a header against the frozen request, with some of it changed."""
    public_key = load_public_key(unb64(VECTORS["spki"]) if spki is None else spki)
    return verify_request(parse_authorization(header), public_key=public_key, **(GOOD | other))


def test_frozen_request_verifies_and_gives_the_claimed_time() -> None:
    assert verify(VECTORS["authorization"]) == AT
    assert parse_authorization(VECTORS["authorization"]).key == key_id(unb64(VECTORS["spki"]))
    assert verify(VECTORS["authorization"], method="post") == AT


@pytest.mark.parametrize(
    "other",
    [
        {"net": bytes(32)},
        {"method": "PUT"},
        {"path": "/api/v1/statements"},
        {"path": "/api/v1/statements?dry=1\ud800"},
        {"body": b""},
        {"spki": signer("other").spki},
    ],
    ids=lambda other: next(iter(other)),
)
def test_another_request_is_refused(other: dict[str, Any]) -> None:
    with pytest.raises(RequestSignatureRefused):
        verify(VECTORS["authorization"], **other)


def test_another_time_is_refused() -> None:
    with pytest.raises(RequestSignatureRefused):
        verify(VECTORS["authorization"].replace("04:00", "04:01"))


def test_a_key_that_cannot_be_checked_here_is_refused() -> None:
    sm2 = next(key for key in frozen("keys.json")["keys"] if key["alg"] == "SM2")
    spki = unb64(sm2["spki"])
    claimed = DeviceAuthorization(key=key_id(spki), at=AT, signature=bytes(64))
    with pytest.raises(RequestSignatureRefused):
        verify_request(claimed, public_key=load_public_key(spki), **GOOD)


@pytest.mark.parametrize("header", VECTORS["malformed"], ids=repr)
def test_malformed_headers(header: str) -> None:
    with pytest.raises(MalformedAuthorization):
        parse_authorization(header)


@given(st.binary(max_size=30), st.text(st.characters(codec="utf-8"), max_size=20))
def test_p256_devices_too(body: bytes, path: str) -> None:
    device = P256Signer.from_seed(bytes(31) + b"\x07")
    request: dict[str, Any] = {"net": bytes(32), "method": "GET", "path": f"/{path}", "body": body}
    header = sign_request(signer=device, at=AT, **request)
    assert verify(header, spki=device.spki, **request) == AT


@given(st.text(max_size=80) | st.text(max_size=9).map(lambda text: VECTORS["authorization"] + text))
def test_any_header_is_read_or_refused(header: str) -> None:
    try:
        parse_authorization(header)
    except MalformedAuthorization:
        return
    assert header == VECTORS["authorization"]


@given(method=st.sampled_from(["GET", "post", 'P"T']), path=st.text(max_size=20), body=st.binary(max_size=9))
def test_what_is_signed_is_canonical(method: str, path: str, body: bytes) -> None:
    """The signed text is put together by hand: it is what any JCS printer makes of the same members."""
    members = {"v": 1, "net": b64(GOOD["net"]), "method": method.upper(), "path": path, "body": b64(sha256(body))}
    text = print_canonical(members | {"at": format_utc(AT)})
    signature = signer("enrolment").sign(REQUEST_PREFIX + text.encode())
    said = DeviceAuthorization(key=key_id(signer("enrolment").spki), at=AT, signature=signature)
    public_key = load_public_key(signer("enrolment").spki)
    assert verify_request(said, public_key=public_key, net=GOOD["net"], method=method, path=path, body=body) == AT
