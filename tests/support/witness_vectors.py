"""Builds our vectors of what a log and its witnesses say to each other, and of policy files.

C2SP tlog-witness and tlog-policy.

`witness.json` is one conversation, in order: a witness that follows the log and has cosigned nothing gets these
requests and owes these answers.  What a refusal says in words is free, so only its status is there; a 409 owes the
size.
`policy.json` has policy texts, what they say, and which cosignatures meet them.  All keys are throw-away.
"""

from collections.abc import Sequence

from coldtrace.seal.b64 import std_b64
from coldtrace.seal.checkpoint import Checkpoint, sign_checkpoint
from coldtrace.seal.cosignature import cosign, witness_vkey
from coldtrace.seal.hashing import leaf_hash, sha256
from coldtrace.seal.keys import Ed25519Signer
from coldtrace.seal.merkle import consistency_path, tree_root
from coldtrace.seal.note import add_signatures
from coldtrace.seal.vkey import vkey_of
from support.tlog_vectors import ORIGIN, leaves, signer

AT_S = 1_795_406_400
NAMES = ("one", "two", "three")
HASHES = [leaf_hash(each) for each in leaves(13)]
FORKED = [*HASHES[:4], *reversed(HASHES[4:])]
SIZE, PLAIN = "text/x.tlog.size", "text/plain; charset=utf-8"


def build() -> dict[str, object]:
    """Return both files: name to JSON value."""
    return {"witness.json": _witness(), "policy.json": _policy()}


def note(size: int, *, hashes: Sequence[bytes] = HASHES, key: str = "log", origin: str = ORIGIN) -> str:
    """Return the log's signed checkpoint of a size."""
    return sign_checkpoint(Checkpoint(origin, size, tree_root(list(hashes[:size]))), signer(key))


def request(old: int, size: int, *, hashes: Sequence[bytes] = HASHES, said: str | None = None) -> str:
    """Return the body of a request, by the specification alone."""
    path = consistency_path(list(hashes), old, size) if 0 < old < size else []
    return "".join([f"old {old}\n", *(f"{std_b64(each)}\n" for each in path), "\n", said or note(size, hashes=hashes)])


def witness_signer(name: str) -> Ed25519Signer:
    """Return the key of `witness.example/<name>`."""
    return signer(f"witness {name}")


def vkey(name: str) -> str:
    """Return the vkey of `witness.example/<name>`."""
    return witness_vkey(name=f"witness.example/{name}", spki=witness_signer(name).spki).text()


def line(name: str, text: str) -> str:
    """Return the cosignature line of a witness over a note's text."""
    return cosign(text, name=f"witness.example/{name}", signer=witness_signer(name), at_s=AT_S).to_line()


def _witness() -> object:
    log = vkey_of(name=ORIGIN, spki=signer("log").spki).text()
    return {
        "log": log,
        "witness": vkey("one"),
        "at_s": AT_S,
        "conversation": [*_conversation()],
        "malformed": [{"why": why, "request": body} for why, body in _malformed()],
        "monitor": {
            "path": f"{sha256(ORIGIN.encode()).hex()}/checkpoint",
            "note": note(13) + line("one", _text(note(13))),
        },
    }


def _conversation() -> list[dict[str, object]]:
    """Return requests and answers; `fed` is what a publisher makes of an answer to its own request."""
    stranger = "other.example/log"

    def ask(why: str, body: str, status: int, answer: str | None = None, **more: object) -> dict[str, object]:
        kind = {200: PLAIN, 409: SIZE}.get(status)
        return {"why": why, "request": body, "status": status, "type": kind, "answer": answer, **more}

    return [
        ask("a log that is not followed", request(0, 5, said=note(5, origin=stranger)), 404),
        ask("another key under the log's name", request(0, 5, said=note(5, key="thief")), 403),
        ask("more than was cosigned is claimed", request(3, 5), 409, "0\n"),
        ask("the first checkpoint", request(0, 5), 200, line("one", _text(note(5))), fed="cosigned"),
        ask("the same again", request(5, 5), 200, line("one", _text(note(5))), fed="cosigned"),
        ask("as if nothing had been cosigned", request(0, 8), 409, "5\n"),
        ask("growth, proved", request(5, 8), 200, line("one", _text(note(8))), fed="cosigned"),
        ask("old above the checkpoint's size", request(8, 5, said=note(5)), 400),
        ask("growth without a proof", "old 8\n\n" + note(13), 422),
        ask("a proof with a bit changed", _flipped(request(8, 13)), 422),
        ask("a hash too many", request(8, 13).replace("\n\n", f"\n{std_b64(bytes(32))}\n\n", 1), 422),
        ask("another tree of the same size", request(8, 8, said=note(8, hashes=FORKED)), 409, "8\n"),
        ask("another tree, grown", request(8, 13, hashes=FORKED), 422),
        ask(
            "lines of strangers are passed over", request(8, 13, said=_cosigned(13)), 200, line("one", _text(note(13)))
        ),
        ask("an older checkpoint", request(8, 8), 409, "13\n"),
    ]


def _cosigned(size: int) -> str:
    return note(size) + line("two", _text(note(size)))


