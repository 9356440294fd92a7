"""What the service may do to history is refused by PostgreSQL itself, with or without our triggers."""

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, ProgrammingError

from coldtrace.db import roles
from coldtrace.db.engine import make_engine
from coldtrace.db.roles import APP, ERASER, READER, ROLES, SEQUENCER, administrator_sql, establish, state

HISTORY = (
    "ledger_entry", "ledger_entry_1", "ledger_leaf", "ledger_leaf_1", "ledger_node", "ledger_checkpoint",
    "ledger_cosignature", "ledger_log", "ledger_head", "ledger_published", "statement", "statement_piece", "trust_list",
    "installation", "journal_record", "journal_link", "journal_anchor",
)  # fmt: skip


@pytest.fixture
def as_role(database_url: str) -> Iterator[dict[str, Engine]]:
    made = {role: make_engine(database_url, role=role, pool_size=1) for role in ROLES}
    yield made
    for each in made.values():
        each.dispose()


def refused(engine: Engine, sql: str) -> bool:
    try:
        with engine.begin() as connection:
            connection.execute(text(sql))
    except ProgrammingError as error:
        return "permission denied" in str(error)
    return False


def test_a_connection_works_in_its_role(as_role: dict[str, Engine]) -> None:
    for role, engine in as_role.items():
        for _ in range(2):  # also after the pool took it back
            with engine.connect() as connection:
                assert connection.execute(text("SELECT current_user")).scalar_one() == role


def some_column(engine: Engine, table: str) -> str:
    with engine.connect() as connection:
        return str(
            connection.execute(
                text("SELECT column_name FROM information_schema.columns WHERE table_name = :t ORDER BY 1 LIMIT 1"),
                {"t": table},
            ).scalar_one()
        )


@pytest.mark.parametrize("role", ROLES)
def test_no_role_changes_or_deletes_history(as_role: dict[str, Engine], role: str) -> None:
    free = {
        SEQUENCER: {"ledger_head", "ledger_published"},  # the two rows that follow the tree
        READER: set(), APP: set(), ERASER: set(),
    }[role]  # fmt: skip
    for table in HISTORY:
        column = "root" if table in ("ledger_head", "ledger_published") else some_column(as_role[role], table)
        if role == ERASER and column in ("bytes", "erased_at"):
            column = "piece"
        assert refused(as_role[role], f"UPDATE {table} SET {column} = {column}") is (table not in free), table
        assert refused(as_role[role], f"DELETE FROM {table}"), table
        assert refused(as_role[role], f"TRUNCATE {table}"), table


@pytest.mark.parametrize("role", [READER, APP, SEQUENCER, ERASER])
def test_no_role_takes_the_triggers_off(as_role: dict[str, Engine], role: str) -> None:
    with as_role[role].begin() as connection, pytest.raises(DBAPIError, match="must be owner"):
        connection.execute(text("ALTER TABLE ledger_entry DISABLE TRIGGER USER"))


def test_only_the_sequencer_writes_the_tree(as_role: dict[str, Engine]) -> None:
    for sql in (
        "INSERT INTO ledger_leaf VALUES (1, 0, gen_random_uuid(), sha256('x'))",
        "INSERT INTO ledger_node VALUES (1, 1, 0, sha256('x'))",
        "INSERT INTO ledger_checkpoint VALUES (1, 7, sha256('x'), '', now())",
        "INSERT INTO ledger_published VALUES (1, 7, sha256('x'), now(), '', 0)",
        "DELETE FROM ledger_pending",
    ):
        assert [refused(as_role[role], sql) for role in (READER, APP, ERASER)] == [True] * 3, sql
        assert not refused(as_role[SEQUENCER], sql), sql
    assert refused(
        as_role[SEQUENCER], "INSERT INTO ledger_entry VALUES (1, gen_random_uuid(), 'x', sha256('x'), now())"
    )
    assert not refused(as_role[APP], "INSERT INTO ledger_entry VALUES (1, gen_random_uuid(), 'x', sha256('x'), now())")


def test_the_reader_only_reads(as_role: dict[str, Engine]) -> None:
    with as_role[READER].connect() as connection:
        tables = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars().all()
        for table in tables:
            connection.execute(text(f"SELECT 1 FROM {table} LIMIT 1"))
    assert len(tables) > 20
    for table in tables:
        assert refused(as_role[READER], f"DELETE FROM {table}")


def test_the_app_works_freely_on_what_is_no_history(as_role: dict[str, Engine]) -> None:
    for sql in ("DELETE FROM containment", "UPDATE unit SET version = 2", "UPDATE device SET name = ''"):
        assert not refused(as_role[APP], sql)
    with as_role[APP].begin() as connection:
        assert connection.execute(text("SELECT nextval('lot_lot_id_seq')")).scalar_one() == 1


