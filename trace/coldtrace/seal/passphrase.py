"""The passphrase of the key files, kept in a file of its own (docs/guides/run-in-production.md, section 3)."""

import os
import secrets
from pathlib import Path

from coldtrace.errors import Refusal, Words

PASSPHRASE_MIN = 16
"""Signs.  PKCS#8 stretches a passphrase only a little, so that its own length has to do."""


class PassphraseUnusable(Refusal):
    """The file with the passphrase is missing, open to everybody, or holds too little."""

    code = "passphrase_unusable"
    title = Words("口令文件无法使用", "Passphrase file not usable")
    detail = Words(
        "口令文件 {path} 无法使用：须存在、仅本人可读（chmod 600），且只含一行不少于 {least} 个字符的口令。"
        "可用 openssl rand -base64 32 生成。",
        "The passphrase file {path} cannot be used: it must exist, be closed to others (chmod 600) and hold one line"
        " of at"
        " least {least} characters. Make one with: openssl rand -base64 32",
    )


def read_passphrase(path: Path) -> bytes:
    """Return the passphrase in a file, without the end of its line; raise PassphraseUnusable.

    The group may read it, as systemd's credentials allow; others may not.
    """
    unusable = PassphraseUnusable(path=str(path), least=PASSPHRASE_MIN)
    try:
        if path.stat().st_mode & 0o007:
            raise unusable
        passphrase = path.read_bytes().rstrip(b"\r\n")
    except OSError:
        raise unusable from None
    if len(passphrase) < PASSPHRASE_MIN or b"\n" in passphrase:
        raise unusable
    return passphrase


def make_passphrase(path: Path) -> bytes:
    """Return the passphrase in a file, which is made with a random one if there is none; raise PassphraseUnusable.

    Two first starts at once agree on one: the file appears whole or not at all, and the first one stays.
    """
    if not path.exists():
        part = path.with_name(f"{path.name}.{os.getpid()}.part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(f"{secrets.token_urlsafe(32)}\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(part, path)
        except FileExistsError:
            pass
        finally:
            part.unlink()
    return read_passphrase(path)
