"""What counts as well: pure comparisons of what was measured.

Each limit has its reason beside it.  What stops the service or breaks a promise is `failed`; what will do so unless a
person acts is `look`.
"""

from datetime import datetime, timedelta

from coldtrace.clock import format_utc
from coldtrace.doctor.model import Finding, Outcome
from coldtrace.errors import Words

CLOCK_LOOK_S, CLOCK_FAILED_S = 2.0, 60.0
"""Receipts and codes of sign-in (30 s) go by the clock; a minute off makes statements of devices look late or early."""
CERTIFICATE_LOOK, CERTIFICATE_FAILED = timedelta(days=21), timedelta(days=3)
"""Certificates that renew themselves do so 30 days before their end."""
LIST_RENEWED_AT = 0.5
"""The running service renews the list after half of its life."""
FREE_LOOK_BYTES, FREE_FAILED_BYTES = 2 << 30, 256 << 20
"""Less than 48 MiB stop the embedded database; WAL alone may grow to 512 MiB between two checkpoints."""
PROMISED_S, SLOW_S = 60.0, 5.0
"""Receipts promise a place in the log within a minute; usual is a fraction of a second."""
BACKUP_LOOK, BACKUP_FAILED = timedelta(hours=26), timedelta(days=7)
"""A nightly backup, and a little; a week without one is no backup."""


def clock_finding(
    thing: str, *, before: datetime, theirs: datetime, after: datetime, precision_s: float = 0.0
) -> Finding:
    """Compare our clock with another one that was asked in between; only what the asking cannot explain counts.

    >>> from datetime import UTC
    >>> at = datetime(2026, 12, 1, 8, tzinfo=UTC)
    >>> clock_finding("database_clock", before=at, theirs=at + timedelta(seconds=90), after=at).outcome
    <Outcome.FAILED: 'failed'>
    """
    ahead = (theirs - after).total_seconds()
    behind = (before - theirs).total_seconds() - precision_s
    off = max(ahead, behind, 0.0)
    if off <= CLOCK_LOOK_S:
        says = Words(f"相差不到 {CLOCK_LOOK_S:.0f} 秒", f"less than {CLOCK_LOOK_S:.0f} s apart")
        return Finding(thing=thing, outcome=Outcome.PASSED, says=says)
    says = (
        Words(f"对方时钟比本机慢 {off:.0f} 秒", f"their clock is {off:.0f} s behind ours")
        if behind > ahead
        else Words(f"对方时钟比本机快 {off:.0f} 秒", f"their clock is {off:.0f} s ahead of ours")
    )
    return Finding(
        thing=thing,
        outcome=Outcome.LOOK if off <= CLOCK_FAILED_S else Outcome.FAILED,
        says=says,
        do=Words(
            "请在两台机器上启用时间同步（如 chrony），再重新检查。",
            "Keep both machines' clocks with NTP (chrony, systemd-timesyncd), then look again.",
        ),
    )


def certificate_finding(host: str, *, ends: datetime, now: datetime) -> Finding:
    """Say how long the certificate of a host is good."""
    left = ends - now
    says = Words(
        f"{host}：有效至 {format_utc(ends)}（剩 {left.days} 天）",
        f"{host}: good until {format_utc(ends)} ({left.days} days left)",
    )
    if left > CERTIFICATE_LOOK:
        return Finding(thing="public_host", outcome=Outcome.PASSED, says=says)
    return Finding(
        thing="public_host",
        outcome=Outcome.LOOK if left > CERTIFICATE_FAILED else Outcome.FAILED,
        says=says,
        do=Words("请续签反向代理上的证书。", "Renew the certificate at the reverse proxy."),
    )