def test_only_the_eraser_may_empty_a_piece(as_role: dict[str, Engine]) -> None:
    sql = "UPDATE statement_piece SET bytes = NULL, erased_at = now()"
    assert [refused(as_role[role], sql) for role in ROLES] == [role != ERASER for role in ROLES]


def test_the_sequencer_freezes_and_cannot_thaw(as_role: dict[str, Engine]) -> None:
    with as_role[SEQUENCER].begin() as connection:
        connection.execute(text("UPDATE ledger_log SET state = 'frozen' WHERE state = 'open'"))
    assert refused(as_role[APP], "UPDATE ledger_log SET state = 'frozen'")
    assert refused(as_role[SEQUENCER], "UPDATE ledger_log SET origin = 'x'")


@pytest.fixture
def plain_user(database_url: str) -> Iterator[tuple[str, str]]:
    """A user who owns nothing and may make no roles, and the URL with which it connects."""
    url = make_url(database_url.replace("+psycopg", ""))
    name = f"plain_{url.database}"
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'x'")
        yield name, url.set(username=name, password="x").render_as_string(hide_password=False)
        connection.execute(f"DROP OWNED BY {name}")
        connection.execute(f"DROP ROLE {name}")


def test_a_user_without_the_roles_is_told_and_works_as_itself(plain_user: tuple[str, str], database_url: str) -> None:
    name, url = plain_user
    engine = make_engine(url, pool_size=1)
    try:
        with engine.connect() as connection:
            establish(connection)
            found = state(connection)
        assert not found.complete
        assert found.role(APP) is None
        assert found.trouble is not None
        assert name in found.trouble.say("zh")
        assert "coldtrace db roles --sql" in found.trouble.say("en")
        # An administrator runs what the command prints, but for the roles that this server has already.
        with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as administrator:
            for line in administrator_sql(name).splitlines():
                if not line.startswith("CREATE ROLE"):
                    administrator.execute(line)
        with engine.connect() as connection:
            assert state(connection).complete
    finally:
        engine.dispose()
    app = make_engine(url, role=APP, pool_size=1)
    with app.connect() as connection:
        assert connection.execute(text("SELECT current_user")).scalar_one() == APP
    app.dispose()


@pytest.mark.parametrize(
    ("given", "right"),
    [
        (f"UPDATE, DELETE ON ledger_leaf TO {APP}", f"{APP}: DELETE ledger_leaf"),
        (f"UPDATE (leaf) ON ledger_entry_1 TO {APP}", f"{APP}: UPDATE ledger_entry_1 (leaf)"),
        (f"UPDATE (frozen_at, origin) ON ledger_log TO {SEQUENCER}", f"{SEQUENCER}: UPDATE ledger_log (origin)"),
        (f"TRUNCATE ON statement_piece TO {ERASER}", f"{ERASER}: TRUNCATE statement_piece"),
        (f"INSERT (tree_size) ON ledger_checkpoint TO {READER}", f"{APP}: INSERT ledger_checkpoint (tree_size)"),
        ("DELETE ON trust_list TO PUBLIC", f"{APP}: DELETE trust_list"),
    ],
)
def test_a_right_too_many_is_told_and_taken_back(engine: Engine, given: str, right: str) -> None:
    """Earlier versions and administrators gave rights; whoever may not take them back at least says so."""
    with engine.connect() as connection:
        before = connection.execute(RIGHTS).all()
        connection.execute(text(f"GRANT {given}"))
        connection.commit()
        found = state(connection)
        assert found.complete
        assert found.trouble is not None
        assert (found.trouble.code, found.trouble.facts["right"]) == ("database_roles_exceed", right)
        connection.rollback()
        establish(connection)
        if "PUBLIC" in given:  # not ours to give or to take
            assert state(connection).trouble is not None
        else:
            assert state(connection).trouble is None
            assert connection.execute(RIGHTS).all() == before


RIGHTS = text(
    "SELECT c.relname, CAST(NULL AS text), CAST(acl AS text) FROM pg_class c, unnest(c.relacl) acl"
    " UNION ALL SELECT c.relname, a.attname, CAST(acl AS text)"
    " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid, unnest(a.attacl) acl ORDER BY 1, 2, 3"
)


def test_establishing_again_changes_nothing(engine: Engine) -> None:
    with engine.connect() as connection:
        before = connection.execute(RIGHTS).all()
        connection.rollback()
        establish(connection)
        assert connection.execute(RIGHTS).all() == before
        assert state(connection).complete
        assert state(connection).trouble is None
    assert set(administrator_sql("x").split()) >= set(ROLES)
    assert roles.log.name == "coldtrace.roles"
