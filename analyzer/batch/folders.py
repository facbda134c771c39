"""A folder name for each ticket: its id, made harmless, and different from every other's."""

from __future__ import annotations

from typing import Any, Final

LONGEST: Final = 80
# Names that Windows keeps for devices, with or without a suffix.
_DEVICES: Final = r"^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?$"


def name_folders(db: Any) -> None:
    """Make the temporary table `batch_f` (ticket, folder) from `batch_t`. Needs `working.prepare`.

    A folder's name has only ASCII letters, digits, `.`, `_` and `-`, begins with a letter or digit, does not
    end with a dot, is no device of Windows, and has at most 93 characters. What had to be changed, and all
    but the first of those that differ in nothing but case, ends in a hyphen and 12 digits of the id's SHA-256.
    The same tickets get the same names in any order.
    """
    db.execute(
        f"""CREATE OR REPLACE TEMP TABLE batch_f AS
        WITH plain AS (
          SELECT ticket, regexp_replace(regexp_replace(substr(regexp_replace(ticket, '[^A-Za-z0-9._-]+', '_', 'g'), 1, {LONGEST}),
              '^[^A-Za-z0-9]+', ''), '[.]+$', '') AS name,
            '-' || substr(sha256(ticket), 1, 12) AS mark
          FROM batch_t),
        safe AS (
          SELECT ticket, mark, CASE WHEN name = ticket AND name <> '' AND NOT regexp_matches(lower(name), '{_DEVICES}')
            AND NOT regexp_matches(name, '-[0-9a-f]{{12}}$') THEN name ELSE
              CASE WHEN name = '' OR regexp_matches(lower(name), '{_DEVICES}') THEN 'ticket' ELSE name END || mark END AS name
          FROM plain)
        SELECT ticket, CASE WHEN row_number() OVER (PARTITION BY lower(name) ORDER BY ticket) = 1 THEN name
          ELSE name || mark END AS folder FROM safe"""
    )
