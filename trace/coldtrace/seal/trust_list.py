"""Trust lists as they travel: signed by the roots, checked against a pinned root (docs/formats/trust-list.md).

    envelope   {"list":"<exact JCS text>","sigs":[{"root":id,"alg","sig":b64}...]}
    signed     "CCTRUST1" 00 | list bytes

The text is signed and hashed as it stands and never printed again from its parse.  A verifier that pins a
root document takes a list with a threshold of root signatures, of its own `net`, and with a `seq` not below the
highest that it has seen; past `expires` the list is still read, and whoever gives a verdict says it is stale.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache

from coldtrace.errors import Refusal, Words
from coldtrace.seal.canonical_text import NotInProfile, read_canonical, read_json
from coldtrace.seal.public_key import kid
from coldtrace.seal.root_document import (
    RootDocument,
    Signature,
    net_of,
    parse_root,
    read_envelope,
    read_signatures,
    sign_as,
)
from coldtrace.seal.signer import Signer
from coldtrace.seal.trust_entries import Allow, Cut, LogEntry, Station, TrustedKey, TrustList, trusted_key
from coldtrace.seal.trust_text import MalformedTrustList, print_list, read_list

__all__ = [
    "Allow",
    "ClashingKids",
    "Cut",
    "KeyUsedTwice",
    "LogEntry",
    "MalformedTrustList",
    "RootDocument",
    "Station",
    "TrustList",
    "TrustListRolledBack",
    "TrustedKey",
    "UntrustedTrustList",
    "WrongRootSigner",
    "list_cannot_be_told",
    "net_of",
    "open_trust_list",
    "parse_root",
    "print_list",
    "sign_trust_list",
    "trusted_key",
    "unsigned_roots",
]

LIST_PREFIX = b"CCTRUST1\x00"


class UntrustedTrustList(Refusal):
    """Too few of the pinned roots have signed, or the list belongs to another installation."""

    code = "untrusted_trust_list"
    title = Words("信任列表不可信", "Trust list not trusted")
    detail = Words(
        "信任列表有 {signed} 个有效的根签名，需要 {threshold} 个，且必须属于同一系统；请从官方地址重新下载。",
        "The trust list has {signed} valid root signatures of the {threshold} it needs, and it must belong to "
        "the same installation; fetch it again from the official address.",
    )


class TrustListRolledBack(Refusal):
    """The list is older than one that this verifier has already seen."""

    code = "trust_list_rolled_back"
    title = Words("信任列表过旧", "Trust list rolled back")
    detail = Words(
        "信任列表的序号是 {seq}，而本机已见过 {lowest_seq}；请下载最新的列表。",
        "The trust list has number {seq}, but {lowest_seq} was already seen here; fetch the newest one.",
    )


class ClashingKids(Refusal):
    """Two keys share the short id that codes carry; the roots do not sign that."""

    code = "clashing_kids"
    title = Words("密钥短号冲突", "Clashing key ids")
    detail = Words(
        "两个密钥的短号同为 {kid}；请为后加入的一方重新生成密钥。",
        "Two keys have the short id {kid}; make a new key for the one that came later.",
    )


class KeyUsedTwice(Refusal):
    """One key stands on the list twice, or for two uses; every key has one."""

    code = "key_used_twice"
    title = Words("密钥重复使用", "Key used twice")
    detail = Words(
        "密钥 {kid} 被列出两次或用于两种用途；每个密钥只能有一种用途。",
        "The key {kid} is listed twice or for two uses; every key has exactly one.",
    )


class WrongRootSigner(Refusal):
    """A signer is not the root that it is named as."""

    code = "wrong_root_signer"
    title = Words("根签名者不符", "Not that root")
    detail = Words(
        "签名密钥与根文件中的 {root} 不一致；请使用正确的根密钥。",
        "The signing key is not {root} of the root document; use the right root key.",
    )


def open_trust_list(
    envelope: str | Mapping[str, object], *, root: RootDocument | None, lowest_seq: int = 0
) -> TrustList:
    """Return the trust list of an envelope, given as text or as already parsed.

    With a `root` the signatures count: MalformedTrustList, UntrustedTrustList and TrustListRolledBack are raised.
    Without one nothing about the list's origin is checked, the caller must say so to people, and a bare list
    object is read as well.  An expired list is returned; ask `is_stale`.
    """
    members = read_envelope(envelope, refusal=MalformedTrustList)
    if not members.has("list"):
        if root is not None:
            raise UntrustedTrustList(signed=0, threshold=root.threshold)
        trust = read_list(members.value, bare=True)
    else:
        text, signatures = members.text("list"), read_signatures(members)
        members.close()
        trust = _read_lenient(text) if root is None else _open_signed(text, tuple(signatures), root)
    if trust.seq < lowest_seq:
        raise TrustListRolledBack(seq=trust.seq, lowest_seq=lowest_seq)
    return trust


# A list follows from its text, and whether it is signed from the signatures and the roots beside it: what came out once
# comes out again, and the same bytes give the same object.


@lru_cache(maxsize=16)
def _read_lenient(text: str) -> TrustList:
    """Without a root nothing is claimed of the list, so an envelope is read as leniently as a bare list."""
    return read_list(_any_json(text), bare=True)


@lru_cache(maxsize=16)
def _open_signed(text: str, signatures: tuple[Signature, ...], root: RootDocument) -> TrustList:
    trust = read_list_text(text)
    signed = root.count_signers(signatures, LIST_PREFIX + text.encode("utf-8"))
    if signed < root.threshold or trust.net != root.net:
        raise UntrustedTrustList(signed=signed, threshold=root.threshold)
    return trust


def unsigned_roots(envelope: str | Mapping[str, object], *, root: RootDocument) -> list[str] | None:
    """Return the ids of the roots without a valid signature on this list; None for a bare list, which can have none.

    Raises MalformedTrustList.
    """
    members = read_envelope(envelope, refusal=MalformedTrustList)
    if not members.has("list"):
        return None
    data, signatures = LIST_PREFIX + members.text("list").encode("utf-8"), read_signatures(members)
    return [each.id for each in root.roots if not each.has_signed(signatures, data)]


def list_cannot_be_told(envelope: Mapping[str, object], *, root: RootDocument) -> bool:
    """Tell whether an untrusted list hangs on signatures that cannot be checked here, and on nothing else."""
    members = read_envelope(envelope, refusal=MalformedTrustList)
    if not members.has("list"):
        return False
    text, signatures = members.text("list"), read_signatures(members)
    is_of_it = read_list_text(text).net == root.net
    return is_of_it and root.hangs_on_unknown(signatures, LIST_PREFIX + text.encode("utf-8"))


def _any_json(text: str) -> object:
    try:
        return read_json(text)
    except NotInProfile:
        raise MalformedTrustList(where="list") from None


def read_list_text(text: str) -> TrustList:
    """Return the list of its exact signed text, without any signature; raise MalformedTrustList."""
    try:
        value = read_canonical(text)
    except NotInProfile:
        raise MalformedTrustList(where="list") from None
    return read_list(value, bare=False)


def sign_trust_list(
    list_text: str, root_signers: Mapping[str, Signer], *, root: RootDocument | None = None
) -> dict[str, object]:
    """Return the envelope of a list, signed by these roots (id to key).

    The list is read as a verifier would, and what only the roots can prevent is prevented here: ClashingKids
    and KeyUsedTwice are raised, and with a `root` WrongRootSigner too.  Each holder of a root may call it alone
    and the `sigs` be joined; the threshold is the verifier's business.
    """
    trust = read_list_text(list_text)
    _refuse_clashes(trust, root)
    if root is not None:
        _refuse_wrong_signers(root_signers, root)
    data = LIST_PREFIX + list_text.encode("utf-8")
    return {"list": list_text, "sigs": [sign_as(id, signer, data) for id, signer in root_signers.items()]}


def _refuse_clashes(trust: TrustList, root: RootDocument | None) -> None:
    uses: defaultdict[bytes, set[str]] = defaultdict(set)
    for spki, use in _uses(trust, root):
        uses[spki].add(use)
    for spki, several in uses.items():
        if len(several) > 1:
            raise KeyUsedTwice(kid=kid(spki))
    for spki, count in Counter(key.spki for key in trust.keys).items():
        if count > 1:
            raise KeyUsedTwice(kid=kid(spki))
    for short, count in Counter(key.kid for key in trust.keys).items():
        if count > 1:
            raise ClashingKids(kid=short)


def _uses(trust: TrustList, root: RootDocument | None) -> Iterator[tuple[bytes, str]]:
    yield from ((key.spki, key.use) for key in trust.keys)
    for log in trust.logs:
        yield log.vkey.spki, "log"
        yield from ((witness.spki, "witness") for witness in log.witnesses)
    if root is not None:
        yield from ((each.spki, "root") for each in root.roots)


def _refuse_wrong_signers(signers: Mapping[str, Signer], root: RootDocument) -> None:
    known = {each.id: each.spki for each in root.roots}
    for id, signer in signers.items():
        if known.get(id) != signer.spki:
            raise WrongRootSigner(root=id)
