"""The product facts: what a consumer reads about the goods, tied to the statement that gave them their identity.

    JCS {"entry_date":...,"expiry_date":...,...,"salt":b64(16)}     strings and integers only

`public.facts` of a `commission`, `adopt` or `transform` statement is the SHA-256 of this exact text.  The salt keeps
anybody who has the log, but not the goods, from guessing the facts of a lot.
"""

from collections.abc import Callable, Mapping
from typing import Final

from coldtrace.errors import Refusal, Words
from coldtrace.events.canonical import decode, encode
from coldtrace.events.shape import NAME, TEXT_MAX, read_octets
from coldtrace.seal.b64 import b64
from coldtrace.seal.hashing import sha256

FACTS_MAX: Final = 16 * 1024
Facts = dict[str, str | int]


class MalformedFacts(Refusal):
    """The text is not a salted set of product facts."""

    code = "malformed_facts"
    title = Words("商品信息格式有误", "Malformed product facts")
    detail = Words(
        "商品信息有误（{where}）；请重新生成。",
        "The product facts are malformed ({where}); make them again.",
    )


def write_facts(facts: Mapping[str, str | int], random: Callable[[int], bytes]) -> str:
    """Return the exact text of these facts with a fresh salt; raise MalformedFacts if it could not be read back."""
    text = encode({**facts, "salt": b64(random(16))})
    read_facts(text)
    return text


def read_facts(text: str) -> Facts:
    """Return the facts of a text, `salt` among them; raise MalformedFacts or NotCanonical."""
    if len(text) > FACTS_MAX:
        raise MalformedFacts(where="length")
    value = decode(text)
    if not isinstance(value, dict):
        raise MalformedFacts(where="keys")
    read_octets(value.get("salt"), 16, lambda _: MalformedFacts(where="salt"))
    facts: Facts = {}
    for name, fact in value.items():
        if not NAME.fullmatch(name):
            raise MalformedFacts(where="name")
        if (
            isinstance(fact, bool)
            or not isinstance(fact, str | int)
            or (isinstance(fact, str) and len(fact) > TEXT_MAX)
        ):
            raise MalformedFacts(where=name)
        facts[name] = fact
    return facts


def facts_hash(text: str) -> bytes:
    """Return what `public.facts` holds for a facts text."""
    return sha256(text.encode("utf-8"))
