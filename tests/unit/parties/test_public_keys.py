"""The public test keys in `keys/`: what their script makes, good for a newcomer, refused where it counts."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from coldtrace.cli.main import main
from coldtrace.parties.public_test_keys import PUBLIC_TEST_KEYS
from coldtrace.seal.keys import key_id
from coldtrace.seal.root_document import parse_root
from coldtrace.seal.trust_list import open_trust_list
from support.code_vectors import own_gs1
from support.published import own_vectors_dir
from support.source_tree import REPOSITORY

FOLDER = REPOSITORY / "keys"
ROOT, LIST = FOLDER / "development-root.json", FOLDER / "development-trust-list.json"


def script() -> ModuleType:
    spec = spec_from_file_location("rebuild_keys", own_vectors_dir() / "rebuild_keys.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_folder_holds_what_its_script_makes_and_nothing_else() -> None:
    built = script().build()
    assert {path.name for path in FOLDER.iterdir()} == {"README.md", *built}
    assert {name: (FOLDER / name).read_text(encoding="utf-8") for name in built} == built


@pytest.mark.parametrize("case", own_gs1("cct1_signed_codes.json")["cases"], ids=lambda case: case["name"])
def test_a_newcomer_verifies_the_codes_of_the_vectors(
    case: dict[str, str], capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    status = main(["codes", "verify", case["uri"], "--trust-list", str(LIST), "--root", str(ROOT)])
    told = capsys.readouterr()
    assert (status, told.out.split("\n")[0]) == (0 if case["verdict"] == "valid" else 1, case["verdict"])
    assert "not checked" not in told.err


def test_every_key_of_the_list_is_known_as_public() -> None:
    root = parse_root(ROOT.read_text(encoding="utf-8").strip())
    trust = open_trust_list(LIST.read_text(encoding="utf-8"), root=root)
    keys = [*root.roots, *trust.keys, *(log.vkey for log in trust.logs)]
    assert {key_id(each.spki) for each in keys} == PUBLIC_TEST_KEYS
