"""Root documents: who may sign trust lists, and how that changes (docs/formats/trust-list.md, section 1).

A root document is a JCS text.  Version 1 founds an installation, and its SHA-256 is the installation's `net`,
which every other signed thing names.  A later version is taken only with the signatures of a threshold of the
version before *and* of its own threshold, so neither the old holders nor the new ones can move alone.

    version 1    {"roots":[{"alg","id","spki"}...],"threshold":1,"v":1,"version":1}
    version n    the same with "net": b64 of the first text's hash and "prev": b64 of the hash of version n-1
    change       {"root":"<text>","sigs":[{"root":id,"alg","sig"}...]}, each over "CCROOT1" 00 | text
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from coldtrace.errors import Refusal, Words
from coldtrace.seal.b64 import b64
from coldtrace.seal.canonical_text import NotInProfile, print_canonical, read_canonical, read_json
from coldtrace.seal.hashing import sha256
from coldtrace.seal.members import Members
from coldtrace.seal.public_key import ALGORITHMS, MalformedKey, UnsupportedAlgorithm, load_public_key
from coldtrace.seal.signer import Signer

ROOT_PREFIX = b"CCROOT1\x00"


class MalformedRoot(Refusal):
    """The text is no root document, or a change of one that cannot be read."""

    code = "malformed_root"
    title = Words("根文件有误", "Malformed root document")
    detail = Words(
        "根文件在 {where} 处不符合格式；请从可信渠道重新取得。",
        "The root document is not as the format says at {where}; get it again from a place you trust.",
    )


class RootChangeRefused(Refusal):
    """A new root document without the signatures that the old and the new one ask for, or out of line."""

    code = "root_change_refused"
    title = Words("根文件变更未被接受", "Root change refused")
    detail = Words(
        "新的根文件（版本 {version}）未被接受：它不是紧接当前版本的下一版，或旧根、新根的有效签名数量不足。",
        "Root version {version} was refused: it does not follow the current one, or too few of the old or of the "
        "new roots have signed it.",
    )


@dataclass(frozen=True)
class Root:
    """One root key."""

    id: str
    alg: str
    spki: bytes

    def has_signed(self, signatures: Iterable["Signature"], data: bytes) -> bool:
        """Tell whether one of the signatures is a valid one of this root over `data`."""
        return any(_is_by(self, each, data) for each in signatures)

    def cannot_tell(self, signatures: Iterable["Signature"], data: bytes) -> bool:
        """Tell whether one of the signatures claims to be this root's, and its algorithm cannot be checked here."""
        claims = [each for each in signatures if (each.root, each.alg) == (self.id, self.alg)]
        try:
            for each in claims:
                load_public_key(self.spki).verify(each.sig, data)
        except UnsupportedAlgorithm:
            return True
        return False


@dataclass(frozen=True)
class Signature:
    """One signature of an envelope: which root it claims to be by, and with what."""

    root: str
    alg: str
    sig: bytes


@dataclass(frozen=True)
class RootDocument:
    """A root document as read from its exact text."""

    text: str
    version: int
    threshold: int
    roots: tuple[Root, ...]
    net: bytes
    prev: bytes | None

    @cached_property
    def hash(self) -> bytes:
        """SHA-256 of the text: the `prev` of the next version."""
        return sha256(self.text.encode("utf-8"))

    def count_signers(self, signatures: Iterable[Signature], data: bytes) -> int:
        """Return how many of these roots have a valid signature over `data`.  One root counts once."""
        signatures = list(signatures)
        return sum(root.has_signed(signatures, data) for root in self.roots)

    def hangs_on_unknown(self, signatures: Iterable[Signature], data: bytes) -> bool:
        """Tell whether signatures that cannot be checked here, of SM2 roots, could make up the threshold."""
        signatures = list(signatures)
        claimed = sum(root.cannot_tell(signatures, data) for root in self.roots)
        signed = self.count_signers(signatures, data)
        return signed < self.threshold <= signed + claimed


def net_of(root_text: str) -> bytes:
    """Return the `net` of the installation that this first root document founds: the SHA-256 of its text."""
    return sha256(root_text.encode("utf-8"))


def write_root(*, roots: Mapping[str, bytes], threshold: int, previous: RootDocument | None = None) -> RootDocument:
    """Return the root document of these keys (id to SubjectPublicKeyInfo), following `previous` if there is one.

    Raises MalformedRoot for what `parse_root` would not read, MalformedKey for a bad key.
    """
    body: dict[str, object] = {
        "v": 1,
        "version": 1 if previous is None else previous.version + 1,
        "threshold": threshold,
        "roots": [{"id": id, "alg": load_public_key(spki).alg, "spki": b64(spki)} for id, spki in roots.items()],
    }
    if previous is not None:
        body |= {"net": b64(previous.net), "prev": b64(previous.hash)}
    return parse_root(print_canonical(body))


