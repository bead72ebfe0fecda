"""Tables of text as they lie on disk: fields, rows and carriage returns, before any meaning.

A stray carriage return inside a row makes ordinary readers see two rows. Here such a row is mended
if taking the carriage return out gives it as many fields as the header has; otherwise it is a fault.
"""

from __future__ import annotations

import csv
import gzip
import io
import logging
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

__all__ = ["MISSING", "TextTable", "describe_faults", "numbers", "read_text_table"]

MISSING = frozenset({"", "n/a", "N/A", "NA", "nan", "NaN", "null", "NULL"})
"""Fields that stand for no value. ``none`` is not among them: it is a response, namely no response."""

TABLE_ENDINGS = (".tsv", ".csv", ".tsv.gz", ".csv.gz")

Quoting = Literal[0, 1, 2, 3]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class TextTable:
    """A table with every field as text.

    Parameters
    ----------
    name
        File name, for messages.
    cells
        One column a header field, all text; missing fields are NaN. The index numbers the rows as
        in the file, where the header is row 1.
    n_mended
        Rows from which a stray carriage return was taken out.
    """

    name: str
    cells: pd.DataFrame
    n_mended: int = 0


def read_text_table(path: Path) -> tuple[TextTable | None, list[str]]:
    """Read a table as text, with all the faults of its layout.

    Parameters
    ----------
    path
        A ``.csv`` or ``.tsv`` file, or one compressed with gzip.

    Returns
    -------
    tuple
        The table (None if it has faults) and the faults, each naming file and row.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    """
    try:
        text = _text(path)
    except (UnicodeDecodeError, gzip.BadGzipFile, EOFError, zlib.error) as error:
        return None, [f"{path.name}: not readable as text: {error}"]
    header, _, _ = text.partition("\n")
    if not header.strip():
        return None, [f"{path.name}: is empty; the first row must name the columns"]
    delimiter = "\t" if ".tsv" in path.name else max(",;\t", key=header.count)
    quoting: Quoting = csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL
    names = _fields(header.replace("\r", ""), delimiter, quoting)
    faults = _header_faults(path.name, names)
    lines, n_mended, broken = _mend(text.split("\n"), len(names), delimiter, quoting)
    faults += [f"{path.name}: {fault}" for fault in broken.values()]

    rows: list[list[str]] = []
    numbered: list[int] = []
    reader = csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter, quoting=quoting)
    next(reader)
    for fields in reader:
        row = reader.line_num
        if not fields or row in broken:
            continue
        if len(fields) != len(names):
            faults.append(f"{path.name}: row {row} has {len(fields)} fields, the header has {len(names)}")
        rows.append(fields)
        numbered.append(row)
    if not rows and not faults:
        faults.append(f"{path.name}: has a header but no rows")
    if faults:
        return None, faults
    if n_mended:
        logger.warning("%s: took a stray carriage return out of %d rows", path.name, n_mended)
    cells = pd.DataFrame(rows, columns=pd.Index(names), index=numbered, dtype=object)
    cells = cells.map(str.strip)
    cells = cells.where(~cells.isin(list(MISSING)), np.nan)
    # a nameless column is the index that another program wrote out
    return TextTable(path.name, cells.loc[:, [name != "" for name in names]], n_mended), []


def numbers(table: TextTable, column: str, kind: str = "a number") -> tuple[pd.Series, list[str]]:
    """One column as floats (missing stays NaN), with a fault for each field that is no number."""
    text = table.cells[column]
    values = pd.to_numeric(text, errors="coerce").astype(float)
    wrong = text.notna() & ~np.isfinite(values)
    faults = [f"{table.name}: row {row}: {column} = {text[row]!r} is not {kind}" for row in text.index[wrong]]
    return values.where(np.isfinite(values)), faults


def describe_faults(what: str, faults: list[str]) -> str:
    """One message for all faults."""
    return (
        f"{what}: {len(faults)} fault{'s' if len(faults) > 1 else ''}, nothing was read "
        f"(rows are numbered as in the file, the header is row 1)\n  " + "\n  ".join(faults)
    )


def _text(path: Path) -> str:
    raw = path.read_bytes()
    if path.suffix == ".gz":
        raw = gzip.decompress(raw)
    text = raw.decode("utf-8-sig").replace("\r\n", "\n")
    # with no line feed at all, carriage returns are the line ends
    return text if "\n" in text else text.replace("\r", "\n")


def _fields(line: str, delimiter: str, quoting: Quoting) -> list[str]:
    return [field.strip() for field in next(csv.reader([line], delimiter=delimiter, quoting=quoting), [""])]


def _header_faults(name: str, names: list[str]) -> list[str]:
    named = [column for column in names if column]
    twice = sorted({column for column in named if named.count(column) > 1})
    return [f"{name}: row 1: columns {twice} are named twice"] if twice else []


def _mend(
    lines: list[str], n_fields: int, delimiter: str, quoting: Quoting
) -> tuple[list[str], int, dict[int, str]]:
    """Lines without carriage returns, how many were mended, and the faults of those that cannot be."""
    mended = list(lines)
    n_mended = 0
    broken: dict[int, str] = {}
    for index, line in enumerate(lines):
        if "\r" not in line:
            continue
        mended[index] = line.replace("\r", "")
        n_found = len(_fields(mended[index], delimiter, quoting))
        if n_found == n_fields:
            n_mended += index > 0
        elif mended[index].strip():
            broken[index + 1] = (
                f"row {index + 1} holds a carriage return and has {n_found} fields without it, "
                f"the header has {n_fields}"
            )
    return mended, n_mended, broken
