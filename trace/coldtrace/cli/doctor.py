"""`coldtrace doctor`: what keeps this installation from working well, line by line, and what to do about it."""

import argparse
from typing import TYPE_CHECKING

from coldtrace.cli.output import REFUSED, plain, print_result

if TYPE_CHECKING:
    from coldtrace.doctor.model import Finding
    from coldtrace.settings import Settings


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `doctor`."""
    parser = commands.add_parser("doctor", help="检查本安装 / look whether this installation is well")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the findings; exit 1 when there is something to do, 2 where there is no installation to look at."""
    from coldtrace.cli.installation import require_installation
    from coldtrace.doctor.model import OUTCOME_WORDS, THINGS, is_well
    from coldtrace.settings import load_settings

    settings = load_settings()
    require_installation(settings)
    found = look(settings)
    if arguments.json:
        print_result({"ok": is_well(found), "findings": [finding_json(each) for each in found]}, as_json=True)
    else:
        for each in found:
            thing, outcome = THINGS[each.thing], OUTCOME_WORDS[each.outcome]
            print(f"{outcome.zh} {outcome.en}\t{thing.zh} {thing.en}\t{plain(each.says.zh)} / {plain(each.says.en)}")
            if each.do is not None:
                print(f"\t\t-> {each.do.zh} / {each.do.en}")
    return 0 if is_well(found) else REFUSED


def look(settings: "Settings") -> "list[Finding]":
    """Return what is found about an installation, from outside of its service."""
    from coldtrace import clock
    from coldtrace.cli.address import service_address
    from coldtrace.cli.installation import PASSPHRASE_FILE, key_passphrase, make_env
    from coldtrace.doctor.examine import examine, service_finding

    return examine(
        settings,
        clock=clock.now,
        passphrase_file=settings.data_dir / PASSPHRASE_FILE,
        make_env=lambda: make_env(settings, settings.data_dir / "keys", passphrase=key_passphrase(settings)),
        service=service_finding(service_address(settings.data_dir)),
    )


def finding_json(finding: "Finding") -> dict[str, object]:
    """Return one finding as programs read it."""
    return {
        "name": finding.thing,
        "result": finding.outcome.value,
        "zh": finding.says.zh,
        "en": finding.says.en,
        "do": None if finding.do is None else {"zh": finding.do.zh, "en": finding.do.en},
    }
