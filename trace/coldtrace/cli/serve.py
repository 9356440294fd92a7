"""`coldtrace serve`: the service, with the embedded database when no URL is given."""

import argparse
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from coldtrace.cli.address import forget_address, write_address
from coldtrace.cli.demo_command import PRODUCTION, DemoRefused, with_demo_roads
from coldtrace.cli.output import COULD_NOT_RUN, print_refusal
from coldtrace.cli.reset import wipe
from coldtrace.errors import Refusal, Words

SOMEBODYS = Words(
    "该数据目录里有不属于演示的机构（{uscc}）。请去掉 --demo-world，或用 COLDTRACE_DATA_DIR 指定一个空目录。",
    "this data folder has an organisation that is none of the demo's ({uscc}). Leave out --demo-world, or choose an"
    " empty folder with COLDTRACE_DATA_DIR.",
)
GARBAGE = 50_000
"""New objects after which Python looks for rings among them; a batch of a thousand statements makes more."""

if TYPE_CHECKING:
    import uvicorn

    from coldtrace.cli.installation import Installation
    from coldtrace.settings import Settings
    from coldtrace.web.demo_world import DemoWorld


class PortTaken(Refusal):
    """Another program listens there."""

    code = "port_taken"
    title = Words("端口被占用", "Port taken")
    detail = Words(
        "{host}:{port} 已被其他程序占用（{reason}）。请停止它，或设置 COLDTRACE_PORT 换一个端口。",
        "{host}:{port} is taken or not ours ({reason}). Stop the other program, or choose another port with"
        " COLDTRACE_PORT.",
    )


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `serve`."""
    parser = commands.add_parser("serve", help="启动服务 / run the service")
    parser.add_argument("--host")
    parser.add_argument("--port", type=int)
    parser.add_argument("--demo-world", action="store_true", help="首次启动时建立演示数据 / fill a new installation")
    parser.add_argument("--json", action="store_true", help="只输出 READY 行 / print the READY line only")
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    """Run until interrupted; returns 0 after a clean stop."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.settings import load_settings

    chosen = {name: value for name in ("host", "port") if (value := getattr(arguments, name)) is not None}
    settings = load_settings(**chosen)
    say = _silent if arguments.json else _say
    if arguments.demo_world and settings.env == "production":
        # Not passed over: whoever asked would look for the demo's people in vain, or believe that they are there.
        return print_refusal(
            DemoRefused(reason_zh=PRODUCTION.zh, reason_en=PRODUCTION.en), as_json=arguments.json, status=COULD_NOT_RUN
        )
    if arguments.demo_world:
        settings = with_demo_roads(settings)
    listener = _listen(settings.host, settings.port)
    # SIGTERM is a clean stop too, also while the database is still starting.
    signal.signal(signal.SIGTERM, _interrupt)
    started = time.monotonic()
    try:
        while True:
            say(f"打开数据目录 {settings.data_dir} … / opening the data folder")
            with open_installation(settings, keep=True, create=True) as installation:
                say(f"数据库就绪（{time.monotonic() - started:.1f} 秒）/ database ready")
                if arguments.demo_world and (whose := _somebodys(installation)) is not None:
                    reason = {
                        "reason_zh": SOMEBODYS.zh.format(uscc=whose),
                        "reason_en": SOMEBODYS.en.format(uscc=whose),
                    }
                    return print_refusal(DemoRefused(**reason), as_json=arguments.json, status=COULD_NOT_RUN)
                begins_anew = _serve(installation, listener, demo_world=arguments.demo_world, say=say)
            if not begins_anew:
                return 0
            # The port stays ours all the while: whoever calls now waits in line, and finds the new world.
            say("清空演示数据 / wiping the demo")
            wipe(settings)
            started = time.monotonic()
    except KeyboardInterrupt:
        return 0
    finally:
        listener.close()


