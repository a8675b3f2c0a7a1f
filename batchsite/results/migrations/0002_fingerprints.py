"""`mark` becomes `fingerprint`, and both kinds of counts have the same columns."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("review", "0001_initial")]

    operations = [
        migrations.RenameField("summary", "mark", "fingerprint"),
        migrations.RenameField("comparison", "mark", "fingerprint"),
        migrations.AlterField("summary", "fingerprint", models.CharField(blank=True, max_length=1400)),
        migrations.AlterField("summary", "doing", models.CharField(blank=True, max_length=1400)),
    ]
