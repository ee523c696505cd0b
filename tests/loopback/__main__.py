"""`python -m tests.loopback FOLDER`: serve a folder tree until interrupted."""

import argparse
import os
import pickle
import signal
import sys
import threading
import time
from pathlib import Path

from .archive import LoopbackArchive


def serve_for_parent() -> None:
    """Serve what standard input asks for until that is closed, as it is when the parent ends, however it ends."""
    from .server import Server
    from .site import Site

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt of the terminal is the parent's to act on
    settings = pickle.load(sys.stdin.buffer)
    port = settings.pop("port")
    server = Server(Site(settings.pop("folder"), **settings), port)
    threading.Thread(target=server.serve_forever, args=(0.5,), daemon=True).start()
    print(server.url, flush=True)
    sys.stdin.buffer.read()
    os._exit(0)


def main() -> None:
    parser = argparse.ArgumentParser(prog="loopback", description="Serve a folder tree as MAST, S3 and TAP do.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--table", action="append", default=[], metavar="NAME=CSV", help="a table of the TAP service")
    arguments = parser.parse_args()
    tables = {name: Path(path) for name, _, path in (table.partition("=") for table in arguments.table)}
    with LoopbackArchive(arguments.folder, latency_s=arguments.latency, tables=tables, port=arguments.port) as server:
        print(f"archive and portal  {server.url}")
        print(f"S3 bucket           {server.s3_url}")
        print(f"TAP                 {server.tap_url}", flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    main()
