"""A witness policy that can mean nothing is refused at the start, not found out when it is needed."""

from dataclasses import replace
from pathlib import Path

import pytest

from coldtrace.cli.installation import check_policy
from coldtrace.env import FIRST_LOG, Env, Log
from coldtrace.seal.cosignature import witness_vkey
from coldtrace.seal.vkey import vkey_of
from coldtrace.seal.witness_policy import parse_witness_policy
from coldtrace.settings import SettingInvalid, Settings
from support.house import make_env
from support.tlog_vectors import signer

W1, W2 = (witness_vkey(name=f"{name}.example", spki=signer(name).spki).text() for name in ("one", "two"))
STRICT = "COLDTRACE_WITNESS_STRICT"
WITNESSES = "COLDTRACE_WITNESSES"


@pytest.fixture
def env(tmp_path: Path) -> Env:
    return make_env(tmp_path / "keys")


def refused(env: Env, policy: str | None, *, strict: bool) -> str | None:
    ready = replace(env, policy=None if policy is None else parse_witness_policy(policy))
    try:
        check_policy(Settings(witness_strict=strict), ready)
    except SettingInvalid as refusal:
        return str(refusal.facts["name"])
    return None


@pytest.mark.parametrize(
    ("policy", "strict", "wrong"),
    [
        (None, False, None),
        (None, True, STRICT),
        ("quorum none\n", True, STRICT),
        (f"witness a {W1} https://a.example\n", True, STRICT),
        (f"witness a {W1}\nquorum a\n", True, STRICT),
        (f"witness a {W1}\nwitness b {W2} https://b.example\ngroup g all a b\nquorum g\n", True, STRICT),
        (f"witness a {W1}\nwitness b {W2} https://b.example\ngroup g any a b\nquorum g\n", True, None),
        (f"witness a {W1}\nquorum a\n", False, None),
    ],
)
def test_strict_needs_a_quorum_that_can_be_asked(env: Env, policy: str | None, strict: bool, wrong: str | None) -> None:
    assert refused(env, policy, strict=strict) == wrong


def test_a_policy_of_another_log_is_refused(env: Env) -> None:
    spki = env.keyring.signer("log").spki
    assert refused(env, f"log {vkey_of(name=env.origin, spki=spki).text()}\n", strict=False) is None
    for other in (vkey_of(name="other.example/log", spki=spki), vkey_of(name=env.origin, spki=signer("x").spki)):
        assert refused(env, f"log {other.text()}\n", strict=False) == WITNESSES
    elsewhere = replace(env, log=Log(id=FIRST_LOG, origin="trace.example.cn/logs/next"))
    assert refused(elsewhere, f"log {vkey_of(name=env.origin, spki=spki).text()}\n", strict=False) == WITNESSES
