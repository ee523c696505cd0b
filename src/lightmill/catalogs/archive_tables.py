"""Whole tables of the NASA Exoplanet Archive, asked for by TAP and written as the CSV that the Archive itself offers.

The service and its tables: exoplanetarchive.ipac.caltech.edu/docs/TAP/usingTAP.html. An answer counts only if it is a
whole VOTable with the status OK and as many rows as the service counts: a table cut short would pass for news that
planets have been withdrawn.
"""

import csv
import io
import re
import warnings
from collections.abc import Sequence
from typing import Any

import astropy.io.votable
import numpy as np
import requests
from pyvo.dal import DALFormatError, DALQueryError
from pyvo.dal.tap import TAPQuery, TAPResults

from lightmill.config.network import NetworkSettings
from lightmill.errors import CatalogError
from lightmill.network.errors import NetworkError, TransientError
from lightmill.network.session import patient_session

# Numbers of rows in the answer that made them, not in the table.
_RUNNING_NUMBERS = frozenset({"rowid", "loc_rowid"})
_WORKING = 10
_VOTABLE_STARTS = re.compile(rb"<(?:\w+:)?VOTABLE\b", re.IGNORECASE)
_ELSEWHERE = re.compile(rb"<(?:\w+:)?(?:STREAM\b[^>]*\bhref\b|FITS\b)", re.IGNORECASE)
_VOTABLE_ENDS = re.compile(rb"</(?:\w+:)?VOTABLE\s*>\s*\Z", re.IGNORECASE)


def fetch_table(table: str, keys: Sequence[str], settings: NetworkSettings) -> str:
    """The table `table` with all its columns, as CSV with the Archive's `# COLUMN` lines, sorted by its `keys`.

    Depends on the table's content alone: there is no date in it, and neither the order of the service's rows nor its
    running numbers play a part. Raises CatalogError or NetworkError, naming the service, unless the whole table came.
    """
    # A database is silent while it works on a whole table.
    longer = settings.model_copy(update={"read_timeout_s": _WORKING * settings.read_timeout_s})
    with patient_session(longer, check=_check_whole) as session:
        try:
            # A row that arrives between the two questions is told by asking once more.
            for _ in range(2):
                expected = _count(table, settings.tap_url, session)
                # Without a limit of our own a service may apply a lower one than it has to.
                result = _ask(f"select * from {table}", settings.tap_url, session, max_rows=expected + 1)
                if len(result) == expected:
                    return _as_csv(table, keys, result)
        except NetworkError as error:
            raise type(error)(
                f"{str(error).rstrip('.;')}; expected the table {table} of the NASA Exoplanet Archive by TAP from "
                f"{settings.tap_url}: check network.tap_url, or try again later"
            ) from None
    raise CatalogError(
        f"{settings.tap_url}: {len(result):,} rows of the table {table}, expected the {expected:,} that the service "
        "counts; not kept: try again later"
    )


def _count(table: str, tap_url: str, session: requests.Session) -> int:
    result = _ask(f"select count(*) from {table}", tap_url, session)
    try:
        ((count,),) = result.resultstable.array.tolist()
        return int(count)
    except (TypeError, ValueError):
        raise CatalogError(f"{tap_url}: no number of rows of the table {table}; is this a TAP service?") from None


def _ask(query: str, tap_url: str, session: requests.Session, max_rows: int | None = None) -> TAPResults:
    request = TAPQuery(tap_url, query, maxrec=max_rows, session=session)
    body = request.submit().content
    with warnings.catch_warnings():
        # The Archive's units are not the standard's (`days`), which matters to nobody here.
        warnings.simplefilter("ignore")
        try:
            result = TAPResults(astropy.io.votable.parse(io.BytesIO(body)), url=request.queryurl, session=session)
        except DALQueryError as error:
            raise CatalogError(
                f"{request.queryurl}: the service cannot answer {query!r}: {_one_line(error)}; check that it has this "
                "table (network.tap_url), or try again later"
            ) from None
        except (DALFormatError, ValueError, IndexError, LookupError, astropy.io.votable.exceptions.VOWarning) as error:
            raise CatalogError(
                f"{request.queryurl}: an answer to {query!r} that is no VOTable with a table in it "
                f"({_one_line(error)}); check network.tap_url"
            ) from None
    statuses = [str(info.value).upper() for info in _infos(result) if str(info.name).upper() == "QUERY_STATUS"]
    if "OVERFLOW" in statuses:
        raise CatalogError(
            f"{request.queryurl}: the service limits its answer to {query!r}; a table cut short is not kept: use a "
            "service that gives whole tables (network.tap_url)"
        )
    if "ERROR" in statuses:
        raise CatalogError(f"{request.queryurl}: the service broke off its answer to {query!r}; try again later")
    return result


