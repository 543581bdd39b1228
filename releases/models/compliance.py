"""ComplianceDay: how far a service was on one day, for the trend."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class ComplianceDay(models.Model):
    """How many components were complete, partial and pending when a day's last look was taken."""

    service = models.ForeignKey("catalog.Service", on_delete=models.PROTECT, related_name="compliance_days")
    day = models.DateField()
    complete = models.PositiveSmallIntegerField()
    partial = models.PositiveSmallIntegerField()
    pending = models.PositiveSmallIntegerField()

    class Meta:
        ordering: ClassVar = ["service", "day"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["service", "day"], name="compliance_once_a_day")]

    def __str__(self) -> str:
        return f"{self.complete} complete on {self.day}"
