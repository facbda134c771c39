"""A user's own format: the log-format string as it stands in the proxy's configuration.

nginx's `log_format`, Apache's `LogFormat`, HAProxy's `log-format`, Envoy's format string and GoAccess's
notation are read. Each becomes the same `Format` that a YAML file would, so nothing else needs to know.
What a variable means is data: `variables.yaml`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

from analyzer.columns import columns as table_columns
from analyzer.errors import UsageError
from analyzer.intake.logs.load import read_format, shared_blocks
from analyzer.intake.logs.schema import Clock, Column, Ending, Format, default_kind
from analyzer.intake.logs.shipped import formats

_NGINX: Final = re.compile(r"\$\{?([a-z_][a-z0-9_]*)\}?")
_APACHE: Final = re.compile(r"%(?:!?[\d,]*)[<>]?((?:\{[^}]*\})?(?:\^?[A-Za-z]{1,2}|%))")
_HAPROXY: Final = re.compile(r"%(?:\{([^}]*)\})?(\[[^\]]*\]|b/%s|[A-Za-z]+|%)")
_ENVOY: Final = re.compile(r"%([A-Z_0-9]+(?:\([^)]*\))?)(?::\d+)?%")
_GOACCESS: Final = re.compile(r"%([a-zA-Z^~])|~h\{[^}]*\}")
# A target that the string writes in two pieces, path and query, and the variable that stands for both.
_TARGETS: Final = (
    ("%U%q", "%U"), ("%HP%HQ", "%HU"), ("$uri$is_args$args", "$request_uri"), ("$uri$is_args$query_string", "$request_uri"),
)  # fmt: skip
_JSON_PAIR: Final = re.compile(r'"?([\w.@-]+)"?\s*:\s*"?([%$][^",}\s]*(?:\([^)]*\))?[^",}\s]*)"?')


class _Token(msgspec.Struct, frozen=True):
    """A piece of a format string: plain text, or a variable."""

    text: str
    variable: bool = False
    quoted: bool = False


@cache
def _vocabulary() -> dict[str, dict[str, Any]]:
    import yaml

    text = Path(__file__).with_name("variables.yaml").read_text("utf-8")
    loaded = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    return dict(loaded)


def compile_user_format(text: str) -> Format:
    """A `--log-format` value as a Format.

    text: the id of a shipped format, the path of a YAML file, a name that GoAccess knows (COMBINED …), or
    a format string of nginx, Apache, HAProxy, Envoy or GoAccess, with or without the directive around it.
    Raises UsageError if it is none of these, RuleError if the YAML is wrong.
    """
    text = text.strip()
    if text in formats():
        return formats()[text]
    if text.endswith((".yaml", ".yml")):
        path = Path(text)
        try:
            content = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"the format file cannot be read ({type(error).__name__})", where=text) from None
        return read_format(content, text, shared_blocks())
    named = _vocabulary()["goaccess"]["names"].get(text.upper())
    if named is not None:
        return formats()[named]
    dialect = _dialect(text)
    if dialect is None:
        near = difflib.get_close_matches(text, list(formats()), n=1)
        raise UsageError(
            "this is no log format that is known",
            expected=f'nearest is "{near[0]}"'
            if near
            else "an id of `hangup formats list`, a YAML file, or a format string",
            help="pass the string as it stands in nginx's log_format, Apache's LogFormat, HAProxy's log-format, "
            "Envoy's format or in GoAccess's notation",
        )
    body, clock_formats = _body(text, dialect)
    if body.lstrip().startswith("{") and dialect != "goaccess":
        return _json_format(body, dialect)
    return _text_format(list(_tokens(body, dialect)), dialect, clock_formats)


def _dialect(text: str) -> str | None:
    if re.search(r"%[A-Z][A-Z_0-9]{2,}(?:\([^)]*\))?(?::\d+)?%", text):
        return "envoy"
    if re.search(r"\$\{?[a-z_]{3,}", text):
        return "nginx"
    if "%^" in text or re.search(r"%d[:T ]?%t|%x\b|~h\{", text):
        return "goaccess"
    if re.search(r"%(?:\{[^}]*\})?(?:ci|cp|ft|TR|Tw|Tc|Ta|ST|tsc|ts|tr|HM|HU|hr)\b|%\[", text):
        return "haproxy"
    if re.search(r"%(?:[<>]?s|[hr]|\{[^}]+\}[a-zA-Z])", text):
        return "apache"
    return None


def _body(text: str, dialect: str) -> tuple[str, tuple[str, str]]:
    """The string without the directive and the quotes around it, and GoAccess's date and time formats."""
    dates = ("%d/%b/%Y", "%H:%M:%S")
    if dialect == "goaccess":
        found = dict(re.findall(r"(?m)^\s*(log-format|date-format|time-format)[ =]+(.*?)\s*$", text))
        dates = (found.get("date-format", dates[0]), found.get("time-format", dates[1]))
        return found.get("log-format", text), dates
    if dialect == "nginx":
        inner = re.sub(r"^\s*log_format\s+\S+\s+(?:escape=\w+\s+)?", "", text).rstrip().rstrip(";").rstrip()
        parts = re.findall(r"'((?:[^'\\]|\\.)*)'", inner)
        if parts and inner.startswith("'"):
            inner = "".join(parts)
        elif inner.startswith('"') and inner.endswith('"') and len(inner) > 1:
            inner = inner[1:-1]
        return inner.replace("\\'", "'").replace('\\"', '"'), dates
    inner = re.sub(r"^\s*(?:LogFormat|CustomLog\s+\S+|log-format(?:-sd)?)\s+", "", text).strip()
    if inner.startswith('"'):
        end = re.match(r'"((?:[^"\\]|\\.)*)"', inner)
        inner = end.group(1) if end and ("\\" in end.group(1) or end.end() > len(inner) - 40) else inner
    inner = inner.replace('\\"', '"').replace("\\ ", " ")
    return inner.removesuffix("\\n").rstrip("\n"), dates


