"""`coldtrace trust-list show|verify|publish`: what a trust list says, whether the roots stand behind it, a new one.

`show FILE`, `verify` and `sign` run on the base install and ask nothing of a network; `publish`, and `show` without a
file, need the server's database.
"""

import argparse
import json
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

from coldtrace import clock
from coldtrace.cli.keys_root import read_text
from coldtrace.cli.output import COULD_NOT_RUN, REFUSED, print_refusal, print_result, require_writable, write_file
from coldtrace.cli.pinned_root import walk
from coldtrace.cli.refusals import FileUnreadable
from coldtrace.errors import Refusal
from coldtrace.seal.b64 import b64
from coldtrace.seal.keys import kid, load_signer
from coldtrace.seal.passphrase import read_passphrase
from coldtrace.seal.root_document import read_envelope, read_signatures
from coldtrace.seal.trust_list import (
    MalformedTrustList,
    TrustedKey,
    TrustList,
    TrustListRolledBack,
    open_trust_list,
    print_list,
    sign_trust_list,
)

if TYPE_CHECKING:
    from sqlmodel import Session

    from coldtrace.env import Env

OK = 0
LIST_DAYS_MAX = 90
"""An offline list that is good for longer would let a revocation be withheld for longer."""

Subparsers = argparse._SubParsersAction  # argparse gives what `add_subparsers` returns no public name


@dataclass(frozen=True)
class Check:
    """One line of the report: `result` is `passed`, `failed` or `not_checked`."""

    name: str
    result: str
    reason: str


def add_parser(subparsers: "Subparsers[argparse.ArgumentParser]") -> "Subparsers[argparse.ArgumentParser]":
    """Add `trust-list` and return its sub-commands; each sets `func`."""
    trust_list = subparsers.add_parser("trust-list", help="信任列表 / trust lists")
    commands = trust_list.add_subparsers(dest="trust_list_command", required=True)

    show = commands.add_parser("show", help="列表内容，不验证签名 / what it says, signatures not checked")
    show.add_argument(
        "file", type=Path, nargs="?", metavar="FILE", help="默认为本机最新列表 / default: the newest here"
    )
    show.add_argument("--json", action="store_true")
    show.set_defaults(func=run_show)

    verify = commands.add_parser("verify", help="对照根文件验证 / check it against the root document")
    verify.add_argument("file", type=Path, metavar="FILE")
    verify.add_argument("--root", type=Path, metavar="FILE", help="根文件 / root document that you trust")
    verify.add_argument(
        "--root-change",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="根文件变更，按顺序 / changes of the root since then, in order",
    )
    verify.add_argument("--lowest-seq", type=int, default=0, metavar="N", help="已见过的最大序号 / highest seen so far")
    verify.add_argument("--json", action="store_true")
    verify.set_defaults(func=run_verify)

    sign = commands.add_parser("sign", help="以离线根密钥签名 / sign an exported list with an offline root key")
    sign.add_argument("file", type=Path, metavar="FILE")
    sign.add_argument("--key", required=True, type=Path, metavar="FILE", help="根私钥 / the root's key file")
    sign.add_argument("--passphrase-file", type=Path, metavar="FILE", help="口令文件 / its passphrase")
    sign.add_argument(
        "--as", dest="root_id", required=True, metavar="ID", help="根的名称 / the root's name, such as r1"
    )
    sign.add_argument(
        "--root", type=Path, metavar="FILE", help="根文件，核对密钥与名称 / root document: is the key that root's?"
    )
    sign.add_argument(
        "--root-change", type=Path, action="append", default=[], metavar="FILE", help="同 verify / as in verify"
    )
    sign.add_argument("--json", action="store_true")
    sign.set_defaults(func=run_sign)

    publish = commands.add_parser("publish", help="立即签发新列表 / sign and log the next list now")
    how = publish.add_mutually_exclusive_group()
    how.add_argument(
        "--offline", type=Path, metavar="FILE", help="导出待签列表 / write the list for offline roots to sign"
    )
    how.add_argument("--signed", type=Path, metavar="FILE", help="导入已签列表 / take the list back, signed")
    publish.add_argument("--days", type=int, default=30, metavar="N", help="导出列表的有效期 / how long it is good")
    publish.add_argument("--json", action="store_true")
    publish.set_defaults(func=run_publish)
    return commands


