"""Pages and plain error texts: markup and the words of gateways and sign-in pages stay, the rest goes."""

from __future__ import annotations

import re
from typing import Final

from analyzer.redact.lists import words
from analyzer.redact.masker import Masker

# What tells a page's kind and its maker: HTTP's words, gateways, bot checks, sign-in, captive portals.
_WORDS: Final = words(
    """
    html head body title meta link script style div span form input button label p h1 h2 h3 center hr br img a ul li pre
    table tr td th section main header footer noscript iframe class id name type value action method src href rel charset
    lang content http equiv refresh placeholder viewport width device initial scale doctype utf post get root app __next
    __nuxt hidden text submit email password username user remember autocomplete autofocus required novalidate
    error errors code bad gateway time timeout timed out temporarily unavailable service server internal not found
    forbidden unauthorized denied access request requests response was has been is are the your you this that it to of
    and or in on for from by with an at be as because while before after please try again later too many large entity
    payload uri long method allowed blocked rejected refused reset connection closed connect upstream disconnect headers
    reason transport failure overflow remote delayed no healthy backend host origin web down returning unknown dns ssl
    handshake certificate invalid proxy cache busy maintenance overloaded limit exceeded rate quota challenge platform
    checking browser just moment enable javascript cookies continue verify verifying human security check captcha
    recaptcha hcaptcha turnstile datadome perimeterx incapsula imperva akamai cloudflare fastly varnish nginx openresty
    apache tomcat iis microsoft azure front door application amazon aws cloudfront elb alb waf google cloud envoy istio
    haproxy traefik caddy heroku vercel netlify railway render fly squid zscaler fortiguard fortinet bluecoat blue coat
    palo alto cisco umbrella symantec sophos websense forcepoint barracuda sucuri ray reference support incident guru
    meditation xid function invocation failed throttled deployment edge worker exception resource log login sign signin
    logon single sso saml oauth oauth2 authorize session account anmelden connexion iniciar wi fi wifi hotspot guest
    network captive portal welcome administrator policy organization organisation filter category site page website
    samlrequest samlresponse relaystate wresult wispaccessgateway firewall virus threat _incapsula_resource
    """
)
_KEPT_PIECES: Final = re.compile(
    r"(?i)[a-z_]*(?:cf_chl|cf-chl|chl_opt|captcha|awswaf|aws-waf|datadome|perimeterx|ak_bmsc|sec-if-cpt|challenge)[a-z_.-]*"
)
_PIECE: Final = re.compile(rf"{_KEPT_PIECES.pattern}|(?i:[0-9]{{1,3}}(?![\w]))|[^\W_]\w*|_\w+")


def mask_page(text: str, masker: Masker) -> str:
    """HTML, XML or a plain error text with unlisted words as filler of the same number of bytes."""
    count = 0

    def shown(match: re.Match[str]) -> str:
        nonlocal count
        word = match.group()
        if len(word) <= 2 or word.lower() in _WORDS or (word.isdigit() and len(word) <= 3):
            return word
        if not any(char.isdigit() for char in word) and _KEPT_PIECES.fullmatch(word):
            return word
        if set(word) == {"x"}:
            return word
        count += 1
        return "x" * len(word.encode("utf-8", "surrogatepass"))

    masked = _PIECE.sub(shown, text)
    masker.counts["page text"] += count
    return masked
