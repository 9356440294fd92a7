"""`coldtrace sites register|list`: firms and their places (pages for it come with people and rights)."""

import argparse

from coldtrace.cli.output import print_refusal, print_result
from coldtrace.errors import Refusal

ROLES = ("first_station", "cold_store", "distributor", "market", "retailer")


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
    register.add_argument("--json", action="store_true")
    register.set_defaults(func=run_register)
    listing = actions.add_parser("list", help="列出场所 / list places")
    listing.add_argument("--json", action="store_true")
    listing.set_defaults(func=run_list)


def run_register(arguments: argparse.Namespace) -> int:
    """Register a place; the same facts again change nothing, other facts under a known GLN are refused."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.parties import service as parties
    from coldtrace.parties.model import SiteRole
    from coldtrace.parties.provinces import province_of
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
                    ),
                )
        except Refusal as refusal:
            return print_refusal(refusal, as_json=arguments.json)
    print_result({"site": site.gln, "operator": operator.uscc, "role": site.role.value}, as_json=arguments.json)
    return 0


def run_list(arguments: argparse.Namespace) -> int:
    """List the places by GLN."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.parties import store
    from coldtrace.settings import load_settings

    with open_installation(load_settings()) as installation, installation.sessions() as session:
        sites = [
            {"gln": site.gln, "role": site.role.value, "district": site.district, "name_zh": site.name_zh}
            | {"name_en": site.name_en}
            for site in store.sites(session)
        ]
    if arguments.json:
        print_result({"sites": sites}, as_json=True)
    else:
        for site in sites:
            print("\t".join(site.values()))
    return 0
