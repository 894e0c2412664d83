"""Axes over strengths, and the words on them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shrinkwise.exceptions import UsageError
from shrinkwise.result import GridResult, Selection

Array = NDArray[Any]
NAME = 24  # characters of a name at most
REMEDY = 'figures need matplotlib: pip install "shrinkwise[plot]"'
MARKS = {"min": ":", "1se": "--"}  # dashes of the vertical lines; any other rule has those of 1se


def new_axes(ax: Any = None) -> Any:
    """The axes to draw on; a new figure's where none are given.

    Raises
    ------
    UsageError
        If matplotlib is not installed.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise UsageError(REMEDY) from error
    return plt.subplots(layout="constrained")[1] if ax is None else ax


def strengths_of(result: GridResult, ratio: int) -> Array:
    """The strengths of a line of the grid: alpha, or l1 of networks."""
    return np.asarray(result.alphas[ratio] if result.network is None else result.network.l1)


def strength_label(result: GridResult) -> str:
    """What the strengths are called, and which way they go."""
    return f"{'λ (alpha)' if result.network is None else 'l1'}, from strong to weak"


def line_label(result: GridResult, ratio: int) -> str:
    """``l1_ratio 0.5``, ``l2 = 0.001``: what tells a line of the grid from the others."""
    if result.network is not None:
        return f"l2 = {result.network.l2[ratio]:g}"
    relax = "" if result.relax is None else f", relax {result.relax[ratio]:g}"
    return f"l1_ratio {result.l1_ratios[ratio]:g}{relax}"


def strength_axis(ax: Any, label: str, strengths: Array) -> None:
    """Strong penalties to the left; a logarithm where all strengths have one."""
    if np.all(strengths > 0):
        ax.set_xscale("log")
    if not ax.xaxis_inverted():
        ax.invert_xaxis()
    ax.set_xlabel(label)


def marked(result: GridResult, rule: str) -> list[Selection]:
    """The cells that get a vertical line: the lowest error and what the rule chose."""
    return [result.select("min"), *([result.select(rule)] if rule != "min" else [])]


def plain(name: str, limit: int = NAME) -> str:
    """A name as a label: no mathematics, one line, not too long."""
    line = "".join(char if char.isprintable() else " " for char in name).replace("$", r"\$")
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
