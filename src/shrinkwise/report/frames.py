"""A result as data frames of the library that the reader uses, by way of narwhals."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any, Literal, cast

import numpy as np

from shrinkwise.exceptions import UsageError
from shrinkwise.result import GridResult

BACKENDS = ("pandas", "polars", "pyarrow")


def tidy(result: GridResult, what: str = "coefficients", backend: str | None = None, rule: str = "1se") -> Any:
    """One row for each feature, cell of the grid, or row of the small table; see `GridResult.tidy`."""
    columns = {"coefficients": _coefficients, "grid": _grid, "table": _table}
    if what not in columns:
        raise UsageError(f"what must be one of {', '.join(map(repr, columns))}, got {what!r}")
    return frame(columns[what](result, rule), backend)


def frame(columns: dict[str, Any], backend: str | None = None) -> Any:
    """Columns of equal length as a data frame.

    Parameters
    ----------
    columns : dict of str to sequence
    backend : str, optional
        Default: the first of pandas, polars and pyarrow that is installed.

    Raises
    ------
    UsageError
        If the backend is none of these, or is not installed.
    """
    if backend is None:
        backend = next(name for name in BACKENDS if find_spec(name) is not None)  # pyarrow always is
    if backend not in BACKENDS:
        raise UsageError(f"backend must be one of {', '.join(map(repr, BACKENDS))}, got {backend!r}")
    if find_spec(backend) is None:
        raise UsageError(f"backend {backend!r} is not installed: pip install {backend}")
    import narwhals as nw  # 0.05 s, which a command need not pay

    return nw.from_dict(columns, backend=cast('Literal["pandas", "polars", "pyarrow"]', backend)).to_native()


def _coefficients(result: GridResult, rule: str) -> dict[str, Any]:
    """Features of the chosen model, each output of a feature below the one before."""
    chosen, names = result.select(rule), list(result.feature_names)
    coef = np.atleast_2d(result.coef(chosen.ratio, chosen.index))  # (outputs, p)
    if result.network is not None:
        return {"feature": names, "norm": coef[0], "mean": result.center, "sd": result.scale}
    times = len(coef)
    columns: dict[str, Any] = {"feature": [name for name in names for _ in range(times)]}
    if result.outputs is not None:
        columns["output"] = list(result.outputs) * len(names)
    if result.groups is not None:
        columns["group"] = [group or None for group in result.groups for _ in range(times)]
    per_sd = coef * result.scale
    center, sd = (np.repeat(part, times) for part in (result.center, result.scale))
    return columns | {"coef": coef.T.ravel(), "coef_per_sd": per_sd.T.ravel(), "mean": center, "sd": sd}


def _grid(result: GridResult, rule: str) -> dict[str, Any]:
    """Cells of the grid, line by line, from strong to weak."""
    chosen, (lines, strengths) = result.select(rule), result.alphas.shape
    at = np.zeros((lines, strengths), dtype=bool)
    at[chosen.ratio, chosen.index] = True
    cells = [(ratio, index) for ratio in range(lines) for index in range(strengths)]
    columns: dict[str, Any] = {"l1_ratio": [result.l1_ratio(*cell) for cell in cells]}
    if result.relax is not None:
        columns["relax"] = np.repeat(result.relax, strengths)
    if result.network is not None:
        columns |= {"l1": np.tile(result.network.l1, lines), "l2": np.repeat(result.network.l2, strengths)}
    values = {
        "alpha": result.alphas,
        "mean": result.mean,
        "se": result.se,
        "train": result.train_mean,
        "n_features": result.support_size,
        "degrees_of_freedom": result.degrees_of_freedom,
        "gap": result.gaps[:, :, -1],
        "converged": np.all(result.converged, axis=2),
        "chosen": at,
    }
    return columns | {name: np.ravel(value) for name, value in values.items() if value is not None}


def _table(result: GridResult, rule: str) -> dict[str, Any]:
    """The rows of `GridResult.table`."""
    rows = result.table(rule)
    return {name: [row[name] for row in rows] for name in rows[0]}
