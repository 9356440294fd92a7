"""The demo world: made once by the story, kept in the data folder, shown on the front page."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.cli.demo.papers import add_papers
from coldtrace.cli.demo.people import ELSEWHERE
from coldtrace.cli.demo.proofs import check_page, check_proof, check_refusals
from coldtrace.cli.demo.samples import write_samples
from coldtrace.cli.demo.service import Service
from coldtrace.cli.demo.sites import SITES
from coldtrace.cli.demo.story import Story
from coldtrace.cli.installation import Installation

WORLD_FILE = "demo.json"


def has_world(data_dir: Path) -> bool:
    """Tell whether the story was told here to its end."""
    return (data_dir / WORLD_FILE).exists()


def stranger(session: Session) -> str | None:
    """Return the credit code of an organisation that is none of the demo's, None without one.

    Where the story was not told to its end yet, that is somebody's own installation: nobody's name and password are
    put beside it for all to read, and nothing of it is offered for wiping.
    """
    known = sorted({*(each.uscc for each in SITES), *(uscc for uscc, _, _ in ELSEWHERE.values())})
    found: str | None = session.execute(
        text("SELECT min(uscc) FROM operator WHERE uscc <> ALL(CAST(:known AS text[]))"), {"known": known}
    ).scalar_one()
    return found


def made_at(data_dir: Path) -> datetime | None:
    """Return when the story was told here to its end, None before."""
    try:
        return datetime.fromtimestamp((data_dir / WORLD_FILE).stat().st_mtime, UTC)
    except FileNotFoundError:
        return None


def consumer_url(data_dir: Path, url: str) -> str | None:
    """Return the link of the box that the last story sold, on this server."""
    path = data_dir / WORLD_FILE
    if not path.exists():
        return None
    return url + str(json.loads(path.read_text(encoding="utf-8"))["box"]["url"])


def make_world(
    installation: Installation, *, url: str, token: str, say: Callable[[str], None], stopping: Event
) -> Story:
    """Tell the story over HTTP against the running service, check its end, and leave the world to click through."""
    service = Service(url, token)
    story = Story(installation=installation, service=service, say=say, stopping=stopping)
    try:
        say("建立演示数据 / making the demo world")
        story.tell()
        with story.step("消费者页面（中、英）", "consumer's page opened, zh and en"):
            check_page(story)
        with story.step("篡改码、外来码被拒绝", "tampered and foreign codes refused"):
            check_refusals(story)
        with story.step("离线验证一箱的日志证明", "one box proven against the log, offline"):
            check_proof(story)
        with (
            story.step("单证规则与一份单证", "a policy of papers, and one paper"),
            installation.sessions.begin() as session,
        ):
            add_papers(session, installation.env)
        with story.step("样例标签", "sample labels"):
            samples = write_samples(story)
        _write(installation.settings.data_dir / WORLD_FILE, samples)
    finally:
        service.close()
    return story


def _write(path: Path, samples: dict[str, object]) -> None:
    part = path.with_suffix(".part")
    part.write_text(json.dumps(samples, ensure_ascii=False, indent=1), encoding="utf-8")
    os.replace(part, path)
