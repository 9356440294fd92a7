"""Code runs, quotas and company prefixes by command."""

from pathlib import Path

import pytest

from coldtrace.cli.progress import bar_text
from coldtrace.parties.model import SiteRole
from support.call_scene import SAMPLE
from support.command_line import Run
from support.house import GLNS

PORT = GLNS[SiteRole.FIRST_STATION]
NOBODY = "00000000-0000-7000-8000-000000000000"


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    path = tmp_path / "packing list.xlsx"
    path.write_bytes(SAMPLE)
    return path


def test_runs_are_listed_with_their_state(port: Run, workbook: Path) -> None:
    assert port("codes", "runs", "--json").json == {"runs": [], "next": None}
    run_id = port("import", workbook, "--json").json["run"]
    listed = port("codes", "runs", "--limit", "1", "--json").json
    (found,) = listed["runs"]
    assert (found["run"], found["kind"], found["station"]) == (run_id, "consignment", PORT)
    assert (found["drawn"], found["wanted"], found["state"]) == (1224, 1224, "drawn")
    assert listed["next"] == run_id
    assert port("codes", "runs", "--after", run_id, "--json").json["runs"] == []
    assert port("codes", "runs", "--unfinished", "--json").json["runs"] == []
    assert "1224\t1224\tdrawn" in port("codes", "runs").out


def test_a_drawn_run_has_nothing_to_resume(port: Run, workbook: Path) -> None:
    run_id = port("import", workbook, "--json").json["run"]
    resumed = port("codes", "resume", "--run", run_id, "--json")
    assert (resumed.status, resumed.json) == (0, {"runs": [{"run": run_id, "drawn": 1224, "wanted": 1224}]})
    assert "no run is unfinished" in port("codes", "resume").out
    ran = port("codes", "resume", "--run", NOBODY, "--json")
    assert (ran.status, ran.json["code"]) == (1, "run_unknown")


def test_a_quota_is_set_kept_to_and_lifted(port: Run, workbook: Path) -> None:
    done = port("sites", "set", "--site", PORT, "--codes-per-day", "1223", "--json")
    assert (done.status, done.json) == (0, {"site": PORT, "codes_per_day": 1223, "company_prefixes": [PORT[:7]]})
    refused = port("import", workbook, "--json")
    assert (refused.status, refused.json["code"]) == (1, "code_quota_spent")
    assert "1224" in refused.err
    assert port("codes", "runs", "--json").json["runs"] == []
    assert port("sites", "set", "--site", PORT, "--codes-per-day", "none").out == f"{PORT}\tnone\t{PORT[:7]}\n"
    assert port("import", workbook, "--json").status == 0


def test_company_prefixes_are_registered_and_changed(port: Run) -> None:
    changed = port(
        "sites", "set", "--site", PORT, "--company-prefix", "952123400", "--company-prefix", "4500002", "--json"
    )
    assert changed.json["company_prefixes"] == ["952123400", "4500002"]
    firm = [
        "--uscc",
        "91120118MA00000011",
        "--firm-zh",
        "企业",
        "--firm-en",
        "Firm",
        "--name-zh",
        "库",
        "--name-en",
        "X",
    ]
    place = ["--gln", GLNS[SiteRole.COLD_STORE], "--role", "cold_store", "--district", "120118"]
    clash = port("sites", "register", *place, *firm, "--company-prefix", "45000021", "--json")
    assert (clash.status, clash.json["code"]) == (1, "company_prefix_overlaps")
    assert port("sites", "register", *place, *firm, "--company-prefix", "4600001", "--json").status == 0
    listed = {site["gln"]: site for site in port("sites", "list", "--json").json["sites"]}
    assert listed[GLNS[SiteRole.COLD_STORE]]["company_prefixes"] == ["4600001"]
    assert (listed[PORT]["company_prefixes"], listed[PORT]["codes_per_day"]) == (["952123400", "4500002"], None)


def test_settings_that_cannot_be(port: Run) -> None:
    nothing = port("sites", "set", "--site", PORT, "--json")
    assert (nothing.status, nothing.json["code"]) == (2, "nothing_to_do")
    for wrong in ("0", "-1", "many", "9" * 12):
        assert port("sites", "set", "--site", PORT, "--codes-per-day", wrong).status == 2
    unknown = port("sites", "set", "--site", GLNS[SiteRole.RETAILER], "--codes-per-day", "5", "--json")
    assert (unknown.status, unknown.json["code"]) == (1, "site_unknown")


def test_the_bar_is_full_only_at_the_end() -> None:
    assert bar_text(0, 3, "x").startswith("[..............................]   0 %")
    assert bar_text(9_999, 10_000, "x") == "[#############################.]  99 %  9,999 / 10,000 x"
    assert bar_text(10_000, 10_000, "x").startswith("[##############################] 100 %")
    assert bar_text(0, 0, "x").startswith("[##############################] 100 %")
