"""What an application identifier's value looks like: the table of `biip`, with the gaps we found closed.

`biip` (Apache-2.0, no dependencies) carries the list of AIs with a pattern for each.  We use its table only,
not its parsers; docs/decisions/0002-codes-parsing.md says why.

>>> find_ai("4331")
AiForm(ai='4331', separator_required=True)
>>> find_ai("433") is None
True
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

# Where the table differs from the General Specifications: empty values, a lower bound too high, padding refused.
_CORRECTED: Final = {
    "30": r"[0-9]{1,8}",
    "7004": r"[0-9]{1,4}",
    "8010": r"[#\-/0-9A-Z]{1,30}",
    "8030": r"[0-9A-Za-z_\-=]{1,90}",
}


@dataclass(frozen=True, kw_only=True)
class AiForm:
    """One AI: whether a separator must follow its value, and the pattern of the value."""

    ai: str
    separator_required: bool
    pattern: re.Pattern[str] = field(repr=False)

    def fits(self, value: str) -> bool:
        """Tell whether `value` is as a whole a value of this AI, as far as length and characters go."""
        return self.pattern.fullmatch(value) is not None

    def longest_prefix(self, text: str) -> str | None:
        """Return the longest beginning of `text` that is a value of this AI, or None."""
        found = self.pattern.match(text)
        return None if found is None else found[0]


def find_ai(ai: str) -> AiForm | None:
    """Return the form of exactly this AI, or None if there is none."""
    form = leading_ai(ai)
    return form if form is not None and form.ai == ai else None


def leading_ai(text: str) -> AiForm | None:
    """Return the form of the AI with which `text` begins; no AI is the beginning of another."""
    for length in (2, 3, 4):
        form = _known(text[:length])
        if form is not None and len(text) >= length:
            return form
    return None


@lru_cache(maxsize=2048)
def _known(ai: str) -> AiForm | None:
    # Loaded when the first foreign code comes: it takes 25 MB and 0.1 s, and a handheld reads our own codes.
    from biip import ParseError
    from biip.gs1_application_identifiers import GS1ApplicationIdentifier

    try:
        entry = GS1ApplicationIdentifier.extract(ai)
    except ParseError:
        return None
    if entry.ai != ai:
        return None
    pattern = entry.pattern.removeprefix(f"^{ai}").removesuffix("$")
    # Without ASCII, `\d` would take full-width and Arabic digits.
    compiled = re.compile(_CORRECTED.get(ai, pattern), re.ASCII)
    return AiForm(ai=ai, separator_required=entry.separator_required, pattern=compiled)
