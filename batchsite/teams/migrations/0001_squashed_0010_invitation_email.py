import batchsite.teams.models
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    replaces = [
        ("teams", "0001_initial"),
        ("teams", "0002_seen_and_budgets"),
        ("teams", "0003_access_and_sessions"),
        ("teams", "0004_roles"),
        ("teams", "0005_personal_budgets"),
        ("teams", "0006_tool_servers"),
        ("teams", "0007_membership_by_group"),
        ("teams", "0008_team_deletion"),
        ("teams", "0009_several_keys"),
        ("teams", "0010_invitation_email"),
    ]

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="SignInFailure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("who", models.CharField(db_index=True, max_length=64)),
                ("account", models.CharField(db_index=True, default="", max_length=64)),
                ("address", models.CharField(db_index=True, default="", max_length=64)),
                ("at", models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name="User",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                ("email", models.EmailField(max_length=254, unique=True)),
                ("name", models.CharField(blank=True, max_length=120)),
                ("is_active", models.BooleanField(default=True)),
                ("date_joined", models.DateTimeField(default=django.utils.timezone.now)),
                ("session_epoch", models.PositiveIntegerField(default=0)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(django.db.models.functions.text.Lower("email"), name="user_email_any_case")
                ],
            },
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("owner", "Owner: everything, including the team itself and other owners"),
                            ("admin", "Admin: also people, the xAI key and the budget"),
                            ("member", "Member: uploads datasets, runs batches, reviews answers"),
                            ("viewer", "Viewer: looks at results and downloads them; spends nothing"),
                        ],
                        default="member",
                        max_length=10,
                    ),
                ),
                ("joined_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("by_group", models.BooleanField(default=False)),
                ("seen_at", models.DateTimeField(blank=True, null=True)),
                ("seen_before", models.DateTimeField(blank=True, null=True)),
                ("budget_ticks", models.PositiveBigIntegerField(blank=True, null=True)),
                ("near_budget_in", models.CharField(blank=True, max_length=7)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Team",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=120)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("may_use_installation_key", models.BooleanField(default=True)),
                ("budget_ticks", models.PositiveBigIntegerField(blank=True, null=True)),
                ("near_budget_in", models.CharField(blank=True, max_length=7)),
                ("delete_at", models.DateTimeField(blank=True, null=True)),
                (
                    "delete_asked_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "members",
                    models.ManyToManyField(
                        related_name="teams", through="teams.Membership", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="membership",
            name="team",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="memberships", to="teams.team"
            ),
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "token",
                    models.CharField(default=batchsite.teams.models._invitation_token, max_length=40, unique=True),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("owner", "Owner: everything, including the team itself and other owners"),
                            ("admin", "Admin: also people, the xAI key and the budget"),
                            ("member", "Member: uploads datasets, runs batches, reviews answers"),
                            ("viewer", "Viewer: looks at results and downloads them; spends nothing"),
                        ],
                        default="member",
                        max_length=10,
                    ),
                ),
                ("email", models.EmailField(blank=True, max_length=254)),
                ("expires_at", models.DateTimeField(default=batchsite.teams.models._in_two_weeks)),
                ("used_at", models.DateTimeField(blank=True, null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "used_by",
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
                        on_delete=django.db.models.deletion.CASCADE, related_name="invitations", to="teams.team"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ToolServer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("label", models.CharField(max_length=40)),
                ("url", models.CharField(max_length=500)),
                ("sentence", models.CharField(blank=True, max_length=300)),
                ("secret", models.BinaryField(null=True)),
                ("hint", models.CharField(blank=True, max_length=12)),
                ("approved_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("removed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "approved_by",
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
                        on_delete=django.db.models.deletion.CASCADE, related_name="tool_servers", to="teams.team"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ProviderKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(default="Team key", max_length=40)),
                ("is_default", models.BooleanField(default=False)),
                ("secret", models.BinaryField(null=True)),
                ("hint", models.CharField(max_length=12)),
                ("provider_team_id", models.CharField(blank=True, max_length=64)),
                ("set_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("removed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "set_by",
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
                        on_delete=django.db.models.deletion.CASCADE, related_name="provider_keys", to="teams.team"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        models.F("team"),
                        django.db.models.functions.text.Lower("name"),
                        condition=models.Q(("removed_at", None)),
                        name="one_key_per_name",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("is_default", True)), fields=("team",), name="one_default_key_per_team"
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.UniqueConstraint(fields=("team", "user"), name="one_membership_per_team"),
        ),
        migrations.AddConstraint(
            model_name="toolserver",
            constraint=models.UniqueConstraint(
                condition=models.Q(("removed_at", None)), fields=("team", "label"), name="one_server_per_label"
            ),
        ),
    ]
