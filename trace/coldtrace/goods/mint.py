"""Drawing a code run: one signed code for each carton, one SSCC for each pallet, in the order of the list.

Serials come from the system's CSPRNG and are never used again; the database refuses a double.  Each code is signed
with the first station's key, and what it signs is kept as a hash, which the commission statement repeats.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from coldtrace.codes.short_code import new_serial
from coldtrace.codes.sign import sign_code
from coldtrace.codes.signing_input import signing_input
from coldtrace.codes.sscc import make_sscc
from coldtrace.codes.token import token_header
from coldtrace.events.unit_id import serial_unit, sscc_unit
from coldtrace.goods.packing_list import PackedLine
from coldtrace.seal.hashing import sha256
from coldtrace.seal.keys import Signer, kid

ALGORITHMS = {"Ed25519": 1, "ES256": 3}
"""The algorithm nibble of the token (docs/formats/codes.md)."""


@dataclass(frozen=True, kw_only=True)
class MintedCode:
    """One code of a run.  `lot_key` names its lot (GTIN, lot as given); a pallet has none.

    `net_g` is None where only the sum of several cartons of different weight is known.
    """

    unit_id: str
    position: int
    kind: str
    lot_key: tuple[str, str] | None
    pallet: str
    serial: str | None
    net_g: int | None
    uri: str
    code_hash: bytes


@dataclass(frozen=True, kw_only=True)
class Minter:
    """Signs the codes of one first station."""

    host: str
    signer: Signer
    company_prefix: str
    random: Callable[[int], bytes]
    next_reference: Callable[[], int]

    def mint(self, lines: Mapping[str, list[PackedLine]]) -> Iterator[MintedCode]:
        """Yield the codes of all pallets: each one's cartons, then its own label."""
        position = 0
        for pallet, packed in lines.items():
            for line in packed:
                for net_g in _weights(line):
                    position += 1
                    yield self._carton(line, net_g, pallet=pallet, position=position)
            if pallet:
                position += 1
                yield self._pallet(sum(line.net_g for line in packed), pallet=pallet, position=position)

    def _carton(self, line: PackedLine, net_g: int | None, *, pallet: str, position: int) -> MintedCode:
        assert line.gtin is not None, "lines without a GTIN are refused before minting"
        serial = new_serial(self.random)
        elements = [("01", str(line.gtin)), ("10", line.printed_lot), ("21", serial)]
        uri, code_hash = self._sign(elements)
        return MintedCode(
            unit_id=serial_unit(gtin=line.gtin, serial=serial),
            position=position,
            kind="unit",
            lot_key=(line.gtin, line.lot),
            pallet=pallet,
            serial=serial,
            net_g=net_g,
            uri=uri,
            code_hash=code_hash,
        )

    def _pallet(self, net_g: int, *, pallet: str, position: int) -> MintedCode:
        sscc = make_sscc(extension=3, company_prefix=self.company_prefix, reference=self.next_reference())
        uri, code_hash = self._sign([("00", sscc)])
        return MintedCode(
            unit_id=sscc_unit(sscc),
            position=position,
            kind="pallet",
            lot_key=None,
            pallet=pallet,
            serial=None,
            net_g=net_g,
            uri=uri,
            code_hash=code_hash,
        )

    def _sign(self, elements: list[tuple[str, str]]) -> tuple[str, bytes]:
        algorithm, key = ALGORITHMS[self.signer.alg], kid(self.signer.spki)
        uri = sign_code(host=self.host, elements=elements, algorithm=algorithm, kid=key, sign=self.signer.sign)
        return uri, sha256(signing_input(token_header(algorithm=algorithm, kid=key), elements))


def _weights(line: PackedLine) -> Iterator[int | None]:
    """Yield the weight of each carton of a line; what does not divide evenly goes to the first ones.

    Cartons of variable measure differ: their line says what they weigh together, and no label may say more.
    """
    if line.variable_measure and line.cartons > 1:
        yield from (None for _ in range(line.cartons))
        return
    each, rest = divmod(line.net_g, line.cartons)
    for number in range(line.cartons):
        yield each + (1 if number < rest else 0)
