"""The long counts, one test file after another, resumable: `make soak`.

A file that passed at this commit is not run again; the results of the last round stand in docs/reliability.md.
Extra arguments name the files or folders to run (default: all tests).
"""

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

HEAD = """# Long counts · 长时测试

Written by `make soak`: every test with `--scale full` (properties with thousands of examples and fresh chance,
hundreds of kills, longer simulations). A file that passed at a commit is not run again at that commit, so a round may
be interrupted and taken up again.

Commit `{commit}`, {day}, Python {python}, {cores} cores. {passed} of {files} files passed.

| tests | result | seconds | last line |
| --- | --- | --- | --- |
"""


def main(chosen: list[str]) -> int:
    """Run what has not passed at this commit; return 1 if a file failed."""
    commit = _git("rev-parse", "--short=12", "HEAD")
    if _git("status", "--porcelain", "--", ".", ":!docs/reliability.md"):
        commit += "-changed"
    files = sorted(_files(chosen or ["tests"]))
    state: dict[str, dict[str, object]] = _load(commit)
    for number, file in enumerate(files, 1):
        if state.get(file, {}).get("passed"):
            continue
        print(f"[{number}/{len(files)}] {file}", flush=True)
        start = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "--scale", "full", file],
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
            "seconds": round(time.monotonic() - start, 1),
            "line": lines[-1].strip("= ") if lines else f"exit {done.returncode}",
        }
        STATE.parent.mkdir(exist_ok=True)
        STATE.write_text(json.dumps({"commit": commit, "files": state}, indent=1), encoding="utf-8")
        _report(commit, state)
    return 0 if all(state[file]["passed"] for file in files) else 1


def _files(chosen: list[str]) -> list[str]:
    found = []
    for name in chosen:
        path = (REPOSITORY / name).resolve()
        tests = path.rglob("test_*.py") if path.is_dir() else [path]
        found += [str(each.relative_to(REPOSITORY)) for each in tests]
    return found


def _load(commit: str) -> dict[str, dict[str, object]]:
    try:
        kept = json.loads(STATE.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return dict(kept["files"]) if kept.get("commit") == commit else {}


def _report(commit: str, state: dict[str, dict[str, object]]) -> None:
    passed = sum(1 for each in state.values() if each["passed"])
    text = HEAD.format(
        commit=commit,
        day=time.strftime("%Y-%m-%d"),
        python=platform.python_version(),
        cores=len(os.sched_getaffinity(0)),
        passed=passed,
        files=len(state),
    )
    for file, each in sorted(state.items()):
        text += f"| `{file}` | {'passed' if each['passed'] else 'FAILED'} | {each['seconds']} | {each['line']} |\n"
    REPORT.write_text(text, encoding="utf-8")


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
