"""Which header values are evidence. A name that is not listed keeps its name and loses its value."""

from __future__ import annotations

from typing import Final

from analyzer.patterns import later
from analyzer.redact.lists import words

# Shown after a scan for secrets by shape.
PLAIN: Final = words("""
    accept accept-charset accept-encoding accept-language accept-ranges age allow alt-svc cache-control cache-status
    cdn-cache-control cdn-loop cf-cache-status cf-mitigated clear-site-data connection content-disposition
    content-encoding content-language content-length content-range content-type critical-ch date
    dnt expect expires host if-modified-since if-unmodified-since keep-alive last-modified mcp-protocol-version nel
    permissions-policy pragma priority proxy-connection proxy-status purpose range referrer-policy retry-after
    retry-after-ms save-data sec-fetch-dest sec-fetch-mode sec-fetch-site sec-fetch-user sec-gpc
    sec-websocket-extensions sec-websocket-version server server-timing service-worker
    service-worker-navigation-preload status strict-transport-security surrogate-control te timing-allow-origin
    trailer transfer-encoding upgrade upgrade-insecure-requests user-agent vary via warning www-authenticate
    proxy-authenticate grpc-status grpc-message grpc-encoding grpc-accept-encoding grpc-timeout connect-timeout-ms
    connect-protocol-version connect-accept-encoding connect-content-encoding
    access-control-allow-credentials access-control-allow-headers access-control-allow-methods
    access-control-allow-origin access-control-expose-headers access-control-max-age access-control-request-headers
    access-control-request-method access-control-allow-private-network cross-origin-resource-policy
    cross-origin-opener-policy cross-origin-embedder-policy content-security-policy
    x-accel-buffering x-accel-expires x-age x-cache x-cache-hits x-cache-status x-cdn x-content-type-options
    x-envoy-upstream-service-time x-envoy-attempt-count x-envoy-overloaded x-envoy-ratelimited
    x-envoy-decorator-operation x-fastly-request-id x-firefox-spdy x-frame-options x-grpc-web x-http2-push x-ms-region
    x-powered-by x-proxy-cache x-ratelimit x-requested-with x-robots-tag x-runtime x-served-by x-should-retry x-timer
    x-user-agent x-varnish x-varnish-cache x-vercel-cache x-vercel-error x-vercel-ai-ui-message-stream
    x-vercel-ai-data-stream x-vercel-mitigated x-xss-protection x-azure-ref x-cache-remote x-nf-request-id
    x-iinfo x-sucuri-id x-sucuri-cache x-sucuri-block x-akamai-transformed x-amz-cf-pop x-amz-error-type
    x-amzn-errortype x-amzn-bedrock-content-type x-amzn-waf-action x-amzn-remapped-content-length x-deny-reason
    x-squid-error x-cache-lookup x-bluecoat-via x-zscaler x-datadome x-datadome-cid x-px-captcha x-kong-upstream-latency
    x-kong-proxy-latency x-kong-response-latency x-backend-header-rtt x-response-time x-litellm-version
    x-ms-rai-invoked x-dns-prefetch-control x-github-media-type x-accelerated-by x-render-origin-server
    x-railway-edge x-railway-fallback x-heroku-queue-wait-time fly-region fly-cache-status lambda-runtime
    server-id x-server x-backend x-upstream x-upstream-status eagleid ohc-cache-hit
    openai-processing-ms openai-version openai-model openai-beta anthropic-version anthropic-beta
    anthropic-client-platform anthropic-dangerous-direct-browser-access
    sec-ch-ua sec-ch-ua-arch sec-ch-ua-bitness sec-ch-ua-full-version sec-ch-ua-full-version-list sec-ch-ua-mobile
    sec-ch-ua-model sec-ch-ua-platform sec-ch-ua-platform-version sec-ch-ua-wow64 :method :scheme :status :protocol
    """)
PREFIXES: Final = ("x-ratelimit-", "ratelimit", "anthropic-ratelimit-", "x-stainless-", "x-envoy-ratelimit")

# Made to be quoted to support: shown whole unless they have a secret's own shape.
IDS: Final = words("""
    cf-ray request-id x-request-id x-requestid x-correlation-id x-amzn-trace-id x-amzn-requestid x-amz-request-id
    x-amz-id-2 x-amz-cf-id apim-request-id x-ms-request-id x-ms-client-request-id x-cloud-trace-context traceparent
    x-b3-traceid x-trace-id x-vercel-id x-vercel-trace fly-request-id x-fastly-request-id x-github-request-id
    x-oai-request-id x-openai-request-id x-goog-request-id x-served-by-id x-azure-ref x-render-id rndr-id
    x-railway-request-id x-litellm-call-id x-generation-id x-akamai-request-id akamai-grn x-nf-request-id
    x-proxy-request-id x-kong-request-id x-tt-logid x-tt-trace-id sec-websocket-accept last-event-id
    """)
URLS: Final = words("location referer origin content-location :path :authority refresh next-url")

_SCHEME: Final = later(r"[A-Za-z][A-Za-z0-9-]{1,19}")


def treatment(name: str) -> str:
    """plain, id, url, cookie, credentials or hidden: how the value of header `name` is shown."""
    lower = name.lower()
    if lower in {"cookie", "set-cookie", "cookie2", "set-cookie2"}:
        return "cookie"
    if lower in {"authorization", "proxy-authorization"}:
        return "credentials"
    if lower in IDS:
        return "id"
    if lower in URLS:
        return "url"
    if lower in PLAIN or lower.startswith(PREFIXES):
        return "plain"
    return "hidden"


def is_version(name: str) -> bool:
    """Values of dotted numbers that are versions, though they look like addresses."""
    return name.lower() == "user-agent" or name.lower().startswith("sec-ch-ua")


def scheme_of(value: str) -> str:
    """`Bearer` of `Bearer abc`; empty where the value is a bare credential."""
    head, space, _ = value.strip().partition(" ")
    return head if space and _SCHEME.fullmatch(head) else ""