def run_publish(arguments: argparse.Namespace) -> int:
    """Sign, keep and log the next list; a running service does so by itself when half of the old one's time is over.

    Where the roots are offline: `--offline` writes the list for them to sign, `--signed` takes it back.
    """
    from coldtrace.cli.installation import open_installation
    from coldtrace.settings import load_settings

    signed = None if arguments.signed is None else read_text(arguments.signed)
    with open_installation(load_settings()) as installation:
        try:
            with installation.sessions.begin() as session:
                result = _publish(session, installation.env, arguments, signed)
        except Refusal as refusal:
            return print_refusal(refusal, as_json=arguments.json)
    print_result(result, as_json=arguments.json)
    return OK


def _publish(session: "Session", env: "Env", arguments: argparse.Namespace, signed: str | None) -> dict[str, object]:
    from coldtrace.parties import trust

    if arguments.offline is not None:
        life = timedelta(days=max(1, min(arguments.days, LIST_DAYS_MAX)))
        envelope = trust.export_list(session, env, life=life)
        require_writable(arguments.offline)
        write_file(arguments.offline, f"{envelope}\n".encode())
        exported = open_trust_list(envelope, root=None)
        found = {"seq": exported.seq, "expires_at": clock.format_utc(exported.expires), "file": str(arguments.offline)}
        return dict(found)
    row = trust.publish(session, env) if signed is None else trust.adopt_list(session, env, signed)
    return {"seq": row.seq, "expires_at": clock.format_utc(row.expires_at)}


def run_sign(arguments: argparse.Namespace) -> int:
    """Add the signature of one root to an exported list; print what was signed."""
    try:
        members = read_envelope(read_text(arguments.file), refusal=MalformedTrustList)
        text, signatures = members.text("list"), read_signatures(members)
        members.close()
        passphrase = None if arguments.passphrase_file is None else read_passphrase(arguments.passphrase_file)
        signer = load_signer(arguments.key, passphrase)
        changes = [read_text(each) for each in arguments.root_change]
        root = None if arguments.root is None else walk(read_text(arguments.root), changes)
        envelope = sign_trust_list(text, {arguments.root_id: signer}, root=root)
        others = [each for each in signatures if (each.root, each.alg) != (arguments.root_id, signer.alg)]
        sigs = [{"root": each.root, "alg": each.alg, "sig": b64(each.sig)} for each in others]
        joined = {"list": text, "sigs": [*sigs, *cast("list[object]", envelope["sigs"])]}
        write_file(arguments.file, (json.dumps(joined, ensure_ascii=False, separators=(",", ":")) + "\n").encode())
    except Refusal as refusal:
        return print_refusal(refusal, as_json=arguments.json)
    if root is None:
        print(
            "未提供 --root，未核对密钥是否属于该根 / no --root given: whether the key is that root's is not checked",
            file=sys.stderr,
        )
    trust = open_trust_list(joined, root=None)
    result: dict[str, object] = {
        "seq": trust.seq,
        "expires_at": clock.format_utc(trust.expires),
        "signatures": len(others) + 1,
    }
    result |= {"root": arguments.root_id, "kid": kid(signer.spki)}
    result |= {"keys": len(trust.keys), "revoked": " ".join(key.kid for key in trust.keys if key.is_revoked)}
    print_result(result, as_json=arguments.json)
    return OK


