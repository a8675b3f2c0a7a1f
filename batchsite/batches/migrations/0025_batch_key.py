from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("batches", "0024_retention"), ("teams", "0009_several_keys")]

    operations = [
        migrations.AddField(
            model_name="batch",
            name="key",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="batches",
                to="teams.providerkey",
            ),
        ),
    ]
