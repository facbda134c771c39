"""The drawing of the path: a wide one for screens and paper, a tall one for telephones."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from markupsafe import Markup

from analyzer.report.path import Hop, Path
from analyzer.report.svg import el, image, num
from analyzer.safe import clipped

# Icons on a 24 × 24 grid, strokes only; drawn once per page and used by reference.
_ICONS: Final[dict[str, str]] = {
    "you": "M12 11.5a3.75 3.75 0 1 0 0-7.5 3.75 3.75 0 0 0 0 7.5ZM4.5 20.5c.6-3.9 3.6-6 7.5-6s6.9 2.1 7.5 6",
    "browser": "M3.5 5.5h17v13.5h-17ZM3.5 9.5h17M6.2 7.5h.01M8.7 7.5h.01",
    "network": "M2.5 9.5c5.6-5.3 13.4-5.3 19 0M6 13c3.6-3.3 8.4-3.3 12 0M9.3 16.4c1.7-1.5 3.7-1.5 5.4 0M12 19.7h.01",
    "gateway": "M4 20.5v-16M20 20.5v-16M4 8h16M4 4.5h16M8.5 8v12.5M12 8v12.5M15.5 8v12.5",
    "origin": "M4 4.5h16v6h-16ZM4 13.5h16v6h-16ZM7.5 7.5h.01M7.5 16.5h.01M11 7.5h5.5M11 16.5h5.5",
    "model": "M12 3.2c.7 5 3.8 8.1 8.8 8.8-5 .7-8.1 3.8-8.8 8.8-.7-5-3.8-8.1-8.8-8.8 5-.7 8.1-3.8 8.8-8.8Z",
}


def sprite(paths: Iterable[Path] = ()) -> Markup:
    """Symbols and patterns that the page's drawings share; `paths` are those drawn small."""
    symbols = [el("symbol", el("path", d=d), id=f"i-{key}", viewBox="0 0 24 24") for key, d in _ICONS.items()]
    small = {mini_id(path): path for path in paths}
    symbols += [
        el("symbol", *_mini(path), id=ident, viewBox="0 0 76 14", class_="m") for ident, path in small.items()
    ]
    hatch = el(
        "pattern",
        el("path", d="M0 6L6 0", class_="hatch-line"),
        id="hatch", width=6, height=6, patternUnits="userSpaceOnUse",
    )  # fmt: skip
    return el(
        "svg",
        *symbols,
        el("defs", hatch),
        class_="sprite",
        width=0,
        height=0,
        aria_hidden="true",
        focusable="false",
    )


def wide(path: Path, ident: str) -> Markup:
    """The path from left to right, 960 × 168 units, scaled to its column."""
    step, y, r = 164, 62, 27
    xs = [70 + i * step for i in range(6)]
    parts: list[Markup | None] = []
    for i, state in enumerate(path.links):
        a, b = xs[i] + r + 8, xs[i + 1] - r - 8
        mid = (a + b) / 2
        if state == "broken":
            parts += [
                el("line", x1=a, y1=y, x2=mid - 15, y2=y, class_=_half(path, near=True)),
                el("line", x1=mid + 15, y1=y, x2=b, y2=y, class_=_half(path, near=False)),
                _scissors(mid, y, _tone(path)),
            ]
        else:
            parts.append(el("line", x1=a, y1=y, x2=b, y2=y, class_=f"ln ln-{state}"))
            if state == "flow":
                parts.append(_chevron(mid, y, path.towards_model))
            if state == "unsure" and i == 2:
                parts.append(el("text", "?", x=mid, y=y + 9, class_="p-q", text_anchor="middle"))
    for i, (x, hop) in enumerate(zip(xs, path.hops, strict=True)):
        parts.append(el("circle", cx=x, cy=y, r=r, class_=f"node node-{hop.state}"))
        parts.append(
            el(
                "use",
                href=f"#i-{hop.key}",
                x=x - 13,
                y=y - 13,
                width=26,
                height=26,
                class_=f"ico ico-{hop.state}",
            )
        )
        parts.append(
            el("text", hop.label, x=x, y=y + r + 25, class_=f"p-label t-{hop.state}", text_anchor="middle")
        )
        parts.append(_detail(hop, x=x, y=y + r + 43, text_anchor="middle"))
        if path.word and i == path.culprit:
            parts.append(
                el(
                    "text",
                    path.word,
                    x=x,
                    y=y - r - 13,
                    class_=f"p-word t-{hop.state}",
                    text_anchor="middle",
                )
            )
    return image(ident, "Who hung up", path.caption, *parts, viewBox="0 0 960 142", class_="path path-wide")


