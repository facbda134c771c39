"""Where in a YAML file something stands, asked only when there is something to complain about.

Reading with the C loader and looking the place up afterwards keeps the normal case fast: a loader
that records the place of every node costs ten times as much.
"""

from __future__ import annotations

import re
from typing import Any

_STEP = re.compile(r"\.([\w-]+)|\[(\d+)\]|\[\.\.\.\]")


def yaml_loader() -> Any:
    """The fastest safe loader that this PyYAML has."""
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def place_of(text: str, path: str) -> str:
    """`line:column` of a path such as `$.entries[3].fix`; of its nearest existing parent otherwise."""
    import yaml

    node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    for step in _STEP.finditer(path):
        inner = _child(node, step.group(1), step.group(2))
        if inner is None:
            break
        node = inner
    if node is None:
        return "1:1"
    return f"{node.start_mark.line + 1}:{node.start_mark.column + 1}"


def _child(node: Any, name: str | None, index: str | None) -> Any:
    import yaml

    if name is not None and isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == name), None)
    if index is not None and isinstance(node, yaml.SequenceNode) and int(index) < len(node.value):
        return node.value[int(index)]
    return None
