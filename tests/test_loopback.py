"""The loopback archive behaves as the archives do, right and wrong; lightkurve and pyvo, as they are, work with it."""

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import requests
from astropy.io import fits
from lightcurves.made_fits import archive_name, write_fits, write_target
from loopback import LoopbackArchive

KIC, EPIC, TIC = 757076, 201367065, 307210830
S3 = "{http://s3.amazonaws.com/doc/2006-03-01/}"
HLSPS = {
    "K2SFF": "hlsps/k2sff/c01/201300000/67065/hlsp_k2sff_k2_lightcurve_201367065-c01_kepler_v1_llc.fits",
    "EVEREST": "hlsps/everest/v2/c01/201300000/67065/hlsp_everest_k2_llc_201367065-c01_kepler_v2.0_lc.fits",
    "TESS-SPOC": "hlsps/tess-spoc/s0030/target/0000/0003/0721/0830/"
    "hlsp_tess-spoc_tess_phot_0000000307210830-s0030_tess_v1_lc.fits",
    "QLP": "hlsps/qlp/s0060/0000/0003/0721/0830/hlsp_qlp_tess_ffi_s0060-0000000307210830_tess_v01_llc.fits",
}
FAST = archive_name("TESS", TIC, 2).replace("0120-s_lc", "0120-a_fast-lc")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A tree with stars of the three missions, two of them neighbours, and one file of every other pipeline."""
    root = tmp_path_factory.mktemp("archive")
    write_target(root, "Kepler", KIC, (1, 2, 3))
    write_target(root, "Kepler", 757099, (1,), primary={"RA_OBJ": 291.0})
    write_target(root, "K2", EPIC, (1, 91))
    write_target(root, "TESS", TIC, (1, 2))
    for author, name in HLSPS.items():
        write_fits(root / name, "K2" if author in ("K2SFF", "EVEREST") else "TESS", EPIC if "k2" in name else TIC)
    write_fits(root / FAST, "TESS", TIC, 2)
    return root


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    little = pd.DataFrame({"kepid": [3, 1, 2], "koi_period": [1.5, np.nan, 0.1 + 0.2], "name": ["a & b", None, "c'd"]})
    little.attrs["units"] = {"koi_period": "day"}
    return {"cumulative": little}


@pytest.fixture(scope="module")
def server(folder, tables):
    with LoopbackArchive(folder, tables=tables) as archive:
        yield archive


@pytest.fixture
def archive(server):
    """The server without the faults and requests of the tests before."""
    server.clear_faults()
    server.clear()
    server.set(latency_s=0.0, index=200, scripts=True)
    return server


@pytest.fixture
def web():
    with requests.Session() as session:
        session.trust_env = False
        yield session


NAME = archive_name("Kepler", KIC, 1)


def invoke(web, archive, service="Mast.Caom.Filtered", page=1, pagesize=50_000, **params):
    asked = {"service": service, "params": params, "format": "json", "pagesize": pagesize, "page": page}
    return web.post(f"{archive.url}/api/v0/invoke", data={"request": json.dumps(asked)}).json()


def filters(**values):
    return [{"paramName": name, "values": value} for name, value in values.items()]


def exchange(archive, text: str) -> bytes:
    """What comes back on a raw connection until the server closes it."""
    host, port = archive.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(text.encode())
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


class TestFiles:
    def test_a_file_comes_whole_with_its_headers(self, archive, web, folder):
        content = (folder / NAME).read_bytes()
        answer = web.get(f"{archive.url}/{NAME}")
        assert answer.content == content
        assert answer.headers["Content-Length"] == str(len(content))
        assert answer.headers["Accept-Ranges"] == "bytes"
        assert {"ETag", "Last-Modified"} <= set(answer.headers)
        head = web.head(f"{archive.url}/{NAME}")
        assert (head.content, head.headers["Content-Length"]) == (b"", str(len(content)))
        assert web.get(f"{archive.url}/pub/" + NAME.removeprefix("missions/")).content == content

    def test_large_files_come_whole(self, archive, web, folder):
        path = folder / "missions/kepler/large.fits"
        path.write_bytes(os.urandom(1_000_000))
        assert web.get(f"{archive.url}/missions/kepler/large.fits").content == path.read_bytes()
        part = web.get(f"{archive.url}/missions/kepler/large.fits", headers={"Range": "bytes=1000-900999"})
        assert part.content == path.read_bytes()[1000:901_000]
        path.unlink()

    @pytest.mark.parametrize(
        ("asked", "part"),
        [("bytes=100-", slice(100, None)), ("bytes=0-9", slice(0, 10)), ("bytes=-7", slice(-7, None))],
    )
    def test_ranges(self, archive, web, folder, asked, part):
        content = (folder / NAME).read_bytes()
        answer = web.get(f"{archive.url}/{NAME}", headers={"Range": asked})
        assert (answer.status_code, answer.content) == (206, content[part])
        start = len(content[: part.start])
        stop = start + len(answer.content) - 1
        assert answer.headers["Content-Range"] == f"bytes {start}-{stop}/{len(content)}"
        assert archive.requests()[-1].range == asked

    def test_ranges_beyond_the_end_and_of_a_changed_file(self, archive, web, folder):
        size = (folder / NAME).stat().st_size
        past = web.get(f"{archive.url}/{NAME}", headers={"Range": f"bytes={size}-"})
        assert (past.status_code, past.headers["Content-Range"]) == (416, f"bytes */{size}")
        known = web.head(f"{archive.url}/{NAME}").headers
        for tag in (known["ETag"], known["Last-Modified"]):
            same = web.get(f"{archive.url}/{NAME}", headers={"Range": "bytes=5-", "If-Range": tag})
            assert same.status_code == 206
        other = web.get(f"{archive.url}/{NAME}", headers={"Range": "bytes=5-", "If-Range": '"other"'})
        assert (other.status_code, len(other.content)) == (200, size)
        assert web.get(f"{archive.url}/{NAME}", headers={"If-None-Match": known["ETag"]}).status_code == 304

    def test_folders_are_listed_or_not(self, archive, web):
        url = f"{archive.url}/{NAME.rpartition('/')[0]}"
        page = web.get(url + "/")
        assert f'<a href="{NAME.rpartition("/")[2]}">' in page.text
        assert page.text.count(".fits") == 3
        assert "Parent Directory" in page.text
        assert '<a href="0007/">' in web.get(f"{archive.url}/missions/kepler/lightcurves/").text
        moved = web.get(url, allow_redirects=False)
        assert (moved.status_code, moved.headers["Location"].endswith("/")) == (301, True)
        archive.set(index=403)
        assert web.get(url + "/").status_code == 403

    @pytest.mark.parametrize("path", ["/missions/kepler/nothing.fits", "/missions/../../etc/passwd", "/elsewhere"])
    def test_what_is_not_there(self, archive, path):
        answer = exchange(archive, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert answer.split()[1] in (b"404", b"400")

    def test_scripts_list_the_light_curves_of_a_sector(self, archive, web):
        url = f"{archive.url}/missions/tess/download_scripts/sector/"
        assert '<a href="tesscurl_sector_2_fast-lc.sh">' in web.get(url).text
        name = archive_name("TESS", TIC, 1).rpartition("/")[2]
        where = f"https://mast.stsci.edu/api/v0.1/Download/file/?uri=mast:TESS/product/{name}"
        script = web.get(url + "tesscurl_sector_1_lc.sh").text
        assert script == f"#!/bin/sh\ncurl -C - -L -o {name} {where}\n"
        assert "a_fast-lc.fits" in web.get(url + "tesscurl_sector_2_fast-lc.sh").text
        assert web.get(url + "tesscurl_sector_3_lc.sh").status_code == 404
        archive.set(scripts=False)
        assert web.get(url).status_code == 404


class TestBucket:
    def listed(self, web, archive, **query):
        answer = web.get(f"{archive.s3_url}/", params={"list-type": "2", **query})
        return ElementTree.fromstring(answer.content)

    def test_objects_have_the_buckets_keys_and_sums(self, archive, web, folder):
        for name, key in [
            (NAME, NAME.replace("missions/kepler", "kepler/public")),
            (archive_name("K2", EPIC, 91), archive_name("K2", EPIC, 91).replace("missions/k2", "k2/public")),
            (archive_name("TESS", TIC, 2), archive_name("TESS", TIC, 2).replace("missions/tess", "tess/public")),
        ]:
            content = (folder / name).read_bytes()
            answer = web.get(f"{archive.s3_url}/{key}")
            assert answer.content == content
            assert answer.headers["ETag"] == f'"{hashlib.md5(content).hexdigest()}"'
        for key in ("kepler/public/lightcurves/0007/none.fits", HLSPS["QLP"], "kepler/public/lightcurves/0007/"):
            missing = web.get(f"{archive.s3_url}/{key}")
            assert (missing.status_code, ElementTree.fromstring(missing.content).findtext("Code")) == (404, "NoSuchKey")

    def test_folders_by_delimiter(self, archive, web):
        tree = self.listed(web, archive, prefix="kepler/public/lightcurves/0007/", delimiter="/")
        found = [one.text for one in tree.findall(f"{S3}CommonPrefixes/{S3}Prefix")]
        assert found == [f"kepler/public/lightcurves/0007/000{star}/" for star in (757076, 757099)]
        tree = self.listed(web, archive, delimiter="/")
        assert [one.text for one in tree.findall(f"{S3}CommonPrefixes/{S3}Prefix")] == ["k2/", "kepler/", "tess/"]

    def test_pages(self, tmp_path, web):
        quarter = tmp_path / "missions/kepler/lightcurves/0007"
        quarter.mkdir(parents=True)
        for number in range(2003):
            (quarter / f"{number:04d}.fits").touch()
        with LoopbackArchive(tmp_path) as archive:
            keys, sizes, token = [], [], {}
            while True:
                tree = self.listed(web, archive, prefix="kepler/public/lightcurves/0007/", **token)
                page = [one.text for one in tree.findall(f"{S3}Contents/{S3}Key")]
                sizes.append(len(page))
                keys += page
                if tree.findtext(f"{S3}IsTruncated") == "false":
                    break
                token = {"continuation-token": tree.findtext(f"{S3}NextContinuationToken")}
            assert sizes == [1000, 1000, 3]
            assert keys == [f"kepler/public/lightcurves/0007/{number:04d}.fits" for number in range(2003)]
            assert len(self.listed(web, archive, **{"max-keys": "7"}).findall(f"{S3}Contents")) == 7
            assert self.listed(web, archive, prefix="k2/").findtext(f"{S3}KeyCount") == "0"


class TestFaults:
    """What a fault looks like on the wire: status line, headers and bytes until the connection ends."""

    def get(self, archive, close=True):
        text = f"GET /{NAME} HTTP/1.1\r\nHost: x\r\n" + "Connection: close\r\n" * close + "\r\n"
        head, _, body = exchange(archive, text).partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        return lines[0].partition(" ")[2], dict(line.split(": ", 1) for line in lines[1:]), body

    def test_counts_and_skips(self, archive, web):
        archive.fault("GET .*kplr000757076", 503, count=2, skip=1)
        archive.fault("GET .*kplr000757099", 500, count=None)
        assert [web.get(f"{archive.url}/{NAME}").status_code for _ in range(4)] == [200, 503, 503, 200]
        assert {web.get(f"{archive.url}/{archive_name('Kepler', 757099, 1)}").status_code for _ in range(3)} == {500}
        assert web.head(f"{archive.url}/{archive_name('Kepler', 757099, 1)}").status_code == 200
        assert [one.fault for one in archive.requests()[:4]] == [None, "503", "503", None]

    def test_retry_after(self, archive, web):
        archive.fault("", 429, retry_after=2)
        archive.fault("", 503, retry_after=60, retry_after_date=True)
        assert web.get(f"{archive.url}/{NAME}").headers["Retry-After"] == "2"
        assert web.get(f"{archive.url}/{NAME}").headers["Retry-After"].endswith("GMT")

    @pytest.mark.parametrize(
        "kind", ["truncate", "truncate_nolength", "longer", "flip", "bad_gzip", "zero", "html", "null"]
    )
    def test_wrong_bodies(self, archive, folder, kind):
        right = (folder / NAME).read_bytes()
        archive.fault(NAME, kind)
        status, headers, body = self.get(archive)
        assert status == "200 OK"
        length = int(headers["Content-Length"]) if "Content-Length" in headers else None
        if kind.startswith("truncate"):
            assert body == right[: len(right) // 2]
            assert length == (None if kind == "truncate_nolength" else len(right))
        elif kind == "longer":
            assert length == len(right) < len(body)
        elif kind == "flip":
            assert length == len(right) == len(body)
            assert sum((a ^ b).bit_count() for a, b in zip(right, body, strict=True)) == 1
        elif kind == "bad_gzip":
            assert (headers["Content-Encoding"], body) == ("gzip", right)
        else:
            start = {"zero": b"", "html": b"<!DOCTYPE html>", "null": b"null"}[kind]
            assert (length, body[: len(start)]) == (len(body), start)
            assert headers["Content-Type"].split(";")[0] == {"zero": "application/fits", "html": "text/html"}.get(
                kind, "application/json"
            )
        assert archive.requests()[0].whole == (kind in ("flip", "zero", "html", "null"))
        assert self.get(archive)[2] == right

    def test_resets(self, archive):
        archive.fault(NAME, "reset")
        archive.fault(NAME, "reset", at=0.25)
        for _ in range(2):
            with pytest.raises(ConnectionResetError):
                self.get(archive)
        assert [(one.status, one.sent > 0) for one in archive.requests()] == [(None, False), (200, True)]

    @pytest.mark.parametrize("kind", ["hang", "hang_body"])
    def test_hanging_ends_when_the_client_leaves(self, archive, web, kind):
        archive.fault(NAME, kind)
        with pytest.raises(requests.RequestException):
            _ = web.get(f"{archive.url}/{NAME}", timeout=0.1).content
        for _ in range(100):
            if archive.requests()[0].done:
                break
            time.sleep(0.01)
        assert (archive.requests()[0].done, archive.requests()[0].whole) == (True, False)

    def test_a_drip_keeps_its_rate(self, archive, folder):
        size = (folder / NAME).stat().st_size
        archive.fault(NAME, "drip", rate=5 * size)
        began = time.monotonic()
        assert len(self.get(archive)[2]) == size
        assert 0.15 < time.monotonic() - began < 1

    def test_redirects_and_other_files(self, archive, web, folder):
        archive.fault(NAME, "redirect", url="http://elsewhere.invalid{target}")
        moved = web.get(f"{archive.url}/{NAME}", allow_redirects=False)
        assert (moved.status_code, moved.headers["Location"]) == (302, f"http://elsewhere.invalid/{NAME}")
        archive.fault(NAME, "redirect_loop", count=None)
        with pytest.raises(requests.TooManyRedirects):
            web.get(f"{archive.url}/{NAME}")
        archive.clear_faults()
        other = archive_name("Kepler", 757099, 1)
        archive.fault(NAME, "other_file", path="/" + other)
        assert web.get(f"{archive.url}/{NAME}").content == (folder / other).read_bytes()

    def test_random_faults_repeat_by_their_seed(self, archive, web):
        seen = []
        for seed in (7, 7, 8):
            archive.clear_faults()
            archive.clear()
            archive.random_faults(0.2, seed, [503, "zero"], pattern="fits")
            for _ in range(100):
                web.head(f"{archive.url}/{NAME}")
            seen.append([one.fault for one in archive.requests()])
        assert seen[0] == seen[1] != seen[2]
        assert set(seen[0]) == {None, "503", "zero"}
        assert 8 <= 100 - seen[0].count(None) <= 35

    def test_mistakes_are_told(self, archive):
        with pytest.raises(ValueError, match="no fault of kind 'sneeze'"):
            archive.fault("", "sneeze")
        with pytest.raises(ValueError, match="no setting"):
            archive.set(colour="red")


class TestServer:
    def test_log_latency_and_what_went_on_at_once(self, archive, folder):
        archive.set(latency_s=0.2)
        began = time.monotonic()
        threads = [threading.Thread(target=requests.get, args=(f"{archive.url}/{NAME}",)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert 0.2 <= time.monotonic() - began < 0.75
        assert (archive.most_at_once, archive.most_connections) == (4, 4)
        logged = archive.requests()
        assert [one.number for one in logged] == [1, 2, 3, 4]
        assert {one.line for one in logged} == {f"GET /{NAME}"}
        assert {(one.status, one.sent, one.whole) for one in logged} == {(200, (folder / NAME).stat().st_size, True)}
        assert all("python-requests" in one.user_agent for one in logged)

    def test_connections_are_kept(self, archive, web):
        for _ in range(5):
            web.get(f"{archive.url}/{NAME}")
            web.get(f"{archive.url}/missions/none")
        assert archive.most_connections == 1

    def test_stopping_lets_hanging_requests_go(self, folder):
        with LoopbackArchive(folder) as archive:
            archive.fault("", "hang", count=None)
            failed = []

            def ask() -> None:
                try:
                    requests.get(f"{archive.url}/{NAME}", timeout=30)
                except requests.ConnectionError:
                    failed.append(True)

            thread = threading.Thread(target=ask)
            thread.start()
            while not archive.most_at_once:
                time.sleep(0.005)
            began = time.monotonic()
        thread.join()
        assert time.monotonic() - began < 1
        assert failed == [True]

    def test_a_process_of_its_own_does_the_same(self, folder, tables, web):
        with LoopbackArchive(folder, tables=tables, process=True) as archive:
            archive.fault(NAME, 503)
            assert [web.get(f"{archive.url}/{NAME}").status_code for _ in range(2)] == [503, 200]
            assert [(one.status, one.fault) for one in archive.requests()] == [(503, "503"), (200, None)]
            assert (archive.most_at_once, archive.most_connections) == (1, 1)
            assert "kepid" in web.get(f"{archive.tap_url}/sync?query=select+*+from+cumulative").text
            with pytest.raises(ValueError, match="sneeze"):
                archive.fault("", "sneeze")
            archive.clear()
            assert archive.requests() == []
        with pytest.raises(requests.ConnectionError):
            web.get(archive.url)

    def test_the_process_ends_with_its_parent(self, folder):
        code = (
            "import sys, time; from pathlib import Path; from loopback import LoopbackArchive\n"
            "archive = LoopbackArchive(Path(sys.argv[1]), process=True); archive.start()\n"
            "print(archive.url, flush=True); time.sleep(60)"
        )
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
        command = [sys.executable, "-c", code, str(folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as parent:
            url = parent.stdout.readline().strip()
            assert requests.get(url).status_code == 200
            parent.send_signal(signal.SIGKILL)
        for _ in range(200):
            try:
                requests.get(url)
            except requests.ConnectionError:
                break
            time.sleep(0.01)
        else:
            pytest.fail("the server outlived its parent")

    def test_it_runs_by_itself(self, folder):
        root = Path(__file__).parent.parent
        command = [sys.executable, "-m", "tests.loopback", str(folder), "--latency", "0.01"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as alone:
            url = alone.stdout.readline().split()[-1]
            assert requests.get(f"{url}/{NAME}").status_code == 200
            alone.send_signal(signal.SIGINT)
            alone.communicate()
        assert alone.returncode == 0


class TestPortal:
    def test_every_pipeline_is_found_and_downloaded(self, archive, web, folder):
        files = {"Kepler": NAME, "K2": archive_name("K2", EPIC, 91), "SPOC": archive_name("TESS", TIC, 2), **HLSPS}
        for author, name in {**files, "fast": FAST}.items():
            chosen = filters(provenance_name=["SPOC" if author == "fast" else author])
            chosen += [
                {
                    "paramName": "t_exptime",
                    "values": [{"min": 19, "max": 21} if author == "fast" else {"min": 60, "max": 9999}],
                }
            ]
            rows = invoke(web, archive, filters=chosen)["data"]
            products = invoke(web, archive, "Mast.Caom.Products", obsid=",".join(row["obsid"] for row in rows))["data"]
            uris = {one["productFilename"]: one["dataURI"] for one in products}
            assert name.rpartition("/")[2] in uris, author
            got = web.get(f"{archive.url}/api/v0.1/Download/file/", params={"uri": uris[name.rpartition("/")[2]]})
            assert got.content == (folder / name).read_bytes()
            if author != "Kepler":
                assert uris[name.rpartition("/")[2]] in {row["dataURL"] for row in rows}
        pixels = next(one["dataURI"] for one in products if one["productFilename"].endswith("tp.fits"))
        assert web.head(f"{archive.url}/api/v0.1/Download/file?uri={pixels}").status_code == 404

    def test_rows(self, archive, web):
        rows = invoke(web, archive, filters=filters(target_name=["kplr000757076", str(TIC)]))["data"]
        seen = {
            (row["obs_collection"], row["project"], row["provenance_name"], row["sequence_number"], row["t_exptime"])
            for row in rows
        }
        assert seen == {
            ("Kepler", "Kepler", "Kepler", None, 1800.0),
            ("TESS", "TESS", "SPOC", 1, 120.0),
            ("TESS", "TESS", "SPOC", 2, 120.0),
            ("TESS", "TESS", "SPOC", 2, 20.0),
            ("HLSP", "TESS", "TESS-SPOC", 30, 600.0),
            ("HLSP", "TESS", "QLP", 60, 200.0),
        }
        assert rows[0]["obs_id"] in {"kplr000757076_lc_Q011100000000000000"} | {row["obs_id"] for row in rows}
        k2 = invoke(web, archive, filters=filters(target_name=["ktwo201367065"], provenance_name=["k2"]))["data"]
        assert [(row["obs_id"], row["sequence_number"]) for row in k2] == [
            ("ktwo201367065-c01_lc", 1),
            ("ktwo201367065-c91_lc", 9),
        ]

    def test_pages(self, archive, web):
        whole = invoke(web, archive, filters=filters(project=["TESS"]))
        pages = [invoke(web, archive, filters=filters(project=["TESS"]), page=page, pagesize=2) for page in (1, 2, 3)]
        assert [row for page in pages for row in page["data"]] == whole["data"]
        assert pages[1]["paging"] == {
            "page": 2, "pageSize": 2, "pagesFiltered": 3, "rows": 2, "rowsFiltered": 5, "rowsTotal": 5,
        }  # fmt: skip
        archive.fault("invoke", "page_missing", count=None)
        pages = [invoke(web, archive, filters=filters(project=["TESS"]), page=page, pagesize=2) for page in (1, 2, 3)]
        assert [len(page["data"]) for page in pages] == [2, 0, 0]
        assert invoke(web, archive, filters=filters(project=["JWST"]))["paging"]["pagesFiltered"] == 0

    def test_positions_and_names(self, archive, web):
        answer = web.get(
            "http://mastresolver.stsci.edu/Santa-war/query",
            params={"outputFormat": "json", "name": ["KIC 757099", "KIC 1"]},
            proxies={"http": archive.url},
        ).json()
        assert [(one["searchString"], one["ra"]) for one in answer["resolvedCoordinate"]] == [("kic 757099", 291.0)]
        rows = invoke(web, archive, "Mast.Caom.Filtered.Position", position="291.0, 44.5, 0.0002", filters=[])["data"]
        assert [(row["target_name"], row["distance"]) for row in rows] == [("kplr000757099", 0.0)]

    def test_faults(self, archive, web):
        asked = {"filters": filters(target_name=["kplr000757076", "ktwo201367065"], provenance_name=["Kepler", "K2"])}
        for kind in ("error", "executing", "empty", "neighbour"):
            archive.fault('"service": "Mast.Caom.Filtered"', kind)
        answers = [invoke(web, archive, **asked) for _ in range(5)]
        assert [one["status"] for one in answers] == ["ERROR", "EXECUTING", "COMPLETE", "COMPLETE", "COMPLETE"]
        names = [sorted({row["target_name"] for row in one["data"]}) for one in answers]
        assert names[2:] == [[], ["kplr000757099", "ktwo201367065"], ["kplr000757076", "ktwo201367065"]]
        archive.fault("invoke", "neighbour")
        made_up = invoke(web, archive, filters=filters(target_name=[str(TIC)], provenance_name=["QLP"]))["data"]
        assert [row["target_name"] for row in made_up] == [str(TIC + 1)]
        archive.fault("Position", "neighbour")
        near = invoke(web, archive, "Mast.Caom.Filtered.Position", position="291.0, 44.5, 1e-8", filters=[])["data"]
        assert "kplr000757099" not in {row["target_name"] for row in near} != set()
        assert invoke(web, archive, "Mast.Jwst.Filtered")["status"] == "ERROR"
        assert invoke(web, archive, filters=filters(nothing=["1"]))["status"] == "ERROR"


class TestTap:
    def test_pyvo(self, archive, tables):
        pyvo = pytest.importorskip("pyvo")
        service = pyvo.dal.TAPService(archive.tap_url)
        every = service.search("select * from cumulative").to_table()
        assert every.colnames == ["kepid", "koi_period", "name"]
        assert str(every["koi_period"].unit) == "day"
        assert every["koi_period"].filled(np.nan).tolist() == pytest.approx(
            [1.5, np.nan, 0.1 + 0.2], nan_ok=True, abs=0
        )
        assert [name or "" for name in every["name"].tolist()] == ["a & b", "", "c'd"]
        some = service.run_async("select kepid from cumulative where kepid >= 2 order by kepid desc")
        assert some["kepid"].tolist() == [3, 2]
        named = service.search("select count(*) from cumulative where name = 'c''d' and koi_period is not null")
        assert named["count"].tolist() == [1]
        assert list(service.tables.keys()) == ["cumulative"]
        for wrong in ("select foo from cumulative", "select * from nothing", "delete from cumulative"):
            with pytest.raises(pyvo.dal.DALQueryError, match="ORA-"):
                service.search(wrong)
        cut = service.search("select * from cumulative", maxrec=2)
        assert (len(cut), cut.query_status) == (2, "OVERFLOW")

    def test_files_of_the_exoplanet_archive(self, real_data, web):
        path = sorted((real_data / "catalogs/kepler").glob("cumulative_*.csv"))[0]
        with LoopbackArchive(path.parent, tables={"cumulative": path}) as archive:
            query = "select top 3 kepid, koi_period from cumulative where koi_disposition = 'CONFIRMED'"
            got = web.get(f"{archive.tap_url}/sync", params={"query": query})
            csv = web.get(f"{archive.tap_url}/sync", params={"query": query, "format": "csv"}).text
        assert 'name="koi_period" datatype="double" unit="day"' in got.text
        assert len(csv.splitlines()) == 4


LIGHTKURVE = """
import json, sys, warnings
warnings.simplefilter("ignore")
import lightkurve
for name, author in json.loads(sys.argv[2]):
    found = lightkurve.search_lightcurve(name, author=author)
    curves = found.download_all(download_dir=sys.argv[1]) or []
    flux = [
        [[int(curve.cadenceno[n]), float(curve.pdcsap_flux.value[n])] for n in range(0, len(curve), 10)]
        for curve in curves
    ]
    names = sorted({str(name) for name in found.target_name}) if len(found) else []
    print(json.dumps([names, [type(curve).__name__ for curve in curves], flux]))
