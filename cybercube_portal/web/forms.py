"""Forms that look and fail alike: label, help and error tied together, every error also in one summary on top."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.forms.renderers import TemplatesSetting
from django.forms.utils import ErrorList
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cybercube_portal.errors import Invalid
from cybercube_portal.reach import OutOfReach, within_reach

CLASSES: tuple[tuple[type[forms.Widget], str], ...] = (
    (forms.CheckboxSelectMultiple, "form-check-input"),
    (forms.RadioSelect, "form-check-input"),
    (forms.CheckboxInput, "form-check-input"),
    (forms.Select, "form-select"),
    (forms.Widget, "form-control"),
)


REQUIRED = _("Please fill this in.")
DJANGO_REQUIRED = forms.Field.default_error_messages["required"]


class PortalRenderer(TemplatesSetting):
    """`{{ field.as_field_group }}` draws `components/field.html`."""

    field_template_name = "components/field.html"


class PageForm(forms.Form):
    """Base of every form on a page. In a template: `{% form_errors form %}`, then `{{ form.name.as_field_group }}`.

    `pointers` maps the first part of a JSON pointer to a field where their names differ.
    """

    default_renderer = PortalRenderer
    error_css_class = "has-error"
    pointers: dict[str, str] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            css = next(name for kind, name in CLASSES if isinstance(field.widget, kind))
            # Only Django's own words: a form that says what is missing keeps its own.
            if field.error_messages.get("required") == DJANGO_REQUIRED:
                field.error_messages["required"] = REQUIRED
            field.widget.attrs["class"] = f"{css} {field.widget.attrs.get('class', '')}".strip()


class WhenField(forms.DateTimeField):
    """A moment typed in the person's own zone, which its help text names. Cleans to an aware datetime or None."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local", "step": "60"}, format="%Y-%m-%dT%H:%M")
        super().__init__(**{"widget": widget, **kwargs})

    def to_python(self, value: Any) -> datetime | None:  # noqa: ANN401 - Django's signature
        """Raises ValidationError for what is no time, and for one that lies beyond all plans."""
        found = super().to_python(value)
        try:
            return within_reach(found) if found is not None else None
        except OutOfReach as error:
            raise forms.ValidationError(str(error), code=error.code) from error

    def get_bound_field(self, form: forms.BaseForm, field_name: str) -> forms.BoundField:
        """Say which zone is meant: it differs by person. A form's fields are its own, so this is said once."""
        zone = _("In your time zone, %(zone)s.") % {"zone": timezone.get_current_timezone_name()}
        self.help_text = f"{self.help_text} {zone}".strip()
        return super().get_bound_field(form, field_name)

    def prepare_value(self, value: Any) -> Any:  # noqa: ANN401 - Django's signature
        """An aware moment as its wall time in the current zone."""
        return timezone.localtime(value) if isinstance(value, datetime) and timezone.is_aware(value) else value


def fill_in(form: forms.BaseForm, sent: QueryDict) -> None:
    """Show `sent` in an unbound form, as each widget reads it: what was typed once, unjudged. Fields it does not name keep their own."""
    for name, field in form.fields.items():
        sent_as = form.add_prefix(name)
        if not field.widget.value_omitted_from_data(sent, {}, sent_as):
            form.initial[name] = field.widget.value_from_datadict(sent, {}, sent_as)


def saved_otherwise(form: forms.BaseForm, saved: Mapping[str, Any]) -> list[tuple[str, tuple[str, str]]]:
    """(label, (what is saved, what is typed)) of every field where `form` holds something else; a secret is never shown."""
    found = []
    for name, field in form.fields.items():
        typed = form[name].value()
        if isinstance(field.widget, forms.PasswordInput) or not field.has_changed(saved.get(name), typed):
            continue
        stored, here = _words(field, saved.get(name)), _words(field, typed)
        # Browsers end lines by CR LF.
        if stored.split() != here.split():
            found.append((str(field.label), (stored, here)))
    return found


def _words(field: forms.Field, value: Any) -> str:  # noqa: ANN401 - of any field
    """A value as its field shows it, or as it was typed; choices by their labels."""
    if value is None or value in ("", [], ()):
        return ""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    choices = {str(key): str(label) for key, label in getattr(field, "choices", ())}
    shown = field.prepare_value(value)
    if isinstance(shown, (list, tuple)):
        return ", ".join(sorted(choices.get(str(one), str(one)) for one in shown))
    if isinstance(field.widget, forms.DateTimeInput):
        return str(field.widget.format_value(shown)).replace("T", " ")
    return choices.get(str(shown), str(shown))


def keep_errors(form: forms.BaseForm, error: Invalid) -> None:
    """Put each FieldError of `error` at its field, or on top when the form has no such field."""
    form.is_valid()
    pointers = getattr(form, "pointers", {})
    for found in error.errors:
        part = found.pointer.strip("/").split("/", maxsplit=1)[0]
        name = pointers.get(found.pointer.strip("/")) or pointers.get(part, part)
        field = name if name in form.fields else None
        form.add_error(field, forms.ValidationError(found.message, code=found.code))


def summary_of(form: forms.BaseForm) -> list[tuple[str, str, ErrorList]]:
    """(id of the field or "", its label, its errors) for the summary on top, in the order of the fields."""
    fields = [(field.id_for_label or field.auto_id, str(field.label), field.errors) for field in form if field.errors]
    return [("", "", form.non_field_errors()), *fields] if form.non_field_errors() else fields
