"""`coldtrace keys root`: root keys, which lie offline, and how a root is added, replaced or taken away.

`new`, `found` and `sign` run on the base install, on a machine without a network; what they read and write are small
files that travel on a USB stick.  `propose` and `adopt` need the server's database.
"""

import argparse
import json
from pathlib import Path

from coldtrace.cli.output import print_refusal, print_result, require_writable, write_file
from coldtrace.cli.refusals import (
    FileUnreadable,
    MalformedRootArgument,
    NothingToDo,
    RootNameNeeded,
    ThresholdUnreachable,
)
from coldtrace.errors import Refusal
from coldtrace.seal.b64 import MalformedBase64, b64, unb64
from coldtrace.seal.keys import generate_signer, kid, load_signer, save_private_key
from coldtrace.seal.passphrase import read_passphrase
from coldtrace.seal.root_document import (
    ROOT_PREFIX,
    MalformedRoot,
    RootDocument,
    parse_root,
    read_envelope,
    read_signatures,
    sign_as,
    write_root,
)


def add_root_parser(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `keys root`."""
    root = actions.add_parser("root", help="根密钥（离线保管）/ root keys, held offline")
    commands = root.add_subparsers(dest="root_command", required=True)

    new = commands.add_parser("new", help="新建根密钥 / make a root key")
    new.add_argument("--out", required=True, type=Path, metavar="FILE", help="私钥文件 / the private key file")
    new.add_argument("--passphrase-file", required=True, type=Path, metavar="FILE", help="口令文件 / its passphrase")
    new.add_argument("--alg", choices=("Ed25519", "ES256", "SM2"), default="Ed25519")
    _finish(new, run_new)

    found = commands.add_parser("found", help="首个根文件 / the first root document of an installation")
    found.add_argument("--add", action="append", default=[], metavar="ID=PUBKEY", help="根公钥 / a root's public key")
    found.add_argument("--threshold", type=int, default=1, metavar="N", help="所需签名数 / signatures needed")
    found.add_argument("--out", required=True, type=Path, metavar="FILE")
    _finish(found, run_found)

    propose = commands.add_parser("propose", help="提出根的变更 / write a change of the roots, still unsigned")
    propose.add_argument("--add", action="append", default=[], metavar="ID=PUBKEY")
    propose.add_argument("--remove", action="append", default=[], metavar="ID")
    propose.add_argument("--threshold", type=int, metavar="N", help="默认不变 / default: as before")
    propose.add_argument("--out", required=True, type=Path, metavar="FILE")
    _finish(propose, run_propose)

    sign = commands.add_parser("sign", help="签署根的变更 / sign a change of the roots")
    sign.add_argument("change", type=Path, metavar="CHANGE")
    sign.add_argument("--key", required=True, type=Path, metavar="FILE")
    sign.add_argument("--passphrase-file", type=Path, metavar="FILE")
    sign.add_argument("--as", dest="root_id", metavar="ID", help="以哪个根签名 / the root's name, if it leaves")
    _finish(sign, run_sign)

    adopt = commands.add_parser("adopt", help="采纳根的变更 / put a signed change into force")
    adopt.add_argument("change", type=Path, metavar="CHANGE")
    adopt.add_argument("--list", type=Path, metavar="FILE", help="新根已签名的列表 / a list signed by the new roots")
    _finish(adopt, run_adopt)


def _finish(parser: argparse.ArgumentParser, run: object) -> None:
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(func=run)


def run_new(arguments: argparse.Namespace) -> int:
    """Make a root key; its public half is printed, to be told to whoever writes the root document."""
    try:
        passphrase = read_passphrase(arguments.passphrase_file)
        require_writable(arguments.out)
        signer = generate_signer(arguments.alg)
        save_private_key(signer, arguments.out, passphrase)
    except Refusal as refusal:
        return print_refusal(refusal, as_json=arguments.json)
    result = {"key": str(arguments.out), "alg": signer.alg, "kid": kid(signer.spki), "public": b64(signer.spki)}
    print_result(result, as_json=arguments.json)
    return 0


def run_found(arguments: argparse.Namespace) -> int:
    """Write the first root document of an installation, for `coldtrace keys init --root`."""
    try:
        roots = _added(arguments.add)
        _require_reachable(arguments.threshold, roots)
        root = write_root(roots=roots, threshold=arguments.threshold)
        require_writable(arguments.out)
        write_file(arguments.out, root.text.encode())
    except Refusal as refusal:
        return print_refusal(refusal, as_json=arguments.json)
    print_result({"root": str(arguments.out), "net": b64(root.net)}, as_json=arguments.json)
    return 0


def run_propose(arguments: argparse.Namespace) -> int:
    """Write the next version of the root document with no signature yet."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.parties.roots import current_root
    from coldtrace.settings import load_settings

    with open_installation(load_settings()) as installation, installation.sessions() as session:
        current = current_root(session)
    try:
        new = _next(current, arguments)
        require_writable(arguments.out)
        write_file(arguments.out, _printed({"root": new.text, "sigs": []}))
    except Refusal as refusal:
        return print_refusal(refusal, as_json=arguments.json)
    result = {"change": str(arguments.out), "version": new.version, "threshold": new.threshold}
    print_result(result | {"roots": [each.id for each in new.roots]}, as_json=arguments.json)
    return 0


def _next(current: RootDocument, arguments: argparse.Namespace) -> RootDocument:
    roots = {each.id: each.spki for each in current.roots}
    for id in arguments.remove:
        if roots.pop(id, None) is None:
            raise MalformedRootArgument(argument=id)
    roots |= _added(arguments.add)
    if not arguments.add and not arguments.remove and arguments.threshold is None:
        raise NothingToDo(wanted="--add, --remove, --threshold")
    threshold = current.threshold if arguments.threshold is None else arguments.threshold
    _require_reachable(threshold, roots)
    return write_root(roots=roots, threshold=threshold, previous=current)


def _require_reachable(threshold: int, roots: dict[str, bytes]) -> None:
    if roots and not 1 <= threshold <= len(roots):
        raise ThresholdUnreachable(count=len(roots), threshold=threshold)


def run_sign(arguments: argparse.Namespace) -> int:
    """Add one holder's signature to a change; print what was signed.  Who stays a root signs once for both sides."""
    try:
        envelope = read_change(arguments.change)
        new = parse_root(str(envelope["root"]))
        passphrase = None if arguments.passphrase_file is None else read_passphrase(arguments.passphrase_file)
        signer = load_signer(arguments.key, passphrase)
        id = arguments.root_id or next((each.id for each in new.roots if each.spki == signer.spki), None)
        if id is None:
            raise RootNameNeeded(kid=kid(signer.spki))
        signed = sign_as(id, signer, ROOT_PREFIX + new.text.encode("utf-8"))
        sigs = [each for each in _signatures(envelope) if (each["root"], each["alg"]) != (id, signer.alg)]
        write_file(arguments.change, _printed({"root": new.text, "sigs": [*sigs, signed]}))
    except Refusal as refusal:
        return print_refusal(refusal, as_json=arguments.json)
    result = {"change": str(arguments.change), "version": new.version, "root": id, "signatures": len(sigs) + 1}
    result |= {"threshold": new.threshold, "roots": [f"{each.id} {kid(each.spki)}" for each in new.roots]}
    print_result(result, as_json=arguments.json)
    return 0


def run_adopt(arguments: argparse.Namespace) -> int:
    """Put a change into force and publish a list of the new roots with it."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.parties import store, trust
    from coldtrace.settings import load_settings

    change = read_text(arguments.change)
    signed_list = None if arguments.list is None else read_text(arguments.list)
    with open_installation(load_settings()) as installation:
        try:
            with installation.sessions.begin() as session:
                root = trust.adopt_root_change(session, installation.env, change, signed_list=signed_list)
                newest = store.newest_trust_list(session)
                seq = None if newest is None else newest.seq
        except Refusal as refusal:
            return print_refusal(refusal, as_json=arguments.json)
    result = {"version": root.version, "threshold": root.threshold, "roots": [each.id for each in root.roots]}
    print_result(result | {"trust_list_seq": seq}, as_json=arguments.json)
    return 0


def read_genesis(path: Path) -> str:
    """Return the text of a first root document; raise FileUnreadable or MalformedRoot."""
    root = parse_root(read_text(path).strip())
    if root.version != 1:
        raise MalformedRoot(where="version")
    return root.text


def read_change(path: Path) -> dict[str, object]:
    """Return the envelope of a change, signed or not; raise FileUnreadable or MalformedRoot."""
    members = read_envelope(read_text(path), refusal=MalformedRoot)
    members.text("root")
    read_signatures(members)
    members.close()
    return members.value


def read_text(path: Path) -> str:
    """Return the text of a file; raise FileUnreadable."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise FileUnreadable(path=str(path), reason=error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise FileUnreadable(path=str(path), reason=str(error)) from error


def _added(pairs: list[str]) -> dict[str, bytes]:
    roots: dict[str, bytes] = {}
    for pair in pairs:
        id, _, text = pair.partition("=")
        try:
            spki = unb64(text)
        except MalformedBase64:
            raise MalformedRootArgument(argument=pair[:80]) from None
        if not id or id in roots:
            raise MalformedRootArgument(argument=pair[:80])
        roots[id] = spki
    return roots


def _signatures(envelope: dict[str, object]) -> list[dict[str, object]]:
    sigs = envelope["sigs"]
    assert isinstance(sigs, list), "read_change has looked"
    return sigs


def _printed(envelope: dict[str, object]) -> bytes:
    return (json.dumps(envelope, ensure_ascii=False, separators=(",", ":")) + "\n").encode()
