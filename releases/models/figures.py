"""What the dashboards are added up from, kept by the worker once a day is over: nothing here that other tables do not say."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models


class ShippedDay(models.Model):
    """What one service brought to production on one UTC day (`policy.dora_days.Day`), and, without a service, what all of them did.

    Every day has its row without a service, also one on which nothing happened: the newest says up to which day all are kept.
    `lead_times` and `recoveries` are `quantiles.packed`; `fates` is [[seat, risk, deployments, failing], …].
    """

    service = models.ForeignKey("catalog.Service", null=True, on_delete=models.PROTECT, related_name="shipped_days")
    day = models.DateField()
    deployments = models.PositiveIntegerField()
    verified = models.PositiveIntegerField()
    failing = models.PositiveIntegerField()
    rework = models.PositiveIntegerField()
    patches = models.PositiveIntegerField()
    patches_in_time = models.PositiveIntegerField()
    lead_times = models.BinaryField()
    recoveries = models.BinaryField()
    fates = models.JSONField(default=list)

    class Meta:
        ordering: ClassVar = ["day", "service"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["service", "day"], nulls_distinct=False, name="shipped_day_once")
        ]
        indexes: ClassVar = [models.Index(fields=["day"], name="shipped_day")]

    def __str__(self) -> str:
        return f"{self.deployments} on {self.day}"


class SignedDay(models.Model):
    """How long the signatures of one UTC day were waited for: those of one seat, on changes of one risk and of exactly these services.

    Without services: on all changes. `waits` is `quantiles.packed`.
    """

    services = ArrayField(models.CharField(max_length=64), null=True)
    day = models.DateField()
    seat = models.CharField(max_length=64)
    risk = models.CharField(max_length=16)
    waits = models.BinaryField()

    class Meta:
        ordering: ClassVar = ["day", "seat", "risk"]
        indexes: ClassVar = [
            models.Index(fields=["day"], name="signed_day", condition=models.Q(services__isnull=True)),
            models.Index(
                fields=["day", "seat"], name="signed_day_of_services", condition=models.Q(services__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.seat} on {self.day}"
