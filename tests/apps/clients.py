"""The attacks of attacks.py that are a client's: a function each, by the attack's name. It returns the status that the table speaks of."""

import os
import re
import signal
import socket
import struct
import time
from collections.abc import Callable

from attacks import BODY_MB, CONNECTIONS, IN_FLIGHT_MB, LIMIT_MS
from server_process import Background, Server

MB = 1 << 20
HARD_END_GRACE_S = 0.6  # and a little (src/runtime/server/app_limits.h)
CLIENTS: dict[str, Callable[[Server], int]] = {}


def client(name: str) -> Callable[[Callable[[Server], int]], Callable[[Server], int]]:
    def add(function: Callable[[Server], int]) -> Callable[[Server], int]:
        CLIENTS[name] = function
        return function
    return add


def status_of(answer: bytes) -> int:
    """Of the first response in it; 0 if there is none."""
    return int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else 0


def head(*lines: str) -> bytes:
    return "\r\n".join([*lines, "Host: x", "", ""]).encode("latin-1")


def statuses_at_hand(socks: list[socket.socket]) -> list[int]:
    """Of the responses that have come, or come within a moment."""
    statuses = []
    for sock in socks:
        sock.settimeout(0.05)
        try:
            statuses.append(status_of(sock.recv(1000)))
        except (TimeoutError, ConnectionError):
            pass
    return statuses


def process_of(server: Server) -> int:
    return server.status()["one"]["process"]


def reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


@client("kill -9 in mid-request")
def kill(server: Server) -> int:
    process = process_of(server)
    call = Background(server.get, "/one/never")
    server.wait_for(lambda status: status["one"]["inFlight"] == 1)
    os.kill(process, signal.SIGKILL)
    return call.result()[0]


@client("kill -9 under load")
def kill_under_load(server: Server) -> int:
    """503 if that is what those who were in flight got, and no more than those, and nobody of app two."""
    clients, kills, never = 8, 5, 4
    statuses: dict[str, list[int]] = {"one": [], "two": []}
    ended = [False]

    def ask(app: str) -> None:
        while not ended[0]:
            statuses[app].append(server.get(f"/{app}/hello")[0])

    calls = [Background(ask, app) for app in ("one", "two") for _ in range(clients)]
    for _ in range(kills):
        before = len(statuses["one"])
        while len(statuses["one"]) < before + 20:
            server.get("/two/hello")
        process = process_of(server)
        # They are in flight for certain: it has no answer for them.
        stuck = [Background(server.get, "/one/never") for _ in range(never)]
        server.wait_for(lambda status: status["one"]["inFlight"] >= never)
        os.kill(process, signal.SIGKILL)
        lost = [call.result()[0] for call in stuck]
        assert 503 in lost and set(lost) <= {503, 504}, lost
        server.wait_for(lambda status, old=process: status["one"]["process"] not in (0, old))
    ended[0] = True
    for call in calls:
        call.result()
    assert set(statuses["two"]) == {200}, set(statuses["two"])
    # 504: a sanitizer's process may take longer to start than a request may wait.
    assert set(statuses["one"]) <= {200, 503, 504} and statuses["one"].count(503) <= clients * kills, statuses["one"].count(503)
    return 503


@client("kill -9 of the app again and again")
def kill_again(server: Server) -> int:
    """Each before it has answered: the pauses grow, and end with the first success."""
    for _ in range(3):
        process = 0
        while not process:
            process = process_of(server)
        os.kill(process, signal.SIGKILL)
        server.wait_for(lambda status, old=process: status["one"]["process"] not in (0, old))
    return server.get("/two/hello")[0]


@client("kill -STOP")
def stop(server: Server) -> int:
    os.kill(process_of(server), signal.SIGSTOP)
    return server.get("/one/hello")[0]


@client("kill -STOP for a moment in a loop")
def stop_for_a_moment(server: Server) -> int:
    """As a busy machine does it: what could be interrupted is, late as it may be, and its process goes on."""
    process = process_of(server)
    call = Background(server.get, "/one/loop")
    time.sleep(LIMIT_MS / 3000)  # it loops; an app that does says nothing of its state
    os.kill(process, signal.SIGSTOP)
    status = call.result()[0]
    time.sleep(HARD_END_GRACE_S)  # it sees how late it is before it could do anything
    os.kill(process, signal.SIGCONT)
    server.get("/one/hello")
    return status if process_of(server) == process else 0


@client("requests in the pipe while the app dies")
def pipe(server: Server) -> int:
    """The status of those that come after it: each waits for its turn, and for the next process."""
    ways = ["hello", "hello", "exit", *["hello"] * 20]
    answers = server.raw(b"".join(head(f"GET /one/{way} HTTP/1.1") for way in ways[:-1]) + head("GET /one/hello HTTP/1.1", "Connection: close"))
    statuses = [int(status) for status in re.findall(rb"HTTP/1.1 (\d+) ", answers)]
    return statuses[-1] if statuses == [503 if way == "exit" else 200 for way in ways] else 0


