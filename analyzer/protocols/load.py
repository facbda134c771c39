"""The profiles: read from their files once, when first asked for."""

from __future__ import annotations

import contextlib
from functools import cache
from pathlib import Path
from typing import Any, Final

from analyzer.errors import RuleError
from analyzer.protocols import plainyaml
from analyzer.protocols.profile import Profile, ProfileError, build, merge

FOLDER: Final = Path(__file__).parent / "profiles"


@cache
def profiles() -> dict[str, Profile]:
    """All profiles by id, vendors merged with the dialect that they speak. Raises RuleError."""
    return load_folder(FOLDER)


def load_folder(folder: Path) -> dict[str, Profile]:
    """The profiles of a folder, by id. Raises RuleError naming file and line."""
    raws: dict[str, tuple[Path, dict[str, Any]]] = {}
    files = sorted(folder.glob("*.yaml"))
    for file, raw in zip(files, _kept(files) if folder == FOLDER else map(_parse, files), strict=True):
        if raw.get("id") != file.stem:
            raise RuleError("the id is not the file's name", where=_place(file, "id"), expected=file.stem)
        raws[file.stem] = (file, raw)
    found: dict[str, Profile] = {}
    for name, (file, raw) in raws.items():
        base = raw.get("dialect")
        if base is not None and (base not in raws or "dialect" in raws[base][1]):
            raise RuleError("no such dialect", where=_place(file, "dialect"), expected="the id of a profile")
        try:
            found[name] = build(merge(raws[base][1], raw) if base else raw)
        except ProfileError as error:
            raise RuleError(str(error), where=_place(file, error.key)) from error
    return found


@cache
def by_framing() -> dict[str, list[Profile]]:
    """Protocols (not vendors) by framing, in order of their ids."""
    found: dict[str, list[Profile]] = {}
    for profile in profiles().values():
        if profile.dialect is None:
            for framing in profile.framing:
                found.setdefault(framing, []).append(profile)
    return found


@cache
def vendors() -> dict[str, list[Profile]]:
    """Vendors by the dialect that they speak."""
    found: dict[str, list[Profile]] = {}
    for profile in profiles().values():
        if profile.dialect is not None:
            found.setdefault(profile.dialect, []).append(profile)
    return found


@cache
def provider_hosts() -> dict[str, list[str]]:
    """Hosts of model providers, as globs, by provider: of the profiles, and of those that have none."""
    found: dict[str, list[str]] = {}
    for profile in profiles().values():
        if profile.provider and profile.hosts:
            found.setdefault(profile.provider, []).extend(profile.hosts)
    for provider, hosts in _kept([FOLDER.parent / "hosts.yaml"])[0].items():
        found.setdefault(provider, []).extend(hosts)
    return found


def _kept(files: list[Path]) -> list[dict[str, Any]]:
    """The values in the program's own files, as an earlier run left them or read now."""
    import msgspec

    from analyzer.remember import keep, name_for, recall

    reader = [file for file in (Path(__file__), Path(plainyaml.__file__)) if file.is_file()]
    name = name_for("profiles", [(file.name, file.read_bytes()) for file in [*files, *reader]])
    data = recall(name)
    if data is not None:
        with contextlib.suppress(msgspec.MsgspecError, ValueError):
            return msgspec.json.decode(data, type=list[dict[str, Any]])
    raws = [_parse(file) for file in files]
    data = msgspec.json.encode(raws)
    if msgspec.json.decode(data) == raws:
        keep(name, data)
    return raws


def _parse(file: Path) -> dict[str, Any]:
    import yaml

    try:
        raw = plainyaml.read(file.read_bytes())
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise RuleError("not YAML", where=f"{file.name}:{line}") from error
    if not isinstance(raw, dict):
        raise RuleError("not a mapping", where=f"{file.name}:1", expected="a profile")
    return raw


def _place(file: Path, key: str) -> str:
    """`file:line` of a top-level key; the file alone when it has no such key."""
    for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
        if line.startswith(f"{key}:"):
            return f"{file.name}:{number}"
    return file.name
