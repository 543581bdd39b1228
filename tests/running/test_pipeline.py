"""`./portal pipeline`: the whole way of a release through the real parts, a command that anybody can run."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from cybercube_portal.settings import forms, variables

STORY = (
    r"The gate allows v1\.0\.1 in stg\.",
    r"DEP-\d+: v1\.0\.1 is healthy in stg \(health pass, endpoint pass, error_rate pass, latency_p99 pass\)\.",
    r"The gate allows v1\.0\.1 in prd under CR-[0-9-]+\.",
    r"DEP-\d+: v1\.0\.1 is healthy in prd",
    r"REL-\d+: its checklist has nothing open before production",
    r"The gate allows v1\.1\.0 in prd under CR-[0-9-]+\.",
    r"DEP-\d+: v1\.1\.0 is healthy in prd",
    r"REL-\d+ is monitoring\.",
    r"The shop gets sick: 12% of its requests fail\.",
    r"DEP-\d+ was rolled back by the portal itself to v1\.0\.1, redeploy by webhook",
    r"REL-\d+ and CR-[0-9-]+ ended rolled back\.",
    r"# Rollback Notification",
    r"\*\*Rolled back from:\*\* v1\.1\.0",
    r"\*\*Rolled back to:\*\* v1\.0\.1",
    r"On-call: Grace Gupta",
)


@pytest.mark.long(40)
def test_pipeline__from_evidence_to_a_sick_service__rolls_itself_back_and_tells() -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(variables.PREFIX)}
    kept.pop("DJANGO_SETTINGS_MODULE", None)

    told = subprocess.run(
        [sys.executable, "-m", "cybercube_portal.devstack", "pipeline"],
        cwd=forms.BASE_DIR,
        env=kept,
        capture_output=True,
        text=True,
        check=False,
    )

    assert told.returncode == 0, told.stdout + told.stderr
    assert re.search("(?s)" + ".*".join(STORY), told.stdout), told.stdout
