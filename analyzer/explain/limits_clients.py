"""Limits of application servers, providers, HTTP clients, chat pages and browsers. See limits.py."""

# fmt: off
from __future__ import annotations

from typing import Final

from analyzer.explain.limits import Limit

_GUNICORN = "gunicorn documentation, settings"
_UVICORN = "uvicorn documentation, settings"
_NODE = "Node.js documentation, http.Server"
_UNDICI = "undici documentation, Client options (Node's built-in fetch)"
_GO = "Go documentation, net/http Server"
_OPENAI = "openai-python source, _constants.py"
_ANTHROPIC = "anthropic-sdk-python source, _constants.py"
_HTTPX = "HTTPX documentation, timeouts"
_FIREFOX = "Firefox preferences (all.js)"
_CHATGPT = "observed in the chatgpt.com page's own code; the site may change it at any time"

ROWS: Final[tuple[Limit, ...]] = (
    # ------------------------------------------------------------------------------------- application servers
    Limit("gunicorn", "timeout", 30_000, "total", "timeout = 0", False, "gunicorn.conf.py, or --timeout on the command line", _GUNICORN,
          party="origin", note="A sync worker is killed mid-answer (30 to 32 s); an async worker only if its loop is blocked. Log: WORKER TIMEOUT."),
    Limit("gunicorn", "graceful_timeout", 30_000, "shutdown", "graceful_timeout = 600", False, "gunicorn.conf.py", _GUNICORN, party="origin"),
    Limit("gunicorn", "keepalive", 2_000, "keep-alive", "keepalive = 75", False, "gunicorn.conf.py", _GUNICORN, party="origin"),
    Limit("uvicorn", "timeout_keep_alive", 5_000, "keep-alive", "--timeout-keep-alive 75", False, "the command line", _UVICORN, party="origin"),
    Limit("uvicorn", "timeout_graceful_shutdown", None, "shutdown", "--timeout-graceful-shutdown 600", False, "the command line", _UVICORN, party="origin"),
    Limit("Node.js http server", "requestTimeout", 300_000, "request", "server.requestTimeout = 0;", False, "where the server is created", _NODE,
          party="origin", note="Only receiving the request: it never cuts an answer. 0 before Node 18."),
    Limit("Node.js http server", "headersTimeout", 60_000, "request", "server.headersTimeout = 60000;", False, "where the server is created", _NODE, party="origin"),
    Limit("Node.js http server", "keepAliveTimeout", 5_000, "keep-alive", "server.keepAliveTimeout = 620000;", False, "where the server is created", _NODE,
          party="origin", note="65 s since Node 26. Lower than the load balancer's, it causes 502 races."),
    Limit("Node.js http server", "timeout", None, "idle", "server.timeout = 0;", True, "where the server is created", _NODE, party="origin"),
    Limit("Go net/http", "WriteTimeout", None, "total", "http.NewResponseController(w).SetWriteDeadline(time.Time{})", False,
          "the streaming handler (Go 1.20), or http.Server{WriteTimeout: 0}", _GO, party="origin",
          note="If set, it cuts every stream at the same age, silently and without a status."),
    Limit("Go net/http", "IdleTimeout", None, "keep-alive", "IdleTimeout: 120 * time.Second", False, "http.Server", _GO, party="origin"),
    Limit("Puma", "worker_timeout", 60_000, "total", "worker_timeout 3600", False, "config/puma.rb", "Puma source, configuration defaults", party="origin",
          note="Only a worker that no longer checks in is killed; an answer that is being written does not count as hung."),
    Limit("Puma", "first_data_timeout", 30_000, "request", "first_data_timeout 30", False, "config/puma.rb", "Puma source, configuration defaults", party="origin"),
    Limit("Jetty", "idleTimeout", 30_000, "idle", "jetty.http.idleTimeout=300000", True, "start.d/http.ini", "Jetty documentation, connectors", party="origin",
          note="Asynchronous requests are exempt unless a read or write is pending."),
    Limit("Servlet containers", "async timeout", 30_000, "total", "spring.mvc.async.request-timeout=-1", False,
          "application.properties, or new SseEmitter(0L)", "Jakarta Servlet API, AsyncContext: default 30 s", party="origin",
          note="The specification's default; Tomcat's asyncTimeout attribute may set another."),
    Limit("Bun.serve", "idleTimeout", 10_000, "idle", "idleTimeout: 255", True, "the options of Bun.serve", "Bun documentation, server", party="origin",
          max_ms=255_000, sure=False),
    Limit("llama.cpp server", "timeout", 3_600_000, "idle", "--timeout 7200", True, "the command line", "llama.cpp server options", party="origin", sure=False),
    # ------------------------------------------------------------------------------------- providers
    Limit("DeepSeek API", "queue limit", 600_000, "first-byte", "", False, "fixed", "DeepSeek API documentation, rate limit", party="provider",
          note="Closed if inference has not started; keep-alive comments go on meanwhile and do not extend it."),
    Limit("OpenAI Realtime", "session", 3_600_000, "total", "", False, "fixed; open a new session", "reported by a third-party SDK", party="provider", sure=False),
    Limit("Gemini Live", "connection", 600_000, "total", "", False, "fixed; resume the session after GoAway", "Google Cloud documentation, Live API sessions", party="provider",
          note="About ten minutes, announced by goAway: planned rotation."),
    # ------------------------------------------------------------------------------------- clients and SDKs
    Limit("OpenAI Python SDK", "timeout", 600_000, "idle", "OpenAI(timeout=httpx.Timeout(None, connect=5.0))", True, "where the client is created", _OPENAI,
          party="browser", note="Applies to each read of a stream, so it measures silence."),
    Limit("Anthropic Python SDK", "timeout", 600_000, "idle", "Anthropic(timeout=httpx.Timeout(None, connect=5.0))", True, "where the client is created", _ANTHROPIC,
          party="browser", note="Applies to each read of a stream, so it measures silence."),
    Limit("xAI Python SDK", "deadline", 1_620_000, "total", "Client(timeout=3600)", False, "where the client is created", "xai-sdk-python source, client.py", party="browser"),
    Limit("Node.js fetch (undici)", "bodyTimeout", 300_000, "idle", "new Agent({ bodyTimeout: 0 })", True,
          "the dispatcher given to fetch, or setGlobalDispatcher", _UNDICI, party="browser",
          note="Error text: Body Timeout Error. In middleware it is the origin that hangs up."),
    Limit("Node.js fetch (undici)", "headersTimeout", 300_000, "first-byte", "new Agent({ headersTimeout: 0 })", False,
          "the dispatcher given to fetch, or setGlobalDispatcher", _UNDICI, party="browser", note="Error text: Headers Timeout Error."),
    Limit("HTTPX", "read timeout", 5_000, "idle", "httpx.Client(timeout=httpx.Timeout(10.0, read=None))", True, "where the client is created", _HTTPX, party="browser"),
    Limit("aiohttp", "ClientTimeout.total", 300_000, "total", "ClientTimeout(total=None, sock_read=300)", False, "where the session is created",
          "aiohttp source, client.py", party="browser"),
    Limit("requests", "timeout", None, "idle", "requests.get(url, stream=True, timeout=(5, 300))", True, "each call", "Requests documentation, timeouts", party="browser"),
    Limit("botocore / boto3", "read_timeout", 60_000, "idle", "Config(read_timeout=3600)", True, "botocore.config.Config of the client",
          "botocore documentation, Config", party="browser"),
    Limit("axios", "timeout", None, "total", "timeout: 0", False, "the request configuration", "axios documentation, request config", party="browser"),
    Limit(".NET HttpClient", "Timeout", 100_000, "total", "client.Timeout = Timeout.InfiniteTimeSpan;", False, "where the client is created",
          "Microsoft Learn, HttpClient.Timeout", party="browser",
          note="With ResponseHeadersRead it covers only the wait for the headers."),
    Limit("Phoenix channels client", "heartbeatIntervalMs", 30_000, "idle", "heartbeatIntervalMs: 30000", True, "the Socket options", "Phoenix JavaScript client source", party="browser",
          note="Closes with code 1000 and reason heartbeat timeout."),
    Limit("Engine.IO / Socket.IO", "pingInterval + pingTimeout", 45_000, "idle", "pingTimeout: 60000", True, "the server options", "Engine.IO protocol, version 4", party="browser",
          note="25 s + 20 s; the server pings, the client answers, either side may give up."),
    # ------------------------------------------------------------------------------------- pages and browsers
    Limit("chatgpt.com page", "silence between bytes", 60_000, "idle", "", True, "fixed by the page", _CHATGPT, party="browser", sure=False,
          note="The page drops the stream and resumes it: recovered, not broken."),
    Limit("Firefox", "network.http.response.timeout", 300_000, "idle", "network.http.response.timeout = 3600", True, "about:config (seconds)", _FIREFOX, party="browser",
          note="While waiting for an answer; data restarts the clock."),
    Limit("Firefox", "network.http.connection-timeout", 90_000, "connect", "network.http.connection-timeout = 90", False, "about:config (seconds)", _FIREFOX, party="browser"),
)
