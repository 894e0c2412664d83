"""Rules that choose a cell of the grid, from their words."""

from __future__ import annotations

import re
from dataclasses import dataclass

from shrinkwise.exceptions import UsageError

RULES = (
    'rule must be "min", "1se", "k=<whole number>", "within=<percent>%", "aic", "aicc", "bic", "ebic" '
    '("ebic:<gamma>", gamma in [0, 1]) or "cheapest within 1se"'
)
CRITERIA = ("aic", "aicc", "bic", "ebic")  # rules that weigh the fits on all data, not the held-out error
WORDS = re.compile(
    r"(?P<kind>min|1se|aicc?|e?bic)|k=(?P<k>\d+)|within=(?P<within>\d+(\.\d+)?)%|ebic:(?P<ebic>\d+(\.\d+)?)|"
    r"(?P<cheapest>cheapest ?within ?1se)"
)
UNCOUNTED = (  # why no information criterion chooses a network
    "it weighs a fit against its degrees of freedom, and nobody knows those of a network; use 1se, min, k=7, within=1%"
)
UNCOUNTED_REFITS = (  # why none chooses a relaxed lasso: Tibshirani, "Degrees of freedom and model search", 2015
    "it weighs a fit against its degrees of freedom, and those of a refit without a penalty on features that the same "
    "data picked are more than their number, by nobody knows how much; use 1se, min, k=7, within=1%"
)
UNPRICED = (  # why a rule cannot choose by cost
    "nobody said what the features cost; fit again with costs (--costs costs.csv on the command line, costs= in "
    "Python), or use 1se, min, k=7, within=1%"
)
CHEAPEST = "cheapest within 1se"
GAMMA = 1.0  # of ebic; consistent however fast p grows as a power of n (Chen & Chen 2008, theorem 1)


@dataclass(frozen=True)
class Rule:
    """What a rule says: its kind, and the number behind it (features, percent, gamma; 0 where there is none)."""

    words: str
    kind: str
    number: float = 0.0

    @property
    def needs_costs(self) -> bool:
        """Whether it chooses by what features cost."""
        return self.kind == "cheapest"

    @property
    def is_criterion(self) -> bool:
        """Whether it weighs the fits on all data by an information criterion."""
        return self.kind in CRITERIA


def parse_rule(words: object) -> Rule:
    """The rule that these words name.

    Raises
    ------
    UsageError
        If they name none.

    Examples
    --------
    >>> parse_rule("k=7")
    Rule(words='k=7', kind='k', number=7.0)
    """
    match = WORDS.fullmatch(words) if isinstance(words, str) else None
    if match is None:
        raise UsageError(f"{RULES}, got {words!r}")
    kind, number = next((name, value) for name, value in match.groupdict().items() if value is not None)
    if kind == "cheapest":
        return Rule(CHEAPEST, kind)
    if kind == "kind":
        return Rule(match[0], number, GAMMA if number == "ebic" else 0.0)
    if kind == "ebic" and float(number) > 1:
        raise UsageError(f"the gamma of ebic must be in [0, 1], got {number}; 0 is bic, 1 the default")
    return Rule(match[0], kind, float(number))
