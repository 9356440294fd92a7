"""`coldtrace keys` and the offline road of the trust list, as an operator types them."""

import json
from pathlib import Path

import pytest

from coldtrace.cli.installation import open_installation
from coldtrace.goods import store as goods
from coldtrace.parties import store
from coldtrace.parties.keys import key_files
from coldtrace.parties.model import SiteRole
from coldtrace.seal.cosignature import witness_vkey
from coldtrace.seal.keys import Ed25519Signer, generate_signer, kid, load_signer, save_private_key
from coldtrace.seal.passphrase import read_passphrase
from coldtrace.settings import load_settings
from support.command_line import Run
from support.consignments import open_consignment
from support.house import GLNS

PORT, SHOP = GLNS[SiteRole.FIRST_STATION], GLNS[SiteRole.RETAILER]


def states(run: Run) -> dict[str, str]:
    """Return the state of every code key by kid."""
    return {key["kid"]: key["state"] for key in run("keys", "list", "--json").json["keys"] if key["use"] == "code"}


def secret(tmp_path: Path, name: str) -> Path:
    """Return a file with a passphrase."""
    path = tmp_path / f"{name}.passphrase"
    path.write_text(f"the passphrase of {name}\n")
    path.chmod(0o600)
    return path


def test_a_command_without_the_setting_leaves_the_witnesses_on_the_list(
    port: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    vkey = witness_vkey(name="witness.example/one", spki=Ed25519Signer.generate().spki)
    policy = tmp_path / "witnesses"
    policy.write_text(f"witness customs {vkey.text()}\nquorum customs\n")
    monkeypatch.setenv("COLDTRACE_WITNESSES", str(policy))
    assert port("keys", "rotate", "--site", PORT).status == 0
    monkeypatch.delenv("COLDTRACE_WITNESSES")
    before = port("trust-list", "show", "--json").json
    assert [(log["witnesses"], log["quorum"]) for log in before["logs"]] == [([vkey.text()], 1)]
    assert port("keys", "rotate", "--site", PORT).status == 0
    after = port("trust-list", "show", "--json").json
    assert after["seq"] > before["seq"]
    assert after["logs"] == before["logs"]


def test_rotate_retire_revoke(port: Run) -> None:
    (old,) = states(port)
    ran = port("keys", "rotate", "--site", PORT, "--json")
    assert (ran.status, ran.json["replaces"], ran.json["state"], ran.json["listed"]) == (0, [old], "active", True)
    new = ran.json["kid"]
    assert states(port) == {old: "retired", new: "active"}
    ran = port("keys", "revoke", old, "--reason", "laptop stolen", "--json")
    assert (ran.status, ran.json["state"]) == (0, "revoked")
    assert port("keys", "retire", new.upper(), "--json").json["state"] == "retired"
    assert states(port) == {old: "revoked", new: "retired"}
    for line, code in (
        (("retire", old), "signing_key_revoked"),
        (("retire", "00000000"), "signing_key_unknown"),
        (("revoke", "00000000"), "signing_key_unknown"),
        (("rotate", "--site", SHOP), "not_a_first_station"),
        (("station", "new", "--site", PORT, "--print-days", 0), "key_window_unusable"),
        (("station", "new", "--site", PORT, "--scope", "01:x"), "malformed_scope"),
    ):
        ran = port("keys", *line, "--json")
        assert (ran.status, ran.json["code"]) == (1, code)
    told = port("trust-list", "show", "--json")
    assert told.status == 0
    assert f"coldtrace keys rotate --site {PORT}" in told.err
    assert {key["kid"]: key["st"] for key in told.json["keys"] if key["use"] == "code"} == {
        old: "revoked",
        new: "verify-only",
    }


def test_one_more_key_with_windows_and_a_scope(port: Run, tmp_path: Path) -> None:
    line = ("--alg", "ES256", "--print-days", 60, "--accept-days", 400, "--scope", "01", "00:9521234")
    ran = port("keys", "station", "new", "--site", PORT, *line, "--json")
    (key,) = [each for each in port("keys", "list", "--json").json["keys"] if each["kid"] == ran.json["kid"]]
    assert (key["alg"], key["scope"], key["print_days_left"], key["accept_days_left"]) == (
        "ES256",
        "01 00:9521234",
        60,
        400,
    )
    save_private_key(Ed25519Signer.from_seed(bytes(32)), tmp_path / "own.pem")
    line = ("keys", "station", "new", "--site", PORT, "--import", tmp_path / "own.pem", "--json")
    kid = port(*line).json["kid"]
    assert port(*line).json["kid"] == kid, "again changes nothing"
    kept = tmp_path / "my data" / "keys" / f"station-{PORT}-{kid}.pem"
    assert kept.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")


@pytest.mark.parametrize("alg", ["Ed25519", "SM2"])
def test_an_encrypted_key_is_taken_in_with_its_own_passphrase(port: Run, tmp_path: Path, alg: str) -> None:
    """Nobody has to write a key in clear to bring it here, and an SM2 key has no such form."""
    signer, words = generate_signer(alg), secret(tmp_path, "theirs")
    save_private_key(signer, tmp_path / "own.pem", read_passphrase(words))
    line = ("keys", "station", "new", "--site", PORT, "--import", tmp_path / "own.pem", "--json")
    ran = port(*line)
    assert (ran.status, ran.json["code"]) == (1, "unreadable_key_file")
    ran = port(*line, "--passphrase-file", words)
    assert (ran.status, ran.json["kid"], ran.json["alg"]) == (0, kid(signer.spki), alg), ran.err


@pytest.mark.parametrize("alg", ["Ed25519", "ES256", "SM2"])
def test_a_station_switches_its_algorithm(port: Run, tmp_path: Path, alg: str) -> None:
    """From the rotation to a carton whose code verifies offline, in each algorithm."""
    kid = port("keys", "rotate", "--site", PORT, "--alg", alg, "--json").json["kid"]
    with open_installation(load_settings()) as installation, installation.sessions.begin() as session:
        made = open_consignment(session, installation.env, cartons=2)
        uri, *_ = [each.uri for each in goods.codes_of_run(session, made.run_id)]
        newest = store.newest_trust_list(session)
        assert newest is not None
        (tmp_path / "list.json").write_text(newest.envelope)
    root = tmp_path / "my data" / "keys" / "root.json"
    ran = port("codes", "verify", uri, "--trust-list", tmp_path / "list.json", "--root", root, "--json")
    assert (ran.status, ran.json["verdict"], ran.json["kid"]) == (0, "valid", kid)
    assert len(uri) == 184


def test_the_passphrase_is_changed(port: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new, folder = secret(tmp_path, "new"), tmp_path / "my data" / "keys"
    before = len(key_files(folder))
    ran = port("keys", "passphrase", "--new", new, "--json")
    assert (ran.status, ran.json) == (0, {"files": before, "COLDTRACE_KEY_PASSPHRASE_FILE": str(new)})
    assert "restart it now with the new passphrase file" in " ".join(ran.err.split())
    assert all(load_signer(path, b"the passphrase of new") for path in key_files(folder))
    ran = port("trust-list", "publish", "--json")
    assert (ran.status, ran.json["code"]) == (2, "unreadable_key_file")
    monkeypatch.setenv("COLDTRACE_KEY_PASSPHRASE_FILE", str(new))
    assert port("trust-list", "publish", "--json").status == 0
    new.chmod(0o644)
    ran = port("keys", "list", "--json")
    assert (ran.status, ran.json["code"]) == (2, "passphrase_unusable")


def test_roots_on_two_sticks(first_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A production installation whose roots never touch the server: founding, first list, change of roots."""
    run = first_run
    monkeypatch.setenv("COLDTRACE_ENV", "production")
    monkeypatch.setenv("COLDTRACE_KEY_PASSPHRASE_FILE", str(secret(tmp_path, "service")))
    public = {}
    for name, alg in (("r1", "Ed25519"), ("r2", "ES256"), ("r3", "SM2")):
        line = ("--out", tmp_path / f"{name}.pem", "--passphrase-file", secret(tmp_path, name), "--alg", alg)
        public[name] = run("keys", "root", "new", *line, "--json").json["public"]
        again = run("keys", "root", "new", *line, "--json")
        assert (again.status, again.json["code"]) == (1, "key_file_exists")

    def adds(*names: str) -> list[object]:
        return [word for name in names for word in ("--add", f"{name}={public[name]}")]

    def sign(command: str, file: Path, *names: str) -> None:
        for name in names:
            key = ("--key", tmp_path / f"{name}.pem", "--passphrase-file", tmp_path / f"{name}.passphrase")
            assert run(*command.split(), file, *key, "--as", name, "--json").status == 0

    root, change, listed = (tmp_path / name for name in ("root.json", "change.json", "list.json"))
    high = run("keys", "root", "found", *adds("r1", "r2"), "--threshold", 3, "--out", root, "--json")
    assert (high.status, high.json["code"]) == (1, "threshold_unreachable")
    assert "2 roots, so --threshold 3" in high.err
    assert run("keys", "root", "found", *adds("r1", "r2"), "--threshold", 2, "--out", root).status == 0
    assert run("keys", "init", "--root", root, "--json").status == 0
    assert run("trust-list", "publish", "--json").json["code"] == "roots_offline"
    told = run("trust-list", "publish", "--offline", listed, "--days", 20, "--json")
    assert (told.status, told.json["seq"]) == (0, 1)
    sign("trust-list sign", listed, "r1")
    assert run("trust-list", "publish", "--signed", listed, "--json").json["code"] == "roots_have_to_sign"
    wrong = ("--key", tmp_path / "r3.pem", "--passphrase-file", tmp_path / "r3.passphrase", "--as", "r2")
    before = listed.read_bytes()
    assert run("trust-list", "sign", listed, *wrong, "--root", root, "--json").json["code"] == "wrong_root_signer"
    assert listed.read_bytes() == before
    sign("trust-list sign", listed, "r2", "r2")
    assert run("trust-list", "publish", "--signed", listed, "--json").json["seq"] == 1
    assert run("trust-list", "verify", listed, "--root", root, "--json").json["ok"]

    line = ("--remove", "r1", *adds("r3"), "--threshold", 2, "--out", change)
    assert run("keys", "root", "propose", *line, "--json").json["roots"] == ["r2", "r3"]
    nameless = run("keys", "root", "sign", change, "--key", tmp_path / "r1.pem", "--passphrase-file",
                   tmp_path / "r1.passphrase", "--json")  # fmt: skip
    assert nameless.json["code"] == "root_name_needed"
    sign("keys root sign", change, "r1", "r3")
    assert run("keys", "root", "adopt", change, "--json").json["code"] == "root_change_refused"
    told = run("keys", "root", "sign", change, "--key", tmp_path / "r2.pem", "--passphrase-file",
               tmp_path / "r2.passphrase", "--json").json  # fmt: skip
    assert (told["threshold"], [each.split()[0] for each in told["roots"]]) == (2, ["r2", "r3"]), "who signs sees what"
    assert run("keys", "root", "adopt", change, "--json").json["code"] == "root_change_without_list"
    run("trust-list", "publish", "--offline", listed)
    sign("trust-list sign", listed, "r2", "r3")
    adopted = run("keys", "root", "adopt", change, "--list", listed, "--json")
    assert (adopted.status, adopted.json["version"], adopted.json["trust_list_seq"]) == (0, 2, 2)
    assert not run("trust-list", "verify", listed, "--root", root, "--json").json["ok"]
    served = tmp_path / "root-changes.json"
    served.write_text(json.dumps({"changes": [json.loads(change.read_text())]}))
    assert run("trust-list", "verify", listed, "--root", root, "--root-change", served, "--json").json["ok"]
    unsigned = "https://TRACE.EXAMPLE.CN/01/09506000134352/21/7QK4M2ZX9RTB"
    verify = ("codes", "verify", unsigned, "--trust-list", listed, "--root", root, "--json")
    assert run(*verify).json["code"] == "untrusted_trust_list"
    assert run(*verify, "--root-change", served).json["verdict"] == "unsigned"
    assert run("trust-list", "verify", listed, "--root", root, "--root-change", change, "--json").json["ok"]


def test_what_a_change_of_the_roots_cannot_be(port: Run, tmp_path: Path) -> None:
    out = ("--out", tmp_path / "change.json", "--json")
    for line, code in (
        ((), "nothing_to_do"),
        (("--remove", "r9"), "malformed_root_argument"),
        (("--add", "r2=***"), "malformed_root_argument"),
        (("--add", "r2=AAAA"), "malformed_key"),
        (("--remove", "r1"), "malformed_root"),
        (("--threshold", "2"), "threshold_unreachable"),
    ):
        ran = port("keys", "root", "propose", *line, *out)
        assert (ran.status, ran.json["code"]) == (1, code)
    (tmp_path / "change.json").write_text(json.dumps({"root": "{}", "sigs": []}))
    assert port("keys", "root", "adopt", tmp_path / "change.json", "--json").json["code"] == "malformed_root"
