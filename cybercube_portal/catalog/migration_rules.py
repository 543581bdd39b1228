"""What each finding of the lint means for §9: how severe it is, and the pattern of §9.3 that is safe. Pure.

`error` fails the lint and raises the change's risk by one level: the statement breaks running code, or stops a table's readers or
writers while it runs. `warning` is for people: it is safe in its place and dangerous outside it. What squawk says about style
(`UNUSED`) is not the standard's business: its own examples have `VARCHAR(20)` and no `IF NOT EXISTS`.
"""

from __future__ import annotations

from typing import NamedTuple

from cybercube_portal.catalog.conventions.table import RULES as CONVENTIONS
from cybercube_portal.catalog.states import Severity

ERROR, WARNING = Severity.ERROR, Severity.WARNING

ADD_COLUMN = """\
-- Phase 1: add a nullable column
ALTER TABLE users ADD COLUMN phone VARCHAR(20);
-- Phase 2, a background job: backfill
UPDATE users SET phone = '' WHERE phone IS NULL;
-- Phase 3, once that is complete: add the constraint
ALTER TABLE users ALTER COLUMN phone SET NOT NULL;"""
RENAME_COLUMN = """\
-- Phase 1: add the new column
ALTER TABLE users ADD COLUMN full_name VARCHAR(100);
-- Phase 2, a background job: copy
UPDATE users SET full_name = name WHERE full_name IS NULL;
-- Phase 3: the application uses the new column
-- Phase 4, after that is deployed: drop the old one
ALTER TABLE users DROP COLUMN name;"""
ADD_INDEX = "CREATE INDEX CONCURRENTLY idx_users_email ON users(email);"
DROP_INDEX = "DROP INDEX CONCURRENTLY idx_users_email;"
UNIQUE = """\
CREATE UNIQUE INDEX CONCURRENTLY users_email_key ON users(email);
-- then, in a migration of its own
ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE USING INDEX users_email_key;"""
CONSTRAINT = """\
ALTER TABLE orders ADD CONSTRAINT orders_user FOREIGN KEY (user_id) REFERENCES users(id) NOT VALID;
-- then, in a migration of its own
ALTER TABLE orders VALIDATE CONSTRAINT orders_user;"""
NOT_NULL = """\
ALTER TABLE users ADD CONSTRAINT users_phone_known CHECK (phone IS NOT NULL) NOT VALID;
ALTER TABLE users VALIDATE CONSTRAINT users_phone_known;
-- reads the constraint, not the table
ALTER TABLE users ALTER COLUMN phone SET NOT NULL;
ALTER TABLE users DROP CONSTRAINT users_phone_known;"""
DROP = """\
-- alone in its file, after the version that no longer uses it runs everywhere
ALTER TABLE users DROP COLUMN name;"""
BACKFILL = "UPDATE users SET phone = '' WHERE phone IS NULL;"
GO_ON = """\
-- alone in its file, after the version that needs it runs nowhere any more
DROP VIEW active_users;"""
LONG = """\
-- beside its readers, not instead of them
REFRESH MATERIALIZED VIEW CONCURRENTLY totals;
REINDEX INDEX CONCURRENTLY idx_users_email;"""
SEEN = "ALTER TABLE users ADD COLUMN phone VARCHAR(20);"
REVERSIBLE = """\
-- Up
ALTER TABLE products ADD COLUMN tax_rate DECIMAL(5,4);

-- Down (rollback)
ALTER TABLE products DROP COLUMN tax_rate;"""
ONE_TRANSACTION = """\
BEGIN;
ALTER TABLE users ADD COLUMN phone VARCHAR(20);
COMMIT;"""


class LintRule(NamedTuple):
    """How severe, which section says so, and the SQL that is safe."""

    severity: Severity
    section: str
    safe_pattern: str


UNREADABLE = "syntax-error"
MIXED = "phases-in-one-file"
WITHOUT_WHERE = "write-without-where"
LONG_LOCK = "long-lock"
ELSEWHERE = "runs-elsewhere"
BUILT_AT_RUN = "built-at-run"
WAY_BACK = "way-back-below"

