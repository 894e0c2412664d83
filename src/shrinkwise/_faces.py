"""What a result shows of itself. The faces that draw and print it are imported when they are asked."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shrinkwise.plot import CVDisplay, PathDisplay, StabilityDisplay


class Shown:
    """Methods of a `GridResult` for notebooks: figures, the short answer as text and HTML, data frames."""

    def plot_path(self, ax: Any = None, **options: Any) -> PathDisplay:
        """Draw the coefficients over the strengths; needs matplotlib (``pip install "shrinkwise[plot]"``).

        Parameters
        ----------
        ax : matplotlib Axes, optional
            To draw on; default: a new figure.
        **options
            ``rule``, ``output`` and ``limit`` of `shrinkwise.plot.PathDisplay.from_result`.

        Returns
        -------
        PathDisplay
            With ``ax_``, ``figure_`` and ``lines_``.
        """
        display: PathDisplay = import_module("shrinkwise.plot").PathDisplay.from_result(self, ax=ax, **options)
        return display

    def plot_cv(self, ax: Any = None, **options: Any) -> CVDisplay:
        """Draw training and held-out error over the strengths; needs matplotlib (``pip install "shrinkwise[plot]"``).

        Parameters
        ----------
        ax : matplotlib Axes, optional
            To draw on; default: a new figure.
        **options
            ``rule`` of `shrinkwise.plot.CVDisplay.from_result`.

        Returns
        -------
        CVDisplay
            With ``ax_``, ``figure_``, ``line_`` and ``train_line_``.
        """
        display: CVDisplay = import_module("shrinkwise.plot").CVDisplay.from_result(self, ax=ax, **options)
        return display

    def plot_stability(self, ax: Any = None, **options: Any) -> StabilityDisplay:
        """Draw how much the fit differs between folds, over the strengths; needs matplotlib.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            To draw on; default: a new figure.
        **options
            ``of`` and ``stability`` of `shrinkwise.plot.StabilityDisplay.from_result`.

        Returns
        -------
        StabilityDisplay
            With ``ax_``, ``figure_`` and ``lines_``.
        """
        display: StabilityDisplay = import_module("shrinkwise.plot").StabilityDisplay.from_result(
            self, ax=ax, **options
        )
        return display

    def summary(self, rule: str = "1se", width: int = 100) -> str:
        """The short answer as the terminal has it: the four answers, the small table, the features.

        Parameters
        ----------
        rule : str, default "1se"
            The rule that chooses the model.
        width : int, default 100
            Columns.

        Returns
        -------
        str
        """
        words: str = import_module("shrinkwise.report").summary(self, rule, width)
        return words

    def tidy(self, what: str = "coefficients", backend: str | None = None, rule: str = "1se") -> Any:
        """A data frame, one row for each thing.

        Parameters
        ----------
        what : {"coefficients", "grid", "table"}
            Features of the model that the rule chooses (and, with several outputs, each output); cells of the grid; or
            the small table of :meth:`table`.
        backend : {"pandas", "polars", "pyarrow"}, optional
            Default: the first of these that is installed.
        rule : str, default "1se"

        Returns
        -------
        DataFrame of that library

        Raises
        ------
        UsageError
            If ``what`` or ``backend`` is none of these, or that library is not installed.
        """
        return import_module("shrinkwise.report.frames").tidy(self, what, backend, rule)

    def _repr_html_(self) -> str:
        """The small table and the verdict, for a notebook."""
        html: str = import_module("shrinkwise.report.snippet").snippet(self)
        return html
