"""Where rules/, templates/ and sample_hars/ are, in a checkout and in an installation.

In the repository they stand at the top, where people look for them; the wheel carries them inside
the package. Only this module knows.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def folder(name: str) -> Path:
    """The folder `rules`, `templates` or `sample_hars`. Raises FileNotFoundError if it is missing."""
    for parent in (_PACKAGE / "_data", _PACKAGE.parent):
        found = parent / name
        if found.is_dir():
            return found
    raise FileNotFoundError(f"the installation is incomplete: no folder {name}/")
