"""What a penalty is in another system, and what its units depend on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from shrinkwise.exceptions import UsageError
from shrinkwise.losses import Loss

FAMILIES = {"squared": "gaussian", "logistic": "binomial"}  # where R's word is not the name of the loss


@dataclass(frozen=True)
class Translation:
    """A penalty in the words of another system.

    Attributes
    ----------
    system : str
        What ``source`` calls it.
    estimator : str
        What takes the parameters.
    parameters : dict
        Strength and mix, by their names there.
    options : dict
        What else must be set so that it is the same problem.
    note : str
        What else must hold.
    """

    system: str
    estimator: str
    parameters: dict[str, float]
    options: dict[str, Any]
    note: str = ""


class Problem(NamedTuple):
    """What lies around the penalty."""

    loss: Loss
    n: float | None
    standardize: bool
    y_sd: float | None

    @property
    def family(self) -> str:
        return FAMILIES.get(self.loss.name, self.loss.name)

    def rows(self, who: str) -> float:
        if self.n is None:
            raise UsageError(f"{who}: give n, the number of rows (the sum of their weights, where they have any)")
        return self.n

    def spread(self, who: str, l2: float) -> float:
        """The unit of the L2 part where y is divided by its sd."""
        if not l2 or self.loss.name != "squared":
            return 1.0
        if self.y_sd is None:
            raise UsageError(f"{who} penalizes after dividing y by its standard deviation: give y_sd=np.std(y)")
        return self.y_sd

    def sample_sd(self, who: str) -> float:
        """Sd with n − 1 over that with n, where columns are standardized by the former."""
        if not self.standardize:
            return 1.0
        n = self.rows(f"{who} standardizes by standard deviations with n − 1")
        return float(np.sqrt(n / (n - 1)))

    def needs(self, who: str, *losses: str) -> None:
        if self.loss.name not in losses:
            raise UsageError(f"{who} has no loss {self.loss.spec!r}; it has {', '.join(losses)}")
