"""The portal's search: many targets in one question, and nothing believed that does not fit it."""

import json
import logging
import socket
import time

import pytest
import requests
from lightcurves.made_fits import archive_name, write_fits
from loopback import LoopbackArchive

from lightmill.config.network import NetworkSettings
from lightmill.errors import LightCurveError
from lightmill.lightcurves.archives.bases import Listings
from lightmill.lightcurves.archives.finding import Finder
from lightmill.lightcurves.archives.portal import PortalSearch, open_portal
from lightmill.lightcurves.archives.portal_rows import Observation, read_observation, read_product
from lightmill.lightcurves.archives.products import Product
from lightmill.lightcurves.archives.wanted import Wanted
from lightmill.network.breaker import Breakers
from lightmill.network.errors import NotYetError, OfflineError, RefusedError, TransientError

AUTHORS = ("TESS-SPOC", "QLP")
INVOKE = "POST /api/v0/invoke"
FILTERED = r"POST /api/v0/invoke.*Mast\.Caom\.Filtered"
NUMBERS = [*range(1001, 1030), 9_000_000_001]
SECTORS = (1, 27)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """Two full-frame light curves of thirty stars by each of two pipelines; fast and slow ones of the first star."""
    folder = tmp_path_factory.mktemp("archive")
    made = write_fits(folder / archive_name("TESS", NUMBERS[0], 1, "QLP"), "TESS", NUMBERS[0], 1, author="QLP", rows=5)
    content = made.read_bytes()
    for number in NUMBERS:
        for sector in SECTORS:
            for author in AUTHORS:
                put(folder, archive_name("TESS", number, sector, author), content)
    put(folder, archive_name("TESS", NUMBERS[0], 27, "SPOC"), content)
    put(folder, archive_name("TESS", NUMBERS[0], 27, "SPOC-20s"), content)
    return folder


@pytest.fixture(scope="module")
def server(tree):
    with LoopbackArchive(tree) as serving:
        yield serving


@pytest.fixture
def portal(server):
    server.clear_faults()
    server.clear()
    return server


def put(folder, name, content):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def settings(portal, **changes):
    quick = {"attempts": 3, "backoff_s": 0.02, "backoff_max_s": 0.05, "read_timeout_s": 1, "deadline_s": 5}
    return NetworkSettings(portal_url=portal.url, **{**quick, **changes})


def search(portal, page_rows=50_000, most_targets=500, **changes):
    return PortalSearch(settings(portal, **changes), page_rows, most_targets)


def targets(numbers=NUMBERS):
    return [f"TIC {number}" for number in numbers]


def questions(portal):
    return [request for request in portal.requests() if request.path == "/api/v0/invoke"]


def expected(numbers=NUMBERS, authors=AUTHORS, sectors=SECTORS):
    return {
        f"TIC {number}": sorted(
            (Product(archive_name("TESS", number, s, author), author, s) for author in authors for s in sectors),
            key=lambda product: product.name,
        )
        for number in numbers
    }


def test_thirty_targets_are_one_question(portal, monkeypatch):
    monkeypatch.setenv("MAST_API_TOKEN", "a-secret-token")
    sent, send = [], requests.adapters.HTTPAdapter.send
    monkeypatch.setattr(
        requests.adapters.HTTPAdapter,
        "send",
        lambda self, request, **options: sent.append(request) or send(self, request, **options),
    )
    found = open_portal(settings(portal)).products(targets(), AUTHORS)
    assert found == expected()
    assert not any({"Cookie", "Authorization"} & request.headers.keys() for request in sent)
    assert "a-secret-token" not in str([(request.headers, request.url, request.body) for request in sent])
    [question] = questions(portal)
    asked = json.loads(question.query.removeprefix("request="))
    filters = {chosen["paramName"]: chosen["values"] for chosen in asked["params"]["filters"]}
    assert filters["target_name"] == [str(number) for number in NUMBERS]
    assert filters["provenance_name"] == ["QLP", "TESS-SPOC"]
    assert len(portal.requests()) == 2, "the columns once, and the question"
    assert question.user_agent.startswith("lightmill/")


def test_pipelines_are_told_apart_by_name_and_cadence(portal):
    first = targets(NUMBERS[:1])
    assert search(portal).products(first, ["QLP"]) == expected(NUMBERS[:1], ["QLP"])
    assert search(portal).products(first, ["SPOC-20s"]) == expected(NUMBERS[:1], ["SPOC-20s"], [27])
    assert search(portal).products(first, ["SPOC"]) == expected(NUMBERS[:1], ["SPOC"], [27])


def test_large_lists_are_asked_in_portions_and_answered_in_pages(portal):
    assert search(portal, page_rows=7, most_targets=20).products(targets(), AUTHORS) == expected()
    assert len(questions(portal)) == 12 + 6


