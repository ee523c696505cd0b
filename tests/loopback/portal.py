"""MAST's portal: columns, searches with their pages, the download service and the name resolver."""

import json
import math
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from . import caom
from .answers import Answer, Request, file_answer, text
from .files import inside

INVOKE, COLUMNS = "/api/v0/invoke", "/portal/Mashup/Mashup.asmx/columnsconfig"
DOWNLOAD, RESOLVER = "/api/v0.1/Download/file", "/Santa-war/query"
# The columns and their types in the portal's words.
OBSERVATION = {
    "intentType": "string", "obs_collection": "string", "provenance_name": "string", "instrument_name": "string",
    "project": "string", "filters": "string", "wavelength_region": "string", "target_name": "string",
    "obs_id": "string", "s_ra": "float", "s_dec": "float", "dataproduct_type": "string", "calib_level": "int",
    "t_min": "float", "t_max": "float", "t_exptime": "float", "sequence_number": "int", "dataURL": "string",
    "dataRights": "string", "mtFlag": "boolean", "srcDen": "float", "obsid": "string", "objID": "string",
}  # fmt: skip
PRODUCT = {
    "obsID": "string", "obs_collection": "string", "dataproduct_type": "string", "obs_id": "string",
    "description": "string", "type": "string", "dataURI": "string", "productType": "string",
    "productGroupDescription": "string", "productSubGroupDescription": "string", "productDocumentationURL": "string",
    "project": "string", "prvversion": "string", "proposal_id": "string", "productFilename": "string", "size": "int",
    "parent_obsid": "string", "dataRights": "string", "calib_level": "int",
}  # fmt: skip
VOTABLE = {"string": "char", "float": "double", "int": "int", "boolean": "boolean"}
ARCSEC_PER_DEG = 3600.0


class QueryError(Exception):
    """A request that the portal answers with status ERROR."""


