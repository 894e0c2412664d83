"""The grid once more, on the same data: with other folds, other strengths or another penalty."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from shrinkwise.losses import Loss
from shrinkwise.resampling import Split
from shrinkwise.result import GridResult

if TYPE_CHECKING:
    from shrinkwise.association import Association

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Observations:
    """The rows themselves.

    Parameters
    ----------
    X, y, maps
        As of `shrinkwise.grid.fit_grid`.
    loss : Loss
    weights, offset : arrays of shape (n,) or None
    fit_intercept : bool
    """

    X: Any
    y: Array
    loss: Loss
    weights: Array | None = None
    offset: Array | None = None
    maps: Sequence[Any] | None = None
    fit_intercept: bool = True

    @cached_property
    def encoded(self) -> Any:
        """X as the fit on all data sees it, (n, p)."""
        return self.X if self.maps is None else self.X @ self.maps[-1]


@dataclass(frozen=True, eq=False)
class Refits:
    """What a diagnosis may ask of the data: grids, fitted as the one that it reads.

    Parameters
    ----------
    fit : function (splits, **changes) -> GridResult
        `shrinkwise.grid.fit_grid` with its data, loss, weights and options; ``changes`` are further options of it.
        Neither extended nor with the fit without a penalty, unless changes say so, and scored by the loss itself.
    splits : list of K pairs (train, test) of row numbers
        The folds of the grid that is read.
    blocks : array of int, shape (n,)
        The block of each row, see `shrinkwise.resampling.blocks_of`; -1 in none.
    dealt : bool
        Whether the rows were dealt to their folds at random, so that they may be dealt again.
    seed : int
    data : Observations or None
        For what needs the rows: held-out predictions, intervals.
    associate : function (l1_ratio, alpha, coef, intercept, variant, l1_factors) -> Association, optional
        `shrinkwise.association.associate` with its data, loss, penalty and options: what features outside of a model
        miss. Without it a removal cost does not say why features are out.
    """

    fit: Callable[..., GridResult]
    splits: Sequence[Split]
    blocks: Array
    dealt: bool = True
    seed: int = 0
    data: Observations | None = None
    associate: Callable[..., Association] | None = None

    def __call__(self, splits: Sequence[Split] | None = None, **changes: Any) -> GridResult:
        """The grid on these splits (default: its own folds) with these changes."""
        return self.fit(self.splits if splits is None else splits, **changes)
