"""Alembic's entry: run the scripts on the connection that `coldtrace.db.migrate` passes.

For `alembic revision --autogenerate`, see docs/guides/migrations.md.
"""

import importlib
import importlib.util
import pkgutil

from alembic import context
from sqlmodel import SQLModel

import coldtrace

for room in pkgutil.iter_modules(coldtrace.__path__, "coldtrace."):
    if room.ispkg and room.name != "coldtrace._migrations" and importlib.util.find_spec(f"{room.name}.tables"):
        importlib.import_module(f"{room.name}.tables")

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    compare_type=True,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
