"""The life of code keys: several a station, rotated, retired, revoked; one use and one kid each."""

from datetime import timedelta

import pytest

from coldtrace.codes.sign import sign_code
from coldtrace.parties import signing_keys, store, trust
from coldtrace.parties.refusals import KeyRevoked, KeyUnknown, NoCodeKey, NotAFirstStation, WindowUnusable
from coldtrace.parties.signing_keys import NewKey, RevokeKey
from coldtrace.parties.warnings import warnings
from coldtrace.seal.keys import Ed25519Signer, P256Signer, UnsupportedAlgorithm, kid
from coldtrace.seal.scope import MalformedScope
from coldtrace.seal.trust_entries import Allow, TrustList
from coldtrace.seal.trust_list import ClashingKids, KeyUsedTwice, open_trust_list
from coldtrace.verify.code import Verdict, verify_code
from support.road import PORT, SHOP, Road

# Two seeds, found by search, whose keys share their short id.
CLASH = [Ed25519Signer.from_seed(seed.to_bytes(32, "big")) for seed in (16_622, 39_771)]


def newest(road: Road) -> TrustList:
    row = store.newest_trust_list(road.session)
    assert row is not None
    return open_trust_list(row.envelope, root=None)


def listed(road: Road) -> dict[str, str]:
    """Return the state of each code key on the newest list."""
    return {key.kid: key.st for key in newest(road).keys if key.use == "code"}


def printing(road: Road) -> str:
    return trust.code_key(road.session, road.env, PORT, road.clock()).kid


def code(road: Road) -> str:
    key = trust.code_key(road.session, road.env, PORT, road.clock())
    elements = (("01", "09506000134352"), ("21", "7QK4M2ZX9RTB"))
    return sign_code(host=road.env.public_host, elements=elements, algorithm=1, kid=key.kid, sign=key.signer.sign)


def verdict(road: Road, uri: str) -> Verdict:
    return verify_code(uri, trust=newest(road), now=road.clock()).verdict


def test_a_rotation_prints_with_the_new_key_and_still_takes_the_old_codes(road: Road) -> None:
    old, before, seq = printing(road), code(road), newest(road).seq
    row, replaced = signing_keys.rotate(road.session, road.env, NewKey(gln=PORT))
    assert (replaced, printing(road), newest(road).seq) == ([old], row.kid, seq + 1)
    assert row.kid != old
    assert listed(road) == {old: "verify-only", row.kid: "active"}
    assert [verdict(road, each) for each in (before, code(road))] == [Verdict.VALID, Verdict.VALID]
    road.clock.forward(timedelta(days=768))
    assert verdict(road, before) is Verdict.VALID
    road.clock.forward(timedelta(days=1))
    assert verdict(road, before) is Verdict.REVOKED


def test_a_second_key_leaves_the_first_and_the_newest_prints(road: Road) -> None:
    old = printing(road)
    command = NewKey(gln=PORT, alg="ES256", print_days=60, accept_days=100, scope=["01:9506000"])
    row = signing_keys.new_station_key(road.session, road.env, command)
    assert (row.alg, row.scope, printing(road)) == ("ES256", ["01:9506000"], row.kid)
    assert listed(road) == {old: "active", row.kid: "active"}
    assert (row.print_until - row.print_from, row.accept_until - row.print_from) == (
        timedelta(days=62),
        timedelta(days=102),
    )
    again, _ = signing_keys.rotate(road.session, road.env, NewKey(gln=PORT))
    assert (again.alg, again.scope) == ("ES256", ["01:9506000"]), "as the key before"


def test_a_retired_key_makes_no_codes_and_those_it_made_stay_good(road: Road) -> None:
    old, before, seq = printing(road), code(road), newest(road).seq
    for _ in range(2):
        assert signing_keys.retire(road.session, road.env, old.upper()).state == "retired"
    assert newest(road).seq == seq + 1
    assert verdict(road, before) is Verdict.VALID
    with pytest.raises(NoCodeKey):
        printing(road)


def test_a_revoked_key_is_red_at_once_and_for_good(road: Road) -> None:
    old, before, seq = printing(road), code(road), newest(road).seq
    for _ in range(2):
        row = signing_keys.revoke(road.session, road.env, RevokeKey(kid=old, reason="laptop stolen"))
        assert (row.state, row.revoked_why) == ("revoked", "laptop stolen")
    assert newest(road).seq == seq + 1
    assert verdict(road, before) is Verdict.REVOKED
    with pytest.raises(NoCodeKey):
        printing(road)
    with pytest.raises(KeyRevoked):
        signing_keys.retire(road.session, road.env, old)
    row, replaced = signing_keys.rotate(road.session, road.env, NewKey(gln=PORT))
    assert (replaced, printing(road)) == ([], row.kid)
    assert listed(road)[old] == "revoked"


