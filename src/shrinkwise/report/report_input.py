"""All that a report reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shrinkwise.diagnosis.comparison import Comparison, compare_with_linear
from shrinkwise.diagnosis.decision import Decision
from shrinkwise.diagnosis.overfit import Verdict
from shrinkwise.report.text import general
from shrinkwise.result import GridResult, Selection


@dataclass(frozen=True, eq=False)
class ReportInput:
    """What the page and the terminal show.

    Parameters
    ----------
    title : str
    result : GridResult
    rule : str
        The rule that chose the model.
    verdict : Verdict
    notes : tuple of str
        What was seen in the data and done about it, a sentence each.
    target, task, source, created, command : str
        Name of the target; ``"regression"``, ``"classification"`` or ``"survival"``; the file; UTC ISO 8601; the
        command line.
    versions : dict of str to str
    certificate : dict
        ``max_gap, tol, n_fits, n_certified, final_gap, certified``; what is missing is read from the result.
    seed : int or None, default None
    linear : GridResult or None, default None
        Where ``result`` is of networks: linear models in the same folds, to compare with.
    decision : Decision or None, default None
        What further fits said: the records of `shrinkwise.diagnosis`, each of them or None.
    """

    title: str
    result: GridResult
    rule: str
    verdict: Verdict
    notes: tuple[str, ...] = ()
    target: str = ""
    task: str = ""
    source: str = ""
    created: str = ""
    command: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    certificate: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    linear: GridResult | None = None
    decision: Decision | None = None

    @cached_property
    def chosen(self) -> Selection:
        """The cell that the rule picks."""
        return self.result.select(self.rule)

    @cached_property
    def lowest(self) -> Selection:
        """The cell with the lowest cross-validated error."""
        return self.result.select("min")

    @property
    def noun(self) -> str:
        """What a column is to the model."""
        return "feature" if self.result.network is None else "input"

    @property
    def symbol(self) -> str:
        """What strengths are called: λ, or for networks l1."""
        return "λ" if self.result.network is None else "l1"

    def strengths(self, ratio: int) -> NDArray[np.float64]:
        """The strengths of a line of the grid, (A,)."""
        return np.asarray(self.result.alphas[ratio] if self.result.network is None else self.result.network.l1)

    def strength(self, cell: Selection) -> float:
        """The strength of a cell."""
        return float(self.strengths(cell.ratio)[cell.index])

    @cached_property
    def comparison(self) -> Comparison | None:
        """The network beside the best linear model, where there is one."""
        return None if self.linear is None else compare_with_linear(self.result, self.linear, self.rule)

    @property
    def mix_name(self) -> str:
        """What tells the lines of the grid from each other."""
        if self.result.network is not None:
            return "l2"
        parts = {"relax": self.result.relax, "cost power": self.result.cost_powers}
        return ", ".join(["l1_ratio", *(name for name, of_lines in parts.items() if of_lines is not None)])

    def mix(self, ratio: int) -> str:
        """The mix of a line of the grid, in a table."""
        if self.result.network is not None:
            return general(float(self.result.network.l2[ratio]))
        parts = (self.result.l1_ratios, self.result.relax, self.result.cost_powers)
        return ", ".join(general(float(part[ratio])) for part in parts if part is not None)

    def at_mix(self, ratio: int) -> str:
        """The mix of a line of the grid, in a sentence."""
        if self.result.network is not None:
            return f"l2 = {self.mix(ratio)}"
        parts = {"l1_ratio": self.result.l1_ratios, "relax": self.result.relax, "cost power": self.result.cost_powers}
        return " and ".join(f"{name} {general(float(of[ratio]))}" for name, of in parts.items() if of is not None)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the linear predictors of a row; where there is one it has none: ``("",)``."""
        return self.result.outputs or ("",)

    @property
    def output_word(self) -> str:
        """What each of several predictors is for."""
        return "target" if self.result.classes is None else "class"

    @cached_property
    def coef(self) -> NDArray[np.float64]:
        """The chosen model's coefficients of each predictor, (outputs, p), in the units of the data."""
        return np.atleast_2d(self.result.coef(self.chosen.ratio, self.chosen.index))

    @cached_property
    def effect(self) -> NDArray[np.float64]:
        """The same for one standard deviation of each feature; a network's inputs are standardized already."""
        if self.result.network is not None:
            return self.coef
        return np.asarray(self.coef * self.result.scale)

    @property
    def intercepts(self) -> list[float]:
        """The chosen model's intercepts, one for each predictor."""
        return [float(value) for value in np.atleast_1d(self.result.intercept(self.chosen.ratio, self.chosen.index))]

    @cached_property
    def kept(self) -> list[int]:
        """Features that the chosen model keeps, largest effect first."""
        coef, effect = (np.abs(part).max(axis=0) for part in (self.coef, self.effect))
        return [int(column) for column in np.lexsort((-coef, -effect)) if coef[column] != 0]

    def leading(self, limit: int) -> list[int]:
        """The predictors with the largest effects, so many at most, in their own order."""
        size = np.linalg.norm(self.effect, axis=1)
        return sorted(np.argsort(-size, kind="stable")[:limit].tolist())