RULES: dict[str, LintRule] = {
    # §9.3, adding a column
    "adding-required-field": LintRule(ERROR, "§9.3", ADD_COLUMN),
    "adding-field-with-default": LintRule(ERROR, "§9.3", ADD_COLUMN),
    "adding-not-nullable-field": LintRule(WARNING, "§9.3", NOT_NULL),
    MIXED: LintRule(ERROR, "§9.3", ADD_COLUMN),
    WITHOUT_WHERE: LintRule(WARNING, "§9.3", BACKFILL),
    # §9.3, renaming a column
    "renaming-column": LintRule(ERROR, "§9.3", RENAME_COLUMN),
    "renaming-table": LintRule(ERROR, "§9.3", RENAME_COLUMN),
    "renaming-object": LintRule(ERROR, "§9.3", RENAME_COLUMN),
    "ban-drop-column": LintRule(WARNING, "§9.3", DROP),
    "ban-drop-table": LintRule(WARNING, "§9.3", DROP),
    # §9.3, adding an index
    "require-concurrent-index-creation": LintRule(ERROR, "§9.3", ADD_INDEX),
    "require-concurrent-index-deletion": LintRule(ERROR, "§9.3", DROP_INDEX),
    "require-concurrent-reindex": LintRule(ERROR, "§9.3", "REINDEX INDEX CONCURRENTLY idx_users_email;"),
    "require-concurrent-partition-detach": LintRule(
        ERROR, "§9.3", "ALTER TABLE orders DETACH PARTITION orders_2025 CONCURRENTLY;"
    ),
    "ban-concurrent-index-creation-in-transaction": LintRule(ERROR, "§9.3", ADD_INDEX),
    # §9.1: old code works with the new schema
    "changing-column-type": LintRule(ERROR, "§9.1", RENAME_COLUMN),
    "ban-set-schema": LintRule(ERROR, "§9.1", RENAME_COLUMN),
    "ban-drop-database": LintRule(ERROR, "§9.1", DROP),
    "ban-truncate-cascade": LintRule(ERROR, "§9.1", "TRUNCATE sessions;"),
    **{
        f"ban-drop-{what}": LintRule(WARNING, "§9.1", GO_ON)
        for what in ("view", "function", "sequence", "type", "schema", "extension", "domain")
    },
    **{f"ban-drop-{what}": LintRule(WARNING, "§9.1", DROP) for what in ("constraint", "default", "not-null")},
    "ban-drop-generated-expression": LintRule(WARNING, "§9.1", RENAME_COLUMN),
    "ban-alter-identity": LintRule(WARNING, "§9.1", RENAME_COLUMN),
    "ban-create-domain-with-constraint": LintRule(WARNING, "§9.1", CONSTRAINT),
    "ban-alter-domain-with-add-constraint": LintRule(WARNING, "§9.1", CONSTRAINT),
    "require-enum-value-ordering": LintRule(WARNING, "§9.1", "ALTER TYPE mood ADD VALUE 'calm' AFTER 'glad';"),
    "transaction-nesting": LintRule(WARNING, "§9.1", ONE_TRANSACTION),
    "ban-uncommitted-transaction": LintRule(WARNING, "§9.1", ONE_TRANSACTION),
    # §9.1: reversible, as §8.4 writes it
    WAY_BACK: LintRule(WARNING, "§8.4", REVERSIBLE),
    # §9.1: tested; what nobody sees here was not looked at
    ELSEWHERE: LintRule(ERROR, "§9.1", SEEN),
    BUILT_AT_RUN: LintRule(WARNING, "§9.1", SEEN),
    # §9.1: incremental; a table's readers and writers go on
    "constraint-missing-not-valid": LintRule(ERROR, "§9.1", CONSTRAINT),
    "adding-foreign-key-constraint": LintRule(ERROR, "§9.1", CONSTRAINT),
    "disallowed-unique-constraint": LintRule(ERROR, "§9.1", UNIQUE),
    "adding-serial-primary-key-field": LintRule(ERROR, "§9.1", UNIQUE),
    LONG_LOCK: LintRule(ERROR, "§9.1", LONG),
    UNREADABLE: LintRule(ERROR, "§9.1", ADD_COLUMN),
    # §9.2
    **{rule.name: LintRule(ERROR, rule.section, rule.example) for rule in CONVENTIONS if rule.kind == "migration"},
}
UNUSED = frozenset(
    {
        "ban-char-field",
        "identifier-too-long",
        "prefer-bigint-over-int",
        "prefer-bigint-over-smallint",
        "prefer-identity",
        "prefer-robust-stmts",
        "prefer-text-field",
        "prefer-timestamp-tz",
        "require-lock-timeout",
        "require-statement-timeout",
        "require-timeout-settings",
        "unused-ignore",
    }
)
# A rule that a later squawk brings is shown, not passed over.
NEW = LintRule(WARNING, "§9.1", "")
