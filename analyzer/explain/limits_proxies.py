"""Limits of reverse proxies and of the corporate proxies on a reader's way. See limits.py."""

# fmt: off
from __future__ import annotations

from typing import Final

from analyzer.explain.limits import Limit

_NGINX = "nginx.org, ngx_http_proxy_module and ngx_http_core_module"
_HAPROXY = "HAProxy configuration manual, sections 4.2 (timeouts) and 8.5 (session state)"
_HAPROXY_NOTE = "HAProxy itself has no default; 50 s comes from the manual's example and the configuration that distributions ship."
_ENVOY = "Envoy documentation, FAQ: how do I configure timeouts"
_TRAEFIK = "Traefik documentation, entry points and servers transport"
_CADDY = "Caddy documentation, reverse_proxy and server timeouts"
_VARNISH = "Varnish reference, varnishd run-time parameters"
_SQUID = "Squid configuration reference (cf.data.pre)"
_APACHE = "Apache httpd documentation, core TimeOut and mod_proxy ProxyTimeout"
_KONG = "Kong documentation, service object"
_INGRESS = "ingress-nginx user guide, ConfigMap options"

ROWS: Final[tuple[Limit, ...]] = (
    # ------------------------------------------------------------------------------------- nginx
    Limit("nginx", "proxy_read_timeout", 60_000, "idle", "proxy_read_timeout 3600s;", True,
          "nginx.conf: the location that proxies the stream", _NGINX, gateway="nginx",
          note="504 before the headers, a cut with status 200 after them; error.log says which."),
    Limit("nginx", "proxy_send_timeout", 60_000, "request", "proxy_send_timeout 300s;", False,
          "nginx.conf: the location that proxies the stream", _NGINX, gateway="nginx",
          note="Between two writes of the request to the server."),
    Limit("nginx", "proxy_connect_timeout", 60_000, "connect", "proxy_connect_timeout 10s;", False,
          "nginx.conf: the location that proxies the stream", _NGINX, gateway="nginx", max_ms=75_000),
    Limit("nginx", "send_timeout", 60_000, "idle", "send_timeout 300s;", False,
          "nginx.conf: http, server or location", _NGINX, gateway="nginx",
          note="Between two writes to the reader: it fires when the reader stops taking data."),
    Limit("nginx", "keepalive_timeout", 75_000, "keep-alive", "keepalive_timeout 75s;", False,
          "nginx.conf: http, server or location", _NGINX, gateway="nginx"),
    Limit("nginx", "worker_shutdown_timeout", None, "shutdown", "worker_shutdown_timeout 1h;", False,
          "nginx.conf: main context", "nginx.org, core functionality", gateway="nginx",
          note="If set, all open streams of the old workers die that long after a reload."),
    Limit("nginx", "grpc_read_timeout", 60_000, "idle", "grpc_read_timeout 1h;", True,
          "nginx.conf: the location with grpc_pass", "nginx.org, ngx_http_grpc_module", gateway="nginx"),
    Limit("nginx", "fastcgi_read_timeout", 60_000, "idle", "fastcgi_read_timeout 1h;", True,
          "nginx.conf: the location with fastcgi_pass", "nginx.org, ngx_http_fastcgi_module", gateway="nginx"),
    Limit("nginx", "uwsgi_read_timeout", 60_000, "idle", "uwsgi_read_timeout 1h;", True,
          "nginx.conf: the location with uwsgi_pass", "nginx.org, ngx_http_uwsgi_module", gateway="nginx"),
    Limit("ingress-nginx", "proxy-read-timeout", 60_000, "idle",
          'nginx.ingress.kubernetes.io/proxy-read-timeout: "3600"', True,
          "annotation of the Ingress, or the controller's ConfigMap", _INGRESS, gateway="nginx"),
    Limit("ingress-nginx", "worker-shutdown-timeout", 240_000, "shutdown", 'worker-shutdown-timeout: "3600s"', False,
          "the controller's ConfigMap", _INGRESS, gateway="nginx",
          note="Every reload of the configuration starts this fuse under all open streams."),
    Limit("Kong", "read_timeout", 60_000, "idle", "read_timeout: 3600000", True,
          "the Kong service (milliseconds)", _KONG, gateway="kong"),
    Limit("Kong", "connect_timeout", 60_000, "connect", "connect_timeout: 10000", False,
          "the Kong service (milliseconds)", _KONG, gateway="kong"),
    # ------------------------------------------------------------------------------------- HAProxy
    Limit("HAProxy", "timeout server", 50_000, "idle", "timeout server 1h", True,
          "haproxy.cfg: defaults or the backend of the stream", _HAPROXY, gateway="haproxy", note=_HAPROXY_NOTE),
    Limit("HAProxy", "timeout client", 50_000, "idle", "timeout client 1h", True,
          "haproxy.cfg: defaults or the frontend", _HAPROXY, gateway="haproxy", note=_HAPROXY_NOTE),
    Limit("HAProxy", "timeout connect", 5_000, "connect", "timeout connect 5s", False,
          "haproxy.cfg: defaults or the backend", _HAPROXY, gateway="haproxy",
          note="No built-in default; 5 s comes from the manual's example."),
    Limit("HAProxy", "timeout tunnel", None, "idle", "timeout tunnel 1h", True,
          "haproxy.cfg: defaults or the backend", _HAPROXY, gateway="haproxy",
          note="Replaces client and server timeouts once a connection is upgraded (WebSocket, CONNECT)."),
    Limit("HAProxy", "timeout http-request", None, "request", "timeout http-request 10s", False,
          "haproxy.cfg: defaults or the frontend", _HAPROXY, gateway="haproxy"),
    Limit("OpenShift router", "ROUTER_DEFAULT_SERVER_TIMEOUT", 30_000, "idle",
          "haproxy.router.openshift.io/timeout: 1h", True, "annotation of the route",
          "OpenShift documentation, route annotations", gateway="haproxy", sure=False),
    # ------------------------------------------------------------------------------------- Envoy
    Limit("Envoy", "route timeout", 15_000, "total", "timeout: 0s", False,
          "the route action (RouteAction.timeout)", _ENVOY, gateway="envoy",
          note="From the end of the request to the end of the complete answer: it must be off for streams."),
    Limit("Envoy", "stream_idle_timeout", 300_000, "idle", "stream_idle_timeout: 3600s", True,
          "the HTTP connection manager", _ENVOY, gateway="envoy"),
    Limit("Envoy", "route idle_timeout", None, "idle", "idle_timeout: 3600s", True,
          "the route action; overrides stream_idle_timeout", _ENVOY, gateway="envoy"),
    Limit("Envoy", "max_stream_duration", None, "total", "max_stream_duration: 0s", False,
          "HTTP protocol options of the listener, the route or the cluster", _ENVOY, gateway="envoy"),
    Limit("Envoy", "connection idle_timeout", 3_600_000, "keep-alive", "idle_timeout: 1h", False,
          "common_http_protocol_options", _ENVOY, gateway="envoy",
          note="Counts only while no stream is open on the connection."),
    Limit("Envoy", "connect_timeout", 5_000, "connect", "connect_timeout: 5s", False, "the cluster", _ENVOY, gateway="envoy"),
    Limit("Istio", "VirtualService timeout", None, "total", "timeout: 0s", False,
          "spec.http[].timeout of the VirtualService", "istio.io, task: request timeouts", gateway="istio",
          note="Off by default, unlike plain Envoy's 15 s."),
    Limit("Istio", "stream_idle_timeout", 300_000, "idle", "stream_idle_timeout: 3600s", True,
          "an EnvoyFilter on the HTTP connection manager", _ENVOY, gateway="istio",
          note="Inherited from Envoy."),
    Limit("MuleSoft Flex Gateway", "stream idle timeout", 300_000, "idle", "stream idle timeout policy", True,
          "a policy of the API instance", "MuleSoft documentation, stream idle timeout policy", gateway="envoy"),
    # ------------------------------------------------------------------------------------- Traefik, Caddy
    Limit("Traefik", "respondingTimeouts.readTimeout", 60_000, "request",
          "entryPoints.websecure.transport.respondingTimeouts.readTimeout: 0s", False,
          "Traefik's static configuration", _TRAEFIK, gateway="traefik",
          note="The whole request with its body. 0 before v2.11.2 and v3.0.0-rc5. Ends uploads, gRPC and other two-way streams."),
    Limit("Traefik", "respondingTimeouts.writeTimeout", None, "total",
          "entryPoints.websecure.transport.respondingTimeouts.writeTimeout: 0s", False,
          "Traefik's static configuration", _TRAEFIK, gateway="traefik"),
    Limit("Traefik", "respondingTimeouts.idleTimeout", 180_000, "keep-alive",
          "entryPoints.websecure.transport.respondingTimeouts.idleTimeout: 180s", False,
          "Traefik's static configuration", _TRAEFIK, gateway="traefik"),
    Limit("Traefik", "lifeCycle.graceTimeOut", 10_000, "shutdown",
          "entryPoints.websecure.transport.lifeCycle.graceTimeOut: 600s", False,
          "Traefik's static configuration", _TRAEFIK, gateway="traefik"),
    Limit("Traefik", "forwardingTimeouts.responseHeaderTimeout", None, "first-byte",
          "serversTransport.forwardingTimeouts.responseHeaderTimeout: 0s", False,
          "Traefik's servers transport", _TRAEFIK, gateway="traefik"),
    Limit("Traefik", "forwardingTimeouts.dialTimeout", 30_000, "connect",
          "serversTransport.forwardingTimeouts.dialTimeout: 10s", False, "Traefik's servers transport", _TRAEFIK, gateway="traefik"),
    Limit("Caddy", "dial_timeout", 3_000, "connect", "dial_timeout 10s", False,
          "Caddyfile: reverse_proxy, transport http", _CADDY, gateway="caddy"),
    Limit("Caddy", "response_header_timeout", None, "first-byte", "response_header_timeout 0", False,
          "Caddyfile: reverse_proxy, transport http", _CADDY, gateway="caddy"),
    Limit("Caddy", "read_timeout", None, "idle", "read_timeout 0", True,
          "Caddyfile: reverse_proxy, transport http", _CADDY, gateway="caddy"),
    Limit("Caddy", "stream_timeout", None, "total", "stream_timeout 0", False,
          "Caddyfile: reverse_proxy (upgraded connections)", _CADDY, gateway="caddy"),
    Limit("Caddy", "timeouts idle", 300_000, "keep-alive", "timeouts { idle 5m }", False,
          "Caddyfile: global option servers", _CADDY, gateway="caddy"),
    # ------------------------------------------------------------------------------------- Apache, Varnish, Squid, IIS
    Limit("Apache httpd", "ProxyTimeout", 60_000, "idle", "ProxyTimeout 3600", True,
          "httpd.conf: server or virtual host; or timeout= on the ProxyPass line", _APACHE, gateway="apache",
          note="Equals TimeOut unless set. Before the headers it answers 502, not 504."),
    Limit("Apache httpd", "TimeOut", 60_000, "idle", "TimeOut 3600", True,
          "httpd.conf: server or virtual host", _APACHE, gateway="apache"),
    Limit("Varnish", "first_byte_timeout", 60_000, "first-byte", "set bereq.first_byte_timeout = 600s;", False,
          "VCL: vcl_backend_fetch, or -p first_byte_timeout=600", _VARNISH, gateway="varnish"),
    Limit("Varnish", "between_bytes_timeout", 60_000, "idle", "set bereq.between_bytes_timeout = 600s;", True,
          "VCL: vcl_backend_fetch, or -p between_bytes_timeout=600", _VARNISH, gateway="varnish"),
    Limit("Varnish", "pipe_timeout", 60_000, "idle", "-p pipe_timeout=600", True, "varnishd command line", _VARNISH, gateway="varnish"),
    Limit("Varnish", "idle_send_timeout", 60_000, "idle", "-p idle_send_timeout=600", False, "varnishd command line", _VARNISH,
          gateway="varnish", note="It fires when the reader stops taking data."),
    Limit("Varnish", "send_timeout", 600_000, "total", "-p send_timeout=3600", False, "varnishd command line", _VARNISH,
          gateway="varnish", note="Ends an ordinary HTTP/1 answer once idle_send_timeout has tripped."),
    Limit("Squid", "read_timeout", 900_000, "idle", "read_timeout 60 minutes", True, "squid.conf", _SQUID, party="network", gateway="squid"),
    Limit("Squid", "request_timeout", 300_000, "request", "request_timeout 5 minutes", False, "squid.conf", _SQUID, party="network", gateway="squid"),
    Limit("Squid", "client_lifetime", 86_400_000, "total", "client_lifetime 1 day", False, "squid.conf", _SQUID, party="network", gateway="squid"),
    Limit("IIS ARR", "proxy timeout", 120_000, "idle", '<proxy enabled="true" timeout="01:00:00" />', True,
          "applicationHost.config: system.webServer/proxy", "Microsoft, Application Request Routing", gateway="iis", sure=False),
)
