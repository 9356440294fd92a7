"""Roles inside PostgreSQL: what the service may do to history is the server's to refuse, not only ours to leave.

    coldtrace_reader      SELECT on everything
    coldtrace_app         reader; adds to history, never changes it; works freely on what is no history
    coldtrace_sequencer   reader; adds leaves, nodes, checkpoints; empties the queue; moves the head; freezes a log
    coldtrace_eraser      app; may put what is left of an erased piece in its place

None of them can log in, and none owns anything.  The service connects as its own user and takes the role at the start
of each connection.  Who owns the tables can always take the grants back: so in production the owner should be another
user than the service's (docs/guides/run-in-production.md).
"""

import logging
from dataclasses import dataclass

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from coldtrace.errors import Refusal, Words

READER, APP, SEQUENCER, ERASER = ROLES = (
    "coldtrace_reader",
    "coldtrace_app",
    "coldtrace_sequencer",
    "coldtrace_eraser",
)

ADD_ONLY = (
    "ledger_entry",
    "ledger_pending",
    "statement",
    "statement_piece",
    "trust_list",
    "installation",
    "journal_record",
    "journal_link",
    "journal_anchor",
)
"""What the app adds rows to and never changes."""

log = logging.getLogger("coldtrace.roles")


class RolesMissing(Refusal):
    """The server has not our roles and would not let us make them."""

    code = "database_roles_missing"
    title = Words("数据库缺少角色", "The database lacks our roles")
    detail = Words(
        "数据库用户 {user} 无权建立或使用角色 {role}，服务以该用户的全部权限运行：改动历史只有触发器阻止。"
        "请让数据库管理员执行 coldtrace db roles --sql 的输出，然后重启。",
        "The database user {user} may not make or take the role {role}, so the service works with all rights of that"
        " user and only triggers stand before history. Have a database administrator run what"
        " `coldtrace db roles --sql` prints, then restart.",
    )


@dataclass(frozen=True, kw_only=True)
class RoleState:
    """Whether the current user can take all roles; `trouble` says what is missing."""

    trouble: RolesMissing | None

    @property
    def complete(self) -> bool:
        """Tell whether the service can work in its roles."""
        return self.trouble is None

    def role(self, name: str) -> str | None:
        """Return the role to connect with, None when there are none."""
        return name if self.complete else None


def administrator_sql(user: str) -> str:
    """Return what a database administrator runs once, where `user` may not make roles."""
    lines = [f"CREATE ROLE {role} NOLOGIN;" for role in ROLES]
    lines += [*_memberships(), f'GRANT {", ".join(ROLES)} TO "{user}";']
    return "\n".join(lines) + "\n"


def _memberships() -> list[str]:
    return [f"GRANT {READER} TO {APP}, {SEQUENCER};", f"GRANT {APP} TO {ERASER};"]


def establish(connection: Connection) -> None:
    """Make the roles if we may, and give them their rights on the tables if these are ours.  Runs again at any time.

    Commits.  What the server refuses is not an error here: `state` tells.
    """
    _try(connection, "; ".join(_create(connection)))
    owner = connection.execute(
        text("SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass('ledger_log')")
    ).scalar_one_or_none()
    if owner and not _missing(connection):
        _try(connection, "; ".join(_grants(connection)))
    connection.rollback()


def state(connection: Connection) -> RoleState:
    """Return whether the current user can take each role."""
    missing = _missing(connection)
    user = str(connection.execute(text("SELECT session_user")).scalar_one())
    return RoleState(trouble=RolesMissing(user=user, role=missing[0]) if missing else None)


def _missing(connection: Connection) -> list[str]:
    able = connection.execute(
        text("SELECT rolname FROM pg_roles WHERE rolname = ANY(:roles) AND pg_has_role(oid, 'MEMBER')"),
        {"roles": list(ROLES)},
    ).scalars()
    found = set(able)
    return [role for role in ROLES if role not in found]


def _create(connection: Connection) -> list[str]:
    known = set(
        connection.execute(
            text("SELECT rolname FROM pg_roles WHERE rolname = ANY(:roles)"), {"roles": list(ROLES)}
        ).scalars()
    )
    if not _missing(connection):
        return []
    make = [f"CREATE ROLE {role} NOLOGIN" for role in ROLES if role not in known]
    return [*make, *(line.rstrip(";") for line in _memberships()), f"GRANT {', '.join(ROLES)} TO CURRENT_USER"]


def _grants(connection: Connection) -> list[str]:
    """Return the grants on the tables that there are: those of history are named, all others are the app's."""
    tables = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")).scalars()
    free = sorted(
        name for name in tables if name not in ADD_ONLY and not name.startswith("ledger_") and name != "alembic_version"
    )
    schema = '"' + str(connection.execute(text("SELECT current_schema()")).scalar_one()).replace('"', '""') + '"'
    return [
        f"GRANT USAGE ON SCHEMA {schema} TO {READER}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {READER}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {APP}, {SEQUENCER}",
        f"GRANT INSERT, UPDATE, DELETE ON {', '.join(free)} TO {APP}",
        f"GRANT INSERT ON {', '.join(ADD_ONLY)} TO {APP}",
        f"GRANT INSERT ON ledger_leaf, ledger_node, ledger_checkpoint, ledger_cosignature TO {SEQUENCER}",
        f"GRANT INSERT, UPDATE ON ledger_published TO {SEQUENCER}",
        # UPDATE of a column that cannot be written, because SELECT ... FOR UPDATE wants one.
        f"GRANT DELETE, UPDATE (pid) ON ledger_pending TO {SEQUENCER}",
        f"GRANT UPDATE ON ledger_head TO {SEQUENCER}",
        f"GRANT UPDATE (state, frozen_at, frozen_reason) ON ledger_log TO {SEQUENCER}",
        f"GRANT UPDATE (bytes, erased_at) ON statement_piece TO {ERASER}",
        f"GRANT UPDATE (to_name) ON statement TO {ERASER}",
    ]


def _try(connection: Connection, sql: str) -> None:
    if not sql:
        return
    try:
        connection.exec_driver_sql(sql)
        connection.commit()
    except DBAPIError as error:
        connection.rollback()
        log.info("roles: %s", " ".join(str(error.orig).split()))
