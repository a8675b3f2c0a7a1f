"""What a team's key paid for so far runs under that key, and is called by its name in the ledger.

Where the key was removed, a removed one takes its place: what waits for it goes on once it is added again.
"""

from __future__ import annotations

from typing import Any

from django.db import migrations
from django.utils import timezone


def remember(apps: Any, schema_editor: Any) -> None:
    key_model = apps.get_model("teams", "ProviderKey")
    paid = [apps.get_model(name) for name in ("batches.Batch", "trials.Trial", "asks.Ask")]
    for model in paid:
        team = "batch__team" if model.__name__ == "Trial" else "team"
        waiting = model.objects.filter(account="team", key=None)
        for pk in list(waiting.order_by().values_list(team, flat=True).distinct()):
            key = key_model.objects.filter(team_id=pk).first() or key_model.objects.create(
                team_id=pk, removed_at=timezone.now()
            )
            waiting.filter(**{team: pk}).update(key=key)
    spend = apps.get_model("batches", "DailySpend")
    for key in key_model.objects.exclude(hint=""):
        spend.objects.filter(team=key.team_id, account="team", key=f"…{key.hint}").update(
            key=f"{key.name} …{key.hint}"
        )


class Migration(migrations.Migration):
    dependencies = [("batches", "0025_batch_key"), ("trials", "0005_trial_key"), ("asks", "0003_ask_key")]

    operations = [migrations.RunPython(remember, migrations.RunPython.noop)]
