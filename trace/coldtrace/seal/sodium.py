"""Ed25519 checked by libsodium, where PyNaCl is installed: half of the time that OpenSSL takes.

It is asked first and believed only when it says yes (`public_key.py`): R of small order, which we allow, it refuses.
A release that says yes to more than we do, because its equation has the cofactor, is found out here and not used.
"""

from collections.abc import Callable
from typing import Final

from coldtrace.seal.b64 import unb64

Verify = Callable[[bytes, bytes, bytes], bool]

_MESSAGE: Final = b"coldtrace"
_GOOD: Final = (
    "EUwyHsmSyX6Z_17B9ax67A2XcjG9tDFNQPXfWAWSoAQ",
    "ZGnqwAsI9ouLbltc-PF7FjZo3KcmUGjax2ktlXmB-VncYdg3db_9mdm-Ql_iUAi0Xvb7MOBuEIUlOHD1_HPFAA",
)
_BAD: Final = (
    (
        "EUwyHsmSyX6Z_17B9ax67A2XcjG9tDFNQPXfWAWSoAQ",
        "BE0BZ-p4EFGbhwt0XgWfMTntkvHZIhjV9dsJvyMofBqwhGR2s5gCq7OHo-iUxYrd255C8iQ-eNMd7XguSJtzBA",
    ),
    (
        "qBZoQfauNtdCoZ6-a9hbI_Y6jl_7KVVm_dIEd54VJGw",
        "WGZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmaxzukp3UXR46_TIzyC0XlBzsCPH_ZckXgVKzzWZaoPBg",
    ),
)
"""Of `tests/vectors/tlog/keys.json`: one signature as it should be; R, and A, with a part of small order, which only
an equation with the cofactor takes."""


def load_verify() -> Verify | None:
    """Return what checks (signature, data, raw key) with libsodium; None where it is missing or too lenient."""
    try:
        from nacl.bindings import crypto_sign_open
        from nacl.exceptions import BadSignatureError
    except (ImportError, OSError):
        return None

    def verify(signature: bytes, data: bytes, key: bytes) -> bool:
        try:
            crypto_sign_open(signature + data, key)
        except BadSignatureError:
            return False
        return True

    return verify if is_strict(verify) else None


def is_strict(verify: Verify) -> bool:
    """Tell whether this takes the good signature and neither of the bad ones."""

    def takes(case: tuple[str, str]) -> bool:
        return verify(unb64(case[1]), _MESSAGE, unb64(case[0]))

    return takes(_GOOD) and not any(takes(case) for case in _BAD)
