"""Bundles that hold and bundles that were tampered with: the table from which tests/vectors/events/bundles is frozen.

Each case names every check that must not pass, with its reason; all others must pass.  Python and the browser are
held to the same files.
"""

import json
from datetime import UTC, datetime

from coldtrace.codes.sign import sign_code
from coldtrace.seal.keys import kid
from support.bundle_case import QUIET, BundleCase, make_case
from support.bundle_cases_signed import tampered_log, tampered_statements, tampered_trust
from support.bundle_changes import (
    STRANGER,
    changed,
    close_lines,
    corrected,
    scanned_after_sale,
    unpacked_whole,
)
from support.story import (
    GTIN,
    SHOP,
    STATION_KEY,
    build_story,
    sign_test_code,
)


def all_cases() -> list[BundleCase]:
    """Return all cases in a fixed order."""
    return [*_good(), *_tampered_code(), *tampered_statements(), *tampered_log(), *tampered_trust(), *_malformed()]


def _good() -> list[BundleCase]:
    plain, witnessed = build_story(), build_story(quorum=1, cosigned=True)
    stay = build_story()
    stay.logged = stay.logged[:4]
    closed = changed(plain, close_lines)
    return [
        make_case("good", "everything holds; no witness is asked for", plain),
        make_case("good_witnessed", "one witness is asked for and has cosigned", witnessed, not_checked={}),
        make_case(
            "good_unpinned",
            "nothing is pinned: the bundle's own root is used",
            plain,
            root=None,
            asked=None,
            lowest_seq=None,
            not_checked={
                **QUIET,
                "root": "root_not_pinned",
                "trust_list_seq": "no_earlier_list",
                "code_asked": "nothing_asked",
            },
        ),
        make_case("good_open_stay", "the box is still on its pallet; continuity passes and says so", stay),
        make_case("good_whole_unpack", "the pallet is unpacked as a whole, naming no box", unpacked_whole()),
        make_case(
            "good_other_zone",
            "after the sale a handheld in another time zone scans the box; its day is still the day before",
            scanned_after_sale(days_before=1),
        ),
        make_case("good_corrected", "a sale that did not occur is declared so; the box is sold again", corrected(SHOP)),
        make_case(
            "lines_closed",
            "quantities stay hidden, so the code cannot be compared",
            closed,
            not_checked={**QUIET, "code_commission": "commission_closed"},
        ),
        make_case(
            "facts_not_shown",
            "the facts were left out",
            changed(plain, lambda parts: parts.update(facts=None)),
            not_checked={**QUIET, "facts": "facts_not_shown"},
        ),
        make_case(
            "list_expired",
            "the list is past its end; nothing is wrong with what it signs",
            plain,
            now=datetime(2026, 12, 20, tzinfo=UTC),
            not_checked={**QUIET, "trust_list_fresh": "list_expired"},
        ),
    ]


def _tampered_code() -> list[BundleCase]:
    story = build_story()

    def with_code(code: str) -> str:
        return changed(story, lambda parts: parts.update(code=code))

    expiring = sign_code(
        host="trace.example.cn",
        elements=(("01", GTIN), ("10", "L2409A17"), ("21", "7QK4M2ZX9RTB"), ("17", "271231")),
        algorithm=1,
        kid=kid(STATION_KEY.spki),
        sign=STATION_KEY.sign,
    )
    forged = sign_code(
        host="trace.example.cn",
        elements=(("01", GTIN), ("10", "L2409A17"), ("21", "7QK4M2ZX9RTB")),
        algorithm=1,
        kid=kid(STRANGER.spki),
        sign=STRANGER.sign,
    )
    lot_changed = story.code.replace("/10/L2409A17/", "/10/L2409A18/")
    facts = json.loads(story.facts or "{}")
    other_facts = json.dumps({**facts, "net_g": 1}, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return [
        make_case(
            "code_lot_changed",
            "one character of the lot was changed",
            with_code(lot_changed),
            failed={"code_signature": "bad_signature", "code_commission": "code_differs"},
        ),
        make_case(
            "code_unsigned",
            "the token was cut off",
            with_code(story.code.partition("?")[0]),
            failed={"code_signature": "unsigned"},
            not_checked={**QUIET, "code_commission": "code_unreadable"},
        ),
        make_case(
            "code_token_broken",
            "a character of the token is not base32",
            with_code(story.code[:-1] + "1"),
            failed={"code_signature": "malformed_token"},
            not_checked={**QUIET, "code_commission": "code_unreadable"},
        ),
        make_case(
            "code_by_stranger",
            "the code is signed by a key that is not on the list",
            with_code(forged),
            failed={"code_signature": "unknown_key", "code_commission": "code_differs"},
        ),
        make_case(
            "code_other_host",
            "the address leads elsewhere; the host is not signed",
            with_code(story.code.replace("TRACE.EXAMPLE.CN", "TRACE.EXAMPLE.NET")),
            failed={"code_host": "untrusted_host"},
        ),
        make_case(
            "code_of_other_box",
            "a right code of another box",
            with_code(sign_test_code("8QK4M2ZX9RT0")),
            failed={
                "code_asked": "other_code",
                "code_commission": "no_commission",
                "facts": "no_commission",
                "continuity": "parent_not_open",
            },
        ),
        make_case(
            "code_signed_again",
            "the same box under another right code: an expiry was added",
            with_code(expiring),
            failed={"code_commission": "code_differs"},
        ),
        make_case(
            "code_malformed",
            "the check digit of the GTIN is wrong",
            with_code(story.code.replace("09506000134352", "09506000134353")),
            failed={"code_signature": "malformed_uri"},
            not_checked={
                **QUIET,
                "code_host": "code_unreadable",
                "code_asked": "code_unreadable",
                "code_commission": "code_unreadable",
                "facts": "code_unreadable",
                "continuity": "code_unreadable",
            },
        ),
        make_case(
            "facts_changed",
            "the net weight was changed",
            changed(story, lambda parts: parts.update(facts=other_facts)),
            failed={"facts": "facts_differ"},
        ),
        make_case(
            "facts_spaced",
            "the facts were printed again with a blank",
            changed(story, lambda parts: parts.update(facts=parts["facts"].replace(",", ", ", 1))),
            failed={"facts": "malformed_facts"},
        ),
    ]


def _malformed() -> list[BundleCase]:
    story = build_story()
    text = story.bundle()

    def broken(name: str, says: str, text: str) -> BundleCase:
        return BundleCase(name=name, says=says, text=text, root=story.root.text, failed={"format": "malformed_bundle"})

    return [
        broken("malformed_cut_off", "the file ends too early", text[:-2]),
        broken("malformed_key", "an unknown key", changed(story, lambda parts: parts.update(more=1))),
        broken("malformed_version", "version 2", text.replace('"v":1,"kind"', '"v":2,"kind"', 1)),
        broken("malformed_number", "an index with a fraction", text.replace('"index":0', '"index":0.0', 1)),
        broken(
            "malformed_sig",
            "a padded signature",
            changed(story, lambda parts: parts["statements"][0].update(sig=parts["statements"][0]["sig"] + "==")),
        ),
        broken("malformed_surrogate", "half a character", text.replace('"facts":"', '"facts":"\\ud800', 1)),
        broken("malformed_not_object", "an array", f"[{text}]"),
    ]
