"""Answers that come byte by byte end by the clock, whatever part of them it is that drips."""

import socket
import threading
import time

import pytest
from lightcurves.downloading import quick

from lightmill.network.errors import TransientError
from lightmill.network.session import patient_session

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
DRIPS = {
    "headers": (b"HTTP/1.1 200 OK\r\nX-Drip: ", b"x"),
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "the size of a chunk": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
    "a chunk": (HEAD + b"Transfer-Encoding: chunked\r\n\r\nfff\r\n", b"x"),
    "a body": (HEAD + b"\r\n", b"x"),
}


@pytest.fixture
def dripping():
    """Serves answers that never end, a byte every fifty milliseconds; gives its URL."""
    over = threading.Event()
    threads = []

    def answer(wire, start, drop):
        with wire:
            try:
                wire.recv(65536)
                wire.sendall(start)
                while not over.wait(0.05):
                    wire.sendall(drop)
            except OSError:
                return

    def serve(listening, start, drop):
        with listening:
            while not over.is_set():
                try:
                    wire, _ = listening.accept()
                except TimeoutError:
                    continue
                threads.append(threading.Thread(target=answer, args=(wire, start, drop)))
                threads[-1].start()

    def begin(start, drop):
        listening = socket.create_server(("127.0.0.1", 0))
        listening.settimeout(0.1)
        threads.append(threading.Thread(target=serve, args=(listening, start, drop)))
        threads[-1].start()
        return f"http://127.0.0.1:{listening.getsockname()[1]}/"

    yield begin
    over.set()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("part", DRIPS)
def test_a_drip_ends_by_the_clock(dripping, part):
    url = dripping(*DRIPS[part])
    settings = quick(attempts=2, read_timeout_s=0.5, deadline_s=1.5, slowest_bytes_s=0)
    began = time.monotonic()
    with patient_session(settings) as session, pytest.raises(TransientError):
        session.get(url)
    # Both attempts and what is between them share a deadline.
    assert time.monotonic() - began < 4
