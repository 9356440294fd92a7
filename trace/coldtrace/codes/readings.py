"""Every way in which a scanned text can be read, in one fixed order (docs/formats/codes.md, section 7).

`read_scan` gives the one reading that a handheld without a network works with.  An installation knows more: which
serials, pallets, products and places are its own.  So it asks for all readings, looks up each, and refuses a text of
which two name different things here, instead of taking the first that fits.

    command     CT:IN
    signed      a link with a token of ours, or with /U/: nobody else's rules apply to it
    link        a GS1 Digital Link of any host
    elements    a GS1 element string
    sscc        18 digits
    short       13 characters of the short code
    gtin        8, 12, 13 or 14 digits
    place       13 digits that are a right GLN
    foreign     an address of another platform's table, or scheme:value

What only identifies things that are not traced here (internal AIs 90-99, order numbers, assets) is a reading of a text
that has no other, and never a rival.  So only these can meet on one text: 13 digits as short code, GTIN and place, and
an address as link and as one or more foreign schemes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from coldtrace.codes.check_digit import is_digits
from coldtrace.codes.command import is_command
from coldtrace.codes.foreign import is_marked
from coldtrace.codes.foreign_scheme import Scheme, known_schemes, match_scheme
from coldtrace.codes.gln import parse_gln
from coldtrace.codes.gtin import LENGTHS, parse_gtin
from coldtrace.codes.link_text import MAX_CHARACTERS, looks_like_link
from coldtrace.codes.scan import (
    EAN_SYMBOLS,
    GS1_SYMBOLS,
    Scan,
    claims_to_be_ours,
    read_scan,
    without_reader_marks,
)
from coldtrace.codes.short_code import parse_short_code
from coldtrace.codes.sscc import parse_sscc
from coldtrace.codes.trace_code import CodeKind, kind_of
from coldtrace.errors import Refusal


class Resolver(StrEnum):
    """What reads a text, in the order in which they are asked."""

    COMMAND = "command"
    SIGNED = "signed"
    LINK = "link"
    ELEMENTS = "elements"
    SSCC = "sscc"
    SHORT = "short"
    GTIN = "gtin"
    PLACE = "place"
    FOREIGN = "foreign"


ORDER: Final = {resolver: place for place, resolver in enumerate(Resolver)}


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One way to read a text.  A foreign code has `scheme` and `value` instead of a scan."""

    resolver: Resolver
    scan: Scan | None = None
    scheme: str | None = None
    value: str | None = None


@dataclass(frozen=True, kw_only=True)
class Readings:
    """All readings of a text, in order; `refusal` says what is wrong with a text that has none."""

    found: tuple[Reading, ...]
    refusal: Refusal | None


def all_readings(text: str, schemes: Sequence[Scheme] | None = None) -> Readings:
    """Return every reading of a text.  Raises nothing, whatever the text is."""
    plain, symbol = without_reader_marks(text)
    found: list[Reading] = []
    refusal: Refusal | None = None
    try:
        first = read_scan(text)
        found.append(Reading(resolver=_resolver_of(first, plain, symbol), scan=first))
    except Refusal as wrong:
        refusal = wrong
    if 0 < len(plain) <= MAX_CHARACTERS and not is_command(plain):
        found += [each for each in _others(plain, symbol) if each not in found]
        if not claims_to_be_ours(plain):
            table = known_schemes() if schemes is None else schemes
            found += [
                Reading(resolver=Resolver.FOREIGN, scheme=scheme.scheme, value=value)
                for scheme, value in match_scheme(plain, table)
            ]
    traced = [each for each in found if each.scan is None or each.scan.kind is not CodeKind.FOREIGN]
    ordered = sorted(traced or found, key=lambda each: ORDER[each.resolver])
    return Readings(found=tuple(ordered), refusal=None if ordered else refusal)


def _resolver_of(scan: Scan, plain: str, symbol: str | None) -> Resolver:
    if scan.command is not None:
        return Resolver.COMMAND
    if scan.serial is not None:
        return Resolver.SHORT
    if looks_like_link(plain):
        return Resolver.SIGNED if claims_to_be_ours(plain) or "U" in scan.ais else Resolver.LINK
    if symbol in GS1_SYMBOLS or not is_digits(plain) or len(plain) not in (*LENGTHS, 18):
        return Resolver.ELEMENTS
    return Resolver.SSCC if len(plain) == 18 else Resolver.GTIN


def _others(plain: str, symbol: str | None) -> list[Reading]:
    """Return the readings of a text that is no link and that neither a prefix nor a separator has settled.

    An element string is not among them: `read_scan` takes every text for one that can be nothing else, and digits of
    the length of a number only for that number, so that a mistyped one is never somebody's internal element.
    """
    if looks_like_link(plain) or symbol in GS1_SYMBOLS or is_marked(plain):
        return []
    ways: list[tuple[Resolver, Callable[[], Scan]]] = []
    if is_digits(plain):
        ways.append((Resolver.GTIN, lambda: _of_ais({"01": parse_gtin(plain)})))
        if symbol not in EAN_SYMBOLS:
            ways.append((Resolver.SSCC, lambda: _of_ais({"00": parse_sscc(plain)})))
            ways.append((Resolver.PLACE, lambda: _place(plain)))
    if symbol not in EAN_SYMBOLS:
        ways.append((Resolver.SHORT, lambda: Scan(kind="short", serial=parse_short_code(plain))))
    found = []
    for resolver, read in ways:
        try:
            found.append(Reading(resolver=resolver, scan=read()))
        except Refusal:
            continue
    return found


def _place(digits: str) -> Scan:
    # Prefixes that name nothing outside one shop do so for places too.
    parse_gtin(digits)
    return _of_ais({"414": parse_gln(digits)})


def _of_ais(ais: dict[str, str]) -> Scan:
    return Scan(kind=kind_of(ais), ais=ais)
