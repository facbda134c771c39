"""What a NetLog says below the request: connections, resets, sockets, proxies, WebSockets."""

from __future__ import annotations

from pathlib import Path

from tests.intake.netlogs import BEGIN, END, URL, Log, answer, begin, fail, finish, one, read

REAL = Path(__file__).parent / "data" / "goaway.netlog.json.gz"


def ordinary() -> Log:
    return finish(answer(begin(Log())), 1600)


def test_a_reset_names_its_code_its_sender_and_its_place(tmp_path: Path) -> None:
    log = answer(begin(Log()))
    log.add(
        1550, "HTTP2_SESSION-1", "HTTP2_SESSION_RECV_RST_STREAM", stream_id=3, error_code="2 (INTERNAL_ERROR)"
    )
    recorded = one(tmp_path, fail(log, 1550, -337))
    row = recorded.exchange
    assert (row.net_error, row.h2_error_code, row.reset_by) == (
        "net::ERR_HTTP2_PROTOCOL_ERROR",
        "INTERNAL_ERROR",
        "server",
    )
    assert row.goaway_seen is False
    place = recorded.places["h2_error_code"]
    event = log.events[int(place.removeprefix("$.events[").removesuffix("]"))]
    assert event["type"] == log.names["HTTP2_SESSION_RECV_RST_STREAM"]


def test_a_reset_of_another_stream_is_not_taken(tmp_path: Path) -> None:
    log = answer(begin(Log()))
    log.add(1550, "HTTP2_SESSION-1", "HTTP2_SESSION_RECV_RST_STREAM", stream_id=99, error_code=8)
    assert one(tmp_path, fail(log, 1550, -337)).exchange.h2_error_code is None


def test_the_code_may_be_a_number_and_the_sender_the_browser(tmp_path: Path) -> None:
    log = answer(begin(Log()))
    log.add(1550, "URL_REQUEST-1", "CANCELLED")
    log.add(
        1550, "HTTP2_SESSION-1", "HTTP2_SESSION_SEND_RST_STREAM", stream_id=3, error_code=8, description="x"
    )
    row = one(tmp_path, log.add(1551, "URL_REQUEST-1", "REQUEST_ALIVE", END)).exchange
    assert (row.h2_error_code, row.reset_by, row.net_error) == ("CANCEL", "client", "net::ERR_ABORTED")


def test_goaway_before_the_end_is_timed_and_quoted(tmp_path: Path) -> None:
    log = answer(begin(Log()))
    log.add(
        1540,
        "HTTP2_SESSION-1",
        "HTTP2_SESSION_RECV_GOAWAY",
        error_code="0 (NO_ERROR)",
        last_accepted_stream_id=3,
        active_streams=1,
        debug_data="server_shutdown",
    )
    log.add(1590, "HTTP2_SESSION-1", "HTTP2_SESSION_CLOSE", net_error=-100, description="Connection closed")
    row = one(tmp_path, fail(log, 1590, -100)).exchange
    assert (row.goaway_seen, row.goaway_code, row.goaway_before_ms) == (True, "NO_ERROR", 50.0)
    assert (row.goaway_debug, row.session_error) == ("server_shutdown", "net::ERR_CONNECTION_CLOSED")


def test_a_session_that_closes_when_the_browser_quits_has_no_part_in_it(tmp_path: Path) -> None:
    log = answer(begin(Log()))
    fail(log, 1550, -337)
    log.add(1990, "HTTP2_SESSION-1", "HTTP2_SESSION_CLOSE", net_error=-3, description="Closing all sessions.")
    assert one(tmp_path, log).exchange.session_error is None


def test_a_socket_error_has_the_systems_number(tmp_path: Path) -> None:
    log = answer(begin(Log()), h2=False)
    log.add(1550, "SOCKET-1", "SOCKET_READ_ERROR", net_error=-101, os_error=104)
    row = one(tmp_path, fail(log, 1550, -101)).exchange
    assert (row.socket_error, row.socket_os_error, row.http_version) == (
        "net::ERR_CONNECTION_RESET",
        104,
        "1.1",
    )
    assert row.connection_id is not None and row.goaway_seen is None


