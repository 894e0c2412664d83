"""Coefficients over the strengths: which features enter, in which order, how far."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from shrinkwise.exceptions import UsageError
from shrinkwise.plot._axes import line_label, new_axes, plain, strength_axis, strength_label, strengths_of
from shrinkwise.result import GridResult

Array = NDArray[Any]
NAMED = 10  # features with a colour and a name, which a colour cycle can tell apart


class PathDisplay:
    """Coefficients for one standard deviation of each feature, over the strengths of one line of the grid.

    Parameters
    ----------
    alphas : array of shape (A,), decreasing
    coefs : array of shape (A, p)
        Of the fits on all data.
    names : sequence of p str
    chosen : float
        The chosen strength, which gets a vertical line.
    ylabel, xlabel, title : str

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    lines_ : list of Line2D
        One for each feature that is anywhere nonzero, the largest at the chosen strength first.
    line_ : Line2D
        The vertical line at the chosen strength.

    Examples
    --------
    >>> import numpy as np
    >>> from shrinkwise import LinearRegressorCV
    >>> X = np.random.default_rng(0).standard_normal((60, 4))
    >>> display = LinearRegressorCV(cv=5, alphas=20).fit(X, X[:, 0]).result_.plot_path()
    >>> display.ax_.get_ylabel()
    'coefficient per SD'
    """

    def __init__(
        self,
        alphas: Array,
        coefs: Array,
        names: tuple[str, ...],
        chosen: float,
        *,
        ylabel: str = "coefficient per SD",
        xlabel: str = "λ (alpha)",
        title: str = "",
    ) -> None:
        self.alphas = alphas
        self.coefs = coefs
        self.names = names
        self.chosen = chosen
        self.ylabel = ylabel
        self.xlabel = xlabel
        self.title = title

    @classmethod
    def from_result(
        cls,
        result: GridResult,
        ax: Any = None,
        *,
        rule: str = "1se",
        output: str | int | None = None,
        limit: int = NAMED,
    ) -> Self:
        """Read the line of the grid that the rule chooses, and draw it.

        Parameters
        ----------
        result : GridResult
        ax : matplotlib Axes, optional
        rule : str, default "1se"
        output : str or int, optional
            Where rows have several linear predictors: the one to draw, by name or number; default: the norm of a
            feature's coefficients over all of them.
        limit : int, default 10
            How many features get a colour and a name.

        Returns
        -------
        PathDisplay

        Raises
        ------
        UsageError
            If matplotlib is not installed, or there is no such output.
        """
        chosen, p = result.select(rule), len(result.feature_names)
        flat = result.coefs[chosen.ratio][-1].toarray()
        ylabel = "coefficient per SD"
        if output is not None and result.outputs is None:
            raise UsageError(f"output={output!r}: rows of this result have one linear predictor; leave it out")
        if result.network is not None:
            coefs, ylabel = flat, "norm of the weights of an input"
        elif result.outputs is None:
            coefs = flat * result.scale
        else:
            each = flat.reshape(len(flat), p, -1) * result.scale[:, None]
            number = None if output is None else _number(result.outputs, output)
            coefs = np.linalg.norm(each, axis=2) if number is None else each[:, :, number]
            ylabel = f"{'norm of ' if number is None else ''}coefficient{'s' if number is None else ''} per SD"
            ylabel += "" if number is None else f", {plain(result.outputs[number])}"
        strengths = strengths_of(result, chosen.ratio)
        display = cls(
            strengths,
            coefs,
            result.feature_names,
            float(strengths[chosen.index]),
            ylabel=ylabel,
            xlabel=strength_label(result),
            title=f"Path at {line_label(result, chosen.ratio)}: {chosen.n_features} of {p} at {rule}",
        )
        return display.plot(ax, limit=limit)

    def plot(self, ax: Any = None, *, limit: int = NAMED, **style: Any) -> Self:
        """Draw on these axes, or on new ones.

        Parameters
        ----------
        ax : matplotlib Axes, optional
        limit : int, default 10
            How many features get a colour and a name.
        **style
            Of all lines, as ``ax.plot`` takes it.

        Returns
        -------
        PathDisplay
        """
        own_figure, ax = ax is None, new_axes(ax)
        at = int(np.argmin(np.abs(self.alphas - self.chosen)))
        order = np.lexsort((-np.abs(self.coefs).max(axis=0), -np.abs(self.coefs[at])))
        order = order[np.any(self.coefs[:, order] != 0, axis=0)]
        self.lines_: list[Any] = []
        for rank, column in enumerate(order):
            named = rank < limit
            own = {"label": plain(self.names[column]), "zorder": 3} if named else {"color": "0.8", "linewidth": 0.8}
            self.lines_ += ax.plot(self.alphas, self.coefs[:, column], **(own | style))
        ax.axhline(0.0, color="0.5", linewidth=0.8)
        self.line_ = ax.axvline(self.chosen, color="0.3", linestyle="--", linewidth=1)
        strength_axis(ax, self.xlabel, self.alphas)
        ax.set_ylabel(self.ylabel)
        ax.set_title(self.title)
        if self.lines_[:limit]:
            beside = {"loc": "center left", "bbox_to_anchor": (1, 0.5)} if own_figure else {"loc": "best"}
            ax.legend(handles=self.lines_[:limit], fontsize="small", **beside)
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _number(outputs: tuple[str, ...], output: str | int) -> int:
    """The number of an output."""
    if output in outputs:
        return outputs.index(str(output))
    if isinstance(output, int) and not isinstance(output, bool) and 0 <= output < len(outputs):
        return output
    raise UsageError(
        f"output must be one of {', '.join(map(repr, outputs))} or a number below {len(outputs)}, got {output!r}"
    )
