"""Cox's proportional hazards: one fit at a given strength."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from shrinkwise.linear._cox_model import CoxModel
from shrinkwise.linear._single import SingleFit
from shrinkwise.linear._values import Array


class CoxRegressor(CoxModel, SingleFit):
    """Cox regression of censored times with an elastic-net penalty: the hazard is h₀(t) e^η, η = Xw + offset.

    Minimizes, with weights s and the mix r = ``l1_ratio``,

        (1/Σs) Σ_{events i} sᵢ ( log Σ_{j at risk at tᵢ} sⱼ e^ηⱼ − ηᵢ ) + alpha Σⱼ πⱼ ( r|wⱼ| + (1 − r)/2 wⱼ² )

    to a duality gap of ``tol``. At risk are the rows of the same stratum whose time is at least tᵢ. There is no
    intercept: the baseline hazard h₀ takes its place.

    Parameters
    ----------
    alpha : float >= 0, default 0.01
        Strength λ of the penalty (glmnet's ``lambda``). `CoxRegressorCV` finds it.
    ties : {"breslow", "efron"}, default "breslow"
        How events of one time share those at risk: all see all of them, or, nearer to the truth where ties are many,
        each sees a share of the others. With weights Efron's m terms have the mean weight of the m events.
    l1_ratio : float in [0, 1], default 1
        1 is the lasso, 0 is ridge.
    penalty_weights : array of shape (p,), optional
        π >= 0, one for each feature; 0 leaves a feature unpenalized.
    groups : sequence, optional
        Columns that come in together, see `LinearRegressor`.
    sparse_ratio : float in [0, 1], default 0
        The share of Σ π |w| within groups.
    lower, upper : float or array of shape (p,), default no bounds
        Bounds of the coefficients in the units of the data, ``lower <= 0 <= upper``.
    standardize : bool, default True
        Whether the penalty acts on the coefficients of standardized columns (sd with 1/n).
    tol : float >= 0, default 1e-8
        Duality gap to reach, relative to the loss of w = 0 above its infimum.
    max_iter : int >= 1, default 1000
        Newton steps and rounds of working sets at the most.

    Attributes
    ----------
    coef_ : array of shape (p,)
        Logarithms of hazard ratios, in the units of the data; zeros are exact.
    baseline_ : Baseline
        Breslow's cumulative hazard of η = 0, ``strata``, ``times`` and ``log_hazard`` of each stratum.
    gap_ : float
        The certificate: the objective is above its minimum by at most this share of the loss of w = 0.
    converged_ : bool
        ``gap_ <= tol``.
    n_iter_ : int
    n_features_in_ : int
    feature_names_in_ : array of shape (p,)
        Only where the columns of X have names.

    See Also
    --------
    CoxRegressorCV : Finds alpha and l1_ratio by cross-validation.

    References
    ----------
    Cox 1972; Simon, Friedman, Hastie & Tibshirani, "Regularization paths for Cox's proportional hazards model via
    coordinate descent", JSS 2011; Therneau & Grambsch, "Modeling Survival Data", 2000, sec. 3.3.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[3.0, 0.0], [2.0, 1.0], [2.5, 0.0], [0.5, 1.0], [1.0, 0.0]])
    >>> y = [[1.0, 1], [2.0, 1], [3.0, 0], [4.0, 1], [5.0, 1]]  # time, event
    >>> model = CoxRegressor(alpha=0.3).fit(X, y)
    >>> model.coef_.round(3)
    array([0.038, 0.   ])
    >>> model.predict_survival_function([[0.5, 0.0]], times=[2.0, 4.5]).round(2)
    array([[0.65, 0.4 ]])
    """

    fit_intercept = True  # columns are centered
    grouped_outputs = False

    def __init__(
        self,
        alpha: float = 0.01,
        *,
        ties: str = "breslow",
        l1_ratio: float = 1.0,
        penalty_weights: ArrayLike | None = None,
        groups: Sequence[Any] | Array | None = None,
        sparse_ratio: float = 0.0,
        lower: ArrayLike = -np.inf,
        upper: ArrayLike = np.inf,
        standardize: bool = True,
        tol: float = 1e-8,
        max_iter: int = 1000,
    ) -> None:
        self.alpha = alpha
        self.ties = ties
        self.l1_ratio = l1_ratio
        self.penalty_weights = penalty_weights
        self.groups = groups
        self.sparse_ratio = sparse_ratio
        self.lower = lower
        self.upper = upper
        self.standardize = standardize
        self.tol = tol
        self.max_iter = max_iter

    def fit(  # type: ignore[override]
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        strata: Any = None,
        offset: ArrayLike | None = None,
    ) -> Self:
        """Fit the model and certify it.

        Parameters
        ----------
        X : array, sparse matrix or frame of shape (n, p)
            Numbers without missing or infinite values.
        y : array of shape (n, 2), or structured array of shape (n,)
            Columns time > 0 and event, 1 or, for a censored time, 0; or the fields event and time, in this order (the
            one of booleans is the event), as scikit-survival has them.
        sample_weight : array of shape (n,), optional
            Weights >= 0, not all zero; only their ratios matter.
        strata : array of shape (n,), optional
            Labels: only rows of one stratum are compared, and each has a baseline hazard of its own.
        offset : array of shape (n,), optional
            A known part of η.

        Returns
        -------
        self

        Raises
        ------
        UsageError
            If a parameter is out of its range.
        DataError
            If the data cannot be used; the message says what and where.

        Warns
        -----
        ConvergenceWarning
            If the duality gap is above ``tol``.
        """
        options = self._options()
        cohort = self._cohort(X, y, sample_weight, strata, offset)
        found = self._solved(options, cohort.data, cohort.event, None, cohort.loss, cohort.offset, 1.0)
        return self._publish(self._with_baseline(found, cohort))
