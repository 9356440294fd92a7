"""Read and write the address form of a trace code (docs/formats/codes.md has the grammar).

    https://HOST[/stem]/01/GTIN[/22/..][/10/LOT]/21/SERIAL?[AI=value&]s=TOKEN

The reader accepts what readers do to a printed code (letter case of scheme, host, token and `s`) and refuses
everything else that could make two texts one signed message.

>>> code = parse_trace_code("HTTPS://TRACE.EXAMPLE.CN/00/106141412345678908?4331=001800-")
>>> code.host, code.elements
('trace.example.cn', (('00', '106141412345678908'), ('4331', '001800-')))
>>> build_uri(host=code.host, elements=code.elements, token=None)
'https://TRACE.EXAMPLE.CN/00/106141412345678908?4331=001800-'
"""

from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import quote

from coldtrace.codes.check_digit import is_digits
from coldtrace.codes.link_text import decode_value, has_broken_escape, key_pairs, split_link
from coldtrace.codes.refusals import MalformedUri
from coldtrace.codes.trace_code import QUALIFIERS, QUERY_AIS, Element, TraceCode, check_elements


@lru_cache(maxsize=16)
def parse_trace_code(text: str) -> TraceCode:
    """Return the code in `text`, signed or not; raise MalformedUri for anything else.

    The last few are kept: a scan is read, judged and stored by three who do not know of each other.

    The token is taken as it stands (upper-cased): `decode_token` judges it, as the verdict order wants.
    """
    link = split_link(text)
    if link.scheme != "https":
        raise MalformedUri(reason="not_a_link")
    path = [(ai, _decoded(ai, value, in_query=False)) for ai, value in key_pairs(link.segments, QUALIFIERS)]
    for ai, _ in path[1:]:
        # An expiry in the path would sign the same bytes as one in the query, where it belongs.
        if ai not in QUALIFIERS[path[0][0]]:
            raise MalformedUri(reason="not_allowed", at=ai)
    attributes: dict[str, str] = {}
    token: str | None = None
    for key, value in link.query:
        if key in ("s", "S"):
            if token is not None:
                raise MalformedUri(reason="two_tokens")
            token = (value or "").upper()
        elif is_digits(key):
            # Every numeric key is signed.  One outside our list is refused rather than ignored: `1=7261231`
            # would sign the same bytes as `17=261231`, and an ignored expiry could be appended by anybody.
            if key not in QUERY_AIS:
                raise MalformedUri(reason="not_allowed", at=key)
            if key in attributes:
                raise MalformedUri(reason="repeated", at=key)
            attributes[key] = _decoded(key, value or "", in_query=True)
        elif "%" in key:
            _refuse_disguised_key(key)
    elements = (*path, *sorted(attributes.items(), key=lambda pair: int(pair[0])))
    return TraceCode(host=link.host, elements=elements, token=token)


def build_uri(*, host: str, elements: Sequence[Element], token: str | None) -> str:
    """Return the printed form: scheme in lower case, host and token in upper case, values as they are.

    Raises MalformedUri unless `elements` are those of a trace code in signing order and `host` is a host.
    """
    check_elements(elements)
    path = "".join(f"/{ai}/{quote(value, safe='')}" for ai, value in elements if ai not in QUERY_AIS)
    query = [f"{ai}={quote(value, safe='')}" for ai, value in elements if ai in QUERY_AIS]
    if token is not None:
        query.append(f"s={token.upper()}")
    uri = f"https://{host.upper()}{path}{'?' if query else ''}{'&'.join(query)}"
    if split_link(uri).host != host.lower():
        raise MalformedUri(reason="host")
    return uri


def _decoded(ai: str, value: str, *, in_query: bool) -> str:
    if not value:
        raise MalformedUri(reason="missing_value", at=ai)
    if has_broken_escape(value):
        raise MalformedUri(reason="encoding")
    return decode_value(value, plus_is_space=in_query)


def _refuse_disguised_key(key: str) -> None:
    """Raise MalformedUri for `%31%37=...` and `%73=...`: other software would read 17 and s there."""
    plain = decode_value(key, plus_is_space=True).strip()
    if has_broken_escape(key) or is_digits(plain) or plain in ("s", "S"):
        raise MalformedUri(reason="encoding")
