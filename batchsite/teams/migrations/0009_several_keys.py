"""A team's only key becomes the first of several: it is called “Team key” and is the default one."""

from __future__ import annotations

import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("teams", "0008_team_deletion")]

    operations = [
        migrations.AddField("providerkey", "name", models.CharField(default="Team key", max_length=40)),
        migrations.AddField("providerkey", "is_default", models.BooleanField(default=True)),
        migrations.AlterField("providerkey", "is_default", models.BooleanField(default=False)),
        migrations.AddField("providerkey", "removed_at", models.DateTimeField(blank=True, null=True)),
        migrations.AlterField("providerkey", "secret", models.BinaryField(null=True)),
        migrations.AlterField(
            "providerkey",
            "team",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="provider_keys", to="teams.team"
            ),
        ),
        migrations.AddConstraint(
            "providerkey",
            models.UniqueConstraint(
                models.F("team"),
                django.db.models.functions.text.Lower("name"),
                condition=models.Q(("removed_at", None)),
                name="one_key_per_name",
            ),
        ),
        migrations.AddConstraint(
            "providerkey",
            models.UniqueConstraint(
                condition=models.Q(("is_default", True)), fields=("team",), name="one_default_key_per_team"
            ),
        ),
    ]
