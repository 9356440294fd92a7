"""`coldtrace keys`: the keys of this installation, from the first to the last day of each.

`keys root` is in `keys_root.py` and runs, where it can, on the base install of a machine without a network; the rest
needs the database.
"""

import argparse
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from coldtrace.cli import keys_root
from coldtrace.cli.output import print_refusal, print_result, print_rows
from coldtrace.cli.refusals import KeysExist
from coldtrace.errors import Refusal
from coldtrace.seal.public_key import ALGORITHMS

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlmodel import Session

    from coldtrace.env import Env
    from coldtrace.parties.signing_keys import NewKey
    from coldtrace.parties.tables import SigningKeyRow

KEY_COLUMNS = (
    *("kid", "use", "alg", "station", "state", "listed", "print_from", "print_until", "print_days_left"),
    *("accept_until", "accept_days_left", "scope"),
)


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `keys`."""
    parser = commands.add_parser("keys", help="本安装的密钥 / keys of this installation")
    actions = parser.add_subparsers(dest="keys_command", required=True)
    keys_root.add_root_parser(actions)
    init = actions.add_parser("init", help="建立正式密钥 / make keys for production")
    init.add_argument(
        "--root", type=Path, metavar="FILE", help="离线根的根文件 / root document of roots that are held elsewhere"
    )
    _finish(init, run_init)
    listing = actions.add_parser("list", help="列出公钥 / list public keys")
    _finish(listing, run_list)
    passphrase = actions.add_parser(
        "passphrase", help="加密或更换口令 / encrypt the key files or change the passphrase"
    )
    passphrase.add_argument(
        "--new", required=True, type=Path, metavar="FILE", help="新口令文件 / file with the new one"
    )
    _finish(passphrase, run_passphrase)
    station = actions.add_parser("station", help="首站密钥 / code keys of first stations")
    new = station.add_subparsers(dest="station_command", required=True).add_parser(
        "new", help="新建首站密钥，旧的照用 / one more code key; the others go on"
    )
    _new_key(new)
    new.add_argument(
        "--import", dest="imported", type=Path, metavar="FILE", help="导入私钥 PEM / take in this key file"
    )
    new.add_argument(
        "--passphrase-file", type=Path, metavar="FILE", help="该私钥的口令文件 / the passphrase of that key"
    )
    _finish(new, run_station_new)
    rotate = actions.add_parser("rotate", help="更换首站密钥 / a new code key; the old ones only verify from now on")
    _new_key(rotate)
    _finish(rotate, run_rotate)
    retire = actions.add_parser("retire", help="停用密钥，已签的仍有效 / no new signatures; what it signed stays good")
    retire.add_argument("kid", metavar="KID")
    _finish(retire, run_retire)
    revoke = actions.add_parser("revoke", help="吊销密钥，其码全部变红 / believe nothing of this key any more")
    revoke.add_argument("kid", metavar="KID")
    revoke.add_argument(
        "--stolen-at",
        type=_moment,
        metavar="TIME",
        help="密钥仍安全的最后时刻，此前登记的码有效 / last moment it was safe; codes registered before stay good",
    )
    revoke.add_argument("--reason", metavar="TEXT", help="原因（仅存于本机）/ why; kept here only")
    _finish(revoke, run_revoke)


def _new_key(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--site", required=True, metavar="GLN", help="首站位置码 / the first station")
    parser.add_argument("--alg", choices=sorted(ALGORITHMS), help="算法，默认沿用 / default: that of the last key")
    parser.add_argument("--print-days", type=int, metavar="N", help="打印期（天），默认 37 / how long it prints")
    parser.add_argument(
        "--accept-days", type=int, metavar="N", help="接受期（天），默认 768 / how long its codes count"
    )
    parser.add_argument("--scope", nargs="+", metavar="AI", help="范围，如 01 00:6901234 / what it may sign")


def _finish(parser: argparse.ArgumentParser, run: object) -> None:
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(func=run)


def run_init(arguments: argparse.Namespace) -> int:
    """Make keys in an empty key folder; refuse to touch keys that exist."""
    from coldtrace.cli.installation import key_passphrase
    from coldtrace.db.embedded import make_data_folder
    from coldtrace.parties.keys import ROOT_FILE, make_keys, read_root
    from coldtrace.seal.b64 import b64
    from coldtrace.seal.root_document import net_of
    from coldtrace.settings import load_settings

    settings = load_settings()
    folder = settings.data_dir / "keys"
    if (folder / ROOT_FILE).exists():
        return print_refusal(KeysExist(folder=str(folder)), as_json=arguments.json)
    root_text = None if arguments.root is None else keys_root.read_genesis(arguments.root)
    make_data_folder(settings.data_dir)
    make_keys(folder, development=False, passphrase=key_passphrase(settings), root_text=root_text)
    print_result({"keys": str(folder), "net": b64(net_of(read_root(folder)))}, as_json=arguments.json)
    return 0


def run_list(arguments: argparse.Namespace) -> int:
    """List the public halves with their use, state and windows."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.parties import store
    from coldtrace.settings import load_settings

    with open_installation(load_settings()) as installation, installation.sessions() as session:
        now = installation.env.clock()
        keys = [_described(row, now) for row in store.signing_keys(session)]
    if arguments.json:
        print_result({"keys": keys}, as_json=True)
    else:
        print_rows(KEY_COLUMNS, keys)
    return 0


