"""Trust lists: signed by the roots, never older, never of another installation, one use per key."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldtrace.seal.b64 import b64, std_b64
from coldtrace.seal.canonical_text import print_canonical
from coldtrace.seal.hashing import sha256
from coldtrace.seal.keys import Ed25519Signer, P256Signer, key_id, kid
from coldtrace.seal.root_document import apply_root_change, write_root
from coldtrace.seal.trust_list import (
    Allow,
    ClashingKids,
    KeyUsedTwice,
    LogEntry,
    MalformedTrustList,
    TrustListRolledBack,
    UntrustedTrustList,
    WrongRootSigner,
    open_trust_list,
    print_list,
    sign_trust_list,
    trusted_key,
)
from coldtrace.seal.vkey import vkey_of
from support.tlog_vectors import NOW, ORIGIN, frozen, root_document, root_signers, signer, trust_list

VECTORS = frozen("trust_list.json")
ROOT, SIGNERS = root_document(), root_signers()
TRUST, TEXT, ENVELOPE = trust_list(ROOT), VECTORS["list"], VECTORS["envelope"]
CODE = signer("code")


def signed(text: str, *names: str, prefix: bytes = b"CCTRUST1\x00") -> dict[str, object]:
    """Return an envelope without the checks of `sign_trust_list`."""
    keys = {name: SIGNERS[name] for name in names}
    sigs = [{"root": name, "alg": key.alg, "sig": b64(key.sign(prefix + text.encode()))} for name, key in keys.items()]
    return {"list": text, "sigs": sigs}


def edited(**members: object) -> str:
    """Return the list's text with some members changed."""
    return print_canonical(json.loads(TEXT) | members)


def test_frozen_list_opens() -> None:
    assert open_trust_list(ENVELOPE, root=ROOT, lowest_seq=412) == TRUST
    assert open_trust_list(json.dumps(ENVELOPE), root=ROOT) == TRUST
    assert open_trust_list(json.dumps(ENVELOPE, indent=2), root=None) == TRUST
    assert print_list(TRUST) == TEXT


def test_a_list_answers_questions() -> None:
    (key,) = TRUST.keys_for(kid(CODE.spki), "code")
    assert key == TRUST.key_of(key_id(CODE.spki), "code")
    assert TRUST.keys_for(kid(CODE.spki), "receipt") == ()
    assert TRUST.key_of(key_id(CODE.spki), "enrolment") is None
    assert key.public_key.verify(CODE.sign(b"x"), b"x")
    assert (key.accepts_at(NOW), key.may_sign_at(NOW), key.is_revoked) == (True, True, False)
    assert TRUST.trusts_host("TRACE.Example.CN")
    assert not TRUST.trusts_host("evil.example.cn")
    station, log = TRUST.station("TJ-BH-001"), TRUST.log(ORIGIN)
    assert station is not None
    assert log is not None
    assert (station.gln, log.quorum, TRUST.station("X"), TRUST.log("X")) == ("6901234567892", 1, None, None)
    cut = TRUST.cut_of(key_id(signer("stolen").spki))
    assert cut is not None
    assert (cut.size, TRUST.cut_of(bytes(32))) == (13, None)


@pytest.mark.parametrize(
    ("days", "accepts", "may_sign"), [(-23, False, False), (-22, True, True), (15, True, False), (746, False, False)]
)
def test_the_windows_of_a_key(days: int, accepts: bool, may_sign: bool) -> None:
    key = TRUST.keys[0]
    now = NOW + timedelta(days=days)
    assert (key.accepts_at(now), key.may_sign_at(now)) == (accepts, may_sign)
    assert not replace(key, st="verify-only").may_sign_at(now)
    assert replace(key, st="revoked").is_revoked


def test_a_key_without_a_window_is_always_open() -> None:
    key = TRUST.keys[1]
    assert key.accepts_at(NOW - timedelta(days=9999))
    assert key.may_sign_at(NOW + timedelta(days=9999))


def test_what_still_counts_of_a_stolen_key() -> None:
    assert [key.allow for key in TRUST.keys] == [None] * 4 + [Allow(sha256=sha256(b"a filter file"), units=48_000)]
    assert TRUST.keys[4].is_revoked
    assert TRUST.keys_for(kid(signer("status").spki), "status") == (TRUST.keys[3],)


