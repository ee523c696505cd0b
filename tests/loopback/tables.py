"""Tables of the TAP service: where they come from, the little ADQL that is understood, and VOTable."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import pandas as pd

# Digits that are names: as numbers they would lose their zeros.
TEXT_COLUMNS = {"koi_quarters": str, "toi": str}
UNITS = {
    "days": "day",
    "hrs": "hr",
    "hours": "hr",
    "Earth radii": "Rearth",
    "Solar radii": "Rsun",
    "decimal degrees": "deg",
}


@dataclass
class Column:
    """What is told of a column beside its values."""

    unit: str = ""
    description: str = ""


@dataclass
class TapTable:
    """One table with its columns' units and descriptions."""

    frame: pd.DataFrame
    columns: dict[str, Column] = field(default_factory=dict)


class AdqlError(ValueError):
    """A query that is wrong or not understood."""


def load(source: Any) -> TapTable:
    """A table from a DataFrame (units by column in `attrs["units"]`) or an Exoplanet Archive CSV file."""
    if isinstance(source, pd.DataFrame):
        return TapTable(source, {name: Column(unit) for name, unit in source.attrs.get("units", {}).items()})
    columns, skipped = {}, 0
    with Path(source).open(encoding="utf-8") as file:
        for line in file:
            if not line.startswith("#"):
                break
            skipped += 1
            match = re.match(r"# COLUMN (\w+):\s*(.*?)(?:\s*\[([^\]]+)\])?\s*$", line)
            if match:
                columns[match[1]] = Column(UNITS.get(match[3] or "", match[3] or ""), match[2])
    frame = pd.read_csv(source, skiprows=skipped, low_memory=False, dtype=TEXT_COLUMNS)
    return TapTable(frame, columns)


QUERY = re.compile(
    r"\s*select\s+(?:top\s+(?P<top>\d+)\s+)?(?P<columns>.+?)\s+from\s+(?P<table>[\w.]+)"
    r"(?:\s+where\s+(?P<where>.+?))?(?:\s+order\s+by\s+(?P<order>[\w\s,.]+?))?\s*;?\s*",
    re.IGNORECASE | re.DOTALL,
)
LITERAL = r"'(?:[^']|'')*'|[-+]?[\d.]+(?:[eE][-+]?\d+)?"
CONDITION = re.compile(
    rf"\s*(?P<column>\w+)\s*(?:(?P<sign><>|!=|<=|>=|=|<|>)\s*(?P<value>{LITERAL})|is\s+(?P<not>not\s+)?(?P<null>null)"
    rf"|in\s*\((?P<list>(?:{LITERAL}|\s|,)+)\)|like\s+(?P<like>'(?:[^']|'')*'))\s*(?P<more>and\b|$)",
    re.IGNORECASE,
)
SIGNS: dict[str, Callable[[pd.Series, Any], pd.Series]] = {
    "=": pd.Series.eq,
    "<>": pd.Series.ne,
    "!=": pd.Series.ne,
    "<": pd.Series.lt,
    "<=": pd.Series.le,
    ">": pd.Series.gt,
    ">=": pd.Series.ge,
}


def select(query: str, find: Callable[[str], TapTable]) -> TapTable:
    """The answer to `select [top n] columns|*|count(*) from table [where ... and ...] [order by ...]`."""
    match = QUERY.fullmatch(query)
    if not match:
        raise AdqlError(f"ORA-00900: this query is not understood: {query}")
    table = find(match["table"])
    frame = table.frame
    known = {name.lower(): name for name in frame.columns}

    def column(name: str) -> str:
        if name.lower() not in known:
            raise AdqlError(f'ORA-00904: "{name.upper()}": invalid identifier')
        return known[name.lower()]

    if match["where"]:
        frame = frame[_where(match["where"], frame, column)]
    if match["order"]:
        words = [part.split() for part in match["order"].split(",")]
        names = [column(word[0]) for word in words]
        rising = [len(word) < 2 or word[1].lower() != "desc" for word in words]
        frame = frame.sort_values(names, ascending=rising, kind="stable")
    if match["top"]:
        frame = frame.head(int(match["top"]))
    if re.fullmatch(r"count\s*\(\s*\*\s*\)(\s+as\s+\w+)?", match["columns"], re.IGNORECASE):
        return TapTable(pd.DataFrame({"count": [len(frame)]}))
    if match["columns"].strip() != "*":
        frame = frame[[column(name.strip()) for name in match["columns"].split(",")]]
    return TapTable(frame, table.columns)


