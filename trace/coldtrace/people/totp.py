"""The second step: one-time codes of an authenticator app (TOTP, RFC 6238) and recovery codes.

A code is good in its half minute and the ones before and after, and once: the highest step used is kept.  The secret
is encrypted (`secret_box.py`): whoever has the database alone cannot make codes.
"""

import base64
import hmac
import unicodedata
from datetime import datetime
from hashlib import sha256

import pyotp
from sqlmodel import Session

from coldtrace.env import Env
from coldtrace.people.refusals import TotpRefused
from coldtrace.people.secret_box import open_text, seal_text
from coldtrace.people.tables import PersonRow

STEP_S = 30
RECOVERY_CODES = 8
ISSUER = "coldtrace"


def start(session: Session, env: Env, row: PersonRow) -> str:
    """Give a person a new secret, not in force until it is confirmed; return it."""
    secret = base64.b32encode(env.random(20)).decode()
    row.totp_secret = seal_text(env, secret)
    row.totp_confirmed_at, row.totp_last_step, row.recovery_hashes = None, None, []
    session.add(row)
    session.flush()
    return secret


def waiting_secret(env: Env, row: PersonRow) -> str | None:
    """Return the secret that waits to be confirmed, None when there is none."""
    return None if row.totp_secret is None or row.totp_confirmed_at is not None else open_text(env, row.totp_secret)


def address(secret: str, *, email: str) -> str:
    """Return the text of the QR code that an authenticator app reads."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def confirm(session: Session, env: Env, row: PersonRow, code: str) -> list[str]:
    """Put the secret in force once its first code came; return the recovery codes for the only time."""
    secret = waiting_secret(env, row)
    step = None if secret is None else _step_of(secret, _plain(code), env.clock(), after=None)
    if step is None:
        raise TotpRefused()
    recovery = [base64.b32encode(env.random(10)).decode().lower() for _ in range(RECOVERY_CODES)]
    row.totp_confirmed_at, row.totp_last_step = env.clock(), step
    row.recovery_hashes = [_hash(each) for each in recovery]
    session.add(row)
    session.flush()
    return recovery


def is_on(row: PersonRow) -> bool:
    """Tell whether a person signs in with two steps."""
    return row.totp_confirmed_at is not None


def accept(session: Session, env: Env, row: PersonRow, code: str) -> bool:
    """Tell whether a code is good, and use it up.  The caller holds the row."""
    plain = _plain(code)
    step = _step_of(open_text(env, row.totp_secret or ""), plain, env.clock(), after=row.totp_last_step)
    if step is not None:
        row.totp_last_step = step
    elif (used := _hash(plain)) in row.recovery_hashes:
        row.recovery_hashes = [each for each in row.recovery_hashes if each != used]
    else:
        return False
    session.add(row)
    session.flush()
    return True


def stop(session: Session, row: PersonRow) -> None:
    """Take the second step away."""
    row.totp_secret, row.totp_confirmed_at, row.totp_last_step, row.recovery_hashes = None, None, None, []
    session.add(row)
    session.flush()


def _step_of(secret: str, code: str, now: datetime, *, after: int | None) -> int | None:
    """Return the step whose code this is, of the present one and its neighbours that come after `after`."""
    if not secret or len(code) != 6 or not code.isdecimal():
        return None
    present = int(now.timestamp()) // STEP_S
    made = pyotp.TOTP(secret)
    for step in (present - 1, present, present + 1):
        if (after is None or step > after) and hmac.compare_digest(made.generate_otp(step), code):
            return step
    return None


def _plain(code: str) -> str:
    """Return what was entered without blanks and dashes; a Chinese keyboard's wide digits are digits too."""
    kept = unicodedata.normalize("NFKC", code[:100])
    return "".join(kept.split()).replace("-", "").lower().encode("ascii", "replace").decode()


def _hash(recovery: str) -> str:
    return sha256(b"coldtrace recovery code\0" + recovery.encode()).hexdigest()