@client("a protocol to change to")
def upgrade(server: Server) -> int:
    return status_of(server.raw(head("GET /one/hello HTTP/1.1", "Connection: Upgrade, close", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
                                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")))


@client("a body that is longer than the app takes")
def long_body(server: Server) -> int:
    return status_of(server.raw(head("POST /one/hello HTTP/1.1", f"Content-Length: {BODY_MB * MB + 1}")))


@client("chunks that are longer than the app takes")
def long_chunks(server: Server) -> int:
    with server.socket() as sock:
        sock.sendall(head("POST /one/hello HTTP/1.1", "Transfer-Encoding: chunked"))
        try:
            for _ in range(BODY_MB * 16 + 1):
                sock.sendall(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
        except ConnectionError:
            pass  # it need not read all of them
        return status_of(sock.recv(1000))


@client("bodies that together are too long")
def too_many_bodies(server: Server) -> int:
    """Whole but for their last byte, they are all there at once."""
    count = IN_FLIGHT_MB // BODY_MB + 2
    socks = [server.socket() for _ in range(count)]
    for sock in socks:
        sock.sendall(head("POST /one/hello HTTP/1.1", f"Content-Length: {BODY_MB * MB}"))
    for sock in socks:
        try:
            sock.sendall(b"x" * (BODY_MB * MB - 1))
        except ConnectionError:
            pass
    server.wait_for(lambda status: status["one"]["bodyBytes"] > (IN_FLIGHT_MB - BODY_MB) * MB)
    assert server.status()["one"]["bodyBytes"] <= IN_FLIGHT_MB * MB
    refused = sum(status == 503 for status in statuses_at_hand(socks))
    for sock in socks:
        reset(sock)
    server.wait_for(lambda status: status["one"]["bodyBytes"] == 0)
    return 503 if refused else 0


@client("bodies for an app that is busy")
def bodies_for_a_busy_app(server: Server) -> int:
    """What was answered with 504 is gone from the server at once."""
    statuses = []
    for _ in range(3):
        loop = Background(server.get, "/one/loop")
        calls = [Background(server.request, "POST", "/one/hello", b"x" * (BODY_MB * MB)) for _ in range(8)]
        statuses += [call.result()[0] for call in calls]
        loop.result()
    server.wait_for(lambda status: status["one"]["bodyBytes"] == 0)
    assert set(statuses) <= {200, 503, 504}, statuses
    return max(statuses)


@client("half a body, and gone")
def half_a_body(server: Server) -> int:
    for i in range(40):
        sock = server.socket()
        sock.sendall(head("POST /one/hello HTTP/1.1", f"Content-Length: {BODY_MB * MB}") + b"x" * (MB // 4))
        reset(sock) if i % 2 else sock.close()
    server.wait_for(lambda status: status["one"]["bodyBytes"] == 0)
    return server.get("/one/hello")[0]


@client("silent connections")
def silent(server: Server) -> int:
    """Whoever says nothing makes room for whoever asks."""
    socks = [server.socket() for _ in range(3 * CONNECTIONS)]
    status = server.get("/one/hello")[0]
    for sock in socks:
        sock.close()
    return status


@client("more connections than there may be")
def too_many_connections(server: Server) -> int:
    """All of them in the middle of a request."""
    socks = []
    for _ in range(CONNECTIONS + 8):
        sock = server.socket()
        sock.sendall(b"GET /one/hello HTTP/1.1\r\nHost: x\r\nX: ")
        socks.append(sock)
    refused = sum(status == 503 for status in statuses_at_hand(socks))
    for sock in socks:
        reset(sock)
    return 503 if refused else 0


@client("a head that does not end")
def endless_head(server: Server) -> int:
    return status_of(server.raw(b"GET /one/hello HTTP/1.1\r\n" + b"X: y\r\n" * 5000))


@client("two lengths")
def two_lengths(server: Server) -> int:
    return status_of(server.raw(head("POST /one/hello HTTP/1.1", "Content-Length: 1", "Content-Length: 2") + b"ab"))


@client("a length and chunks")
def length_and_chunks(server: Server) -> int:
    return status_of(server.raw(head("POST /one/hello HTTP/1.1", "Content-Length: 5", "Transfer-Encoding: chunked") + b"0\r\n\r\n"))


@client("control characters in the target")
def control_characters(server: Server) -> int:
    return status_of(server.raw(b"GET /one/\x1b[2J HTTP/1.1\r\nHost: x\r\n\r\n"))


@client("bytes beyond ASCII in the target")
def beyond_ascii(server: Server) -> int:
    status = status_of(server.raw("GET /one/hello?\u009b2J HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()))
    line = server.await_line("/one/hello?")
    assert r"/one/hello?\xc2\x9b2J" in line, line
    return status


@client("thousands of requests at once")
def pipelined(server: Server) -> int:
    count = 2_000
    data = b"GET /one/hello HTTP/1.1\r\nHost: x\r\n\r\n" * (count - 1)
    answer = server.raw(data + head("GET /one/hello HTTP/1.1", "Connection: close"))
    assert answer.count(b"HTTP/1.1 200 OK") == count, answer.count(b"HTTP/1.1 200 OK")
    return status_of(answer)


@client("responses that nobody reads")
def unread(server: Server) -> int:
    """They hold what may be in flight until their clients have gone; others are told so."""
    socks = []
    for _ in range(IN_FLIGHT_MB + 2):
        sock = server.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.sendall(head("GET /one/big HTTP/1.1"))
        socks.append(sock)
    status = server.get("/one/hello")[0]
    assert server.status()["one"]["bodyBytes"] <= IN_FLIGHT_MB * MB
    for sock in socks:
        reset(sock)
    server.wait_for(lambda state: state["one"]["bodyBytes"] == 0)
    return status


@client("resets in the middle of a response")
def resets(server: Server) -> int:
    for _ in range(20):
        sock = server.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.sendall(head("GET /one/big HTTP/1.1"))
        sock.recv(100)
        reset(sock)
    server.wait_for(lambda status: status["one"]["bodyBytes"] == 0)
    return server.get("/one/hello")[0]


assert LIMIT_MS >= 1000
