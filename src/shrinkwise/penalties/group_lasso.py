"""The group lasso and the sparse group lasso, with a ridge part: columns come in by groups."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from shrinkwise.exceptions import UsageError
from shrinkwise.penalties.base import Penalty, Rows
from shrinkwise.penalties.elastic_net import ElasticNet
from shrinkwise.penalties.groups import ALONE, Array, Groups
from shrinkwise.validation import check_number

FORMS = "groups must be one label for each feature (None or -1: alone), or lists of column numbers"

LISTS = (list, tuple, range, set, frozenset, np.ndarray)


@dataclass(frozen=True, eq=False)
class GroupLasso(Penalty):
    """Ω(w) = Σ_g π_g { r [ (1 − t) √m_g ‖w_g‖₂ + t Σ_{j∈g} |wⱼ| ] + (1 − r)/(2u) Σ_{j∈g} wⱼ² }, m_g columns in g.

    A group's coefficients are all zero or, with t = 0, all nonzero. A column alone is a group of one: there this is
    the elastic net, and with t = 1 it is so everywhere.

    Parameters
    ----------
    groups : sequence of p labels, or of lists of column numbers
        Columns with equal labels are a group; None or -1 is a column alone. Lists name the columns of each group; those
        that are in none are alone.
    l1_ratio : float in [0, 1], default 1
        The mix r of the part that selects and the ridge part: 0 is ridge.
    sparse_ratio : float in [0, 1], default 0
        The mix t: 0 is the group lasso, 1 is the lasso, between them coefficients within a group are selected, too.
    penalty_weights : array of shape (p,) or None
        π ≥ 0, one for each feature and the same for all of a group; 0 leaves a group unpenalized. None is 1 for all.
    lower, upper : float or array of shape (p,)
        Bounds of the coefficients of columns alone, ``lower <= 0 <= upper``; columns of a group can have none.
    ridge_unit : float > 0, default 1
        u, the unit in which the ridge part measures coefficients, see `ElasticNet`.

    Raises
    ------
    UsageError
        If a value is out of its range, or a column is in two groups.

    References
    ----------
    Yuan & Lin, "Model selection and estimation in regression with grouped variables", JRSS-B 2006, eq. 2.4;
    Simon, Friedman, Hastie & Tibshirani, "A sparse-group lasso", JCGS 2013, eq. 3.

    Examples
    --------
    >>> GroupLasso(["a", "a", None]).prox(np.array([3.0, 4.0, 0.5]), 1.0).round(3)
    array([2.151, 2.869, 0.   ])
    """

    groups: Sequence[Any] | Array
    l1_ratio: float = 1.0
    sparse_ratio: float = 0.0
    penalty_weights: ArrayLike | None = None
    lower: ArrayLike = -np.inf
    upper: ArrayLike = np.inf
    ridge_unit: float = 1.0

    convex = True
    separable = False
    examples = (
        {"groups": [0, 0, 1, 1]},
        {"groups": ["a", "b", "a", None], "l1_ratio": 0.5},
        {"groups": [[0, 1, 2, 3]], "sparse_ratio": 0.3},
        {"groups": [[2, 0]], "sparse_ratio": 0.7, "l1_ratio": 0.6, "penalty_weights": np.array([2.0, 1.0, 2.0, 0.5])},
        {"groups": [0, 0, -1, -1], "lower": np.array([-np.inf, -np.inf, 0.0, -0.3]), "ridge_unit": 4.0},
    )

    def __post_init__(self) -> None:
        check_number(
            "sparse_ratio",
            self.sparse_ratio,
            low=0,
            high=1,
            hint="0 is the group lasso, 1 is the lasso",
        )
        self._alone()
        if isinstance(self.groups, str) or not isinstance(self.groups, Iterable):
            raise UsageError(f"{FORMS}, got {self.groups!r}")
        if _are_lists(self.groups):
            _members(self.groups)

    def _alone(self) -> ElasticNet:
        """The penalty without its groups."""
        return ElasticNet(self.l1_ratio, self.penalty_weights, self.lower, self.upper, self.ridge_unit)

    def rows(self, n_features: int) -> Rows:
        alone = self._alone().rows(n_features)
        groups = Groups.of(_labels(self.groups, n_features))
        if not len(groups.members):
            return alone
        self._check_alike(groups, alone)
        sizes = np.diff(groups.starts, append=len(groups.members))
        norm = (1 - self.sparse_ratio) * alone.l1 * np.sqrt(groups.spread(sizes))
        if not np.any(norm):
            return alone
        l1 = np.where(groups.inside, self.sparse_ratio * alone.l1, alone.l1)
        return alone._replace(l1=l1, norm=norm, groups=groups)

    def _check_alike(self, groups: Groups, alone: Rows) -> None:
        """The columns of a group have one penalty weight and no bounds."""
        bounded = groups.inside & ~(np.isinf(alone.lower) & np.isinf(alone.upper))
        if np.any(bounded):
            j = int(np.flatnonzero(bounded)[0])
            raise UsageError(
                f"column {j} is in a group and has the bounds [{alone.lower[j]:g}, {alone.upper[j]:g}]; bounds are for "
                "columns alone: leave them infinite in groups, or take the column out of its group (label None)"
            )
        if self.penalty_weights is None:
            return
        weights = np.asarray(self.penalty_weights, dtype=np.float64)
        first = weights[groups.members[groups.starts]][groups.place]
        other = groups.inside & (weights != first)
        if np.any(other):
            j = int(np.flatnonzero(other)[0])
            raise UsageError(
                f"penalty_weights must be the same for all columns of a group, but that of column {j} is "
                f"{weights[j]:g} where another column of its group has {first[j]:g}"
            )


def penalty_of(
    l1_ratio: float = 1.0, groups: Sequence[Any] | Array | None = None, sparse_ratio: float = 0.0, **options: Any
) -> ElasticNet | GroupLasso:
    """The penalty that the parameters of a fit ask for: `GroupLasso` where there are groups, else `ElasticNet`."""
    if groups is not None:
        return GroupLasso(groups, l1_ratio, sparse_ratio, **options)
    if check_number("sparse_ratio", sparse_ratio, low=0, high=1) != 0:
        raise UsageError(f"sparse_ratio={sparse_ratio:g} is a mix within groups: give groups, too, or leave it 0")
    return ElasticNet(l1_ratio, **options)


def _are_lists(groups: Any) -> bool:
    """Whether groups are lists of column numbers."""
    return not isinstance(groups, str) and any(isinstance(group, LISTS) for group in groups)


def _members(groups: Iterable[Any]) -> dict[int, int]:
    """The group of each column that is named in lists of column numbers."""
    found: dict[int, int] = {}
    for number, group in enumerate(groups):
        if not isinstance(group, LISTS):
            raise UsageError(f"{FORMS}, got a mixture of both: {group!r} is no list")
        for column in group:
            if isinstance(column, bool | np.bool_) or not isinstance(column, Integral) or column < 0:
                raise UsageError(f"groups must hold column numbers >= 0, got {column!r} in group {number}")
            if int(column) in found:
                raise UsageError(
                    f"column {column} is in two groups ({found[int(column)]} and {number}), or twice in one; groups "
                    "must not overlap: give the column to one of them"
                )
            found[int(column)] = number
    return found


def group_names(groups: Sequence[Any] | Array, n_features: int) -> tuple[str, ...]:
    """What the group of each column is called, by its label or its number among lists; "" for columns alone."""
    labels, names = _labels(groups, n_features), _names(groups, n_features)
    return tuple("" if label == ALONE else str(name) for label, name in zip(labels, names, strict=True))


def alone(groups: Sequence[Any] | Array, columns: Array) -> list[Any]:
    """The groups without some columns, a mask of length p: those are alone."""
    return [None if out else name for name, out in zip(_names(groups, len(columns)), columns, strict=True)]


def _labels(groups: Sequence[Any] | Array, n_features: int) -> Array:
    """Labels 0, 1, … of groups of two columns and more, in the order of their first columns; -1 for columns alone."""
    columns: dict[Hashable, list[int]] = {}
    for column, name in enumerate(_names(groups, n_features)):
        if not isinstance(name, Hashable):
            raise UsageError(f"{FORMS}, got {name!r} for column {column}")
        alone = name is None or name == ALONE or name != name  # NaN stands for a missing label
        if not alone:
            columns.setdefault(name, []).append(column)
    labels = np.full(n_features, ALONE, dtype=np.int64)
    for label, group in enumerate(group for group in columns.values() if len(group) > 1):
        labels[group] = label
    return labels


def _names(groups: Sequence[Any] | Array, n_features: int) -> list[Any]:
    """The label of each column, whatever form the groups have."""
    if _are_lists(groups):
        members = _members(groups)
        beyond = [column for column in members if column >= n_features]
        if beyond:
            raise UsageError(
                f"groups name column {min(beyond)}, but the {n_features} columns are 0 to {n_features - 1}"
            )
        return [members.get(column, ALONE) for column in range(n_features)]
    names = list(groups)
    if len(names) != n_features:
        raise UsageError(f"groups has {len(names)} labels, but there are {n_features} features; {FORMS}")
    return names
