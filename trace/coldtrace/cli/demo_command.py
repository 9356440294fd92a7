"""`coldtrace demo`: run the story against the running service, or against one of its own."""

import argparse
import json
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Final

from coldtrace.errors import Refusal, Words

if TYPE_CHECKING:
    from coldtrace.settings import Settings

PRODUCTION = Words(
    "正式环境（COLDTRACE_ENV=production）不建立演示数据和演示账号。请换一个数据目录（COLDTRACE_DATA_DIR）并去掉该设置",
    "production (COLDTRACE_ENV=production) has no demo world and no demo people. Take another data folder"
    " (COLDTRACE_DATA_DIR) and leave that setting out",
)


ROADS: Final = {"same_city_min": 0}
"""The demo's goods cross their city in seconds, by the clocks of real handhelds, which claim no other time than theirs.

So a service that is started for the demo times no road within one city, unless somebody chose a time for it.
"""


def with_demo_roads(settings: "Settings") -> "Settings":
    """Return the settings of a service that is started for the demo: its sweep finds nothing in the demo's story."""
    return settings.model_copy(update={"case_sweep": {**ROADS, **(settings.case_sweep or {})}})


class DemoRefused(Refusal):
    """The story did not end well."""

    code = "demo_failed"
    title = Words("演示失败", "The demo failed")
    detail = Words("演示失败：{reason_zh}", "The demo failed: {reason_en}")


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `demo`."""
    parser = commands.add_parser("demo", help="演示全程 / run the whole road")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    """Tell the story with the time of each step; exit 0 when every check held, 1 otherwise."""
    import httpx

    from coldtrace.cli.address import service_address
    from coldtrace.cli.demo.patience import DemoFailed
    from coldtrace.cli.demo.world import consumer_url, make_world
    from coldtrace.cli.installation import development_token, open_installation
    from coldtrace.cli.output import print_refusal, print_result
    from coldtrace.settings import load_settings

    settings = load_settings()
    started = time.monotonic()
    noted = service_address(settings.data_dir)
    # A service that was killed leaves its note behind, so it is asked before it is believed.
    url = noted if noted is not None and _answers(noted) else f"http://{settings.host}:{settings.port}"
    child = None if _answers(url) else _start_service(settings)
    try:
        with open_installation(settings, create=True) as installation:
            token = development_token(installation)
            if token is None:
                return print_refusal(
                    DemoRefused(reason_zh=PRODUCTION.zh, reason_en=PRODUCTION.en), as_json=arguments.json
                )
            try:
                story = make_world(installation, url=url, token=token, say=_say, stopping=threading.Event())
            except DemoFailed as error:
                return print_refusal(DemoRefused(reason_zh=error.zh, reason_en=error.en), as_json=arguments.json)
            except (httpx.HTTPError, OSError, subprocess.SubprocessError) as error:
                return print_refusal(_broken(str(error) or type(error).__name__), as_json=arguments.json)
            took = time.monotonic() - started
            _say(f"{took:6.1f} s  合计 / total")
            result = {
                "ok": True,
                "seconds": round(took, 1),
                "steps": [{"name": step.name, "seconds": step.seconds} for step in story.steps],
                "scans": story.scans,
                "cartons": sum(len(pallet.cartons) for pallet in story.pallets),
                "pallets": len(story.pallets),
                "sold": len(story.sold),
                "consumer_url": consumer_url(settings.data_dir, url),
                "labels": str(settings.data_dir / "sample-labels.pdf"),
            }
            if arguments.json:
                print_result(result, as_json=True)
            else:
                _say("")
                _say(f"打开 / open: {result['consumer_url']}")
                if child is not None:
                    _say("服务随演示结束而停止；用 make run 再次打开 / the service stops with the demo: make run")
            return 0
    finally:
        if child is not None:
            child.terminate()
            child.wait(timeout=30)


def _broken(reason: str) -> DemoRefused:
    """Return the refusal for a reason that comes in one language only."""
    return DemoRefused(reason_zh=reason, reason_en=reason)


def _answers(url: str) -> bool:
    import httpx

    try:
        return bool(httpx.get(f"{url}/healthz", timeout=2).json() == {"status": "ok"})
    except (httpx.HTTPError, ValueError):
        return False


def _start_service(settings: "Settings") -> "subprocess.Popen[str]":
    """Start the service in a process of its own and wait until it says READY."""
    times = (with_demo_roads(settings).case_sweep or {}).items()
    sweep = "COLDTRACE_CASE_SWEEP=" + ", ".join(f"{name}={value}" for name, value in times)
    child = subprocess.Popen(
        ["env", sweep, sys.executable, "-m", "coldtrace", "serve", "--json", "--port", str(settings.port)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    for line in child.stdout:
        if line.startswith("READY "):
            json.loads(line.removeprefix("READY "))
            return child
    child.wait()
    raise DemoRefused(
        reason_zh="服务没有启动，原因见上文", reason_en="the service did not start; its own message stands above"
    )


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
