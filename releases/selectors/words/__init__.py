"""The words of the lists of releases, deployments, incidents and decisions of the gate (ui.md section 2 "Lists")."""