def test_a_full_key_id_is_not_printed_and_must_fit_where_it_is_said() -> None:
    assert '"id"' not in json.dumps(json.loads(TEXT)["keys"])
    with_id = edited(keys=[FIRST | {"id": b64(key_id(CODE.spki))}])
    assert open_trust_list(signed(with_id, "r1", "r2"), root=ROOT).keys == TRUST.keys[:1]


def test_an_old_list_opens_and_says_so() -> None:
    assert (TRUST.is_stale(NOW), TRUST.age_s(NOW + timedelta(hours=3))) == (False, 10_800)
    assert TRUST.is_stale(TRUST.expires)
    assert TRUST.age_s(NOW - timedelta(days=1)) == 0


@pytest.mark.parametrize(("names", "count"), [((), 0), (("r1",), 1), (("r3",), 1)], ids=str)
def test_too_few_roots(names: tuple[str, ...], count: int) -> None:
    with pytest.raises(UntrustedTrustList) as refusal:
        open_trust_list(signed(TEXT, *names), root=ROOT)
    assert refusal.value.facts == {"signed": count, "threshold": 2}


@pytest.mark.parametrize("names", [("r1", "r2"), ("r2", "r3"), ("r1", "r2", "r3")], ids=str)
def test_any_threshold_of_roots(names: tuple[str, ...]) -> None:
    assert open_trust_list(signed(TEXT, *names), root=ROOT) == TRUST


def test_one_root_twice_is_one_root() -> None:
    envelope: dict[str, Any] = signed(TEXT, "r1")
    envelope["sigs"] *= 2
    with pytest.raises(UntrustedTrustList):
        open_trust_list(envelope, root=ROOT)


def test_one_root_under_two_names_is_one_root() -> None:
    envelope: dict[str, Any] = signed(TEXT, "r1")
    envelope["sigs"].append(envelope["sigs"][0] | {"root": "r3"})
    with pytest.raises(UntrustedTrustList):
        open_trust_list(envelope, root=ROOT)


def test_strangers_and_bad_signatures_do_not_count_and_do_not_harm() -> None:
    envelope: dict[str, Any] = signed(TEXT, "r1", "r2")
    noise = [
        {"root": "r7", "alg": "Ed25519", "sig": b64(bytes(64))},
        {"root": "r1", "alg": "Ed25519", "sig": b64(bytes(64))},
        {"root": "r1", "alg": "ES256", "sig": envelope["sigs"][0]["sig"]},
    ]
    assert open_trust_list(envelope | {"sigs": noise + envelope["sigs"]}, root=ROOT) == TRUST
    with pytest.raises(UntrustedTrustList):
        open_trust_list(envelope | {"sigs": [*noise, envelope["sigs"][1]]}, root=ROOT)


def test_a_signature_for_something_else_is_none() -> None:
    with pytest.raises(UntrustedTrustList):
        open_trust_list(signed(TEXT, "r1", "r2", prefix=b"CCROOT1\x00"), root=ROOT)
    with pytest.raises(UntrustedTrustList):
        open_trust_list(signed(TEXT, "r1", "r2", prefix=b""), root=ROOT)


def test_a_bare_list_is_read_only_without_a_root() -> None:
    assert open_trust_list(TEXT, root=None) == TRUST
    with pytest.raises(UntrustedTrustList):
        open_trust_list(TEXT, root=ROOT)


def test_never_older_than_seen() -> None:
    with pytest.raises(TrustListRolledBack) as refusal:
        open_trust_list(ENVELOPE, root=ROOT, lowest_seq=413)
    assert refusal.value.facts == {"seq": 412, "lowest_seq": 413}
    with pytest.raises(TrustListRolledBack):
        open_trust_list(TEXT, root=None, lowest_seq=413)


def test_a_list_of_another_installation() -> None:
    for text in (edited(net=b64(bytes(32))),):
        with pytest.raises(UntrustedTrustList):
            open_trust_list(signed(text, "r1", "r2"), root=ROOT)


def test_after_a_root_change_the_new_roots_sign_and_the_old_do_not() -> None:
    later = apply_root_change(VECTORS["root_change"], current=ROOT)
    with pytest.raises(UntrustedTrustList):
        open_trust_list(signed(TEXT, "r2", "r3"), root=later)
    assert open_trust_list(sign_trust_list(TEXT, {"r4": signer("root 4")}, root=later), root=later) == TRUST


