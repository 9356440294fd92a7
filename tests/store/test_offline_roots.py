"""Roots that are held elsewhere: lists and root changes that travel, and verifiers that walk along."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session

from coldtrace.goods.printing import seal_check
from coldtrace.labels.seal_check import SealReader
from coldtrace.parties import service as parties
from coldtrace.parties import signing_keys, store, trust
from coldtrace.parties.keys import make_keys, read_root
from coldtrace.parties.refusals import (
    NoTrustList,
    RootChangeWithoutList,
    RootsHaveToSign,
    RootsOffline,
    SignedListStale,
)
from coldtrace.parties.roots import current_root, root_changes
from coldtrace.parties.signing_keys import NewKey, RevokeKey
from coldtrace.parties.warnings import warnings
from coldtrace.seal.b64 import b64
from coldtrace.seal.keys import Ed25519Signer, P256Signer, Signer, save_private_key
from coldtrace.seal.root_document import (
    RootChangeRefused,
    RootDocument,
    apply_root_change,
    parse_root,
    sign_root_change,
    write_root,
)
from coldtrace.seal.trust_list import TrustListRolledBack, UntrustedTrustList, open_trust_list, sign_trust_list
from support.house import install, make_env
from support.road import PORT, Road
from support.ticking import TickingClock

ONE, TWO, THREE = (
    Ed25519Signer.from_seed(b"1" * 32),
    P256Signer.from_seed(b"2" * 32),
    Ed25519Signer.from_seed(b"3" * 32),
)
WEEK = timedelta(days=7)


def sign(envelope: str, signers: Mapping[str, Signer]) -> str:
    """Return an exported list as it comes back from the holders of these roots."""
    text = json.loads(envelope)["list"]
    return json.dumps(sign_trust_list(text, signers))


def export(road: Road) -> str:
    return trust.export_list(road.session, road.env, life=WEEK)


def states(road: Road, root: RootDocument) -> dict[str, str]:
    row = store.newest_trust_list(road.session)
    assert row is not None
    return {key.kid: key.st for key in open_trust_list(row.envelope, root=root).keys if key.use == "code"}


@dataclass
class Offline:
    """An installation with two roots that are elsewhere, both needed."""

    road: Road
    root: RootDocument

    def publish(self) -> int:
        """Export the list, let both sign, take it back; return its number."""
        both: dict[str, Signer] = {"r1": ONE, "r2": TWO}
        return trust.adopt_list(self.road.session, self.road.env, sign(export(self.road), both)).seq


@pytest.fixture
def offline(session: Session, tmp_path: Path) -> Offline:
    root = write_root(roots={"r1": ONE.spki, "r2": TWO.spki}, threshold=2)
    make_keys(tmp_path / "keys", development=False, root_text=root.text)
    clock = TickingClock()
    made = make_env(tmp_path / "keys")
    env = type(made)(net=root.net, log=made.log, public_host=made.public_host, keyring=made.keyring, clock=clock)
    road = Road(session=session, env=env, clock=clock, sites=install(session, env))
    return Offline(road=road, root=root)


def test_no_root_key_is_made_and_nothing_is_published(offline: Offline) -> None:
    road = offline.road
    assert not list(road.env.keyring.folder.glob("root*.pem"))
    assert store.newest_trust_list(road.session) is None
    with pytest.raises(NoTrustList):
        trust.current(road.session, road.env)
    with pytest.raises(RootsOffline) as refusal:
        trust.publish(road.session, road.env)
    assert refusal.value.facts == {"threshold": 2, "here": 0}
    with pytest.raises(Exception, match=r"key_not_listed.*trust-list publish --offline"):
        trust.code_key(road.session, road.env, PORT, road.clock())


def test_a_list_goes_to_the_roots_and_comes_back(offline: Offline) -> None:
    road = offline.road
    unsigned = export(road)
    assert json.loads(unsigned)["sigs"] == []
    none: Mapping[str, Signer] = {}
    for signers, missing in ((none, "r1, r2"), ({"r1": ONE}, "r2"), ({"r1": ONE, "r2": ONE}, "r2")):
        with pytest.raises(RootsHaveToSign) as refusal:
            trust.adopt_list(road.session, road.env, sign(unsigned, signers))
        assert refusal.value.facts["missing"] == missing
    assert trust.adopt_list(road.session, road.env, sign(unsigned, {"r1": ONE, "r2": TWO})).seq == 1
    assert set(states(road, offline.root).values()) == {"active"}
    assert trust.code_key(road.session, road.env, PORT, road.clock())
    with pytest.raises(SignedListStale):
        trust.adopt_list(road.session, road.env, sign(unsigned, {"r1": ONE, "r2": TWO}))
    assert offline.publish() == 2
    with pytest.raises(TrustListRolledBack):
        trust.adopt_list(road.session, road.env, sign(unsigned, {"r1": ONE, "r2": TWO}))


def test_a_list_that_misses_what_happened_meanwhile_is_refused(offline: Offline) -> None:
    """Otherwise a revocation would get lost between export and return."""
    road = offline.road
    offline.publish()
    unsigned = export(road)
    short = trust.code_key(road.session, road.env, PORT, road.clock()).kid
    signing_keys.revoke(road.session, road.env, RevokeKey(kid=short))
    with pytest.raises(SignedListStale):
        trust.adopt_list(road.session, road.env, sign(unsigned, {"r1": ONE, "r2": TWO}))
    assert offline.publish() == 2
    assert states(road, offline.root) == {short: "revoked"}


def test_a_rotated_key_prints_from_the_list_on_that_names_it(offline: Offline) -> None:
    road = offline.road
    offline.publish()
    old = trust.code_key(road.session, road.env, PORT, road.clock()).kid
    row, replaced = signing_keys.rotate(road.session, road.env, NewKey(gln=PORT))
    assert replaced == [old]
    assert trust.code_key(road.session, road.env, PORT, road.clock()).kid == old, "verifiers know only this one"
    assert [each.code for each in warnings(road.session, road.env)] == ["trust_list_ends", "key_changes_unpublished"]
    offline.publish()
    assert trust.code_key(road.session, road.env, PORT, road.clock()).kid == row.kid
    assert states(road, offline.root) == {old: "verify-only", row.kid: "active"}


def test_an_old_list_stays_while_the_roots_are_away(offline: Offline) -> None:
    road = offline.road
    offline.publish()
    assert [each.code for each in warnings(road.session, road.env)] == ["trust_list_ends"]
    road.clock.forward(timedelta(days=30))
    assert trust.current(road.session, road.env).seq == 1


def change_of(road: Road, roots: Mapping[str, Signer], threshold: int, signers: list[tuple[str, Signer]]) -> str:
    spkis = {id: signer.spki for id, signer in roots.items()}
    new = write_root(roots=spkis, threshold=threshold, previous=current_root(road.session))
    return json.dumps(sign_root_change(new, signers))


def test_roots_change_with_a_list_of_the_new_ones(offline: Offline) -> None:
    road = offline.road
    offline.publish()
    change = change_of(road, {"r2": TWO, "r3": THREE}, 2, [("r1", ONE), ("r2", TWO), ("r3", THREE)])
    with road.session.begin_nested() as savepoint:
        with pytest.raises(RootChangeWithoutList) as refusal:
            trust.adopt_root_change(road.session, road.env, change)
        savepoint.rollback()
    assert "keys root adopt CHANGE --list FILE" in refusal.value.say("zh")
    of_old_roots = sign(export(road), {"r1": ONE, "r2": TWO})
    with road.session.begin_nested() as savepoint:
        with pytest.raises(RootsHaveToSign, match="Roots without a valid one: r3"):
            trust.adopt_root_change(road.session, road.env, change, signed_list=of_old_roots)
        savepoint.rollback()
    signed = sign(export(road), {"r2": TWO, "r3": THREE})
    assert trust.adopt_root_change(road.session, road.env, change, signed_list=signed).version == 2
    with pytest.raises(UntrustedTrustList):
        states(road, offline.root)
    walked = offline.root
    for each in root_changes(road.session):
        walked = apply_root_change(each, current=walked)
    assert states(road, walked)
    row = store.installation(road.session)
    assert row is not None
    assert (row.root, parse_root(row.root).net) == (offline.root.text, walked.net), "the genesis stays what it is"
    # Raises if the labels were still checked against the roots of before.
    assert SealReader(seal_check(road.session, road.env))
    assert seal_check(road.session, road.env).root == walked.text


@pytest.mark.parametrize(
    "signers",
    [
        [("r1", ONE), ("r2", TWO)],
        [("r2", TWO), ("r3", THREE)],
        [("r1", ONE), ("r3", THREE)],
        [("r1", ONE), ("r2", TWO), ("r3", ONE)],
        [],
    ],
    ids=["old only", "new only", "one of each", "a stranger's hand", "nobody"],
)
def test_neither_the_old_nor_the_new_roots_move_alone(offline: Offline, signers: list[tuple[str, Signer]]) -> None:
    change = change_of(offline.road, {"r2": TWO, "r3": THREE}, 2, signers)
    with pytest.raises(RootChangeRefused):
        trust.adopt_root_change(offline.road.session, offline.road.env, change)
    assert root_changes(offline.road.session) == []


def test_a_small_site_brings_in_a_second_root_and_goes_offline(road: Road) -> None:
    """From one key in the folder to two roots of which both must sign."""
    folder = road.env.keyring.folder
    first = road.env.keyring.signer("root")
    genesis = parse_root(read_root(folder))
    change = change_of(road, {"r1": first, "r2": TWO}, 1, [("r1", first)])
    assert trust.adopt_root_change(road.session, road.env, change).version == 2
    assert trust.publish(road.session, road.env)
    change = change_of(road, {"r2": TWO, "r3": THREE}, 2, [("r1", first), ("r2", TWO), ("r3", THREE)])
    signed = sign(export(road), {"r2": TWO, "r3": THREE})
    trust.adopt_root_change(road.session, road.env, change, signed_list=signed)
    with pytest.raises(RootsOffline, match="0 root keys"):
        trust.publish(road.session, road.env)
    walked = genesis
    for each in root_changes(road.session):
        walked = apply_root_change(each, current=walked)
    assert states(road, walked)
    save_private_key(TWO, folder / "root-r2.pem")
    save_private_key(THREE, folder / "root-r3.pem")
    assert trust.publish(road.session, road.env), "enough roots lie here again"


def test_the_list_that_is_exported_says_what_the_service_knows(offline: Offline) -> None:
    found: dict[str, Any] = json.loads(json.loads(export(offline.road))["list"])
    assert (found["seq"], found["net"]) == (1, b64(offline.root.net))
    parties.install(offline.road.session, offline.road.env, root_text=offline.root.text, development=False)
    assert store.newest_trust_list(offline.road.session) is None
