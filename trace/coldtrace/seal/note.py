"""Signed notes (C2SP signed-note): a text that people can read, with signature lines behind a blank line.

    text, one or more lines, ending in a newline
    (blank line)
    — <key name> <padded base64 of (4-byte key id | signature)>

A note is worth nothing until `open_note` found a known key's valid signature on it.  Lines of unknown keys are kept
and not looked into; a bad signature of a known key condemns the whole note.

>>> note = "Hi.\\n\\n— example.com/foo AAAAAAAA\\n"
>>> split_note(note)[0], split_note(note)[1][0].name
('Hi.\\n', 'example.com/foo')
"""

from collections.abc import Iterable
from dataclasses import dataclass

from coldtrace.errors import Refusal, Words
from coldtrace.seal.b64 import MalformedBase64, std_b64, un_std_b64
from coldtrace.seal.public_key import UnsupportedAlgorithm
from coldtrace.seal.signer import Signer
from coldtrace.seal.vkey import MalformedVkey, Vkey, encode_vkey, is_key_name, parse_vkey, vkey_of

__all__ = [
    "MalformedNote",
    "MalformedVkey",
    "NoteSignature",
    "OpenedNote",
    "UntrustedNote",
    "Vkey",
    "add_signatures",
    "encode_vkey",
    "open_note",
    "parse_vkey",
    "sign_note",
    "signature_of",
    "split_note",
    "vkey_of",
]

MAX_NOTE_BYTES = 1_000_000
MAX_SIGNATURES = 100
_DASH = "— "


class MalformedNote(Refusal):
    """The bytes are no signed note."""

    code = "malformed_note"
    title = Words("签名文本格式有误", "Malformed signed note")
    detail = Words(
        "这段文本不是 C2SP 签名文本（signed note）；请向发送方索取原文，不要改动换行。",
        "The text is not a C2SP signed note; ask the sender for the original and leave its line ends alone.",
    )


class UntrustedNote(Refusal):
    """No known key has signed the note, or a known key's signature on it is bad."""

    code = "untrusted_note"
    title = Words("签名文本不可信", "Signed note not trusted")
    detail = Words(
        "这段签名文本没有已知密钥的有效签名，或其中一个签名有误（{key}）；请勿采信其内容。",
        "The signed note has no valid signature of a known key, or one is wrong ({key}); do not believe its text.",
    )


@dataclass(frozen=True)
class NoteSignature:
    """One signature line: the name and four-byte id that it claims, and the bytes behind the id."""

    name: str
    key_id: bytes
    signature: bytes

    def to_line(self) -> str:
        """Return the line, with its newline."""
        return f"{_DASH}{self.name} {std_b64(self.key_id + self.signature)}\n"


@dataclass(frozen=True)
class OpenedNote:
    """A note that known keys have signed.  `verified` pairs each of these with its key, in the note's order."""

    text: str
    verified: tuple[tuple[Vkey, NoteSignature], ...]
    unknown: tuple[NoteSignature, ...]


def sign_note(text: str, name: str, signer: Signer) -> str:
    """Return `text` as a note signed by `signer` under `name`.

    Raises MalformedNote for a text that no note can hold, UnsupportedAlgorithm unless the key is Ed25519.
    """
    if not _is_note_text(text):
        raise MalformedNote()
    return f"{text}\n{signature_of(text, name=name, signer=signer).to_line()}"


def signature_of(text: str, *, name: str, signer: Signer) -> NoteSignature:
    """Return the plain (kind 01) signature of a note text, to be added as another line."""
    if signer.alg != "Ed25519":
        raise UnsupportedAlgorithm(alg=signer.alg)
    vkey = vkey_of(name=name, spki=signer.spki)
    return NoteSignature(name=name, key_id=vkey.key_id, signature=signer.sign(text.encode("utf-8")))


def add_signatures(note: str, lines: Iterable[NoteSignature]) -> str:
    """Return the note with more signature lines; raise MalformedNote if it is none."""
    split_note(note)
    return note + "".join(each.to_line() for each in lines)


def open_note(note: str | bytes, vkeys: Iterable[Vkey | str]) -> OpenedNote:
    """Return a note that at least one of `vkeys` has signed; raise MalformedNote, MalformedVkey, UntrustedNote."""
    text, signatures = split_note(note)
    known: dict[tuple[str, bytes], Vkey] = {}
    for each in vkeys:
        vkey = parse_vkey(each) if isinstance(each, str) else each
        if known.setdefault((vkey.name, vkey.key_id), vkey) != vkey:
            raise UntrustedNote(key=vkey.name)  # Two keys with one name and id: nobody can say whose line it is.
    verified: dict[Vkey, NoteSignature] = {}
    unknown: list[NoteSignature] = []
    for signature in signatures:
        key = known.get((signature.name, signature.key_id))
        if key is None:
            unknown.append(signature)
        elif not key.verify(signature.signature, text):
            raise UntrustedNote(key=key.name)
        else:
            verified.setdefault(key, signature)
    if not verified:
        raise UntrustedNote(key="-")
    return OpenedNote(text=text, verified=tuple(verified.items()), unknown=tuple(unknown))


def split_note(note: str | bytes) -> tuple[str, tuple[NoteSignature, ...]]:
    """Return the text and the signature lines of a note, nothing verified; raise MalformedNote."""
    note = _decoded(note)
    at = note.rfind("\n\n")
    if at < 0 or not note.endswith("\n"):
        raise MalformedNote()
    text, block = note[: at + 1], note[at + 2 :]
    lines = block.split("\n")[:-1]
    if not _is_note_text(text) or not 0 < len(lines) <= MAX_SIGNATURES:
        raise MalformedNote()
    return text, tuple(_read_line(line) for line in lines)


def _decoded(note: str | bytes) -> str:
    try:
        data = note.encode("utf-8") if isinstance(note, str) else note
        text = data.decode("utf-8")
    except UnicodeError:
        raise MalformedNote() from None
    if len(data) > MAX_NOTE_BYTES:
        raise MalformedNote()
    return text


def _is_note_text(text: str) -> bool:
    return len(text) > 1 and text.endswith("\n") and not any(sign < " " and sign != "\n" for sign in text)


def _read_line(line: str) -> NoteSignature:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not is_key_name(name):
        raise MalformedNote()
    try:
        data = un_std_b64(encoded)
    except MalformedBase64:
        raise MalformedNote() from None
    if len(data) < 5:
        raise MalformedNote()
    return NoteSignature(name=name, key_id=data[:4], signature=data[4:])
