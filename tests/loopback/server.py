"""The HTTP server of the loopback archive."""

import contextlib
import json
import socket
import sys
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, unquote_plus, urlsplit

from .answers import Answer, Request, text
from .faults import Fault
from .record import LoggedRequest, request_line
from .sending import Sender, instead
from .site import Site

CONTROL = "/_control/"


class Server(ThreadingHTTPServer):
    """Threads, one a connection, that stop promptly: sockets are closed and hanging answers let go."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, site: Site, port: int = 0) -> None:
        self.site = site
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._workers: set[threading.Thread] = set()
        self._sockets: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), Handler)

    def server_bind(self) -> None:
        # HTTPServer asks for the host's full name here, which can take seconds without a network.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = self.server_address[:2]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def process_request(self, request: socket.socket, client_address) -> None:
        thread = threading.Thread(target=self._serve_one, args=(request, client_address), daemon=True)
        with self._lock:
            self._workers.add(thread)
            self._sockets.add(request)
        thread.start()

    def _serve_one(self, request: socket.socket, client_address) -> None:
        try:
            self.process_request_thread(request, client_address)
        finally:
            with self._lock:
                self._workers.discard(threading.current_thread())
                self._sockets.discard(request)

    def handle_error(self, request, client_address) -> None:
        if not isinstance(sys.exception(), OSError):
            traceback.print_exc()

    def stop(self) -> None:
        """Stop serving; every connection is closed and every thread ended when this returns."""
        self.stopping.set()
        self.shutdown()
        self.server_close()
        with self._lock:
            threads, sockets = list(self._workers), list(self._sockets)
        for connection in sockets:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(5)


class Handler(BaseHTTPRequestHandler):
    """Reads a request, asks the site, sends the answer."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server
    counted = False  # connections that carry nothing but commands are none of the archive's

    def finish(self) -> None:
        if self.counted:
            self.server.site.record.count("connections", -1)
        super().finish()

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        target = self.path
        if "://" in target.split("?")[0]:  # a proxy's form
            address = urlsplit(target)
            target = (address.path or "/") + ("?" + address.query if address.query else "")
        path, _, raw_query = target.partition("?")
        path = unquote(path)
        if path.startswith(CONTROL):
            self._control(path.removeprefix(CONTROL), body)
            return
        if body:
            raw_query = "&".join(filter(None, (raw_query, body.decode())))
        query = normal(raw_query)
        if not self.counted:
            self.counted = True
            self.server.site.record.count("connections", 1)
        self.server.site.record.count("requests", 1)
        try:
            self._answer(Request(self.command, path, query, raw_query, self.headers), target)
        finally:
            self.server.site.record.count("requests", -1)

    do_HEAD = do_POST = do_DELETE = do_GET  # noqa: N815

    def _answer(self, request: Request, target: str) -> None:
        site, stopping = self.server.site, self.server.stopping
        fault = site.book.choose(request_line(request.method, request.path, request.query))
        asked = (self.headers.get(name) for name in ("Range", "User-Agent", "Host"))
        entry = LoggedRequest(
            site.record.next_number(),
            request.method,
            request.path,
            request.query,
            *asked,
            fault.kind if fault else None,
        )
        site.record.begin(entry)
        sender = Sender(self, entry, stopping)
        try:
            if site.latency_s:
                stopping.wait(site.latency_s)
            if fault and fault.kind == "hang":
                sender.hang()
            elif fault and fault.kind == "reset" and "at" not in fault.options:
                sender.reset()
            else:
                sender.send(self._right_or_wrong(request, target, fault), fault)
        except (OSError, ValueError) as error:  # the client or, in a stop, the socket has gone
            self.close_connection = True
            if not isinstance(error, OSError) and not stopping.is_set():
                raise
        finally:
            site.record.end(entry)

    def _right_or_wrong(self, request: Request, target: str, fault: Fault | None) -> Answer:
        site = self.server.site
        wrong = instead(fault, target) if fault else None
        if wrong:
            return wrong
        try:
            if fault and fault.kind == "other_file":
                return site.other_file(request, fault.options["path"])
            return site.answer(replace_fault(request, fault))
        except Exception:
            traceback.print_exc()
            return text(traceback.format_exc(), 500, "text/plain")

    def _control(self, name: str, body: bytes) -> None:
        try:
            result = {"result": self.server.site.command(name, json.loads(body or b"{}"))}
        except Exception as error:
            result = {"error": f"{type(error).__name__}: {error}"}
        answer = json.dumps(result).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(answer)}\r\n\r\n"
        self.connection.sendall(head.encode() + answer)

    def log_message(self, *arguments) -> None:
        """Nothing on stderr."""


def replace_fault(request: Request, fault: Fault | None) -> Request:
    if fault is None:
        return request
    return Request(request.method, request.path, request.query, request.raw_query, request.headers, fault.kind)


def normal(raw_query: str) -> str:
    """The decoded query; a portal's request is written out anew, so that patterns need not know a client's spacing."""
    if raw_query.startswith("request="):
        with contextlib.suppress(ValueError):
            return "request=" + json.dumps(json.loads(unquote_plus(raw_query.removeprefix("request="))))
    return unquote_plus(raw_query)
