"""Addresses of the pages of releases, deployments, migrations, compliance and the gate."""

from __future__ import annotations

from django.urls import path

from releases.views import (
    adopting,
    ask,
    change,
    compliance,
    decision,
    deployment_moves,
    deployments,
    incidents,
    log,
    migration_list,
    migrations,
    release,
    release_feeds,
    release_list,
    release_watch,
    release_words,
    rollback,
    watching,
)

urlpatterns = [
    path("gate/", log.gate, name="gate"),
    path("gate/ask/", ask.gate_ask, name="gate-ask"),
    path("gate/changes/<str:number>/", change.gate_change, name="gate-change"),
    path("gate/<uuid:decision_id>/", decision.gate_decision, name="gate-decision"),
    path("deployments/", deployments.deployments, name="deployments"),
    path("deployments/<str:reference>/", deployments.deployment, name="deployment"),
    path("deployments/<str:reference>/watch/", watching.deployment_watch, name="deployment-watch"),
    *deployment_moves.move_routes(),
    path("deployments/<str:reference>/roll_back/", rollback.roll_back, name="deployment-roll_back"),
    path("deployments/<str:reference>/report_corruption/", rollback.corruption, name="deployment-report_corruption"),
    path("deployments/<str:reference>/notice/", rollback.notice, name="deployment-notice"),
    path("incidents/", incidents.incidents, name="incidents"),
    path("incidents/new/", incidents.incident_new, name="incident-new"),
    path("incidents/<str:reference>/resolve/", incidents.incident_resolve, name="incident-resolve"),
    path("releases/", release_list.releases, name="releases"),
    path("releases/new/", release_list.release_new, name="release-new"),
    path("releases/<str:reference>/", release.release, name="release"),
    path("releases/<str:reference>/watch/", release_watch.release_watch, name="release-watch"),
    path("releases/<str:reference>/checklist/", release.release_checklist, name="release-checklist"),
    path("releases/<str:reference>/changelog/", release_words.release_changelog, name="release-changelog"),
    path(
        "releases/<str:reference>/changelog/edit/",
        release_words.release_changelog_edit,
        name="release-changelog-edit",
    ),
    path("releases/<str:reference>/notes.md", release_words.notes_markdown, name="release-notes-markdown"),
    path("releases/<str:reference>/notes/", release_words.release_notes, name="release-notes"),
    path("releases/<str:reference>/notes/edit/", release_words.release_notes_edit, name="release-notes-edit"),
    path("releases/<str:reference>/notes/draft/", release_words.release_notes_draft, name="release-notes-draft"),
    path("releases/<str:reference>/notes/publish/", release_words.release_notes_publish, name="release-notes-publish"),
    *(
        path(f"releases/<str:reference>/{verb}/", release.release_move, {"verb": verb}, name=f"release-{verb}")
        for verb in release.VERBS
    ),
    path("releases.atom", release_feeds.ReleasesFeed.as_view(), name="releases-feed"),
    path("services/<slug:slug>/releases.atom", release_feeds.ReleasesFeed.as_view(), name="service-releases-feed"),
    path("services/<slug:slug>/CHANGELOG.md", release_words.changelog_markdown, name="service-changelog"),
    path("services/<slug:slug>/environments/<str:environment>/adopt/", adopting.adopt, name="place-adopt"),
    path("migrations/", migration_list.migrations, name="migrations"),
    path("migrations/new/", migrations.migration_new, name="migration-new"),
    path("migrations/<str:reference>/", migrations.migration, name="migration"),
    *(
        path(f"migrations/<str:reference>/{verb}/", migrations.migration_move, {"verb": verb}, name=f"migration-{verb}")
        for verb in migrations.VERBS
    ),
    path("compliance/", compliance.compliance, name="compliance"),
    path("compliance/<slug:slug>/", compliance.service_compliance, name="service-compliance"),
    path("badges/<str:token>/<slug:slug>.svg", compliance.badge, name="compliance-badge"),
]
