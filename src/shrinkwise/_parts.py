"""A record as a header of JSON types and named arrays, and back: how a result lies in a model file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Array = NDArray[Any]
T = TypeVar("T")
Coefs = tuple[tuple[sparse.csr_array, ...], ...]
CSR = ("data", "indices", "indptr")


def plain_fields(record: Any) -> Iterator[tuple[str, Any]]:
    """Names and values of a dataclass, none of them copied."""
    return ((field.name, getattr(record, field.name)) for field in fields(record))


def to_parts(record: Any, prefix: str) -> tuple[dict[str, Any], dict[str, Array]]:
    """What of a dataclass is JSON, tuples as lists, and its arrays, named ``prefix_field``."""
    header: dict[str, Any] = {}
    arrays: dict[str, Array] = {}
    for name, value in plain_fields(record):
        if isinstance(value, np.ndarray):
            arrays[f"{prefix}_{name}"] = value
        else:
            header[name] = list(value) if isinstance(value, tuple) else value
    return header, arrays


def from_parts(kind: type[T], header: Mapping[str, Any] | None, arrays: Mapping[str, Array], prefix: str) -> T | None:
    """Inverse of :func:`to_parts`; None where there is no header."""
    if header is None:
        return None
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in header.items()}
    names = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    return kind(**values, **{name: arrays[f"{prefix}_{name}"] for name in names if f"{prefix}_{name}" in arrays})


def stacked(coefs: Coefs) -> dict[str, Array]:
    """Sparse matrices (A, p) of each line and fit of a grid as one, in its three arrays."""
    whole = sparse.vstack([matrix for line in coefs for matrix in line], format="csr")
    return {f"coefs_{part}": getattr(whole, part) for part in CSR}


def unstacked(arrays: Mapping[str, Array], shape: tuple[int, int], lines: int, fits: int) -> Coefs:
    """Inverse of :func:`stacked`; ``shape`` is that of all of them together. ValueError if it cannot be."""
    whole = sparse.csr_array(tuple(arrays[f"coefs_{part}"] for part in CSR), shape=shape)
    whole.check_format(full_check=True)
    rows = shape[0] // (lines * fits)
    return tuple(tuple(whole[(line * fits + fit) * rows :][:rows] for fit in range(fits)) for line in range(lines))
