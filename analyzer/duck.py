"""DuckDB's engine without the rest of its Python package.

`import duckdb` also loads what its version string, its Arrow sources and its expressions need (csv,
email, zipfile, ctypes …), which takes longer than a small capture takes to judge. The engine is in the
extension module that the package wraps; where that is not importable by itself, the package is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


def driver() -> Any:
    """The module with `connect` and `Error`: DuckDB's extension, or the whole package."""
    try:
        return import_module("_duckdb")
    except ImportError:
        return import_module("duckdb")
