"""Team, User, Grant, ApiKey: who there is and what they hold; and what the portal keeps for them alone."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from cybercube_portal.people.actors import Kind
from cybercube_portal.people.roles import Role
from cybercube_portal.people.scopes import Scope


class Team(models.Model):
    """A team owns services; roles are held for a team or everywhere."""

    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=120)

    class Meta:
        ordering: ClassVar = ["slug"]

    def __str__(self) -> str:
        return self.slug


class User(AbstractUser):
    """A person, or a service account that a pipeline uses."""

    first_name = None  # type: ignore[assignment]  # one full name: not every name has two halves
    last_name = None  # type: ignore[assignment]
    name = models.CharField(max_length=150)
    kind = models.CharField(max_length=16, choices=[(kind.value, kind.name) for kind in Kind], default=Kind.PERSON)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT, related_name="members")
    timezone = models.CharField(max_length=64, default="UTC")

    class Meta:
        ordering: ClassVar = ["username"]

    def __str__(self) -> str:
        return self.username

    def get_full_name(self) -> str:
        """The name people go by."""
        return self.name or self.username

    def get_short_name(self) -> str:
        """The user name."""
        return self.username


class Grant(models.Model):
    """`role` for `team` (null: everywhere), from `starts_at` until `ends_at`; rotations are grants with an end."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="grants")
    role = models.CharField(max_length=32, choices=[(role.value, role.label) for role in Role])
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT, related_name="grants")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    granted_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="grants_given")
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering: ClassVar = ["role", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")), name="grant_ends_after_start"
            ),
            models.CheckConstraint(condition=Q(role__in=[role.value for role in Role]), name="grant_role_known"),
        ]
        indexes: ClassVar = [models.Index(fields=["role", "team"], name="grant_by_role")]

    def __str__(self) -> str:
        return f"{self.user_id}:{self.role}@{self.team_id or '*'}"


class ApiKey(models.Model):
    """A credential for a pipeline or a script. Only its digest is stored."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="api_keys")
    name = models.CharField(max_length=80, blank=True)
    prefix = models.CharField(max_length=8, unique=True)
    digest = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=32))
    services = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    environment = models.CharField(max_length=8, blank=True)
    client = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="api_keys_issued")
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-created_at"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(scopes__contained_by=[scope.value for scope in Scope]), name="api_key_scopes_known"
            )
        ]

    def __str__(self) -> str:
        return f"ccp_{self.prefix}_…"


class SavedView(models.Model):
    """A query of a list that somebody gave a name. `listing` is the list's own name; `team`: shared with that team, null: with nobody."""

    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="saved_views")
    team = models.ForeignKey(Team, null=True, on_delete=models.PROTECT, related_name="saved_views")
    listing = models.CharField(max_length=32)
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["name", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner", "listing", "name"], name="saved_view_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class UsualView(models.Model):
    """The saved view that a list opens with for one person, their own or one shared with their team."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="usual_views")
    view = models.ForeignKey(SavedView, on_delete=models.CASCADE, related_name="usual_for")
    listing = models.CharField(max_length=32)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "listing"], name="usual_view_once")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.listing}"


class UnsentForm(models.Model):
    """What somebody typed into the form at `address` and did not send yet: theirs alone, and no event tells of it.

    `fields` is the form as a browser encodes it, `title` the heading of its page. `page` names the opened page that kept it last:
    two tabs on one form keep a row each.
    """

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="unsent_forms")
    address = models.CharField(max_length=500)
    page = models.CharField(max_length=32, db_default="")
    title = models.CharField(max_length=160)
    fields = models.TextField()
    kept_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-kept_at", "-id"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["owner", "address", "page"], name="unsent_form_once")]
        indexes: ClassVar = [models.Index(fields=["kept_at"], name="unsent_form_by_age")]

    def __str__(self) -> str:
        return f"{self.owner_id}: {self.address}"

    @property
    def link(self) -> str:
        """Where its page opens with this one, whatever other tabs kept of the same form."""
        return f"{self.address}{'&' if '?' in self.address else '?'}unsent={self.pk}"
