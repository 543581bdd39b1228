"""How a rollback is carried out, one file for each driver (domain.md section 4)."""

from __future__ import annotations

from cybercube_portal.catalog.states import RollbackDriver
from releases.drivers import kubernetes, manual, webhook
from releases.drivers.orders import Driver, DriverUnavailable, Order, Progress, Report

DRIVERS: dict[RollbackDriver, Driver] = {
    RollbackDriver.WEBHOOK: webhook.carry_out,
    RollbackDriver.KUBERNETES: kubernetes.carry_out,
    RollbackDriver.MANUAL: manual.carry_out,
}

__all__ = ["DRIVERS", "Driver", "DriverUnavailable", "Order", "Progress", "Report"]
