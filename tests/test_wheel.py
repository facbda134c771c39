"""The wheel carries everything it needs: installed into a fresh environment it works in an empty folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT

SOURCES = (
    "analyzer",
    "rules",
    "templates",
    "sample_hars",
    "tests",
    "docs",
    "benchmarks",
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "pyproject.toml",
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """dist/ with the sdist and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("build")
    source = folder / "source"
    source.mkdir()
    for name in SOURCES:
        path = ROOT / name
        if path.is_dir():
            shutil.copytree(path, source / name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
        else:
            shutil.copy(path, source / name)
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder / "dist"), str(source)],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder / "dist"


def test_wheel_and_sdist_carry_rules_templates_and_samples(built: Path) -> None:
    wheel = zipfile.ZipFile(next(built.glob("*.whl"))).namelist()
    assert any(name.startswith("analyzer/_data/rules/") for name in wheel)
    assert any(name.startswith("analyzer/_data/templates/") for name in wheel)
    assert any(name.startswith("analyzer/_data/sample_hars/") for name in wheel)
    carried = {name.removeprefix("analyzer/_data/") for name in wheel}
    assert {
        f"templates/{p.relative_to(ROOT / 'templates')}" for p in (ROOT / "templates").rglob("*.*")
    } <= carried
    assert "analyzer/py.typed" in wheel
    assert any(name.startswith("analyzer/protocols/profiles/") for name in wheel)
    with tarfile.open(next(built.glob("*.tar.gz"))) as sdist:
        names = ["/".join(name.split("/")[1:]) for name in sdist.getnames()]
    assert {"pyproject.toml", "README.md"} <= set(names)
    assert any(name.startswith("rules/") for name in names)


def test_installed_wheel_diagnoses_in_an_empty_folder(built: Path, tmp_path: Path) -> None:
    place = tmp_path / "venv"
    venv.create(place, with_pip=False, system_site_packages=False)
    python = place / "bin" / "python"
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    # The wheel itself goes in by pip; what it depends on is borrowed from this environment.
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--disable-pip-version-check", "--target", site, str(next(built.glob("*.whl")))],
        check=True, capture_output=True,
    )  # fmt: skip
    ours = [path for path in map(Path, sys.path) if path.name == "site-packages"]
    (Path(site) / "borrowed.pth").write_text("\n".join(map(str, ours)) + "\n", encoding="utf-8")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    empty = tmp_path / "empty"
    empty.mkdir()
    where = subprocess.run(
        [python, "-c", "import analyzer; print(analyzer.__file__)"],
        cwd=empty,
        env=clean,
        check=True,
        capture_output=True,
        text=True,
    )
    assert str(place) in where.stdout
    done = subprocess.run(
        [python, "-m", "analyzer", "demo", "--no-open", "-o", "demo.html"],
        cwd=empty,
        env=clean,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert (empty / "demo.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    sample = next(Path(site).glob("analyzer/_data/sample_hars/nginx-504.har"))
    done = subprocess.run(
        [python, "-m", "analyzer", str(sample), "--format", "json"],
        cwd=empty,
        env=clean,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stderr
    assert "gateway-timeout" in json.loads(done.stdout)["summary"]["by_cause"]
