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
    "paper",
    "paper_file",
    "paper_check",
    "paper_policy",
    "declaration_change",
)
"""What the app adds rows to and never changes."""

MAY: dict[str, tuple[tuple[str, str, tuple[str, ...]], ...]] = {
    "ledger_leaf": ((SEQUENCER, "INSERT", ()),),
    "ledger_node": ((SEQUENCER, "INSERT", ()),),
    "ledger_checkpoint": ((SEQUENCER, "INSERT", ()),),
    "ledger_cosignature": ((SEQUENCER, "INSERT", ()),),
    "ledger_published": ((SEQUENCER, "INSERT", ()), (SEQUENCER, "UPDATE", ())),
    # UPDATE of a column that cannot be written, because SELECT ... FOR UPDATE wants one.
    "ledger_pending": ((SEQUENCER, "DELETE", ()), (SEQUENCER, "UPDATE", ("pid",))),
    "ledger_head": ((SEQUENCER, "UPDATE", ()),),
    "ledger_log": ((SEQUENCER, "UPDATE", ("state", "frozen_at", "frozen_reason")),),
    "statement_piece": ((ERASER, "UPDATE", ("bytes", "erased_at")),),
    "statement": ((ERASER, "UPDATE", ("to_name",)),),
}
"""What else is done to history: by table, who does what, to which columns; no columns means the whole row."""

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


class RolesExceed(Refusal):
    """A role may do more to history than the service ever does."""

    code = "database_roles_exceed"
    title = Words("数据库角色权限过大", "A database role may do too much")
    detail = Words(
        "数据库角色多出一项对历史记录的权限（{right}），服务无权收回。请让表的所有者运行 coldtrace db upgrade，"
        "或让数据库管理员收回该权限。",
        "A role has a right on history that it should not have ({right}), and this service may not take it back. Have"
        " the owner of the tables run `coldtrace db upgrade`, or an administrator revoke it.",
    )


@dataclass(frozen=True, kw_only=True)
class RoleState:
    """Whether the current user can take all roles: `missing` says which not.  `excess` is a right too many."""

    missing: RolesMissing | None
    excess: RolesExceed | None = None

    @property
    def complete(self) -> bool:
        """Tell whether the service can work in its roles."""
        return self.missing is None

    @property
    def trouble(self) -> RolesMissing | RolesExceed | None:
        """What a person has to be told, the worse of the two."""
        return self.missing or self.excess

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
    """Return whether the current user can take each role, and whether one may do more than it should."""
    missing = _missing(connection)
    user = str(connection.execute(text("SELECT session_user")).scalar_one())
    excess = _excess(connection)
    return RoleState(
        missing=RolesMissing(user=user, role=missing[0]) if missing else None,
        excess=RolesExceed(right=excess) if excess else None,
    )


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
        # What an administrator, or an older version, once gave away is taken back first, of columns too.
        f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {', '.join(ROLES)}",
        f"GRANT USAGE ON SCHEMA {schema} TO {READER}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {READER}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {APP}, {SEQUENCER}",
        f"GRANT INSERT, UPDATE, DELETE ON {', '.join(free)} TO {APP}",
        *(f"GRANT {given} TO {role}" for role, given in _history_grants()),
    ]


def _history_grants() -> list[tuple[str, str]]:
    """Return who may do what to history besides reading it: a role, and the words between GRANT and TO."""
    found = [(APP, f"INSERT ON {table}") for table in ADD_ONLY]
    for table, columns in MAY.items():
        for role, verb, names in columns:
            found.append((role, f"{verb} ({', '.join(names)}) ON {table}" if names else f"{verb} ON {table}"))
    return found


def _excess(connection: Connection) -> str | None:
    """Return one right on history that a role has and should not have, as `role: verb table (column)`.

    Looked up column by column, as the server sees it: with what comes by membership, by PUBLIC, or from a partition.
    """
    may: set[tuple[str, str, str, str | None]] = {(APP, table, "INSERT", None) for table in ADD_ONLY}
    for table, columns in MAY.items():
        for role, verb, names in columns:
            may |= {(role, table, verb, name) for name in names or (None,)}
    may |= {(ERASER, table, verb, name) for role, table, verb, name in may if role == APP}
    rows = connection.execute(
        text(
            "SELECT r.rolname, c.relname, p.verb, a.attname, coalesce(q.relname, c.relname) AS whole"
            " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = current_schema()"
            " LEFT JOIN pg_inherits i ON i.inhrelid = c.oid LEFT JOIN pg_class q ON q.oid = i.inhparent"
            " JOIN pg_roles r ON r.rolname = ANY(:roles)"
            " CROSS JOIN (VALUES ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE'), ('TRIGGER')) AS p(verb)"
            " LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
            "  AND p.verb IN ('INSERT', 'UPDATE')"
            " WHERE c.relkind IN ('r', 'p') AND (c.relname LIKE 'ledger\\_%' OR c.relname = ANY(:tables))"
            " AND CASE WHEN a.attname IS NULL THEN has_table_privilege(r.oid, c.oid, p.verb)"
            "  ELSE has_column_privilege(r.oid, c.oid, a.attnum, p.verb) END"
            " ORDER BY 1, 2, 3, 4"
        ),
        {"roles": list(ROLES), "tables": [*ADD_ONLY, *MAY]},
    )
    for role, table, verb, column, whole in rows:
        if not {(role, whole, verb, None), (role, whole, verb, column)} & may:
            return f"{role}: {verb} {table}" + (f" ({column})" if column else "")
    return None


def _try(connection: Connection, sql: str) -> None:
    if not sql:
        return
    try:
        connection.exec_driver_sql(sql)
        connection.commit()
    except DBAPIError as error:
        connection.rollback()
        log.info("roles: %s", " ".join(str(error.orig).split()))
