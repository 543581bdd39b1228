"""The lint of migrations as patterns to be read beside §9, with a field that judges a file."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cybercube_portal.catalog.forms import LintForm
from cybercube_portal.catalog.migration_examples import GROUPS, shown
from cybercube_portal.catalog.migration_lint import lint_migration
from cybercube_portal.catalog.states import Severity
from cybercube_portal.web import PageRequest, show

PAGE = "catalog/lint.html"


@require_http_methods(["GET", "HEAD", "POST"])
def lint(request: PageRequest) -> HttpResponse:
    """Nothing is kept: the file is judged and shown with what was typed."""
    form = LintForm(request.POST or None)
    context: dict[str, Any] = {
        "groups": [(group, shown(group)) for group in GROUPS],
        "crumbs": [(_("Migrations"), reverse("migrations"))],
    }
    if form.is_valid():
        linted = lint_migration(**form.cleaned_data)
        context |= {
            "linted": linted,
            "fails": any(finding.severity is Severity.ERROR for finding in linted.findings),
        }
    return show(request, PAGE, context, form=form)
