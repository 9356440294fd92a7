"""Sign many codes that differ in one value: the serials of a lot, the SSCCs of a run, ids of our own.

`sign_code` says what a code is; this says the same thing faster.  One code is made and checked in full with a probe in
the place of the value that varies, and what stands before and behind that value is kept.  So there is no second
grammar here: each value is asked for its form, and everything else was judged with the probe.

    template = prepare(host=..., elements=[("01", gtin), ("10", lot)], varies="21", ...)
    template.sign("7QK4M2ZX9RTB")     the same bytes as sign_code with ("21", "7QK4M2ZX9RTB")
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, NamedTuple

from coldtrace.codes.digital_link import build_uri
from coldtrace.codes.refusals import MalformedUri
from coldtrace.codes.sign import issuable
from coldtrace.codes.signing_input import signing_input
from coldtrace.codes.token import encode_signed, token_header
from coldtrace.codes.trace_code import Element, has_form, prints_plainly, unit_id_of

PROBES: Final = {"21": "000000000000", "U": "0000000000000", "00": "000000000000000000"}
"""What may vary, and a value that stands for it while the rest is judged."""


class SignedCode(NamedTuple):
    """One signed code: its printed text, its unit id, and the SHA-256 of what the signature covers."""

    uri: str
    unit_id: str
    code_hash: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeTemplate:
    """What all codes of one kind have in common; `prepare` makes it."""

    varies: str
    header: bytes
    sign_bytes: Callable[[bytes], bytes]
    signed: tuple[bytes, bytes]
    uri: tuple[str, str]
    unit: str

    def sign(self, value: str) -> SignedCode:
        """Return the signed code with this value.

        Raises MalformedUri unless the value has its form and can be printed as it is.
        """
        if not (prints_plainly(value) and has_form(self.varies, value)):
            raise MalformedUri(reason="form", at=self.varies)
        before, behind = self.signed
        signed = before + value.encode("ascii") + behind
        head, tail = self.uri
        return SignedCode(
            head + value + tail + encode_signed(self.header, self.sign_bytes(signed)),
            self.unit + value,
            sha256(signed).digest(),
        )


def prepare(
    *,
    host: str,
    elements: Sequence[Element],
    varies: str,
    algorithm: int,
    kid: str,
    sign: Callable[[bytes], bytes],
) -> CodeTemplate:
    """Return the template of codes with these `elements` and one more, named `varies`, whose value is still to come.

    `sign` gives the 64 raw signature bytes of the key named by `kid`.  Raises what `sign_code` raises.
    """
    probe = PROBES[varies]
    ordered = issuable([*elements, (varies, probe)])
    at = next(place for place, (ai, _) in enumerate(ordered) if ai == varies)
    header = token_header(algorithm=algorithm, kid=kid)
    signed = signing_input(header, ordered)
    # Counted from the end: a lot may look like the probe, and a header may hold any bytes.
    end = len(signed) - sum(len(ai + value) + 1 for ai, value in ordered[at + 1 :]) - 1
    # No value holds a slash in an address, so the probe behind its identifier stands there once.
    head, name, tail = build_uri(host=host, elements=ordered, token="A")[:-1].partition(f"/{varies}/{probe}")
    return CodeTemplate(
        varies=varies,
        header=header,
        sign_bytes=sign,
        signed=(signed[: end - len(probe)], signed[end:]),
        uri=(head + name.removesuffix(probe), tail),
        unit=str(unit_id_of(dict(ordered))).removesuffix(probe),
    )
