"""The one database engine, PostgreSQL: our own server where none is given, connections, migrations."""
