"""Minting: one signed code for each position of a piece of a plan.

Serials come from the system's CSPRNG and are never used again; the database refuses a double.  Each code is signed
with the first station's key, and what it signs is kept as a hash, which the commission statement repeats.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from coldtrace.codes.short_code import new_short_codes
from coldtrace.codes.sscc import Sscc
from coldtrace.codes.template import CodeTemplate, prepare
from coldtrace.codes.token import ALGORITHM_NAMES
from coldtrace.codes.trace_code import Element
from coldtrace.goods.plan import Cartons, Piece
from coldtrace.seal.keys import Signer, kid

ALGORITHMS = {name: nibble for nibble, name in ALGORITHM_NAMES.items()}
"""The algorithm nibble of the token (docs/formats/codes.md)."""


class MintedCode(NamedTuple):
    """One code of a run, in the order of the columns that keep it.  A pallet and a roll's code have no lot.

    `net_g` is None where only the sum of several cartons of different weight is known.
    """

    unit_id: str
    position: int
    kind: str
    lot_id: int | None
    pallet: str
    serial: str | None
    net_g: int | None
    uri: str
    code_hash: bytes


class Minter:
    """Signs the codes of one first station.

    `ssccs` gives numbers that were never given out.  That the key may sign these kinds of codes is the caller's to
    know.
    """

    def __init__(
        self,
        *,
        host: str,
        signer: Signer,
        random: Callable[[int], bytes],
        ssccs: Iterator[Sscc],
    ) -> None:
        self._host = host
        self._signer = signer
        self._short_codes = new_short_codes(random)
        self._ssccs = ssccs
        self._templates: dict[tuple[str | None, str | None], CodeTemplate] = {}
        self._sscc = self._prepare([], "00")

    def mint(self, pieces: Iterable[Piece]) -> Iterator[MintedCode]:
        """Yield the codes of these pieces in order."""
        for piece in pieces:
            step = piece.step
            if not isinstance(step, Cartons):
                yield self._with_sscc(piece.position, "pallet", None, step.pallet, step.net_g)
            elif step.by_sscc:
                for number in range(piece.count):
                    net_g = step.weight(piece.offset + number)
                    yield self._with_sscc(piece.position + number, "unit", step.lot_id, step.pallet, net_g)
            else:
                yield from self._serialised(step, piece)

    def _serialised(self, step: Cartons, piece: Piece) -> Iterator[MintedCode]:
        template = self._template(step)
        sign, short_codes = template.sign, self._short_codes
        lot_id, pallet, is_own = step.lot_id, step.pallet, step.gtin is None
        for number in range(piece.count):
            short_code = next(short_codes)
            serial = short_code[:12]
            # An id of our own is the short code itself: whoever keys in what is printed has the id.
            uri, unit_id, code_hash = sign(short_code if is_own else serial)
            net_g = step.weight(piece.offset + number)
            position = piece.position + number
            yield MintedCode(unit_id, position, "unit", lot_id, pallet, serial, net_g, uri, code_hash)

    def _with_sscc(self, position: int, kind: str, lot_id: int | None, pallet: str, net_g: int | None) -> MintedCode:
        sscc = next(self._ssccs)
        uri, unit_id, code_hash = self._sscc.sign(sscc)
        return MintedCode(unit_id, position, kind, lot_id, pallet, None, net_g, uri, code_hash)

    def _template(self, step: Cartons) -> CodeTemplate:
        key = (step.gtin, step.lot)
        if key not in self._templates:
            if step.gtin is None:
                self._templates[key] = self._prepare([], "U")
            else:
                lot = [] if step.lot is None else [("10", step.lot)]
                self._templates[key] = self._prepare([("01", step.gtin), *lot], "21")
        return self._templates[key]

    def _prepare(self, elements: list[Element], varies: str) -> CodeTemplate:
        signer = self._signer
        return prepare(
            host=self._host,
            elements=elements,
            varies=varies,
            algorithm=ALGORITHMS[signer.alg],
            kid=kid(signer.spki),
            sign=signer.sign,
        )