def test_a_network_change_that_is_told_late_still_counts(tmp_path: Path) -> None:
    log = answer(begin(Log()))
    fail(log, 1550, -21)
    log.add(1570, "NETWORK_CHANGE_NOTIFIER-1", "NETWORK_IP_ADDRESSES_CHANGED")
    log.add(
        1600,
        "NETWORK_CHANGE_NOTIFIER-1",
        "NETWORK_CONNECTIVITY_CHANGED",
        new_connection_type="CONNECTION_WIFI",
    )
    row = one(tmp_path, log).exchange
    assert (row.network_changed_before_ms, row.network_after) == (-20.0, "wifi")


def test_a_network_change_outside_of_the_exchange_is_not_told(tmp_path: Path) -> None:
    log = Log().add(500, "NETWORK_CHANGE_NOTIFIER-1", "NETWORK_IP_ADDRESSES_CHANGED")
    fail(answer(begin(log)), 1550, -101)
    log.add(9000, "NETWORK_CHANGE_NOTIFIER-1", "NETWORK_IP_ADDRESSES_CHANGED")
    assert one(tmp_path, log).exchange.network_changed_before_ms is None


def test_waiting_for_one_of_six_connections_is_measured(tmp_path: Path) -> None:
    log = begin(Log())
    log.add(1001, "HTTP_STREAM_JOB-1", "SOCKET_POOL", BEGIN)
    log.add(1002, "HTTP_STREAM_JOB-1", "SOCKET_POOL_STALLED_MAX_SOCKETS_PER_GROUP")
    log.add(3402, "HTTP_STREAM_JOB-1", "SOCKET_POOL", END)
    finish(answer(log, h2=False, at=3400, reads=()), 4000)
    row = one(tmp_path, log).exchange
    assert (row.pool_stalled_ms, row.pool_limit) == (2400.0, "host")
    assert row.blocked_ms == 2410.0


def test_the_new_socket_pool_names_the_socket_and_the_wait_of_each_job(tmp_path: Path) -> None:
    log = Log()
    group, manager = "HTTP_STREAM_POOL_GROUP-1", "HTTP_STREAM_POOL_ATTEMPT_MANAGER-1"
    for number in (1, 2):
        name, controller = f"URL_REQUEST-{number}", f"HTTP_STREAM_JOB_CONTROLLER-{number}"
        job = f"HTTP_STREAM_POOL_JOB-{number}"
        log.add(1000, name, "REQUEST_ALIVE", BEGIN, url=URL)
        log.add(1000, name, "URL_REQUEST_START_JOB", BEGIN, url=URL, method="GET")
        log.add(1000, name, "HTTP_STREAM_REQUEST", BEGIN)
        log.add(1000, name, "HTTP_STREAM_JOB_CONTROLLER_BOUND", to=controller)
        log.add(1000, controller, "HTTP_STREAM_POOL_JOB_CONTROLLER_ALIVE", BEGIN)
        log.add(1001, job, "HTTP_STREAM_POOL_JOB_ALIVE", BEGIN, to=controller)
        log.add(1001, controller, "HTTP_STREAM_POOL_JOB_CONTROLLER_JOB_BOUND", to=job)
        log.add(1001, manager, "HTTP_STREAM_POOL_ATTEMPT_MANAGER_REQUEST_STREAM", to=job)
        log.add(1001, name, "HTTP_STREAM_POOL_ATTEMPT_MANAGER_JOB_BOUND", to=manager)
        allowed = 0 if number == 1 else 4
        log.add(1002, manager, "HTTP_STREAM_POOL_ATTEMPT_MANAGER_CAN_ATTEMPT_TCP", can_attempt=allowed)
    for number, at in ((1, 1010), (2, 4010)):
        name, socket = f"URL_REQUEST-{number}", f"SOCKET-{number}"
        log.add(at, socket, "TCP_CONNECT", BEGIN).add(
            at, socket, "TCP_CONNECT", END, remote_address="192.0.2.9:443"
        )
        log.add(at, group, "HTTP_STREAM_POOL_GROUP_HANDLE_CREATED", to=socket)
        log.add(at, f"HTTP_STREAM_POOL_JOB-{number}", "HTTP_STREAM_POOL_JOB_ALIVE", END)
        log.add(at, name, "HTTP_STREAM_REQUEST", END)
        log.add(
            at, name, "HTTP_TRANSACTION_SEND_REQUEST_HEADERS", headers=["Accept: */*"], line="GET / HTTP/1.1"
        )
        log.add(at + 5, socket, "SOCKET_READ_ERROR", net_error=-101, os_error=54)
        fail(log, at + 5, -101, name=name)
    first, second = (recorded.exchange for recorded in read(tmp_path, log).entries)
    assert first.connection_id != second.connection_id and first.server_ip == "192.0.2.9"
    assert (first.socket_os_error, second.socket_os_error) == (54, 54)
    assert first.pool_stalled_ms is None
    assert (second.pool_stalled_ms, second.pool_limit) == (3008.0, "host")


