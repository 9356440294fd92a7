"""Settings: defaults, what is refused, and that a refusal names the variable."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from coldtrace.settings import SettingInvalid, Settings, load_settings


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"COLDTRACE_{name.upper()}", raising=False)


def test_defaults() -> None:
    assert load_settings().model_dump() == {
        "database_url": None,
        "data_dir": Path("var"),
        "host": "127.0.0.1",
        "port": 8000,
        "public_host": "trace.example.cn",
        "env": "development",
        "body_limit_bytes": 4_194_304,
        "capture_waiting_max": 1000,
        "pages_waiting_max": 100,
        "anonymous_requests_per_minute": 60,
        "visitor_city_header": "",
        "sequencer_tick_ms": 200,
        "key_passphrase_file": None,
        "label_font": None,
        "label_workers": 2,
        "printers": None,
        "printer_patience_s": 120,
        "foreign_schemes": None,
        "log_name": "cn-2026",
        "publish_every_ms": 1000,
        "public_entries": False,
        "witnesses": None,
        "witness_strict": False,
        "smtp_url": None,
        "mail_from": "coldtrace@localhost",
        "page_url": None,
        "backup_mark": None,
        "keep_sessions_days": 90,
        "keep_links_days": 30,
        "keep_sign_in_failures_days": 30,
        "keep_invites_days": 90,
        "keep_quarantine_days": 90,
        "keep_complaints_days": 730,
        "keep_webhook_messages_days": 30,
        "case_hours": None,
        "case_sweep": None,
        "complaint_days": None,
        "complaint_limits": None,
        "complaint_holidays": None,
        "complaint_worked_days": None,
        "complaint_photo_bytes": 12 * 1024 * 1024,
        "radar": None,
        "declaration_days": 3,
        "paper_bytes": 10 * 1024 * 1024,
        "webhook_inside_hosts": None,
    }


def test_the_environment_is_read_and_a_choice_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLDTRACE_PORT", "8111")
    monkeypatch.setenv("COLDTRACE_PUBLIC_HOST", "Trace.Example.CN:8000")
    monkeypatch.setenv("COLDTRACE_DATA_DIR", "")
    assert load_settings().port == 8111
    assert load_settings(port=9).port == 9
    assert load_settings().public_host == "trace.example.cn:8000"
    assert load_settings().data_dir == Path("var")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("COLDTRACE_PORT", "80000"),
        ("COLDTRACE_PORT", "web"),
        ("COLDTRACE_ENV", "test"),
        ("COLDTRACE_PUBLIC_HOST", "https://trace.example.cn"),
        ("COLDTRACE_PUBLIC_HOST", "trace.example.cn/x"),
        ("COLDTRACE_LOG_NAME", "CN 2026"),
        ("COLDTRACE_LOG_NAME", "../x"),
        ("COLDTRACE_BODY_LIMIT_BYTES", "0"),
        ("COLDTRACE_SEQUENCER_TICK_MS", "0"),
        ("COLDTRACE_CAPTURE_WAITING_MAX", "0"),
        ("COLDTRACE_COMPLAINT_HOLIDAYS", "2027-02-30"),
        ("COLDTRACE_COMPLAINT_WORKED_DAYS", "Saturday"),
    ],
)
def test_what_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingInvalid) as refused:
        load_settings()
    assert name in refused.value.say("en")
    assert name in refused.value.say("zh")


def test_an_unknown_choice_is_refused() -> None:
    with pytest.raises(SettingInvalid):
        load_settings(colour="blue")


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        load_settings().port = 1  # type: ignore[misc]


def test_a_password_is_not_shown() -> None:
    assert "secret" not in repr(load_settings(database_url="postgresql://me:secret@h/d"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SMTP_URL", "mail.example.cn:25"),
        ("SMTP_URL", "http://mail.example.cn"),
        ("SMTP_URL", "smtp://mail.example.cn/path"),
        ("MAIL_FROM", "nobody"),
        ("MAIL_FROM", "Trace <trace@example.cn>"),
        ("PAGE_URL", "trace.example.cn"),
        ("PAGE_URL", "https://trace.example.cn/desk"),
    ],
)
def test_settings_of_mail_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"COLDTRACE_{name}", value)
    with pytest.raises(SettingInvalid) as refused:
        load_settings()
    assert refused.value.facts["name"] == f"COLDTRACE_{name}"


def test_the_password_of_the_mail_server_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLDTRACE_SMTP_URL", "smtps://platform:s3cret@mail.example.cn:465")
    assert "s3cret" not in repr(load_settings())
