"""Device certificates: who signed them, and what they cover."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldtrace.errors import Refusal
from coldtrace.events.certificate import (
    BadCertificateSignature,
    Certificate,
    CertificateMismatch,
    MalformedCertificate,
    Replaces,
    day_bounds,
    mismatches,
    opens_site,
    read_certificate,
    require_speaker,
    sign_certificate,
    site_commitment,
    speaks_at,
    verify_certificate,
    write_certificate,
)
from coldtrace.events.statement import read_statement
from coldtrace.seal.b64 import unb64
from coldtrace.seal.keys import load_public_key
from support.published import own_vectors_dir
from support.story import ENROLMENT_KEY, PORT, PORT_DEVICE, PORT_GLN, RECEIPT_KEY, SHOP, SITE_SALT, build_story

VECTORS = json.loads((own_vectors_dir() / "events" / "certificates.json").read_text("utf-8"))
STATEMENT = read_statement(build_story().logged[0].statement)
ENROLMENT = load_public_key(ENROLMENT_KEY.spki)


def certificate(**changes: Any) -> Certificate:
    parts: dict[str, Any] = {
        "net": STATEMENT.header.net,
        "spki": PORT_DEVICE.spki,
        "use": "device",
        "place": PORT,
        "site": site_commitment(salt=SITE_SALT, gln=PORT_GLN),
        "org": None,
        "nbf": datetime(2026, 11, 1, tzinfo=UTC),
        "naf": datetime(2027, 11, 1, tzinfo=UTC),
    }
    return Certificate(**{**parts, **changes})


@pytest.mark.parametrize("vector", VECTORS)
def test_frozen_certificates(vector: dict[str, str]) -> None:
    key = load_public_key(unb64(vector["enrolment_spki"]))
    read = verify_certificate(vector["text"], vector["sig"], [key])
    assert write_certificate(read) == vector["text"]
    assert opens_site(read, salt=unb64(vector["site_salt"]), gln=vector["site"])
    assert not opens_site(read, salt=bytes(16), gln=vector["site"])


def test_round_trip_with_everything() -> None:
    full = certificate(org=b"org", replaces=Replaces(key=bytes(32), seq=3, header=bytes(32)))
    assert read_certificate(write_certificate(full)) == full


def test_only_an_enrolment_key_counts() -> None:
    text = write_certificate(certificate())
    sig = sign_certificate(text, RECEIPT_KEY)
    with pytest.raises(BadCertificateSignature):
        verify_certificate(text, sig, [ENROLMENT])
    with pytest.raises(BadCertificateSignature):
        verify_certificate(text, sign_certificate(text, ENROLMENT_KEY), [])
    both = [load_public_key(RECEIPT_KEY.spki), ENROLMENT]
    assert verify_certificate(text, sign_certificate(text, ENROLMENT_KEY), both)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, []),
        ({"net": bytes(32)}, ["certificate_other_network"]),
        ({"spki": RECEIPT_KEY.spki}, ["certificate_other_key"]),
        ({"use": "gateway"}, ["certificate_other_use"]),
        ({"use": "receipt"}, ["certificate_other_use"]),
        ({"place": SHOP}, ["certificate_other_place"]),
        ({"naf": datetime(2026, 11, 22, 9, 59, tzinfo=UTC)}, ["certificate_window"]),
        ({"naf": datetime(2026, 11, 22, 10, 0, tzinfo=UTC)}, []),
        ({"nbf": datetime(2026, 11, 24, 12, 0, tzinfo=UTC)}, []),
        ({"nbf": datetime(2026, 11, 24, 12, 1, tzinfo=UTC)}, ["certificate_window"]),
    ],
)
def test_what_it_does_not_cover(changes: dict[str, Any], found: list[str]) -> None:
    header, public = STATEMENT.header, STATEMENT.public
    assert mismatches(certificate(**changes), net=header.net, key=header.key, public=public) == found


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"place": SHOP}, "certificate_other_place"),
        ({"nbf": datetime(2026, 11, 23, 4, 0, 1, tzinfo=UTC)}, "certificate_window"),
        ({"naf": datetime(2026, 11, 23, 3, 59, 59, tzinfo=UTC)}, "certificate_window"),
        ({"site": site_commitment(salt=SITE_SALT, gln="6901234567908")}, "certificate_other_site"),
    ],
)
def test_parties_see_more(changes: dict[str, Any], what: str) -> None:
    asked: dict[str, Any] = {
        "net": STATEMENT.header.net,
        "key": STATEMENT.header.key,
        "public": STATEMENT.public,
        "at": STATEMENT.private.at,
        "site": STATEMENT.private.site,
        "site_salt": SITE_SALT,
    }
    require_speaker(certificate(), **asked)
    with pytest.raises(CertificateMismatch) as caught:
        require_speaker(certificate(**changes), **asked)
    assert caught.value.facts["what"] == what


def test_window_is_inclusive() -> None:
    made = certificate()
    assert speaks_at(made, made.nbf)
    assert speaks_at(made, made.naf)
    assert not speaks_at(made, made.naf + timedelta(milliseconds=1))


def test_days_at_the_end_of_time() -> None:
    for day in (date.min, date.max):
        first, last = day_bounds(day)
        assert first <= last


def test_an_end_before_the_beginning() -> None:
    text = write_certificate(certificate(naf=datetime(2026, 10, 1, tzinfo=UTC)))
    with pytest.raises(MalformedCertificate):
        read_certificate(text)


@given(st.text(max_size=80) | st.sampled_from(VECTORS).map(lambda vector: vector["text"]), st.data())
def test_any_text_is_read_or_refused(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    changed = text[:at] + data.draw(st.text(max_size=3)) + text[at:]
    try:
        read_certificate(changed)
    except Refusal:
        return
    assert write_certificate(read_certificate(changed)) == changed