def _malformed() -> list[tuple[str, str]]:
    good = note(5)
    return [
        ("empty", ""),
        ("nothing but the size", "old 0\n"),
        ("no note", "old 0\n\n"),
        ("no blank line", f"old 0\n{good}"),
        ("a leading zero", f"old 00\n\n{good}"),
        ("a sign", f"old +0\n\n{good}"),
        ("below zero", f"old -1\n\n{good}"),
        ("two spaces", f"old  0\n\n{good}"),
        ("digits of another script", f"old ٣\n\n{good}"),
        ("another word", f"new 0\n\n{good}"),
        ("carriage returns", f"old 0\r\n\r\n{good}"),
        ("a hash of three bytes", f"old 1\nAAAA\n\n{good}"),
        ("a hash that is no base64", f"old 1\n{'*' * 44}\n\n{good}"),
        ("a hash in base64url", f"old 1\n{'_' * 42}8=\n\n{good}"),
        ("64 hashes", "old 1\n" + f"{std_b64(bytes(32))}\n" * 64 + f"\n{good}"),
        ("a note without its last newline", f"old 0\n\n{good[:-1]}"),
        ("a note without a root", f"old 0\n\n{ORIGIN}\n5\n\n{good.partition(chr(10) * 2)[2]}"),
    ]


def _flipped(body: str) -> str:
    """Return a request with its first hash changed."""
    head, first, rest = body.split("\n", 2)
    return "\n".join([head, ("B" if first[0] == "A" else "A") + first[1:], rest])


def _text(signed: str) -> str:
    return signed[: signed.index("\n\n") + 1]


def _policy() -> object:
    log = vkey_of(name=ORIGIN, spki=signer("log").spki).text()
    one, two, three = (vkey(name) for name in NAMES)
    three_lines = f"witness a {one} https://one.example\nwitness b {two} http://127.0.0.1:7380/\nwitness c {three}\n"
    urls = ["https://one.example", "http://127.0.0.1:7380", None]
    names = ["witness.example/one", "witness.example/two", "witness.example/three"]
    head = note(13)
    lines = {f"witness.example/{name}": line(name, _text(head)) for name in NAMES}
    sets: list[list[str]] = [[], names[:1], names[1:2], names[:2], names[2:], names]

    def says(
        why: str, text: str, *, quorum: int, counted: Sequence[int], listed: int = 3, log: str | None = None
    ) -> dict[str, object]:
        chosen = [names[at] for at in counted]
        return {
            "why": why,
            "policy": text,
            "log": log,
            "witnesses": [{"name": names[at], "url": urls[at]} for at in range(listed)],
            "counted": chosen,
            "quorum": quorum,
            "met_by": [each for each in sets if len(set(each) & set(chosen)) >= quorum],
            "not_met_by": [each for each in sets if len(set(each) & set(chosen)) < quorum],
        }

    return {
        "log": log,
        "witnesses": dict(zip(names, (one, two, three), strict=True)),
        "note": head,
        "cosigned": add_signatures(head, []) + "".join(lines.values()),
        "lines": lines,
        "valid": [
            says("empty", "", quorum=0, counted=[], listed=0),
            says("nobody is needed", "quorum none\n", quorum=0, counted=[], listed=0),
            says("witnesses without a quorum", three_lines, quorum=0, counted=[]),
            says("one witness", f"{three_lines}quorum b\n", quorum=1, counted=[1]),
            says("any", f"{three_lines}group g any a b\nquorum g\n", quorum=1, counted=[0, 1]),
            says("all", f"{three_lines}group g all a b\nquorum g\n", quorum=2, counted=[0, 1]),
            says(
                "two of three",
                f"log {log}\n{three_lines}group g 2 a b c\nquorum g\n",
                quorum=2,
                counted=[0, 1, 2],
                log=log,
            ),
            says("a group that is not chosen", f"{three_lines}group g all a b c\nquorum none\n", quorum=0, counted=[]),
            says(
                "blanks, tabs, remarks, no newline at the end",
                f"# 见证策略\n\n  {three_lines}\tgroup\tg  2 a b c  # two\nquorum g",
                quorum=2,
                counted=[0, 1, 2],
            ),
        ],
        "malformed": [
            {"why": why, "policy": text, "line": number}
            for why, text, number in (
                ("an unknown word", "witnes a\n", 1),
                ("a witness without a key", "witness a\n", 1),
                ("a key that is none", "\nwitness a nonsense\n", 2),
                ("a log's key as a witness", f"witness a {log}\n", 1),
                ("a witness's key as the log", f"log {one}\n", 1),
                ("two logs", f"log {log}\nlog {log}\n", 2),
                ("a name twice", f"witness a {one}\nwitness a {two}\n", 2),
                ("the name none", f"witness none {one}\n", 1),
                ("an address that is none", f"witness a {one} ftp://one.example\n", 1),
                ("a word too many", f"witness a {one} https://one.example more\n", 1),
                ("a group of a stranger", f"{three_lines}group g any a d\n", 4),
                ("a group with one twice", f"{three_lines}group g 2 a a\n", 4),
                ("a group of nobody", f"{three_lines}group g any\n", 4),
                ("more than there are", f"{three_lines}group g 4 a b c\n", 4),
                ("none of them", f"{three_lines}group g 0 a b c\n", 4),
                ("half of them", f"{three_lines}group g half a b c\n", 4),
                ("a quorum of a stranger", f"{three_lines}quorum d\n", 4),
                ("two quorums", f"{three_lines}quorum a\nquorum b\n", 5),
                ("a quorum before its group", f"{three_lines}quorum g\ngroup g any a b\n", 4),
            )
        ],
        "refused_here": [
            {
                "why": "tlog-policy allows groups of groups; our rule is k of n",
                "policy": f"{three_lines}group g any a b\ngroup h all g c\nquorum h\n",
                "line": 5,
            }
        ],
    }
