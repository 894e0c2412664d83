"""Penalties on their way to solvers: for standardized columns and a target in units of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from shrinkwise.penalties.base import Array, Penalty, Rows
from shrinkwise.penalties.groups import ALONE, NO_GROUPS, Groups


def standardized_rows(penalty: Penalty, scale: Array, unit: float, standardize: bool, degree: int = 2) -> Rows:
    """The penalty for coefficients of columns divided by their scale and a target divided by its unit.

    With ``standardize`` the penalty acts on the coefficients of the standardized columns, else on those of the columns
    as they came; bounds are always in the units of the data. A constant column is held at zero, and in no group. The
    loss of such a target is unit^degree times smaller, and so is the penalty.
    """
    rows = penalty.rows(len(scale))
    varies = scale > 0
    safe = np.where(varies, scale, 1.0)
    divisor = np.ones_like(safe) if standardize else safe
    with np.errstate(over="ignore", under="ignore"):
        alone = Rows(
            np.where(varies, rows.l1 / divisor * unit ** (1 - degree), 0.0),
            np.where(varies, rows.l2 / divisor / divisor * unit ** (2 - degree), 0.0),
            np.where(varies, _product(rows.lower, safe / unit), 0.0),
            np.where(varies, _product(rows.upper, safe / unit), 0.0),
        )
        if not rows.grouped:
            return alone
        groups = Groups.of(np.where(varies, rows.groups.labels, ALONE))
        return alone._replace(norm=np.where(varies, rows.norm / divisor * unit ** (1 - degree), 0.0), groups=groups)


def with_factors(rows: Rows, factors: Array) -> Rows:
    """The penalty with its L1 part, norms of groups too, multiplied coefficient by coefficient; infinity is zero.

    A group has one factor; one that is held at zero is a group no more, since groups have no bounds.
    """
    kept = np.isfinite(factors)
    finite = np.where(kept, factors, 1.0)
    grouped = rows.grouped
    return rows._replace(
        l1=rows.l1 * finite,
        norm=np.where(kept, rows.norm * finite, 0.0) if grouped else rows.norm,
        groups=Groups.of(np.where(kept, rows.groups.labels, ALONE)) if grouped else rows.groups,
        lower=np.where(kept, rows.lower, 0.0),
        upper=np.where(kept, rows.upper, 0.0),
    )


def unpenalized_rows(rows: Rows) -> Rows:
    """Nothing but the bounds of a penalty."""
    nothing = np.zeros_like(rows.lower)
    return Rows(nothing, nothing, rows.lower, rows.upper)


def groups_of(penalties: Sequence[Penalty], n_features: int) -> Groups:
    """The groups that some penalties, mixes of one kind, share."""
    rows = (penalty.rows(n_features) for penalty in penalties)
    return next((some.groups for some in rows if some.grouped), NO_GROUPS)


def common_scale(scale: Array, groups: Groups) -> Array:
    """One scale for all columns of a group, the largest of theirs: (p, k).

    A penalty on columns as they came is a norm of coefficients in the units of the data. Only with one scale for the
    group is it a norm of the coefficients of scaled columns, too.
    """
    if not len(groups.members):
        return scale
    largest = np.maximum.reduceat(scale[groups.members], groups.starts, axis=0)[groups.place]
    return np.asarray(np.where(groups.inside[:, None] & (scale > 0), largest, scale))


def _product(bound: Array, factor: Array) -> Array:
    return np.where(bound == 0, 0.0, bound * factor)
