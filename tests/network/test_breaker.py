"""When a server is down, it is left alone."""

from contextlib import suppress

import pytest

from lightmill.network.breaker import Breakers
from lightmill.network.errors import NotThereError, TransientError

URL = "https://a.org"


def ask(breakers, error=None, url=URL):
    """Whether the server was asked."""
    asked = False
    with suppress(type(error)), breakers.asking(url, "file"):
        asked = True
        if error is not None:
            raise error
    return asked


def test_it_opens_after_so_many_failures_in_a_row_and_stays_open():
    breakers = Breakers([URL, "https://b.org"], 3)
    for _ in range(2):
        assert ask(breakers, TransientError("x"))
    assert ask(breakers)
    for _ in range(3):
        assert ask(breakers, TransientError("x"))
    with pytest.raises(TransientError, match=r"^file: later: https://a\.org is not asked any more") as error:
        ask(breakers)
    assert not error.value.again
    # Each server for itself.
    assert ask(breakers, url="https://b.org")


@pytest.mark.parametrize("answer", [NotThereError("x"), ValueError("x"), None])
def test_an_answer_is_an_answer(answer):
    breakers = Breakers([URL], 2)
    for _ in range(5):
        assert ask(breakers, TransientError("x"))
        assert ask(breakers, answer)


def test_an_answer_that_comes_late_does_not_close_it():
    breakers = Breakers([URL], 1)
    with breakers.asking(URL, "under way"):
        ask(breakers, TransientError("x"))
    with pytest.raises(TransientError, match="later"):
        ask(breakers)


def test_who_asks_for_a_long_rest_has_it_at_once():
    breakers = Breakers([URL], 5, longest_rest_s=120)
    assert ask(breakers, TransientError("x", retry_after_s=120))
    assert ask(breakers, TransientError("x", retry_after_s=121))
    with pytest.raises(TransientError, match="it asked to be left alone"):
        ask(breakers)
