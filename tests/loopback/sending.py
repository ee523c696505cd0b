"""How an answer goes over the wire, whole or with a fault."""

import os
import socket
import struct
import time
from email.utils import formatdate
from http.client import responses
from http.server import BaseHTTPRequestHandler

from .answers import Answer, FilePart, text
from .faults import Fault
from .record import LoggedRequest

DOWN = (
    "<!DOCTYPE html>\n<html><head><title>MAST</title></head>"
    "<body><h1>The archive is down for maintenance</h1></body></html>\n"
)
WITH_LENGTH = ("flip", "bad_gzip", "drip")  # faults after which the connection is still in order
SMALL = 65536  # up to here headers and body go in one piece


class Sender:
    """Sends one answer on a handler's connection and keeps account of it in the log's entry."""

    def __init__(self, handler: BaseHTTPRequestHandler, entry: LoggedRequest, stopping) -> None:
        self.handler = handler
        self.socket: socket.socket = handler.connection
        self.entry = entry
        self.stopping = stopping

    def send(self, answer: Answer, fault: Fault | None) -> None:
        """Send an answer, as the fault has it."""
        kind = fault.kind if fault else ""
        body_fault = getattr(self, f"_{kind}", None)
        if self.entry.method == "HEAD" or answer.length == 0 or body_fault is None:
            self.whole(answer)
            return
        if kind not in WITH_LENGTH:
            self.handler.close_connection = True
        body_fault(answer, fault.options)

    def whole(self, answer: Answer) -> None:
        """The answer as it is."""
        head = self._head(answer, length=answer.length)
        if self.entry.method == "HEAD" or answer.status == 304:
            self.socket.sendall(head)
        elif isinstance(answer.body, FilePart) and answer.length > SMALL:
            self.socket.sendall(head, socket.MSG_MORE)
            self._send_file(answer.body)
        else:
            body = answer.read()
            self.socket.sendall(head + body)
            self.entry.sent = len(body)
        self.entry.whole = True

    def _send_file(self, part: FilePart) -> None:
        with part.path.open("rb", buffering=0) as file:
            while self.entry.sent < part.length:
                left = part.length - self.entry.sent
                sent = os.sendfile(self.socket.fileno(), file.fileno(), part.start + self.entry.sent, left)
                if sent == 0:
                    raise ConnectionAbortedError(f"{part.path} is shorter than it was")
                self.entry.sent += sent

    def _head(self, answer: Answer, length: int | None, **more: str) -> bytes:
        self.entry.status = answer.status
        phrase = responses.get(answer.status, "Unknown")
        headers = {"Date": formatdate(usegmt=True), "Server": "Apache", **answer.headers, **more}
        if length is not None and answer.status != 304:
            headers["Content-Length"] = str(length)
        if self.handler.close_connection:
            headers["Connection"] = "close"
        lines = [f"HTTP/1.1 {answer.status} {phrase}", *(f"{name}: {value}" for name, value in headers.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def _send_body(self, body: bytes) -> None:
        self.socket.sendall(body)
        self.entry.sent += len(body)

    def hang(self) -> None:
        """Nothing more until the client leaves or the server stops."""
        self.handler.close_connection = True
        while not self.stopping.wait(0.05):
            try:
                if self.socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b"":
                    return
            except BlockingIOError:
                continue
            except OSError:
                return

    def reset(self) -> None:
        """End the connection by RST."""
        self.handler.close_connection = True
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.handler.rfile.close()
        self.socket.close()

    # Faults in the body: named as their kinds.

    def _hang_body(self, answer: Answer, options: dict) -> None:
        self.socket.sendall(self._head(answer, answer.length))
        self._send_body(answer.read()[: cut(answer, options)])
        self.hang()

    def _reset(self, answer: Answer, options: dict) -> None:
        self.socket.sendall(self._head(answer, answer.length))
        self._send_body(answer.read()[: cut(answer, options)])
        self.stopping.wait(0.05)  # else the RST overtakes what was sent
        self.reset()

    def _truncate(self, answer: Answer, options: dict) -> None:
        self.socket.sendall(self._head(answer, answer.length))
        self._send_body(answer.read()[: cut(answer, options)])

    def _truncate_nolength(self, answer: Answer, options: dict) -> None:
        self.socket.sendall(self._head(answer, None))
        self._send_body(answer.read()[: cut(answer, options)])

    def _longer(self, answer: Answer, options: dict) -> None:
        self.socket.sendall(self._head(answer, answer.length))
        self._send_body(answer.read() + bytes(2880))

    def _bad_gzip(self, answer: Answer, options: dict) -> None:
        self.socket.sendall(self._head(answer, answer.length, **{"Content-Encoding": "gzip"}))
        self._send_body(answer.read())

    def _flip(self, answer: Answer, options: dict) -> None:
        body = bytearray(answer.read())
        body[min(int(options.get("at", 0.5) * len(body)), len(body) - 1)] ^= 0x10
        self.socket.sendall(self._head(answer, answer.length))
        self._send_body(bytes(body))
        self.entry.whole = True

    def _drip(self, answer: Answer, options: dict) -> None:
        rate = float(options.get("rate", 100))
        self.socket.sendall(self._head(answer, answer.length))
        body, began, place = answer.read(), time.monotonic(), 0
        while place < len(body) and not self.stopping.wait(max(0.02, 1 / rate)):
            due = min(max(int((time.monotonic() - began) * rate), place + 1), len(body))
            self._send_body(body[place:due])
            place = due
        self.entry.whole = place == len(body)


def cut(answer: Answer, options: dict) -> int:
    """How many bytes of a body go out before a fault."""
    return min(int(options.get("at", 0.5) * answer.length), answer.length - 1)


def instead(fault: Fault, target: str) -> Answer | None:
    """The answer that a fault gives in place of the right one, or None where there is one to spoil."""
    options = fault.options
    if fault.kind.isdecimal():
        headers = {}
        if "retry_after" in options:
            wait = options["retry_after"]
            dated = options.get("retry_after_date", False)
            headers["Retry_After"] = formatdate(time.time() + wait, usegmt=True) if dated else f"{wait:g}"
        return text(f"<h1>{fault.kind}</h1>\n", int(fault.kind), **headers)
    if fault.kind == "zero":
        return text("", kind="application/fits")
    if fault.kind == "html":
        return text(DOWN)
    if fault.kind == "null":
        return text("null", kind="application/json")
    if fault.kind == "redirect_loop":
        return text("", 302, Location=target)
    if fault.kind == "redirect":
        return text("", 302, Location=options["url"].replace("{target}", target))
    return None
