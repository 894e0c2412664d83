"""Linear models with the scikit-learn interface: one fit at a given strength, or a grid that finds it."""

from shrinkwise.linear._from_sklearn import from_sklearn
from shrinkwise.linear.classifier import LinearClassifier
from shrinkwise.linear.cox import CoxRegressor
from shrinkwise.linear.cox_search import CoxRegressorCV
from shrinkwise.linear.regressor import LinearRegressor
from shrinkwise.linear.search import LinearClassifierCV, LinearRegressorCV

__all__ = [
    "CoxRegressor",
    "CoxRegressorCV",
    "LinearClassifier",
    "LinearClassifierCV",
    "LinearRegressor",
    "LinearRegressorCV",
    "from_sklearn",
]