def test_an_allow_filter_comes_on_the_list_later_too(road: Road) -> None:
    old, allow = printing(road), Allow(sha256=bytes(32), units=7)
    signing_keys.revoke(road.session, road.env, RevokeKey(kid=old))
    stolen_at = road.clock() - timedelta(hours=3)
    signing_keys.revoke(road.session, road.env, RevokeKey(kid=old, stolen_at=stolen_at, allow=allow))
    (key,) = newest(road).keys_for(old, "code")
    assert (key.st, key.allow) == ("revoked", allow)
    seq = newest(road).seq
    row = signing_keys.revoke(road.session, road.env, RevokeKey(kid=old, allow=allow))
    assert (row.stolen_at, newest(road).seq) == (stolen_at, seq)


@pytest.mark.parametrize("what", ["00000000", "", "receipt"])
def test_only_code_keys_are_retired_or_revoked(road: Road, what: str) -> None:
    short = kid(road.env.keyring.signer("receipt").spki) if what == "receipt" else what
    with pytest.raises(KeyUnknown):
        signing_keys.retire(road.session, road.env, short)
    with pytest.raises(KeyUnknown):
        signing_keys.revoke(road.session, road.env, RevokeKey(kid=short))


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (NewKey(gln=SHOP), NotAFirstStation),
        (NewKey(gln="9521234000075"), NotAFirstStation),
        (NewKey(gln=PORT, print_days=0), WindowUnusable),
        (NewKey(gln=PORT, print_days=10, accept_days=9), WindowUnusable),
        (NewKey(gln=PORT, accept_days=4000), WindowUnusable),
        (NewKey(gln=PORT, scope=["02"]), MalformedScope),
        (NewKey(gln=PORT, alg="RSA"), UnsupportedAlgorithm),
    ],
)
def test_what_no_key_is_made_for(road: Road, command: NewKey, refusal: type[Exception]) -> None:
    before = {path.name for path in road.env.keyring.folder.iterdir()}
    with pytest.raises(refusal):
        signing_keys.new_station_key(road.session, road.env, command)
    with pytest.raises(refusal):
        signing_keys.rotate(road.session, road.env, command)
    assert {path.name for path in road.env.keyring.folder.iterdir()} == before


def test_an_imported_key_must_be_new_in_every_way(road: Road) -> None:
    for imported in CLASH[:1] * 2:
        row = signing_keys.new_station_key(road.session, road.env, NewKey(gln=PORT, imported=imported))
        assert printing(road) == row.kid == "bdbdf1f4"
    for state in ("active", "revoked"):
        with pytest.raises(ClashingKids):
            signing_keys.new_station_key(road.session, road.env, NewKey(gln=PORT, imported=CLASH[1]))
        if state == "active":
            signing_keys.revoke(road.session, road.env, RevokeKey(kid="bdbdf1f4"))
    for use in ("receipt", "root"):
        signer = road.env.keyring.signer(use)
        assert isinstance(signer, Ed25519Signer | P256Signer)
        with pytest.raises(KeyUsedTwice):
            signing_keys.new_station_key(road.session, road.env, NewKey(gln=PORT, imported=signer))


def test_a_new_key_never_takes_a_known_kid(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the state of the key that has it: drawn again until it is new."""
    signing_keys.new_station_key(road.session, road.env, NewKey(gln=PORT, imported=CLASH[0]))
    signing_keys.revoke(road.session, road.env, RevokeKey(kid="bdbdf1f4"))
    drawn = [CLASH[1], CLASH[0], Ed25519Signer.from_seed(bytes(31) + b"\x05")]
    monkeypatch.setattr("coldtrace.parties.keys.generate_signer", lambda alg: drawn.pop(0))
    row = signing_keys.new_station_key(road.session, road.env, NewKey(gln=PORT))
    assert (drawn, row.kid) == ([], kid(Ed25519Signer.from_seed(bytes(31) + b"\x05").spki))


@pytest.mark.parametrize(("days", "codes"), [(0, []), (29, []), (31, ["code_key_ends"]), (40, ["code_key_ends"])])
def test_a_station_that_can_soon_not_print_is_told_a_week_before(road: Road, days: int, codes: list[str]) -> None:
    road.clock.forward(timedelta(days=days))
    found = warnings(road.session, road.env)
    assert [each.code for each in found] == codes
    if found:
        assert f"coldtrace keys rotate --site {PORT}" in found[0].say("en")
        signing_keys.rotate(road.session, road.env, NewKey(gln=PORT))
        assert warnings(road.session, road.env) == []
