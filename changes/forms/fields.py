"""Fields that read what people write about changes: times by the clock on their wall, short durations, `service:version`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

from django import forms
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _

from changes.policy.recurrence import AmbiguousTime, wall_time, zone_named
from changes.policy.schedule import format_duration, parse_duration
from changes.proposals import MOST_ARTIFACTS, ArtifactName, parse_artifact
from cybercube_portal.web import PageForm, WhenField

LONGEST_TEXT = 50_000


class WallField(WhenField):
    """A time by the clock on a wall: the person's own, or another that the form says (`in_own_zone` False).

    Cleans to a naive datetime; `WallTimes` makes it a moment.
    """

    def __init__(self, *, in_own_zone: bool = True, **kwargs: Any) -> None:
        self.in_own_zone = in_own_zone
        super().__init__(**kwargs)

    def get_bound_field(self, form: forms.BaseForm, field_name: str) -> forms.BoundField:
        """Say the person's zone where it is meant."""
        kind = WhenField if self.in_own_zone else forms.Field
        return kind.get_bound_field(self, form, field_name)

    def to_python(self, value: Any) -> datetime | None:  # noqa: ANN401 - Django's signature
        """Raises ValidationError for what is no time."""
        if value in self.empty_values:
            return None
        if isinstance(value, datetime):
            return value
        try:
            found = datetime.fromisoformat(str(value).strip())
        except ValueError as error:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from error
        if found.tzinfo is not None:
            raise forms.ValidationError(_("Write the time without an offset."), code="time.offset")
        return found


class WallTimes(PageForm):
    """Turns every WallField into a moment in UTC. A time the clocks skip is refused, one they repeat asks which.

    `<name>_fold` is the answer to that question; the field shows only after it was asked.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self._walls():
            self.fields[f"{name}_fold"] = forms.ChoiceField(
                label=_("Which of the two?"),
                choices=[("0", _("The first")), ("1", _("The second"))],
                required=False,
                widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
            )

    def zone(self) -> str:
        """The zone whose walls are meant: the person's own."""
        return timezone.get_current_timezone_name()

    def clean(self) -> dict[str, Any]:
        """Moments instead of wall times."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for name in self._walls():
            self._moment(cleaned, name)
        return cleaned

    def asked(self) -> dict[str, forms.BoundField]:
        """The questions to show: by the name of the time they are about."""
        return {name: self[f"{name}_fold"] for name in self._walls() if getattr(self[name], "asks", False)}

    def _walls(self) -> list[str]:
        return [name for name, field in self.fields.items() if isinstance(field, WallField)]

    def _moment(self, cleaned: dict[str, Any], name: str) -> None:
        fold = cleaned.pop(f"{name}_fold", "")
        typed = cleaned.get(name)
        if typed is None:
            return
        try:
            cleaned[name] = wall_time(typed, self.zone(), int(fold) if fold else None)
        except AmbiguousTime as error:
            place = zone_named(self.zone())
            question = cast("forms.ChoiceField", self.fields[f"{name}_fold"])
            question.choices = [
                (str(number), f"{moment.astimezone(place):%H:%M %Z} ({moment:%H:%M} UTC)")
                for number, moment in enumerate(error.candidates)
            ]
            self[name].asks = True  # type: ignore[attr-defined]
            self.add_error(name, forms.ValidationError(str(error), code="time.ambiguous"))
        except ValueError as error:
            self.add_error(name, forms.ValidationError(str(error), code="time.invalid"))


class DurationField(forms.CharField):
    """`30m`, `1h30m`, or ISO 8601; cleans to a timedelta."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "short"})
        super().__init__(**{"max_length": 40, "widget": widget, **kwargs})

    def clean(self, value: Any) -> Any:  # noqa: ANN401 - Django's signature
        """Raises ValidationError for what is no duration."""
        text = super().clean(value)
        if not text:
            return None
        try:
            return parse_duration(text)
        except ValueError as error:
            raise forms.ValidationError(str(error), code="duration.form") from error

    def prepare_value(self, value: Any) -> Any:  # noqa: ANN401 - Django's signature
        """A timedelta in the form people type."""
        return format_duration(value) if isinstance(value, timedelta) else value


class LinesInput(forms.Widget):
    """One text input for each value and one to spare, all of one name, tied to a datalist by `attrs["list"]`.

    A script adds another as soon as the last is used (`changes.js`); without it several go into one.
    """

    template_name = "changes/fields/lines.html"

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:  # noqa: ANN401, ARG002 - Django's signature
        """Everything typed, blanks left out; several in one input are told apart by spaces, commas or lines."""
        sent = data.getlist(name) if isinstance(data, MultiValueDict) else data.get(name, [])
        return [part for line in sent for part in str(line).replace(",", " ").split()]

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:  # noqa: ANN401 - Django's signature
        """Adds `lines`."""
        context = super().get_context(name, value, attrs)
        given = list(value or [])
        context["widget"]["lines"] = [*given, ""]
        return context

    def id_for_label(self, id_: str, index: str | None = None) -> str:
        """The first input."""
        return f"{id_}_{index or 0}" if id_ else id_


class ArtifactsField(forms.Field):
    """`service:version`, one per line; cleans to a tuple of ArtifactName."""

    widget = LinesInput

    def prepare_value(self, value: Any) -> list[str]:  # noqa: ANN401 - Django's signature
        """ArtifactNames as people type them."""
        return [str_of(entry) for entry in value or ()]

    def clean(self, value: Any) -> tuple[ArtifactName, ...]:  # noqa: ANN401 - Django's signature
        """Raises ValidationError naming every line that is no artifact."""
        given = super().clean(value) or []
        if len(given) > MOST_ARTIFACTS:
            raise forms.ValidationError(_("A change names at most %(most)s artifacts.") % {"most": MOST_ARTIFACTS})
        found, errors = [], []
        for text in dict.fromkeys(given):
            try:
                found.append(parse_artifact(text))
            except ValueError as error:
                errors.append(forms.ValidationError(f"{text[:80]}: {error}", code="artifact.form"))
        if errors:
            raise forms.ValidationError(errors)
        return tuple(found)


def str_of(entry: Any) -> str:  # noqa: ANN401 - an ArtifactName, or what was typed
    """`service:version`."""
    return f"{entry.service}:{entry.version}" if isinstance(entry, ArtifactName) else str(entry)


def text_area(rows: int = 3, **attrs: str) -> forms.Textarea:
    """A text of several lines."""
    return forms.Textarea(attrs={"rows": rows, **attrs})
