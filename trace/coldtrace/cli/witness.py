"""`coldtrace witness`: see that somebody's log only grows, and sign that it did.  Needs `[witness]`, no database."""

import argparse
import json
import signal
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from coldtrace import clock
from coldtrace.cli.output import print_result, print_rows
from coldtrace.cli.refusals import FileUnreadable, ServerPartsMissing
from coldtrace.errors import Refusal, Words

if TYPE_CHECKING:
    from coldtrace.witness.store import Store

STORE_FILE = "witness.db"
NOTE_MAX_BYTES = 1_000_000


class ListenInvalid(Refusal):
    """The address to listen on is no HOST:PORT."""

    code = "listen_invalid"
    title = Words("监听地址有误", "Bad listen address")
    detail = Words(
        "监听地址 {listen} 应写作 HOST:PORT，如 127.0.0.1:7380，且端口可用（{reason}）。",
        "Write the listen address {listen} as HOST:PORT, such as 127.0.0.1:7380, with a free port ({reason}).",
    )


class UrlInvalid(Refusal):
    """The address of a log is none that can be asked."""

    code = "witness_url_invalid"
    title = Words("日志地址有误", "Bad address of a log")
    detail = Words(
        "地址 {url} 应以 https:// 开头，指向日志的公开检查点，如 https://trace.example.cn/logs/cn-2026/checkpoint。",
        "The address {url} should begin with https:// and lead to the log's public checkpoint, as in"
        " https://trace.example.cn/logs/cn-2026/checkpoint.",
    )


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `witness`."""
    parser = commands.add_parser("witness", help="日志见证人 / a witness of logs")
    actions = parser.add_subparsers(dest="witness_command", required=True)
    serve = actions.add_parser("serve", help="启动见证服务 / run the witness")
    serve.add_argument("--listen", default="127.0.0.1:7380", metavar="HOST:PORT")
    _state(serve, passphrase=True).set_defaults(func=run_serve)
    _add_keys(actions.add_parser("keys", help="见证密钥 / the key of the witness"))
    _add_logs(actions.add_parser("logs", help="所见证的日志 / the logs that are followed"))
    evidence = actions.add_parser("evidence", help="未签署的请求 / requests that were not cosigned")
    _state(evidence).set_defaults(func=run_evidence)


def _add_keys(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="keys_command", required=True)
    new = actions.add_parser("new", help="建立密钥 / make the key")
    new.add_argument("--name", required=True, help="如 witness.example.cn/one / an address under your own domain")
    _state(new, passphrase=True).set_defaults(func=run_keys_new)
    show = actions.add_parser("show", help="显示 vkey / show the vkey")
    _state(show).set_defaults(func=run_keys_show)


def _add_logs(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="logs_command", required=True)
    add = actions.add_parser("add", help="登记日志 / follow a log")
    add.add_argument("vkey", metavar="VKEY")
    add.add_argument("--start", type=Path, metavar="FILE", help="自己签署过的检查点 / a checkpoint we cosigned")
    add.add_argument("--fresh", action="store_true", help="密钥从未签署过 / this key has never signed anything")
    add.add_argument("--url", help="公开检查点的地址 / where the log shows its checkpoint")
    _state(add).set_defaults(func=run_logs_add)
    listing = actions.add_parser("list", help="列出日志 / list them")
    _state(listing).set_defaults(func=run_logs_list)


def _state(parser: argparse.ArgumentParser, *, passphrase: bool = False) -> argparse.ArgumentParser:
    parser.add_argument("--state", type=Path, required=True, metavar="DIR", help="见证人的目录 / its own folder")
    if passphrase:
        parser.add_argument("--passphrase-file", type=Path, metavar="FILE")
    parser.add_argument("--json", action="store_true")
    return parser


def run_keys_new(arguments: argparse.Namespace) -> int:
    """Make the key and print its public half."""
    from coldtrace.witness.key_folder import make_key

    vkey = make_key(arguments.state, name=arguments.name, passphrase_file=arguments.passphrase_file)
    _store(arguments.state, create=True)
    print_result({"name": vkey.name, "vkey": vkey.text()}, as_json=arguments.json)
    return 0


def run_keys_show(arguments: argparse.Namespace) -> int:
    """Print the public half."""
    from coldtrace.witness.key_folder import show_key

    vkey = show_key(arguments.state)
    print_result({"name": vkey.name, "vkey": vkey.text()}, as_json=arguments.json)
    return 0


def run_logs_add(arguments: argparse.Namespace) -> int:
    """Follow a log; a running witness sees it at once."""
    from coldtrace.seal.vkey import parse_vkey
    from coldtrace.witness import store
    from coldtrace.witness.key_folder import show_key
    from coldtrace.witness.service import follow

    vkey = parse_vkey(arguments.vkey)
    start = None if arguments.start is None else _read(arguments.start)
    kept = _store(arguments.state, create=arguments.fresh or start is not None)
    with kept.look() as connection:
        known = vkey in store.logs(connection)
    follow(kept, vkey, now=clock.now(), start=start, own=show_key(arguments.state), url=_address(arguments.url))
    print_result({"origin": vkey.name, "vkey": vkey.text(), "new": not known}, as_json=arguments.json)
    return 0


def run_logs_list(arguments: argparse.Namespace) -> int:
    """Print each log with the size that was cosigned last."""
    from coldtrace.witness import store

    with _store(arguments.state).look() as connection:
        rows = [
            {
                "origin": vkey.name,
                "vkey": vkey.text(),
                "size": None if head is None else head.size,
                "signed_at": None if head is None else _utc(head.signed_at_s),
            }
            for vkey in store.logs(connection)
            for head in [store.head_of(connection, vkey.name)]
        ]
    return _print_rows("logs", rows, as_json=arguments.json)


def run_evidence(arguments: argparse.Namespace) -> int:
    """Print what a log had signed and the witness refused; exit 1 if a fork is among it."""
    from coldtrace.witness import store

    with _store(arguments.state).look() as connection:
        found = store.evidence(connection)
    rows = [
        {
            "seen_at": _utc(each.seen_at_s),
            "origin": each.origin,
            "reason": each.reason,
            **({"request": each.request, "head": each.head_note} if arguments.json else {}),
        }
        for each in found
    ]
    _print_rows("evidence", rows, as_json=arguments.json)
    return 1 if any(each.reason == store.FORK for each in found) else 0


def run_serve(arguments: argparse.Namespace) -> int:
    """Serve until interrupted."""
    from coldtrace.witness.door import Door
    from coldtrace.witness.key_folder import load_key
    from coldtrace.witness.service import Witness

    try:
        import uvicorn
    except ModuleNotFoundError as error:
        raise ServerPartsMissing(module=error.name) from None
    name, signer = load_key(arguments.state, passphrase_file=arguments.passphrase_file)
    witness = Witness(name=name, signer=signer, kept=_store(arguments.state), fetch=_fetch)
    listener = _listen(arguments.listen)
    host, port = listener.getsockname()[:2]
    config = uvicorn.Config(
        Door(witness),
        interface="asgi3",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=128,
        timeout_graceful_shutdown=5,
    )
    # uvicorn stops cleanly on both signals and then raises them again: as an interrupt, which ends with 0 below.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    print(f"READY {json.dumps({'url': url, 'vkey': witness.vkey.text()})}", flush=True)
    try:
        uvicorn.Server(config).run(sockets=[listener])
    except KeyboardInterrupt:
        return 0
    finally:
        listener.close()
    return 0


def _listen(listen: str) -> socket.socket:
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65_535:
        raise ListenInvalid(listen=listen, reason="HOST:PORT")
    host = host.strip("[]")
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, int(port)))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise ListenInvalid(listen=listen, reason=error.strerror or str(error)) from error
    return listener


def _store(state: Path, *, create: bool = False) -> "Store":
    from coldtrace.witness.key_folder import show_key
    from coldtrace.witness.refusals import StoreLost
    from coldtrace.witness.store import Store

    show_key(state)  # a folder without a key is not a witness's: say so before a file is made in it
    if not create and not (state / STORE_FILE).exists():
        raise StoreLost(folder=str(state))
    return Store(state / STORE_FILE)


def _address(url: str | None) -> str | None:
    if url is not None and not url.startswith(("https://", "http://")):
        raise UrlInvalid(url=url)
    return url


def _fetch(url: str) -> str:
    """Return the text at an address; raise OSError or ValueError."""
    from urllib.request import urlopen

    with urlopen(url, timeout=5) as answer:
        return str(answer.read(NOTE_MAX_BYTES).decode("utf-8"))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileUnreadable(path=str(path), reason=str(error)) from error


def _utc(at_s: int) -> str:
    from datetime import UTC, datetime

    return clock.format_utc(datetime.fromtimestamp(at_s, UTC))


def _print_rows(name: str, rows: Sequence[Mapping[str, object]], *, as_json: bool) -> int:
    if as_json:
        print_result({name: rows}, as_json=True)
    elif rows:
        print_rows(list(rows[0]), rows)
    else:
        print("无 / none")
    return 0
