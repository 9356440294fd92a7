"""Bundle cases, continued: the roots changed after the founding, and the file shows how."""

from coldtrace.seal.keys import Ed25519Signer, P256Signer
from coldtrace.seal.root_document import RootDocument, sign_root_change, write_root
from coldtrace.seal.trust_list import print_list, sign_trust_list
from support.bundle_case import QUIET, BundleCase, make_case
from support.bundle_changes import STRANGER, changed
from support.story import Story, build_story

SECOND, THIRD = Ed25519Signer.from_seed(b"second root".ljust(32)), P256Signer.from_seed(b"third root".ljust(32))


def changed_roots(nothing: dict[str, str]) -> list[BundleCase]:
    """Return the cases; `nothing` names the checks that need a list, for where none is trusted."""
    story = build_story()
    second = write_root(roots={"r2": SECOND.spki}, threshold=1, previous=story.root)
    third = write_root(roots={"r2": SECOND.spki, "r3": THIRD.spki}, threshold=2, previous=second)
    one = sign_root_change(second, [("r1", story.root_key), ("r2", SECOND)])
    two = sign_root_change(third, [("r2", SECOND), ("r3", THIRD)])
    refused = {"failed": {"root": "root_change_refused"}, "not_checked": {"trust_list": "no_root", **nothing}}
    return [
        make_case("good_changed_roots", "the roots changed twice since the pinned document", shown(story, one, two)),
        make_case(
            "good_changed_roots_unpinned",
            "the same, and nothing is pinned",
            shown(story, one, two),
            root=None,
            not_checked={**QUIET, "root": "root_not_pinned"},
        ),
        make_case(
            "good_changed_roots_later_pin",
            "the document in force is pinned: the changes up to it are passed over",
            shown(story, one, two),
            root=third.text,
        ),
        make_case(
            "roots_changed_out_of_order", "the first change is left out", shown(story, two), failed=refused["failed"],
            not_checked=refused["not_checked"],
        ),
        make_case(
            "roots_changed_by_stranger",
            "a stranger made himself root",
            shown(story, sign_root_change(by_stranger(story), [("r1", STRANGER), ("r9", STRANGER)])),
            failed=refused["failed"],
            not_checked=refused["not_checked"],
        ),
        make_case(
            "roots_changed_not_shown",
            "the file does not show how the roots changed",
            shown(story),
            failed={"trust_list": "untrusted_trust_list"},
            not_checked=nothing,
        ),
        make_case(
            "list_of_old_roots",
            "the roots changed, and the list is still signed by the one before",
            changed(story, lambda parts: parts.update(root_changes=[one])),
            failed={"trust_list": "untrusted_trust_list"},
            not_checked=nothing,
        ),
    ]  # fmt: skip


def by_stranger(story: Story) -> RootDocument:
    return write_root(roots={"r9": STRANGER.spki}, threshold=1, previous=story.root)


def shown(story: Story, *changes: dict[str, object]) -> str:
    """Return the bundle with these changes and a list that the last roots have signed."""
    envelope = sign_trust_list(print_list(story.trust), {"r2": SECOND, "r3": THIRD})
    more = {"root_changes": list(changes)} if changes else {}
    return changed(story, lambda parts: parts.update(trust_list=envelope, **more))
