from django.db import migrations
from django.utils import timezone


def mark(apps, schema_editor):
    """Datasets that were imported before digests were taken: a worker takes them once."""
    datasets = apps.get_model("datasets", "Dataset").objects
    datasets.filter(state="ready", digest="", deleted_at=None, next_look_at=None).exclude(file="").update(
        next_look_at=timezone.now()
    )


class Migration(migrations.Migration):

    dependencies = [("datasets", "0005_addresses")]

    operations = [migrations.RunPython(mark, migrations.RunPython.noop, elidable=True)]
