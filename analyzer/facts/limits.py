"""Which well-known limit a duration or a silence fits.

Only limits that are some widely deployed product's documented default stand here: the more numbers
on the list, the more streams fit one by chance, and one fit alone is never more than `possible`.
A limit fires after the time it names and is seen with the network's and the recorder's delay, so a
measured time may lie 0.3 s under it (clock granularity) and 2.5 s over it.
"""

from __future__ import annotations

from typing import Final

UNDER_MS: Final = 300.0
OVER_MS: Final = 2500.0

# Silence between two reads. Sources, product by product: docs/timeouts.md.
IDLE_MS: Final[dict[float, tuple[str, ...]]] = {
    30_000.0: ("HAProxy timeout server (as commonly set)", "Fastly between_bytes (raised)"),
    50_000.0: ("HAProxy timeout server in the packaged configuration",),
    55_000.0: ("Heroku router",),
    60_000.0: ("nginx proxy_read_timeout", "AWS ALB idle timeout", "ingress-nginx", "Kong read_timeout"),
    100_000.0: ("Cloudflare proxy read timeout",),
    120_000.0: ("Cloudflare proxy read timeout", "Node.js and IIS defaults"),
    180_000.0: ("Caddy and Traefik (as commonly set)",),
    240_000.0: ("Azure Load Balancer",),
    300_000.0: ("Envoy and Istio stream_idle_timeout", "undici bodyTimeout"),
    350_000.0: ("AWS NLB",),
    600_000.0: ("OpenAI and Anthropic SDKs, Google load balancer keep-alive",),
    900_000.0: ("raised limits",),
    3_600_000.0: ("raised limits",),
}

# The whole response.
TOTAL_MS: Final[dict[float, tuple[str, ...]]] = {
    10_000.0: ("serverless functions on entry plans",),
    15_000.0: ("Envoy route timeout",),
    29_000.0: ("AWS API Gateway",),
    30_000.0: ("Google load balancer backend timeout", "CloudFront origin response", "Heroku first byte"),
    60_000.0: ("Traefik readTimeout", "Vercel and Lambda configurations", "client timers"),
    90_000.0: ("client timers",),
    100_000.0: ("Cloudflare",),
    120_000.0: ("gunicorn and platform configurations",),
    180_000.0: ("platform configurations",),
    230_000.0: ("Azure App Service",),
    300_000.0: ("Cloud Run and Vercel request timeouts", "Fluid compute"),
    600_000.0: ("SDK request timeouts",),
    800_000.0: ("Vercel functions on paid plans",),
    900_000.0: ("AWS Lambda", "API Gateway streaming"),
    3_600_000.0: ("Cloud Run maximum",),
}


def fits(measured_ms: float | None, limits: dict[float, tuple[str, ...]]) -> float | None:
    """The limit that a measured time fits, in ms; None if it fits none or was not measured."""
    if measured_ms is None:
        return None
    for limit in limits:
        if limit - UNDER_MS <= measured_ms <= limit + OVER_MS:
            return limit
    return None
