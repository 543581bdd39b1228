"""Fields, constraints, one method per move. Only actions of this app write them."""

from __future__ import annotations

from changes.models.approval import Comment, ContentVersion, Signature, TemplateSignature
from changes.models.cab import Attendance, CabMeeting
from changes.models.change import ChangeCounter, ChangeRequest
from changes.models.feed import CalendarFeed
from changes.models.freeze import DeploymentWindow, Freeze, FreezeException, FreezeNotice
from changes.models.template import Template

__all__ = [
    "Attendance",
    "CabMeeting",
    "CalendarFeed",
    "ChangeCounter",
    "ChangeRequest",
    "Comment",
    "ContentVersion",
    "DeploymentWindow",
    "Freeze",
    "FreezeException",
    "FreezeNotice",
    "Signature",
    "Template",
    "TemplateSignature",
]
