"""Building SVG and HTML in Python without trusting a single character of it.

Every attribute and every text goes through markupsafe; only what `el` returns is markup. No style
attributes: the report's content security policy forbids them, so looks come from classes and
presentation attributes.
"""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup, escape

from analyzer.safe import visible


def el(name: str, /, *children: str | Markup | None, **attrs: object) -> Markup:
    """One element. Attributes: trailing underscore dropped, inner ones become dashes, None left out.

    `name` and the attribute names are ours, never a capture's.
    """
    parts = [f"<{name}"]
    for key, value in attrs.items():
        if value is None or value is False:
            continue
        label = key.rstrip("_").replace("_", "-")
        parts.append(f" {label}" if value is True else f' {label}="{escape(_text(value))}"')
    inner = join(children)
    if inner:
        parts.append(f">{inner}</{name}>")
    else:
        parts.append("/>" if name in _VOID else f"></{name}>")
    return Markup("".join(parts))  # noqa: S704 -- every part above is ours or escaped


_VOID = frozenset({"path", "line", "rect", "circle", "use", "stop"})


def _text(value: object) -> str:
    if isinstance(value, float):
        return num(value)
    return visible(value)


def join(parts: Iterable[str | Markup | None]) -> Markup:
    """Parts one after another; plain strings are escaped and made visible, None is left out."""
    return Markup("").join(
        part if isinstance(part, Markup) else visible(part) for part in parts if part is not None
    )


def num(value: float, digits: int = 2) -> str:
    """A coordinate, as short as it can be written."""
    text = f"{value:.{digits}f}".rstrip("0").rstrip(".") if digits else f"{value:.0f}"
    return "0" if text in {"", "-0"} else text


def pct(part: float, whole: float) -> str:
    """`part` of `whole` as a percentage between 0 and 100, for an attribute."""
    share = 0.0 if whole <= 0 else min(1.0, max(0.0, part / whole))
    return f"{num(share * 100, 2)}%"


def image(ident: str, title: str, desc: str, *children: Markup | None, **attrs: object) -> Markup:
    """An `<svg role=img>` that screen readers announce by title and description."""
    return el(
        "svg",
        el("title", title, id=f"{ident}-t"),
        el("desc", desc, id=f"{ident}-d"),
        *children,
        role="img",
        aria_labelledby=f"{ident}-t",
        aria_describedby=f"{ident}-d",
        **attrs,
    )
