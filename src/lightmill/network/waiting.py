"""How long to wait before asking again."""

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_any
from tenacity.stop import stop_base

from lightmill.config.network import NetworkSettings
from lightmill.logs import logger
from lightmill.network.errors import NotYetError, TransientError

Answer = TypeVar("Answer")
# Waits decide when something is done, never what comes of it: no seed.
_JITTER = random.SystemRandom()


def retry_after_s(header: str | None, date: str | None = None) -> float | None:
    """Seconds that a Retry-After header asks for, as a number or an HTTP date (RFC 9110, 10.2.3); None if none.

    `date` is the answer's Date header: a server's times are read by its own clock, whatever ours says.
    """
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    moment = _moment(text)
    if moment is None:
        return None
    return max(0.0, (moment - (_moment(date or "") or datetime.now(UTC))).total_seconds())


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def backoff_s(failures: int, settings: NetworkSettings) -> float:
    """A random wait after `failures` attempts: full jitter, up to a limit that doubles with each.

    aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter compares the kinds of jitter.
    """
    limit = min(settings.backoff_max_s, settings.backoff_s * 2.0 ** min(failures - 1, 60))
    return _JITTER.uniform(0.0, limit)


class Deadline:
    """A moment by which something must be done."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def postpone(self, seconds: float) -> None:
        """Move it by what was no part of the work, such as waiting for one's turn."""
        self._end += seconds

    def left_s(self) -> float:
        """Seconds until then; below zero when it has passed."""
        return self._end - time.monotonic()


class _OutOfTime(stop_base):
    """Tenacity's word for a deadline."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline

    def __call__(self, retry_state: RetryCallState) -> bool:
        return self._deadline.left_s() <= 0


class _OutOfAttempts(stop_base):
    """Tenacity's word for so many failures; an answer that is still being made is none."""

    def __init__(self, attempts: int) -> None:
        self._left = attempts

    def __call__(self, retry_state: RetryCallState) -> bool:
        error = retry_state.outcome.exception() if retry_state.outcome else None
        self._left -= not isinstance(error, NotYetError)
        return self._left <= 0


def with_retries(attempt: Callable[[], Answer], settings: NetworkSettings, deadline: Deadline) -> Answer:
    """Call `attempt` until it gives an answer, waiting in between, as long as attempts and time are left.

    A TransientError is tried again, unless its `again` is False, the server asks for a longer rest than
    `retry_after_max_s`, or the deadline would pass; the last one is raised as it is. A NotYetError uses up no attempt.
    Every other exception ends it.
    """

    def again(error: BaseException) -> bool:
        if not isinstance(error, TransientError) or not error.again:
            return False
        return (error.retry_after_s or 0.0) <= min(settings.retry_after_max_s, deadline.left_s())

    def wait(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = (error.retry_after_s if isinstance(error, TransientError) else None) or 0.0
        # Never before the server's time, and not all at once when it comes.
        wait_s = asked + backoff_s(state.attempt_number, settings)
        if isinstance(error, NotYetError):
            logger.info("%s; asked again in %.1f s", error, wait_s)
        else:
            logger.info(
                "%s; attempt %d of %d failed, next in %.1f s", error, state.attempt_number, settings.attempts, wait_s
            )
        return max(0.0, min(wait_s, deadline.left_s()))

    policy = Retrying(
        retry=retry_if_exception(again),
        wait=wait,
        stop=stop_any(_OutOfAttempts(settings.attempts), _OutOfTime(deadline)),
        reraise=True,
    )
    return policy(attempt)
