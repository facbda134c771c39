from __future__ import annotations

import re

from analyzer.report import glossary


def test_every_term_is_found_by_its_own_pattern_and_has_a_meaning() -> None:
    slugs = [term.slug for term in glossary.TERMS]
    assert len(slugs) == len(set(slugs))
    for term in glossary.TERMS:
        assert term.meaning.endswith(".") and re.fullmatch(r"[a-z0-9-]+", term.slug)
    assert [term.slug for term in glossary.used(["An idle timeout of a CDN"])] == ["gateway", "idle-timeout"]
