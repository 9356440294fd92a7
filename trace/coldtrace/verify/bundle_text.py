"""The text of a consumer's proof bundle, read into parts.  Nothing is verified here (docs/formats/bundle.md).

    {"v":1,"kind":"coldtrace-proof","code":uri,"net":b64(32),"root":"<root document>","trust_list":{"list","sigs"},
     "facts":"<text>"|null,"statements":[...],"checkpoint":"<note>"}
    and perhaps "allow": the proof that a stolen key's code was registered before the theft (filters.md, section 6)
    and perhaps "root_changes": the envelopes that lead from `root` to the roots that signed the list (trust-list.md)

The wrapping is plain JSON, signed by nobody; every text inside is signed or hashed as it stands.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NoReturn

from coldtrace.errors import Refusal, Words
from coldtrace.events.canonical import INTEGER_MAX, JsonValue
from coldtrace.events.disclosure import DisclosedLine, read_disclosed_line
from coldtrace.events.refusals import MalformedStatement
from coldtrace.events.shape import Shape, read_octets

BUNDLE_MAX: Final = 8 * 1024 * 1024
STATEMENTS_MAX: Final = 500
LINES_SHOWN_MAX: Final = 64
ROOT_CHANGES_MAX: Final = 100
_TEXT_MAX: Final = 4 * 1024 * 1024
_PATH_MAX: Final = 63

_KEYS: Final = frozenset({"v", "kind", "code", "net", "root", "trust_list", "facts", "statements", "checkpoint"})
_MORE_KEYS: Final = frozenset({"allow", "root_changes"})
_STATEMENT_KEYS: Final = frozenset({"header", "sig", "public", "certificate", "leaf", "lines", "proof"})


class MalformedBundle(Refusal):
    """The text is no proof bundle of version 1."""

    code = "malformed_bundle"
    title = Words("凭证格式有误", "Malformed proof bundle")
    detail = Words(
        "凭证文件在 {where} 处不符合格式；请重新下载。",
        "The proof bundle is not as the format says at {where}; download it again.",
    )


@dataclass(frozen=True, kw_only=True)
class ShownStatement:
    """One statement as a stranger gets it: all that is signed, and only the lines about their goods."""

    header: str
    signature: bytes
    public: str
    certificate: str
    certificate_sig: str
    received_at: datetime
    lines: tuple[DisclosedLine, ...]
    index: int
    path: tuple[bytes, ...]


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """The parts of a bundle."""

    code: str
    net: bytes
    root: str
    trust_list: dict[str, JsonValue]
    facts: str | None
    statements: tuple[ShownStatement, ...]
    checkpoint: str
    allow: JsonValue
    root_changes: tuple[dict[str, JsonValue], ...]


def read_bundle(text: str, *, more: Sequence[ShownStatement] = ()) -> Bundle:
    """Return the parts of a bundle; raise MalformedBundle.

    `more` are statements that were read by themselves (`read_statement`) and follow those in the text.
    """
    value = _parse(text)
    further = _MORE_KEYS & value.keys() if isinstance(value, dict) else frozenset()
    shape = Shape(value, _KEYS | further, _wrong)
    shape.version()
    shape.choice("kind", frozenset({"coldtrace-proof"}))
    trust_list = shape.raw("trust_list")
    if not isinstance(trust_list, dict):
        raise shape.wrong("trust_list")
    return Bundle(
        code=shape.text("code", limit=8000),
        net=shape.octets("net", 32),
        root=shape.text("root", limit=_TEXT_MAX),
        trust_list=trust_list,
        facts=None if shape.is_null("facts") else shape.text("facts", limit=_TEXT_MAX),
        statements=(
            *(
                _read_statement(item, f"statements[{number}]")
                for number, item in enumerate(shape.items("statements", limit=STATEMENTS_MAX - len(more)))
            ),
            *more,
        ),
        checkpoint=shape.text("checkpoint", limit=_TEXT_MAX),
        allow=shape.raw("allow") if "allow" in further else None,
        root_changes=tuple(_read_changes(shape)) if "root_changes" in further else (),
    )


def read_statement(text: str) -> ShownStatement:
    """Return one statement of a bundle, from the text of it alone; raise MalformedBundle."""
    return _read_statement(_parse(text), "statements")


def _read_changes(shape: Shape) -> Iterator[dict[str, JsonValue]]:
    for item in shape.items("root_changes", limit=ROOT_CHANGES_MAX):
        if not isinstance(item, dict):
            raise shape.wrong("root_changes")
        yield item


def _read_statement(item: JsonValue, at: str) -> ShownStatement:
    shape = Shape(item, _STATEMENT_KEYS, _wrong, at)
    certificate = shape.inner("certificate", frozenset({"text", "sig"}))
    proof = shape.inner("proof", frozenset({"index", "path"}))
    return ShownStatement(
        header=shape.text("header", limit=_TEXT_MAX),
        signature=shape.octets("sig", 64),
        public=shape.text("public", limit=_TEXT_MAX),
        certificate=certificate.text("text", limit=_TEXT_MAX),
        certificate_sig=certificate.text("sig"),
        received_at=shape.inner("leaf", frozenset({"received_at"})).moment("received_at"),
        lines=tuple(_read_line(line, at) for line in shape.items("lines", limit=LINES_SHOWN_MAX)),
        index=proof.integer("index"),
        path=tuple(
            read_octets(step, 32, lambda _: proof.wrong("path")) for step in proof.items("path", limit=_PATH_MAX)
        ),
    )


def _read_line(value: JsonValue, at: str) -> DisclosedLine:
    try:
        return read_disclosed_line(value)
    except MalformedStatement as refusal:
        raise _wrong(f"{at}.lines.{refusal.facts['where']}") from None


def _parse(text: str) -> JsonValue:
    if len(text) > BUNDLE_MAX:
        raise _wrong("length")
    try:
        value: JsonValue = json.loads(
            text, parse_float=_refuse_number, parse_int=_integer, parse_constant=_refuse_number
        )
        # Half a character cannot be hashed; no text that was ever signed has one.
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        raise _wrong("json") from None
    return value


def _integer(digits: str) -> int:
    if len(digits) > 17 or not -INTEGER_MAX <= int(digits) <= INTEGER_MAX:
        raise _wrong("number")
    return int(digits)


def _refuse_number(digits: str) -> NoReturn:
    raise _wrong("number")


def _wrong(where: str) -> Refusal:
    return MalformedBundle(where=where)
