"""Sessions: what is sent, what is followed, and what is read of an answer."""

import time

import pytest
from network.servers import plain, quick, raw_server, sends

from lightmill import __version__
from lightmill.network.bodies import check_status, finish_refusal, read_body
from lightmill.network.errors import NotThereError, RefusedError, TransientError
from lightmill.network.session import patient_session, plain_session
from lightmill.network.waiting import Deadline


def patient(raw, path="/", check=None, hosts=(), **settings):
    with patient_session(quick(**settings), hosts, check=check) as session:
        return session.get(raw.url + path)


def body(raw, most_bytes=10_000, **settings):
    """What a single attempt reads."""
    pieces = bytearray()
    with plain_session(quick(**settings)) as session, session.get(raw.url, stream=True) as response:
        length = read_body(response, pieces.extend, quick(**settings), Deadline(3), most_bytes)
    assert length == len(pieces)
    return bytes(pieces)


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_what_is_sent():
    with raw_server(sends(plain(b"x"))) as raw:
        patient(raw, contact="me@example.org")
    [request] = raw.requests
    lines = dict(line.split(": ", 1) for line in request.split("\r\n")[1:])
    assert lines["User-Agent"].startswith(f"lightmill/{__version__} (me@example.org) python-requests/")
    assert lines["Accept-Encoding"] == "identity"
    assert "Cookie" not in lines
    assert "Authorization" not in lines


