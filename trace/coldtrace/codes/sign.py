"""Make a signed trace code.

The printed form has a lower-case scheme and everything behind it in upper case (docs/formats/codes.md).
"""

from collections.abc import Callable, Sequence

from coldtrace.codes.digital_link import build_uri
from coldtrace.codes.gtin import parse_gtin
from coldtrace.codes.signing_input import signing_input
from coldtrace.codes.token import VERSION, Token, encode_token, token_header
from coldtrace.codes.trace_code import Element, in_signing_order


def sign_code(
    *,
    host: str,
    elements: Sequence[Element],
    algorithm: int,
    kid: str,
    sign: Callable[[bytes], bytes],
) -> str:
    """Return the URI of a signed code; `sign` gives the 64 raw signature bytes of the key named by `kid`.

    The elements may come in any order.  Raises MalformedUri if they make no trace code, and RestrictedNumber
    for a GTIN that may not name public goods: such a number is read, but never issued.
    """
    ordered = issuable(elements)
    header = token_header(algorithm=algorithm, kid=kid)
    signature = sign(signing_input(header, ordered))
    token = Token(version=VERSION, algorithm=algorithm, kid=kid, signature=signature)
    return build_uri(host=host, elements=ordered, token=encode_token(token))


def issuable(elements: Sequence[Element]) -> tuple[Element, ...]:
    """Return the elements in signing order, if a code with them may be made; raise what `sign_code` raises."""
    ordered = in_signing_order(elements)
    for ai, value in ordered:
        if ai in ("01", "02"):
            parse_gtin(value)
    return ordered
