"""Logistic and multinomial regression at one strength of the penalty."""

from __future__ import annotations

from shrinkwise.linear._model import Classification
from shrinkwise.linear._single import SingleFit


class LinearClassifier(Classification, SingleFit):
    """Logistic regression for two classes, multinomial for more, with an elastic-net penalty.

    Minimizes, with weights s, the mix r = ``l1_ratio`` and y = 1 for the second class,

        (1/Σs) Σᵢ sᵢ ( log(1 + exp ηᵢ) − yᵢ ηᵢ ) + alpha Σⱼ πⱼ ( r |wⱼ| + (1 − r)/2 wⱼ² ),   η = b + Xw,

    with lowerⱼ ≤ wⱼ ≤ upperⱼ, to a duality gap of ``tol``. The intercept b is not penalized. In terms of
    scikit-learn's ``C``, alpha = 1/(C Σs). More than two classes have a predictor each, ηᵢ = b + Wxᵢ; the loss is then
    log Σ_c exp η_ic − η_ik for a row of class k, and the penalty the sum over the classes.

    Parameters
    ----------
    alpha : float >= 0, default 0.01
        Strength λ of the penalty. With standardized columns and l1_ratio = 1 no feature comes in above 0.5. 0 is no
        penalty, which has no solution where the classes can be separated. `LinearClassifierCV` finds the strength.
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
    fit_intercept : bool, default True
    standardize : bool, default True
        Whether the penalty acts on the coefficients of standardized columns (sd with 1/n; without an intercept the root
        mean square). Coefficients come back in the units of the data either way.
    grouped_outputs : bool, default False
        With more than two classes: penalize the norm of a feature's coefficients, so that it is in for all classes or
        for none.
    tol : float >= 0, default 1e-8
        Duality gap to reach, relative to the loss of the intercept-only model.
    max_iter : int >= 1, default 1000
        Newton steps and rounds of working sets at the most.

    Attributes
    ----------
    classes_ : array of shape (K,)
        Labels in ascending order.
    coef_ : array of shape (1, p), or (K, p) for K > 2 classes
        Change of the log-odds of ``classes_[1]``, or of the predictor of each class, for a unit of each feature; zeros
        are exact. Without a penalty only differences of classes are determined: there the sum over the classes is 0.
    intercept_ : array of shape (1,) or (K,)
        The sum of K is 0.
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
    LinearClassifierCV : Finds alpha and l1_ratio by cross-validation.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0], [4.0], [5.0]])
    >>> model = LinearClassifier(alpha=0.05).fit(X, ["no", "no", "yes", "no", "yes", "yes"])
    >>> model.predict([[0.5], [4.5]])
    array(['no', 'yes'], dtype=...)
    """
