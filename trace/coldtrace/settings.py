"""Settings: one frozen object, read from the environment once by a door and passed on as a value.

Every setting is an environment variable with the prefix `COLDTRACE_` and is described for operators in
`docs/guides/settings.md`; a test compares the two.  No other module reads the environment.
"""

import json
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from coldtrace.errors import Refusal, Words

HostName = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        to_lower=True,
        max_length=253,
        pattern=r"^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*(:[0-9]{1,5})?$",
    ),
]
LogName = Annotated[str, StringConstraints(max_length=63, pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")]


PASSPHRASE_FILE = "key-passphrase"
"""In the data folder, where no setting names another file: of development starts."""


class SettingInvalid(Refusal):
    """A `COLDTRACE_` variable holds something that cannot be used."""

    code = "setting_invalid"
    title = Words("设置无效", "Invalid setting")
    detail = Words(
        "环境变量 {name} 的值无法使用（{reason}）。说明见 docs/guides/settings.md。",
        "The environment variable {name} cannot be used ({reason}). See docs/guides/settings.md.",
    )


@dataclass(frozen=True, kw_only=True)
class Printer:
    """A label printer of the site: raw TCP, usually port 9100.  `z64` is False for clones that need plain hex."""

    name: str
    host: str
    port: int
    dpi: Literal[203, 300] = 203
    z64: bool = True

    @property
    def dots_per_mm(self) -> int:
        """Dots of the print head in a millimetre."""
        return 8 if self.dpi == 203 else 12


_PRINTER = re.compile(
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z]([0-9A-Za-z.-]*[0-9A-Za-z])?):(?P<port>[0-9]{1,5})"
    r"(?: +(?P<dpi>203|300)dpi)?(?P<hex> +hex)?"
)
_PRINTER_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,31}")


def read_printers(value: object) -> object:
    """Read `dock1=10.0.0.5:9100, dock2=10.0.0.6:9100 300dpi hex`, or the same as a JSON object.

    >>> read_printers('{"dock1": "10.0.0.5:9100 300dpi"}')
    (Printer(name='dock1', host='10.0.0.5', port=9100, dpi=300, z64=True),)
    """
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("{"):
        pairs = [(str(name), str(rest)) for name, rest in json.loads(value).items()]
    else:
        pairs = [(name.strip(), rest.strip()) for name, _, rest in (each.partition("=") for each in value.split(","))]
    printers: list[Printer] = []
    for name, rest in pairs:
        found = _PRINTER.fullmatch(rest)
        if not _PRINTER_NAME.fullmatch(name) or found is None or not 1 <= int(found["port"]) <= 65535:
            raise ValueError(f"'{name}={rest}' is not NAME=HOST:PORT [300dpi] [hex]")
        if name in {printer.name for printer in printers}:
            raise ValueError(f"the printer {name} stands there twice")
        dpi: Literal[203, 300] = 300 if found["dpi"] == "300" else 203
        host = found["host"].strip("[]")
        printers.append(Printer(name=name, host=host, port=int(found["port"]), dpi=dpi, z64=not found["hex"]))
    return tuple(printers)


_NUMBER = re.compile(r"([a-z][a-z_]{0,39}) *= *([0-9]{1,6})")


def read_numbers(value: object) -> object:
    """Read `gap=48, late=96`, or the same as a JSON object, into names and whole numbers.

    >>> read_numbers("gap=48, late=96")
    {'gap': 48, 'late': 96}
    """
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("{"):
        value = ", ".join(f"{name}={number}" for name, number in json.loads(value).items())
    found: dict[str, int] = {}
    for each in value.split(","):
        match = _NUMBER.fullmatch(each.strip())
        if match is None or match[1] in found:
            raise ValueError(f"'{each.strip()}' is not NAME=NUMBER, or its name stands there twice")
        found[match[1]] = int(match[2])
    return found


def read_days(value: object) -> object:
    """Read `2027-01-01, 2027-02-08` into days.

    >>> read_days("2027-01-01, 2027-02-08")
    (datetime.date(2027, 1, 1), datetime.date(2027, 2, 8))
    """
    if not isinstance(value, str):
        return value
    found = []
    for each in value.split(","):
        try:
            found.append(date.fromisoformat(each.strip()))
        except ValueError:
            raise ValueError(f"'{each.strip()}' is not a day like 2027-01-01") from None
    return tuple(found)


_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[0-9a-z]([0-9a-z.-]*[0-9a-z])?)(:[0-9]{1,5})?")