def tall(path: Path, ident: str) -> Markup:
    """The path from top (you) to bottom (the model), not scaled, so that text keeps its size."""
    step, x, r = 72, 30, 20
    ys = [28 + i * step for i in range(6)]
    parts: list[Markup | None] = []
    for i, state in enumerate(path.links):
        a, b = ys[i] + r + 4, ys[i + 1] - r - 4
        mid = (a + b) / 2
        if state == "broken":
            parts += [
                el("line", x1=x, y1=a, x2=x, y2=mid - 7, class_=_half(path, near=True)),
                el("line", x1=x, y1=mid + 7, x2=x, y2=b, class_=_half(path, near=False)),
                _scissors(x, mid, _tone(path)),
            ]
        else:
            parts.append(el("line", x1=x, y1=a, x2=x, y2=b, class_=f"ln ln-{state}"))
            if state == "unsure" and i == 2:
                parts.append(el("text", "?", x=x + 16, y=mid + 8, class_="p-q", text_anchor="middle"))
    for i, (y, hop) in enumerate(zip(ys, path.hops, strict=True)):
        word = path.word if i == path.culprit else ""
        parts.append(el("circle", cx=x, cy=y, r=r, class_=f"node node-{hop.state}"))
        parts.append(
            el(
                "use",
                href=f"#i-{hop.key}",
                x=x - 10,
                y=y - 10,
                width=20,
                height=20,
                class_=f"ico ico-{hop.state}",
            )
        )
        label = el(
            "text", hop.label, x=x + 34, y=y - 2 if hop.detail else y + 5, class_=f"p-label t-{hop.state}"
        )
        if word:
            label = el(
                "text", hop.label, el("tspan", f"  {word}", class_="p-word"),
                x=x + 34, y=y - 2 if hop.detail else y + 5, class_=f"p-label t-{hop.state}",
            )  # fmt: skip
        parts += [label, _detail(hop, x=x + 34, y=y + 16)]
    return image(
        ident, "Who hung up", path.caption, *parts, width="100%", height=ys[-1] + 34, class_="path path-tall"
    )


def mini_id(path: Path) -> str:
    """The id of the symbol of a path drawn small; paths that look the same share one."""
    states = "".join(state[0] for state in path.links)
    return f"m-{states}-{'x' if path.culprit is None else path.culprit}{_tone(path)}"


def mini(path: Path) -> Markup:
    """Six dots for a table row; the words beside it say the same, so it is hidden from readers.

    Draws the symbol that `sprite` makes for the path.
    """
    use = el("use", href=f"#{mini_id(path)}")
    return el("svg", use, class_="mini", aria_hidden="true")


def _mini(path: Path) -> list[Markup]:
    parts: list[Markup] = []
    for i, state in enumerate(path.links):
        x = 5 + i * 13
        if state == "broken":
            parts.append(
                el(
                    "path",
                    d=f"M{num(x + 4.5)} 3.5l4 7M{num(x + 8.5)} 3.5l-4 7",
                    class_=f"cut cut-{_tone(path)}",
                )
            )
        else:
            parts.append(el("line", x1=x + 3, y1=7, x2=x + 10, y2=7, class_=f"ln ln-{state}"))
    for i, hop in enumerate(path.hops):
        parts.append(el("circle", cx=5 + i * 13, cy=7, r=3, class_=f"node node-{hop.state}"))
    return parts


def _half(path: Path, *, near: bool) -> str:
    """Class of one half of the broken link: the half on the flowing side is drawn whole."""
    flows = near if path.towards_model else not near
    return "ln ln-flow" if flows else "ln ln-dead"


def _tone(path: Path) -> str:
    return "failed" if path.culprit is None else path.hops[path.culprit].state


def _scissors(x: float, y: float, tone: str) -> Markup:
    return el(
        "path",
        d=f"M{num(x - 7)} {num(y - 8)}l14 16M{num(x + 7)} {num(y - 8)}l-14 16",
        class_=f"cut cut-{tone}",
    )


def _chevron(x: float, y: float, right: bool) -> Markup:
    d = f"M{num(x - 3)} {num(y - 5)}l5 5-5 5" if right else f"M{num(x + 3)} {num(y - 5)}l-5 5 5 5"
    return el("path", d=d, class_="chev")


def _detail(hop: Hop, **where: object) -> Markup | None:
    if not hop.detail:
        return None
    return el("text", clipped(hop.detail, 22), class_="p-detail", **where)
