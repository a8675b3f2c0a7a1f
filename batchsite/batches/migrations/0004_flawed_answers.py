"""Counters for answers that are missing, cut off, refused or several, and the further answers of a row."""

from django.db import migrations, models

COUNTERS = ("no_answer", "truncated", "declined", "several")


class Migration(migrations.Migration):
    dependencies = [("batches", "0003_codes_instead_of_sentences")]

    operations = [
        *(migrations.AddField("batch", name, models.PositiveBigIntegerField(default=0)) for name in COUNTERS),
        migrations.AddField("result", "others", models.JSONField(blank=True, null=True)),
    ]
