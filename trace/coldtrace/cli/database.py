"""`coldtrace db upgrade`: bring the database to this version."""

import argparse

from coldtrace.cli.output import print_result


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `db upgrade`."""
    parser = commands.add_parser("db", help="数据库 / the database")
    actions = parser.add_subparsers(dest="db_command", required=True)
    upgrade = actions.add_parser("upgrade", help="升级表结构 / upgrade the schema")
    upgrade.add_argument("--json", action="store_true")
    upgrade.set_defaults(func=run_upgrade)


def run_upgrade(arguments: argparse.Namespace) -> int:
    """Upgrade and say so; a database from a newer version is refused with one sentence."""
    from coldtrace.db.embedded import open_database
    from coldtrace.db.engine import check_server, make_engine
    from coldtrace.db.migrate import upgrade
    from coldtrace.settings import load_settings

    settings = load_settings()
    with open_database(database_url=settings.database_url, data_dir=settings.data_dir) as url:
        engine = make_engine(url)
        check_server(engine)
        engine.dispose()
        upgrade(url)
    print_result({"database": "up to date"}, as_json=arguments.json)
    return 0