def read_hosts(value: object) -> object:
    """Read `erp.corp:8080, 10.0.0.7` into host names, each with a port or for every port.

    >>> read_hosts("ERP.corp:8080, 10.0.0.7")
    ('erp.corp:8080', '10.0.0.7')
    """
    if not isinstance(value, str):
        return value
    found = [each.strip().lower() for each in value.split(",")]
    for each in found:
        if _HOST.fullmatch(each) is None:
            raise ValueError(f"'{each}' is no HOST or HOST:PORT")
    return tuple(each.replace("[", "").replace("]", "") if each.endswith("]") else each for each in found)


Hosts = Annotated[tuple[str, ...] | None, NoDecode, BeforeValidator(read_hosts)]
Days = Annotated[tuple[date, ...] | None, NoDecode, BeforeValidator(read_days)]
Numbers = Annotated[dict[str, int] | None, NoDecode, BeforeValidator(read_numbers)]
Printers = Annotated[tuple[Printer, ...] | None, NoDecode, BeforeValidator(read_printers)]


class Settings(BaseSettings):
    """What an operator can choose.  The defaults suit one person trying the service on one machine."""

    model_config = SettingsConfigDict(env_prefix="COLDTRACE_", frozen=True, extra="forbid", env_ignore_empty=True)

    database_url: str | None = Field(default=None, repr=False)  # it may hold a password
    data_dir: Path = Path("var")
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    public_host: HostName = "trace.example.cn"
    env: Literal["development", "production"] = "development"
    key_passphrase_file: Path | None = None
    body_limit_bytes: int = Field(default=4 * 1024 * 1024, ge=1024)
    capture_waiting_max: int = Field(default=1000, ge=1, le=100_000)
    pages_waiting_max: int = Field(default=100, ge=1, le=10_000)
    anonymous_requests_per_minute: int = Field(default=60, ge=1)
    visitor_city_header: str = Field(default="", pattern=r"^[A-Za-z0-9-]{0,64}$")
    sequencer_tick_ms: int = Field(default=200, ge=10, le=60_000)
    label_font: Path | None = None
    foreign_schemes: Path | None = None
    label_workers: int = Field(default=2, ge=0, le=64)
    printers: Printers = None
    printer_patience_s: int = Field(default=120, ge=1, le=3600)
    log_name: LogName = "cn-2026"
    publish_every_ms: int = Field(default=1000, ge=10, le=60_000)
    public_entries: bool = False
    witnesses: Path | None = None
    witness_strict: bool = False
    smtp_url: str | None = Field(default=None, repr=False, pattern=r"^smtps?://[^\s/]+/?$")  # it may hold a password
    mail_from: str = Field(default="coldtrace@localhost", max_length=254, pattern=r"^[^@\s<>]+@[A-Za-z0-9.-]+$")
    page_url: str | None = Field(default=None, max_length=200, pattern=r"^https?://[A-Za-z0-9.\-:\[\]]+/?$")
    backup_mark: Path | None = None
    keep_sessions_days: int = Field(default=90, ge=1, le=3650)
    keep_links_days: int = Field(default=30, ge=1, le=3650)
    keep_sign_in_failures_days: int = Field(default=30, ge=1, le=3650)
    keep_invites_days: int = Field(default=90, ge=1, le=3650)
    keep_quarantine_days: int = Field(default=90, ge=1, le=3650)
    keep_complaints_days: int = Field(default=730, ge=1, le=3650)
    keep_webhook_messages_days: int = Field(default=30, ge=1, le=3650)
    case_hours: Numbers = None
    case_sweep: Numbers = None
    complaint_days: Numbers = None
    complaint_limits: Numbers = None
    complaint_holidays: Days = None
    complaint_worked_days: Days = None
    complaint_photo_bytes: int = Field(default=12 * 1024 * 1024, ge=64 * 1024, le=64 * 1024 * 1024)
    radar: Numbers = None
    declaration_days: int = Field(default=3, ge=1, le=60)
    paper_bytes: int = Field(default=10 * 1024 * 1024, ge=64 * 1024, le=64 * 1024 * 1024)
    webhook_inside_hosts: Hosts = None


def load_settings(**chosen: object) -> Settings:
    """Read the environment; `chosen` (say, from command line options) wins over it.

    Raises `SettingInvalid` naming the first variable that cannot be used.
    """
    try:
        return Settings(**chosen)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = "COLDTRACE_" + "_".join(str(part) for part in first["loc"]).upper()
        raise SettingInvalid(name=name, reason=first["msg"]) from error