def _tokens(body: str, dialect: str) -> Iterator[_Token]:
    pattern = {
        "nginx": _NGINX,
        "apache": _APACHE,
        "haproxy": _HAPROXY,
        "envoy": _ENVOY,
        "goaccess": _GOACCESS,
    }[dialect]
    at, quoted = 0, False
    for pieces, target in _TARGETS:
        body = body.replace(pieces, target)
    for match in pattern.finditer(body):
        if match.start() > at:
            yield _Token(body[at : match.start()])
        at = match.end()
        if dialect == "haproxy":
            name = match.group(2)
            name = "b/s" if name == "b/%s" else name
            flags = match.group(1) or ""
            if name == "o":  # flags for everything that follows; it prints nothing, and spaces never double
                at += len(body[at:]) - len(body[at:].lstrip(" "))
                quoted = "+Q" in flags or (quoted and "-Q" not in flags)
                continue
            yield (
                _Token("%")
                if name == "%"
                else _Token(name, True, "+Q" in flags or (quoted and "-Q" not in flags))
            )
        elif match.group(1) is None:  # GoAccess's ~h{...}: addresses, most often X-Forwarded-For
            yield _Token("^", True)
        else:
            yield _Token("%") if match.group(1) == "%" else _Token(match.group(1), True)
    if at < len(body):
        yield _Token(body[at:])


def _text_format(tokens: list[_Token], dialect: str, dates: tuple[str, str]) -> Format:
    vocabulary = _vocabulary()[dialect]
    known: Mapping[str, Any] = vocabulary["variables"]
    pattern = "^"
    groups: dict[str, str] = {}
    seen_date = False
    for place, token in enumerate(tokens):
        following = tokens[place + 1] if place + 1 < len(tokens) else None
        if not token.variable:
            pattern += _escape(token.text, dialect)
            continue
        name = token.text
        if dialect == "goaccess" and name == "~":
            pattern += r"\s*"
            continue
        if dialect == "haproxy" and name in ("hr", "hs"):
            pattern = pattern.removesuffix(" ") + r"(?: ?\{[^}]*\})?"
            continue
        spec = known.get(name) or (_apache_time(name) if dialect == "apache" else None)
        value = (spec or {}).get("pattern") or _value_pattern(token, following, spec, dialect)
        if place and tokens[place - 1].variable and (spec or {}).get("column") == "url":
            value = f"[/*]{value}"  # the host stands before it without a space: a target begins with a slash
        group = f"v{place}"
        if dialect == "goaccess" and name in "dt":
            value, group = (r"[^\s\]]+?" if following else r"\S+"), f"time_{name}"
            seen_date = True
        if group.startswith("v") and (spec is None or name in groups):
            wrapped = f"(?:{value})"
        else:
            groups[name] = group
            wrapped = f"(?P<{group}>{value})"
        pattern += f'"?{wrapped}"?' if token.quoted else wrapped
    pattern += "$"
    if not groups:
        raise UsageError(
            "no variable of this format string is known", expected="at least a status and a request"
        )
    fmt = _assemble(dialect, groups, {"patterns": {"main": pattern}, "kind": "text"})
    if seen_date and {"d", "t"} <= set(groups):
        clock = Clock("time_d+time_t", f"{dates[0]} {dates[1]}", "end", 1000.0)
        fmt = msgspec.structs.replace(fmt, clocks=(clock,))
    return fmt


