"""Bundle cases, continued: a root of the algorithm SM2, whose signatures a browser cannot check.

They end as without the `[sm2]` extra; with it the garbage is refused, as tests/unit/verify/test_bundle_cases.py says.
"""

from typing import cast

from coldtrace.seal.b64 import b64
from coldtrace.seal.public_key import SM2_SPKI
from coldtrace.seal.root_document import RootDocument, sign_root_change, write_root
from support.bundle_case import QUIET, BundleCase, make_case
from support.bundle_changes import STRANGER, changed
from support.story import ROOT_KEY, Story, build_story
from support.tlog_vectors import SM2_POINT

SM2 = SM2_SPKI + b"\x04" + bytes.fromhex(SM2_POINT)
GARBAGE: dict[str, object] = {"root": "sm2", "alg": "SM2", "sig": b64(b"\x01" * 64)}
UNKNOWN = "unsupported_algorithm"


def sm2_roots(nothing: dict[str, str]) -> list[BundleCase]:
    """Return the cases; `nothing` names the checks that need a list, for where none is trusted."""
    either, both = build_story(founded=_founded(1)), build_story(founded=_founded(2))
    taken = write_root(roots={"r9": STRANGER.spki}, threshold=1, previous=either.root)
    change = sign_root_change(taken, [("r9", STRANGER)])
    change["sigs"] = [*cast("list[object]", change["sigs"]), GARBAGE]
    return [
        make_case(
            "sm2_root_garbage",
            "one of an Ed25519 and an SM2 root is enough, and 64 bytes stand in the place of the SM2 signature",
            _signed_by(either, GARBAGE),
            root=either.root.text,
            not_checked={"trust_list": UNKNOWN, **nothing},
        ),
        make_case(
            "sm2_root_garbage_unpinned",
            "the same, and nothing is pinned",
            _signed_by(either, GARBAGE),
            root=None,
            not_checked={"root": "root_not_pinned", "trust_list": UNKNOWN, **nothing},
        ),
        make_case(
            "sm2_root_garbage_not_enough",
            "two signatures are asked for: what cannot be checked would not be enough either",
            _signed_by(both, GARBAGE),
            root=both.root.text,
            failed={"trust_list": "untrusted_trust_list"},
            not_checked=nothing,
        ),
        make_case(
            "sm2_root_both_asked",
            "two signatures are asked for, and one of them cannot be checked",
            _signed_by(both, *_own(both), GARBAGE),
            root=both.root.text,
            not_checked={"trust_list": UNKNOWN, **nothing},
        ),
        make_case(
            "good_sm2_root_beside",
            "one is enough, and the Ed25519 one is there",
            _signed_by(either, *_own(either), GARBAGE),
            root=either.root.text,
            not_checked=QUIET,
        ),
        make_case(
            "sm2_root_changed",
            "a stranger made himself root by an SM2 signature that cannot be checked",
            changed(either, lambda parts: parts.update(root_changes=[change])),
            root=either.root.text,
            not_checked={"root": UNKNOWN, "trust_list": "no_root", **nothing},
        ),
    ]


def _founded(threshold: int) -> RootDocument:
    return write_root(roots={"r1": ROOT_KEY.spki, "sm2": SM2}, threshold=threshold)


def _own(story: Story) -> list[dict[str, object]]:
    return cast("list[dict[str, object]]", story.envelope()["sigs"])


def _signed_by(story: Story, *signatures: dict[str, object]) -> str:
    return changed(story, lambda parts: parts["trust_list"].update(sigs=list(signatures)))
