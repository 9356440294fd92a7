"""One bundle case, and what every case has in common."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from coldtrace.clock import format_utc
from support.story import (
    NOW,
    UNIT,
    Story,
    build_story,
)

ALWAYS = {"seen": "no_seen", "complete": "only_what_is_shown"}
"""What no bundle of version 1 can pass."""
QUIET = {"witnesses": "no_witness_yet"}
"""What stays open in an installation without witnesses."""


@dataclass(frozen=True, kw_only=True)
class BundleCase:
    """One bundle text, what it is verified with, and which checks end otherwise than passed."""

    name: str
    says: str
    text: str
    root: str | None
    now: datetime = NOW
    asked: str | None = UNIT
    lowest_seq: int | None = 7
    failed: dict[str, str] = field(default_factory=dict)
    not_checked: dict[str, str] = field(default_factory=dict)


def make_case(
    name: str,
    says: str,
    made_of: Story | str,
    *,
    root: str | None = "",
    not_checked: dict[str, str] | None = None,
    **options: Any,
) -> BundleCase:
    """Return the case of a story or a text; `root` is the pinned root, by default the story's own."""
    story = build_story()
    pinned = story.root.text if root == "" else root
    text = made_of if isinstance(made_of, str) else made_of.bundle()
    silent = QUIET if not_checked is None else not_checked
    return BundleCase(name=name, says=says, text=text, root=pinned, not_checked={**ALWAYS, **silent}, **options)


def case_options(case: BundleCase) -> dict[str, object]:
    """Return what a verifier is given beside the text, for the frozen file."""
    return {"root": case.root, "now": format_utc(case.now), "asked": case.asked, "lowest_seq": case.lowest_seq}
