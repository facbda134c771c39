"""Which product a response names. Header forms from the products' own documentation."""

from __future__ import annotations

import pytest

from analyzer.facts.gateways import gateway, page_vendor, request_ids


@pytest.mark.parametrize(
    ("headers", "product"),
    [
        ({"server": "cloudflare", "cf-ray": "8f0c-FRA"}, "cloudflare"),
        ({"via": "1.1 0a1b.cloudfront.net (CloudFront)", "server": "nginx"}, "cloudfront"),
        ({"x-served-by": "cache-fra-etou8220084-FRA"}, "fastly"),
        ({"server": "awselb/2.0"}, "alb"),
        ({"server": "istio-envoy"}, "istio"),
        ({"server": "envoy"}, "envoy"),
        ({"via": "1.1 google"}, "google-lb"),
        ({"x-azure-ref": "20260302T101500Z-1"}, "azure-front-door"),
        ({"server": "Microsoft-Azure-Application-Gateway/v2"}, "azure-app-gateway"),
        ({"via": "1.1 vegur"}, "heroku"),
        ({"x-vercel-id": "fra1::abc"}, "vercel"),
        ({"server": "openresty/1.25.3.1"}, "openresty"),
        ({"server": "nginx/1.27.0"}, "nginx"),
        ({"server": "Caddy"}, "caddy"),
        ({"via": "kong/3.6.1"}, "kong"),
    ],
)
def test_product_is_recognised_by_its_own_mark(headers: dict[str, str], product: str) -> None:
    assert gateway(headers) == product


def test_the_product_nearest_to_the_reader_wins() -> None:
    assert gateway({"server": "nginx", "cf-ray": "8f0c-FRA"}) == "cloudflare"


def test_a_header_that_any_application_may_send_names_nobody() -> None:
    assert gateway({"server": "uvicorn", "x-request-id": "abc", "via": "1.1 something"}) is None


def test_an_edge_status_names_cloudflare_without_its_headers() -> None:
    assert gateway({}, status=524) == "cloudflare"
    assert gateway({}, status=529) is None


@pytest.mark.parametrize(
    ("page", "product"),
    [
        (b"<html><body><center><h1>504 Gateway Time-out</h1></center><hr><center>nginx</center>", "nginx"),
        (b"upstream connect error or disconnect/reset before headers", "envoy"),
        (b"<h1>504 Gateway Time-out</h1>\nThe server didn't respond in time.", "haproxy"),
        (b"<address>Apache/2.4.57 (Debian) Server</address>", "apache"),
        (b"Gateway Timeout", "traefik"),
        (b"<html><body>Something else</body></html>", None),
    ],
)
def test_error_page_names_its_writer(page: bytes, product: str | None) -> None:
    assert page_vendor(page) == product


def test_request_ids_keep_only_what_both_sides_log() -> None:
    found = request_ids({"cf-ray": "8f0c-FRA", "x-request-id": "abc", "set-cookie": "a=b"})
    assert found == {"x-request-id": "abc", "cf-ray": "8f0c-FRA"}
