"""The roots of this installation: which version is in force, and which of its keys lie in the key folder.

A small site keeps its root key beside the others; then trust lists are signed by themselves.  Where the roots are
offline, lists and changes of the roots travel as files to their holders and back (docs/guides/run-in-production.md).
"""

from sqlmodel import Session

from coldtrace.env import Env
from coldtrace.parties import store
from coldtrace.parties.refusals import NotInstalled
from coldtrace.parties.tables import RootVersionRow
from coldtrace.seal.root_document import RootDocument, apply_root_change, parse_root
from coldtrace.seal.signer import Signer
from coldtrace.seal.trust_list import WrongRootSigner


def current_root(session: Session) -> RootDocument:
    """Return the newest version of the root document; raise NotInstalled when there is none."""
    versions = store.root_versions(session)
    if not versions:
        raise NotInstalled()
    # The `net` of a later version was checked when it was adopted.
    return parse_root(versions[-1].root)


def root_changes(session: Session) -> list[str]:
    """Return the envelopes that lead from the genesis to the version in force, in order."""
    return [row.envelope for row in store.root_versions(session) if row.envelope is not None]


def root_signers(session: Session, env: Env, root: RootDocument) -> dict[str, Signer]:
    """Return those roots of a document whose keys lie in the key folder, as `root.pem` or `root-ID.pem`, by id.

    A key that was a root once is passed over; one that never was raises WrongRootSigner, since somebody has
    exchanged the file.
    """
    ever = {each.spki for row in store.root_versions(session) for each in parse_root(row.root).roots}
    ever |= {each.spki for each in root.roots}
    ids = {each.spki: each.id for each in root.roots}
    found: dict[str, Signer] = {}
    for path in sorted(env.keyring.folder.glob("root*.pem")):
        signer = env.keyring.signer(path.stem)
        if signer.spki not in ever:
            raise WrongRootSigner(root=path.name)
        if signer.spki in ids:
            found[ids[signer.spki]] = signer
    return found


def keep_root_change(session: Session, env: Env, envelope: str) -> RootDocument:
    """Keep the next version of the root document, signed by a threshold of the old and of the new roots.

    Raises MalformedRoot or RootChangeRefused.  Whoever calls it publishes a list of the new roots in the same
    transaction: a verifier that takes the change takes no list of the old roots any more.
    """
    new = apply_root_change(envelope, current=current_root(session))
    session.add(RootVersionRow(version=new.version, root=new.text, envelope=envelope, adopted_at=env.clock()))
    session.flush()
    return new
