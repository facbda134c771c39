"""What a body is that is no stream: a sign-in page, a bot check, a gateway's error page.

Decided by the page's own elements (a password field, a challenge script), never by a host name.
Patterns look at the first 64 kB and are linear.
"""

from __future__ import annotations

import re
from typing import Final

from analyzer.patterns import later

_HEAD: Final = 65536

_CHALLENGE: Final = later(
    rb"challenge-platform|cf-chl-|cf_chl_|_cf_chl_opt|just a moment\.\.\.|checking your browser before"
    rb"|awswafchallenge|aws-waf-token|challenge\.js[^>]{0,200}awswaf|captcha-delivery\.com|datadome"
    rb"|_incapsula_resource|px-captcha|perimeterx|g-recaptcha|h-captcha|hcaptcha\.com|turnstile"
    rb"|kpsdk|arkoselabs|funcaptcha|captcha\.perfdrive\.com|sucuri_cloudproxy_js|ddos-guard"
    rb"|vercel security checkpoint|_sec_cpt|friendlycaptcha|geetest|unusual traffic from your computer network"
    rb"|ak_bmsc|sec-if-cpt|akamai.{0,40}bot manager|verify(?:ing)? (?:that )?you are (?:a )?human",
    re.I,
)
_PASSWORD: Final = later(rb"<input[^>]{0,400}type\s*=\s*[\"']?password", re.I)
_LOGIN: Final = later(
    rb"<form[^>]{0,300}action\s*=\s*[\"'][^\"']{0,200}(?:log[-_]?in|sign[-_]?in|/sso|/saml|/oauth|/authorize|/session)"
    rb"|<title>[^<]{0,100}(?:log ?in|sign ?in|log ?on|single sign-on|anmelden|connexion|iniciar sesi"
    rb"|\xe7\x99\xbb\xe5\xbd\x95|\xe7\x99\xbb\xe5\x85\xa5|\xe3\x83\xad\xe3\x82\xb0\xe3\x82\xa4\xe3\x83\xb3"  # Chinese, Japanese
    rb"|\xe3\x82\xb5\xe3\x82\xa4\xe3\x83\xb3\xe3\x82\xa4\xe3\x83\xb3|\xeb\xa1\x9c\xea\xb7\xb8\xec\x9d\xb8"  # Japanese, Korean
    rb"|inloggen|logga in|accedi\b|zaloguj)"
    rb"|name\s*=\s*[\"']?(?:SAMLRequest|SAMLResponse|wresult|RelayState)",
    re.I,
)
_PORTAL: Final = later(
    rb"captive ?portal|wispaccessgateway|<title>[^<]{0,80}(?:wi-?fi|hotspot|guest network)", re.I
)
_BLOCK: Final = later(
    rb"request (?:was |has been )?(?:blocked|rejected)|access (?:was |has been |is )?(?:denied|blocked)"
    rb"|web application firewall|support id is|you have been blocked|zscaler|fortiguard|blue ?coat"
    rb"|web filter|content filter policy|blocked by (?:your )?(?:administrator|organi[sz]ation|policy)",
    re.I,
)
_GATEWAY_ERROR: Final = later(
    rb"\b(?:50[0-9]|52[0-9]|530)\b[^<]{0,60}(?:gateway|time-?out|unavailable|error|bad)"
    rb"|gateway time-?out|bad gateway|service (?:temporarily )?unavailable|web server is (?:down|returning)",
    re.I,
)
_SPA: Final = later(rb"<div[^>]{0,80}id\s*=\s*[\"']?(?:root|app|__next|__nuxt)\b", re.I)

LOGIN_PATH: Final = later(
    r"(?:^|[/._-])(?:log-?_?in|sign-?_?in|log-?_?on|sso|saml2?|oauth2?|authorize|openid|auth/(?:login|signin)"
    r"|session/new|account/login|users/sign_in|accounts/login|adfs|cas/login|identity/connect)(?:$|[/?._;-])",
    re.I,
)


_CHALLENGE_JSON: Final = later(
    rb'"blockScript"\s*:|"jsClientSrc"\s*:|captcha-delivery\.com|"captcha(?:Url|_url)"\s*:|"challenge(?:Url|_url)"\s*:'
)


def body_kind(body: bytes, content_type: str | None) -> str:
    """What the bytes are, as one of VALUES["body_kind"]; the content type only breaks ties."""
    head = body[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not head:
        return "empty"
    if head[:1] == b"<":
        return "html"
    if content_type == "text/event-stream" or re.match(rb"(?:data|event|id|retry):|:", head):
        return "sse"
    if content_type and ("ndjson" in content_type or "jsonl" in content_type):
        return "ndjson"
    if head[:1] in b"{[":
        return "json"
    if content_type == "text/html":
        return "html"
    if b"\x00" in head:
        return "binary"
    return "text"


def json_challenge(body: bytes) -> bool:
    """Whether a JSON answer is a bot check: what HUMAN and DataDome send to a request that takes no HTML."""
    return _CHALLENGE_JSON.search(body[:4096]) is not None


def page_kind(body: bytes, status: int | None) -> str | None:
    """What an HTML page is by its own words, as one of VALUES["page_kind"]; None if unclear."""
    head = body[:_HEAD]
    if _CHALLENGE.search(head) and not (_PASSWORD.search(head) and (status or 0) < 400):
        return "challenge"
    if _PASSWORD.search(head) or _LOGIN.search(head):
        return "login"
    if _PORTAL.search(head):
        return "captive-portal"
    if (status or 0) >= 400 and _BLOCK.search(head):
        return "block-page"
    if (status or 0) >= 500 or _GATEWAY_ERROR.search(head[:4096]):
        return "gateway-error" if _GATEWAY_ERROR.search(head) else "error"
    if (status or 0) >= 400:
        return "error"
    if _SPA.search(head):
        return "app"
    return None