def _where(text: str, frame: pd.DataFrame, column: Callable[[str], str]) -> pd.Series:
    kept = pd.Series(True, index=frame.index)
    place = 0
    while place < len(text):
        match = CONDITION.match(text, place)
        if not match:
            raise AdqlError(f"ORA-00920: invalid relational operator near {text[place:]!r}")
        values = frame[column(match["column"])]
        if match["null"]:
            kept &= values.notna() if match["not"] else values.isna()
        elif match["list"]:
            kept &= values.isin([_literal(word) for word in re.findall(LITERAL, match["list"])])
        elif match["like"]:
            pattern = re.escape(_literal(match["like"])).replace("%", ".*").replace("_", ".")
            kept &= values.astype(str).str.fullmatch(pattern) & values.notna()
        else:
            value = _literal(match["value"])
            if isinstance(value, str) == pd.api.types.is_numeric_dtype(values):
                value = float(value) if isinstance(value, str) else match["value"]
            kept &= SIGNS[match["sign"]](values, value).fillna(False) & values.notna()
        place = match.end()
        if match["more"] and place >= len(text):
            raise AdqlError("ORA-00936: missing expression")
    return kept


def _literal(word: str) -> Any:
    return word[1:-1].replace("''", "'") if word.startswith("'") else float(word)


def votable(table: TapTable, overflow: bool = False) -> str:
    """A VOTable 1.4 document, missing values as empty cells."""
    fields, cells = [], []
    for name in table.frame.columns:
        values, told = table.frame[name], table.columns.get(name, Column())
        if pd.api.types.is_bool_dtype(values):
            kind, words = 'datatype="boolean"', np.where(values, "true", "false").tolist()
        elif pd.api.types.is_integer_dtype(values):
            kind, words = 'datatype="long"', [("" if pd.isna(value) else str(int(value))) for value in values]
        elif pd.api.types.is_float_dtype(values):
            kind, words = 'datatype="double"', [("" if pd.isna(value) else repr(float(value))) for value in values]
        else:
            words = [("" if pd.isna(value) else escape(str(value))) for value in values]
            kind = f'datatype="{"char" if all(map(str.isascii, words)) else "unicodeChar"}" arraysize="*"'
        unit = f" unit={quoteattr(told.unit)}" if told.unit else ""
        about = f"<DESCRIPTION>{escape(told.description)}</DESCRIPTION>" if told.description else ""
        fields.append(f"<FIELD name={quoteattr(str(name))} {kind}{unit}>{about}</FIELD>\n")
        cells.append(words)
    rows = ("<TR><TD>" + "</TD><TD>".join(row) + "</TD></TR>\n" for row in zip(*cells, strict=True))
    status = '<INFO name="QUERY_STATUS" value="OK"/>\n'
    end = '<INFO name="QUERY_STATUS" value="OVERFLOW"/>\n' if overflow else ""
    return document(
        status + f"<TABLE>\n{''.join(fields)}<DATA><TABLEDATA>\n{''.join(rows)}</TABLEDATA></DATA></TABLE>\n{end}"
    )


def document(content: str) -> str:
    """A VOTable around some content."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">\n'
        f'<RESOURCE type="results">\n{content}</RESOURCE>\n</VOTABLE>\n'
    )
