"""What people fill in about themselves and each other. Shapes only: the rules are the actions'."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import authenticate
from django.contrib.auth.forms import AuthenticationForm
from django.core.validators import MaxLengthValidator
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from cybercube_portal.people.actors import Kind
from cybercube_portal.people.models import Team, User
from cybercube_portal.people.roles import Role
from cybercube_portal.people.scopes import ALLOWED, Scope, default_scopes
from cybercube_portal.query.grammar import LONGEST
from cybercube_portal.web import PageForm, WhenField
from cybercube_portal.web.sentences import worded

LONGEST_NAME = 150


class LogInForm(PageForm, AuthenticationForm):
    """User name and password."""

    error_messages = {
        "invalid_login": _("This user name and password do not fit. Both tell capital letters from small ones."),
        "inactive": _("This account is switched off. Ask an admin."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name = self.fields["username"]
        name.label = _("User name")
        # Django's form tells only the browser; a longer one would be too long for the record of attempts.
        name.validators.append(MaxLengthValidator(LONGEST_NAME))
        name.widget.attrs["autocapitalize"] = "none"


class TimezoneForm(PageForm):
    """The zone a person reads times in."""

    timezone = forms.CharField(
        label=_("Time zone"),
        help_text=_("A name such as Europe/Berlin. Every time on every page is shown in it; UTC stands beside it."),
        max_length=64,
        widget=forms.TextInput(attrs={"list": "timezones", "autocomplete": "off"}),
    )


class PasswordForm(PageForm):
    """The old password proves that it is you; the new one twice, since nobody sees it."""

    pointers = {"password": "new_password"}

    old_password = forms.CharField(
        label=_("Present password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    new_password = forms.CharField(
        label=_("New password"),
        help_text=_("At least 12 characters, not a common one, and not like your name."),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=_("New password again"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        self.request = request
        super().__init__(*args, **kwargs)

    def clean_old_password(self) -> str:
        """Tried as a log-in, so that guessing it here is counted and locked out too."""
        password: str = self.cleaned_data["old_password"]
        if authenticate(self.request, username=self.request.user.get_username(), password=password) is None:
            raise forms.ValidationError(_("This is not your present password."), code="user.password_wrong")
        return password

    def clean_again(self) -> str:
        """Both alike."""
        again: str = self.cleaned_data["again"]
        if again != self.cleaned_data.get("new_password"):
            raise forms.ValidationError(_("The two new passwords differ."), code="user.passwords_differ")
        return again


class KeyForm(PageForm):
    """An API key for oneself."""

    name = forms.CharField(
        label=_("What it is for"), help_text=_("So that you know it again when you revoke it."), max_length=80
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"),
        help_text=_("Never more than you may do yourself. A key signs only with approvals."),
        choices=[],
        widget=forms.CheckboxSelectMultiple,
    )
    services = forms.CharField(
        label=_("Only for these services"),
        help_text=_("Names of services, separated by spaces or commas. Empty: all that you work with."),
        required=False,
        max_length=2000,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    expires_at = WhenField(label=_("Stops working"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        scopes = self.fields["scopes"]
        scopes.choices = [(scope.value, scope.value) for scope in Scope if scope in ALLOWED[Kind.PERSON]]  # type: ignore[attr-defined]
        scopes.initial = [scope.value for scope in default_scopes(Kind.PERSON)]

    def clean_services(self) -> list[str]:
        """The names as a list."""
        return str(self.cleaned_data["services"]).replace(",", " ").split()


class GrantForm(PageForm):
    """A role for somebody."""

    username = forms.ChoiceField(label=_("Who"), choices=[])
    role = forms.ChoiceField(label=_("Role"), choices=[("", ""), *worded((role.value, role.label) for role in Role)])
    team = forms.ChoiceField(
        label=_("For the services of"),
        choices=[],
        required=False,
    )
    starts_at = WhenField(label=_("From"), required=False, help_text=_("Empty: from now on."))
    ends_at = WhenField(label=_("Until"), required=False, help_text=_("Rotations and stand-ins end by themselves."))
    reason = forms.CharField(label=_("Why"), required=False, max_length=300)

    def __init__(self, *args: Any, people: list[User], teams: list[Team], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].choices = [  # type: ignore[attr-defined]
            ("", ""),
            *((user.username, f"{user.name} ({user.username})") for user in people),
        ]
        self.fields["team"].choices = [("", _("Everywhere")), *((team.slug, team.name) for team in teams)]  # type: ignore[attr-defined]


class SavedViewForm(PageForm):
    """A query of a list under a name. `team` is the one it could be shared with, if any."""

    name = forms.CharField(label=_("Name"), max_length=60, help_text=_("Such as: High risk this week."))
    query = forms.CharField(
        label=_("Query"),
        required=False,
        max_length=LONGEST,
        help_text=_("As in the field of the list; empty is everything."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    is_usual = forms.BooleanField(label=_("Open the list with it"), required=False)
    is_shared = forms.BooleanField(label=_("Share it with my team"), required=False)

    def __init__(self, *args: Any, team: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if team:
            help_text = _("Everybody in %(team)s sees it, and only you change it.")
            self.fields["is_shared"].help_text = help_text % {"team": team}
        else:
            del self.fields["is_shared"]
