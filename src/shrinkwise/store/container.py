"""A zip of one JSON header and .npy arrays in which nothing can execute and no damage passes unseen.

::

    header.json      {"format", "schema", "content": …, "arrays": {name: {"dtype", "shape", "sha256"}}}
    header.sha256    of header.json
    <name>.npy       one for each array, read with allow_pickle=False

Every entry is stored, not compressed: what a reader unpacks is then never larger than the file itself, and a flipped
bit stays one flipped bit, which a hash sees. The hashes guard against damage; against malice there is nothing to guard,
since numbers and text are all that is ever read.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from shrinkwise._files import write_whole
from shrinkwise.exceptions import ModelFileError

Array = NDArray[Any]

FORMAT = "shrinkwise model"
HEADER, DIGEST = "header.json", "header.sha256"
NPY_HEADER = 10_000  # bytes: the most that numpy itself reads of a .npy header
KINDS = "biuf"  # bool, int, unsigned, float: no object, no text, no void
NAME = re.compile(r"[a-z0-9_]{1,100}")
DAMAGED = "copy it again from where it came, or make it anew with `shrinkwise fit`"
UNREADABLE = (  # all that zipfile, json and numpy raise on bytes that are not what they seem
    zipfile.BadZipFile,
    zlib.error,
    ArithmeticError,
    EOFError,
    LookupError,
    MemoryError,
    NotImplementedError,
    OSError,
    RuntimeError,
    struct.error,
    TypeError,
    ValueError,
)


class Flaw(Exception):
    """What is wrong with a model, as the middle of a sentence."""


def write_container(
    path: Path, schema: int, content: Mapping[str, Any], arrays: Mapping[str, Array], overwrite: bool
) -> None:
    """Write a container; after a crash or Ctrl-C the path holds either what it held before, or all of the new one."""
    payloads = {name: _npy(array) for name, array in arrays.items()}
    declared = {
        name: {
            "dtype": arrays[name].dtype.newbyteorder("<").str,
            "shape": list(arrays[name].shape),
            "sha256": hashlib.sha256(payload).hexdigest(),
        }
        for name, payload in payloads.items()
    }
    header = {"format": FORMAT, "schema": schema, "content": content, "arrays": declared}
    text = json.dumps(header, allow_nan=False, separators=(",", ":")).encode("ascii")
    entries = {HEADER: text, DIGEST: hashlib.sha256(text).hexdigest().encode("ascii")}
    entries |= {f"{name}.npy": payload for name, payload in payloads.items()}

    def write(file: IO[bytes]) -> None:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for name, payload in entries.items():
                archive.writestr(zipfile.ZipInfo(name), payload)  # its date is fixed: equal models, equal bytes

    write_whole(path, write, overwrite=overwrite)


def read_container(path: Path, newest: int) -> tuple[int, Any, dict[str, Array]]:
    """Read and verify a container: its schema, content and arrays.

    Raises
    ------
    ModelFileError
        If the file is missing, not a model, damaged, or of a schema above ``newest``.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError as error:
        raise ModelFileError(f"{path}: no such file; give the path of a model that `shrinkwise fit` wrote") from error
    except IsADirectoryError as error:
        raise ModelFileError(f"{path} is a folder; give the path of the model file inside it") from error
    except (OSError, ValueError) as error:
        raise ModelFileError(f"{path} cannot be opened: {_reason(error)}; check its permissions") from error
    with file:
        start, size = file.read(4), os.fstat(file.fileno()).st_size
        if not start:
            raise ModelFileError(f"{path} is empty (0 bytes): {DAMAGED}")
        if start != b"PK\x03\x04":
            raise ModelFileError(f"{path} is not a shrinkwise model; give a file that `shrinkwise fit` wrote")
        try:
            with zipfile.ZipFile(file) as archive:
                return _read(archive, size, newest)
        except Flaw as flaw:
            raise ModelFileError(f"{path} {flaw}") from None
        except UNREADABLE as error:
            raise ModelFileError(f"{path} is truncated or damaged ({_reason(error)}): {DAMAGED}") from error


