"""The root document that a person pins, walked on through the changes that they have as files."""

import json
from collections.abc import Iterable
from pathlib import Path

from coldtrace.seal.canonical_text import NotInProfile, read_json
from coldtrace.seal.root_document import MalformedRoot, RootDocument, apply_root_change, parse_root, walk_root_change


def read_pinned_root(path: Path, changes: Iterable[Path] = ()) -> RootDocument:
    """Return the root in force; raise MalformedRoot, RootChangeRefused, OSError or UnicodeDecodeError."""
    return walk(path.read_text(encoding="utf-8"), [each.read_text(encoding="utf-8") for each in changes])


def walk(root_text: str, changes: Iterable[str]) -> RootDocument:
    """Return the root in force after these texts, in order.

    Each is one change, which must be the next one, or what `GET /api/v1/root-changes` serves, of which those that the
    pinned document has behind it are passed over.  Raises MalformedRoot or RootChangeRefused.
    """
    root = parse_root(root_text.strip())
    for text in changes:
        try:
            value = read_json(text)
        except NotInProfile:
            raise MalformedRoot(where="$") from None
        if not (isinstance(value, dict) and value.keys() == {"changes"} and isinstance(value["changes"], list)):
            root = apply_root_change(text, current=root)
            continue
        for each in value["changes"]:
            root = walk_root_change(json.dumps(each), current=root)
    return root
