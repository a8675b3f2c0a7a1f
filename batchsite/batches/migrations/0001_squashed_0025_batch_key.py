import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    replaces = [
        ("batches", "0001_initial"),
        ("batches", "0002_the_workbench"),
        ("batches", "0003_codes_instead_of_sentences"),
        ("batches", "0004_flawed_answers"),
        ("batches", "0005_what_was_paid"),
        ("batches", "0006_fingerprints_of_answers"),
        ("batches", "0007_flaw_counts"),
        ("batches", "0008_held_for"),
        ("batches", "0009_archived_and_sorted"),
        ("batches", "0010_turns"),
        ("batches", "0011_saved_views"),
        ("batches", "0012_batch_ends"),
        ("batches", "0013_pictures"),
        ("batches", "0014_identical_requests_once"),
        ("batches", "0015_rows_that_run_live"),
        ("batches", "0016_asked_models"),
        ("batches", "0017_tools"),
        ("batches", "0018_cached_tokens"),
        ("batches", "0019_ended_here"),
        ("batches", "0020_copies_in_order"),
        ("batches", "0021_spending_caps"),
        ("batches", "0022_earlier_turns"),
        ("batches", "0023_document_form"),
        ("batches", "0024_retention"),
        ("batches", "0025_batch_key"),
    ]

    dependencies = [
        ("datasets", "0001_squashed_0007_retention"),
        ("prompts", "0002_retention"),
        ("teams", "0001_squashed_0010_invitation_email"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Batch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("remove_at", models.DateTimeField(blank=True, null=True)),
                ("stays", models.BooleanField(default=False)),
                ("name", models.CharField(max_length=200)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("deleted_at", models.DateTimeField(blank=True, null=True)),
                ("archived_at", models.DateTimeField(blank=True, null=True)),
                ("system_prompt", models.TextField(blank=True)),
                ("prompt", models.TextField(blank=True)),
                ("model", models.CharField(blank=True, max_length=100)),
                ("params", models.JSONField(blank=True, default=dict)),
                ("examples", models.JSONField(blank=True, default=list)),
                ("shape", models.JSONField(blank=True, null=True)),
                ("shape_aside", models.JSONField(blank=True, null=True)),
                ("row_limit", models.PositiveIntegerField(blank=True, null=True)),
                ("ranges", models.JSONField(blank=True, null=True)),
                ("skip_empty", models.BooleanField(default=False)),
                (
                    "repeats",
                    models.CharField(
                        blank=True,
                        choices=[("once", "Send identical requests once"), ("each", "Send each of them")],
                        max_length=4,
                    ),
                ),
                ("sent_once", models.BooleanField(default=False)),
                ("copies", models.PositiveBigIntegerField(default=0)),
                ("variants", models.JSONField(blank=True, default=list)),
                ("tried", models.JSONField(blank=True, null=True)),
                ("expected_column", models.CharField(blank=True, max_length=300)),
                ("notes", models.TextField(blank=True)),
                ("tags", models.JSONField(blank=True, default=list)),
                ("picture_column", models.CharField(blank=True, max_length=300)),
                ("picture_detail", models.CharField(blank=True, max_length=8)),
                ("document_form", models.CharField(blank=True, max_length=8)),
                ("history_column", models.CharField(blank=True, max_length=300)),
                ("id_column", models.CharField(blank=True, max_length=300)),
                ("id_prefix", models.CharField(blank=True, max_length=48)),
                (
                    "account",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("sandbox", "Sandbox"),
                            ("environment", "Key of this installation"),
                            ("team", "Key of the team"),
                        ],
                        max_length=12,
                    ),
                ),
                ("cache_key", models.CharField(blank=True, max_length=40)),
                ("request_kind", models.CharField(default="chat_get_completion", max_length=24)),
                ("runs_live", models.BooleanField(default=False)),
                ("auto_retries", models.PositiveSmallIntegerField(default=0)),
                ("deadline_hours", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("spend_cap_ticks", models.PositiveBigIntegerField(blank=True, null=True)),
                ("is_near_cap", models.BooleanField(default=False)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("queued", "Queued"),
                            ("submitting", "Submitting"),
                            ("processing", "Processing"),
                            ("collecting", "Collecting"),
                            ("cancelling", "Cancelling"),
                            ("completed", "Completed"),
                            ("cancelled", "Cancelled"),
                            ("expired", "Expired"),
                            ("failed", "Failed"),
                        ],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("held_reason", models.TextField(blank=True)),
                (
                    "held_for",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("credits", "Credits"),
                            ("key", "Key"),
                            ("network", "Network"),
                            ("budget", "Budget"),
                            ("cap", "Cap"),
                            ("restore", "Restore"),
                            ("lost", "Lost"),
                            ("other", "Other"),
                        ],
                        max_length=10,
                    ),
                ),
                ("held_since", models.DateTimeField(blank=True, null=True)),
                ("failure", models.TextField(blank=True)),
                ("restored_at", models.DateTimeField(blank=True, null=True)),
                ("must_confirm", models.BooleanField(default=False)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("first_result_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("estimate", models.JSONField(blank=True, null=True)),
                ("problems", models.JSONField(blank=True, default=list)),
                ("problem_count", models.PositiveBigIntegerField(default=0)),
                ("total", models.PositiveBigIntegerField(default=0)),
                ("succeeded", models.PositiveBigIntegerField(default=0)),
                ("failed", models.PositiveBigIntegerField(default=0)),
                ("cancelled", models.PositiveBigIntegerField(default=0)),
                ("missing", models.PositiveBigIntegerField(default=0)),
                ("skipped", models.PositiveBigIntegerField(default=0)),
                ("misfits", models.PositiveBigIntegerField(default=0)),
                ("no_answer", models.PositiveBigIntegerField(default=0)),
                ("truncated", models.PositiveBigIntegerField(default=0)),
                ("declined", models.PositiveBigIntegerField(default=0)),
                ("several", models.PositiveBigIntegerField(default=0)),
                ("prompt_tokens", models.PositiveBigIntegerField(default=0)),
                ("completion_tokens", models.PositiveBigIntegerField(default=0)),
                ("reasoning_tokens", models.PositiveBigIntegerField(default=0)),
                ("cached_tokens", models.PositiveBigIntegerField(default=0)),
                ("cost_ticks", models.PositiveBigIntegerField(default=0)),
                ("dearest_ticks", models.PositiveBigIntegerField(default=0)),
                ("tools", models.JSONField(blank=True, default=dict)),
                ("tool_calls", models.PositiveBigIntegerField(default=0)),
                ("tool_ticks", models.PositiveBigIntegerField(default=0)),
                ("cited", models.PositiveBigIntegerField(default=0)),
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
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="batches", to="datasets.dataset"
                    ),
                ),
                (
                    "key",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="batches",
                        to="teams.providerkey",
                    ),
                ),
                (
                    "prompt_version",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="batches",
                        to="prompts.promptversion",
                    ),
                ),
                (
                    "started_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="batches", to="teams.team"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="CallBudget",
            fields=[
                ("name", models.CharField(max_length=60, primary_key=True, serialize=False)),
                ("free_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Generation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveBigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="Pace",
            fields=[
                (
                    "batch",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="pace",
                        serialize=False,
                        to="batches.batch",
                    ),
                ),
                ("began_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("every", models.PositiveIntegerField(default=2)),
                ("points", models.JSONField(default=list)),
            ],
        ),
        migrations.CreateModel(
            name="DailySpend",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                (
                    "account",
                    models.CharField(
                        choices=[
                            ("sandbox", "Sandbox"),
                            ("environment", "Key of this installation"),
                            ("team", "Key of the team"),
                        ],
                        max_length=12,
                    ),
                ),
                ("model", models.CharField(max_length=100)),
                ("key", models.CharField(blank=True, max_length=80)),
                ("about", models.CharField(blank=True, max_length=200)),
                ("ticks", models.PositiveBigIntegerField(default=0)),
                ("tried_ticks", models.PositiveBigIntegerField(default=0)),
                ("rows", models.PositiveBigIntegerField(default=0)),
                ("failed", models.PositiveBigIntegerField(default=0)),
                ("tries", models.PositiveBigIntegerField(default=0)),
                ("prompt_tokens", models.PositiveBigIntegerField(default=0)),
                ("completion_tokens", models.PositiveBigIntegerField(default=0)),
                ("reasoning_tokens", models.PositiveBigIntegerField(default=0)),
                (
                    "batch",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="batches.batch"
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="daily_spend",
                        to="teams.team",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
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
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="ModelAnswer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("base_url", models.CharField(max_length=300)),
                ("model", models.CharField(max_length=100)),
                ("takes_batches", models.BooleanField()),
                ("words", models.TextField(blank=True)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("base_url", "model"), name="one_answer_per_model")],
            },
        ),
        migrations.CreateModel(
            name="ModelOffer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("base_url", models.CharField(max_length=300)),
                ("model", models.CharField(max_length=100)),
                ("aliases", models.JSONField(default=list)),
                ("input_price", models.PositiveIntegerField()),
                ("cached_price", models.PositiveIntegerField()),
                ("output_price", models.PositiveIntegerField()),
                ("context_length", models.PositiveIntegerField(blank=True, null=True)),
                ("refreshed_at", models.DateTimeField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("base_url", "model"), name="one_offer_per_model")],
            },
        ),
        migrations.CreateModel(
            name="Renewal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("next_look_at", models.DateTimeField(blank=True, db_index=True, null=True)),
                ("lease_token", models.CharField(blank=True, default="", max_length=32)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("mark", models.CharField(blank=True, max_length=60)),
                ("rows_done", models.PositiveBigIntegerField(default=0)),
                ("ranges", models.JSONField(default=list)),
                ("count", models.PositiveBigIntegerField(default=0)),
                ("ready_at", models.DateTimeField(blank=True, null=True)),
                ("problem", models.TextField(blank=True)),
                (
                    "asked_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="renewals", to="batches.batch"
                    ),
                ),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="datasets.dataset"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RequestId",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "batch_id", "request_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("request_id", models.CharField(max_length=64)),
                ("row", models.PositiveBigIntegerField()),
                (
                    "batch",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="batches.batch",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "place",
                    models.CharField(choices=[("results", "Rows of a batch"), ("batches", "Batches")], max_length=10),
                ),
                ("name", models.CharField(max_length=60)),
                ("query", models.TextField()),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
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
                    "team",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="saved_views",
                        to="teams.team",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Submission",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("next_look_at", models.DateTimeField(blank=True, db_index=True, null=True)),
                ("lease_token", models.CharField(blank=True, default="", max_length=32)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("number", models.PositiveSmallIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("queued", "Queued"),
                            ("submitting", "Submitting"),
                            ("processing", "Processing"),
                            ("collecting", "Collecting"),
                            ("cancelling", "Cancelling"),
                            ("completed", "Completed"),
                            ("cancelled", "Cancelled"),
                            ("expired", "Expired"),
                            ("failed", "Failed"),
                        ],
                        default="queued",
                        max_length=10,
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("first_row", models.PositiveBigIntegerField()),
                ("last_row", models.PositiveBigIntegerField()),
                ("retry_of", models.JSONField(blank=True, null=True)),
                ("is_live", models.BooleanField(default=False)),
                ("planned", models.BooleanField(default=False)),
                ("planned_through", models.PositiveBigIntegerField(default=0)),
                ("total", models.PositiveBigIntegerField(default=0)),
                ("token", models.CharField(max_length=20, unique=True)),
                ("provider_team", models.CharField(blank=True, max_length=100)),
                ("remote_name", models.CharField(blank=True, max_length=300)),
                ("remote_id", models.CharField(blank=True, db_index=True, max_length=100)),
                ("create_tried_at", models.DateTimeField(blank=True, null=True)),
                ("create_turn_at", models.DateTimeField(blank=True, null=True)),
                ("create_slot_at", models.DateTimeField(blank=True, null=True)),
                ("missed_at", models.DateTimeField(blank=True, null=True)),
                ("missed_rows", models.JSONField(default=list)),
                ("absent_rows", models.PositiveBigIntegerField(default=0)),
                ("sent", models.PositiveBigIntegerField(default=0)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("num_requests", models.PositiveBigIntegerField(blank=True, null=True)),
                ("num_pending", models.PositiveBigIntegerField(blank=True, null=True)),
                ("num_success", models.PositiveBigIntegerField(blank=True, null=True)),
                ("num_error", models.PositiveBigIntegerField(blank=True, null=True)),
                ("num_cancelled", models.PositiveBigIntegerField(blank=True, null=True)),
                ("looked_at", models.DateTimeField(blank=True, null=True)),
                ("changed_at", models.DateTimeField(blank=True, null=True)),
                ("not_found_since", models.DateTimeField(blank=True, null=True)),
                ("faults", models.PositiveSmallIntegerField(default=0)),
                ("cancel_asked_at", models.DateTimeField(blank=True, null=True)),
                ("cancel_sent_at", models.DateTimeField(blank=True, null=True)),
                ("remote_cancelled", models.BooleanField(default=False)),
                ("expire_date", models.DateField(blank=True, null=True)),
                ("walks", models.PositiveIntegerField(default=0)),
                ("walk_token", models.CharField(blank=True, max_length=500)),
                ("walk_pages", models.PositiveIntegerField(default=0)),
                ("walk_is_preview", models.BooleanField(default=False)),
                ("previewed", models.PositiveBigIntegerField(default=0)),
                ("settled_at", models.DateTimeField(blank=True, null=True)),
                ("readds", models.PositiveSmallIntegerField(default=0)),
                (
                    "ending",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("draft", "Draft"),
                            ("queued", "Queued"),
                            ("submitting", "Submitting"),
                            ("processing", "Processing"),
                            ("collecting", "Collecting"),
                            ("cancelling", "Cancelling"),
                            ("completed", "Completed"),
                            ("cancelled", "Cancelled"),
                            ("expired", "Expired"),
                            ("failed", "Failed"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "declare_as",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("pending", "Pending"),
                            ("succeeded", "Succeeded"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                            ("missing", "Missing"),
                            ("skipped", "Skipped"),
                        ],
                        max_length=10,
                    ),
                ),
                ("ending_reason", models.TextField(blank=True)),
                (
                    "ended_by",
                    models.CharField(
                        blank=True, choices=[("deadline", "Deadline"), ("cap", "Cap"), ("here", "Here")], max_length=10
                    ),
                ),
                ("declared_through", models.PositiveBigIntegerField(default=0)),
                ("succeeded", models.PositiveBigIntegerField(default=0)),
                ("failed", models.PositiveBigIntegerField(default=0)),
                ("cancelled", models.PositiveBigIntegerField(default=0)),
                ("missing", models.PositiveBigIntegerField(default=0)),
                ("cost_ticks", models.PositiveBigIntegerField(default=0)),
                ("stray_ids", models.JSONField(default=list)),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="submissions", to="batches.batch"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Result",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "batch_id", "row", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("row", models.PositiveBigIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("succeeded", "Succeeded"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                            ("missing", "Missing"),
                            ("skipped", "Skipped"),
                        ],
                        max_length=10,
                    ),
                ),
                ("attempt", models.PositiveSmallIntegerField(default=1)),
                ("answer", models.TextField(blank=True)),
                ("error", models.TextField(blank=True)),
                ("cause", models.CharField(blank=True, max_length=60)),
                ("others", models.JSONField(blank=True, null=True)),
                ("misfit", models.CharField(blank=True, max_length=300)),
                ("finish_reason", models.CharField(blank=True, max_length=40)),
                ("answered_by", models.CharField(blank=True, max_length=100)),
                ("prompt_tokens", models.PositiveIntegerField(default=0)),
                ("completion_tokens", models.PositiveIntegerField(default=0)),
                ("reasoning_tokens", models.PositiveIntegerField(default=0)),
                ("cached_tokens", models.PositiveIntegerField(blank=True, null=True)),
                ("cost_ticks", models.PositiveBigIntegerField(default=0)),
                ("tool_use", models.JSONField(blank=True, null=True)),
                ("raw_page_id", models.BigIntegerField(blank=True, null=True)),
                ("fingerprint", models.BigIntegerField(blank=True, null=True)),
                ("copy_of", models.PositiveBigIntegerField(blank=True, null=True)),
                ("earlier", models.JSONField(blank=True, null=True)),
                (
                    "batch",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="results",
                        to="batches.batch",
                    ),
                ),
                (
                    "submission",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="batches.submission",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RequestDigest",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "submission_id", "digest", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("digest", models.BinaryField(max_length=16)),
                ("row", models.PositiveBigIntegerField()),
                (
                    "submission",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="batches.submission",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RawPage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("data", models.BinaryField()),
                (
                    "batch",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="batches.batch"
                    ),
                ),
                (
                    "submission",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="raw_pages",
                        to="batches.submission",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="LiveRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("row", models.PositiveBigIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[("sending", "Sending"), ("running", "Running"), ("lost", "Lost"), ("ended", "Ended")],
                        default="sending",
                        max_length=8,
                    ),
                ),
                ("request_id", models.CharField(blank=True, max_length=200)),
                ("sent_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("look_at", models.DateTimeField(blank=True, null=True)),
                ("missed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "submission",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="live_requests",
                        to="batches.submission",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ExtraAnswer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("request_id", models.CharField(max_length=200)),
                ("fingerprint", models.CharField(max_length=32)),
                ("cost_ticks", models.PositiveBigIntegerField(default=0)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "submission",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="extra_answers",
                        to="batches.submission",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Event",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=40)),
                ("outcome", models.CharField(blank=True, max_length=10)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("last_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("times", models.PositiveIntegerField(default=1)),
                ("text", models.TextField()),
                ("detail", models.TextField(blank=True)),
                ("trace_id", models.CharField(blank=True, max_length=100)),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="events", to="batches.batch"
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "submission",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="batches.submission",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Chunk",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("first_row", models.PositiveBigIntegerField()),
                ("ranges", models.JSONField()),
                ("count", models.PositiveIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[("planned", "Planned"), ("sending", "Sending"), ("sent", "Sent")],
                        default="planned",
                        max_length=8,
                    ),
                ),
                ("sha256", models.CharField(blank=True, max_length=64)),
                ("size", models.PositiveIntegerField(default=0)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                (
                    "submission",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="chunks", to="batches.submission"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Tagging",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("tag", models.CharField(max_length=40)),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="taggings", to="batches.batch"
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="teams.team"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="BatchEnd",
            fields=[
                (
                    "batch",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="last_end",
                        serialize=False,
                        to="batches.batch",
                    ),
                ),
                ("outcome", models.CharField(max_length=12)),
                ("ended_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("seen_at", models.DateTimeField(blank=True, null=True)),
                (
                    "person",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="teams.team"
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="batch",
            index=models.Index(fields=["team", "-id"], name="batches_of_a_team"),
        ),
        migrations.AddIndex(
            model_name="batch",
            index=models.Index(
                models.F("team"), django.db.models.functions.text.Lower("name"), models.F("id"), name="batches_by_name"
            ),
        ),
        migrations.AddIndex(
            model_name="batch",
            index=models.Index(fields=["team", "total", "id"], name="batches_by_rows"),
        ),
        migrations.AddIndex(
            model_name="batch",
            index=models.Index(fields=["team", "cost_ticks", "id"], name="batches_by_cost"),
        ),
        migrations.AddIndex(
            model_name="batch",
            index=models.Index(
                condition=models.Q(("deleted_at", None)), fields=["team", "-ended_at"], name="ended_batches"
            ),
        ),
        migrations.AddIndex(
            model_name="batch",
            index=models.Index(
                condition=models.Q(("problem_count__gt", 0), ("state", "draft")),
                fields=["team"],
                name="sent_back_batches",
            ),
        ),
        migrations.AddIndex(
            model_name="batch",
            index=models.Index(
                condition=models.Q(("state__in", ["cancelling", "collecting", "processing", "queued", "submitting"])),
                fields=["team"],
                name="running_batches",
            ),
        ),
        migrations.AddConstraint(
            model_name="batch",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "total__gte",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("succeeded"), "+", models.F("failed")
                                    ),
                                    "+",
                                    models.F("cancelled"),
                                ),
                                "+",
                                models.F("missing"),
                            ),
                            "+",
                            models.F("skipped"),
                        ),
                    )
                ),
                name="no_more_results_than_rows",
            ),
        ),
        migrations.AddIndex(
            model_name="dailyspend",
            index=models.Index(fields=["team", "day"], name="spend_by_day"),
        ),
        migrations.AddConstraint(
            model_name="renewal",
            constraint=models.UniqueConstraint(fields=("batch", "dataset"), name="one_renewal_per_dataset"),
        ),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=models.UniqueConstraint(fields=("team", "place", "name"), name="one_view_per_name"),
        ),
        migrations.AddConstraint(
            model_name="submission",
            constraint=models.UniqueConstraint(fields=("batch", "number"), name="one_submission_per_number"),
        ),
        migrations.AddIndex(
            model_name="result",
            index=models.Index(fields=["batch", "state", "row"], name="results_by_state"),
        ),
        migrations.AddIndex(
            model_name="result",
            index=models.Index(
                condition=models.Q(("cause", ""), _negated=True),
                fields=["batch", "cause", "row"],
                name="results_by_cause",
            ),
        ),
        migrations.AddIndex(
            model_name="result",
            index=models.Index(
                condition=models.Q(("misfit", ""), _negated=True),
                fields=["batch", "row"],
                name="results_that_do_not_fit",
            ),
        ),
        migrations.AddIndex(
            model_name="result",
            index=models.Index(
                condition=models.Q(("copy_of__isnull", False)),
                fields=["batch", "copy_of", "row"],
                name="copies_in_order",
            ),
        ),
        migrations.AddIndex(
            model_name="liverequest",
            index=models.Index(fields=["submission", "state", "look_at"], name="live_requests_by_state"),
        ),
        migrations.AddConstraint(
            model_name="liverequest",
            constraint=models.UniqueConstraint(fields=("submission", "row"), name="one_live_request_per_row"),
        ),
        migrations.AddConstraint(
            model_name="extraanswer",
            constraint=models.UniqueConstraint(
                fields=("submission", "request_id", "fingerprint"), name="one_extra_answer"
            ),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(fields=["batch", "id"], name="events_of_a_batch"),
        ),
        migrations.AddIndex(
            model_name="chunk",
            index=models.Index(fields=["submission", "state", "first_row"], name="chunks_by_state"),
        ),
        migrations.AddConstraint(
            model_name="chunk",
            constraint=models.UniqueConstraint(fields=("submission", "first_row"), name="one_chunk_per_row"),
        ),
        migrations.AddConstraint(
            model_name="tagging",
            constraint=models.UniqueConstraint(fields=("team", "tag", "batch"), name="one_tagging_per_tag"),
        ),
        migrations.AddIndex(
            model_name="batchend",
            index=models.Index(
                condition=models.Q(("seen_at", None)), fields=["team", "person", "-ended_at"], name="unseen_ends"
            ),
        ),
    ]
