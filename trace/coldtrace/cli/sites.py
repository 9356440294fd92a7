"""`coldtrace sites`: firms and their places, as on the desk's pages."""

import argparse

from coldtrace.cli.output import print_refusal, print_result, print_rows
from coldtrace.errors import Refusal

ROLES = (
    "first_station",
    "importer",
    "supervised_warehouse",
    "transfer_store",
    "cold_store",
    "carrier",
    "distributor",
    "market",
    "retailer",
    "caterer",
    "repacker",
    "laboratory",
    "customs",
    "regulator",
)
"""`parties.model.SiteRole`, which a base install cannot import."""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `sites`."""
    parser = commands.add_parser("sites", help="企业与场所 / firms and places")
    actions = parser.add_subparsers(dest="sites_command", required=True)
    register = actions.add_parser("register", help="登记场所 / register a place and, if new, its firm")
    register.add_argument("--gln", required=True, help="13 位位置码 / 13 digits")
    register.add_argument("--role", required=True, choices=ROLES)
    register.add_argument("--district", required=True, help="6 位区划代码 / six digits of GB/T 2260")
    register.add_argument("--name-zh", required=True)
    register.add_argument("--name-en", required=True)
    register.add_argument("--uscc", required=True, help="统一社会信用代码 / the firm's credit code")
    register.add_argument("--firm-zh", required=True)
    register.add_argument("--firm-en", required=True)
    register.add_argument("--market", metavar="GLN", help="摊位所在市场 / the market that a stall stands in")
    register.add_argument(
        "--company-prefix", action="append", metavar="P", help="厂商识别代码 / GS1 company prefix; the first for SSCCs"
    )
    register.add_argument("--json", action="store_true")
    register.set_defaults(func=run_register)
    change = actions.add_parser("set", help="更改场所设置 / change what is set for a place")
    change.add_argument("--site", required=True, metavar="GLN")
    change.add_argument(
        "--codes-per-day", type=_quota, metavar="N", help="每日赋码额度，none 不限 / codes a day (UTC), or none"
    )
    change.add_argument(
        "--company-prefix", action="append", metavar="P", help="厂商识别代码 / GS1 company prefix; the first for SSCCs"
    )
    change.add_argument("--json", action="store_true")
    change.set_defaults(func=run_set)
    for verb, words in (("close", "关闭场所或单位 / close a place or a firm"), ("reopen", "恢复 / reopen it")):
        closing = actions.add_parser(verb, help=words)
        which = closing.add_mutually_exclusive_group(required=True)
        which.add_argument("--site", metavar="GLN")
        which.add_argument("--organisation", metavar="USCC", help="单位及其全部场所 / the firm with all of its places")
        closing.add_argument("--json", action="store_true")
        closing.set_defaults(func=run_close if verb == "close" else run_reopen)
    listing = actions.add_parser("list", help="列出场所 / list places")
    listing.add_argument("--json", action="store_true")
    listing.set_defaults(func=run_list)


def run_register(arguments: argparse.Namespace) -> int:
    """Register a place; the same facts again change nothing, other facts under a known GLN are refused."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.parties import service as parties
    from coldtrace.parties.model import SiteRole
    from coldtrace.parties.provinces import province_of
    from coldtrace.parties.site_settings import SetSite, set_site
    from coldtrace.settings import load_settings

    city = province_of(arguments.uscc)
    with open_installation(load_settings()) as installation:
        try:
            with installation.sessions.begin() as session:
                operator = parties.register_operator(
                    session,
                    installation.env,
                    uscc=arguments.uscc,
                    name_zh=arguments.firm_zh,
                    name_en=arguments.firm_en,
                    city_zh=city.zh,
                    city_en=city.en,
                )
                site = parties.register_site(
                    session,
                    installation.env,
                    parties.RegisterSite(
                        gln=arguments.gln,
                        operator=operator,
                        name_zh=arguments.name_zh,
                        name_en=arguments.name_en,
                        role=SiteRole(arguments.role),
                        district=arguments.district,
                        market_gln=arguments.market,
                    ),
                )
                if arguments.company_prefix:
                    chosen = SetSite(gln=site.gln, company_prefixes=arguments.company_prefix)
                    set_site(session, installation.env, chosen)
        except Refusal as refusal:
            return print_refusal(refusal, as_json=arguments.json)
    print_result({"site": site.gln, "operator": operator.uscc, "role": site.role.value}, as_json=arguments.json)
    return 0


