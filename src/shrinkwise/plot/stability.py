"""How much the fit differs between folds, over the strengths: what "a penalty makes the model stable" means."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from shrinkwise.diagnosis import fit_stability
from shrinkwise.exceptions import UsageError
from shrinkwise.plot._axes import line_label, new_axes, strength_axis, strength_label, strengths_of
from shrinkwise.result import GridResult

Array = NDArray[Any]
OF = {
    "prediction": "spread of predictions over folds",
    "coef": "spread of coefficients over folds",
}


class StabilityDisplay:
    """Spread of predictions, or of coefficients, over the folds: one line for each mix of the penalty.

    Parameters
    ----------
    alphas : array of shape (R, A)
    spread : array of shape (R, A)
    labels : sequence of R str
    chosen : float or None
        The chosen strength, which gets a vertical line.
    ylabel, xlabel : str

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    lines_ : list of R Line2D
    line_ : Line2D or None
        The vertical line at the chosen strength.
    """

    def __init__(
        self,
        alphas: Array,
        spread: Array,
        labels: list[str],
        *,
        chosen: float | None = None,
        ylabel: str = OF["coef"],
        xlabel: str = "λ (alpha)",
    ) -> None:
        self.alphas = alphas
        self.spread = spread
        self.labels = labels
        self.chosen = chosen
        self.ylabel = ylabel
        self.xlabel = xlabel

    @classmethod
    def from_result(
        cls, result: GridResult, ax: Any = None, *, of: str = "coef", rule: str = "1se", stability: Any = None
    ) -> Self:
        """Draw the spread over folds that `shrinkwise.diagnosis.fit_stability` finds.

        Parameters
        ----------
        result : GridResult
        ax : matplotlib Axes, optional
        of : {"prediction", "coef"}
        rule : str, default "1se"
            Whose strength gets a vertical line.
        stability : FitStability, optional
            Where it is known already; for predictions made with rows, ``fit_stability(result, X)``.

        Returns
        -------
        StabilityDisplay

        Raises
        ------
        UsageError
            If ``of`` is neither, predictions are asked for without rows, or matplotlib is not installed.
        """
        if of not in OF:
            raise UsageError(f'of must be "prediction" or "coef", got {of!r}')
        found = fit_stability(result) if stability is None else stability
        spread = getattr(found, f"{of}_spread")
        if spread is None:
            raise UsageError(
                'the spread of predictions needs rows: plot_stability(of="prediction", '
                "stability=fit_stability(result, X)), from shrinkwise.diagnosis import fit_stability"
            )
        chosen = result.select(rule)
        display = cls(
            np.asarray(found.strengths),
            np.asarray(spread),
            [line_label(result, ratio) for ratio in range(len(result.l1_ratios))],
            chosen=float(strengths_of(result, chosen.ratio)[chosen.index]),
            ylabel=OF[of],
            xlabel=strength_label(result),
        )
        return display.plot(ax)

    def plot(self, ax: Any = None, **style: Any) -> Self:
        """Draw on these axes, or on new ones.

        Parameters
        ----------
        ax : matplotlib Axes, optional
        **style
            Of all lines, as ``ax.plot`` takes it.

        Returns
        -------
        StabilityDisplay
        """
        ax = new_axes(ax)
        self.lines_: list[Any] = []
        for alphas, spread, label in zip(self.alphas, self.spread, self.labels, strict=True):
            self.lines_ += ax.plot(alphas, spread, **({"label": label} | style))
        self.line_ = None
        if self.chosen is not None:
            self.line_ = ax.axvline(self.chosen, color="0.3", linestyle="--", linewidth=1)
        strength_axis(ax, self.xlabel, self.alphas)
        ax.set_ylabel(self.ylabel)
        ax.set_ylim(bottom=0)
        ax.legend(handles=self.lines_, fontsize="small")
        self.ax_, self.figure_ = ax, ax.figure
        return self
