"""The whole round: every thing of `model.THINGS`, in its order.

Nothing is changed, started or mended, so a doctor may be run beside a service at any time, and where there is none.
"""

import http.client
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from coldtrace.db.embedded import announced_url
from coldtrace.doctor.folder import disk_finding, key_findings, marked_backup, programs_finding
from coldtrace.doctor.model import THINGS, Finding, Outcome
from coldtrace.doctor.outside import PATIENCE_S, mail_finding, printer_findings, public_host_findings, reason_of
from coldtrace.doctor.records import database_findings
from coldtrace.env import Env
from coldtrace.errors import Refusal, Words
from coldtrace.settings import Settings

Clock = Callable[[], datetime]


def examine(
    settings: Settings,
    *,
    clock: Clock,
    passphrase_file: Path,
    make_env: Callable[[], Env],
    service: Finding,
) -> list[Finding]:
    """Look at everything and say what was found.

    `make_env` gives the Env of the key folder once its keys were read; `service` is what was seen of the service
    (`service_finding`).
    """
    keys = key_findings(settings, passphrase_file=passphrase_file)
    env = None
    if all(each.outcome is Outcome.PASSED for each in keys):
        try:
            env = make_env()
        except Refusal as refusal:
            keys[-1] = Finding(thing="keys", outcome=Outcome.FAILED, says=Words(refusal.say("zh"), refusal.say("en")))
    own = settings.database_url is None
    url = announced_url(settings.data_dir) if own else settings.database_url
    found = [
        disk_finding(settings.data_dir),
        *keys,
        programs_finding(settings),
        *database_findings(
            url, env, clock=clock, is_own=own, is_served=service.outcome in (Outcome.PASSED, Outcome.LOOK)
        ),
        service,
        *public_host_findings(settings, clock=clock),
        *printer_findings(settings.printers),
        mail_finding(settings.smtp_url),
        marked_backup(settings, now=clock()),
    ]
    return in_order(found)


def in_order(findings: Sequence[Finding]) -> list[Finding]:
    """Return findings in the order of the things that they are about."""
    order = list(THINGS)
    return sorted(findings, key=lambda each: order.index(each.thing))


def service_finding(address: str | None) -> Finding:
    """Ask the service at its address whether it is ready; None: it has left no address, so none is running."""
    if address is None:
        return Finding(
            thing="service",
            outcome=Outcome.NOT_CHECKED,
            says=Words("本数据目录没有运行中的服务", "no service of this data folder is running"),
            do=Words("启动：coldtrace serve", "Start it: coldtrace serve"),
        )
    parts = urlsplit(address)
    line = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=PATIENCE_S)
    try:
        line.request("GET", "/readyz", headers={"Accept": "application/json"})
        answer = line.getresponse()
        body = json.loads(answer.read(1 << 20))
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = reason_of(error)
        return Finding(
            thing="service",
            outcome=Outcome.FAILED,
            says=Words(f"{address}：没有应答（{reason}）", f"{address}: no answer ({reason})"),
            do=Words("请查看服务的日志，并重新启动。", "Read the service's log and start it again."),
        )
    finally:
        line.close()
    return readiness_finding(address, status=answer.status, body=body if isinstance(body, dict) else {})


def readiness_finding(address: str, *, status: int, body: dict[str, object]) -> Finding:
    """Say what /readyz answered: its alarms first, then its warnings."""
    alarms, warned = body.get("alarms"), body.get("warnings")
    do = Words("含义见 docs/guides/run-in-production.md。", "docs/guides/run-in-production.md says what they mean.")
    if status != http.client.OK:
        codes = ", ".join(str(each.get("code")) for each in alarms) if isinstance(alarms, list) else str(status)
        says = Words(f"{address}：报警 {codes}", f"{address}: alarms: {codes}")
        return Finding(thing="service", outcome=Outcome.FAILED, says=says, do=do)
    if isinstance(warned, list) and warned:
        codes = ", ".join(map(str, warned))
        says = Words(f"{address}：就绪；提醒 {codes}", f"{address}: ready; warnings: {codes}")
        return Finding(thing="service", outcome=Outcome.LOOK, says=says, do=do)
    return Finding(thing="service", outcome=Outcome.PASSED, says=Words(f"{address}：就绪", f"{address}: ready"))
