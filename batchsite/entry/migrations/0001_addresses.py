"""Gives every account that there was before allauth its e-mail there. Nobody has confirmed any of them."""

from django.conf import settings
from django.db import migrations


def add(apps, schema_editor):
    User = apps.get_model("teams", "User")
    EmailAddress = apps.get_model("account", "EmailAddress")
    known = EmailAddress.objects.values("user_id")
    rows = [
        EmailAddress(user_id=pk, email=email, primary=True, verified=False)
        for pk, email in User.objects.exclude(pk__in=known).values_list("pk", "email")
    ]
    EmailAddress.objects.bulk_create(rows, batch_size=500)


class Migration(migrations.Migration):
    initial = True
    dependencies = [
        ("account", "0009_emailaddress_unique_primary_email"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
