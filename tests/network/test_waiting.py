"""How long is waited, and for what."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from network.servers import quick

from lightmill.network import waiting
from lightmill.network.errors import NotThereError, OfflineError, RefusedError, TransientError
from lightmill.network.waiting import Deadline, backoff_s, retry_after_s, with_retries

SERVER_SAYS = "Wed, 21 Oct 2015 07:28:00 GMT"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("0", 0),
        ("120", 120),
        (" 7 ", 7),
        ("99999999999999999999", 999_999_999),
        ("-5", None),
        ("1.5", None),
        ("１２", None),
        ("soon", None),
        ("", None),
        ("Wed, 21 Oct 2015 07:28:30 GMT", 30),
        ("Wed, 21 Oct 2015 07:28:30 -0000", 30),
        ("Wed, 21 Oct 2015 08:28:30 +0100", 30),
        ("Wednesday, 21-Oct-15 07:28:30 GMT", 30),
        ("Wed, 21 Oct 2015 07:00:00 GMT", 0),
        ("Wed, 99 Oct 2015 07:00:00 GMT", None),
    ],
)
def test_what_a_server_asks_for(header, seconds):
    assert retry_after_s(header, SERVER_SAYS) == seconds


def test_without_the_servers_clock_ours_counts():
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    for date in (None, "", "yesterday"):
        assert retry_after_s(moment, date) == pytest.approx(30, abs=2)


def test_a_clock_that_is_wrong_by_hours_does_not_matter():
    """Ours or the server's: the difference of its own two times counts."""
    for skew in (timedelta(hours=-7), timedelta(days=365)):
        now = datetime.now(UTC) + skew
        dates = [format_datetime(moment, usegmt=True) for moment in (now + timedelta(seconds=20), now)]
        assert retry_after_s(*dates) == 20


@given(st.text(max_size=60))
def test_no_header_breaks_it(text):
    for arguments in ((text,), (SERVER_SAYS, text)):
        seconds = retry_after_s(*arguments)
        assert seconds is None or seconds >= 0


def test_full_jitter_up_to_a_limit_that_doubles():
    settings = quick(backoff_s=1, backoff_max_s=60)
    for failures, limit in ((1, 1), (2, 2), (5, 16), (7, 60), (5000, 60)):
        waits = [backoff_s(failures, settings) for _ in range(300)]
        assert min(waits) < 0.2 * limit
        assert 0.8 * limit < max(waits) <= limit


class Attempts:
    """Fails with the given errors one after the other, then gives an answer."""

    def __init__(self, *errors):
        self.errors = list(errors)
        self.times = []

    def __call__(self):
        self.times.append(time.monotonic())
        if self.errors:
            raise self.errors.pop(0)
        return "answer"


def run(attempts, seconds=5.0, **settings):
    return with_retries(attempts, quick(**settings), Deadline(seconds))


def test_what_passes_is_tried_again():
    attempts = Attempts(TransientError("a"), TransientError("b"))
    assert run(attempts) == "answer"
    assert len(attempts.times) == 3


def test_after_the_last_attempt_its_error_is_raised_as_it_is():
    attempts = Attempts(*(TransientError(name) for name in "abcde"))
    with pytest.raises(TransientError, match=r"^c$"):
        run(attempts)
    assert len(attempts.times) == 3


@pytest.mark.parametrize(
    "error", [NotThereError("x"), RefusedError("x"), OfflineError("x"), TransientError("x", again=False), KeyError("x")]
)
def test_what_does_not_pass_is_not_tried_again(error):
    attempts = Attempts(error)
    with pytest.raises(type(error), match="x"):
        run(attempts)
    assert len(attempts.times) == 1


def test_never_before_the_servers_time():
    attempts = Attempts(TransientError("x", retry_after_s=0.3))
    assert run(attempts) == "answer"
    assert attempts.times[1] - attempts.times[0] >= 0.3


@pytest.mark.parametrize(("asked_s", "seconds"), [(2.5, 60.0), (1.5, 1.0)])
def test_who_asks_for_too_long_a_rest_is_left_alone(asked_s, seconds):
    """Longer than `retry_after_max_s` (2 s), or than there is time."""
    attempts = Attempts(TransientError("x", retry_after_s=asked_s))
    began = time.monotonic()
    with pytest.raises(TransientError):
        run(attempts, seconds)
    assert len(attempts.times) == 1
    assert time.monotonic() - began < 0.5


def test_no_wait_goes_beyond_the_deadline(monkeypatch):
    monkeypatch.setattr(waiting, "backoff_s", lambda *arguments: 30.0)
    began = time.monotonic()
    with pytest.raises(TransientError):
        run(Attempts(*[TransientError("x")] * 3), 0.2)
    assert time.monotonic() - began < 2


def test_every_failure_is_logged(caplog):
    with caplog.at_level("INFO", "lightmill"):
        run(Attempts(TransientError("https://a: HTTP 503")))
    assert "https://a: HTTP 503; attempt 1 of 3 failed, next in 0.0 s" in caplog.text
