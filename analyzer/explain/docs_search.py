"""docs/reference/search.html: every term on one page with a filter, in one file that asks nobody.

The page works without JavaScript (everything is visible then). Its policy allows exactly the style and
the script that are in it, by hash, and no request to anywhere.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from html import escape
from typing import Final

from analyzer.explain.entries import Entry, Group
from analyzer.explain.render import MID_WORDS, who

_STYLE: Final = """
:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{margin:0 auto;max-width:60rem;padding:1rem}
header{position:sticky;top:0;background:Canvas;padding:.5rem 0;border-bottom:1px solid GrayText}
h1{font-size:1.25rem;margin:0 0 .5rem}
input{font:inherit;width:100%;box-sizing:border-box;padding:.5rem}
output{color:GrayText;font-size:.9rem}
details{border-bottom:1px solid color-mix(in srgb,GrayText 40%,transparent);padding:.35rem 0}
main{display:flex;flex-direction:column}
summary{cursor:pointer}
summary code{font-weight:600}
small{color:GrayText}
dl{margin:.25rem 0 .5rem 1rem}
dt{font-weight:600}
dd{margin:0 0 .25rem 1rem}
""".strip()

_SCRIPT: Final = """
"use strict";
const box = document.getElementById("q");
const count = document.getElementById("n");
const rows = [...document.querySelectorAll("details")];
const texts = rows.map(row => (row.textContent + " " + row.dataset.also).toLowerCase());
const names = rows.map(row => row.dataset.names.toLowerCase().split("\\n"));
function filter() {
  const words = box.value.toLowerCase().split(/\\s+/).filter(Boolean);
  const whole = words.join(" ");
  let shown = 0, only = null;
  rows.forEach((row, i) => {
    const exact = whole !== "" && names[i].includes(whole);
    const fits = exact || words.every(word => texts[i].includes(word));
    row.hidden = !fits;
    row.style.order = exact ? "-1" : "0";
    row.open = exact;
    if (fits) { shown += 1; only = row; }
  });
  if (shown === 1) only.open = true;
  count.textContent = shown + " of " + rows.length + " terms";
}
box.addEventListener("input", filter);
window.addEventListener("hashchange", jump);
function jump() {
  const row = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (row) { box.value = ""; filter(); row.open = true; row.scrollIntoView(); }
}
filter();
jump();
box.focus();
""".strip()


def search_page(known: Iterable[Group], anchors: Mapping[str, str]) -> str:
    """The page's HTML. Every text is escaped; the only markup comes from this module.

    anchors: an entry's key -> a name that is unique in its group and lower case.
    """
    known = tuple(known)
    keys = {entry.key: f"{group.id}--{anchors[entry.key]}" for group in known for entry in group.entries}
    rows = "\n".join(_row(entry, group, keys) for group in known for entry in group.entries)
    policy = (
        f"default-src 'none'; style-src '{_hash(_STYLE)}'; script-src '{_hash(_SCRIPT)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>hangup: what names the end of a stream</title>
<style>{_STYLE}</style>
</head>
<body>
<header>
<h1>What names the end of a stream</h1>
<label for="q">Code, status, flag, error text or product</label>
<input id="q" type="search" autocomplete="off" spellcheck="false" placeholder="ERR_HTTP2_PROTOCOL_ERROR, sD, 524, ws 1006 …">
<output id="n" for="q"></output>
</header>
<main id="rows">
{rows}
</main>
<script>{_SCRIPT}</script>
</body>
</html>
"""


def _row(entry: Entry, group: Group, keys: dict[str, str]) -> str:
    parts = [("What it means", [entry.means])] if entry.means.rstrip(".") != entry.title else []
    parts.append(("Who", [who(entry)]))
    if entry.mid:
        parts.append(("In the middle of an answer?", [MID_WORDS[entry.mid]]))
    if entry.own_advice:
        parts.append(("Confirm", list(entry.confirm)))
        for reader, texts in (
            ("user", entry.fix.user),
            ("operator", entry.fix.operator),
            ("developer", entry.fix.developer),
        ):
            parts.append((f"Fix ({reader})", list(texts)))
    body = "".join(
        f"<dt>{escape(head)}</dt>" + "".join(f"<dd>{escape(text)}</dd>" for text in texts)
        for head, texts in parts
        if texts
    )
    if entry.see:
        links = ", ".join(f'<a href="#{keys[key]}">{escape(key.partition("/")[2])}</a>' for key in entry.see)
        head = "Related" if entry.own_advice else "Confirm, fix and related"
        body += f"<dt>{head}</dt><dd>{links}</dd>"
    aka = f" <small>{escape(', '.join(entry.aka))}</small>" if entry.aka else ""
    names = escape("\n".join((entry.term, *entry.aka)), quote=True)
    also = escape(" ".join(group.prefixes), quote=True)
    return (
        f'<details id="{keys[entry.key]}" data-names="{names}" data-also="{also}"><summary><code>{escape(entry.term)}</code> '
        f"{escape(entry.title)} <small>({escape(entry.kind)})</small>{aka}</summary><dl>{body}</dl></details>"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