def test_as_an_integrator_may_write_it() -> None:
    """The shape of the format note: dates, padded base64, no ids, no use, members of a later time."""
    bare = {
        "v": 1,
        "seq": 412,
        "issued": "2026-11-23T02:00:00Z",
        "expires": "2026-11-30",
        "hosts": ["TRACE.example.cn"],
        "stations": [{"id": "ZJ-HZ-003", "name": "杭州"}],
        "keys": [{"kid": kid(CODE.spki), "alg": "Ed25519", "spki": std_b64(CODE.spki), "print_from": "2026-11-01"}],
        "roots": [],
        "units": {"url": "https://trace.example.cn/units", "seq": 88},
    }
    trust = open_trust_list(json.dumps(bare, indent=1), root=None)
    assert trust.net == b""
    assert trust.hosts == ("trace.example.cn",)
    assert trust.expires.isoformat() == "2026-12-01T00:00:00+00:00"
    (key,) = trust.keys_for(kid(CODE.spki), "code")
    assert (key.id, key.st, key.scope) == (key_id(CODE.spki), "active", ())
    assert key.print_from is not None
    assert key.print_from.isoformat() == "2026-11-01T00:00:00+00:00"
    with pytest.raises(MalformedTrustList):
        open_trust_list(signed(print_canonical(bare), "r1", "r2"), root=ROOT)


FIRST: dict[str, Any] = json.loads(TEXT)["keys"][0]
STOLEN: dict[str, Any] = json.loads(TEXT)["keys"][4]
LOG: dict[str, Any] = json.loads(TEXT)["logs"][0]
STATION: dict[str, Any] = json.loads(TEXT)["stations"][0]
OTHER = trusted_key(use="code", spki=signer("other").spki)


@pytest.mark.parametrize(
    ("where", "edit"),
    [
        ("v", {"v": 2}),
        ("net", {"net": "AAAA"}),
        ("net", {"net": None}),
        ("seq", {"seq": 0}),
        ("seq", {"seq": "412"}),
        ("issued", {"issued": "2026-11-23 04:00:00"}),
        ("issued", {"issued": "2026-13-23T04:00:00Z"}),
        ("issued", {"issued": "2026-11-23T04:00:00+08:00"}),
        ("expires", {"issued": None}),
        ("expires", {"expires": "9999-12-31"}),
        ("expires", {"expires": json.loads(TEXT)["issued"]}),
        ("hosts", {"hosts": [1]}),
        ("hosts", {"hosts": None}),
        ("stations", {"stations": None}),
        ("stations[0].status", {"stations": [STATION | {"status": "asleep"}]}),
        ("stations[0].name", {"stations": [STATION | {"name": 1}]}),
        ("keys", {"keys": {}}),
        ("keys[0]", {"keys": ["x"]}),
        ("keys[0].kid", {"keys": [FIRST | {"kid": "00000000"}]}),
        ("keys[0].kid", {"keys": [FIRST | {"kid": FIRST["kid"].upper()}]}),
        ("keys[0].id", {"keys": [FIRST | {"id": b64(bytes(32))}]}),
        ("keys[0].use", {"keys": [FIRST | {"use": "anything"}]}),
        ("keys[0].alg", {"keys": [FIRST | {"alg": "ES256"}]}),
        ("keys[0].alg", {"keys": [FIRST | {"alg": "none"}]}),
        ("keys[0].spki", {"keys": [FIRST | {"spki": b64(CODE.spki[:-1])}]}),
        ("keys[0].spki", {"keys": [FIRST | {"spki": "?"}]}),
        ("keys[0].st", {"keys": [FIRST | {"st": "lost"}]}),
        ("keys[0].scope", {"keys": [FIRST | {"scope": "01"}]}),
        ("keys[0].stn", {"keys": [FIRST | {"stn": 1}]}),
        ("keys[0].print_until", {"keys": [FIRST | {"print_until": "soon"}]}),
        ("keys[0].allow", {"keys": [FIRST | {"allow": STOLEN["allow"]}]}),
        ("keys[0].allow", {"keys": [STOLEN | {"use": "receipt"}]}),
        ("keys[0].allow", {"keys": [STOLEN | {"allow": "all"}]}),
        ("keys[0].allow.sha256", {"keys": [STOLEN | {"allow": {"sha256": "AAAA", "units": 1}}]}),
        ("keys[0].allow.units", {"keys": [STOLEN | {"allow": {"sha256": b64(bytes(32)), "units": -1}}]}),
        ("keys[0].allow.url", {"keys": [STOLEN | {"allow": STOLEN["allow"] | {"url": "x"}}]}),
        ("keys[0].cut", {"keys": [FIRST | {"cut": {}}]}),
        ("logs[0].vkey", {"logs": [LOG | {"vkey": "x"}]}),
        ("logs[0].vkey", {"logs": [LOG | {"vkey": LOG["witnesses"][0]}]}),
        ("logs[0].vkey", {"logs": [LOG | {"origin": "another"}]}),
        ("logs[0].witnesses", {"logs": [LOG | {"witnesses": [LOG["vkey"]]}]}),
        ("logs[0].witnesses", {"logs": [LOG | {"witnesses": LOG["witnesses"] * 2}]}),
        ("logs[0].quorum", {"logs": [LOG | {"quorum": 2}]}),
        ("logs[0].quorum", {"logs": [LOG | {"quorum": -1}]}),
        ("logs[0].more", {"logs": [LOG | {"more": 1}]}),
        ("cuts[0].size", {"cuts": [{"key": b64(bytes(32)), "origin": ORIGIN, "size": -1}]}),
        ("cuts[0].key", {"cuts": [{"key": "AA", "origin": ORIGIN, "size": 1}]}),
    ],
)
def test_malformed_lists_say_where(where: str, edit: dict[str, object]) -> None:
    with pytest.raises(MalformedTrustList) as refusal:
        open_trust_list(signed(edited(**edit), "r1", "r2"), root=ROOT)
    assert refusal.value.facts["where"] == where
    assert where in refusal.value.say("zh")


