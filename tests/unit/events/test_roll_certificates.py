"""Range certificates of rolls: the vectors, round trips, one changed bit, and any text."""

import json
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib.util import module_from_spec, spec_from_file_location
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldtrace import clock
from coldtrace.codes.short_code import new_serial
from coldtrace.errors import Refusal
from coldtrace.events.canonical import encode
from coldtrace.events.roll_certificate import (
    NUMBERS_MAX,
    REASONS,
    MalformedRollCertificate,
    RollCertificate,
    RollCertificateRefused,
    open_roll_certificate,
    sign_roll_certificate,
    write_roll_certificate,
)
from coldtrace.seal.keys import Ed25519Signer, P256Signer, key_id
from coldtrace.seal.signer import Signer
from coldtrace.seal.trust_list import Station, TrustList, open_trust_list, trusted_key
from support.published import own_vectors_dir

VECTORS = json.loads((own_vectors_dir() / "rolls" / "certificates.json").read_text(encoding="utf-8"))
GOOD = VECTORS["cases"][0]["envelope"]
NOW = clock.parse_utc(VECTORS["now"])
ISSUED = datetime(2026, 11, 20, tzinfo=UTC)
SITE, GTIN, ROLL = "6901234567892", "09506000134352", "01939f6e-1c00-7000-8000-00000000c0de"


def trust_of(case: dict[str, object]) -> TrustList:
    """Return the vectors' list with the changes of one case."""
    changed = dict(VECTORS["trust_list"])
    first, *others = changed["keys"]
    return open_trust_list(json.dumps(changed | {"keys": [first | case.get("key", {}), *others]}), root=None)  # type: ignore[operator]


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_vectors(case: dict[str, object]) -> None:
    trust, now = trust_of(case), clock.parse_utc(str(case.get("now", VECTORS["now"])))
    if case["says"] == "valid":
        found = open_roll_certificate(str(case["envelope"]), trust=trust, now=now)
        numbers = range(found.first, found.last + 1)
        units = [found.unit_id(number) for number in numbers]
        assert units == case["units"]
        assert [found.number_of(unit) for unit in units] == list(numbers)
        assert found.number_of("(00)106141412345678908") is None
        return
    with pytest.raises(Refusal) as caught:
        open_roll_certificate(str(case["envelope"]), trust=trust, now=now)
    refusal = caught.value
    if isinstance(refusal, RollCertificateRefused):
        assert refusal.reason == case["says"]
        assert REASONS[refusal.reason].zh in refusal.say("zh")
        assert REASONS[refusal.reason].en in refusal.say("en")
    else:
        assert refusal.code == case["says"]


def test_the_vectors_are_what_their_script_builds() -> None:
    spec = spec_from_file_location("rebuild_rolls", own_vectors_dir() / "rebuild_rolls.py")
    assert spec is not None
    assert spec.loader is not None
    script = module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.build() == VECTORS


def test_every_reason_occurs_in_the_vectors() -> None:
    seen = {case["says"] for case in VECTORS["cases"]}
    assert set(REASONS) - seen == {"unsupported_algorithm"}


@lru_cache
def signers() -> tuple[Signer, ...]:
    """Return one key of each kind that this installation can check."""
    return Ed25519Signer.from_seed(bytes(32)), P256Signer.generate()


def made(signer: Signer, *, gtin: str | None = GTIN, first: int = 1, size: int = 3) -> tuple[RollCertificate, str]:
    """Return a certificate and its envelope."""
    numbers = count(1)
    serials = tuple(
        new_serial(lambda _: (next(numbers) * 0x9E3779B97F4A7C15 % 2**64).to_bytes(8, "big")) for _ in range(size)
    )
    certificate = RollCertificate(
        net=bytes(32),
        roll=ROLL,
        site=SITE,
        key=key_id(signer.spki),
        gtin=gtin,
        first=first,
        serials=serials,
        issued=ISSUED,
        bind_until=ISSUED + timedelta(days=90),
    )
    return certificate, sign_roll_certificate(write_roll_certificate(certificate), signer)


