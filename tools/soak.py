"""The long counts, one test file after another, resumable: `make soak`.

A file that passed at this commit is not run again; the last result of each file stands in docs/reliability.md.
Extra arguments name the files or folders to run (default: all tests).  What a test prints behind `counted: ` stands in
the table, and how busy the machine was: a slow round on a busy machine is no slow program.  With `--minutes N` tests
that kill stop killing after so long; how many of their kills were done stands in the table.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
STATE = REPOSITORY / "var" / "soak.json"
REPORT = REPOSITORY / "docs" / "reliability.md"
COUNTED = "counted: "
PASSED = "passed"
UNWATCHED = ("-o", "faulthandler_timeout=0")
"""A long test is no stuck one, and showing where it is may end it: CPython reads the stack of a thread that goes on
meanwhile, and dies of it now and then (python/cpython#140815)."""

HEAD = """# Long counts · 长时测试

Written by `make soak`: every test with `--scale full` (properties with thousands of examples and fresh chance,
hundreds of kills, longer simulations). A file that passed at a commit is not run again at that commit, so a round may
be interrupted and taken up again.

Written {day}, Python {python}, {cores} cores. {passed} of {files} files passed, each at its commit.

| tests | commit | result | begun (UTC) | seconds | load before, after | last line | counted |
| --- | --- | --- | --- | --- | --- | --- | --- |
"""


def main(arguments: list[str]) -> int:
    """Run what has not passed at this commit; return 1 if a file failed."""
    parser = argparse.ArgumentParser(description="The long counts.")
    parser.add_argument("chosen", nargs="*", metavar="file")
    parser.add_argument("--minutes", type=float)
    given = parser.parse_args(arguments)
    chosen: list[str] = given.chosen
    limits = [] if given.minutes is None else ["--minutes", str(given.minutes)]
    commit = _git("rev-parse", "--short=12", "HEAD")
    if _git("status", "--porcelain", "--", ".", ":!docs/reliability.md"):
        commit += "-changed"
    files = sorted(_files(chosen or ["tests"]))
    state: dict[str, dict[str, object]] = _load()
    for number, file in enumerate(files, 1):
        before = state.get(file, {})
        if before.get("commit") == commit and before.get("passed") and before.get("minutes") in (None, given.minutes):
            continue
        print(f"[{number}/{len(files)}] {file}", flush=True)
        start, begun, busy = time.monotonic(), time.strftime("%Y-%m-%d %H:%M", time.gmtime()), os.getloadavg()[0]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-rP", "--scale", "full", *UNWATCHED, *limits, file],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        lines = [line for line in done.stdout.splitlines() if " passed" in line or " failed" in line]
        if done.returncode:
            print(done.stdout)
        state[file] = {
            "passed": done.returncode == 0,
            "commit": commit,
            "minutes": given.minutes,
            "begun": begun,
            "load": f"{busy:.1f}, {os.getloadavg()[0]:.1f}",
            "counted": "; ".join(
                line.removeprefix(COUNTED) for line in done.stdout.splitlines() if line.startswith(COUNTED)
            ),
            "seconds": round(time.monotonic() - start, 1),
            "line": lines[-1].strip("= ") if lines else f"exit {done.returncode}",
        }
        STATE.parent.mkdir(exist_ok=True)
        STATE.write_text(json.dumps({"files": state}, indent=1), encoding="utf-8")
        _report(state)
    return 0 if all(state[file]["passed"] for file in files) else 1


def _files(chosen: list[str]) -> list[str]:
    found = []
    for name in chosen:
        path = (REPOSITORY / name).resolve()
        tests = path.rglob("test_*.py") if path.is_dir() else [path]
        found += [str(each.relative_to(REPOSITORY)) for each in tests]
    return found


def _load() -> dict[str, dict[str, object]]:
    try:
        kept = json.loads(STATE.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {file: each for file, each in kept["files"].items() if "commit" in each}


def _report(state: dict[str, dict[str, object]]) -> None:
    rows = _kept_rows() | {file: _row(file, each) for file, each in state.items()}
    text = HEAD.format(
        day=time.strftime("%Y-%m-%d"),
        python=platform.python_version(),
        cores=len(os.sched_getaffinity(0)),
        passed=sum(1 for row in rows.values() if f"| {PASSED} |" in row),
        files=len(rows),
    )
    REPORT.write_text(text + "".join(f"{row}\n" for _, row in sorted(rows.items())), encoding="utf-8")


def _kept_rows() -> dict[str, str]:
    """Return the rows of the report by their file: what was counted elsewhere stays in it."""
    try:
        lines = REPORT.read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    return {line.split("`")[1]: line for line in lines if line.startswith("| `")}


def _row(file: str, each: dict[str, object]) -> str:
    cells = [
        f"`{file}`",
        f"`{each['commit']}`",
        PASSED if each["passed"] else "FAILED",
        *(each[name] for name in ("begun", "seconds", "load", "line", "counted")),
    ]
    return f"| {' | '.join(map(str, cells))} |"


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
