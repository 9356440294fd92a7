"""`coldtrace custody rebuild --check`: what an operator sees of a record that is right, and of one that is not."""

from sqlalchemy import text

from coldtrace.cli.installation import open_installation
from coldtrace.custody import service as custody
from coldtrace.events.statement_type import StatementType as T
from coldtrace.parties import store as parties
from coldtrace.parties.model import SiteRole
from coldtrace.settings import load_settings
from support.command_line import Run
from support.house import GLNS, Handheld, unit_line

UNIT = "(00)395212340000000014"


def test_the_record_is_checked_by_command(port: Run) -> None:
    with open_installation(load_settings()) as installation, installation.sessions.begin() as session:
        env = installation.env
        site = next(each for each in parties.sites(session) if each.gln == GLNS[SiteRole.FIRST_STATION])
        device = Handheld.enrol(session, env, site)
        said = [device.say(T.RECEIVE, [unit_line(UNIT)]), device.say(T.SHIP, [unit_line(UNIT)])]
        results = custody.capture(session, env, [statement.to_json() for statement in said])
        assert {result.status for result in results} == {"accepted"}
    done = port("custody", "rebuild", "--check", "--json")
    assert (done.status, done.json["ok"], done.json["statements"], done.json["units"]) == (0, True, 2, 1)
    assert port("custody", "rebuild", "--check").out == "一致 / the same\t记录 statements 2\t行 lines 2\t货物 units 1\n"
    with open_installation(load_settings()) as installation, installation.sessions.begin() as session:
        session.execute(text("UPDATE unit SET state = 'sold'"))
    done = port("custody", "rebuild", "--check")
    assert done.status == 1
    assert done.out.splitlines()[0].startswith("✗ unit\t1\t")
    assert '"state": "sold"' in done.out
    assert '"state": "in_transit"' in done.out
    refused = port("custody", "rebuild", "--json")
    assert (refused.status, refused.json["code"]) == (2, "rebuild_only_checks"), "nothing is written over"
    found = port("custody", "rebuild", "--check", "--json").json
    assert (found["differences"]["unit"], found["examples"][0]["key"]) == (1, UNIT)
    assert port("custody", "rebuild", "--check", "--json").status == 1  # nothing was mended or left behind
