"""Batches from before flawed answers were counted: workers look through them afterwards, so that a start is quick."""

import django.db.models.deletion
from django.db import migrations, models
from django.utils import timezone


def have_them_counted(apps, schema_editor):
    flaw_count = apps.get_model("batches", "FlawCount")
    answered = apps.get_model("batches", "Batch").objects.filter(succeeded__gt=0).order_by("pk")
    now = timezone.now()
    counts = (flaw_count(batch_id=pk, next_look_at=now) for pk in answered.values_list("pk", flat=True).iterator())
    flaw_count.objects.bulk_create(counts, batch_size=1000)


class Migration(migrations.Migration):
    dependencies = [("batches", "0006_fingerprints_of_answers")]

    operations = [
        migrations.CreateModel(
            name="FlawCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("next_look_at", models.DateTimeField(blank=True, db_index=True, null=True)),
                ("lease_token", models.CharField(blank=True, default="", max_length=32)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("page_through", models.BigIntegerField(default=0)),
                (
                    "batch",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="flaw_count", to="batches.batch"
                    ),
                ),
            ],
            options={"abstract": False},
        ),
        migrations.RunPython(have_them_counted, migrations.RunPython.noop),
    ]
