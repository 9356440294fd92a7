"""How a statement names a counter: by the extension of its place code, at the statement's own site.

    (254)C%2F1        the counter `C/1`; its sign carries (414)GLN(254)C/1

The site is not named again: attributes of a line are shown in proofs, and a proof names no shop.
"""

import re
from urllib.parse import quote

_NAME = re.compile(r"\(254\)(?:[A-Za-z0-9._~-]|%[0-9A-F]{2}){1,60}", re.ASCII)


def counter_name(extension: str) -> str:
    """Return the name of a counter by the extension (AI 254) of its place code.

    >>> counter_name("C/1")
    '(254)C%2F1'
    """
    return f"(254){quote(extension, safe='')}"


def is_counter_name(value: str) -> bool:
    """Tell whether a text names a counter."""
    return _NAME.fullmatch(value) is not None