"""


def run_lightkurve(archive, home: Path, asked: list[tuple[str, str]]) -> list:
    """What lightkurve, told of the server by astroquery's configuration and a proxy alone, finds and downloads."""
    (home / "astroquery.cfg").write_text(f"[mast]\nserver = {archive.url}\n")
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    environment |= {"ASTROPY_CONFIG_DIR": str(home), "HOME": str(home)}
    environment |= {"HTTP_PROXY": archive.url, "NO_PROXY": "127.0.0.1"}
    command = [sys.executable, "-c", LIGHTKURVE, str(home / "downloads"), json.dumps(asked)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[[")]


def assert_right_flux(folder: Path, names: list[str], seen: list[list[list[float]]]) -> None:
    """Every pair of cadence and flux is one of the file's, in the order of the segments."""
    assert len(seen) == len(names)
    for name, pairs in zip(names, seen, strict=True):
        table = fits.getdata(folder / name)
        right = dict(zip(table["CADENCENO"].tolist(), table["PDCSAP_FLUX"].tolist(), strict=True))
        assert len(pairs) > 3
        np.testing.assert_array_equal([flux for _, flux in pairs], [right[cadence] for cadence, _ in pairs])


@pytest.fixture(scope="module")
def clean_folder(tmp_path_factory) -> Path:
    """Files as lightkurve reads them: its readers look at CREATOR, and its default mask leaves no flagged cadence."""
    root = tmp_path_factory.mktemp("lightkurve")
    for mission, number, segments, creator, column in [
        ("Kepler", KIC, (1, 2, 3), "1169100 FluxExporter2PipelineModule", "SAP_QUALITY"),
        ("K2", EPIC, (1,), "1169100 FluxExporter2PipelineModule", "SAP_QUALITY"),
        ("TESS", TIC, (1, 2), "1 LightCurveExporterPipelineModule", "QUALITY"),
    ]:
        changes = {"primary": {"CREATOR": creator, "ORIGIN": "NASA/Ames"}, "columns": {column: np.zeros(60, "i4")}}
        write_target(root, mission, number, segments, **changes)
    return root


def test_lightkurve_as_it_is_searches_and_downloads(clean_folder, tmp_path):
    pytest.importorskip("lightkurve")
    asked = [
        (f"KIC {KIC}", "Kepler"),
        (f"EPIC {EPIC}", "K2"),
        (f"TIC {TIC}", "SPOC"),
        (f"KIC {KIC}", "QLP"),
        ("KIC 1", "Kepler"),
    ]
    with LoopbackArchive(clean_folder) as archive:
        answers = run_lightkurve(archive, tmp_path, asked)
        logged = archive.requests()
    expected = [("Kepler", KIC, (1, 2, 3)), ("K2", EPIC, (1,)), ("TESS", TIC, (1, 2))]
    for (names, kinds, flux), (mission, number, segments) in zip(answers, expected, strict=False):
        paths = [archive_name(mission, number, segment) for segment in segments]
        assert_right_flux(clean_folder, paths, flux)
        assert set(kinds) == {"TessLightCurve" if mission == "TESS" else "KeplerLightCurve"}
        assert [int(name.lstrip("kplrtwo")) for name in names] == [number]
    assert answers[3:] == [[[], [], []], [[], [], []]]
    paths = [one.path for one in logged]
    assert paths.count("/Santa-war/query") == 2
    assert sum(one.method == "HEAD" for one in logged) == paths.count("/api/v0.1/Download/file") / 2 == 6


def test_lightkurve_reads_the_real_archive(real_data, tmp_path):
    pytest.importorskip("lightkurve")
    folder = real_data / "archive"
    names = sorted(path.relative_to(folder).as_posix() for path in folder.glob("missions/kepler/lightcurves/0114/*/*"))
    k2 = [path.relative_to(folder).as_posix() for path in folder.glob("missions/k2/lightcurves/*/*/*/*206103150*")]
    with LoopbackArchive(folder) as archive:
        kepler, other = run_lightkurve(archive, tmp_path, [("KIC 11442793", "Kepler"), ("EPIC 206103150", "K2")])
    assert (len(names), len(k2)) == (3, 1)
    assert_right_flux(folder, names, kepler[2])
    assert_right_flux(folder, k2, other[2])
