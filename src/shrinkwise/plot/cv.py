"""Training and held-out error over the strengths: where the two part, the model fits noise."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from shrinkwise.plot._axes import MARKS, line_label, marked, new_axes, strength_axis, strength_label, strengths_of
from shrinkwise.result import GridResult

Array = NDArray[Any]
CUT = 2.0  # the frame ends at this many times the way from the lowest error to that of the strongest penalty


class CVDisplay:
    """Held-out error with its standard error, and training error, over the strengths of one line of the grid.

    Parameters
    ----------
    alphas : array of shape (A,), decreasing
    mean, se, train : arrays of shape (A,)
    marks : dict of str to float
        Vertical lines: the names of rules and their strengths on this line.
    unpenalized : float or None
        Held-out error without a penalty, a horizontal line.
    ylabel, xlabel, title : str

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    line_, train_line_ : Line2D
        Held-out and training error.
    band_ : PolyCollection
        One standard error to each side.
    marks_ : list of Line2D
    """

    def __init__(
        self,
        alphas: Array,
        mean: Array,
        se: Array,
        train: Array,
        *,
        marks: dict[str, float] | None = None,
        unpenalized: float | None = None,
        ylabel: str = "error",
        xlabel: str = "λ (alpha)",
        title: str = "",
    ) -> None:
        self.alphas = alphas
        self.mean = mean
        self.se = se
        self.train = train
        self.marks = marks or {}
        self.unpenalized = unpenalized
        self.ylabel = ylabel
        self.xlabel = xlabel
        self.title = title

    @classmethod
    def from_result(cls, result: GridResult, ax: Any = None, *, rule: str = "1se") -> Self:
        """Read the line of the grid that the rule chooses, and draw it.

        Parameters
        ----------
        result : GridResult
        ax : matplotlib Axes, optional
        rule : str, default "1se"

        Returns
        -------
        CVDisplay

        Raises
        ------
        UsageError
            If matplotlib is not installed.
        """
        chosen, free = result.select(rule), result.unpenalized
        strengths, ratio = strengths_of(result, chosen.ratio), chosen.ratio
        held_out = float(free.test_score @ result.fold_weights) if free is not None and free.converged else None
        display = cls(
            strengths,
            result.mean[ratio],
            result.se[ratio],
            result.train_mean[ratio],
            marks={cell.rule: float(strengths[cell.index]) for cell in marked(result, rule) if cell.ratio == ratio},
            unpenalized=held_out,
            ylabel=result.metric,
            xlabel=strength_label(result),
            title=f"{result.n_folds} folds at {line_label(result, ratio)}",
        )
        return display.plot(ax)

    def plot(self, ax: Any = None, **style: Any) -> Self:
        """Draw on these axes, or on new ones.

        Parameters
        ----------
        ax : matplotlib Axes, optional
        **style
            Of the line of the held-out error, as ``ax.plot`` takes it.

        Returns
        -------
        CVDisplay
        """
        ax = new_axes(ax)
        (self.line_,) = ax.plot(self.alphas, self.mean, **({"label": "held-out"} | style))
        color = self.line_.get_color()
        finite = np.isfinite(self.mean) & np.isfinite(self.se)
        low, high = (np.where(finite, self.mean + side * self.se, np.nan) for side in (-1, 1))
        self.band_ = ax.fill_between(self.alphas, low, high, color=color, alpha=0.2, linewidth=0, label="± 1 SE")
        (self.train_line_,) = ax.plot(self.alphas, self.train, color="0.5", linestyle="-.", label="training")
        self.marks_ = [
            ax.axvline(strength, color="0.3", linestyle=MARKS.get(name, MARKS["1se"]), linewidth=1, label=name)
            for name, strength in self.marks.items()
        ]
        if self.unpenalized is not None:
            ax.axhline(self.unpenalized, color="tab:red", linewidth=1, label="no penalty, held-out")
        strength_axis(ax, self.xlabel, self.alphas)
        ax.set_ylabel(self.ylabel)
        ax.set_title(self.title)
        self._cut(ax)
        ax.legend(fontsize="small")
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _cut(self, ax: Any) -> None:
        """Leave errors that explode at weak penalties, or without one, out of the frame."""
        lowest, strongest = float(np.nanmin(self.mean)), float(self.mean[0])
        drawn = [float(np.nanmax(self.mean[np.isfinite(self.mean)])), self.unpenalized or strongest]
        top = lowest + CUT * (strongest + float(self.se[0]) - lowest)
        if np.isfinite(top) and max(drawn) > top > lowest:
            ax.set_ylim(float(np.nanmin(self.train)) - 0.05 * (top - lowest), top)
