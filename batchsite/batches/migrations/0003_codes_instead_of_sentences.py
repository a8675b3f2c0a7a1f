"""What ended a submission, and how a batch ended, as codes rather than as the words of a sentence."""

from django.db import migrations, models


def read_outcomes(apps, schema_editor):
    """Fills the new column for events that earlier versions wrote, from the label that their text starts with."""
    ended = apps.get_model("batches", "Event").objects.filter(kind="ended")
    for state in ("completed", "cancelled", "expired", "failed"):
        ended.filter(text__startswith=f"{state.capitalize()}: ").update(outcome=state)
    completed = ended.filter(outcome="completed")
    for word in ("failed", "cancelled", "missing"):
        completed.filter(text__endswith=f" {word}").update(outcome="incomplete")
        completed.filter(text__contains=f" {word}, ").update(outcome="incomplete")
    submissions = apps.get_model("batches", "Submission").objects
    submissions.filter(ending_reason__startswith="The deadline").update(ended_by="deadline")


class Migration(migrations.Migration):
    dependencies = [("batches", "0002_the_workbench")]

    operations = [
        migrations.AddField(
            model_name="event",
            name="outcome",
            field=models.CharField(blank=True, default="", max_length=10),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="submission",
            name="ended_by",
            field=models.CharField(blank=True, choices=[("deadline", "Deadline")], default="", max_length=10),
            preserve_default=False,
        ),
        migrations.RunPython(read_outcomes, migrations.RunPython.noop),
    ]
