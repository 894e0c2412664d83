"""Classes that columns without a penalty tell apart: then the logistic loss has no minimum."""

import numpy as np
from scipy.optimize import linprog


def separable(X, y, weights, penalty, *, fit_intercept=True):
    """Whether some way along columns without a penalty lowers the loss of some row and raises that of none.

    A linear program, Albert & Anderson, "On the existence of maximum likelihood estimates in logistic regression
    models", Biometrika 1984.
    """
    sizes = {"penalty_weights": 1.0, "lower": -np.inf, "upper": np.inf}
    factors, lower, upper = (np.broadcast_to(penalty.get(key, end), X.shape[1]) for key, end in sizes.items())
    free, used = np.flatnonzero(factors == 0), weights > 0
    if not len(free):
        return False
    columns = np.column_stack([X[:, free], np.ones((len(y), int(fit_intercept)))])[used]
    sides = (2 * y - 1)[used, None] * columns
    bounds = [(-float(low < 0), float(up > 0)) for low, up in zip(lower[free], upper[free])]
    found = linprog(
        -sides.sum(axis=0), A_ub=-sides, b_ub=np.zeros(len(sides)), bounds=bounds + fit_intercept * [(-1, 1)]
    )
    return found.fun < -1e-9
