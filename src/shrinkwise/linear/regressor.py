"""Linear regression at one strength of the penalty."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from shrinkwise.linear._model import Regression
from shrinkwise.linear._single import SingleFit
from shrinkwise.linear._values import Array
from shrinkwise.losses import Loss


class LinearRegressor(Regression, SingleFit):
    """Linear regression and generalized linear models with an elastic-net penalty: lasso, ridge and all between.

    Minimizes, with weights s and the mix r = ``l1_ratio``,

        (1/Σs) Σᵢ sᵢ ℓ(yᵢ, b + xᵢ'w) + alpha Σⱼ πⱼ ( r |wⱼ| + (1 − r)/(2u) wⱼ² ),   lowerⱼ ≤ wⱼ ≤ upperⱼ

    to a duality gap of ``tol``, for several columns of y the sum over them; ℓ is ½ (y − η)² unless
    ``loss`` says otherwise. The intercept b is not penalized, and u is 1 unless ``ridge_unit`` says otherwise.

    Parameters
    ----------
    alpha : float >= 0, default 0.01
        Strength λ of the penalty, in the units of y (for l1_ratio = 1 and standardized columns, the covariance with y
        that a feature needs to come in). 0 is least squares; infinity leaves the intercept and what is not penalized.
        No default suits all data: `LinearRegressorCV` finds the strength.
    loss : str or Loss, default "squared"
        ``"squared"``; ``"poisson"``, ``"gamma"``, ``"tweedie:1.5"`` (its power in (1, 2)) and ``"negative_binomial:1"``
        (its theta > 0), all with a log link; ``"huber"`` (``"huber:2.5"`` gives its delta in the units of y, otherwise
        1.345 robust sds of y) and ``"quantile:0.9"`` (its corner rounded over a tenth of a robust sd of y). Or an
        object from `shrinkwise.losses`.
    l1_ratio : float in [0, 1], default 1
        1 is the lasso, 0 is ridge. (glmnet calls this number ``alpha``.)
    penalty_weights : array of shape (p,) or dict, optional
        π >= 0, one for each feature, or by names of columns; 0 leaves a feature unpenalized.
    groups : sequence, optional
        Columns that come in together, by one norm: a label for each feature (None or -1: alone), or lists of column
        numbers. A group's part of the penalty is then π √m ‖w‖₂ for its m coefficients in place of Σ π |w|, see
        `GroupLasso`; bounds are for columns alone.
    sparse_ratio : float in [0, 1], default 0
        The share of Σ π |w| within groups: 0 is the group lasso, between 0 and 1 the sparse group lasso.
    lower, upper : float, array of shape (p,) or dict, default no bounds
        Bounds of the coefficients in the units of the data, ``lower <= 0 <= upper``; ``lower={"age": 0}`` holds the
        sign of a named column.
    ridge_unit : float > 0 or "sd", default 1
        u, the unit in which the L2 part measures coefficients. With 1, as in scikit-learn, a mix of |w| and w² means
        something else for dollars than for thousands of dollars; with ``"sd"``, the standard deviation of y, as in
        glmnet, it means the same.
    fit_intercept : bool, default True
    standardize : bool, default True
        Whether the penalty acts on the coefficients of standardized columns (sd with 1/n; without an intercept the root
        mean square). Coefficients come back in the units of the data either way.
    grouped_outputs : bool, default False
        With several columns of y: penalize the norm of a feature's coefficients, so that it is in for all columns or
        for none (the multi-task lasso).
    tol : float >= 0, default 1e-8
        Duality gap to reach, relative to the loss of the intercept-only model.
    max_iter : int >= 1, default 1000
        Newton steps and rounds of working sets at the most.

    Attributes
    ----------
    coef_ : array of shape (p,), or (K, p) for K columns of y
        Coefficients in the units of the data; zeros are exact.
    intercept_ : float, or array of shape (K,)
    gap_ : float
        The certificate: the objective is above its minimum by at most this share of the loss of the intercept-only
        model, computed on the data themselves.
    converged_ : bool
        ``gap_ <= tol``.
    n_iter_ : int
    n_features_in_ : int
    feature_names_in_ : array of shape (p,)
        Only where the columns of X have names.

    See Also
    --------
    LinearRegressorCV : Finds alpha and l1_ratio by cross-validation.

    Notes
    -----
    The solver is prox-Newton on working sets: cost is about that of a few products with X, plus work of the size of
    the support.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[1.0, 0.0], [2.0, 1.0], [3.0, 0.0], [4.0, 1.0]])
    >>> model = LinearRegressor(alpha=0.1).fit(X, [2.0, 4.0, 6.0, 8.0])
    >>> model.coef_.round(3)
    array([1.911, 0.   ])
    """

    def __init__(
        self,
        alpha: float = 0.01,
        *,
        loss: str | Loss = "squared",
        l1_ratio: float = 1.0,
        penalty_weights: ArrayLike | None = None,
        groups: Sequence[Any] | Array | None = None,
        sparse_ratio: float = 0.0,
        lower: ArrayLike = -np.inf,
        upper: ArrayLike = np.inf,
        ridge_unit: float | str = 1.0,
        fit_intercept: bool = True,
        standardize: bool = True,
        grouped_outputs: bool = False,
        tol: float = 1e-8,
        max_iter: int = 1000,
    ) -> None:
        super().__init__(
            alpha,
            l1_ratio=l1_ratio,
            penalty_weights=penalty_weights,
            groups=groups,
            sparse_ratio=sparse_ratio,
            lower=lower,
            upper=upper,
            fit_intercept=fit_intercept,
            standardize=standardize,
            grouped_outputs=grouped_outputs,
            tol=tol,
            max_iter=max_iter,
        )
        self.loss = loss
        self.ridge_unit = ridge_unit
