"""Settings: one frozen object, read from the environment once by a door and passed on as a value.

Every setting is an environment variable with the prefix `COLDTRACE_` and is described for operators in
`docs/guides/settings.md`; a test compares the two.  No other module reads the environment.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

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


class SettingInvalid(Refusal):
    """A `COLDTRACE_` variable holds something that cannot be used."""

    code = "setting_invalid"
    title = Words("设置无效", "Invalid setting")
    detail = Words(
        "环境变量 {name} 的值无法使用（{reason}）。说明见 docs/guides/settings.md。",
        "The environment variable {name} cannot be used ({reason}). See docs/guides/settings.md.",
    )


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
    anonymous_requests_per_minute: int = Field(default=60, ge=1)
    sequencer_tick_ms: int = Field(default=200, ge=10, le=60_000)
    label_font: Path | None = None
    foreign_schemes: Path | None = None
    log_name: LogName = "cn-2026"


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
