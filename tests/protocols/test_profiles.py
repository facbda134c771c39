"""Profiles are data: what is wrong with one is said with its file and line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from analyzer.columns import VALUES
from analyzer.decode.api import NOT_JSON
from analyzer.errors import RuleError
from analyzer.model import Event
from analyzer.protocols import plainyaml
from analyzer.protocols.conditions import View, compile_any, compile_condition, path, values
from analyzer.protocols.globs import matches_any
from analyzer.protocols.grpcstatus import STATUSES, grpc_error, status_of
from analyzer.protocols.load import FOLDER, load_folder, profiles
from analyzer.protocols.recognise import FALLBACK
from analyzer.protocols.reference import reference

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("id: p\ntitle: P\nframing: [sse]\nfoo: 1\n", "p.yaml:4", "unknown key 'foo'"),
        ("id: p\ntitle: P\nframing: [smoke]\n", "p.yaml:3", "no such framing"),
        ("id: q\ntitle: P\nframing: [sse]\n", "p.yaml:1", "the id is not the file's name"),
        ("id: p\nframing: [sse]\n", "p.yaml:1", "'title' is missing"),
        ("id: p\ntitle: P\nframing: [sse]\nterminal: {when: [{kin: a}]}\n", "p.yaml:4", "unknown clause 'kin'"),
        ("id: p\ntitle: P\nframing: [sse]\nerrors: [{when: {has: 'a['}}]\n", "p.yaml:4", "in 'errors'"),
        ("id: p\ntitle: P\nframing: [sse]\nerrors: [{at: a}]\n", "p.yaml:4", "needs `when`"),
        ("id: p\ntitle: P\nframing: [sse]\nerrors: [{when: {kind: a}, class: bad}]\n", "p.yaml:4", "no such error class"),
        ("id: p\ntitle: P\nframing: [sse]\nreasons: {fine: [a]}\n", "p.yaml:4", "no such finish class"),
        ("id: p\ntitle: P\nowner: nobody\nframing: [sse]\n", "p.yaml:3", "no such error owner"),
        ("id: p\ntitle: P\nframing: [sse]\nrecognise: {host: [a]}\n", "p.yaml:4", "unknown key 'host'"),
        ("id: p\ntitle: P\nframing: sse\n", "p.yaml:3", "wrong type"),
        ("id: p\ntitle: P\ndialect: nothing\n", "p.yaml:3", "no such dialect"),
        ("id: p\ntitle: [\n", "p.yaml:3", "not YAML"),
        ("id: p\ntitle: &a P\n", "p.yaml:2", "not YAML"),
        ("id: p\nid: p\n", "p.yaml:2", "not YAML"),
        ("just text\n", "p.yaml:1", "not a mapping"),
    ],
)  # fmt: skip
def test_a_wrong_profile_is_refused_at_its_line(tmp_path: Path, text: str, place: str, message: str) -> None:
    (tmp_path / "p.yaml").write_text(text)
    with pytest.raises(RuleError) as caught:
        load_folder(tmp_path)
    assert caught.value.where == place
    assert message in caught.value.message


def test_a_vendor_adds_to_its_dialect(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("id: base\ntitle: B\nframing: [sse]\nreasons: {ok: [stop]}\n")
    (tmp_path / "shop.yaml").write_text(
        "id: shop\ntitle: S\ndialect: base\nreasons: {ok: [eos], error: [boom]}\n"
    )
    assert load_folder(tmp_path)["shop"].reasons == {"eos": "ok", "stop": "ok", "boom": "error"}


def test_the_built_in_profiles_load() -> None:
    assert len(profiles()) > 50
    assert set(FALLBACK.values()) <= set(profiles())


def test_every_framing_of_the_vocabulary_has_a_fallback() -> None:
    assert set(FALLBACK) == set(VALUES["framing"]) - {"unknown", "webtransport"}


def test_needles_compile_and_are_linear_enough() -> None:
    for profile in profiles().values():
        for needle in profile.needles:
            re.compile(needle.encode())
            assert not re.search(r"[*+]\)[*+]", needle), (profile.id, needle)


def test_reading_is_what_a_yaml_library_reads() -> None:
    for file in sorted(FOLDER.glob("*.yaml")):
        assert plainyaml.read(file.read_bytes()) == yaml.safe_load(file.read_text("utf-8")), file.name


def test_the_reference_page_is_current() -> None:
    assert (ROOT / "docs" / "protocols.md").read_text("utf-8") == reference()


# -- conditions


def view(json: object = NOT_JSON, kind: str = "message", text: bytes = b"") -> View:
    return View(kind, text, json, Event(0, kind, text))


@pytest.mark.parametrize(
    ("text", "json", "wanted"),
    [
        ("a.b", {"a": {"b": 1}}, [1]),
        ("a[*].b", {"a": [{"b": 1}, {}, {"b": 2}]}, [1, 2]),
        ("[1]", [5, 6], [6]),
        ("[7]", [5, 6], []),
        ("a", {"a": None}, []),
        ("a.b", {"a": [1]}, []),
        ("", {"a": 1}, [{"a": 1}]),
    ],
)
def test_paths(text: str, json: object, wanted: list[object]) -> None:
    assert values(json, path(text)) == wanted


@pytest.mark.parametrize("text", ["a[", "a..b", "[x]", "a]"])
def test_bad_paths_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        path(text)


def test_clauses() -> None:
    assert compile_condition({"kind": "response.*"})(view(kind="response.created"))
    assert not compile_condition({"kind": "response.*"})(view(kind="responseX"))
    assert compile_condition({"data": "[DONE]"})(view(text=b"[done]"))
    assert compile_condition({"has": ["a", "b"]})(view({"a": [], "b": 0}))
    assert not compile_condition({"has": "a"})(view({"a": None}))
    assert compile_condition({"filled": ["a", "b"]})(view({"a": "", "b": "x"}))
    assert not compile_condition({"filled": "a"})(view({"a": []}))
    assert compile_condition({"lacks": "a"})(view({}))
    assert compile_condition({"is": {"a": [True, "x*"]}})(view({"a": "xyz"}))
    assert not compile_condition({"is": {"a": 1}})(view({"a": True}))
    assert not compile_condition({"has": "a"})(view())


def test_all_clauses_must_hold_and_any_condition_may() -> None:
    both = compile_condition({"kind": "a", "has": "x"})
    assert both(view({"x": 1}, kind="a")) and not both(view({}, kind="a"))
    either = compile_any([{"kind": "a"}, {"kind": "b"}])
    assert either is not None and either(view(kind="b"))
    assert compile_any([]) is None


@pytest.mark.parametrize("clauses", [{}, {"is": "x"}, {"foo": 1}])
def test_bad_conditions_are_refused(clauses: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        compile_condition(clauses)


# -- small things


def test_globs_have_one_special_character() -> None:
    assert matches_any(["*.openai.azure.com"], "X.OpenAI.Azure.com")
    assert matches_any(["*/v1/messages"], "/v1/messages/")
    assert not matches_any(["*/v1/messages"], "/v1/messages/batches")
    assert not matches_any([], "")
    assert not matches_any(["a[b]c"], "abc")


def test_grpc_statuses() -> None:
    assert {name for _, name in STATUSES.values()} <= set(VALUES["error_class"])
    assert status_of({"grpc-status": "8"}, {}) == (8, None)
    assert status_of(None, {"grpc-status": "abc"}) == (None, None)
    assert status_of(None, {"grpc-status": "²"}) == (None, None)
    assert grpc_error(0, None) is None
    found = grpc_error(14, "model is overloaded")
    assert found is not None and found.error_class == "overloaded"