def test_the_finder_chooses_by_its_own_priorities(portal):
    finder = Finder("TESS", ("TESS-SPOC", "QLP"), {27}, Listings([], Breakers([], 5)), open_portal(settings(portal)))
    wanted = [Wanted(target) for target in targets(NUMBERS[:2])]
    finder.prepare(wanted)
    [slot] = finder.slots(wanted[0])
    assert [(product.author, product.segment) for [product] in slot.choices] == [("TESS-SPOC", 27), ("QLP", 27)]
    assert len(questions(portal)) == 1


def test_nothing_found_is_an_answer_and_is_not_remembered(portal, tree):
    searching = search(portal)
    assert searching.products(["TIC 77"], ["QLP"]) == {}
    name = archive_name("TESS", 77, 3, "QLP")
    put(tree, name, (tree / archive_name("TESS", NUMBERS[0], 1, "QLP")).read_bytes())
    try:
        assert searching.products(["TIC 77"], ["QLP"]) == {"TIC 77": [Product(name, "QLP", 3)]}
    finally:
        (tree / name).unlink()
    assert searching.products([], ["QLP"]) == searching.products(["TIC 77"], []) == {}


def test_a_neighbour_is_dropped_with_a_warning(portal, caplog):
    portal.fault(FILTERED, "neighbour")
    with caplog.at_level(logging.WARNING):
        assert search(portal).products(targets(NUMBERS[:3]), ["QLP"]) == expected(NUMBERS[1:3], ["QLP"])
    assert "target '1004' was not asked for" in caplog.text


@pytest.mark.parametrize("kind", [503, 429, "error", "null", "html", "reset", "hang", "truncate", "zero", "executing"])
def test_what_passes_is_asked_again(portal, kind):
    portal.fault(FILTERED, kind)
    assert search(portal).products(targets(NUMBERS[:2]), ["QLP"]) == expected(NUMBERS[:2], ["QLP"])
    assert len(questions(portal)) == 2


@pytest.mark.parametrize(
    ("path", "kind", "said"),
    [
        (FILTERED, 503, "HTTP 503"),
        (FILTERED, "error", "Timeout expired: the connection pool is exhausted"),
        (FILTERED, "null", "an empty answer"),
        (FILTERED, "html", "not JSON"),
        (FILTERED, "hang", "timed out"),
        (FILTERED, "truncate", "bytes"),
        ("POST /portal/", 503, "HTTP 503"),
        ("POST /portal/", "null", "an empty answer"),
        ("POST /portal/", "html", "not JSON"),
    ],
)
def test_what_does_not_pass_is_transient(portal, path, kind, said):
    portal.fault(path, kind, count=None)
    with pytest.raises(TransientError, match=said):
        search(portal, read_timeout_s=0.2).products(targets(), ["QLP"])
    assert len(portal.requests()) == 3 + (path == FILTERED)


def test_a_portal_that_works_for_ever_is_polled_with_pauses_until_the_deadline(portal):
    portal.fault(FILTERED, "executing", count=None)
    began = time.monotonic()
    with pytest.raises(NotYetError, match="still at work"):
        search(portal, attempts=1, deadline_s=2.5).products(targets(), ["QLP"])
    assert time.monotonic() - began < 4
    asked = questions(portal)
    assert len(asked) in (2, 3), "one a second, more than there are attempts"
    assert len({json.loads(one.query.removeprefix("request="))["cacheBreaker"] for one in asked}) == 1


def test_a_missing_page_is_named(portal):
    portal.fault(FILTERED, "page_missing", count=None)
    with pytest.raises(TransientError, match=r"page 2 of 9 is missing or short: 0 rows .* expected 7 of 60"):
        search(portal, page_rows=7).products(targets(), ["QLP"])
    portal.clear_faults()
    portal.fault(FILTERED, "page_missing")
    assert search(portal, page_rows=7).products(targets(), ["QLP"]) == expected(authors=["QLP"])


def test_what_is_refused_is_not_asked_again(portal):
    portal.fault(FILTERED, 403, count=None)
    with pytest.raises(RefusedError):
        search(portal).products(targets(), ["QLP"])
    portal.clear_faults()
    portal.fault("/columnsconfig", 404, count=None)
    with pytest.raises(LightCurveError, match=r"network\.portal_url"):
        search(portal).products(targets(), ["QLP"])
    assert len(questions(portal)) == 1


def test_stars_of_other_missions_are_not_asked_for(portal):
    with pytest.raises(LightCurveError, match="KIC 1001"):
        search(portal).products(["KIC 1001"], ["QLP"])
    assert portal.requests() == []


