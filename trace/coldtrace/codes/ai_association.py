"""Which application identifiers belong together and which exclude each other.

GS1 General Specifications, sections 4.13 (invalid pairs) and 4.14 (mandatory association), arranged by the key
that an attribute speaks about.  `biip` knows none of these; a lot number without its product, or a count
without its pallet, would otherwise pass for a code.
"""

import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Final

# Each line: the AIs, then what they need.  `n` is any digit, `+` means together, a blank between
# alternatives means one of them is enough.
_NEEDS: Final = (
    # Lots, serials and dates speak about a trade item: on its own, made to order, as a piece, or as content.
    ("10 11 13 15 16 20 240 241 422", "01 02 03 8006 8026"),
    ("17", "01 02 03 255 8006 8026"),
    ("242 7001", "01 02 8006 8026"),
    ("21 251 7021 8012", "01 03 8006"),
    ("243", "01 03"),
    ("22 235 337n 710 711 712 713 714 715 716 717 8001 8014 8200", "01"),
    ("423 424 425 426 7003 7010 7011 8008", "01 02 03"),
    ("427", "01+422 02+422 03+422"),
    ("250", "01+21 03+21 8006+21"),
    ("7004", "01+10 03+10"),
    ("7020", "01+416 03+416 8006+416"),
    ("7022", "01+7021 03+7021 8006+7021"),
    ("7240", "01 8006"),
    ("723n", "01 8004"),
    # Net measures, animal origin and processors of a trade item or of a pallet's content.
    ("30 310n 311n 312n 313n 314n 315n 316n 32nn 350n 351n 352n 356n 357n", "01 02"),
    ("360n 361n 364n 365n 366n 7002 7005 7006 7007 7008 7009 703n 8005", "01 02"),
    # Gross measures of a trade item or a logistic unit.
    ("330n 331n 332n 333n 334n 335n 336n 34nn 353n 354n 355n 362n 363n 367n 368n 369n", "00 01"),
    # Content of a logistic unit: what and how many only make sense together.
    ("02 8026", "37"),
    ("37", "00+02 00+8026"),
    # Transport of a logistic unit.
    ("403 4300 4301 4302 4304 4305 4306 4307 4308 4309", "00"),
    ("4310 4311 4312 4314 4315 4316 4317 4318 4319 432n 433n 7041", "00"),
    ("4303", "4302"),
    ("4313", "4312"),
    # Places and payments.
    ("254", "414"),
    ("12 391n 415", "8020"),
    ("8007 8020", "415"),
    ("390n", "255 8020"),
    ("392n", "01+30 01+31nn 01+32nn 01+35nn 01+36nn"),
    ("393n 395n", "30 31nn 32nn 35nn 36nn"),
    ("394n 8111", "255"),
    # Persons, components, sensors, devices, signatures.
    ("7241 7242 7253 7254 7255 7256 8019", "8017 8018"),
    ("7250 7251 7252 7257 7259", "8018"),
    ("7258", "8018+7259"),
    ("8009", "00 01 03"),
    ("8011", "8010"),
    ("8030", "00 01+21 03+21 253 255 8003 8004 8006+21 8010+8011 8017 8018"),
    ("8040", "01+21"),
    ("8041 8042 8043", "01+21+8040"),
)

_EXCLUDES: Final = (
    ("01", "255 37"),
    ("02", "01 03"),
    ("03", "01 02 37 235"),
    ("21", "235"),
    ("255", "01 02 415 8006 8020 8026"),
    ("390n", "390n 391n 394n 8111"),
    ("391n", "391n"),
    ("392n", "392n 393n"),
    ("393n", "393n"),
    ("394n", "394n 8111"),
    ("395n", "392n 393n 395n 8005"),
    ("420", "421"),
    ("421", "4307"),
    ("422 423 424 425", "426"),
    ("4330", "4331"),
    ("4332", "4333"),
    ("7240", "03"),
    ("7250", "7251"),
    ("7253 7254 7255", "7256 7259"),
    ("7259", "7256"),
    ("8006", "01 03 37"),
    ("8017", "8018"),
    ("8026", "02 03 8006"),
)

# A signature (8030) needs a key that names one thing: these have an optional serial behind so many digits.
_SERIAL_BEHIND: Final = {"253": 13, "255": 13, "8003": 14}
_MEASURES: Final = re.compile(r"3[1-6][0-9]{2}", re.ASCII)


def lacking(elements: Mapping[str, str]) -> str | None:
    """Return the first AI that stands without what it needs, or None if all have it."""
    for ai in elements:
        alternatives = _needs(ai)
        if alternatives and not any(_holds(elements, group) for group in alternatives):
            return ai
    if "8030" in elements:
        for key, plain in _SERIAL_BEHIND.items():
            if len(elements.get(key, " " * 99)) <= plain:
                return "8030"
    return None


def excluding(elements: Collection[str]) -> tuple[str, str] | None:
    """Return the first two AIs that may not stand together, or None if there are none."""
    for ai in elements:
        for pattern in _excludes(ai):
            for other in elements:
                if other != ai and _matches(pattern, other):
                    return ai, other
    return None


def _holds(elements: Collection[str], group: tuple[str, ...]) -> bool:
    return all(any(_matches(pattern, ai) for ai in elements) for pattern in group)


@lru_cache(maxsize=2048)
def _needs(ai: str) -> tuple[tuple[str, ...], ...]:
    for ais, alternatives in _NEEDS:
        if any(_matches(pattern, ai) for pattern in ais.split()):
            return tuple(tuple(group.split("+")) for group in alternatives.split())
    return ()


@lru_cache(maxsize=2048)
def _excludes(ai: str) -> tuple[str, ...]:
    # One measure may be given once, with one position of the decimal point.
    found = [ai[:3] + "n"] if _MEASURES.fullmatch(ai) else []
    for ais, others in _EXCLUDES:
        if any(_matches(pattern, ai) for pattern in ais.split()):
            found += others.split()
    return tuple(found)


def _matches(pattern: str, ai: str) -> bool:
    return len(pattern) == len(ai) and all(sign in ("n", digit) for sign, digit in zip(pattern, ai, strict=True))
