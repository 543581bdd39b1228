"""Every rule of the lint beside SQL that breaks it, in the groups of §9, to be read beside the standard."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.translation import gettext_noop

from cybercube_portal.catalog.migration_rules import (
    BUILT_AT_RUN,
    ELSEWHERE,
    LONG_LOCK,
    MIXED,
    RULES,
    UNREADABLE,
    WAY_BACK,
    WITHOUT_WHERE,
)
from cybercube_portal.catalog.states import Severity


class Group(NamedTuple):
    """A part of §9, and what breaks it: a rule's name and an example."""

    title: str
    section: str
    unsafe: dict[str, str]


GROUPS: tuple[Group, ...] = (
    Group(
        gettext_noop("Adding a column"),
        "§9.3",
        {
            "adding-required-field": "ALTER TABLE users ADD COLUMN phone VARCHAR(20) NOT NULL;",
            "adding-field-with-default": "ALTER TABLE users ADD COLUMN token UUID DEFAULT gen_random_uuid();",
            "adding-not-nullable-field": "ALTER TABLE users ALTER COLUMN phone SET NOT NULL;",
            MIXED: "ALTER TABLE users ADD COLUMN full_name VARCHAR(100);\nALTER TABLE users DROP COLUMN name;",
            WITHOUT_WHERE: "UPDATE users SET phone = '';",
        },
    ),
    Group(
        gettext_noop("Renaming a column"),
        "§9.3",
        {
            "renaming-column": "ALTER TABLE users RENAME COLUMN name TO full_name;",
            "renaming-table": "ALTER TABLE users RENAME TO people;",
            "renaming-object": "ALTER TYPE mood RENAME VALUE 'glad' TO 'happy';",
            "ban-drop-column": "ALTER TABLE users DROP COLUMN name;",
            "ban-drop-table": "DROP TABLE sessions;",
        },
    ),
    Group(
        gettext_noop("Adding an index"),
        "§9.3",
        {
            "require-concurrent-index-creation": "CREATE INDEX idx_users_email ON users(email);",
            "require-concurrent-index-deletion": "DROP INDEX idx_users_email;",
            "require-concurrent-reindex": "REINDEX INDEX idx_users_email;",
            "require-concurrent-partition-detach": "ALTER TABLE orders DETACH PARTITION orders_2025;",
            "ban-concurrent-index-creation-in-transaction": (
                "BEGIN;\nCREATE INDEX CONCURRENTLY idx_users_email ON users(email);\nCOMMIT;"
            ),
        },
    ),
    Group(
        gettext_noop("Backward compatible: old code works with the new schema"),
        "§9.1",
        {
            "changing-column-type": "ALTER TABLE users ALTER COLUMN id TYPE BIGINT;",
            "ban-set-schema": "ALTER TABLE users SET SCHEMA archive;",
            "ban-drop-database": "DROP DATABASE shop;",
            "ban-truncate-cascade": "TRUNCATE users CASCADE;",
            "ban-drop-view": "DROP VIEW active_users;",
            "ban-drop-function": "DROP FUNCTION total(INT);",
            "ban-drop-sequence": "DROP SEQUENCE order_numbers;",
            "ban-drop-type": "DROP TYPE mood;",
            "ban-drop-schema": "DROP SCHEMA archive;",
            "ban-drop-extension": "DROP EXTENSION pg_trgm;",
            "ban-drop-domain": "DROP DOMAIN postcode;",
            "ban-drop-constraint": "ALTER TABLE users DROP CONSTRAINT users_phone_known;",
            "ban-drop-default": "ALTER TABLE users ALTER COLUMN phone DROP DEFAULT;",
            "ban-drop-not-null": "ALTER TABLE users ALTER COLUMN phone DROP NOT NULL;",
            "ban-drop-generated-expression": "ALTER TABLE users ALTER COLUMN low DROP EXPRESSION;",
            "ban-alter-identity": "ALTER TABLE users ALTER COLUMN id DROP IDENTITY;",
            "require-enum-value-ordering": "ALTER TYPE mood ADD VALUE 'calm';",
        },
    ),
    Group(
        gettext_noop("Incremental: readers and writers go on"),
        "§9.1",
        {
            "constraint-missing-not-valid": "ALTER TABLE users ADD CONSTRAINT phone_known CHECK (phone <> '');",
            "adding-foreign-key-constraint": (
                "ALTER TABLE orders ADD CONSTRAINT orders_user FOREIGN KEY (user_id) REFERENCES users(id);"
            ),
            "disallowed-unique-constraint": "ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE (email);",
            "adding-serial-primary-key-field": "ALTER TABLE users ADD COLUMN id BIGSERIAL PRIMARY KEY;",
            "ban-create-domain-with-constraint": "CREATE DOMAIN postcode AS TEXT CHECK (VALUE <> '');",
            "ban-alter-domain-with-add-constraint": "ALTER DOMAIN postcode ADD CONSTRAINT known CHECK (VALUE <> '');",
            "transaction-nesting": "BEGIN;\nBEGIN;\nCOMMIT;\nCOMMIT;",
            "ban-uncommitted-transaction": "BEGIN;\nALTER TABLE users ADD COLUMN phone VARCHAR(20);",
            LONG_LOCK: "VACUUM FULL users;",
        },
    ),
    Group(
        gettext_noop("Reversible"),
        "§8.4",
        {WAY_BACK: "-- Up\nCREATE TABLE notes (id BIGINT);\n-- Down\nDROP TABLE notes;"},
    ),
    Group(
        gettext_noop("Tested: nothing that nobody has seen"),
        "§9.1",
        {
            ELSEWHERE: "\\i other.sql",
            BUILT_AT_RUN: "SELECT format('DROP TABLE %I', name) FROM old_tables \\gexec",
            UNREADABLE: "ALTER TABEL users ADD COLUMN phone VARCHAR(20);",
        },
    ),
    Group(
        gettext_noop("Naming"),
        "§9.2",
        {
            "migration.timestamp": "20260117_add_tax_rate_to_products.sql",
            "migration.description": "20260117130000_Create-Audit-Log.sql",
            "migration.ending": "20260117140000_add_index_users_email",
        },
    ),
)


class Pattern(NamedTuple):
    """SQL that is safe, and what it is safe instead of: (rule's name, severity, what breaks it)."""

    safe: str
    breaks: list[tuple[str, Severity, str]]


def shown(group: Group) -> list[Pattern]:
    """The patterns of a group, in the order of their first rules."""
    found: dict[str, Pattern] = {}
    for name, unsafe in group.unsafe.items():
        rule = RULES[name]
        found.setdefault(rule.safe_pattern, Pattern(rule.safe_pattern, [])).breaks.append((name, rule.severity, unsafe))
    return list(found.values())