def _somebodys(installation: "Installation") -> str | None:
    """Return an organisation of somebody's own where the demo was never made, None where it may be."""
    from coldtrace.cli.demo.world import has_world, stranger

    if has_world(installation.settings.data_dir):
        return None
    with installation.sessions() as session:
        return stranger(session)


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def _listen(host: str, port: int) -> socket.socket:
    """Take the port before anything else is started."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)  # bound alone, a second start could still take it; early callers wait in line
    except OSError as error:
        listener.close()
        raise PortTaken(host=host, port=port, reason=error.strerror or str(error)) from error
    listener.set_inheritable(False)
    return listener


def _serve(
    installation: "Installation", listener: socket.socket, *, demo_world: bool, say: Callable[[str], None]
) -> bool:
    """Serve until somebody stops it; return whether the demo is to begin anew."""
    import uvicorn

    from coldtrace.cli.installation import development_token
    from coldtrace.web.app import create_app

    settings = installation.settings
    if installation.roles.trouble is not None:
        _say(installation.roles.trouble.say("zh"))
        _say(installation.roles.trouble.say("en"))
    again = threading.Event()
    demo = _demo_of(settings, reset=again.set) if demo_world else None
    app = create_app(
        settings,
        installation.env,
        installation.engine,
        sequencer_engine=installation.sequencer,
        notices=[] if installation.roles.trouble is None else [installation.roles.trouble],
        demo=demo,
    )
    token = development_token(installation)
    host, port = listener.getsockname()[:2]
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, timeout_graceful_shutdown=5, server_header=False
    )
    server = uvicorn.Server(config)
    stopping = threading.Event()
    opener = threading.Thread(
        target=_open_doors,
        args=(installation, server, stopping),
        kwargs={"url": url, "token": token, "demo": demo, "say": say},
        name="opener",
        daemon=True,
    )
    ender = threading.Thread(target=_end_for_another, args=(again, stopping, server), name="ender", daemon=True)
    opener.start()
    ender.start()
    try:
        # The server closes what it is given; the port itself outlives it, for a demo that begins anew.
        server.run(sockets=[listener.dup()])
    finally:
        stopping.set()
        opener.join(timeout=10)
        ender.join(timeout=10)
        forget_address(settings.data_dir)
    if again.is_set():
        return True
    say("已停止，数据保留 / stopped, the data stay")
    return False


def _end_for_another(again: threading.Event, stopping: threading.Event, server: "uvicorn.Server") -> None:
    """End the server once a reset is asked for: by its own flag, so that every answer under way still leaves."""
    while not stopping.wait(0.1):
        if again.is_set():
            server.should_exit = True
            return


def _demo_of(settings: "Settings", *, reset: Callable[[], None]) -> "DemoWorld":
    """Return what the application is told of its demo: a database that is somebody's own is never wiped."""
    from coldtrace.cli.demo.world import made_at
    from coldtrace.web.demo_world import DemoWorld

    made = made_at(settings.data_dir)
    return DemoWorld(reset=reset if settings.database_url is None else None, made_at=made, is_making=made is None)


def _open_doors(
    installation: "Installation",
    server: "uvicorn.Server",
    stopping: threading.Event,
    *,
    url: str,
    token: str | None,
    demo: "DemoWorld | None",
    say: Callable[[str], None],
) -> None:
    """Wait until the service answers, fill a new installation, and say what to open."""
    import httpx

    from coldtrace.cli.demo.patience import DemoFailed
    from coldtrace.cli.demo.world import consumer_url, has_world, made_at, make_world

    while not server.started:
        if stopping.wait(0.02):
            return
    data_dir, missing = installation.settings.data_dir, None
    if demo is not None and token is not None and not has_world(data_dir):
        try:
            make_world(installation, url=url, token=token, say=say, stopping=stopping)
            demo.made_at = made_at(data_dir)
        except (DemoFailed, Refusal, httpx.HTTPError, OSError, subprocess.SubprocessError) as error:
            # The service itself is up; a demo that failed is told, not hidden, and does not take it down.
            missing = str(error) or type(error).__name__
        finally:
            demo.is_making = False
    if stopping.is_set():
        return
    write_address(data_dir, url)
    labels = data_dir / "sample-labels.pdf"
    say("")
    say(f"打开 / open          {url}")
    say(f"接口 / API           {url}/api/docs")
    consumer = consumer_url(data_dir, url)
    if consumer:
        say(f"消费者 / consumer    {consumer}")
    if labels.exists():
        say(f"标签 / labels        {os.path.relpath(labels)}")
    say("停止 / stop          Ctrl-C\n")
    if missing is not None:
        _say(_NO_WORLD.say("zh", reason=missing))
        _say(_NO_WORLD.say("en", reason=missing))
    ready = {
        "url": url,
        "token": token,
        "consumer_url": consumer,
        "labels": str(labels.absolute()) if labels.exists() else None,
    }
    # What the start made stays: a collection that walks through all of it stops every request for a while.
    gc.collect()
    gc.freeze()
    # A batch of scans makes thousands of objects and no rings of them; at 700 each batch was walked through many times.
    gc.set_threshold(GARBAGE, 20, 20)
    print(f"READY {json.dumps(ready, ensure_ascii=False)}", flush=True)


_NO_WORLD = Words(
    "没有演示数据（{reason}）：服务本身已就绪。要建立演示数据，请在另一个终端运行 coldtrace demo，或停止后重新启动。",
    "There is NO demo world ({reason}); the service itself is ready. To make it, run `coldtrace demo` in another"
    " terminal, or stop and start again.",
)


def _silent(line: str) -> None:
    """Say nothing: a program asked."""


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