def list_with(signer: Signer) -> TrustList:
    """Return a trust list that has this key."""
    return TrustList(
        net=bytes(32),
        seq=1,
        issued=ISSUED,
        expires=ISSUED + timedelta(days=7),
        hosts=(),
        stations=(Station(id="S1", name="S1", gln=SITE, gcp=(), status="active"),),
        keys=(trusted_key(use="code", spki=signer.spki, stn="S1"),),
    )


@given(
    which=st.integers(0, 1),
    gtin=st.sampled_from([GTIN, None]),
    first=st.integers(1, NUMBERS_MAX),
    size=st.integers(1, 40),
)
def test_round_trip(which: int, gtin: str | None, first: int, size: int) -> None:
    signer = signers()[which]
    certificate, envelope = made(signer, gtin=gtin, first=first, size=size)
    assert open_roll_certificate(envelope, trust=list_with(signer), now=NOW) == certificate


def test_the_longest_roll() -> None:
    signer = signers()[0]
    certificate, envelope = made(signer, size=NUMBERS_MAX)
    assert open_roll_certificate(envelope, trust=list_with(signer), now=NOW).last == NUMBERS_MAX
    assert len(envelope) < 250_000
    with pytest.raises(MalformedRollCertificate):
        made(signer, size=NUMBERS_MAX + 1)
    assert certificate.number_of(certificate.unit_id(NUMBERS_MAX)) == NUMBERS_MAX


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 6))
def test_one_changed_bit_of_a_certificate_never_opens(at: int, bit: int) -> None:
    changed = GOOD[:at] + chr(ord(GOOD[at]) ^ 1 << bit) + GOOD[at + 1 :]
    with pytest.raises(Refusal):
        open_roll_certificate(changed, trust=trust_of({}), now=NOW)


@given(st.integers(0, 64 * 8 - 1))
def test_one_changed_bit_of_the_signature_never_opens(bit: int) -> None:
    signer = signers()[0]
    certificate, _ = made(signer)
    text = write_roll_certificate(certificate)

    class Flips:
        alg, spki = signer.alg, signer.spki

        def sign(self, data: bytes) -> bytes:
            raw = bytearray(signer.sign(data))
            raw[bit // 8] ^= 1 << bit % 8
            return bytes(raw)

    with pytest.raises(RollCertificateRefused) as caught:
        open_roll_certificate(sign_roll_certificate(text, Flips()), trust=list_with(signer), now=NOW)
    assert caught.value.reason == "bad_signature"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.one_of(
        st.text(),
        st.binary().map(lambda data: data.decode("utf-8", "surrogateescape")),
        JSON.map(lambda value: json.dumps({"certificate": json.dumps(value), "sig": "A" * 86}, separators=(",", ":"))),
    )
)
def test_any_text_is_opened_or_refused_in_both_languages(text: str) -> None:
    try:
        open_roll_certificate(text, trust=trust_of({}), now=NOW)
    except Refusal as refusal:
        refusal.say("zh").encode("utf-8")
        refusal.say("en").encode("utf-8")
    else:
        pytest.fail("nothing made up is a certificate")


def test_a_signature_covers_every_member() -> None:
    signer = signers()[0]
    envelope = json.loads(made(signer)[1])
    members = json.loads(envelope["certificate"])
    for name, value in members.items():
        other = encode({**members, name: f"{value}x" if isinstance(value, str) else value + 1})
        with pytest.raises(Refusal):
            open_roll_certificate(encode(envelope | {"certificate": other}), trust=list_with(signer), now=NOW)
    later = encode({**members, "bind_until": "2030-01-01T00:00:00.000Z"})
    with pytest.raises(RollCertificateRefused) as caught:
        open_roll_certificate(encode(envelope | {"certificate": later}), trust=list_with(signer), now=NOW)
    assert caught.value.reason == "bad_signature"