def test_an_idle_socket_of_the_new_pool_goes_to_the_controller(tmp_path: Path) -> None:
    log = Log()
    log.add(1000, "URL_REQUEST-1", "URL_REQUEST_START_JOB", BEGIN, url=URL, method="GET")
    log.add(1000, "URL_REQUEST-1", "HTTP_STREAM_REQUEST", BEGIN)
    log.add(1000, "URL_REQUEST-1", "HTTP_STREAM_JOB_CONTROLLER_BOUND", to="HTTP_STREAM_JOB_CONTROLLER-1")
    log.add(1000, "HTTP_STREAM_JOB_CONTROLLER-1", "HTTP_STREAM_POOL_JOB_CONTROLLER_ALIVE", BEGIN)
    log.add(1000, "HTTP_STREAM_POOL_GROUP-1", "HTTP_STREAM_POOL_GROUP_HANDLE_CREATED", to="SOCKET-1")
    log.add(1005, "SOCKET-1", "SOCKET_READ_ERROR", net_error=-101, os_error=104)
    assert one(tmp_path, fail(log, 1005, -101)).exchange.socket_os_error == 104


def test_a_proxy_that_refuses_the_tunnel_is_named_by_its_status(tmp_path: Path) -> None:
    log = begin(Log())
    log.add(
        1001,
        "HTTP_STREAM_JOB_CONTROLLER-1",
        "HTTP_STREAM_JOB_CONTROLLER_PROXY_SERVER_RESOLVED",
        proxy_chain="[192.0.2.1:8080]",
    )
    log.add(1001, "HTTP_STREAM_JOB-1", "SOCKET_POOL_BOUND_TO_CONNECT_JOB", to="SSL_CONNECT_JOB-1")
    log.add(1002, "SSL_CONNECT_JOB-1", "TCP_CONNECT_JOB_CONNECTOR_CONNECT_START", to="SOCKET-1")
    log.add(1003, "SOCKET-1", "TCP_CONNECT", BEGIN).add(
        1004, "SOCKET-1", "TCP_CONNECT", END, remote_address="192.0.2.1:8080"
    )
    log.add(
        1020, "SOCKET-1", "HTTP_TRANSACTION_READ_TUNNEL_RESPONSE_HEADERS", headers=["HTTP/1.1 403 Forbidden"]
    )
    row = one(tmp_path, fail(log, 1021, -111)).exchange
    assert (row.tunnel_status, row.client_proxy, row.status) == (403, "http", 0)
    assert row.server_ip is None  # what the browser saw was the proxy's address


def test_a_certificate_from_no_public_authority_is_known_by_the_verifier(tmp_path: Path) -> None:
    log = begin(Log())
    log.add(1001, "HTTP_STREAM_JOB-1", "SOCKET_POOL_BOUND_TO_CONNECT_JOB", to="SSL_CONNECT_JOB-1")
    log.add(1002, "SSL_CONNECT_JOB-1", "CONNECT_JOB_SET_SOCKET", to="SOCKET-1")
    log.add(1003, "SOCKET-1", "TCP_CONNECT", BEGIN).add(
        1004, "SOCKET-1", "TCP_CONNECT", END, remote_address="[2001:db8::1]:443"
    )
    log.add(1005, "SOCKET-1", "CERT_VERIFIER_REQUEST_BOUND_TO_JOB", to="CERT_VERIFIER_JOB-1")
    log.add(
        1009, "CERT_VERIFIER_JOB-1", "CERT_VERIFIER_JOB", END, is_issued_by_known_root=False, cert_status=5
    )
    row = one(tmp_path, fail(log, 1010, -202)).exchange
    assert (row.known_root, row.server_ip) == (False, "2001:db8::1")


