"""The database that every process of a run copies: to migrate costs a process many seconds, to copy a part of one."""

from __future__ import annotations

from django.db import connection
from psycopg.sql import SQL, Identifier, Literal

NAME = "test_migrated"
LOCK = 6_006  # nobody else who uses the server takes it


def migrated(run: str) -> str:
    """The name of a database that has every migration, made anew by the first process of `run` that asks."""
    with connection._nodb_cursor() as cursor:
        # Held as long as this connection, whatever becomes of the process.
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        made_by = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s"
        cursor.execute(made_by, [NAME])
        if cursor.fetchone() != (run,):
            _make()
            cursor.execute(SQL("COMMENT ON DATABASE {} IS {}").format(Identifier(NAME), Literal(run)))
    return NAME


def _make() -> None:
    named, of_tests = connection.settings_dict["NAME"], connection.settings_dict["TEST"]
    copied, of_tests["NAME"] = of_tests["NAME"], NAME
    try:
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    finally:
        # One that somebody is connected to cannot be copied.
        connection.close()
        connection.settings_dict["NAME"], of_tests["NAME"] = named, copied