class Portal:
    """The portal over one folder tree."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._targets: dict[str, str] = {}  # by obsid, of the answers so far: products come after a search

    def answer(self, request: Request) -> Answer:
        """Answer for the paths of the portal, the download service and the resolver."""
        path = request.path.rstrip("/")
        if path == COLUMNS:
            return _json(columns(request.parameter("colConfigId")), request)
        if path == INVOKE:
            return self._invoke(request)
        if path == DOWNLOAD:
            return self._download(request)
        if path == RESOLVER:
            return self._resolve(request)
        return text("<h1>404 Not Found</h1>", 404)

    def _download(self, request: Request) -> Answer:
        uri = request.parameter("uri")
        name = re.sub(r"(?i)^mast:(kepler|k2|hlsp)/url/", "", uri)
        name = re.sub(r"(?i)^mast:hlsp/", "hlsps/", name)
        product = re.fullmatch(r"(?i)mast:tess/product/(tess\d{13}-s(\d{4})-(\d{16})-\d{4}-[as]_[\w.-]+)", uri)
        if product:
            file, sector, digits = product.groups()
            groups = "/".join(re.findall("....", digits))
            name = f"missions/tess/tid/s{sector}/{groups}/{file}"
        path = inside(self.folder, name) if not name.startswith("mast:") else None
        if path is None or not path.is_file():
            return text(f"No such file: {uri}", 404, "text/plain")
        return file_answer(path, request, Content_Disposition=f"attachment; filename={path.name}")

    def _resolve(self, request: Request) -> Answer:
        found = []
        for name in request.parameters().get("name", []):
            match = re.fullmatch(r"(kic|kplr|epic|ktwo|tic)\s*0*(\d+)", name.strip().lower())
            if not match:
                continue
            kind = {"k": "Kepler", "e": "K2", "t": "TESS"}[match[1][0] if match[1] != "ktwo" else "e"]
            files = (file for file in caom.scan(self.folder) if file.mission == kind and file.number == int(match[2]))
            file = next(files, None)
            if file:
                header = caom.primary_header(file.path)
                resolver = {"Kepler": "KEPLER", "K2": "K2", "TESS": "TIC"}[kind]
                row = {"searchString": name.lower(), "resolver": resolver, "cached": False, "resolverTime": 1}
                row |= {"ra": header.get("RA_OBJ"), "decl": header.get("DEC_OBJ"), "objectType": "star"}
                found.append({**row, "canonicalName": name, "searchRadius": -1.0})
        return _json({"resolvedCoordinate": found, "status": ""}, request)

    def _invoke(self, request: Request) -> Answer:
        try:
            asked = json.loads(request.parameter("request"))
            size, page = int(asked.get("pagesize", 1000)), int(asked.get("page", 1))
            fields, rows = self._rows(asked.get("service"), asked.get("params", {}), request.fault)
        except (QueryError, ValueError, KeyError, TypeError, AttributeError) as error:
            return _json({"status": "ERROR", "msg": f"{error}", "data": [], "fields": []}, request)
        if request.fault == "error":
            message = "Timeout expired: the connection pool is exhausted"
            return _json({"status": "ERROR", "msg": message, "data": [], "fields": []}, request)
        if request.fault == "executing":
            return _json({"status": "EXECUTING", "msg": "", "data": [], "fields": []}, request)
        rows = [] if request.fault == "empty" else rows
        shown = rows[(page - 1) * size : page * size] if request.fault != "page_missing" else []
        paging = {
            "page": page,
            "pageSize": size,
            "pagesFiltered": math.ceil(len(rows) / size),
            "rows": len(shown),
            "rowsFiltered": len(rows),
            "rowsTotal": len(rows),
        }
        named = [{"name": name, "type": kind} for name, kind in fields.items()]
        return _json({"status": "COMPLETE", "msg": "", "data": shown, "fields": named, "paging": paging}, request)

    def _rows(self, service: str, params: dict[str, Any], fault: str | None) -> tuple[dict[str, str], list[dict]]:
        if service == "Mast.Caom.Products":
            wanted = set(str(params["obsid"]).split(","))
            near = {self._targets.get(obsid) for obsid in wanted}
            every = caom.observations([file for file in caom.scan(self.folder) if None in near or file.target in near])
            rows = [row for one in every if one.row["obsid"] in wanted for row in caom.products(one)]
            return PRODUCT, rows
        if service not in ("Mast.Caom.Filtered", "Mast.Caom.Filtered.Position"):
            raise QueryError(f"service {service} is not imitated")
        filters = params.get("filters", [])
        # Names tell targets without a look at the files, which matters for trees of thousands.
        targets = next((chosen["values"] for chosen in filters if chosen["paramName"] == "target_name"), None)
        files = list(caom.scan(self.folder))
        rows = self._filtered([file for file in files if targets is None or file.target in targets], filters)
        fields = OBSERVATION
        if service.endswith("Position"):
            ra, dec, radius = (float(part) for part in params["position"].split(","))
            for row in rows:
                row["distance"] = separation_deg(ra, dec, row["s_ra"], row["s_dec"]) * ARCSEC_PER_DEG
            near = [row for row in rows if row["distance"] <= radius * ARCSEC_PER_DEG + 1e-3]
            if fault == "neighbour":
                near = [{**row, "distance": 0.0} for row in rows if row not in near]
            rows, fields = near, {**OBSERVATION, "distance": "float"}
        elif fault == "neighbour":
            rows = self._neighbour(rows, files, targets or [], filters)
        return fields, rows

    def _neighbour(
        self, rows: list[dict], files: list[caom.Found], targets: list[str], filters: list[dict]
    ) -> list[dict]:
        """The rows with another star's in the place of the first target's: one of the tree's, else one made up."""
        lost = targets[0] if targets else rows[0]["target_name"]
        others = [chosen for chosen in filters if chosen["paramName"] != "target_name"]
        known = self._filtered([file for file in files if file.target not in (targets or [lost])], others)
        strange = [row for row in known if row["target_name"] == known[0]["target_name"]]
        if not strange:
            digits = re.sub(r"\D", "", lost)
            other = f"{int(digits) + 1:0{len(digits)}d}"
            renamed = ("target_name", "obs_id", "dataURL")
            lost_rows = (row for row in rows if row["target_name"] == lost)
            strange = [{**row, **{key: row[key].replace(digits, other) for key in renamed}} for row in lost_rows]
        return strange + [row for row in rows if row["target_name"] != lost]

    def _filtered(self, files: list[caom.Found], filters: list[dict[str, Any]]) -> list[dict[str, Any]]:
        rows = [observation.row for observation in caom.observations(files)]
        for chosen in filters:
            if chosen["paramName"] not in OBSERVATION:
                raise QueryError(f"Invalid column name '{chosen['paramName']}'.")
            rows = [row for row in rows if passes(row[chosen["paramName"]], chosen)]
        self._targets.update((row["obsid"], row["target_name"]) for row in rows)
        return rows


def passes(value: Any, chosen: dict[str, Any]) -> bool:
    """Whether a value passes a filter: one of some words (without regard to case), a range, or a pattern with %."""
    if value is None:
        return False
    if chosen.get("freeText") and fnmatchcase(str(value).lower(), chosen["freeText"].lower().replace("%", "*")):
        return True
    for allowed in chosen.get("values", []):
        if isinstance(allowed, dict):
            if float(allowed["min"]) <= float(value) <= float(allowed["max"]):
                return True
        elif str(value).lower() == str(allowed).lower():
            return True
    return False


def separation_deg(ra: float, dec: float, other_ra: float, other_dec: float) -> float:
    """Angle between two positions, all in degrees (haversine)."""
    ra, dec, other_ra, other_dec = map(math.radians, (ra, dec, other_ra, other_dec))
    half = math.sin((dec - other_dec) / 2) ** 2
    half += math.cos(dec) * math.cos(other_dec) * math.sin((ra - other_ra) / 2) ** 2
    return math.degrees(2 * math.asin(math.sqrt(half)))


def columns(name: str) -> dict[str, Any]:
    """The configuration of columns that a client asks for before it searches."""
    fields = PRODUCT if name == "Mast.Caom.Products" else {**OBSERVATION, "distance": "float"}
    return {field: {"text": field, "vot.datatype": VOTABLE[kind]} for field, kind in fields.items()}


def _json(value: Any, request: Request) -> Answer:
    return text(json.dumps(value), kind="text/plain; charset=utf-8" if request.path == INVOKE else "application/json")
