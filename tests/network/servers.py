"""Servers that send what they are told, byte for byte, for what no web server would do."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from lightmill.config.network import NetworkSettings


def quick(**changes) -> NetworkSettings:
    """Short patience."""
    settings = {
        "connect_timeout_s": 1,
        "read_timeout_s": 0.5,
        "deadline_s": 3,
        "slow_window_s": 0.3,
        "slowest_bytes_s": 1000,
        "attempts": 3,
        "backoff_s": 0.01,
        "backoff_max_s": 0.02,
        "retry_after_max_s": 2,
    }
    return NetworkSettings(**{**settings, **changes})


class Raw:
    """What a raw server was asked, connection by connection."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.requests: list[str] = []
        self.connections = 0


@contextmanager
def raw_server(answer: Callable[[socket.socket, int], None], keep_alive: bool = False) -> Iterator[Raw]:
    """Let `answer(connection, number)` answer each request; the connection is closed after it unless kept alive."""
    listening = socket.create_server(("127.0.0.1", 0))
    raw = Raw(listening.getsockname()[1])
    open_sockets = []

    def serve(connection: socket.socket) -> None:
        raw.connections += 1
        with connection:
            received = b""
            try:
                while True:
                    while b"\r\n\r\n" not in received:
                        piece = connection.recv(65536)
                        if not piece:
                            return
                        received += piece
                    head, _, received = received.partition(b"\r\n\r\n")
                    raw.requests.append(head.decode())
                    answer(connection, len(raw.requests))
                    if not keep_alive:
                        return
            except OSError:
                return

    def accept() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            open_sockets.append(connection)
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield raw
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)
        for connection in open_sockets:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def sends(*answers: bytes) -> Callable[[socket.socket, int], None]:
    """One answer after the other, the last one again and again."""
    return lambda connection, number: connection.sendall(answers[min(number, len(answers)) - 1])


def plain(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """An answer with its length, the last on its connection unless a header says otherwise."""
    end = [] if any(header.startswith("Connection:") for header in headers) else ["Connection: close"]
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *end, *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body
