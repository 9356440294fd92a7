"""Bundle cases, continued: what was signed, what was logged, and who is trusted."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from coldtrace.events.public_piece import Place
from coldtrace.seal.b64 import b64
from coldtrace.seal.filter import open_filter
from coldtrace.seal.filter_build import build_allow_filter
from coldtrace.seal.filter_prove import prove_item
from coldtrace.seal.keys import key_id
from coldtrace.seal.root_document import write_root
from coldtrace.seal.trust_entries import Allow
from support.bundle_case import QUIET, BundleCase, make_case
from support.bundle_cases_roots import changed_roots
from support.bundle_cases_sm2 import sm2_roots
from support.bundle_changes import (
    STRANGER,
    Parts,
    changed,
    corrected,
    flipped,
    forked,
    high_s,
    other_log,
    scanned_after_sale,
    spoil_last_line,
    unpacked_elsewhere,
    with_certificate,
    without,
)
from support.story import (
    ENROLMENT_KEY,
    GTIN,
    PORT,
    SHOP_DEVICE,
    STATION_KEY,
    UNIT,
    Story,
    build_story,
    with_cut,
)


def tampered_statements() -> list[BundleCase]:
    """Return the bundles in which a statement, its certificate or its lines were changed."""
    story = build_story()

    def at(index: int, change: Callable[[Parts], None]) -> str:
        return changed(story, lambda parts: change(parts["statements"][index]))

    def spoilt(extra: dict[str, str] | None = None) -> dict[str, str]:
        return {**QUIET, "continuity": "statements_failed", **(extra or {})}

    identity_lost = {"code_commission": "statements_failed", "facts": "statements_failed"}
    return [
        make_case(
            "public_changed",
            "the day of the receipt at the shop was changed",
            at(3, lambda s: s.update(public=s["public"].replace("2026-11-24", "2026-11-23"))),
            failed={"statement[3]": "public_differs"},
            not_checked=spoilt(),
        ),
        make_case(
            "header_spaced",
            "a header was printed again with a blank",
            at(0, lambda s: s.update(header=s["header"].replace(",", ", ", 1))),
            failed={
                "statement[0]": "not_canonical",
                "inclusion[0]": "not_in_log",
                **dict.fromkeys(identity_lost, "no_commission"),
            },
            not_checked={
                **QUIET,
                "signature[0]": "statement_unreadable",
                "certificate[0]": "statement_unreadable",
                "line[0]": "statement_unreadable",
                "continuity": "statements_failed",
            },
        ),
        make_case(
            "header_changed",
            "a header names another device key",
            at(3, lambda s: s.update(header=s["header"].replace(b64(key_id(SHOP_DEVICE.spki)), b64(bytes(32))))),
            failed={
                "signature[3]": "key_differs",
                "certificate[3]": "certificate_other_key",
                "inclusion[3]": "not_in_log",
            },
            not_checked=spoilt(),
        ),
        make_case(
            "signature_flipped",
            "one bit of a device's signature",
            at(2, lambda s: s.update(sig=flipped(s["sig"]))),
            failed={"signature[2]": "bad_signature", "inclusion[2]": "not_in_log"},
            not_checked=spoilt(),
        ),
        make_case(
            "signature_high_s",
            "the other ECDSA signature for the same message: s in the upper half",
            at(4, lambda s: s.update(sig=high_s(s["sig"]))),
            failed={"signature[4]": "bad_signature", "inclusion[4]": "not_in_log"},
            not_checked=spoilt(),
        ),
        make_case(
            "certificate_by_stranger",
            "the certificate is signed by a key that enrols nobody",
            with_certificate(signer=STRANGER),
            failed={"certificate[0]": "bad_certificate_signature"},
            not_checked=spoilt(identity_lost),
        ),
        make_case(
            "certificate_other_place",
            "the device is enrolled for another district",
            with_certificate(place=Place(role="first_station", district="310115")),
            failed={"certificate[0]": "certificate_other_place"},
            not_checked=spoilt(identity_lost),
        ),
        make_case(
            "certificate_over",
            "the certificate had ended before the day of the statement",
            with_certificate(naf=datetime(2026, 11, 22, 9, 59, tzinfo=UTC)),
            failed={"certificate[0]": "certificate_window"},
            not_checked=spoilt(identity_lost),
        ),
        make_case(
            "certificate_other_use",
            "the certificate is for a gateway, the statement says device",
            with_certificate(use="gateway"),
            failed={"certificate[0]": "certificate_other_use"},
            not_checked=spoilt(identity_lost),
        ),
        make_case(
            "certificate_other_key",
            "the certificate of another device",
            with_certificate(spki=STRANGER.spki),
            failed={"signature[0]": "key_differs", "certificate[0]": "certificate_other_key"},
            not_checked=spoilt(identity_lost),
        ),
        make_case(
            "line_changed",
            "a line names another box",
            at(1, lambda s: s["lines"][1].update(unit=f"(01){GTIN}(21)9QK4M2ZX9RTB")),
            failed={"line[1]": "line_not_in_statement"},
            not_checked=spoilt(),
        ),
        make_case(
            "quantity_changed",
            "a sale of two",
            at(5, lambda s: s["lines"][0]["open"].update(quantity=2)),
            failed={"line[5]": "opening_differs"},
            not_checked=spoilt(),
        ),
        make_case(
            "no_line",
            "a statement without any line",
            at(2, lambda s: s.update(lines=[])),
            failed={"line[2]": "no_line"},
            not_checked=spoilt(),
        ),
        make_case(
            "pack_left_out",
            "the pack is missing, so the pallet's way is not the box's",
            without(story, 1),
            failed={"continuity": "parent_not_open"},
        ),
        make_case(
            "unpack_of_other_pallet",
            "unpacked from a pallet that it was never on",
            unpacked_elsewhere(),
            failed={"continuity": "unpack_without_pack"},
        ),
        make_case(
            "statement_twice",
            "one statement is shown twice",
            changed(story, lambda parts: parts["statements"].append(parts["statements"][5])),
            failed={"continuity": "repeated_statement"},
        ),
        make_case(
            "order_changed",
            "the shop comes before the port",
            changed(story, lambda parts: parts["statements"].reverse()),
            failed={"continuity": "unpack_without_pack"},
        ),
        make_case(
            "days_out_of_order",
            "a scan is dated three days before the sale: earlier in every time zone",
            scanned_after_sale(days_before=3),
            failed={"continuity": "dates_out_of_order"},
        ),
        make_case(
            "commission_left_out",
            "nothing gives the box its code",
            without(story, 0),
            failed={"code_commission": "no_commission", "facts": "no_commission"},
        ),
        make_case(
            "forked_chain",
            "two statements of one device behind the same one",
            forked(),
            failed={"continuity": "forked_chain"},
        ),
        make_case(
            "correction_from_elsewhere",
            "the port declares that the shop's sale did not occur",
            corrected(PORT),
            failed={"continuity": "correction_from_elsewhere"},
        ),
    ]


def tampered_log() -> list[BundleCase]:
    """Return the bundles whose log proofs, checkpoint or witnesses do not hold."""
    story, witnessed, asked = build_story(), build_story(quorum=1, cosigned=True), build_story(quorum=1)

    def at(index: int, change: Callable[[Parts], None]) -> str:
        return changed(story, lambda parts: change(parts["statements"][index]))

    spoilt = {**QUIET, "continuity": "statements_failed"}
    unknown = replace(build_story(), trust=replace(story.trust, logs=(replace(story.trust.logs[0], **other_log()),)))
    early = build_story()
    early.logged[5].received_at -= timedelta(days=2)
    late = build_story(quorum=1)
    late.cosigned_at = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
    other_key = replace(build_story(), log_key=STRANGER)
    return [
        make_case(
            "path_changed",
            "one hash of an inclusion path",
            at(0, lambda s: s["proof"]["path"].__setitem__(0, b64(bytes(32)))),
            failed={"inclusion[0]": "not_in_log"},
            not_checked={**spoilt, "code_commission": "statements_failed", "facts": "statements_failed"},
        ),
        make_case(
            "index_changed",
            "the place in the log",
            at(2, lambda s: s["proof"].update(index=3)),
            failed={"inclusion[2]": "not_in_log"},
            not_checked=spoilt,
        ),
        make_case(
            "received_day_changed",
            "received a day earlier than logged",
            at(3, lambda s: s["leaf"].update(received_at="2026-11-23T00:00:00.000Z")),
            failed={"inclusion[3]": "not_in_log"},
            not_checked=spoilt,
        ),
        make_case(
            "received_hour",
            "the hour of receipt is shown",
            at(3, lambda s: s["leaf"].update(received_at="2026-11-24T09:00:00.000Z")),
            failed={"inclusion[3]": "received_at_not_a_day"},
            not_checked=spoilt,
        ),
        make_case(
            "checkpoint_by_stranger",
            "the checkpoint is signed by another key under the log's name",
            other_key,
            failed={"checkpoint": "bad_checkpoint_signature"},
        ),
        make_case(
            "checkpoint_changed",
            "the size in the checkpoint was changed",
            changed(story, lambda parts: parts.update(checkpoint=parts["checkpoint"].replace("\n9\n", "\n8\n", 1))),
            failed={
                "checkpoint": "bad_checkpoint_signature",
                **{f"inclusion[{n}]": "not_in_log" for n in range(6)},
            },
            not_checked={
                **spoilt,
                "code_commission": "statements_failed",
                "facts": "statements_failed",
            },
        ),
        make_case(
            "checkpoint_malformed",
            "the checkpoint is no note",
            changed(story, lambda parts: parts.update(checkpoint="trace.example.cn/logs/cn-2026\n9\n")),
            failed={"checkpoint": "malformed_checkpoint"},
            not_checked={
                **QUIET,
                "witnesses": "no_checkpoint",
                **{f"inclusion[{n}]": "no_checkpoint" for n in range(6)},
            },
        ),
        make_case(
            "log_unknown",
            "the log is not on the list",
            unknown,
            failed={"checkpoint": "unknown_log"},
            not_checked={**QUIET, "witnesses": "unknown_log"},
        ),
        make_case(
            "witness_missing",
            "one witness is asked for and none has cosigned",
            asked,
            failed={"witnesses": "quorum_not_met"},
            not_checked={},
        ),
        make_case(
            "witness_flipped",
            "one bit of the cosignature",
            changed(witnessed, lambda parts: parts.update(checkpoint=spoil_last_line(parts["checkpoint"]))),
            failed={"witnesses": "bad_cosignature"},
            not_checked={},
        ),
        make_case(
            "claimed_after_receipt",
            "claimed for two days after the platform received it",
            early,
            failed={"time": "claimed_after_receipt"},
        ),
        make_case(
            "received_after_cosignature",
            "a witness saw it before the platform says it came in",
            late,
            failed={"time": "received_after_cosignature"},
            not_checked={},
        ),
    ]


def tampered_trust() -> list[BundleCase]:
    """Return the bundles whose root or trust list does not hold, or takes trust away."""
    story = build_story()
    other_root = write_root(roots={"r1": STRANGER.spki}, threshold=1)
    revoked = replace(
        build_story(),
        trust=replace(
            story.trust,
            keys=tuple(
                replace(key, st="revoked") if key.spki in (ENROLMENT_KEY.spki, STATION_KEY.spki) else key
                for key in story.trust.keys
            ),
        ),
    )
    everyone = range(6)
    nothing = {
        name: "no_trusted_list"
        for name in (
            "trust_list_seq",
            "trust_list_fresh",
            "code_signature",
            "code_host",
            "checkpoint",
            "witnesses",
            *(f"certificate[{n}]" for n in everyone),
        )
    }
    lost = {"code_commission": "statements_failed", "facts": "statements_failed", "continuity": "statements_failed"}
    return [
        make_case(
            "list_changed",
            "a host was added to the list",
            changed(
                story,
                lambda parts: parts["trust_list"].update(
                    list=parts["trust_list"]["list"].replace('"hosts":[', '"hosts":["a.example",')
                ),
            ),
            failed={"trust_list": "untrusted_trust_list"},
            not_checked=nothing,
        ),
        make_case(
            "list_unsigned",
            "the list carries no signature",
            changed(story, lambda parts: parts["trust_list"].update(sigs=[])),
            failed={"trust_list": "untrusted_trust_list"},
            not_checked=nothing,
        ),
        make_case(
            "list_malformed",
            "the list has an unknown member",
            changed(story, lambda parts: parts["trust_list"].update(more=1)),
            failed={"trust_list": "malformed_trust_list"},
            not_checked=nothing,
        ),
        make_case(
            "list_rolled_back",
            "this verifier has seen number 8",
            story,
            lowest_seq=8,
            failed={"trust_list_seq": "trust_list_rolled_back"},
        ),
        make_case(
            "root_of_another",
            "the pinned root is another installation's",
            story,
            root=other_root.text,
            failed={"root": "root_differs", "trust_list": "untrusted_trust_list"},
            not_checked=nothing,
        ),
        make_case(
            "root_malformed",
            "the bundle's root cannot be read, and nothing is pinned",
            changed(story, lambda parts: parts.update(root="{}")),
            root=None,
            failed={"root": "malformed_root"},
            not_checked={"trust_list": "no_root", **nothing},
        ),
        make_case(
            "net_of_another",
            "the bundle names another installation than its root",
            changed(story, lambda parts: parts.update(net=b64(bytes(32)))),
            failed={
                "root": "net_differs",
                **{f"statement[{n}]": "other_network" for n in everyone},
                **{f"certificate[{n}]": "certificate_other_network" for n in everyone},
            },
            not_checked={**QUIET, **lost},
        ),
        make_case(
            "keys_revoked",
            "the station's and the enrolment key are revoked",
            revoked,
            failed={
                "code_signature": "revoked",
                **{f"certificate[{n}]": "enrolment_key_revoked" for n in everyone},
            },
            not_checked={**QUIET, **lost},
        ),
        *stolen_key(story),
        *changed_roots(nothing),
        *sm2_roots(nothing),
        make_case(
            "device_cut",
            "the shop's device was cut off behind the fourth leaf",
            with_cut(build_story(), key_id(SHOP_DEVICE.spki), 4),
            failed={"certificate[4]": "key_cut", "certificate[5]": "key_cut"},
            not_checked={**QUIET, "continuity": "statements_failed"},
        ),
        make_case(
            "enrolment_cut",
            "the enrolment key was cut off behind the last leaf but one",
            with_cut(build_story(), key_id(ENROLMENT_KEY.spki), 5),
            failed={"certificate[5]": "enrolment_key_cut"},
            not_checked={**QUIET, "continuity": "statements_failed"},
        ),
    ]


def stolen_key(story: Story) -> list[BundleCase]:
    """Return the bundles of a box whose station key was stolen after it was registered."""
    stolen = key_id(STATION_KEY.spki)
    units = [UNIT, *(f"(00){n:018}" for n in range(400))]
    files = {
        name: build_allow_filter(
            partial(list, kept),
            net=story.root.net,
            key=stolen,
            issued=datetime(2026, 11, 20, tzinfo=UTC),
            random=lambda size: bytes(range(size)),
        )
        for name, kept in (("with", units), ("without", units[1:]))
    }

    def told(pinned: str) -> Story:
        kept = open_filter(files[pinned])
        allow = Allow(sha256=kept.id, units=kept.header.count)
        keys = tuple(
            replace(key, st="revoked", allow=allow) if key.spki == STATION_KEY.spki else key for key in story.trust.keys
        )
        return replace(build_story(), trust=replace(story.trust, keys=keys))

    def carrying(pinned: str, shown: str, change: Callable[[dict[str, Any]], None] = lambda proof: None) -> str:
        proof = prove_item(files[shown], UNIT)
        change(proof)
        return changed(told(pinned), lambda parts: parts.update(allow=proof))

    out = {"code_signature": "revoked"}
    return [
        make_case("good_key_stolen_later", "registered before the station's key was stolen", carrying("with", "with")),
        make_case(
            "key_stolen",
            "the station's key was stolen, and nothing shows that the box is older",
            told("with"),
            failed=out,
        ),
        make_case(
            "key_stolen_first",
            "the box was not registered before the theft",
            carrying("without", "without"),
            failed=out,
        ),
        make_case(
            "allow_of_another", "the proof is of a filter that nobody pinned", carrying("without", "with"), failed=out
        ),
        make_case(
            "allow_malformed",
            "a piece of the filter is missing its path",
            carrying("with", "with", lambda proof: proof["pieces"][0].update(path=[])),
            failed={"code_signature": "malformed_filter"},
        ),
    ]
