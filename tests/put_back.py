"""After a test that commits, its database is put back as migrating left it, without migrating it again.

Django's own way (`flush`) asks for every permission of every model anew, and truncates each table of PostgreSQL: that
takes longer than many a test.
"""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction

OF_DJANGO = {"django_migrations", "django_content_type", "auth_permission"}
"""They say which tables there are. No test writes to them."""
Row = tuple[Any, ...]


class Beginning:
    """What is in the tables before the first test."""

    def __init__(self) -> None:
        self._rows = {table: _rows(table) for table in _tables()}

    def put_back(self) -> None:
        """Empties the tables of the test, and writes what was in them at first."""
        with transaction.atomic(), connection.cursor() as cursor:
            if connection.vendor == "postgresql":  # without triggers: the trail lets no event go
                cursor.execute("SET LOCAL session_replication_role = replica")
            for table in _tables():
                name = connection.ops.quote_name(table)
                cursor.execute(f"DELETE FROM {name}")
                if rows := self._rows.get(table):
                    values = ", ".join(["%s"] * len(rows[0]))
                    cursor.executemany(f"INSERT INTO {name} VALUES ({values})", rows)


def _tables() -> list[str]:
    return sorted(set(connection.introspection.table_names()) - OF_DJANGO)


def _rows(table: str) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
        return list(cursor.fetchall())