def _described(row: "SigningKeyRow", now: datetime) -> dict[str, object]:
    from coldtrace.clock import format_utc

    is_code = row.use == "code"
    return {
        "kid": row.kid,
        "use": row.use,
        "alg": row.alg,
        "station": row.gln,
        "state": row.state,
        "listed": row.listed_seq is not None,
        "print_from": format_utc(row.print_from) if is_code else None,
        "print_until": format_utc(row.print_until) if is_code else None,
        "print_days_left": max(0, (row.print_until - now).days) if is_code and row.state == "active" else None,
        "accept_until": format_utc(row.accept_until),
        "accept_days_left": max(0, (row.accept_until - now).days),
        "scope": " ".join(row.scope),
    }


def run_passphrase(arguments: argparse.Namespace) -> int:
    """Put all key files under the passphrase of a file; the old one is that of the settings, if they were encrypted."""
    from coldtrace.cli.installation import PASSPHRASE_FILE, require_installation
    from coldtrace.parties.keys import encrypt_keys, read_root
    from coldtrace.seal.passphrase import read_passphrase
    from coldtrace.settings import load_settings

    settings = load_settings()
    require_installation(settings)
    folder = settings.data_dir / "keys"
    read_root(folder)
    old = settings.key_passphrase_file or settings.data_dir / PASSPHRASE_FILE
    new = read_passphrase(arguments.new)
    count = encrypt_keys(folder, old=read_passphrase(old) if old.exists() else None, new=new)
    wanted = str(arguments.new.absolute())
    print(
        "如服务正在运行，请立即以新口令文件重启：它仍用旧口令，下一次读取密钥时会失败。"
        " / If the service is running, restart it now with the new passphrase file: it"
        " still holds the old one, and fails at the next key that it reads.",
        file=sys.stderr,
    )
    print_result({"files": count, "COLDTRACE_KEY_PASSPHRASE_FILE": wanted}, as_json=arguments.json)
    return 0


def run_station_new(arguments: argparse.Namespace) -> int:
    """Make or import one more code key."""
    from coldtrace.parties import signing_keys

    return _change(arguments, lambda session, env: _key(signing_keys.new_station_key(session, env, _wanted(arguments))))


def run_rotate(arguments: argparse.Namespace) -> int:
    """Make a new code key; the old ones only verify from the next list on."""
    from coldtrace.parties import signing_keys

    def do(session: "Session", env: "Env") -> dict[str, object]:
        row, replaced = signing_keys.rotate(session, env, _wanted(arguments))
        return _key(row) | {"replaces": replaced}

    return _change(arguments, do)