def _apache_time(name: str) -> dict[str, Any] | None:
    """Apache's `%{…}t`: seconds or milliseconds since the epoch, or a strftime format with a date and a time."""
    found = re.fullmatch(r"\{(begin:|end:)?(.+)\}t", name)
    if found is None:
        return None
    marks, form = "end" if found[1] == "end:" else "start", found[2]
    if form in ("sec", "msec", "usec"):
        return {
            "clock": "epoch",
            "marks": marks,
            "pattern": r"\d+",
            "resolution_ms": 1000 if form == "sec" else 1,
        }
    if form in ("msec_frac", "usec_frac"):
        return {"pattern": r"\d+"}
    for short, full in (("%T", "%H:%M:%S"), ("%F", "%Y-%m-%d"), ("%R", "%H:%M"), ("%D", "%m/%d/%y")):
        form = form.replace(short, full)
    pattern = re.sub(
        r"%\S?", lambda piece: r"[^\s\"\]]+?", _escape(form.replace("%", "\0"), "apache").replace("\0", "%")
    )
    whole = {"%d", "%H", "%M"} <= set(re.findall(r"%\w", form))
    return {"pattern": pattern, **({"clock": form, "marks": marks} if whole else {})}


def _escape(text: str, dialect: str) -> str:
    if dialect == "goaccess":
        text = text.replace("\\t", "\t")
    return re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", text)


def _value_pattern(
    token: _Token, following: _Token | None, spec: Mapping[str, Any] | None, dialect: str
) -> str:
    """What a value may hold, judged by what stands after it."""
    if token.quoted:
        return r'[^"]*'
    if following is None:
        return ".*"
    if following.variable:
        return r"\S*?"
    end = following.text[0]
    if end == " " and spec is not None and spec.get("column") == "request":
        return r"(?:[A-Z-]+ \S+(?: HTTP/[\d.]+)?|\S+)"  # not quoted, as in HAProxy's CLF
    if end == " " and "forwarded" in token.text.lower():
        return r"\S*(?:, \S+)*"  # one address for each proxy on the way
    if end == '"':
        return r'(?:[^"\\]|\\.)*'
    if end in "])}|;,'>":
        return rf"[^{re.escape(end)}]*"
    if end == " ":
        many = spec is not None and spec.get("list") is not None
        return r"\S+(?:(?:,| :) \S+)*" if many else r"\S*"
    if end == "\t":
        return r"[^\t]*"
    if dialect == "goaccess":  # there a value ends at the next delimiter and nowhere else
        return rf"[^{re.escape(end)}]*"
    return rf"[^\s{re.escape(end)}]*"


def _json_format(body: str, dialect: str) -> Format:
    """A string that writes JSON: the keys are the operator's, the variables say what they hold."""
    groups: dict[str, str] = {}
    known = _vocabulary()[dialect]["variables"]
    for key, raw in _JSON_PAIR.findall(body):
        tokens = [t for t in _tokens(raw, dialect) if t.variable]
        if len(tokens) == 1 and tokens[0].text in known and tokens[0].text not in groups:
            groups[tokens[0].text] = key
    if len(groups) < 2:
        raise UsageError(
            "too few variables of this JSON format are known", expected="at least a status and a request"
        )
    keys = sorted(groups.values())
    anchors = [
        groups[n] for n in groups if known[n].get("column") in ("status", "request", "url", "duration_ms")
    ] or keys
    return _assemble(dialect, groups, {"signature": {"all": anchors[:3]}, "kind": "json-lines"})


def _assemble(dialect: str, groups: Mapping[str, str], shape: Mapping[str, Any]) -> Format:
    vocabulary = _vocabulary()[dialect]
    known: Mapping[str, Any] = vocabulary["variables"]
    columns: dict[str, Column] = {}
    clocks: list[Clock] = []
    aliases: dict[str, str] = {}
    for name, group in groups.items():
        spec = known.get(name) or (_apache_time(name) if dialect == "apache" else None)
        if spec is None:
            continue
        aliases[name] = group
        if "clock" not in spec and "column" not in spec:
            continue
        if "clock" in spec:
            clocks.append(Clock(group, spec["clock"], spec["marks"], float(spec.get("resolution_ms", 1000))))
            continue
        target = spec["column"]
        kind = "request" if target == "request" else default_kind(target)
        missing = tuple({"", *spec.get("missing", ("", "-"))})
        column = Column(
            (group,), kind, spec.get("unit"), missing, spec.get("list"), spec.get("part"), spec.get("words")
        )
        columns.setdefault(target, column)
        for other, choice in (spec.get("also") or {}).items():
            unit = spec.get("unit") if choice != "count" else None
            columns.setdefault(
                other, Column((group,), default_kind(other), unit, missing, choice, spec.get("part"))
            )
    endings: list[Ending] = []
    named = table_columns()
    for block in vocabulary["endings"]:
        for entry in shared_blocks()[block]:
            when = {k if k in named else aliases.get(k, k): v for k, v in (entry.get("when") or {}).items()}
            endings.append(Ending(when, entry["then"]))
    return Format(
        id="your-format",
        title=f"your {vocabulary['product']} format",
        kind=shape["kind"],
        product=vocabulary["product"],
        patterns=shape.get("patterns", {}),
        signature=shape.get("signature", {}),
        clocks=tuple(clocks[:1]),
        columns=columns,
        constants={"gateway": vocabulary["product"]} if dialect != "goaccess" else {},
        endings=tuple(endings),
    )
