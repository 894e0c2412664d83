"""Cox's partial likelihood: which of those at risk has the event, given when one has it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from types import ModuleType
from typing import Any, Self

import numpy as np

from shrinkwise.exceptions import UsageError
from shrinkwise.losses._risk_sets import AtRisk, RiskSets
from shrinkwise.losses.base import Array, Loss

TIES = ("breslow", "efron")


@dataclass(frozen=True, eq=False)
class CoxLoss(Loss):
    """Minus the log partial likelihood Σ sᵢ ( log Σ_{j ∈ Rᵢ} sⱼ e^ηⱼ − ηᵢ ) over the events i; y is 1 for an event.

    Rᵢ are the rows of the same stratum with a time of at least tᵢ. Rows are coupled: the loss is one of a training set
    (see `of_rows`), whose weights sum to 1 and are in its values, and what is returned for the rows sums to it.

    Events of one time, of weight d = Σ s, share the sum over those at risk (Breslow); or, where there are m of them,
    log S becomes the mean of log(S − k/m S_D) over k = 0, …, m − 1, S_D the part of S that is theirs (Efron, each of
    the m terms with the weight d/m: Therneau & Grambsch 2000, sec. 3.3).

    Parameters
    ----------
    time : array of shape (n,)
    stratum : array of int, shape (n,), optional
        Rows of one stratum are compared with each other alone.
    ties : "breslow" or "efron"

    Raises
    ------
    UsageError
        If ties is neither.

    References
    ----------
    Cox, JRSS-B 1972; Breslow 1974; Efron, JASA 1977; Therneau & Grambsch, "Modeling Survival Data", 2000.
    """

    time: Array
    stratum: Array | None = None
    ties: str = "breslow"
    sets: RiskSets | None = None  # of a training set

    name = "cox"
    metric = "partial-likelihood deviance per event"
    domain = (0.0, np.inf)
    coupled = True
    mean_fits = False
    examples = ((1.0, 0.5), (0.0, -2.0))

    def __post_init__(self) -> None:
        if self.ties not in TIES:
            raise UsageError(f'ties must be "breslow" or "efron", got {self.ties!r}')

    @property
    def spec(self) -> str:
        return f"{self.name}:{self.ties}"

    def of_rows(self, y: Array, weights: Array) -> Self:
        stratum = np.zeros(len(y), dtype=np.intp) if self.stratum is None else self.stratum
        return replace(self, sets=RiskSets.of(self.time, y, stratum, weights, self.ties == "efron"))

    def take(self, rows: Array) -> Self:
        return replace(self, time=self.time[rows], stratum=None if self.stratum is None else self.stratum[rows])

    @cached_property
    def _sets(self) -> RiskSets:
        if self.sets is None:
            raise UsageError("the cox loss couples the rows of a training set: bind it to one by of_rows(y, weights)")
        return self.sets

    def at(self, eta: Array) -> AtRisk:
        """The sums over risk sets."""
        return AtRisk(self._sets, np.ravel(eta))

    def _spread(self, values: Array, eta: Array) -> Array:
        """Values of the rows at risk as those of all rows, in the shape of η."""
        out = np.zeros(eta.size)
        out[self._sets.rows] = values
        return out.reshape(eta.shape)

    def _above(self, levels: Array, eta: Array) -> Array:
        """s (level − η) of each event, 0 of the other rows."""
        sets = self._sets
        return self._spread(np.where(sets.event, sets.s * (levels[sets.group] - np.ravel(eta)[sets.rows]), 0.0), eta)

    def value(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        return self._above(self.at(eta).level, eta)

    def deviance(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        """Twice the loss above its infimum, at which each event has all the risk of its time."""
        return 2 * self._above(self.at(eta).level - self._sets.best, eta)

    def gradient(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        """p − s y: minus the martingale residuals, times s."""
        sets = self._sets
        return self._spread(self.at(eta).hazard - np.where(sets.event, sets.s, 0.0), eta)

    def hessian(self, y: Array, eta: Array, xp: ModuleType = np) -> Array:
        """p of the second derivatives diag(p) − Σ a qq', q the distributions over the risk sets: a bound from above."""
        return self._spread(self.at(eta).hazard, eta)

    def conjugate(self, y: Array, u: Array, xp: ModuleType = np) -> Array:
        raise UsageError("the conjugate of the cox loss has no closed form: see slack_towards")

    def slack_towards(self, eta: Array, other: Array, tau: Any) -> float:
        """Fenchel–Young slack of η and u = τ ∇loss(other), 0 <= τ <= 1, or a little more: see `AtRisk.slack`."""
        here = self.at(eta)
        return here.slack(here if other is eta else self.at(other), float(tau))

    def link(self, mu: Array, xp: ModuleType = np) -> Array:
        return xp.log(mu)

    def inverse_link(self, eta: Array, xp: ModuleType = np) -> Array:
        """The hazard in units of the baseline's."""
        return xp.exp(eta)
