from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("notifications", "0001_initial")]

    operations = [
        migrations.AlterField(
            "destination",
            "channel",
            models.CharField(
                choices=[("mail", "E-mail"), ("webhook", "Webhook"), ("chat", "Chat")], max_length=8
            ),
        ),
    ]