def _quota(text: str) -> int:
    """Return a quota, 0 for `none`; argparse says what is wrong with anything else."""
    quota = 0 if text == "none" else int(text)
    if quota < 0 or (quota == 0 and text != "none") or quota > 2**31 - 1:
        raise ValueError(text)
    return quota


def run_set(arguments: argparse.Namespace) -> int:
    """Change quota and company prefixes of a place; what is not named stays."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.cli.refusals import NothingToDo
    from coldtrace.parties.site_settings import SetSite, set_site
    from coldtrace.settings import load_settings

    if arguments.codes_per_day is None and arguments.company_prefix is None:
        raise NothingToDo(wanted="--codes-per-day N / --company-prefix P")
    with open_installation(load_settings()) as installation:
        try:
            with installation.sessions.begin() as session:
                command = SetSite(
                    gln=arguments.site,
                    company_prefixes=arguments.company_prefix,
                    codes_per_day=arguments.codes_per_day or None,
                    unlimited=arguments.codes_per_day == 0,
                )
                kept = set_site(session, installation.env, command)
        except Refusal as refusal:
            return print_refusal(refusal, as_json=arguments.json)
    result = {
        "site": kept.gln,
        "codes_per_day": kept.codes_per_day,
        "company_prefixes": list(kept.company_prefixes),
    }
    if arguments.json:
        print_result(result, as_json=True)
    else:
        quota = "none" if kept.codes_per_day is None else str(kept.codes_per_day)
        print("\t".join([kept.gln, quota, " ".join(kept.company_prefixes)]))
    return 0


def run_close(arguments: argparse.Namespace) -> int:
    """Close a place or a firm: no new device, invitation or code; statements of devices go on."""
    return _close_or_reopen(arguments, is_open=False)


def run_reopen(arguments: argparse.Namespace) -> int:
    """Reopen a place or a firm."""
    return _close_or_reopen(arguments, is_open=True)


def _close_or_reopen(arguments: argparse.Namespace, *, is_open: bool) -> int:
    from coldtrace.cli import command_note
    from coldtrace.cli.installation import open_installation
    from coldtrace.parties import closing, store
    from coldtrace.people.grant_refusals import OrganisationUnknown
    from coldtrace.settings import load_settings

    named = arguments.site or arguments.organisation
    with open_installation(load_settings()) as installation:
        try:
            with installation.sessions.begin() as session:
                command_note.names(named)
                if arguments.site is not None and is_open:
                    closing.reopen_site(session, arguments.site)
                elif arguments.site is not None:
                    closing.close_site(session, installation.env, arguments.site)
                else:
                    operator = store.operator_of_uscc(session, arguments.organisation)
                    if operator is None:
                        raise OrganisationUnknown(uscc=arguments.organisation[:18])
                    command_note.about([operator.operator_id])
                    if is_open:
                        closing.reopen_organisation(session, operator.operator_id)
                    else:
                        closing.close_organisation(session, installation.env, operator.operator_id)
        except Refusal as refusal:
            return print_refusal(refusal, as_json=arguments.json)
    kind = "site" if arguments.site is not None else "organisation"
    print_result({kind: named, "state": "open" if is_open else "closed"}, as_json=arguments.json)
    return 0


def run_list(arguments: argparse.Namespace) -> int:
    """List the places by GLN."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.parties import store
    from coldtrace.parties.site_settings import site_settings
    from coldtrace.settings import load_settings

    with open_installation(load_settings()) as installation, installation.sessions() as session:
        kept = site_settings(session)
        sites: list[dict[str, object]] = [
            {
                "gln": site.gln,
                "role": site.role.value,
                "district": site.district,
                "market": site.market_gln,
                "name_zh": site.name_zh,
                "name_en": site.name_en,
                "codes_per_day": kept[site.gln].codes_per_day,
                "company_prefixes": list(kept[site.gln].company_prefixes),
            }
            for site in store.sites(session)
        ]
    if arguments.json:
        print_result({"sites": sites}, as_json=True)
    else:
        columns = ("gln", "role", "district", "market", "name_zh", "name_en", "codes_per_day", "company_prefixes")
        print_rows(columns, sites)
    return 0
