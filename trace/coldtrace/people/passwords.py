"""Passwords: argon2id, and which ones are taken.

Parameters are those of the OWASP Password Storage Cheat Sheet (argon2id, 19 MiB, two passes, one lane): a hash costs
some 30 ms and 19 MiB, and no more than HASHES_AT_ONCE run at a time, so that a flood of sign-ins costs waiting and not
memory.  Rules are those of NIST SP 800-63B section 3.1.1: a length, no composition, none that is tried first.
"""

import threading
import unicodedata
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from coldtrace.clock import random_bytes
from coldtrace.people.refusals import WeakPassword

LENGTH_MIN, LENGTH_MAX = 10, 200
HASHES_AT_ONCE = 2

_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, hash_len=32, salt_len=16)
_TURN: Final = threading.BoundedSemaphore(HASHES_AT_ONCE)


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password in PHC form."""
    with _TURN:
        return _HASHER.hash(_plain(password))


def matches(kept: str | None, password: str) -> bool:
    """Tell whether it is the password of a hash.  Without a hash the same work is done, and it never is."""
    with _TURN:
        try:
            found = _HASHER.verify(kept or nobody_hash(), _plain(password))
        except (VerificationError, InvalidHashError):
            return False
    return found and bool(kept)


def is_outdated(kept: str) -> bool:
    """Tell whether a hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(kept)


def require_good(password: str, *, email: str, name: str) -> None:
    """Raise WeakPassword for one that is too short or long, that is common, or that names its owner."""
    password = _plain(password)
    plain = password.casefold()
    own = [part for part in (email, email.partition("@")[0], name) if len(part) >= 4]
    if (
        not LENGTH_MIN <= len(password) <= LENGTH_MAX
        or any(not sign.isprintable() for sign in password)
        or len(set(plain)) < 4
        or plain in _common()
        or "coldtrace" in plain
        or any(part.casefold() in plain for part in own)
    ):
        raise WeakPassword()


def _plain(password: str) -> str:
    """Return the text that is hashed: one form for what keyboards write in several (NFKC, as NIST asks)."""
    # Cut twice: before the work, and so that a text that is too long stays so and is nobody's password.
    known = unicodedata.normalize("NFKC", password[: 10 * LENGTH_MAX])[: LENGTH_MAX + 1]
    return known.encode("utf-8", "replace").decode()


@cache
def nobody_hash() -> str:
    """Return the hash that is checked for an account that there is not."""
    return _HASHER.hash(random_bytes(32))


@cache
def _common() -> frozenset[str]:
    # Loaded when somebody chooses a password, which is rare: the lists are large.
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(FREQUENCY_LISTS["passwords"])
