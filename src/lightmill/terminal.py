"""What commands share when they speak to a terminal."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from lightmill.errors import LightmillError


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Errors of our own family go to stderr on one line, with exit status 1 and no traceback."""
    try:
        yield
    except LightmillError as error:
        typer.echo(f"error: {' '.join(printable(str(error)).split())}", err=True)
        raise typer.Exit(1) from None


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """What the system says about a file that cannot be written, as an error that names it."""
    try:
        yield
    except OSError as error:
        raise LightmillError(f"{path}: cannot be written: {error.strerror or error}") from None


def printable(text: str) -> str:
    """Text without control characters, so that no cell of a catalog can drive the terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
