"""Invites and enrolment requests."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldtrace.errors import Refusal
from coldtrace.events.canonical import decode, encode
from coldtrace.events.enrolment import (
    BadRequestSignature,
    Invite,
    MalformedInvite,
    MalformedRequest,
    make_invite,
    make_request,
    read_invite,
    read_request,
    token_hash,
)
from coldtrace.seal.b64 import b64
from support.published import own_vectors_dir
from support.story import PORT_DEVICE, PORT_GLN, SHOP_DEVICE

VECTORS = json.loads((own_vectors_dir() / "events" / "enrolment.json").read_text("utf-8"))


def invite(**changes: Any) -> Invite:
    parts: dict[str, Any] = {
        "url": "https://trace.example.cn",
        "token": "x" * 24,
        "net": bytes(32),
        "site": PORT_GLN,
        "expires": datetime(2026, 11, 23, 9, 0, tzinfo=UTC),
    }
    return Invite(**{**parts, **changes})


def test_frozen_invite() -> None:
    read = read_invite(VECTORS["invite"])
    assert read.token == VECTORS["token"]
    assert make_invite(read) == VECTORS["invite"]


def test_frozen_requests() -> None:
    for vector, spki in zip(VECTORS["requests"], (PORT_DEVICE.spki, SHOP_DEVICE.spki), strict=True):
        request = read_request(vector["text"], vector["sig"])
        assert request.public_key.spki == spki
        assert request.token_hash == token_hash(VECTORS["token"])
        assert VECTORS["token"] not in vector["text"]


@pytest.mark.parametrize(
    "changes",
    [
        {"url": "ftp://trace.example.cn"},
        {"url": "https://trace example"},
        {"token": "short"},
        {"token": "x" * 20 + " y"},
        {"net": bytes(31)},
        {"site": "6901234567893"},
        {"site": "12"},
    ],
)
def test_invites_that_nobody_could_read(changes: dict[str, Any]) -> None:
    with pytest.raises(MalformedInvite):
        make_invite(invite(**changes))


@pytest.mark.parametrize(
    "text", ["", "CTI1.", "CTI2." + VECTORS["invite"][5:], VECTORS["invite"] + "A", "CTI1." + "A" * 3000]
)
def test_other_texts_are_no_invites(text: str) -> None:
    with pytest.raises(MalformedInvite):
        read_invite(text)


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(MalformedInvite):
        read_invite(text)
    with pytest.raises(MalformedInvite):
        read_invite("CTI1." + text)


def test_the_new_key_must_sign() -> None:
    text, _ = make_request(net=bytes(32), token="t" * 20, signer=PORT_DEVICE)
    _, other = make_request(net=bytes(32), token="t" * 20, signer=SHOP_DEVICE)
    with pytest.raises(BadRequestSignature):
        read_request(text, other)


def test_a_request_names_a_good_key() -> None:
    text, sig = make_request(net=bytes(32), token="t" * 20, signer=PORT_DEVICE)
    value: Any = decode(text)
    for spki in (b"", b"x" * 44, bytes(91)):
        with pytest.raises(Refusal) as caught:
            read_request(encode({**value, "spki": b64(spki)}), sig)
        assert caught.value.code == "malformed_key"
    with pytest.raises(MalformedRequest):
        read_request(text, sig[:-1])
    with pytest.raises(MalformedRequest):
        read_request(" " * 3000, sig)


@given(st.text(max_size=60), st.text(max_size=10))
def test_any_request_is_refused(text: str, sig: str) -> None:
    with pytest.raises(Refusal):
        read_request(text, sig)