@lru_cache(maxsize=64)
def parse_root(text: str) -> RootDocument:
    """Return the root document of its exact text; raise MalformedRoot.

    The `net` of a later version is what that version says; it is worth something once `apply_root_change` took it.
    """
    try:
        members = Members(read_canonical(text), where="", refusal=MalformedRoot)
    except NotInProfile:
        raise MalformedRoot(where="$") from None
    if members.number("v") != 1:
        raise members.refuse("v")
    version, threshold = members.number("version", at_least=1), members.number("threshold", at_least=1)
    roots = tuple(_root(each) for each in members.objects("roots"))
    if len({root.id for root in roots}) < len(roots) or len({root.spki for root in roots}) < len(roots):
        raise members.refuse("roots")
    if threshold > len(roots):
        raise members.refuse("threshold")
    net = net_of(text) if version == 1 else members.data("net", length=32)
    prev = None if version == 1 else members.data("prev", length=32)
    members.close()
    return RootDocument(text=text, version=version, threshold=threshold, roots=roots, net=net, prev=prev)


def sign_root_change(new: RootDocument, signers: Iterable[tuple[str, Signer]]) -> dict[str, object]:
    """Return the envelope that moves verifiers to `new`.

    `signers` are pairs of a root id and its key; an id may come twice when old and new roots share a name.
    """
    data = ROOT_PREFIX + new.text.encode("utf-8")
    return {"root": new.text, "sigs": [sign_as(id, signer, data) for id, signer in signers]}


def apply_root_change(envelope: str | Mapping[str, object], *, current: RootDocument) -> RootDocument:
    """Return the next root document if `current` and the new one both agree to it.

    Raises MalformedRoot or RootChangeRefused.  Versions are taken one at a time, so a verifier that slept through
    three changes needs the three envelopes.
    """
    members = read_envelope(envelope, refusal=MalformedRoot)
    new = parse_root(members.text("root"))
    signatures = read_signatures(members)
    members.close()
    data = ROOT_PREFIX + new.text.encode("utf-8")
    if (
        new.version != current.version + 1
        or new.net != current.net
        or new.prev != current.hash
        or current.count_signers(signatures, data) < current.threshold
        or new.count_signers(signatures, data) < new.threshold
    ):
        raise RootChangeRefused(version=new.version)
    return new


def walk_root_change(envelope: str | Mapping[str, object], *, current: RootDocument) -> RootDocument:
    """Return the root document after a change out of the chain that a server serves.

    A change that leads up to `current` or a version before it was taken already and is passed over.  Raises what
    `apply_root_change` raises.
    """
    members = read_envelope(envelope, refusal=MalformedRoot)
    if parse_root(members.text("root")).version <= current.version:
        return current
    return apply_root_change(envelope, current=current)


def change_cannot_be_told(envelope: str | Mapping[str, object], *, current: RootDocument) -> bool:
    """Tell whether a change that was refused hangs on signatures that cannot be checked here, and on nothing else."""
    try:
        members = read_envelope(envelope, refusal=MalformedRoot)
        new, signatures = parse_root(members.text("root")), read_signatures(members)
    except MalformedRoot:
        return False
    data = ROOT_PREFIX + new.text.encode("utf-8")
    follows = (new.version, new.net, new.prev) == (current.version + 1, current.net, current.hash)
    return follows and all(
        root.count_signers(signatures, data) >= root.threshold or root.hangs_on_unknown(signatures, data)
        for root in (current, new)
    )


def sign_as(root: str, signer: Signer, data: bytes) -> dict[str, object]:
    """Return one member of `sigs`."""
    return {"root": root, "alg": signer.alg, "sig": b64(signer.sign(data))}


def read_envelope(envelope: str | Mapping[str, object], *, refusal: type[Refusal]) -> Members:
    """Return the members of an envelope, given as text or as already parsed."""
    try:
        value = read_json(envelope) if isinstance(envelope, str) else dict(envelope)
    except NotInProfile:
        raise refusal(where="$") from None
    return Members(value, where="", refusal=refusal)


def read_signatures(members: Members) -> list[Signature]:
    """Return the `sigs` of an envelope.  Their length is fixed, their truth is not checked here."""
    signatures = []
    for each in members.objects("sigs"):
        signatures.append(Signature(root=each.text("root"), alg=each.text("alg"), sig=each.data("sig", length=64)))
        each.close()
    return signatures


def _root(members: Members) -> Root:
    root = Root(id=members.text("id"), alg=members.text("alg"), spki=read_spki(members, alg=members.text("alg")))
    if not root.id:
        raise members.refuse("id")
    members.close()
    return root


def read_spki(members: Members, *, alg: str) -> bytes:
    """Return the `spki` member, which must be a key of algorithm `alg`."""
    spki = members.data("spki", length=44 if alg == "Ed25519" else 91)
    try:
        if alg not in ALGORITHMS or load_public_key(spki).alg != alg:
            raise members.refuse("alg")
    except MalformedKey:
        raise members.refuse("spki") from None
    return spki


def _is_by(root: Root, signature: Signature, data: bytes) -> bool:
    if (signature.root, signature.alg) != (root.id, root.alg):
        return False
    try:
        return load_public_key(root.spki).verify(signature.sig, data)
    except UnsupportedAlgorithm:
        return False  # An SM2 root may sign beside the others; here it is simply not counted.