def test_who_held_the_request_up_is_named(tmp_path: Path) -> None:
    log = begin(Log())
    log.add(1010, "URL_REQUEST-1", "DELEGATE_INFO", BEGIN, delegate_blocked_by="extension Example")
    log.add(4010, "URL_REQUEST-1", "DELEGATE_INFO", END)
    row = one(tmp_path, finish(answer(log, at=4010, reads=()), 5000)).exchange
    assert (row.delegate, row.delegate_ms) == ("extension Example", 3000.0)


def test_a_quic_session_that_the_server_closes(tmp_path: Path) -> None:
    log = begin(Log())
    log.add(1005, "URL_REQUEST-1", "HTTP_STREAM_REQUEST_BOUND_TO_QUIC_SESSION", to="QUIC_SESSION-1")
    log.add(1005, "QUIC_SESSION-1", "QUIC_SESSION", BEGIN, host="api.example", peer_address="192.0.2.7:443")
    log.add(1010, "URL_REQUEST-1", "HTTP_TRANSACTION_SEND_REQUEST", BEGIN)
    log.add(
        1010,
        "URL_REQUEST-1",
        "HTTP_TRANSACTION_QUIC_SEND_REQUEST_HEADERS",
        quic_stream_id=4,
        headers=["accept: */*"],
    )
    log.add(1200, "URL_REQUEST-1", "HTTP_TRANSACTION_READ_RESPONSE_HEADERS", headers=["HTTP/1.1 200"])
    log.add(
        1400,
        "QUIC_SESSION-1",
        "QUIC_SESSION_RST_STREAM_FRAME_RECEIVED",
        stream_id=4,
        quic_rst_stream_error=6,
        ietf_error_code=0x102,
    )
    log.add(1500, "QUIC_SESSION-1", "QUIC_SESSION_CLOSED", quic_error=16, from_peer=True, details="bye")
    row = one(tmp_path, fail(log, 1500, -356)).exchange
    assert (row.http_version, row.server_ip) == ("3", "192.0.2.7")
    assert (row.h3_error_code, row.reset_by) == ("H3_INTERNAL_ERROR", "server")
    assert (row.quic_error, row.quic_closed_by, row.session_close) == (
        "QUIC_PEER_GOING_AWAY",
        "server",
        "bye",
    )


def test_a_websocket_is_followed_past_its_request(tmp_path: Path) -> None:
    log = begin(Log(), url="wss://api.example/ws", method="GET")
    answer(log, h2=False, reads=())
    log.events[-1]["params"]["headers"] = ["HTTP/1.1 101 Switching Protocols"]
    log.add(1210, "URL_REQUEST-1", "CANCELLED", net_error=-173)
    log.add(1210, "URL_REQUEST-1", "REQUEST_ALIVE", END, net_error=-173)
    log.add(1300, "URL_REQUEST-1", "WEBSOCKET_RECV_FRAME_HEADER", opcode=1, payload_length=5, final=True)
    log.add(1400, "URL_REQUEST-1", "WEBSOCKET_SENT_FRAME_HEADER", opcode=1, payload_length=7, final=True)
    log.add(1800, "URL_REQUEST-1", "WEBSOCKET_RECV_FRAME_HEADER", opcode=8, payload_length=2, final=True)
    recorded = one(tmp_path, log)
    row = recorded.exchange
    assert (row.status, row.net_error, row.duration_ms, row.body_bytes) == (101, None, 800.0, 5)
    assert row.close_frame_by == "server" and row.close_code is None
    assert [(m.direction, m.at_ms) for m in recorded.messages or ()] == [("receive", 300.0), ("send", 400.0)]


def test_a_websocket_whose_socket_goes_without_a_close_frame_is_1006(tmp_path: Path) -> None:
    log = begin(Log(), url="wss://api.example/ws", method="GET")
    answer(log, h2=False, reads=())
    log.add(1210, "URL_REQUEST-1", "REQUEST_ALIVE", END, net_error=-173)
    log.add(1300, "URL_REQUEST-1", "WEBSOCKET_RECV_FRAME_HEADER", opcode=1, payload_length=5, final=True)
    log.add(1500, "SOCKET-1", "SOCKET_ALIVE", END)
    assert one(tmp_path, log).exchange.close_code is None  # the log ends there: the browser may have quit
    log.add(9000, "NETWORK_CHANGE_NOTIFIER-1", "NETWORK_CHANGED")
    row = one(tmp_path, log).exchange
    assert (row.close_code, row.duration_ms) == (1006, 500.0)
