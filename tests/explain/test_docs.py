"""The pages under docs/ are those that the glossary writes, and their links lead somewhere."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import pytest

from analyzer.explain.docs import lagging, main, pages, write
from analyzer.explain.entries import entries, groups
from analyzer.explain.limits import limits

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def test_pages_do_not_lag_behind_the_glossary() -> None:
    assert lagging(REFERENCE) == [], "run: python -m analyzer.explain.docs docs/reference"


def test_every_link_between_generated_pages_leads_to_an_anchor() -> None:
    made = pages()
    anchors = {name: set(re.findall(r'<a id="([^"]+)"', text)) for name, text in made.items()}
    for name, text in made.items():
        if name == "search.html":
            continue
        folder = "docs" if name.startswith("../") else "docs/reference"
        for page, anchor in re.findall(r"\]\(([^()#\s]*)#?([^()\s]*)\)", text):
            target = _target(folder, page, name)
            if target == "rules.md":  # written from the rules, elsewhere
                continue
            assert target in made, f"{name}: {page}"
            assert not anchor or anchor in anchors[target], f"{name}: {page}#{anchor}"


def _target(folder: str, page: str, own: str) -> str:
    if not page:
        return own
    if folder == "docs":
        return page.removeprefix("reference/") if page.startswith("reference/") else f"../{page}"
    return page


def test_index_lists_every_term() -> None:
    index = pages()["index.md"]
    assert index.count("\n| [`") == sum(len(group.entries) for group in groups())


def test_timeouts_page_lists_every_limit_with_its_line() -> None:
    text = pages()["../timeouts.md"]
    for row in limits():
        assert f"</a>{row.product} | `{row.setting}` |" in text
        assert not row.config_line or f"`{row.config_line}`".replace("|", "\\|") in text


def test_tables_have_the_same_number_of_cells_in_every_row() -> None:
    for name, text in pages().items():
        width = 0
        for line in text.splitlines():
            cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
            assert not (width and cells) or cells == width, f"{name}: {line}"
            width = cells


def test_search_page_contains_every_term_and_asks_nobody() -> None:
    html = pages()["search.html"]
    assert html.count("<details ") == len(list(entries()))
    assert re.search(r"""(?:src|href)=["'](?!#)""", html) is None
    assert "://" not in re.sub(r"<details.*?</details>", "", html, flags=re.DOTALL)


def test_search_page_policy_allows_exactly_its_own_script_and_style() -> None:
    html = pages()["search.html"]
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)
    assert policy is not None
    assert policy[1].startswith("default-src 'none';")
    assert "unsafe" not in policy[1]
    for tag in ("style", "script"):
        (body,) = re.findall(rf"<{tag}>(.*?)</{tag}>", html, flags=re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy[1]
    assert re.search(r"\son\w+=", re.sub(r">[^<]*<", "><", html)) is None


def test_search_page_ids_are_unique_and_its_links_lead_to_them() -> None:
    html = pages()["search.html"]
    ids = re.findall(r'<details id="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', html)) <= set(ids)


def test_search_page_escapes_terms() -> None:
    html = pages()["search.html"]
    assert "<NOSRV>" not in html
    assert "&lt;NOSRV&gt;" in html


def test_writing_twice_changes_nothing(tmp_path: Path) -> None:
    target = tmp_path / "docs" / "reference"
    assert write(target)
    assert write(target) == []
    assert lagging(target) == []


def test_check_names_what_lags_behind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "docs" / "reference"
    write(target)
    (target / "http.md").write_text("old", encoding="utf-8")
    assert main([str(target), "--check"]) == 1
    assert "http.md lags behind" in capsys.readouterr().err
    assert main([str(target)]) == 0
    assert main([str(target), "--check"]) == 0


def test_wrong_usage_is_said() -> None:
    assert main([]) == 2
