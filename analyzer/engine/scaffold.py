"""The starting point that `hangup rules new` writes: a rule that loads, to be made true."""

from __future__ import annotations

import re
from typing import Final

from analyzer.causes import CAUSES
from analyzer.engine.complaints import nearest
from analyzer.errors import UsageError

_ID: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")

_TEMPLATE: Final = """\
id: {id}
cause: {cause}                  # {meaning}
title: {title}
basis: response                 # protocol | response | transport | context | inference
when:
  all:
    - status: 599               # column|operator: value; see the column and operator tables in the docs
confidence: possible            # certain | likely | possible
evidence: [status, duration_ms] # the decisive column first
say: "The answer came with status {{{{ status }}}} after {{{{ duration_ms | duration }}}}."
fix:
  user:
    - What the reader of the page can do.
  operator:
    - "What to change on a gateway or server, with the setting: `name value;`"
  developer:
    - What to change in the application.
sources: ["Where this is documented, or the capture in which it was seen"]
examples:
  fires:
    - {{status: 599, duration_ms: 61000}}
  quiet:
    - {{row: {{status: 504}}, because: another status}}
"""


def new_rule_template(rule_id: str, cause: str) -> str:
    """The text of a new rule file, to be saved as `<party>/<id>.yaml` (see `new_rule_path`).

    Raises UsageError for an unknown cause or an id that is no file name.
    """
    _demand(rule_id, cause)
    found = CAUSES[cause]
    return _TEMPLATE.format(
        id=rule_id, cause=cause, meaning=found.title, title=rule_id.replace("-", " ").capitalize()
    )


def new_rule_path(rule_id: str, cause: str) -> str:
    """Where that file belongs inside a folder of rules: `gateway/my-rule.yaml`."""
    _demand(rule_id, cause)
    return f"{CAUSES[cause].party}/{rule_id}.yaml"


def _demand(rule_id: str, cause: str) -> None:
    if cause not in CAUSES:
        raise UsageError(f'unknown cause "{cause}"', expected=nearest(cause, CAUSES, what="a cause"))
    if not _ID.match(rule_id) or len(rule_id) > 80:
        raise UsageError(
            f'"{rule_id[:80]}" cannot be a rule id', expected="lower-case words joined by hyphens"
        )
