"""`coldtrace db upgrade|roles`: bring the database to this version, and see whether the service can take its roles."""

import argparse

from coldtrace.cli.output import REFUSED, print_refusal, print_result


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `db upgrade`."""
    parser = commands.add_parser("db", help="数据库 / the database")
    actions = parser.add_subparsers(dest="db_command", required=True)
    upgrade = actions.add_parser("upgrade", help="升级表结构 / upgrade the schema")
    upgrade.add_argument("--json", action="store_true")
    upgrade.set_defaults(func=run_upgrade)
    roles = actions.add_parser("roles", help="数据库角色 / the roles inside PostgreSQL")
    roles.add_argument("--sql", action="store_true", help="给管理员的 SQL / SQL for an administrator")
    roles.add_argument("--user", help="服务所用的数据库用户 / the user that the service connects as")
    roles.add_argument("--json", action="store_true")
    roles.set_defaults(func=run_roles)


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


def run_roles(arguments: argparse.Namespace) -> int:
    """Say whether the roles are there (exit 1 if not), or print what an administrator runs to make them."""
    from sqlalchemy import text

    from coldtrace.db.embedded import open_database
    from coldtrace.db.engine import check_server, make_engine
    from coldtrace.db.roles import ROLES, administrator_sql, state
    from coldtrace.settings import load_settings

    settings = load_settings()
    with open_database(database_url=settings.database_url, data_dir=settings.data_dir) as url:
        engine = make_engine(url)
        check_server(engine)
        with engine.connect() as connection:
            user = arguments.user or str(connection.execute(text("SELECT session_user")).scalar_one())
            found = state(connection)
        engine.dispose()
    if arguments.sql:
        sql = administrator_sql(user)
        if arguments.json:
            print_result({"sql": sql}, as_json=True)
        else:
            print(sql, end="")
        return 0
    if found.trouble is not None:
        return print_refusal(found.trouble, as_json=arguments.json, status=REFUSED)
    print_result({"roles": ", ".join(ROLES), "user": user}, as_json=arguments.json)
    return 0
