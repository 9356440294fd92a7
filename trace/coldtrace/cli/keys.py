"""`coldtrace keys init|list`: the installation's own keys (rotation and revocation come with the keys' own work)."""

import argparse

from coldtrace.cli.output import print_refusal, print_result
from coldtrace.cli.refusals import KeysExist


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `keys`."""
    parser = commands.add_parser("keys", help="本安装的密钥 / keys of this installation")
    actions = parser.add_subparsers(dest="keys_command", required=True)
    init = actions.add_parser("init", help="建立正式密钥 / make keys for production")
    init.add_argument("--json", action="store_true")
    init.set_defaults(func=run_init)
    listing = actions.add_parser("list", help="列出公钥 / list public keys")
    listing.add_argument("--json", action="store_true")
    listing.set_defaults(func=run_list)


def run_init(arguments: argparse.Namespace) -> int:
    """Make keys in an empty key folder; refuse to touch keys that exist."""
    from coldtrace.db.embedded import make_data_folder
    from coldtrace.parties.keys import ROOT_FILE, make_keys, read_root
    from coldtrace.seal.b64 import b64
    from coldtrace.seal.root_document import net_of
    from coldtrace.settings import load_settings

    settings = load_settings()
    folder = settings.data_dir / "keys"
    if (folder / ROOT_FILE).exists():
        return print_refusal(KeysExist(folder=str(folder)), as_json=arguments.json)
    make_data_folder(settings.data_dir)
    make_keys(folder, development=False)
    print_result({"keys": str(folder), "net": b64(net_of(read_root(folder)))}, as_json=arguments.json)
    return 0


def run_list(arguments: argparse.Namespace) -> int:
    """List the public halves with their use and windows."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.clock import format_utc
    from coldtrace.parties import store
    from coldtrace.settings import load_settings

    with open_installation(load_settings()) as installation, installation.sessions() as session:
        keys = [
            {
                "kid": row.kid,
                "use": row.use,
                "alg": row.alg,
                "station": row.gln,
                "state": row.state,
                "accept_until": format_utc(row.accept_until),
            }
            for row in store.signing_keys(session)
        ]
    if arguments.json:
        print_result({"keys": keys}, as_json=True)
    else:
        for key in keys:
            print("\t".join(str(value) for value in key.values()))
    return 0
