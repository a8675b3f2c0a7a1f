"""The database itself refuses to change an event, and PostgreSQL to remove one.

SQLite lets rows go, as tests empty its tables by deleting; the model refuses there.
"""

from django.db import migrations

SQLITE = """
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit_auditevent
BEGIN SELECT RAISE(ABORT, 'the audit trail only grows'); END
"""
POSTGRESQL = """
CREATE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the audit trail only grows'; END $$;
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE OR DELETE ON audit_auditevent
FOR EACH ROW EXECUTE FUNCTION audit_only_grows()
"""


def guard(apps, schema_editor):
    schema_editor.execute(POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE)


def let_go(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP TRIGGER audit_is_never_changed ON audit_auditevent; DROP FUNCTION audit_only_grows()")
    else:
        schema_editor.execute("DROP TRIGGER audit_is_never_changed")


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [migrations.RunPython(guard, let_go)]
