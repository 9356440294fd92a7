"""Root documents: who may sign, and how that changes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldtrace.seal.b64 import b64
from coldtrace.seal.canonical_text import print_canonical
from coldtrace.seal.keys import Ed25519Signer, P256Signer
from coldtrace.seal.root_document import (
    MalformedRoot,
    RootChangeRefused,
    RootDocument,
    apply_root_change,
    net_of,
    parse_root,
    sign_root_change,
    write_root,
)
from support.tlog_vectors import frozen, root_document, root_signers, signer

VECTORS = frozen("trust_list.json")
ROOT = root_document()
SIGNERS = root_signers()
LATER = write_root(
    roots={"r1": signer("new 1").spki, "r2": SIGNERS["r2"].spki, "r5": signer("new 5").spki},
    threshold=2,
    previous=ROOT,
)
OLD: dict[str, Ed25519Signer | P256Signer] = {f"old {name}": key for name, key in SIGNERS.items()}
NEW = {"new r1": signer("new 1"), "new r5": signer("new 5")}


def change(*names: str, to: RootDocument = LATER) -> dict[str, object]:
    """Return an envelope signed by `old r1`, `new r1` and so on."""
    keys = OLD | NEW
    return sign_root_change(to, [(name.split()[1], keys[name]) for name in names])


def test_frozen_root_reads() -> None:
    root = parse_root(VECTORS["root"])
    assert root == ROOT
    assert (root.version, root.threshold, [each.id for each in root.roots]) == (1, 2, ["r1", "r2", "r3"])
    assert b64(root.net) == b64(net_of(root.text)) == VECTORS["net"]


def test_frozen_change_applies_as_text_and_as_object() -> None:
    later = apply_root_change(VECTORS["root_change"], current=ROOT)
    assert apply_root_change(json.dumps(VECTORS["root_change"]), current=ROOT) == later
    assert (later.version, later.net, later.prev) == (2, ROOT.net, net_of(ROOT.text))


def test_change_with_both_thresholds() -> None:
    """`r2` stays, so its one signature counts on both sides; `r1` is another key under the old name."""
    assert apply_root_change(change("old r1", "old r2", "new r1"), current=ROOT) == LATER


@pytest.mark.parametrize(
    "names",
    [
        (),
        ("old r1",),
        ("old r1", "old r3"),
        ("new r1", "new r5"),
        ("old r2", "new r1"),
        ("old r1", "old r1", "new r1", "new r5"),
        ("old r1", "old r2"),
    ],
    ids=" + ".join,
)
def test_change_without_one_of_the_thresholds(names: tuple[str, ...]) -> None:
    with pytest.raises(RootChangeRefused) as refusal:
        apply_root_change(change(*names), current=ROOT)
    assert refusal.value.facts == {"version": 2}


def test_a_change_is_taken_once_and_in_order() -> None:
    good = change("old r1", "old r2", "new r1")
    after = apply_root_change(good, current=ROOT)
    with pytest.raises(RootChangeRefused):
        apply_root_change(good, current=after)
    third = write_root(roots={"r5": signer("new 5").spki}, threshold=1, previous=after)
    envelope = sign_root_change(third, [("r1", NEW["new r1"]), ("r5", NEW["new r5"])])
    assert apply_root_change(envelope, current=after).version == 3
    with pytest.raises(RootChangeRefused):
        apply_root_change(envelope, current=ROOT)


def test_a_change_of_another_installation_is_refused() -> None:
    elsewhere = write_root(roots={name: key.spki for name, key in SIGNERS.items()}, threshold=1)
    theirs = write_root(roots={"r1": signer("new 1").spki}, threshold=1, previous=elsewhere)
    with pytest.raises(RootChangeRefused):
        apply_root_change(change("old r1", "old r2", "new r1", to=theirs), current=ROOT)


def test_a_signature_for_lists_is_none_for_roots() -> None:
    envelope = change("old r1", "new r1", "new r5")
    sig = b64(SIGNERS["r2"].sign(b"CCTRUST1\x00" + LATER.text.encode()))
    envelope["sigs"] = [*envelope["sigs"], {"root": "r2", "alg": "ES256", "sig": sig}]  # type: ignore[misc]
    with pytest.raises(RootChangeRefused):
        apply_root_change(envelope, current=ROOT)


def test_an_sm2_root_is_carried_but_not_counted() -> None:
    sm2 = next(key for key in frozen("keys.json")["keys"] if key["alg"] == "SM2")
    body = json.loads(ROOT.text)
    body["roots"].append({"id": "r9", "alg": "SM2", "spki": sm2["spki"]})
    root = parse_root(print_canonical(body))
    later = write_root(roots={"r1": SIGNERS["r1"].spki}, threshold=1, previous=root)
    envelope: dict[str, Any] = sign_root_change(later, [("r1", SIGNERS["r1"])])
    envelope["sigs"].append({"root": "r9", "alg": "SM2", "sig": b64(bytes(64))})
    with pytest.raises(RootChangeRefused):
        apply_root_change(envelope, current=root)


@pytest.mark.parametrize(
    ("where", "edit"),
    [
        ("v", {"v": 2}),
        ("v", {"v": "1"}),
        ("version", {"version": 0}),
        ("threshold", {"threshold": 0}),
        ("threshold", {"threshold": 4}),
        ("threshold", {"threshold": True}),
        ("roots", {"roots": {}}),
        ("threshold", {"roots": []}),
        ("extra", {"extra": 1}),
        ("net", {"net": b64(bytes(32))}),
        ("net", {"version": 2}),
        ("prev", {"version": 2, "net": b64(bytes(32))}),
        ("roots", {"roots": json.loads(ROOT.text)["roots"] * 2}),
        ("roots[0].alg", {"roots": [{"id": "r", "alg": "ES256", "spki": json.loads(ROOT.text)["roots"][0]["spki"]}]}),
        ("roots[0].alg", {"roots": [{"id": "r", "alg": "RSA", "spki": json.loads(ROOT.text)["roots"][1]["spki"]}]}),
        ("roots[0].spki", {"roots": [{"id": "r", "alg": "Ed25519", "spki": b64(bytes(44))}]}),
        ("roots[0].spki", {"roots": [{"id": "r", "alg": "Ed25519", "spki": "MCow"}]}),
        ("roots[0].id", {"roots": [json.loads(ROOT.text)["roots"][0] | {"id": ""}]}),
        ("roots[0].use", {"roots": [json.loads(ROOT.text)["roots"][0] | {"use": "x"}]}),
    ],
)
def test_malformed_roots(where: str, edit: dict[str, object]) -> None:
    with pytest.raises(MalformedRoot) as refusal:
        parse_root(print_canonical(json.loads(ROOT.text) | edit))
    # More roots than the threshold asks for may fail at either, so the spot is compared where it is certain.
    assert str(refusal.value.facts["where"]).split(".")[0].startswith(where.split(".")[0].split("[")[0])


@pytest.mark.parametrize("text", ["", "[]", "null", "{}", ROOT.text + "\n", ROOT.text.replace(",", ", ")])
def test_texts_that_are_no_root(text: str) -> None:
    with pytest.raises(MalformedRoot):
        parse_root(text)


@pytest.mark.parametrize(
    "envelope",
    [
        "",
        "[]",
        "{}",
        {"root": ROOT.text},
        {"root": ROOT.text, "sigs": {}},
        {"root": ROOT.text, "sigs": [{}]},
        {"root": ROOT.text, "sigs": [{"root": "r1", "alg": "Ed25519", "sig": "AAAA"}]},
        {"root": ROOT.text, "sigs": [], "more": 1},
    ],
    ids=str,
)
def test_malformed_changes(envelope: str | dict[str, object]) -> None:
    with pytest.raises(MalformedRoot):
        apply_root_change(envelope, current=ROOT)


@given(st.integers(0, len(LATER.text.encode()) * 8 - 1))
def test_one_flipped_bit_in_the_new_root(bit: int) -> None:
    data = LATER.text.encode()
    flipped = (int.from_bytes(data, "big") ^ (1 << bit)).to_bytes(len(data), "big")
    envelope = change("old r1", "old r2", "new r1") | {"root": flipped.decode("utf-8", "surrogateescape")}
    with pytest.raises((MalformedRoot, RootChangeRefused)):
        apply_root_change(envelope, current=ROOT)


@given(st.text(max_size=40) | st.text('{}[]",:1rootsv', max_size=40))
def test_any_text_is_ours_to_refuse(text: str) -> None:
    with pytest.raises(MalformedRoot):
        parse_root(text)
    with pytest.raises(MalformedRoot):
        apply_root_change(text, current=ROOT)
