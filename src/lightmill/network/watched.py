"""Connections that can be cut from outside: no time-out between two bytes ends an answer that comes byte by byte."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

# How long after the time-out a connection is cut: where both would end it, the time-out says better why.
_GRACE_S = 0.2


class _Watched(HTTPConnection):
    """A connection whose headers have as long, all together, as one byte of them has elsewhere."""

    _wire: socket.socket | None = None

    def cut(self) -> None:
        """Shut the connection down, whoever reads from it now."""
        wire = self._wire
        if wire is not None:
            with suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)

    def getresponse(self) -> Any:
        # Held here too: the connection lets go of its socket once an answer says that it will be the last.
        self._wire = self.sock
        if not isinstance(self.timeout, int | float):
            return super().getresponse()
        with self.watched(self.timeout):
            return super().getresponse()

    @contextmanager
    def watched(self, seconds: float) -> Iterator[None]:
        """Cut the connection if the block takes longer, and raise TimeoutError then, whatever came of the block."""
        late = threading.Event()

        def cut() -> None:
            late.set()
            self.cut()

        timer = threading.Timer(max(seconds, 0.0) + _GRACE_S, cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        except Exception:
            if not late.is_set():
                raise
        finally:
            timer.cancel()
        if late.is_set():
            self.close()
            raise TimeoutError(f"not finished after {seconds:.3g} s")


class _WatchedTls(_Watched, HTTPSConnection):
    """The same over TLS."""


class WatchedPool(HTTPConnectionPool):
    """Plain connections that can be cut."""

    ConnectionCls = _Watched


class WatchedTlsPool(HTTPSConnectionPool):
    """Connections over TLS that can be cut."""

    ConnectionCls = _WatchedTls


@contextmanager
def cut_after(connection: Any, seconds: float) -> Iterator[None]:
    """Cut a connection if the block takes longer, and raise TimeoutError then: what was read may only look whole.

    Connections of another kind are left alone.
    """
    if not isinstance(connection, _Watched):
        yield
        return
    with connection.watched(seconds):
        yield
