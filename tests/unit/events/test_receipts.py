"""Receipts: one signature each or one for a group; for this statement or refused."""

import copy
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldtrace.errors import Refusal
from coldtrace.events.receipt import (
    MalformedReceipt,
    Receipt,
    ReceiptMismatch,
    read_receipt,
    receipt_key,
    verify_receipt,
    write_receipt,
)
from coldtrace.events.receipt_group import issue_group
from coldtrace.events.statement import read_statement
from coldtrace.seal.b64 import b64, unb64
from coldtrace.seal.keys import key_id, load_public_key
from support.published import own_vectors_dir
from support.story import RECEIPT_KEY, SHOP_DEVICE

VECTORS = json.loads((own_vectors_dir() / "events" / "receipts.json").read_text("utf-8"))
KEY = load_public_key(unb64(VECTORS["spki"]))
Wire = dict[str, Any]


def verify(wire: object, statement: dict[str, str], **changes: Any) -> Receipt:
    checked = read_statement(statement)
    asked: Wire = {
        "public_key": KEY,
        "net": unb64(VECTORS["net"]),
        "id": checked.header.id,
        "header": statement["header"],
        "sig": checked.signature,
    }
    return verify_receipt(wire, **{**asked, **changes})


@pytest.mark.parametrize("kind", ["single", "group"])
def test_frozen_receipts(kind: str) -> None:
    for wire, statement in zip(VECTORS[kind], VECTORS["statements"], strict=True):
        receipt = verify(wire, statement)
        assert write_receipt(receipt) == wire["text"]
        assert receipt_key(wire) == key_id(KEY.spki)


@pytest.mark.parametrize("kind", ["single", "group"])
def test_a_receipt_is_for_one_statement(kind: str) -> None:
    with pytest.raises(ReceiptMismatch):
        verify(VECTORS[kind][0], VECTORS["statements"][1])


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"public_key": load_public_key(SHOP_DEVICE.spki)}, "key"),
        ({"net": bytes(32)}, "network"),
        ({"origin": "another/log"}, "network"),
        ({"id": UUID(int=0)}, "statement"),
        ({"sig": bytes(64)}, "leaf"),
    ],
)
def test_what_does_not_match(changes: Wire, what: str) -> None:
    with pytest.raises(ReceiptMismatch) as caught:
        verify(VECTORS["single"][0], VECTORS["statements"][0], **changes)
    assert caught.value.facts["what"] == what


def test_the_signature_may_be_another_valid_one() -> None:
    assert verify(VECTORS["single"][0], VECTORS["statements"][0], sig=None)


def _spoil(name: str) -> Callable[[Wire], object]:
    def change(wire: Wire) -> None:
        data = bytearray(unb64(wire[name]))
        data[-1] ^= 1
        wire[name] = b64(bytes(data))

    return change


@pytest.mark.parametrize(
    ("kind", "change", "code"),
    [
        ("single", _spoil("sig"), "receipt_mismatch"),
        ("single", _spoil("key"), "receipt_mismatch"),
        ("single", lambda wire: wire.update(text=wire["text"].replace("09:00", "08:00")), "receipt_mismatch"),
        ("single", lambda wire: wire.update(text=wire["text"].replace(",", ", ", 1)), "not_canonical"),
        ("single", lambda wire: wire.update(more=1), "malformed_receipt"),
        ("single", lambda wire: wire.pop("sig"), "malformed_receipt"),
        ("group", lambda wire: wire["group"].update(index=1), "receipt_mismatch"),
        ("group", lambda wire: wire["group"].update(index=6), "malformed_receipt"),
        ("group", lambda wire: wire["group"]["path"].pop(), "receipt_mismatch"),
        ("group", lambda wire: wire["group"].update(root=b64(bytes(32))), "receipt_mismatch"),
        ("group", lambda wire: wire.pop("group"), "receipt_mismatch"),
        ("group", lambda wire: wire["group"].update(size="6"), "malformed_receipt"),
    ],
)
def test_tampered(kind: str, change: Callable[[Wire], object], code: str) -> None:
    wire = copy.deepcopy(VECTORS[kind][0])
    change(wire)
    with pytest.raises(Refusal) as caught:
        verify(wire, VECTORS["statements"][0])
    assert caught.value.code == code


@pytest.mark.parametrize("count", [1, 2, 3, 7, 64])
def test_groups_of_any_size(count: int) -> None:
    receipt = read_receipt(VECTORS["single"][0]["text"])
    for wire in issue_group([receipt] * count, RECEIPT_KEY):
        assert verify(wire, VECTORS["statements"][0]) == receipt


def test_no_receipts_need_no_signature() -> None:
    assert issue_group([], RECEIPT_KEY) == []


@given(
    st.none()
    | st.text(max_size=5)
    | st.dictionaries(
        st.sampled_from(["text", "key", "sig", "group", "x"]),
        st.none() | st.integers() | st.text(max_size=20) | st.dictionaries(st.text(max_size=4), st.integers()),
    )
)
def test_any_object_is_refused(wire: object) -> None:
    with pytest.raises(Refusal):
        verify(wire, VECTORS["statements"][0])


def test_long_texts_are_refused() -> None:
    with pytest.raises(MalformedReceipt):
        read_receipt(" " * 2049)