def trust_list_finding(*, seq: int, issued: datetime, expires: datetime, now: datetime, is_offline: bool) -> Finding:
    """Say how old the newest trust list is; `is_offline`: its roots are not on this machine."""
    facts = Words(
        f"第 {seq} 号，{format_utc(issued)} 发布，{format_utc(expires)} 到期",
        f"number {seq}, issued {format_utc(issued)}, expires {format_utc(expires)}",
    )
    due = issued + (expires - issued) * LIST_RENEWED_AT
    do = (
        Words(
            "根密钥不在本机：运行 coldtrace trust-list publish --offline FILE，由持有人签名后发布。",
            "The roots are offline: run coldtrace trust-list publish --offline FILE, and have the holders sign it.",
        )
        if is_offline
        else Words(
            "请启动服务，它会自行续签；或运行 coldtrace trust-list publish。",
            "Start the service, which renews it by itself, or run coldtrace trust-list publish.",
        )
    )
    if now >= expires:
        return Finding(thing="trust_list", outcome=Outcome.FAILED, says=facts, do=do)
    if is_offline and expires - now > timedelta(days=7):
        return Finding(thing="trust_list", outcome=Outcome.PASSED, says=facts)
    # The service looks every ten minutes: an hour after its time nobody is looking.
    if now >= due + timedelta(hours=1) or is_offline:
        return Finding(thing="trust_list", outcome=Outcome.LOOK, says=facts, do=do)
    return Finding(thing="trust_list", outcome=Outcome.PASSED, says=facts)


def room_finding(folder: str, *, free_bytes: int) -> Finding:
    """Say whether there is room on the disk of the data folder."""
    free = free_bytes / (1 << 30)
    says = Words(f"{folder}：剩余 {free:.1f} GiB，可写", f"{folder}: {free:.1f} GiB free, writable")
    if free_bytes >= FREE_LOOK_BYTES:
        return Finding(thing="disk", outcome=Outcome.PASSED, says=says)
    return Finding(
        thing="disk",
        outcome=Outcome.LOOK if free_bytes >= FREE_FAILED_BYTES else Outcome.FAILED,
        says=says,
        do=Words("请清理或扩大该磁盘。", "Make room on that disk, or enlarge it."),
    )


def queue_finding(name: str, *, pending: int, oldest_s: float, is_served: bool) -> Finding:
    """Say whether what was accepted gets its place in the log; `is_served`: a service answers."""
    if pending == 0:
        says = Words(f"{name}：没有等待的条目", f"{name}: nothing waits")
        if is_served:
            return Finding(thing="sequencer", outcome=Outcome.PASSED, says=says)
        idle = Words(says.zh + "；没有运行中的服务可查", says.en + "; no running service to look at")
        return Finding(thing="sequencer", outcome=Outcome.NOT_CHECKED, says=idle)
    says = Words(
        f"{name}：{pending} 条等待，最久 {oldest_s:.0f} 秒",
        f"{name}: {pending} entries wait, the oldest for {oldest_s:.0f} s",
    )
    if oldest_s <= SLOW_S:
        return Finding(thing="sequencer", outcome=Outcome.PASSED, says=says)
    return Finding(
        thing="sequencer",
        outcome=Outcome.LOOK if oldest_s <= PROMISED_S else Outcome.FAILED,
        says=says,
        do=Words(
            "请启动服务；若已在运行，请看 /readyz 的 alarms 与服务日志。",
            "Start the service; where it runs, read `alarms` of /readyz and its log.",
        ),
    )


def backup_finding(*, last: datetime, now: datetime) -> Finding:
    """Say how old the last backup is."""
    age = now - last
    hours = age.total_seconds() / 3600
    says = Words(
        f"上次备份 {format_utc(last)}（{hours:.0f} 小时前）",
        f"the last one was made at {format_utc(last)} ({hours:.0f} hours ago)",
    )
    if age <= BACKUP_LOOK:
        return Finding(thing="backup", outcome=Outcome.PASSED, says=says)
    return Finding(
        thing="backup",
        outcome=Outcome.LOOK if age <= BACKUP_FAILED else Outcome.FAILED,
        says=says,
        do=Words(
            "请查看备份任务为何没有完成（docs/guides/run-in-production.md 第 6 节）。",
            "Find out why the backup did not finish (docs/guides/run-in-production.md, section 6).",
        ),
    )