def _read(archive: zipfile.ZipFile, size: int, newest: int) -> tuple[int, Any, dict[str, Array]]:
    entries = {info.filename: info for info in archive.infolist()}
    if HEADER not in entries:
        raise Flaw(f"is a zip file but not a shrinkwise model (no {HEADER}); give a file that `shrinkwise fit` wrote")
    if len(entries) < len(archive.infolist()):
        raise Flaw(f"was altered (an entry occurs twice): {DAMAGED}")
    if sum(info.file_size for info in entries.values()) > size:
        raise Flaw(f"was altered (its entries claim more bytes than the file has): {DAMAGED}")
    text = _entry(archive, entries, HEADER)
    if _entry(archive, entries, DIGEST) != hashlib.sha256(text).hexdigest().encode("ascii"):
        raise Flaw(f"was altered (the hash of {HEADER} does not match): {DAMAGED}")
    schema, content, declared = _parsed(text, newest)
    strangers = entries.keys() - {f"{name}.npy" for name in declared} - {HEADER, DIGEST}
    if strangers:
        raise Flaw(f"was altered ({min(strangers)[:100]!r} is no part of a model): {DAMAGED}")
    return schema, content, {name: _array(archive, entries, name, about) for name, about in declared.items()}


def _parsed(text: bytes, newest: int) -> tuple[int, Any, dict[str, Any]]:
    try:
        header = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Flaw(f"has a header that is not JSON ({error}): {DAMAGED}") from error
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise Flaw("is a zip file but not a shrinkwise model; give a file that `shrinkwise fit` wrote")
    schema = header.get("schema")
    if not isinstance(schema, int) or isinstance(schema, bool) or schema < 1:
        raise Flaw(f"has no valid schema number (got {schema!r}): {DAMAGED}")
    if schema > newest:
        raise Flaw(
            f"was made by a newer shrinkwise (schema {schema}); "
            f"this one reads up to {newest}: pip install -U shrinkwise"
        )
    declared = header.get("arrays")
    if not isinstance(declared, dict) or not all(NAME.fullmatch(name) for name in declared):
        raise Flaw(f"has no valid list of arrays: {DAMAGED}")
    return schema, header.get("content"), declared


def _array(archive: zipfile.ZipFile, entries: Mapping[str, zipfile.ZipInfo], name: str, about: Any) -> Array:
    dtype, shape, digest = _declaration(name, about)
    nbytes = dtype.itemsize * math.prod(shape)
    info = entries.get(f"{name}.npy")
    if info is not None and not nbytes <= info.file_size <= nbytes + NPY_HEADER:
        raise Flaw(f"was altered (array {name!r} of shape {shape} cannot take {info.file_size} bytes): {DAMAGED}")
    payload = _entry(archive, entries, f"{name}.npy")
    if hashlib.sha256(payload).hexdigest() != digest:
        raise Flaw(f"was altered (the hash of array {name!r} does not match): {DAMAGED}")
    array: Array = np.lib.format.read_array(io.BytesIO(payload), allow_pickle=False)
    if array.dtype != dtype or array.shape != shape:
        raise Flaw(f"was altered (array {name!r} is {array.dtype} {array.shape}, not {dtype} {shape}): {DAMAGED}")
    return array


def _declaration(name: str, about: Any) -> tuple[np.dtype[Any], tuple[int, ...], str]:
    try:
        dtype, shape, digest = np.dtype(str(about["dtype"])), tuple(about["shape"]), about["sha256"]
    except (KeyError, TypeError, ValueError, SyntaxError) as error:
        raise Flaw(f"does not describe its array {name!r} ({error}): {DAMAGED}") from error
    if dtype.kind not in KINDS:
        raise Flaw(f"has an array {name!r} of type {dtype}, which no model has: {DAMAGED}")
    if not all(type(length) is int and length >= 0 for length in shape):
        raise Flaw(f"gives array {name!r} the impossible shape {shape}: {DAMAGED}")
    return dtype, shape, digest


def _entry(archive: zipfile.ZipFile, entries: Mapping[str, zipfile.ZipInfo], name: str) -> bytes:
    info = entries.get(name)
    if info is None:
        raise Flaw(f"was altered (its {name} is missing): {DAMAGED}")
    if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
        raise Flaw(f"was altered (its {name} is compressed, which no model's is): {DAMAGED}")
    return archive.read(info)


def _npy(array: Array) -> bytes:
    if array.dtype.kind not in KINDS:
        raise Flaw(f"an array is of type {array.dtype}, but only numbers and booleans can be stored")
    buffer: IO[bytes] = io.BytesIO()
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    np.lib.format.write_array(buffer, little, version=(1, 0), allow_pickle=False)
    buffer.seek(0)
    return buffer.read()


def _reason(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is not JSON")
