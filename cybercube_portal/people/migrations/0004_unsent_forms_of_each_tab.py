from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('people', '0003_unsent_forms'),
    ]

    operations = [
        migrations.AddField(
            model_name='unsentform',
            name='page',
            field=models.CharField(db_default='', max_length=32),
        ),
        migrations.RemoveConstraint(
            model_name='unsentform',
            name='unsent_form_once',
        ),
        migrations.AddConstraint(
            model_name='unsentform',
            constraint=models.UniqueConstraint(fields=('owner', 'address', 'page'), name='unsent_form_once'),
        ),
    ]