@pytest.mark.parametrize(
    "text",
    [TEXT + " ", TEXT.replace('{"accept', '{ "accept', 1), TEXT.replace('"v":1', '"v":1,"v":1'), "", "[]"],
    ids=lambda text: text[-12:],
)
def test_the_signed_text_is_canonical(text: str) -> None:
    with pytest.raises(MalformedTrustList):
        open_trust_list(signed(text, "r1", "r2"), root=ROOT)


@pytest.mark.parametrize(
    "envelope",
    [
        "",
        "null",
        "[]",
        {"list": TEXT},
        {"list": 1, "sigs": []},
        {"list": TEXT, "sigs": [], "more": 1},
        {"list": TEXT, "sigs": [{"root": "r1", "alg": "Ed25519", "sig": "AAAA"}]},
        {"list": TEXT, "sigs": [{"root": "r1", "alg": "Ed25519", "sig": b64(bytes(64)), "x": 1}]},
        '{"list":"{}","list":"{}","sigs":[]}',
    ],
    ids=lambda envelope: str(envelope)[-40:],
)
def test_malformed_envelopes(envelope: str | dict[str, object]) -> None:
    with pytest.raises(MalformedTrustList):
        open_trust_list(envelope, root=ROOT)


def test_the_roots_do_not_sign_clashing_short_ids() -> None:
    """Two seeds, found by search, whose keys share their first four bytes of SHA-256."""
    one, two = (Ed25519Signer.from_seed(seed.to_bytes(32, "big")) for seed in (16_622, 39_771))
    assert kid(one.spki) == kid(two.spki) == "bdbdf1f4"
    keys = tuple(trusted_key(use=use, spki=each.spki) for use, each in (("code", one), ("receipt", two)))
    with pytest.raises(ClashingKids) as refusal:
        sign_trust_list(print_list(replace(TRUST, keys=keys)), SIGNERS)
    assert refusal.value.facts == {"kid": "bdbdf1f4"}
    both = tuple(trusted_key(use="code", spki=each.spki) for each in (one, two))
    trust = open_trust_list(signed(print_list(replace(TRUST, keys=both)), "r1", "r2"), root=ROOT)
    assert len(trust.keys_for("bdbdf1f4", "code")) == 2
    found = trust.key_of(key_id(two.spki), "code")
    assert found is not None
    assert found.spki == two.spki


@pytest.mark.parametrize(
    "keys",
    [
        (trusted_key(use="code", spki=CODE.spki), trusted_key(use="receipt", spki=CODE.spki)),
        (trusted_key(use="code", spki=CODE.spki), trusted_key(use="code", spki=CODE.spki)),
        (trusted_key(use="code", spki=signer("log").spki),),
        (trusted_key(use="receipt", spki=signer("witness one").spki),),
        (trusted_key(use="code", spki=signer("root 1").spki),),
    ],
    ids=["two uses", "listed twice", "also a log", "also a witness", "also a root"],
)
def test_the_roots_sign_one_use_per_key(keys: tuple[Any, ...]) -> None:
    with pytest.raises(KeyUsedTwice):
        sign_trust_list(print_list(replace(TRUST, keys=keys)), SIGNERS, root=ROOT)