def test_no_credentials_and_no_cookies(tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("MAST_API_TOKEN", "secret")
    with raw_server(sends(plain(b"x", "200 OK", "Set-Cookie: a=b; Path=/"))) as raw:
        for make in (plain_session, patient_session):
            with make(quick()) as session:
                for _ in range(2):
                    session.get(raw.url).close()
    assert len(raw.requests) == 4
    assert not any("secret" in text or "Cookie" in text or "Authorization" in text for text in raw.requests)


def test_no_credentials_after_a_redirect_either(tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for make in (plain_session, patient_session):
        with raw_server(sends(plain(b"", "302 Found", "Location: /b"), plain(b"x"))) as raw, make(quick()) as session:
            assert session.get(raw.url).content == b"x"
        assert len(raw.requests) == 2
        assert not any("Authorization" in text for text in raw.requests)


def test_a_patient_session_hands_on_a_whole_answer():
    with raw_server(sends(plain(b"", "503 Busy"), plain(b"half")[:-2], plain(b"whole", "200 OK", "X-A: b"))) as raw:
        response = patient(raw)
    assert (response.content, response.text, response.status_code, response.headers["X-A"]) == (
        b"whole",
        "whole",
        200,
        "b",
    )
    assert len(raw.requests) == 3


def test_it_is_read_from_raw_as_well():
    with raw_server(sends(plain(b"whole"))) as raw, patient_session(quick()) as session:
        assert session.get(raw.url, stream=True).raw.read() == b"whole"
        assert b"".join(session.get(raw.url, stream=True).iter_content(2)) == b"whole"


def test_what_a_check_finds_is_asked_again():
    def check(response):
        if response.text != "right":
            raise TransientError("wrong")

    with raw_server(sends(plain(b"wrong"), plain(b"right"))) as raw:
        assert patient(raw, check=check).text == "right"
    assert len(raw.requests) == 2
    with raw_server(sends(plain(b"wrong"))) as raw, pytest.raises(TransientError, match="wrong"):
        patient(raw, check=check)
    assert len(raw.requests) == 3


@pytest.mark.parametrize(
    ("status", "error", "requests"),
    [
        ("404 Not Found", NotThereError, 1),
        ("410 Gone", NotThereError, 1),
        ("400 Bad Request", RefusedError, 1),
        ("401 Unauthorized", RefusedError, 1),
        ("403 Forbidden", RefusedError, 1),
        ("405 Method Not Allowed", RefusedError, 1),
        ("451 Unavailable For Legal Reasons", RefusedError, 1),
        ("408 Request Timeout", TransientError, 3),
        ("429 Too Many Requests", TransientError, 3),
        ("500 Internal Server Error", TransientError, 3),
        ("503 Service Unavailable", TransientError, 3),
        ("599 What", TransientError, 3),
        ("304 Not Modified", TransientError, 3),
    ],
)
def test_what_a_status_means(status, error, requests):
    with raw_server(sends(plain(b"", status))) as raw, pytest.raises(error, match=f"HTTP {status[:3]}"):
        patient(raw)
    assert len(raw.requests) == requests


def test_a_server_is_left_alone_by_its_own_clock():
    times = ("Date: Wed, 21 Oct 2015 07:28:00 GMT", "Retry-After: Wed, 21 Oct 2015 07:28:20 GMT")
    with raw_server(sends(plain(b"", "503 Busy", *times))) as raw, plain_session(quick()) as session:
        with pytest.raises(TransientError) as error:
            check_status(session.get(raw.url))
        assert error.value.retry_after_s == 20


def test_chunks():
    with raw_server(sends(CHUNKED + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")) as raw:
        assert body(raw) == b"abcde"
        assert patient(raw).text == "abcde"


@pytest.mark.parametrize("cut", [b"3\r\nab", b"3\r\nabc\r\n", b"3\r\nabc\r\nzz\r\n", b""])
def test_chunks_that_are_cut_are_no_answer(cut):
    with raw_server(sends(CHUNKED + cut)) as raw, pytest.raises(TransientError, match="broken off after"):
        body(raw)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (plain(b"abcde")[:-2], r"3 of 5 bytes|broken off after 3 bytes"),
        (plain(bytes(20_000)), "20000 bytes, expected at most 10000"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + bytes(20_000), "more than 10000 bytes"),
        (plain(b"abc", "200 OK", "Content-Encoding: gzip"), "compressed with 'gzip'"),
        (plain(b"abc", "200 OK", "Content-Encoding: br"), "compressed with 'br'"),
    ],
)
def test_what_is_no_whole_answer(answer, message):
    with raw_server(sends(answer)) as raw, pytest.raises(TransientError, match=message):
        body(raw)


def test_too_long_an_answer_is_not_asked_for_again():
    with raw_server(sends(plain(bytes(20_000)))) as raw, pytest.raises(TransientError) as error:
        body(raw)
    assert not error.value.again


def test_without_a_length_the_end_is_where_the_server_ends():
    with raw_server(sends(b"HTTP/1.1 200 OK\r\n\r\nabc")) as raw:
        assert body(raw) == b"abc"


def test_what_is_no_http_is_transient():
    for answer in (b"SSH-2.0-OpenSSH\r\n", b"", b"\0\0\0", b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n"):
        with raw_server(sends(answer)) as raw, pytest.raises(TransientError, match="http://127"):
            patient(raw, attempts=1)


def drips(rate_s, *parts):
    """Send bytes one by one, with a pause after each."""

    def answer(connection, number):
        for part in parts:
            for byte in part:
                connection.sendall(bytes([byte]))
                time.sleep(rate_s)

    return answer


def test_a_drip_ends_at_the_speed_floor_and_not_at_the_read_time_out():
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n"

    def answer(connection, number):
        connection.sendall(head)
        drips(0.05, bytes(10_000))(connection, number)

    began = time.monotonic()
    with raw_server(answer) as raw, pytest.raises(TransientError, match=r"bytes/s over \d s, expected at least 1000"):
        body(raw)
    assert time.monotonic() - began < 3


def test_a_redirects_body_is_not_read():
    """It may be endless."""

    def answer(connection, number):
        if number == 1:
            connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 10000\r\n\r\n")
            drips(0.05, bytes(10_000))(connection, number)
        else:
            connection.sendall(plain(b"there"))

    began = time.monotonic()
    with raw_server(answer) as raw, plain_session(quick()) as session:
        assert session.get(raw.url).text == "there"
    assert time.monotonic() - began < 3


def test_redirects_are_followed_only_where_they_may_lead():
    with raw_server(sends(plain(b"there"))) as there:
        moved = plain(b"", "302 Found", f"Location: {there.url.replace('127.0.0.1', 'localhost')}/x")
        with raw_server(sends(moved)) as raw:
            assert patient(raw).text == "there"
        for place in ("https://example.org/", "ftp://example.org/", "//example.org/", "http://example.org/"):
            with raw_server(sends(plain(b"", "301 Moved", f"Location: {place}"))) as raw:
                with pytest.raises(TransientError, match="which is not allowed") as error:
                    patient(raw)
                assert len(raw.requests) == 1
                assert not error.value.again


def test_a_loop_of_redirects_ends():
    with raw_server(sends(plain(b"", "302 Found", "Location: /"))) as raw, pytest.raises(Exception, match="redirect"):
        patient(raw)
    assert len(raw.requests) == 6


def test_a_refusal_leaves_its_connection_to_be_used_again():
    """Kepler's missing quarters are many: each must not cost a handshake."""
    chunked = b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    for refusal in (plain(b"<h1>Not Found</h1>" * 50, "404 Not Found", "Connection: keep-alive"), chunked):
        with raw_server(sends(refusal), keep_alive=True) as raw, plain_session(quick()) as session:
            for _ in range(4):
                with session.get(raw.url, stream=True) as response:
                    finish_refusal(response, quick(), Deadline(3))
                    with pytest.raises(NotThereError):
                        check_status(response)
        assert (len(raw.requests), raw.connections) == (4, 1)


def test_a_refusal_that_says_too_much_is_cut_short():
    endless = b"HTTP/1.1 404 Not Found\r\n\r\n" + bytes(1_000_000)
    for answer in (plain(bytes(1_000_000), "404 Not Found"), endless):
        with raw_server(sends(answer)) as raw, plain_session(quick()) as session:
            response = session.get(raw.url, stream=True)
            finish_refusal(response, quick(), Deadline(3))
            with pytest.raises(NotThereError):
                check_status(response)
            response.close()


def test_the_deadline_holds_for_all_attempts_together():
    began = time.monotonic()
    with raw_server(lambda connection, number: time.sleep(5)) as raw, pytest.raises(TransientError):
        patient(raw, attempts=50, read_timeout_s=0.2, deadline_s=1)
    assert time.monotonic() - began < 4
