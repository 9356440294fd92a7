"""Views in which everything that comes from outside is one text."""

from dataclasses import fields, is_dataclass, replace
from typing import Any

from coldtrace.errors import Words

# Fields whose values come from our own tables, never from outside.
_CHOSEN = frozenset(
    {"status", "source", "quarantine_state", "state", "cold", "leg_cold", "result", "kind"}
    | {"anchor", "method", "access"}
    | {"api_docs_url", "openapi_url", "trust_list_url", "checkpoint_url", "labels_url", "lookup_url"}
)


def with_every_text(value: Any, text: str) -> Any:
    """Return a copy of a view in which every free text is `text`; words chosen by us stay."""
    if isinstance(value, tuple) and not isinstance(value, Words):
        return tuple(with_every_text(item, text) for item in value)
    if not is_dataclass(value) or isinstance(value, type):
        return value
    changed: dict[str, Any] = {}
    for field in fields(value):
        old = getattr(value, field.name)
        if isinstance(old, str) and type(old) is str and field.name not in _CHOSEN:
            changed[field.name] = text
        elif is_dataclass(old) or isinstance(old, tuple):
            changed[field.name] = with_every_text(old, text)
    return replace(value, **changed)