def test_a_log_key_may_stand_in_both_places_for_its_one_use() -> None:
    key = trusted_key(use="log", spki=signer("log").spki)
    assert sign_trust_list(print_list(replace(TRUST, keys=(key,))), SIGNERS, root=ROOT)


def test_a_log_is_not_the_witness_of_another() -> None:
    other = LogEntry(
        origin="other.example",
        vkey=vkey_of(name="other.example", spki=signer("witness one").spki),
        witnesses=(),
        quorum=0,
    )
    with pytest.raises(KeyUsedTwice):
        sign_trust_list(print_list(replace(TRUST, logs=(*TRUST.logs, other))), SIGNERS)


def test_signers_are_the_roots_that_they_say() -> None:
    for signers in ({"r1": signer("other")}, {"r9": SIGNERS["r1"]}, {"r1": SIGNERS["r3"]}):
        with pytest.raises(WrongRootSigner):
            sign_trust_list(TEXT, signers, root=ROOT)


def test_the_roots_do_not_sign_what_verifiers_would_refuse() -> None:
    for text in (TEXT + " ", edited(seq=0), edited(net=None), ""):
        with pytest.raises(MalformedTrustList):
            sign_trust_list(text, SIGNERS)


def test_holders_of_roots_can_sign_one_by_one() -> None:
    one: dict[str, Any] = sign_trust_list(TEXT, {"r1": SIGNERS["r1"]}, root=ROOT)
    two: dict[str, Any] = sign_trust_list(TEXT, {"r3": SIGNERS["r3"]}, root=ROOT)
    assert open_trust_list({"list": TEXT, "sigs": one["sigs"] + two["sigs"]}, root=ROOT) == TRUST


@given(st.integers(0, len(TEXT.encode()) * 8 - 1))
def test_one_flipped_bit_in_the_list_never_verifies(bit: int) -> None:
    data = TEXT.encode()
    flipped = (int.from_bytes(data, "big") ^ (1 << bit)).to_bytes(len(data), "big")
    text = flipped.decode("utf-8", "surrogateescape")
    with pytest.raises((MalformedTrustList, UntrustedTrustList)):
        open_trust_list(ENVELOPE | {"list": text}, root=ROOT)


@given(st.sampled_from([0, 1]), st.integers(0, 511))
def test_one_flipped_bit_in_a_signature_never_verifies(which: int, bit: int) -> None:
    envelope: dict[str, Any] = signed(TEXT, "r1", "r2")
    keys: list[Ed25519Signer | P256Signer] = [SIGNERS["r1"], SIGNERS["r2"]]
    sig = int.from_bytes(keys[which].sign(b"CCTRUST1\x00" + TEXT.encode()), "big") ^ (1 << bit)
    envelope["sigs"][which]["sig"] = b64(sig.to_bytes(64, "big"))
    with pytest.raises(UntrustedTrustList):
        open_trust_list(envelope, root=ROOT)


@given(
    st.text(max_size=40)
    | st.text('{}[]",:1listsgv', max_size=40)
    | st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from(["v", "list", "sigs", "keys", "seq", "root"]), inner)
        ),
        max_leaves=8,
    ).map(json.dumps)
)
def test_any_text_is_ours_to_refuse(text: str) -> None:
    with pytest.raises((MalformedTrustList, UntrustedTrustList)):
        open_trust_list(text, root=ROOT)
    with pytest.raises(MalformedTrustList):
        open_trust_list(text, root=None)


@given(st.sampled_from(sorted(json.loads(TEXT))), st.none() | st.integers() | st.text(max_size=3) | st.just([{}]))
def test_any_member_of_any_type_is_ours_to_refuse(name: str, value: object) -> None:
    try:
        open_trust_list(json.dumps(json.loads(TEXT) | {name: value}), root=None)
    except MalformedTrustList:
        return


def test_a_large_list_opens_quickly_enough_to_be_opened_at_every_start() -> None:
    keys = tuple(
        trusted_key(use="code", spki=Ed25519Signer.from_seed(at.to_bytes(32, "big")).spki) for at in range(1, 1001)
    )
    text = print_list(replace(TRUST, keys=keys))
    assert len(open_trust_list(signed(text, "r1", "r2"), root=ROOT).keys) == 1000


def test_roots_of_one() -> None:
    root = write_root(roots={"r1": signer("root 1").spki}, threshold=1)
    text = print_list(replace(TRUST, net=root.net))
    assert open_trust_list(sign_trust_list(text, {"r1": signer("root 1")}, root=root), root=root).net == root.net
