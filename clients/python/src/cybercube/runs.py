"""Which CI run is asking, from the variables its platform sets."""

from __future__ import annotations

from collections.abc import Mapping


def current_run(environ: Mapping[str, str]) -> dict[str, object] | None:
    """`{provider, id, attempt, url}` of this GitHub Actions, GitLab or Jenkins run; None outside of them."""
    if environ.get("GITHUB_ACTIONS") == "true" and environ.get("GITHUB_RUN_ID"):
        run, attempt = environ["GITHUB_RUN_ID"], _number(environ.get("GITHUB_RUN_ATTEMPT"))
        repository = f"{environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{environ.get('GITHUB_REPOSITORY', '')}"
        return _run("github", run, attempt, f"{repository}/actions/runs/{run}/attempts/{attempt}")
    if environ.get("GITLAB_CI") == "true" and environ.get("CI_PIPELINE_ID"):
        # The pipeline, not the job: the job that deploys is another one and must still match.
        return _run("gitlab", environ["CI_PIPELINE_ID"], 1, environ.get("CI_PIPELINE_URL", ""))
    if environ.get("JENKINS_URL") and environ.get("BUILD_TAG"):
        return _run("jenkins", environ["BUILD_TAG"], 1, environ.get("BUILD_URL", ""))
    return None


def current_branch(environ: Mapping[str, str]) -> str:
    """The branch this GitHub Actions, GitLab or Jenkins job builds, of a pull request its own; "" outside of them."""
    names = {
        "GITHUB_ACTIONS": ("GITHUB_HEAD_REF", "GITHUB_REF_NAME"),
        "GITLAB_CI": ("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "CI_COMMIT_REF_NAME"),
        "JENKINS_URL": ("CHANGE_BRANCH", "BRANCH_NAME"),
    }
    return next((environ[name] for job in names if environ.get(job) for name in names[job] if environ.get(name)), "")


def _run(provider: str, identity: str, attempt: int, url: str) -> dict[str, object]:
    return {"provider": provider, "id": identity, "attempt": attempt, **({"url": url} if url else {})}


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else 1
