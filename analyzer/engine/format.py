"""Numbers as people read them. One place, so that a duration looks the same in every sentence.

Missing (None, NaN) becomes words, never 0 and never the word None.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any, Final

UNRECORDED: Final = "an unrecorded value"
UNRECORDED_TIME: Final = "an unrecorded time"
UNRECORDED_SIZE: Final = "an unrecorded size"


def _finite(value: Any) -> float | None:
    if value is None or isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number_value = float(value)
    except OverflowError:
        return None
    return number_value if math.isfinite(number_value) else None


def duration(ms: float | None) -> str:
    """Milliseconds as `850 ms`, `60.0 s`, `1 min 40 s`, `2 h 5 min`, `3 d 4 h`."""
    value = _finite(ms)
    if value is None:
        return UNRECORDED_TIME
    if value < 0:
        return "-" + duration(-value)
    if value == 0:
        return "0 ms"
    if value < 1:
        return "under 1 ms"
    if value < 999.5:
        return f"{value:.0f} ms"
    seconds = value / 1000
    if seconds < 99.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    minutes = round(seconds / 60)
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    hours = round(seconds / 3600)
    return f"{hours // 24} d {hours % 24} h"


def size(count: float | None) -> str:
    """Bytes as `1 byte`, `512 bytes`, `12.3 kB`, `1.5 MB` (powers of 1000)."""
    value = _finite(count)
    if value is None:
        return UNRECORDED_SIZE
    if value < 0:
        return "-" + size(-value)
    if value < 1000:
        return f"{value:.0f} byte{'' if round(value) == 1 else 's'}"
    for unit in ("kB", "MB", "GB", "TB"):
        value /= 1000
        if value < 99.95:
            return f"{value:.1f} {unit}"
        if value < 999.5:
            return f"{value:.0f} {unit}"
    return f"{value / 1000:,.0f} PB"


def number(value: float | None, digits: int | None = None) -> str:
    """`1,234` or `0.5`; digits: decimals to keep, by default as many as it takes, at most 2."""
    found = _finite(value)
    if found is None:
        return UNRECORDED
    if digits is not None:
        return f"{found:,.{max(0, min(int(digits), 9))}f}"
    text = f"{found:,.2f}"
    return text.rstrip("0").rstrip(".")


def percent(fraction: float | None) -> str:
    """A fraction (0.123) as `12 %`; small ones keep a decimal."""
    found = _finite(fraction)
    if found is None:
        return UNRECORDED
    value = found * 100
    return f"{value:.1f} %" if 0 < abs(value) < 9.95 else f"{value:.0f} %"


def clock(moment: datetime | None) -> str:
    """An instant as `10:15:03 UTC`. One without a zone is taken as UTC, which the table holds."""
    if not isinstance(moment, datetime):
        return UNRECORDED_TIME
    return (moment.astimezone(UTC) if moment.tzinfo else moment).strftime("%H:%M:%S UTC")


def plural(count: float | None, one: str, many: str | None = None) -> str:
    """`1 event`, `3 events`; many: where adding an s is not enough."""
    found = _finite(count)
    if found is None:
        return f"an unrecorded number of {many or one + 's'}"
    return f"{number(found)} {one if found == 1 else many or one + 's'}"


def clean(text: str, limit: int = 400) -> str:
    """Capture text made fit for a sentence: no control or bidirectional-override characters, no line
    breaks, at most `limit` characters."""
    short = text[: limit + 1]
    if not short.isprintable():
        short = "".join(ch if ch.isprintable() else " " for ch in short)
    return short if len(short) <= limit else short[:limit] + "…"


_NAMES: Final = {
    "alb": "AWS Application Load Balancer", "aws-elb": "AWS Classic Load Balancer", "anthropic": "Anthropic", "apache": "Apache",
    "aws-api-gateway": "AWS API Gateway", "aws-bedrock": "AWS Bedrock", "azure": "Azure",
    "azure-apim": "Azure API Management", "azure-app-gateway": "Azure Application Gateway",
    "azure-front-door": "Azure Front Door", "bunny": "bunny.net", "caddy": "Caddy", "cerebras": "Cerebras",
    "cloudflare": "Cloudflare", "cloudfront": "CloudFront", "cohere": "Cohere", "deepseek": "DeepSeek",
    "envoy": "Envoy", "fastly": "Fastly", "fireworks": "Fireworks", "fly": "Fly.io", "akamai": "Akamai",
    "google": "Google", "google-cloud-run": "Google Cloud Run", "google-lb": "the Google load balancer",
    "groq": "Groq", "haproxy": "HAProxy", "heroku": "Heroku", "huggingface": "Hugging Face", "iis": "IIS",
    "bluecoat": "Blue Coat", "forcepoint": "Forcepoint", "fortinet": "Fortinet", "zscaler": "Zscaler",
    "mcafee-web-gateway": "McAfee Web Gateway", "netskope": "Netskope", "palo-alto": "Palo Alto Networks",
    "imperva": "Imperva", "istio": "Istio", "kong": "Kong", "litellm": "LiteLLM", "mistral": "Mistral",
    "netlify": "Netlify", "ollama": "Ollama", "openai": "OpenAI", "openresty": "OpenResty",
    "openrouter": "OpenRouter", "perplexity": "Perplexity", "railway": "Railway", "render": "Render",
    "squid": "Squid", "sucuri": "Sucuri", "together": "Together", "traefik": "Traefik",
    "varnish": "Varnish", "vercel": "Vercel", "vllm": "vLLM", "xai": "xAI",
}  # fmt: skip


def vendor(name: str | None) -> str | None:
    """A product's or provider's name as its makers write it; an unknown one stays as it is."""
    return None if name is None else _NAMES.get(name, name)
