"""The steps of ``shrinkwise predict``. It needs no solver, so neither numba nor scikit-learn is imported."""

from __future__ import annotations

import csv
import gzip
import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np

from shrinkwise._files import write_whole
from shrinkwise.cli._output import check_output, written
from shrinkwise.cli._say import Voice
from shrinkwise.data import Encoder, did_you_mean, read_table, table_notes, take_offset
from shrinkwise.exceptions import DataError
from shrinkwise.store import Model, load_model

if TYPE_CHECKING:
    import pyarrow as pa

CHUNK = 65_536  # rows that are turned into text at once

Columns = dict[str, Any]
Writer = Callable[[Columns, IO[bytes]], None]


def run(model_path: str, table_path: str, out: str, overwrite: bool, quiet: bool) -> None:
    """Do what was asked."""
    say, write = Voice(quiet), _writer(out)
    if out != "-":
        check_output(Path(out), overwrite)
    model = load_model(model_path)
    rows = read_rows(model, table_path)
    say(*rows.notes)
    columns = _predictions(model, rows.X, rows.offset)
    if out == "-":
        write(columns, sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return
    with written(Path(out)):
        write_whole(out, lambda file: write(columns, file), overwrite=overwrite)
    count = len(next(iter(columns.values())))
    say(f"Wrote {out}: {count} {'prediction' if count == 1 else 'predictions'} of {model.target!r}.")


@dataclass(frozen=True, eq=False)
class Rows:
    """A table as one model sees it."""

    table: pa.Table
    X: Any  # (n, p), dense or sparse
    offset: Any  # (n,) or None
    notes: tuple[str, ...]


def read_rows(model: Model, path: str) -> Rows:
    """Read a table, encode it and take the known part of the linear predictor, as the model has learned them."""
    encoder = Encoder.from_dict(model.encoder)
    table = read_table(path, text=encoder.text_columns)
    X, notes = encoder.transform(table, model.feature_names)
    known = {role: name for role in ("offset", "exposure") if (name := getattr(model, role)) is not None}
    offset = take_offset(table, **{role: name for role, name in known.items() if name in table.column_names})
    return Rows(table, X, offset, (*table_notes(table), *notes, *_lacking(known, table)))


def _lacking(known: dict[str, str], table: pa.Table) -> list[str]:
    """What takes the place of an offset or exposure that the table has no column for."""
    notes = []
    for role, name in known.items():
        if name not in table.column_names:
            meant = did_you_mean(name, table.column_names)
            hint = f" (is {meant!r} meant?)" if meant else ""
            value = {"offset": "an offset of 0", "exposure": "an exposure of 1"}[role]
            notes.append(f"The table has no column {name!r}{hint}: predictions are for {value}.")
    return notes


def _predictions(model: Model, X: Any, offset: Any) -> Columns:
    """The prediction, of several targets each; for a classification also the probability of each class."""
    found = model.predict(X, offset)
    columns: Columns = {"prediction": found}
    if found.ndim == 2:
        columns = {f"prediction of {name}": found[:, k] for k, name in enumerate(model.result.outputs or ())}
    if model.classes is not None:
        chances = model.predict_proba(X, offset)
        columns |= {f"probability of {name}": chances[:, k] for k, name in enumerate(model.classes)}
    return columns


def _writer(out: str) -> Writer:
    """What writes a file of this name."""
    suffixes = "".join(Path(out).suffixes[-2:]).lower()
    if suffixes.endswith((".parquet", ".pq")):
        return _write_parquet
    if suffixes.endswith(".csv.gz"):
        return _write_gzipped_csv
    if out == "-" or suffixes.endswith((".csv", ".txt")) or not Path(out).suffix:
        return _write_csv
    raise DataError(f"{out} has a suffix that is not known; give it .csv, .csv.gz or .parquet")


def _write_csv(columns: Columns, file: IO[bytes]) -> None:
    """Numbers as the shortest text that reads back to the same bits; all text in quotes, whatever it begins with."""
    text = io.TextIOWrapper(file, "utf-8", errors="surrogatepass", newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    text.write(",".join(map(_header, columns)) + "\n")
    values = list(columns.values())
    for start in range(0, len(values[0]), CHUNK):
        writer.writerows(zip(*(column[start : start + CHUNK].tolist() for column in values)))
    text.detach()


def _header(name: str) -> str:
    """A name in quotes where it needs them; every name begins with a word of ours, so none is a formula."""
    return name if name.isidentifier() else '"' + name.replace('"', '""') + '"'


def _write_gzipped_csv(columns: Columns, file: IO[bytes]) -> None:
    with gzip.GzipFile(fileobj=file, mode="wb", filename="", mtime=0) as packed:
        _write_csv(columns, cast("IO[bytes]", packed))


def _write_parquet(columns: Columns, file: IO[bytes]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as parquet

    arrays = {
        name: pa.array(values.tolist(), pa.string()) if values.dtype.kind == "O" else pa.array(np.asarray(values))
        for name, values in columns.items()
    }
    parquet.write_table(pa.table(arrays), file)