def run_retire(arguments: argparse.Namespace) -> int:
    """Let a key make no new signatures."""
    from coldtrace.parties import signing_keys

    return _change(arguments, lambda session, env: _key(signing_keys.retire(session, env, arguments.kid)))


def run_revoke(arguments: argparse.Namespace) -> int:
    """Revoke a key: everything that it signed is red, but for what was registered before it was stolen."""
    from coldtrace.parties import signing_keys

    if arguments.stolen_at is not None:
        status = _change(arguments, lambda session, env: _stolen(session, env, arguments))
        if status == 0:
            print(_AFTER_THEFT, file=sys.stderr)
        return status
    command = signing_keys.RevokeKey(kid=arguments.kid, reason=arguments.reason)
    return _change(arguments, lambda session, env: _key(signing_keys.revoke(session, env, command)))


_AFTER_THEFT = (
    "下一步：units_red 个码变红，请为这些货物重新打标；离线根须当天签发新列表；"
    "所有手持机同步（未取到放行筛查表前，该密钥的码全部为红）；"
    "重新打印用该密钥签的门牌（labels doors）；门卫从 GET /api/v1/filters 取筛查表。\n"
    "Next: units_red codes are red, label these goods anew; with offline roots have the list signed today; have all "
    "handhelds sync (until they have the allow-filter, every code of the key is red); print the door signs of this key "
    "anew (labels doors); gates fetch the filter from GET /api/v1/filters."
)


def _stolen(session: "Session", env: "Env", arguments: argparse.Namespace) -> dict[str, object]:
    from coldtrace.clock import format_utc
    from coldtrace.goods.stops import revoke_stolen
    from coldtrace.parties import store

    theft = revoke_stolen(session, env, arguments.kid, stolen_at=arguments.stolen_at, reason=arguments.reason)
    row = store.signing_key_of(session, theft.kid)
    assert row is not None, "revoked just now"
    return _key(row) | {
        "stolen_at": format_utc(theft.stolen_at),
        "units_allowed": theft.units,
        "units_red": theft.units_red,
        "filter": theft.filter_id.hex(),
    }


def _moment(text: str) -> datetime:
    """Return a moment with its offset, as an option of the command line."""
    from coldtrace.clock import parse_utc

    try:
        return parse_utc(text)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(
            f"{text}: 需要带时区的时刻，如 2026-11-20T08:00:00Z / a moment with its offset"
        ) from None


def _wanted(arguments: argparse.Namespace) -> "NewKey":
    from coldtrace.parties.signing_keys import ACCEPT_DAYS, PRINT_DAYS, NewKey
    from coldtrace.seal.keys import load_signer
    from coldtrace.seal.passphrase import read_passphrase

    imported = getattr(arguments, "imported", None)
    passphrase = getattr(arguments, "passphrase_file", None)
    return NewKey(
        gln=arguments.site,
        alg=arguments.alg,
        print_days=PRINT_DAYS if arguments.print_days is None else arguments.print_days,
        accept_days=ACCEPT_DAYS if arguments.accept_days is None else arguments.accept_days,
        scope=arguments.scope,
        imported=(
            None
            if imported is None
            else load_signer(imported, None if passphrase is None else read_passphrase(passphrase))
        ),
    )


def _change(arguments: argparse.Namespace, do: "Callable[[Session, Env], dict[str, object]]") -> int:
    """Run one use case in its transaction; print the key and the number of the list that says so."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.parties import store
    from coldtrace.settings import load_settings

    with open_installation(load_settings()) as installation:
        try:
            with installation.sessions.begin() as session:
                result = do(session, installation.env)
                newest = store.newest_trust_list(session)
                result["trust_list_seq"] = None if newest is None else newest.seq
        except Refusal as refusal:
            return print_refusal(refusal, as_json=arguments.json)
    print_result(result, as_json=arguments.json)
    return 0


def _key(row: "SigningKeyRow") -> dict[str, object]:
    return {
        "kid": row.kid,
        "alg": row.alg,
        "station": row.gln,
        "state": row.state,
        "listed": row.listed_seq is not None,
    }
