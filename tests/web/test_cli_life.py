"""Commands beside a running service, with its own database: they join it, and what they keep is there the next day."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text

from coldtrace.cli.installation import open_installation
from coldtrace.seal.root_document import parse_root
from coldtrace.seal.trust_list import open_trust_list
from coldtrace.settings import load_settings
from support.call_scene import SAMPLE
from support.house import GLNS
from support.service import running_service

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


def test_a_key_is_rotated_beside_the_running_service(tmp_path: Path) -> None:
    """Two processes: the service draws with the new key at once, and with none when the last one is retired."""
    data_dir, workbook = tmp_path / "my data", tmp_path / "list.xlsx"
    workbook.write_bytes(SAMPLE)
    gln = next(iter(GLNS.values()))
    with running_service(data_dir, demo_world=False) as service:
        assert run(data_dir, "sites", "register", "--gln", gln, *FIRM.split())[0] == 0
        (old,) = code_keys(service.url)

        def send() -> httpx.Response:
            headers = {"Authorization": f"Bearer {service.token}"}
            files = {"file": ("a.xlsx", SAMPLE)}
            return httpx.post(f"{service.url}/api/v1/imports", files=files, headers=headers, timeout=120)

        def drawn_with() -> set[str]:
            with (
                open_installation(load_settings(data_dir=data_dir)) as installation,
                installation.sessions() as session,
            ):
                return set(session.execute(text("SELECT DISTINCT kid FROM issued_code")).scalars())

        first = send()
        assert first.status_code == 201, first.text
        assert drawn_with() == {old}
        assert run(data_dir, "import", "--undo", first.json()["consignment"])[0] == 0
        status, rotated = run(data_dir, "keys", "rotate", "--site", gln)
        assert (status, rotated["replaces"]) == (0, [old])
        assert code_keys(service.url) == {old: "verify-only", rotated["kid"]: "active"}
        second = send()
        assert second.status_code == 201, second.text
        assert rotated["kid"] in drawn_with()
        assert run(data_dir, "import", "--undo", second.json()["consignment"])[0] == 0

        assert run(data_dir, "keys", "retire", rotated["kid"])[0] == 0
        refused = send()
        assert (refused.status_code, refused.json()["code"]) == (503, "no_code_key")
        assert httpx.get(f"{service.url}/readyz").json() == {"status": "ready", "warnings": ["code_key_ends"]}


def code_keys(url: str) -> dict[str, str]:
    """Return the state of each code key on the list that a running service serves."""
    envelope = httpx.get(f"{url}/api/v1/trust-list", timeout=60).json()
    root = parse_root(httpx.get(f"{url}/api/v1/root", timeout=60).text)
    return {key.kid: key.st for key in open_trust_list(envelope, root=root).keys if key.use == "code"}
