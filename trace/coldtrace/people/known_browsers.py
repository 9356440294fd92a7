"""Browsers that signed in before: a cookie with which strangers' failures make nobody wait (decision 0022).

The cookie holds a note for each of the last persons who signed in with the browser:

    nonce "." expiry "." HMAC-SHA256(key, person's id, nonce, expiry, hash of the password)

in base64url, the expiry in Unix seconds, notes joined by "~".  Nothing of it is kept here and no name stands in it.
The key follows from the installation's keys, and a new password makes every note of the person worthless.
"""

import hmac
import re
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from coldtrace.env import Env
from coldtrace.people.secret_box import derived_key
from coldtrace.seal.b64 import b64

LIFE = timedelta(days=180)
_NOTE = re.compile(r"([A-Za-z0-9_-]{16})\.([0-9]{1,12})\.([A-Za-z0-9_-]{43})", re.ASCII)

PERSONS_MAX = 4
"""Persons who share one browser, at a market's desk."""

NONE_OF_OURS = UUID(int=0)
"""Asked about in place of an account that there is not, so that both take the same time."""


def note_of(env: Env, kept: str, *, person_id: UUID | None, password_hash: str | None) -> str | None:
    """Return the nonce of a person's good note in a cookie; None without one."""
    key = derived_key(env, b"browsers that signed in before v1")
    found = None
    for note in kept.split("~")[:PERSONS_MAX]:
        parts = _NOTE.fullmatch(note)
        if parts is None:
            continue
        nonce, expiry, mac = parts.groups()
        right = _mac(key, person_id or NONE_OF_OURS, nonce, expiry, password_hash or "")
        if hmac.compare_digest(right.encode(), mac.encode()) and int(expiry) > env.clock().timestamp():
            found = nonce
    return found


def remember(env: Env, kept: str, *, person_id: UUID, password_hash: str | None) -> str:
    """Return the cookie of a browser in which a person just signed in: a new note, and those of others."""
    key = derived_key(env, b"browsers that signed in before v1")
    others = [
        note
        for note in kept.split("~")[:PERSONS_MAX]
        if _NOTE.fullmatch(note) and note_of(env, note, person_id=person_id, password_hash=password_hash) is None
    ]
    nonce, expiry = b64(env.random(12)), _seconds(env.clock() + LIFE)
    mac = _mac(key, person_id, nonce, expiry, password_hash or "")
    return "~".join([f"{nonce}.{expiry}.{mac}", *others][:PERSONS_MAX])


def _seconds(moment: datetime) -> str:
    return str(int(moment.timestamp()))


def _mac(key: bytes, person_id: UUID, nonce: str, expiry: str, password_hash: str) -> str:
    said = b"\0".join([person_id.bytes, nonce.encode(), expiry.encode(), password_hash.encode()])
    return b64(hmac.new(key, said, sha256).digest())
