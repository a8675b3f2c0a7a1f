import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    replaces = [
        ("datasets", "0001_initial"),
        ("datasets", "0002_asking_and_versions"),
        ("datasets", "0003_rows_of_the_file"),
        ("datasets", "0004_digests_and_orders"),
        ("datasets", "0005_addresses"),
        ("datasets", "0006_digests_of_old_files"),
        ("datasets", "0007_retention"),
    ]

    dependencies = [
        ("teams", "0001_squashed_0010_invitation_email"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Dataset",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("next_look_at", models.DateTimeField(blank=True, db_index=True, null=True)),
                ("lease_token", models.CharField(blank=True, default="", max_length=32)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("remove_at", models.DateTimeField(blank=True, null=True)),
                ("stays", models.BooleanField(default=False)),
                ("name", models.CharField(max_length=200)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("deleted_at", models.DateTimeField(blank=True, null=True)),
                ("file", models.FileField(blank=True, max_length=300, upload_to="datasets/%Y/%m/")),
                ("address", models.CharField(blank=True, max_length=2000)),
                ("filename", models.CharField(max_length=300)),
                ("size", models.BigIntegerField(default=0)),
                ("digest", models.CharField(blank=True, max_length=64)),
                ("bytes_read", models.BigIntegerField(default=0)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("importing", "Importing"),
                            ("asking", "Needs an answer"),
                            ("ready", "Ready"),
                            ("refused", "Not readable"),
                        ],
                        default="importing",
                        max_length=10,
                    ),
                ),
                ("held_reason", models.TextField(blank=True)),
                ("form", models.CharField(blank=True, max_length=20)),
                ("encoding", models.CharField(blank=True, max_length=40)),
                ("delimiter", models.CharField(blank=True, max_length=4)),
                ("understood", models.JSONField(blank=True, default=dict)),
                ("questions", models.JSONField(blank=True, default=list)),
                ("answers", models.JSONField(blank=True, default=list)),
                ("profile", models.JSONField(blank=True, default=dict)),
                ("columns", models.JSONField(default=list)),
                ("row_count", models.BigIntegerField(default=0)),
                ("problems", models.JSONField(default=list)),
                ("problem_count", models.PositiveIntegerField(default=0)),
                ("left_out", models.PositiveBigIntegerField(default=0)),
                ("file_rows", models.PositiveBigIntegerField(default=0)),
                ("can_leave", models.BooleanField(default=False)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "replaces",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="replaced_by",
                        to="datasets.dataset",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="datasets", to="teams.team"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Block",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("first", models.PositiveBigIntegerField()),
                ("count", models.PositiveIntegerField()),
                ("data", models.BinaryField()),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="blocks", to="datasets.dataset"
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="dataset",
            index=models.Index(fields=["team", "-created_at"], name="datasets_of_a_team"),
        ),
        migrations.AddIndex(
            model_name="dataset",
            index=models.Index(fields=["team", "id"], name="datasets_by_age"),
        ),
        migrations.AddIndex(
            model_name="dataset",
            index=models.Index(
                models.F("team"), django.db.models.functions.text.Lower("name"), models.F("id"), name="datasets_by_name"
            ),
        ),
        migrations.AddIndex(
            model_name="dataset",
            index=models.Index(fields=["team", "row_count", "id"], name="datasets_by_rows"),
        ),
        migrations.AddIndex(
            model_name="dataset",
            index=models.Index(fields=["team", "size", "id"], name="datasets_by_size"),
        ),
        migrations.AddIndex(
            model_name="dataset",
            index=models.Index(
                condition=models.Q(("digest", ""), _negated=True), fields=["team", "digest"], name="datasets_by_digest"
            ),
        ),
        migrations.AddConstraint(
            model_name="block",
            constraint=models.UniqueConstraint(fields=("dataset", "first"), name="one_block_per_row"),
        ),
    ]
