"""`mark` becomes `fingerprint`."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("exports", "0001_initial")]

    operations = [
        migrations.RemoveConstraint("export", "one_export_per_content"),
        migrations.RenameField("export", "mark", "fingerprint"),
        migrations.AddConstraint(
            "export", models.UniqueConstraint(fields=["batch", "fingerprint"], name="one_export_per_content")
        ),
    ]
