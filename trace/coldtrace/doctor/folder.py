"""What lies in the data folder: room, keys, passphrase, the mark that a backup leaves."""

import os
import shutil
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from coldtrace.db.programs import clean_environment, ordinary_user_prefix, program
from coldtrace.db.refusals import DatabaseRefusal
from coldtrace.doctor.model import Finding, Outcome
from coldtrace.doctor.outside import reason_of
from coldtrace.doctor.rules import backup_finding, room_finding
from coldtrace.errors import Refusal, Words
from coldtrace.parties.keys import OWN_USES, ROOT_FILE, is_development, key_files, require_encrypted
from coldtrace.parties.refusals import DevelopmentOnly, NotInstalled, PassphraseMissing
from coldtrace.seal.keys import load_signer
from coldtrace.seal.passphrase import read_passphrase
from coldtrace.settings import Settings

PROBE_BYTES = 64 * 1024


def disk_finding(folder: Path) -> Finding:
    """Write a little into the data folder and see that the disk took it; say how much room is left."""
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-") as probe:
            probe.write(bytes(PROBE_BYTES))
            probe.flush()
            os.fsync(probe.fileno())
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Finding(
            thing="disk",
            outcome=Outcome.FAILED,
            says=Words(
                f"{folder}：不能写入（{reason_of(error)}）", f"{folder}: cannot be written ({reason_of(error)})"
            ),
            do=Words(
                "请清理磁盘或改正权限；数据目录由 COLDTRACE_DATA_DIR 指定。",
                "Make room or mend the permissions; COLDTRACE_DATA_DIR names the folder.",
            ),
        )
    return room_finding(str(folder), free_bytes=free)


def key_findings(settings: Settings, *, passphrase_file: Path) -> list[Finding]:
    """Read the passphrase, and every key file with it; nothing is made or mended."""
    keys = settings.data_dir / "keys"
    passphrase: bytes | None = None
    found = []
    try:
        if settings.key_passphrase_file is None and settings.env == "production":
            raise PassphraseMissing()
        path = settings.key_passphrase_file or passphrase_file
        passphrase = read_passphrase(path)
        says = Words(f"{path} 可读", f"{path} can be read")
        found.append(Finding(thing="passphrase", outcome=Outcome.PASSED, says=says))
    except Refusal as refusal:
        found.append(_refused("passphrase", refusal))
    return [*found, _keys_finding(settings, keys, passphrase)]


def _keys_finding(settings: Settings, keys: Path, passphrase: bytes | None) -> Finding:
    missing = [use for use in OWN_USES if not (keys / f"{use}.pem").exists()]
    try:
        if not (keys / ROOT_FILE).exists() or missing:
            raise NotInstalled()
        if settings.env == "production" and is_development(keys):
            raise DevelopmentOnly()
        if settings.env == "production":
            require_encrypted(keys)
        files = key_files(keys)
        if passphrase is None:
            says = Words("没有口令，未试读", "not tried without the passphrase")
            return Finding(thing="keys", outcome=Outcome.NOT_CHECKED, says=says)
        for path in files:
            load_signer(path, passphrase)
    except Refusal as refusal:
        return _refused("keys", refusal)
    except OSError as error:
        says = Words(f"{keys}：{reason_of(error)}", f"{keys}: {reason_of(error)}")
        do = Words("请改正该文件夹的属主与权限。", "Mend owner and permissions of that folder.")
        return Finding(thing="keys", outcome=Outcome.FAILED, says=says, do=do)
    return Finding(
        thing="keys",
        outcome=Outcome.PASSED,
        says=Words(f"{len(files)} 个密钥文件均可读取", f"all {len(files)} key files can be read"),
    )


def _refused(thing: str, refusal: Refusal) -> Finding:
    """Take a refusal for a finding: its sentence says what is wrong and what to do."""
    return Finding(thing=thing, outcome=Outcome.FAILED, says=Words(refusal.say("zh"), refusal.say("en")))


def programs_finding(settings: Settings) -> Finding:
    """Run the embedded database's program once, to see that it is there and runs."""
    if settings.database_url is not None:
        says = Words("使用外部数据库，不需要", "not needed with a database of your own")
        return Finding(thing="database_programs", outcome=Outcome.NOT_CHECKED, says=says)
    try:
        ran = subprocess.run(
            [*ordinary_user_prefix(), str(program("postgres")), "--version"],
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
            env=clean_environment(),
        )
    except DatabaseRefusal as refusal:
        return _refused("database_programs", refusal)
    except (OSError, subprocess.SubprocessError) as error:
        return Finding(
            thing="database_programs",
            outcome=Outcome.FAILED,
            says=Words(f"程序无法运行（{reason_of(error)}）", f"the program does not run ({reason_of(error)})"),
            do=Words("请重新安装：pip install 'coldtrace[server]'", "Install again: pip install 'coldtrace[server]'"),
        )
    version = ran.stdout.strip()
    return Finding(thing="database_programs", outcome=Outcome.PASSED, says=Words(version, version))


def marked_backup(settings: Settings, *, now: datetime) -> Finding:
    """Say how old the file is that a backup touches when it has finished (`COLDTRACE_BACKUP_MARK`)."""
    mark = settings.backup_mark
    if mark is None:
        return Finding(
            thing="backup",
            outcome=Outcome.NOT_CHECKED,
            says=Words("未告知备份时间", "nobody tells when the last one was made"),
            do=Words(
                "让备份任务在完成后执行 touch 文件，并以 COLDTRACE_BACKUP_MARK 指明该文件。",
                "Let the backup `touch` a file when it has finished, and name that file in COLDTRACE_BACKUP_MARK.",
            ),
        )
    try:
        last = datetime.fromtimestamp(mark.stat().st_mtime, UTC)
    except OSError as error:
        says = Words(f"{mark}：{reason_of(error)}", f"{mark}: {reason_of(error)}")
        do = Words("尚无完成的备份，或文件名有误。", "No backup has finished yet, or the name is wrong.")
        return Finding(thing="backup", outcome=Outcome.FAILED, says=says, do=do)
    return backup_finding(last=last, now=now)
