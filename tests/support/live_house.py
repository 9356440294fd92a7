"""A data folder, its commands as processes, and devices that speak over HTTP to the service that runs from it."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from coldtrace import clock
from coldtrace.cli.installation import PASSPHRASE_FILE, open_installation, prepare_keys
from coldtrace.env import FIRST_LOG, Env, Keyring, Log
from coldtrace.events.enrolment import make_request, read_invite
from coldtrace.events.statement import Statement
from coldtrace.parties.model import Site, SiteRole
from coldtrace.seal.device_request import sign_request
from coldtrace.seal.keys import Ed25519Signer
from coldtrace.seal.vkey import Vkey, parse_vkey
from coldtrace.settings import load_settings
from support.house import DISTRICTS, GLNS, Handheld
from support.web_house import STATEMENTS

FIRM = ("--name-zh", "口岸", "--name-en", "Port", "--firm-zh", "滨海远洋", "--firm-en", "Binhai")
GLN = GLNS[SiteRole.FIRST_STATION]
DISTRICT = DISTRICTS[SiteRole.FIRST_STATION]


@dataclass(frozen=True)
class LiveHouse:
    """An installation in a data folder, with one registered first station."""

    data_dir: Path

    def run(self, *words: object) -> tuple[int, dict[str, Any]]:
        """Run a command as a person would; return its exit code and the object that it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "coldtrace", *map(str, words), "--json"],
            env=os.environ | {"COLDTRACE_DATA_DIR": str(self.data_dir)},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    def found(self) -> Vkey:
        """Make the installation with its station and return the key of its log."""
        with open_installation(load_settings(data_dir=self.data_dir), create=True):
            pass
        place = ("--gln", GLN, "--role", "first_station", "--district", DISTRICT)
        status, told = self.run("sites", "register", *place, *FIRM, "--uscc", "91120116MA05TE5T1N")
        assert status == 0, told
        return parse_vkey(self.run("ledger", "list")[1]["logs"][0]["vkey"])

    def enrol(self, client: httpx.Client, token: str, *, log: Vkey) -> Handheld:
        """Invite and enrol a device at the running service that the client speaks to."""
        said = client.post(
            "/api/v1/devices/invites", json={"site": GLN}, headers={"Authorization": f"Bearer {token}"}
        ).json()
        invite = read_invite(said["invite"])
        signer = Ed25519Signer.generate()
        request, request_sig = make_request(net=invite.net, token=invite.token, signer=signer)
        answer = client.post(
            "/api/v1/devices/enrol", json={"request": request, "request_sig": request_sig, "token": invite.token}
        )
        assert answer.status_code == 201, answer.text
        env = Env(
            net=invite.net,
            log=Log(id=FIRST_LOG, origin=log.name),
            public_host="trace.example.cn",
            keyring=Keyring(self.data_dir / "keys"),
        )
        site = Site(
            gln=GLN,
            operator_id=UUID(int=0),
            name_zh="口岸",
            name_en="Port",
            role=SiteRole.FIRST_STATION,
            district=DISTRICT,
        )
        return Handheld(env=env, site=site, signer=signer)


def make_hosts(folder: Path, *names: str) -> list[LiveHouse]:
    """Make data folders with the same keys, for hosts that share the database of COLDTRACE_DATABASE_URL."""
    made = [LiveHouse(folder / name) for name in names]
    prepare_keys(load_settings(data_dir=made[0].data_dir))
    for other in made[1:]:
        other.data_dir.mkdir(mode=0o700)
        shutil.copytree(made[0].data_dir / "keys", other.data_dir / "keys")
        shutil.copy(made[0].data_dir / PASSPHRASE_FILE, other.data_dir / PASSPHRASE_FILE)
    return made


def send(client: httpx.Client, device: Handheld, statements: list[Statement]) -> httpx.Response:
    """Send statements as coldscan does and return the answer as it is."""
    return _post(client, device, [each.to_json() for each in statements])


def send_alone(client: httpx.Client, device: Handheld, statement: Statement) -> httpx.Response:
    """Send one statement as an object, which the service joins with others of the same moment."""
    return _post(client, device, statement.to_json())


def _post(client: httpx.Client, device: Handheld, value: object) -> httpx.Response:
    body = json.dumps(value).encode()
    authorization = sign_request(
        signer=device.signer, net=device.env.net, method="POST", path=STATEMENTS, body=body, at=clock.now()
    )
    headers = {"Authorization": authorization, "Content-Type": "application/json"}
    return client.post(STATEMENTS, content=body, headers=headers)
