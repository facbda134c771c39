"""Take the pictures of a real report that the docs show: `python scripts/screenshots.py`.

Needs Chromium. Writes docs/images/: the report of a bundled capture at 1280 and 360 px, light and
dark, and as it prints; and the page about a queue of tickets.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from analyzer.batch.output import write_batch  # noqa: E402
from analyzer.options import Options  # noqa: E402
from analyzer.pipeline import analyze  # noqa: E402
from analyzer.report.html import render_html  # noqa: E402
from tests.batch.made import ledger, queue, scope  # noqa: E402
from tests.browser.cdp import Browser, find_browser  # noqa: E402

SHOTS = (
    ("report", 1280, 900, False, ""),
    ("report-dark", 1280, 900, True, ""),
    ("report-phone", 360, 760, False, ""),
    ("report-phone-dark", 360, 760, True, ""),
    ("report-print", 794, 1123, False, "print"),
)
BATCH_SHOTS = (("batch", 1280, 1000, False), ("batch-phone-dark", 360, 760, True))


def queue_page(folder: Path) -> Path:
    """The page about a made queue."""
    cases = queue(412)
    for case in cases:
        case.html = b"<!doctype html><title>a report</title>"
    with ledger(cases) as made:
        db = scope(made, cases)
        write_batch(folder, db, made.document, version="0.1.0")
        db.close()
    return folder / "index.html"


def main() -> int:
    """1 if there is no browser."""
    executable = find_browser()
    if executable is None:
        sys.stderr.write("no Chromium is installed\n")
        return 1
    report = analyze([ROOT / "sample_hars" / "nginx-idle-60s.har"], Options(details=True, short_paths=True))
    images = ROOT / "docs" / "images"
    images.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, Browser(executable) as browser:
        page = Path(folder) / "report.html"
        page.write_text(render_html(report, version="0.1.0"), encoding="utf-8")
        for name, width, height, dark, media in SHOTS:
            with browser.page() as tab:
                tab.resize(width, height)
                tab.media(dark=dark, media=media)
                tab.open(page)
                (images / f"{name}.png").write_bytes(tab.screenshot(full=False))
        page = queue_page(Path(folder) / "batch")
        for name, width, height, dark in BATCH_SHOTS:
            with browser.page(width=width, height=height, dark=dark) as tab:
                tab.open(page)
                (images / f"{name}.png").write_bytes(tab.screenshot(full=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