def _infos(result: TAPResults) -> list[Any]:
    """What an answer says of itself, before its table, in it and after it: a late error counts as well."""
    resources = result.votable.resources
    tables = [table for resource in resources for table in resource.tables]
    return [info for holder in (result.votable, *resources, *tables) for info in holder.infos]


def _check_whole(response: requests.Response) -> None:
    """Raise TransientError unless an answer is a VOTable from its start to its end."""
    body = response.content
    if not body.strip():
        fault = "an empty answer"
    elif not _VOTABLE_STARTS.search(body[:4096]):
        fault = "a web page" if b"<html" in body[:4096].lower() else f"{body[:60]!r}"
    elif _ELSEWHERE.search(body):
        fault = "a VOTable whose rows are elsewhere (STREAM with href, or FITS), which nobody follows"
    elif not _VOTABLE_ENDS.search(body[-200:]):
        fault = f"a VOTable cut short after {len(body):,} bytes"
    else:
        return
    raise TransientError(f"{response.url}: {fault}, expected a whole VOTable")


def _as_csv(table: str, keys: Sequence[str], result: TAPResults) -> str:
    fields = result.resultstable.fields
    array = result.resultstable.array
    names = [str(field.name) for field in fields]
    missing = [key for key in keys if key not in names]
    if missing:
        raise CatalogError(f"{result.queryurl}: the table {table} has no column {', '.join(missing)}; not kept")
    columns = {
        name: _texts(array[place])
        for name, place in zip(names, array.dtype.names, strict=True)
        if name not in _RUNNING_NUMBERS
    }
    rows = sorted(zip(*columns.values(), strict=True), key=_order([list(columns).index(key) for key in keys]))
    text = io.StringIO()
    text.write(f"# Table {table} of the NASA Exoplanet Archive, all columns, fetched by TAP.\n")
    text.write("# https://exoplanetarchive.ipac.caltech.edu\n#\n")
    for field in fields:
        if field.name in columns:
            unit = f" [{_one_line(field.unit)}]" if field.unit is not None else ""
            text.write(f"# COLUMN {field.name}: {_one_line(field.description or field.name)}{unit}\n")
    text.write("#\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def _order(places: Sequence[int]) -> Any:
    """A sorting key for rows of text: by the cells at `places`, numbers by value, and then by all cells."""

    def key(row: Sequence[str]) -> tuple[Any, ...]:
        return (*(_by_value(row[place]) for place in places), tuple(row))

    return key


def _by_value(cell: str) -> tuple[float, str]:
    try:
        return float(cell), ""
    except ValueError:
        return float("inf"), cell


def _texts(column: Any) -> list[str]:
    """The cells of one column as text: numbers with all their digits, whole ones without a point, '' where missing."""
    values = np.ma.getdata(column)
    # Of a cell that is an array each element has a mask.
    missing: Any = np.ma.getmaskarray(column).reshape(len(values), -1).all(axis=1)
    return ["" if gone else _text(value) for value, gone in zip(values, missing, strict=True)]


def _text(value: Any) -> str:
    if isinstance(value, np.floating):
        if np.isnan(value):
            return ""
        return str(int(value)) if value == np.rint(value) and abs(value) < 2**53 else str(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, np.ndarray):
        return " ".join(map(_text, value.ravel()))
    return "" if value is None else str(value)


def _one_line(what: object) -> str:
    return " ".join(str(what).split())[:500]
