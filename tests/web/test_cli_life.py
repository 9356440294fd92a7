"""Commands beside a running service, with its own database: they join it, and what they keep is there the next day."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from support.house import GLNS
from support.service import running_service
from support.web_calls import SAMPLE

FIRM = (
    "--role first_station --district 120116 --name-zh 口岸 --name-en Port"
    " --uscc 91120116MA05TE5T1N --firm-zh 企业 --firm-en Firm"
)


def run(data_dir: Path, *arguments: object) -> tuple[int, dict[str, Any]]:
    """Run a command as a person would, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "coldtrace", *(str(each) for each in arguments), "--json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "COLDTRACE_DATA_DIR": str(data_dir)},
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_two_days_of_an_installation(tmp_path: Path) -> None:
    data_dir, workbook = tmp_path / "my data", tmp_path / "list.xlsx"
    workbook.write_bytes(SAMPLE)
    with running_service(data_dir, demo_world=False) as service:
        site = run(data_dir, "sites", "register", "--gln", next(iter(GLNS.values())), *FIRM.split())
        assert site[0] == 0
        status, imported = run(data_dir, "import", workbook)
        assert (status, imported["cartons"]) == (0, 1200)
        assert run(data_dir, "reset", "--yes") == (
            2,
            {**run(data_dir, "reset", "--yes")[1], "code": "data_folder_in_use"},
        )
        token = service.token
        assert token is not None

    assert run(data_dir, "import", workbook)[1]["code"] == "declaration_imported", "without a service too"

    with running_service(data_dir, demo_world=False) as service:
        assert service.token == token
        headers = {"Authorization": f"Bearer {token}"}
        again = httpx.post(
            f"{service.url}/api/v1/imports", files={"file": ("a.xlsx", SAMPLE)}, headers=headers, timeout=60
        )
        assert (again.status_code, again.json()["code"]) == (409, "declaration_imported")

    assert run(data_dir, "reset", "--yes")[0] == 0
    assert {path.name for path in data_dir.iterdir()} <= {"postgres.lock"}
