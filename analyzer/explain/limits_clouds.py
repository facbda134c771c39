"""Limits of cloud load balancers, CDNs and platforms. See limits.py."""

# fmt: off
from __future__ import annotations

from typing import Final

from analyzer.explain.limits import Limit

_ALB = "AWS, Elastic Load Balancing: load balancer attributes"
_CLOUDFRONT = "AWS, CloudFront: origin settings"
_APIGW = "AWS, API Gateway: quotas and response transfer mode"
_CF = "Cloudflare documentation, connection limits"
_FASTLY = "Fastly documentation, backend timeouts"
_GCLB = "Google Cloud documentation, external Application Load Balancer: timeouts and retries"
_HEROKU = "Heroku Dev Center, error codes and request timeout"
_VERCEL = "Vercel documentation, function duration limits"
_NETLIFY = "Netlify documentation, function limits"
_FD = "Microsoft Learn, Front Door troubleshooting: origin response timeout"

ROWS: Final[tuple[Limit, ...]] = (
    # ------------------------------------------------------------------------------------- AWS
    Limit("AWS ALB", "idle_timeout.timeout_seconds", 60_000, "idle", "idle_timeout.timeout_seconds=3600", True,
          "load balancer attributes (console, or modify-load-balancer-attributes)", _ALB, gateway="alb", max_ms=4_000_000),
    Limit("AWS ALB", "target connect timeout", 10_000, "connect", "", False, "fixed", _ALB, gateway="alb",
          note="504 about ten seconds after the request came in."),
    Limit("AWS ALB", "client_keep_alive.seconds", 3_600_000, "keep-alive", "client_keep_alive.seconds=3600", False,
          "load balancer attributes", _ALB, gateway="alb", max_ms=604_800_000,
          note="The age of the reader's connection; whether it interrupts an answer in progress is not documented."),
    Limit("AWS ALB", "deregistration_delay.timeout_seconds", 300_000, "shutdown", "deregistration_delay.timeout_seconds=3600", False,
          "target group attributes", _ALB, gateway="alb", max_ms=3_600_000,
          note="Streams on a removed target die when it expires."),
    Limit("AWS Classic ELB", "ConnectionSettings.IdleTimeout", 60_000, "idle", "ConnectionSettings.IdleTimeout=3600", True,
          "load balancer attributes", "AWS, Classic Load Balancer: idle connection timeout", gateway="aws-elb", max_ms=4_000_000, sure=False),
    Limit("AWS NLB", "tcp.idle_timeout.seconds", 350_000, "idle", "tcp.idle_timeout.seconds=6000", True,
          "listener attributes", _ALB, gateway="aws-nlb", max_ms=6_000_000,
          note="Silence first, then a reset when either side sends again."),
    Limit("AWS CloudFront", "origin response timeout", 30_000, "idle", "OriginReadTimeout: 120", True,
          "the distribution's origin settings", _CLOUDFRONT, gateway="cloudfront", max_ms=120_000,
          note="Counts the wait for the first packet and every gap, once per attempt: a dead origin shows 30, 60 or 90 s."),
    Limit("AWS CloudFront", "response completion timeout", None, "total", "ResponseCompletionTimeout: 3600", False,
          "the distribution's origin settings", _CLOUDFRONT, gateway="cloudfront"),
    Limit("AWS CloudFront", "origin connection timeout", 10_000, "connect", "ConnectionTimeout: 10", False,
          "the distribution's origin settings", _CLOUDFRONT, gateway="cloudfront"),
    Limit("AWS API Gateway", "REST integration timeout", 29_000, "total", "timeoutInMillis: 29000", False,
          "the integration; more than 29 s needs a quota increase and a Regional or private API", _APIGW, gateway="aws-api-gateway"),
    Limit("AWS API Gateway", "HTTP API integration timeout", 30_000, "total", "", False, "fixed", _APIGW, gateway="aws-api-gateway", sure=False),
    Limit("AWS API Gateway", "streaming total", 900_000, "total", "responseTransferMode: STREAM", False,
          "the integration; 15 minutes is the maximum", _APIGW, gateway="aws-api-gateway", max_ms=900_000),
    Limit("AWS API Gateway", "streaming idle (Regional, private)", 300_000, "idle", "", True, "fixed", _APIGW, gateway="aws-api-gateway"),
    Limit("AWS API Gateway", "streaming idle (edge-optimized)", 30_000, "idle", "", True,
          "fixed; use a Regional endpoint for five minutes", _APIGW, gateway="aws-api-gateway"),
    Limit("AWS Lambda", "function timeout", 3_000, "total", "Timeout: 900", False,
          "the function's configuration", "AWS, Lambda: configure function timeout", party="origin", gateway="aws-lambda", max_ms=900_000,
          note="A streamed answer keeps its 200 and stops; the function log says Task timed out."),
    Limit("AWS Lambda Web Functions", "timeoutSeconds", 30_000, "total", "timeoutSeconds: 900", False,
          "the function's configuration", "AWS, Lambda: web functions timeout", party="origin", gateway="aws-lambda", max_ms=900_000),
    # ------------------------------------------------------------------------------------- Cloudflare, Fastly, Akamai
    Limit("Cloudflare", "Proxy Read Timeout", 125_000, "idle", '{"id": "proxy_read_timeout", "value": 6000}', True,
          "zone setting, Enterprise only (up to 6,000 s)", _CF, gateway="cloudflare", max_ms=6_000_000,
          note="Since July 2026. 524 before the headers; after them an HTTP/2 reset or a cut, with status 200."),
    Limit("Cloudflare", "Proxy Read Timeout (October 2025 to July 2026)", 120_000, "idle",
          '{"id": "proxy_read_timeout", "value": 6000}', True, "zone setting, Enterprise only", _CF, gateway="cloudflare"),
    Limit("Cloudflare", "Proxy Read Timeout (before October 2025)", 100_000, "idle",
          '{"id": "proxy_read_timeout", "value": 6000}', True, "zone setting, Enterprise only", _CF, gateway="cloudflare"),
    Limit("Cloudflare", "Proxy Write Timeout", 30_000, "request", "", False, "fixed", _CF, gateway="cloudflare"),
    Limit("Cloudflare", "TCP connect to the origin", 19_000, "connect", "", False, "fixed", _CF, gateway="cloudflare", note="The reader sees 522."),
    Limit("Cloudflare", "TCP acknowledgement after connecting", 90_000, "connect", "", False, "fixed", _CF, gateway="cloudflare", note="The reader sees 522."),
    Limit("Cloudflare", "client connection idle", 400_000, "keep-alive", "", False, "fixed", _CF, gateway="cloudflare"),
    Limit("Cloudflare", "origin connection keep-alive", 900_000, "keep-alive", "", False, "fixed", _CF, gateway="cloudflare", note="520 when it races."),
    Limit("Fastly", "first_byte_timeout", 15_000, "first-byte", "set bereq.first_byte_timeout = 60s;", False,
          "the backend's settings, or VCL (vcl_miss, vcl_pass)", _FASTLY, gateway="fastly", max_ms=600_000, note="The reader sees 503 with the reason first byte timeout."),
    Limit("Fastly", "between_bytes_timeout", 10_000, "idle", "set bereq.between_bytes_timeout = 60s;", True,
          "the backend's settings, or VCL (vcl_miss, vcl_pass)", _FASTLY, gateway="fastly", sure=False,
          note="A delivery service takes what arrived so far for the whole answer: the reader sees a clean end."),
    Limit("Fastly", "between nodes (clustering, shielding)", 60_000, "idle", "", True, "fixed", _FASTLY, gateway="fastly"),
    Limit("Fastly", "fetch_timeout", None, "total", "set bereq.fetch_timeout = 0s;", False, "VCL", _FASTLY, gateway="fastly"),
    Limit("Akamai", "readTimeout", 5_000, "idle", '"readTimeout": {"value": "120s", "firstByteTimeout": "120s"}', True,
          "property behaviour Read Timeout", "Akamai techdocs, Read Timeout behaviour", gateway="akamai", sure=False,
          note="5 s per read and 20 s to the first byte are the behaviour's sample values."),
    # ------------------------------------------------------------------------------------- Google Cloud
    Limit("Google Cloud Load Balancing", "backend service timeoutSec", 30_000, "total", "--timeout=3600s", False,
          "gcloud compute backend-services update", _GCLB, gateway="google-lb", max_ms=86_400_000,
          note="Until the complete answer, not a gap. WebSocket: idle on the global balancer, total on the classic one."),
    Limit("Google Cloud Load Balancing", "backend keep-alive", 600_000, "keep-alive", "", False,
          "fixed; set the server's own keep-alive above it", _GCLB, gateway="google-lb"),
    Limit("Google Cloud Run", "request timeout", 300_000, "total", "--timeout=3600", False,
          "gcloud run services update", "Google Cloud documentation, Cloud Run: request timeout", party="gateway",
          gateway="google-cloud-run", max_ms=3_600_000),
    # ------------------------------------------------------------------------------------- Azure
    Limit("Azure Application Gateway", "request timeout", 20_000, "idle", "--timeout 3600", True,
          "backend settings (az network application-gateway http-settings update)",
          "Microsoft Learn, Application Gateway: server-sent events", gateway="azure-app-gateway", max_ms=86_400_000, sure=False,
          note="With response buffers off it acts as an idle limit for streams."),
    Limit("Azure Application Gateway", "connection draining", 30_000, "shutdown", "drainTimeoutInSec: 3600", False,
          "backend settings", "Microsoft Learn, Application Gateway: connection draining", gateway="azure-app-gateway"),
    Limit("Azure Front Door", "origin response timeout", 30_000, "idle", "--origin-response-timeout-seconds 240", True,
          "the Front Door profile (Standard and Premium: 16 to 240 s)", _FD, gateway="azure-front-door", max_ms=240_000, sure=False,
          note="Microsoft's own pages say both 30 s and 60 s."),
    Limit("Azure App Service", "front end idle timeout", 230_000, "idle", "", True, "fixed", "Microsoft Q&A, App Service 230 seconds",
          gateway="azure-appservice", sure=False),
    Limit("Azure Container Apps", "requestIdleTimeout", 240_000, "idle", "requestIdleTimeout: 30", True,
          "ingress settings (minutes)", "Microsoft Learn, Container Apps ingress", gateway="azure-containerapps", max_ms=1_800_000),
    Limit("Azure Load Balancer", "TCP idle timeout", 240_000, "idle", "--idle-timeout 100 --enable-tcp-reset true", True,
          "the load-balancing rule (minutes)", "Microsoft Learn, Load Balancer: TCP reset and idle timeout", gateway="azure-lb", max_ms=6_000_000,
          note="Drops silently unless TCP reset is enabled: the reader hangs instead of failing."),
    # ------------------------------------------------------------------------------------- platforms
    Limit("Heroku", "H12 first byte", 30_000, "first-byte", "", False, "fixed", _HEROKU, gateway="heroku"),
    Limit("Heroku", "H15 / H28 idle connection", 55_000, "idle", "", True, "fixed; every byte restarts the clock", _HEROKU, gateway="heroku"),
    Limit("Heroku", "H19 connect", 5_000, "connect", "", False, "fixed", _HEROKU, gateway="heroku"),
    Limit("Vercel", "function maxDuration", 300_000, "total", "export const maxDuration = 800;", False,
          "the route's file, or functions in vercel.json", _VERCEL, gateway="vercel", max_ms=800_000),
    Limit("Vercel", "edge runtime: answer must begin", 25_000, "first-byte", "", False, "fixed; send the headers at once", _VERCEL, gateway="vercel"),
    Limit("Netlify", "synchronous function", 60_000, "total", "", False, "fixed; background functions may take 15 minutes", _NETLIFY, gateway="netlify"),
    Limit("Netlify", "edge function: headers", 40_000, "first-byte", "", False, "fixed; send the headers at once", _NETLIFY, gateway="netlify"),
    Limit("Fly.io", "proxy idle timeout", 60_000, "idle", "", True, "fixed", "Fly.io documentation, services", gateway="fly"),
    Limit("Railway", "maximum request duration", 900_000, "total", "", False, "fixed",
          "Railway documentation, specs and limits", gateway="railway", sure=False,
          note="The documentation says 15 minutes; about 5 minutes of silence was measured."),
    Limit("Render", "request timeout", 100_000, "idle", "", True, "fixed", "commonly cited; no page of the vendor seen", gateway="render", sure=False),
    Limit("Mercure hub", "write_timeout", 600_000, "total", "write_timeout 0s", False,
          "the mercure directive of the Caddyfile", "Mercure documentation, configuration", party="origin", gateway="mercure",
          note="Planned rotation: the client comes back with Last-Event-ID."),
)
