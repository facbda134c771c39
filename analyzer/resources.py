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


def samples(kind: str = "*") -> list[tuple[Path, Path]]:
    """The bundled captures: (what really happened, capture), in order of their names.

    kind: `*` for the failures that people meet, `framings/*` for one capture of each framing and recorder.
    """
    found = []
    for about in sorted(folder("sample_hars").glob(f"{kind}.about.yaml")):
        stem = about.name.removesuffix(".about.yaml")
        beside = (about.with_name(stem + suffix) for suffix in (".har", ".har.zip", ".json.gz", ".saz"))
        found.append((about, next(path for path in beside if path.exists())))
    return found
