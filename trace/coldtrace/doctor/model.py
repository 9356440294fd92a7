"""Nouns of the doctor: a finding is one line about one thing, with what to do where there is something to do."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from coldtrace.errors import Words


class Outcome(StrEnum):
    """How a thing was found."""

    PASSED = "passed"
    LOOK = "look"
    FAILED = "failed"
    NOT_CHECKED = "not_checked"


OUTCOME_WORDS: dict[Outcome, Words] = {
    Outcome.PASSED: Words("正常", "In order"),
    Outcome.LOOK: Words("请看一下", "Look at this"),
    Outcome.FAILED: Words("有故障", "Failed"),
    Outcome.NOT_CHECKED: Words("未检查", "Not checked"),
}

THINGS: dict[str, Words] = {
    "disk": Words("数据目录与磁盘", "Data folder and disk"),
    "passphrase": Words("密钥口令", "Passphrase of the keys"),
    "keys": Words("密钥文件", "Key files"),
    "database_programs": Words("自带数据库的程序", "Programs of the embedded database"),
    "database": Words("数据库", "Database"),
    "database_roles": Words("数据库角色", "Roles in the database"),
    "migrations": Words("数据库结构版本", "Version of the schema"),
    "database_clock": Words("时钟（与数据库比较）", "Clock, beside the database's"),
    "code_keys": Words("赋码密钥", "Code keys"),
    "trust_list": Words("信任列表", "Trust list"),
    "log": Words("公开日志", "Public log"),
    "sequencer": Words("日志定序", "Sequencer of the log"),
    "service": Words("服务", "Service"),
    "public_host": Words("公开域名的 HTTPS 证书", "HTTPS certificate of the public host"),
    "public_clock": Words("时钟（与公开域名比较）", "Clock, beside the public host's"),
    "printers": Words("标签打印机", "Label printers"),
    "mail": Words("邮件", "Mail"),
    "complaints": Words("投诉的主管部门", "Offices of complaints"),
    "backup": Words("备份", "Backup"),
}
"""What is looked at, in this order."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was found about one of `THINGS`, and what to do; never anything secret."""

    thing: str
    outcome: Outcome
    says: Words
    do: Words | None = None


def is_well(findings: Iterable[Finding]) -> bool:
    """Tell whether nobody has to do anything: what could not be looked at is not held against it."""
    return all(each.outcome in (Outcome.PASSED, Outcome.NOT_CHECKED) for each in findings)