def test_offline_opens_no_socket(portal, monkeypatch):
    def refuse(*_):
        raise AssertionError("a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    with pytest.raises(OfflineError):
        search(portal, offline=True).products(targets(), ["QLP"])


QLP_FILE = "hlsp_qlp_tess_ffi_s0003-0000000000000077_tess_v01_llc.fits"
QLP_URI = f"mast:HLSP/qlp/s0003/0000/0000/0000/0077/{QLP_FILE}"
QLP_NAME = f"hlsps/qlp/s0003/0000/0000/0000/0077/{QLP_FILE}"
QLP_ROW = {"target_name": "77", "provenance_name": "QLP", "sequence_number": 3, "t_exptime": 1800.0, "obsid": 123}


def answering(monkeypatch, observations, products=()):
    """A portal that gives these rows, whatever it is asked."""
    conversation = "lightmill.lightcurves.archives.portal._Conversation"
    asked = []
    monkeypatch.setattr(f"{conversation}.__init__", lambda *_: None)
    monkeypatch.setattr(f"{conversation}.__exit__", lambda *_: None)
    monkeypatch.setattr(f"{conversation}.observations", lambda *_: list(observations))
    monkeypatch.setattr(f"{conversation}.products", lambda _, ids: asked.append(ids) or list(products))
    return asked


def test_only_rows_that_name_no_light_curve_are_asked_for_their_files(monkeypatch, caplog):
    other = {**QLP_ROW, "sequence_number": 4, "obsid": "124", "dataURL": "mast:HLSP/qlp/s0004/x_tp.fits"}
    files = [
        {"obsID": 124, "dataURI": f"mast:HLSP/qlp/s0004/x_{name}"} for name in ("tp.fits", "llc.txt", "../y_llc.fits")
    ]
    files += [{"parent_obsid": "124", "dataURI": QLP_URI.replace("s0003", "s0004")}]
    files += [{"parent_obsid": "125", "dataURI": QLP_URI.replace("s0003", "s0005")}]
    asked = answering(monkeypatch, [{**QLP_ROW, "dataURL": QLP_URI}, other, {**other, "obsid": "999"}], files)
    found = PortalSearch(NetworkSettings()).products(["TIC 77"], ["QLP"])
    assert asked == [["124", "999"]]
    fourth = Product(QLP_NAME.replace("s0003", "s0004"), "QLP", 4)
    assert found == {"TIC 77": [Product(QLP_NAME, "QLP", 3), fourth]}
    assert "no light curve by QLP among the files of observation '999'" in caplog.text


def test_of_two_deliveries_the_last_is_taken_once(monkeypatch):
    newer = QLP_URI.replace("_v01_", "_v02_")
    rows = [{**QLP_ROW, "dataURL": uri} for uri in (QLP_URI, newer, QLP_URI, newer)]
    answering(monkeypatch, rows)
    found = PortalSearch(NetworkSettings()).products(["TIC 77"], ["QLP"])
    assert found == {"TIC 77": [Product(QLP_NAME.replace("_v01_", "_v02_"), "QLP", 3)]}


@pytest.mark.parametrize(
    "uri",
    [
        QLP_URI.replace("qlp/s0003", "qlp/../../../etc"),
        QLP_URI.replace("mast:HLSP/", "mast:HLSP//"),
        QLP_URI.replace("mast:HLSP/", "mast:HLSP/../"),
        QLP_URI.replace("mast:HLSP/qlp", "mast:HLSP/tess-spoc"),
        QLP_URI.replace("mast:HLSP", "mast:TESS"),
        f"mast:TESS/product/{QLP_FILE}",
        f"mast:HLSP/{QLP_FILE}",
        f"https://evil.example/{QLP_FILE}",
        f"/etc/{QLP_FILE}",
        f"file:///{QLP_FILE}",
        QLP_URI.replace("0077", "0078"),
        QLP_URI.replace("s0003", "s0004"),
        QLP_URI.replace("0077/hlsp", "0077%2f..%2fhlsp"),
        QLP_URI + "\n",
        QLP_URI.replace("0003", "０００３"),
        QLP_URI.replace("_llc", "\0_llc"),
        "",
    ],
)
def test_hostile_addresses_are_no_products(uri, monkeypatch, caplog):
    assert read_product(Observation(77, "QLP", 3, "123", uri), uri) is None
    answering(monkeypatch, [{**QLP_ROW, "dataURL": uri}])
    assert PortalSearch(NetworkSettings()).products(["TIC 77"], ["QLP"]) == {}
    assert "1 rows not used" in caplog.text


@pytest.mark.parametrize(
    "change",
    [
        {"target_name": "78"},
        {"target_name": "７７"},
        {"target_name": None},
        {"target_name": ["77"]},
        {"target_name": "../77"},
        {"provenance_name": "qlp/.."},
        {"provenance_name": None},
        {"provenance_name": "SPOC", "t_exptime": None},
    ],
)
def test_rows_about_something_else_are_dropped(change):
    dropped = []
    assert read_observation({**QLP_ROW, "dataURL": QLP_URI, **change}, {77}, dropped) is None
    assert len(dropped) == 1


def test_nothing_of_astroquery_is_changed(portal):
    from astroquery.mast import Observations
    from astroquery.mast.discovery_portal import PortalAPI

    def shown():
        api = Observations._portal_api_connection
        return [*(getattr(api, name) for name in ("MAST_REQUEST_URL", "COLUMNS_CONFIG_URL", "TIMEOUT")), {**vars(api)}]

    before, columns = shown(), {**PortalAPI._column_configs}
    search(portal).products(targets(), AUTHORS)
    assert shown() == before
    assert PortalAPI._column_configs == columns
