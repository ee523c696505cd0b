"""What can go wrong between here and a server, by what is to be done about it."""

from lightmill.errors import LightmillError


class NetworkError(LightmillError):
    """A server did not give what was asked of it; the message names the URL.

    What servers say is shown to people: nothing in it can drive a terminal.
    """

    def __init__(self, message: str) -> None:
        super().__init__("".join(letter if letter.isprintable() else " " for letter in message))


class TransientError(NetworkError):
    """Worth asking again: the server or the way to it failed, not the question.

    `retry_after_s` is how long the server asked to be left alone, None if it did not say; `again` is False where
    asking again at once is known to be useless.
    """

    def __init__(self, message: str, retry_after_s: float | None = None, again: bool = True) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.again = again


class NotYetError(TransientError):
    """The server is still at work on its answer: asking again is no new attempt, and only a deadline ends it."""


class NotThereError(NetworkError):
    """The server says that there is no such thing (404, 410): an answer, not a failure."""


class RefusedError(NetworkError):
    """The server refuses (400, 401, 403 and their like): asking again is useless, and going on asking is rude."""


class OfflineError(TransientError):
    """Nothing is asked of anybody: the configuration says `network.offline`."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}: offline (network.offline), and it is not at hand", again=False)
