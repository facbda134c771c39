"""The public face: every promised name is there, and importing the package loads nothing."""

from __future__ import annotations

import subprocess
import sys

import analyzer


def test_every_exported_name_can_be_had() -> None:
    for name in analyzer.__all__:
        assert getattr(analyzer, name) is not None
    assert set(analyzer.__all__) <= set(dir(analyzer))


def test_importing_the_package_imports_no_other_module_of_it() -> None:
    code = (
        "import sys, analyzer; print([m for m in sys.modules if m.startswith('analyzer.') or m == 'msgspec'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
