"""A database as an earlier version left it, brought up to date."""

from collections.abc import Callable

from alembic import command
from sqlalchemy import Connection

from coldtrace.db.engine import make_engine
from coldtrace.db.migrate import configuration, upgrade


def upgrade_filled(url: str, *, revision: str, fill: Callable[[Connection], object]) -> None:
    """Build an empty database up to `revision`, let `fill` put rows into it, and upgrade it to the present."""
    config = configuration()
    engine = make_engine(url)
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()
    with engine.begin() as connection:
        fill(connection)
    engine.dispose()
    upgrade(url)


DEVICE_OF_A_STORE = """
INSERT INTO operator VALUES ('01a1f0aa-0000-7000-8000-000000000001', '91120116MA05TE5T1N', '滨海', 'Binhai', '天津',
    'Tianjin', now());
INSERT INTO site (gln, operator_id, name_zh, name_en, role, district, created_at, company_prefixes)
    SELECT '9521234000020', operator_id, '库', 'Store', 'cold_store', '120118', now(), '{}' FROM operator;
INSERT INTO device (key_id, gln, name, alg, spki, certificate, certificate_sig, site_salt, operations, state,
    enrolled_at) VALUES (sha256('k'), '9521234000020', '', 'ed25519', '', '', '', '', '{}', 'active', now());
"""
"""A firm, its cold store and a device there, by which statements of old databases were said."""
