"""A TAP service as the NASA Exoplanet Archive's: sync and async queries of whole tables."""

import itertools
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

import pandas as pd

from .answers import Answer, Request, text
from .tables import AdqlError, Column, TapTable, document, load, select, votable

VOTABLE = "application/x-votable+xml"
UWS = 'xmlns="http://www.ivoa.net/xml/UWS/v1.0" xmlns:xlink="http://www.w3.org/1999/xlink"'
CAPABILITY = (
    '<capability standardID="{standard}"{kind}><interface xsi:type="vs:ParamHTTP" role="std"><accessURL use="{use}">'
    "{url}</accessURL></interface>{more}</capability>"
)


@dataclass
class Job:
    """An asynchronous query; it is seen executing once, then done."""

    request: Request
    phase: str = "PENDING"
    looks: int = 0


class Tap:
    """The service over some tables (by name: DataFrames, or paths of CSV files, which are read when asked for)."""

    def __init__(self, tables: Mapping[str, Any]) -> None:
        self._sources = {name.lower(): source for name, source in tables.items()}
        self._loaded: dict[str, TapTable] = {}
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._numbers = itertools.count(1)

    def answer(self, request: Request) -> Answer:
        """Answer for a path under /TAP."""
        path = request.path.removeprefix("/TAP").strip("/")
        base = f"http://{request.headers.get('Host', '127.0.0.1')}/TAP"
        if path == "sync":
            return self._query(request)
        if path == "async" or path.startswith("async/"):
            return self._async(request, path.split("/")[1:], base)
        if path == "capabilities":
            return text(capabilities(base), kind="text/xml")
        if path == "availability":
            namespace = 'xmlns="http://www.ivoa.net/xml/VOSIAvailability/v1.0"'
            return text(f"<availability {namespace}><available>true</available></availability>", kind="text/xml")
        if path == "tables":
            return text(self._vosi_tables(), kind="text/xml")
        return error("no such resource", 404)

    def find(self, name: str) -> TapTable:
        """A table by its name; TAP_SCHEMA's are made of the others."""
        name = name.lower()
        with self._lock:
            if name in self._sources and name not in self._loaded:
                self._loaded[name] = load(self._sources[name])
        if name in self._loaded:
            return self._loaded[name]
        if name == "tap_schema.tables":
            rows = [{"schema_name": "dbo", "table_name": known, "table_type": "table"} for known in self._sources]
            return TapTable(pd.DataFrame(rows))
        if name == "tap_schema.columns":
            rows = [
                {
                    "table_name": known,
                    "column_name": column,
                    "unit": (told := self.find(known).columns.get(column, Column())).unit,
                    "description": told.description,
                }
                for known in self._sources
                for column in self.find(known).frame.columns
            ]
            return TapTable(pd.DataFrame(rows, columns=["table_name", "column_name", "unit", "description"]))
        raise AdqlError(f"ORA-00942: table or view does not exist: {name}")

    def _query(self, request: Request) -> Answer:
        if request.parameter("request", "doQuery").lower() != "doquery":
            return error("only REQUEST=doQuery is understood")
        try:
            table = select(request.parameter("query"), self.find)
        except AdqlError as wrong:
            return error(str(wrong))
        most = request.parameter("maxrec")
        overflow = most.isdecimal() and len(table.frame) > int(most)
        if overflow:
            table = TapTable(table.frame.head(int(most)), table.columns)
        wanted = request.parameter("format") or request.parameter("responseformat") or "votable"
        if "csv" in wanted:
            return text(table.frame.to_csv(index=False), kind="text/csv;charset=UTF-8")
        if "votable" not in wanted:
            return error(f"format {wanted} is not imitated")
        return text(votable(table, overflow), kind=VOTABLE)

    def _async(self, request: Request, parts: list[str], base: str) -> Answer:
        if not parts:
            if request.method != "POST":
                return text(f"<jobs {UWS}/>", kind="text/xml")
            name = f"job{next(self._numbers)}"
            started = request.parameter("phase").upper() == "RUN"
            self._jobs[name] = Job(request, "EXECUTING" if started else "PENDING")
            return text("", 303, Location=f"{base}/async/{name}")
        name, rest = parts[0], "/".join(parts[1:])
        job = self._jobs.get(name)
        if job is None:
            return error("no such job", 404)
        if request.method == "DELETE" or request.parameter("action").upper() == "DELETE":
            del self._jobs[name]
            return text("", 303, Location=f"{base}/async")
        if request.method == "POST":
            if rest == "phase":
                job.phase = "EXECUTING" if request.parameter("phase").upper() == "RUN" else "ABORTED"
            return text("", 303, Location=f"{base}/async/{name}")
        if rest in ("", "phase") and job.phase == "EXECUTING":
            job.looks += 1
            if job.looks > 1:
                job.phase = "COMPLETED" if self._query(job.request).status == 200 else "ERROR"
        if rest == "phase":
            return text(job.phase, kind="text/plain")
        if rest in ("results/result", "error"):
            return self._query(job.request)
        result = f'<uws:result id="result" xlink:href="{base}/async/{name}/results/result"/>'
        return text(
            f'<?xml version="1.0"?><uws:job {UWS.replace("xmlns=", "xmlns:uws=")} version="1.1"><uws:jobId>{name}'
            f"</uws:jobId><uws:phase>{job.phase}</uws:phase><uws:executionDuration>3600</uws:executionDuration>"
            f'<uws:parameters><uws:parameter id="query">{escape(job.request.parameter("query"))}</uws:parameter>'
            f"</uws:parameters><uws:results>{result if job.phase == 'COMPLETED' else ''}</uws:results></uws:job>",
            kind="text/xml",
        )

    def _vosi_tables(self) -> str:
        tables = "".join(
            f"<table><name>{escape(name)}</name>"
            + "".join(f"<column><name>{escape(str(column))}</name></column>" for column in self.find(name).frame)
            + "</table>"
            for name in self._sources
        )
        namespaces = 'xmlns:vosi="http://www.ivoa.net/xml/VOSITables/v1.0"'
        return f"<vosi:tableset {namespaces}><schema><name>dbo</name>{tables}</schema></vosi:tableset>"


def error(message: str, status: int = 400) -> Answer:
    """TAP's error document."""
    return text(document(f'<INFO name="QUERY_STATUS" value="ERROR">{escape(message)}</INFO>\n'), status, VOTABLE)


def capabilities(base: str) -> str:
    """The resources of the service, as a client looks them up."""
    language = "<language><name>ADQL</name><version ivo-id='ivo://ivoa.net/std/ADQL#v2.0'>2.0</version></language>"
    output = "<outputFormat><mime>application/x-votable+xml</mime><alias>votable</alias></outputFormat>"
    vosi = "ivo://ivoa.net/std/VOSI#"
    parts = [
        CAPABILITY.format(
            standard="ivo://ivoa.net/std/TAP", kind=' xsi:type="tr:TableAccess"', use="base", url=base,
            more=language + output,
        ),
        *(
            CAPABILITY.format(standard=vosi + name, kind="", use="full", url=f"{base}/{name}", more="")
            for name in ("capabilities", "availability", "tables")
        ),
    ]  # fmt: skip
    return (
        '<?xml version="1.0"?><vosi:capabilities xmlns:vosi="http://www.ivoa.net/xml/VOSICapabilities/v1.0" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:vs="http://www.ivoa.net/xml/VODataService/v1.1" '
        f'xmlns:tr="http://www.ivoa.net/xml/TAPRegExt/v1.0">{"".join(parts)}</vosi:capabilities>'
    )