def _newest() -> str:
    """Return the newest list of this installation, saying what has to be done soon."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.parties import trust, warnings
    from coldtrace.settings import load_settings

    with open_installation(load_settings()) as installation, installation.sessions.begin() as session:
        for each in warnings.warnings(session, installation.env):
            print(f"{each.say('zh')} / {each.say('en')}", file=sys.stderr)
        return trust.current(session, installation.env).envelope


def run_show(arguments: argparse.Namespace) -> int:
    """Print the list.  Returns 1 if it is none, 2 if the file cannot be read."""
    text = _newest() if arguments.file is None else None
    try:
        trust = open_trust_list(_read(arguments.file) if text is None else text, root=None)
    except Refusal as refusal:
        return print_refusal(refusal, as_json=arguments.json)
    except (OSError, UnicodeDecodeError) as error:
        return _could_not_read(arguments.file, error, as_json=arguments.json)
    now = clock.now()
    print("未验证签名，请用 verify / signatures not checked, use verify", file=sys.stderr)
    if arguments.json:
        body = json.loads(print_list(trust)) | {"stale": trust.is_stale(now), "age_s": trust.age_s(now)}
        print(json.dumps(body, ensure_ascii=False))
    else:
        print("\n".join(_lines(trust, now)))
    return OK


def run_verify(arguments: argparse.Namespace) -> int:
    """Print one line a check.  Returns 1 if one failed, 2 if a file cannot be read."""
    try:
        text = _read(arguments.file)
        root_text = None if arguments.root is None else _read(arguments.root)
        changes = [_read(path) for path in arguments.root_change]
    except (OSError, UnicodeDecodeError) as error:
        return _could_not_read(arguments.file, error, as_json=arguments.json)
    trust, checks = _check(text, root_text, changes, lowest_seq=arguments.lowest_seq, now=clock.now())
    ok = all(check.result != "failed" for check in checks)
    if arguments.json:
        body = {
            "ok": ok,
            "seq": None if trust is None else trust.seq,
            "checks": [vars(check) for check in checks],
        }
        print(json.dumps(body, ensure_ascii=False))
    else:
        for check in checks:
            print(f"{check.result:<12} {check.name:<11} {check.reason}".rstrip())
    return OK if ok else REFUSED


def _check(
    text: str, root_text: str | None, changes: list[str], *, lowest_seq: int, now: datetime
) -> tuple[TrustList | None, list[Check]]:
    try:
        trust = open_trust_list(text, root=None)
    except Refusal as refusal:
        return None, [Check("format", "failed", _both(refusal))]
    checks = [Check("format", "passed", "")]
    checks += _root_checks(text, root_text, changes)
    try:
        open_trust_list(text, root=None, lowest_seq=lowest_seq)
        asked = f"{trust.seq} >= {lowest_seq}"
        checks.append(Check("seq", "passed" if lowest_seq else "not_checked", asked if lowest_seq else "--lowest-seq"))
    except TrustListRolledBack as refusal:
        checks.append(Check("seq", "failed", _both(refusal)))
    fresh = "failed" if trust.is_stale(now) else "passed"
    checks.append(Check("fresh", fresh, clock.format_utc(trust.expires)))
    return trust, checks


def _root_checks(text: str, root_text: str | None, changes: list[str]) -> list[Check]:
    if root_text is None:
        return [Check("root", "not_checked", "--root"), Check("signatures", "not_checked", "--root")]
    try:
        root = walk(root_text, changes)
    except Refusal as refusal:
        return [Check("root", "failed", _both(refusal)), Check("signatures", "not_checked", "root")]
    checks = [Check("root", "passed", f"version {root.version}")]
    try:
        open_trust_list(text, root=root)
    except Refusal as refusal:
        return [*checks, Check("signatures", "failed", _both(refusal))]
    return [*checks, Check("signatures", "passed", f">= {root.threshold} / {len(root.roots)}")]


def _lines(trust: TrustList, now: datetime) -> list[str]:
    stale = "  已过期 / expired" if trust.is_stale(now) else ""
    lines = [
        f"seq      {trust.seq}",
        f"issued   {clock.format_utc(trust.issued)}",
        f"expires  {clock.format_utc(trust.expires)}{stale}",
        *(f"host     {host}" for host in trust.hosts),
        *(f"station  {each.id}  {each.status}  {each.gln or '-'}  {each.name}" for each in trust.stations),
        *(_key_line(key) for key in trust.keys),
    ]
    for log in trust.logs:
        lines.append(f"log      {log.vkey.text()}  {log.quorum} / {len(log.witnesses)}")
        lines += [f"witness  {witness.text()}" for witness in log.witnesses]
    lines += [f"cut      {cut.key.hex()}  {cut.origin}  {cut.size}" for cut in trust.cuts]
    return lines


def _key_line(key: TrustedKey) -> str:
    line = f"key      {key.kid}  {key.use}  {key.alg}  {key.st}  {key.stn or '-'}"
    if key.print_until is not None and key.accept_until is not None:
        line += f"  {clock.format_utc(key.print_until)[:10]}  {clock.format_utc(key.accept_until)[:10]}"
    allowed = "" if key.allow is None else f"  allow {key.allow.units} {key.allow.sha256.hex()}"
    return f"{line}  {' '.join(key.scope)}".rstrip() + allowed


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _both(refusal: Refusal) -> str:
    return f"{refusal.say('zh')} / {refusal.say('en')}"


def _could_not_read(path: Path, error: Exception, *, as_json: bool) -> int:
    named = error.filename if isinstance(error, OSError) else None
    reason = error.strerror if isinstance(error, OSError) else str(error)
    refusal = FileUnreadable(path=str(named or path), reason=reason)
    return print_refusal(refusal, as_json=as_json, status=COULD_NOT_RUN)
