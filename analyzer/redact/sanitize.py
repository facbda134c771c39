"""The same capture without its secrets, for passing on: it still gets the same verdict.

`secrets_in` is the same work without an output: what `sanitize` would take out, by kind.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from analyzer.errors import CaptureError, UsageError
from analyzer.intake import Input, open_inputs
from analyzer.intake.split import Cut, elements, find_entries
from analyzer.redact.masker import Masker
from analyzer.redact.maskhar import HarMasker
from analyzer.redact.masklog import LogMasker
from analyzer.redact.masknetlog import mask_netlog
from analyzer.write import write_output

_CHUNK = 1 << 20


@dataclass(slots=True)
class Sanitized:
    """What was done. counts: values replaced, by kind. warnings: what could not be kept."""

    kind: str
    counts: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def sanitize(in_path: str | Path, out_path: str | Path) -> Sanitized:
    """Writes the capture at `in_path` without its secrets to `out_path`, mode 0600, whole or not at all.

    Takes what `hangup analyze` takes: HAR (plain, compressed, or a ZIP with its bodies), NetLog and
    log files. A ZIP stays a ZIP, but a Fiddler archive (SAZ) becomes a HAR; a compressed file is written as gzip when `out_path` ends in .gz,
    else plain. Raises CaptureError when it cannot be read, UsageError when both paths are one file.
    """
    source, target = Path(in_path), Path(out_path)
    if source.exists() and target.exists() and source.samefile(target):
        raise UsageError(
            "this is the file itself", where=target, expected="another name: nothing is overwritten"
        )
    data, done = _sanitized(source)
    if target.suffix.lower() == ".gz" and done.kind != "zip":
        data = gzip.compress(data, 6, mtime=0)
    write_output(data, target)
    return done


def secrets_in(path: str | Path) -> dict[str, int]:
    """How many values of each kind `sanitize` would replace. Prints and keeps none of them."""
    return _sanitized(Path(path))[1].counts


def _sanitized(source: Path) -> tuple[bytes, Sanitized]:
    masker = Masker()
    with _opened(source) as head:
        is_zip = head.read(4) == b"PK\x03\x04"
    converted = is_zip and any(inp.converted and inp.path == str(source) for inp in open_inputs([source]))
    if is_zip and not converted:
        data, kind, warnings = _zip(source, masker)
    else:
        found = list(open_inputs([source]))
        if len(found) != 1:
            raise CaptureError("there is no capture here", where=source)
        data, kind, warnings = _one(found[0], masker, HarMasker(masker))
    counts = {name: count for name, count in sorted(masker.counts.items()) if count}
    return data, Sanitized(kind, counts, warnings)


def _opened(source: Path) -> BinaryIO:
    try:
        return source.open("rb")
    except OSError as error:
        raise CaptureError(f"it cannot be read ({error.strerror})", where=source) from error


def _one(inp: Input, masker: Masker, har: HarMasker) -> tuple[bytes, str, list[str]]:
    if inp.kind == "log":
        return b"".join(_log(inp.open(), masker)), "log", list(inp.warnings)
    if inp.kind == "netlog":
        log = mask_netlog(_parsed(inp.data(), inp.path), masker)
        return _event_per_line(log), "netlog", list(inp.warnings)
    if inp.kind != "har":
        raise CaptureError(inp.reason, where=inp.path)
    raw = inp.data()
    if inp.converted:
        inp.warnings.append("it is a Fiddler archive (SAZ): what is written is a HAR of its sessions")
    try:
        document: Any = _parsed(raw, inp.path)
        warnings: list[str] = []
    except CaptureError:
        document, warnings = _salvaged(raw, inp.path)
    return _encoded(har.document(document)), "har", [*inp.warnings, *warnings]


def _parsed(raw: bytes | bytearray, path: str) -> Any:
    try:
        return json.loads(bytes(raw))
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else "it is no complete JSON"
        raise CaptureError(reason, where=path) from error


def _salvaged(raw: bytes | bytearray, path: str) -> tuple[Any, list[str]]:
    """The complete entries of a HAR that stops early or is damaged."""
    entries: list[Any] = []

    def readable(begin: int, end: int) -> bool:
        try:
            entries.append(json.loads(bytes(raw[begin:end])))
        except (ValueError, RecursionError):
            return False
        return True

    start = find_entries(raw)
    cut = elements(raw, start, readable) if start is not None else Cut()
    if not entries:
        raise CaptureError("it is no complete JSON, and no entry in it is whole", where=path)
    creator = {"name": "hangup sanitize", "version": "1"}
    note = f"the file is damaged or stops early: {len(entries):,} whole entries were kept"
    note += f", {len(cut.damaged):,} damaged stretches left out" if cut.damaged else ""
    return {"log": {"version": "1.2", "creator": creator, "entries": entries}}, [note]


def _encoded(document: Any) -> bytes:
    try:
        return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
    except UnicodeEncodeError:  # lone surrogates can only be written as escapes
        return json.dumps(document, indent=2).encode("ascii") + b"\n"


def _event_per_line(log: dict[str, Any]) -> bytes:
    """A NetLog as Chromium writes it: the constants on one line, then an event on each."""

    def line(value: Any) -> bytes:
        try:
            return msgspec.json.encode(value)
        except UnicodeEncodeError:
            return json.dumps(value).encode("ascii")

    rest = {key: value for key, value in log.items() if key not in ("constants", "events")}
    head = b'{"constants":' + line(log.get("constants", {})) + b',\n"events": [\n'
    tail = b"".join(b",\n" + line(key) + b": " + line(value) for key, value in rest.items())
    return head + b",\n".join(line(event) for event in log.get("events", [])) + b"]" + tail + b"}\n"


def _log(stream: BinaryIO, masker: Masker) -> Iterator[bytes]:
    """Chunks of whole lines. Bytes that are no UTF-8 pass unchanged."""
    log = LogMasker(masker)
    with stream:
        rest = b""
        while piece := stream.read(_CHUNK):
            block = rest + piece
            cut = block.rfind(b"\n") + 1
            if not cut and len(block) < 64 * _CHUNK:
                rest = block
                continue
            cut = cut or len(block)
            rest = block[cut:]
            yield _masked_lines(block[:cut], log)
        if rest:
            yield _masked_lines(rest, log)


def _masked_lines(block: bytes, log: LogMasker) -> bytes:
    return log.chunk(block.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def _zip(source: Path, masker: Masker) -> tuple[bytes, str, list[str]]:
    """A ZIP again: captures masked, the bodies that a HAR names masked, everything else left out."""
    attached: dict[str, bytes] = {}
    warnings: list[str] = []
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for inp in open_inputs([source]):
            name = inp.path.rpartition("!")[2] or "capture"
            name += ".har" if inp.converted else ""
            folder = name.rpartition("/")[0]
            har = HarMasker(masker, _attacher(inp, masker, attached, f"{folder}/" if folder else ""))
            try:
                data, _, lost = _one(inp, masker, har)
            except CaptureError as error:
                warnings.append(f"{name}: left out, {error.message}")
                continue
            warnings += [f"{name}: {text}" for text in lost]
            made.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
        for path, body in attached.items():
            made.writestr(zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0)), body, zipfile.ZIP_DEFLATED)
        if not made.namelist():
            raise CaptureError("no capture in it could be read", where=source)
    return out.getvalue(), "zip", warnings


def _attacher(inp: Input, masker: Masker, attached: dict[str, bytes], folder: str) -> Any:
    """Masks a body beside the HAR and names it by the SHA-1 of its new content, as Playwright does."""
    har = HarMasker(masker)

    def attach(name: str, media_type: str, status: int | None) -> str | None:
        data = inp.attachment(name)
        if data is None:
            return None
        shown = har.attachment(data, media_type, status)
        ending = name.rpartition(".")[2]
        new = f"{hashlib.sha1(shown, usedforsecurity=False).hexdigest()}.{ending if ending.isalnum() and len(ending) < 8 else 'dat'}"
        attached[folder + new] = shown
        return new

    return attach
