"""Switching the algorithm of a station's key changes no label: texts of one length, symbols of one version."""

import pytest

from coldtrace.codes.sign import sign_code
from coldtrace.codes.token import ALGORITHM_NAMES
from coldtrace.labels.content import Level
from coldtrace.labels.symbol import qr_symbol
from coldtrace.seal.keys import generate_signer, kid

CODES: dict[str, tuple[tuple[str, str], ...]] = {
    "carton": (("01", "09506000134352"), ("10", "L2409A17"), ("21", "7QK4M2ZX9RTB")),
    "longest carton": (("01", "09506000134352"), ("10", "L" * 20), ("21", "7QK4M2ZX9RTB"), ("17", "281231")),
    "pallet": (("00", "106141412345678908"),),
    "no GS1 identity": (("U", "7QK4M2ZX9RTB5"),),
    "door": (("414", "6901234567892"), ("254", "D07")),
}


@pytest.mark.parametrize("level", ["M", "Q"])
@pytest.mark.parametrize("what", CODES)
def test_one_layout_for_all_algorithms(what: str, level: Level) -> None:
    found = {}
    for nibble, alg in ALGORITHM_NAMES.items():
        for _ in range(8):
            signer = generate_signer(alg)
            uri = sign_code(
                host="TRACE.EXAMPLE.CN",
                elements=CODES[what],
                algorithm=nibble,
                kid=kid(signer.spki),
                sign=signer.sign,
            )
            found.setdefault(alg, set()).add((len(uri), qr_symbol(uri, level).size))
    assert set(found) == {"Ed25519", "SM2", "ES256"}
    assert len(set.union(*found.values())) == 1, found
