"""`makemessages --locale de`: also what policies and refusals say, which stands in no call of gettext."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.commands import makemessages

from cybercube_portal.devstack.sentences import messages

# Read by xgettext as a template, and gone again: Django looks for none in `locale`.
GATHERED = settings.BASE_DIR / "templates" / "sentences.txt"


class Command(makemessages.Command):
    """Django's, with the sentences of `devstack.sentences` beside what is marked. Needs Debian's gettext."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Ours are templates of one tag each, so their per cent signs are doubled as in every template."""
        lines = (f"{{% translate {_quoted(message)} %}}\n" for message in messages())
        GATHERED.write_text("".join(lines))
        try:
            super().handle(
                *args, **{**options, "ignore_patterns": [*options["ignore_patterns"], "var", "node_modules"]}
            )
        finally:
            GATHERED.unlink()


def _quoted(message: str) -> str:
    """Django's tags know two kinds of quotes, and no text of ours holds both."""
    return f"'{message}'" if '"' in message else f'"{message}"'
