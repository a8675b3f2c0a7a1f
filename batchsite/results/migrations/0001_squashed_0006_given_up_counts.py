import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    replaces = [
        ("review", "0001_initial"),
        ("review", "0002_fingerprints"),
        ("review", "0003_counts_of_filters"),
        ("review", "0004_chosen_columns"),
        ("review", "0005_orders_of_columns"),
        ("review", "0006_given_up_counts"),
    ]

    dependencies = [
        ("batches", "0001_squashed_0025_batch_key"),
        ("datasets", "0001_squashed_0007_retention"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="RowOrder",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("next_look_at", models.DateTimeField(blank=True, db_index=True, null=True)),
                ("lease_token", models.CharField(blank=True, default="", max_length=32)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("key", models.CharField(max_length=310)),
                ("edition", models.PositiveIntegerField(default=0)),
                ("fingerprint", models.CharField(blank=True, max_length=700)),
                ("results", models.PositiveBigIntegerField(default=0)),
                ("as_of", models.DateTimeField(blank=True, null=True)),
                ("asked_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("problem", models.TextField(blank=True)),
                ("given_up", models.CharField(blank=True, max_length=700)),
                (
                    "batch",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="row_orders",
                        to="batches.batch",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="OrderedPart",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("edition", models.PositiveIntegerField()),
                ("by_row", models.BooleanField(default=False)),
                ("number", models.PositiveIntegerField()),
                ("value", models.PositiveBigIntegerField()),
                ("row", models.PositiveBigIntegerField()),
                ("data", models.BinaryField()),
                (
                    "order",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="parts",
                        to="review.roworder",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Summary",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("next_look_at", models.DateTimeField(blank=True, db_index=True, null=True)),
                ("lease_token", models.CharField(blank=True, default="", max_length=32)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("fingerprint", models.CharField(blank=True, max_length=1400)),
                ("shown", models.JSONField(blank=True, null=True)),
                ("as_of", models.DateTimeField(blank=True, null=True)),
                ("doing", models.CharField(blank=True, max_length=1400)),
                ("through", models.PositiveBigIntegerField(default=0)),
                ("tally", models.JSONField(blank=True, null=True)),
                ("problem", models.TextField(blank=True)),
                ("given_up", models.CharField(blank=True, max_length=1400)),
                ("expected_field", models.CharField(blank=True, max_length=300)),
                ("edition", models.PositiveIntegerField(default=0)),
                ("corrections", models.JSONField(blank=True, default=dict)),
                (
                    "batch",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="summary", to="batches.batch"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Codes",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("edition", models.PositiveIntegerField()),
                ("name", models.CharField(max_length=310)),
                ("first", models.PositiveBigIntegerField()),
                ("data", models.BinaryField()),
                (
                    "summary",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="codes",
                        to="review.summary",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ColumnChoice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("fields", models.CharField(max_length=64)),
                ("columns", models.JSONField(default=list)),
                ("widths", models.JSONField(default=dict)),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="datasets.dataset"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("user", "dataset", "fields"), name="one_choice_of_columns_per_kind")
                ],
            },
        ),
        migrations.CreateModel(
            name="Comparison",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("next_look_at", models.DateTimeField(blank=True, db_index=True, null=True)),
                ("lease_token", models.CharField(blank=True, default="", max_length=32)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("fingerprint", models.CharField(blank=True, max_length=1400)),
                ("shown", models.JSONField(blank=True, null=True)),
                ("as_of", models.DateTimeField(blank=True, null=True)),
                ("doing", models.CharField(blank=True, max_length=1400)),
                ("through", models.PositiveBigIntegerField(default=0)),
                ("tally", models.JSONField(blank=True, null=True)),
                ("problem", models.TextField(blank=True)),
                ("given_up", models.CharField(blank=True, max_length=1400)),
                (
                    "one",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="batches.batch"
                    ),
                ),
                (
                    "other",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="batches.batch"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("one", "other"), name="one_comparison_per_pair")],
            },
        ),
        migrations.CreateModel(
            name="HitCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("next_look_at", models.DateTimeField(blank=True, db_index=True, null=True)),
                ("lease_token", models.CharField(blank=True, default="", max_length=32)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("fingerprint", models.CharField(blank=True, max_length=1400)),
                ("shown", models.JSONField(blank=True, null=True)),
                ("as_of", models.DateTimeField(blank=True, null=True)),
                ("doing", models.CharField(blank=True, max_length=1400)),
                ("through", models.PositiveBigIntegerField(default=0)),
                ("tally", models.JSONField(blank=True, null=True)),
                ("problem", models.TextField(blank=True)),
                ("given_up", models.CharField(blank=True, max_length=1400)),
                ("query", models.TextField()),
                ("digest", models.CharField(max_length=64)),
                ("asked_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "batch",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="hit_counts",
                        to="batches.batch",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("batch", "digest"), name="one_count_per_filter")],
            },
        ),
        migrations.CreateModel(
            name="Judgement",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "batch_id", "row", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("row", models.PositiveBigIntegerField()),
                ("verdict", models.CharField(blank=True, choices=[("good", "Good"), ("bad", "Bad")], max_length=4)),
                ("corrected", models.JSONField(blank=True, null=True)),
                ("comment", models.TextField(blank=True)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "batch",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="judgements",
                        to="batches.batch",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["batch", "verdict", "row"], name="judgements_by_verdict"),
                    models.Index(
                        condition=models.Q(("corrected__isnull", False)), fields=["batch", "row"], name="corrected_rows"
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="roworder",
            constraint=models.UniqueConstraint(fields=("batch", "key"), name="one_order_per_key"),
        ),
        migrations.AddConstraint(
            model_name="orderedpart",
            constraint=models.UniqueConstraint(
                fields=("order", "by_row", "edition", "number"), name="one_part_per_place"
            ),
        ),
        migrations.AddConstraint(
            model_name="codes",
            constraint=models.UniqueConstraint(
                fields=("summary", "edition", "name", "first"), name="one_code_page_per_rows"
            ),
        ),
    ]
