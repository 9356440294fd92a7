"""Thirty days before a device's certificate ends it is said: by doctor and status, and once a day on the panel."""

from datetime import timedelta
from typing import cast

import pytest

from coldscan.answer import Result
from coldscan.main import main
from coldscan.operation import Operation
from support.scanner_device import Device
from support.scanner_world import World

RECEIVE = Operation.RECEIVE
LIFE = timedelta(days=700)
"""Of the certificates of the test's server."""


def later(device: Device, span: timedelta) -> None:
    """Let time pass."""
    device.clock.forward(span)  # type: ignore[attr-defined]


def certificate(device: Device) -> tuple[str, str]:
    """Return what the doctor says of the certificate."""
    checks = cast(list[dict[str, str]], device.run("doctor").json["checks"])
    (found,) = [each for each in checks if each["name"] == "certificate"]
    return found["result"], found["reason"]


def test_nothing_is_said_while_there_is_time(device: Device, world: World) -> None:
    later(device, LIFE - timedelta(days=31))
    assert certificate(device)[0] == "passed"
    (answer,) = device.scan(world.carton(), operation=RECEIVE)
    assert "certificate" not in answer.say


def test_the_doctor_warns_and_says_what_to_do(device: Device) -> None:
    later(device, LIFE - timedelta(days=29))
    result, reason = certificate(device)
    assert result == "warning"
    assert "in 28 days" in reason
    assert "coldtrace devices roll" in reason
    assert "coldscan enrol --again" in reason
    later(device, timedelta(days=30))
    assert certificate(device)[0] == "failed"


@pytest.mark.parametrize(("lang", "words"), [("zh", "本机证书"), ("en", "This device's certificate ends on 2028-")])
def test_status_says_it_too(device: Device, lang: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--state", str(device.root), "--lang", lang, "status"], clock=device.clock) == 0
    assert words not in capsys.readouterr().out
    later(device, LIFE - timedelta(days=29))
    assert main(["--state", str(device.root), "--lang", lang, "status"], clock=device.clock) == 0
    assert words in capsys.readouterr().out
    assert str(device.run("status").json["certificate_ends"]).startswith("2028-10-23")


def test_the_panel_says_it_once_a_day_in_amber_and_stores_all_the_same(device: Device, world: World) -> None:
    later(device, LIFE - timedelta(days=29))
    bad, first, second = device.scan("CT:NONSENSE", "CT:IN", world.carton())
    assert (bad.result, "certificate" in bad.say) == (Result.STOP, False), "a stop is not talked over"
    assert (first.result, first.code) == (Result.LOOK, "certificate_ends")
    assert "Operation: Receive. This device's certificate ends" in first.say
    assert "certificate" not in second.say
    assert "certificate" not in device.scan(world.carton())[0].say, "nor by the next process of this day"
    later(device, timedelta(days=1))
    (saved,) = device.scan(world.carton())
    assert (saved.result, saved.code, saved.queued) == (Result.LOOK, "status_unknown", True)
    assert "status unknown since" in saved.say
    assert "This device's certificate ends" in saved.say
    later(device, timedelta(days=30))
    (over,) = device.scan(world.carton(), lang="zh")
    assert "已于" in over.say
    assert over.queued, "what is seen is kept, and the server marks it"
