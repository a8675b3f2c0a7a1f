from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('datasets', '0002_asking_and_versions'),
    ]

    operations = [
        migrations.AddField(
            model_name='dataset',
            name='file_rows',
            field=models.PositiveBigIntegerField(default=0),
        ),
    ]
