"""Linear models with L1, L2 and elastic-net penalties, and the questions a person has about them.

Do I overfit, which penalty, how strong, which features, and how sure is that? The whole grid (every strength, every mix
of L1 and L2, every fold) shares one read of the data, and every fit carries its duality gap.

Start with `LinearRegressorCV` or `LinearClassifierCV`; the command line is ``shrinkwise fit table.csv --target y``.
The public names below are loaded when they are first used, so ``import shrinkwise`` costs next to nothing.

The exceptions are `ShrinkwiseError` and, under it, `DataError`, `UsageError` and `ModelFileError`; the warnings are
`ConvergenceWarning`, `DataWarning` and `PenaltyWarning`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shrinkwise.adaptive import fit_adaptive_grid as fit_adaptive_grid
    from shrinkwise.exceptions import ConvergenceWarning as ConvergenceWarning
    from shrinkwise.exceptions import DataError as DataError
    from shrinkwise.exceptions import DataWarning as DataWarning
    from shrinkwise.exceptions import ModelFileError as ModelFileError
    from shrinkwise.exceptions import PenaltyWarning as PenaltyWarning
    from shrinkwise.exceptions import ShrinkwiseError as ShrinkwiseError
    from shrinkwise.exceptions import UsageError as UsageError
    from shrinkwise.grid import fit_grid as fit_grid
    from shrinkwise.linear import CoxRegressor as CoxRegressor
    from shrinkwise.linear import CoxRegressorCV as CoxRegressorCV
    from shrinkwise.linear import LinearClassifier as LinearClassifier
    from shrinkwise.linear import LinearClassifierCV as LinearClassifierCV
    from shrinkwise.linear import LinearRegressor as LinearRegressor
    from shrinkwise.linear import LinearRegressorCV as LinearRegressorCV
    from shrinkwise.linear import from_sklearn as from_sklearn
    from shrinkwise.losses import GammaLoss as GammaLoss
    from shrinkwise.losses import HuberLoss as HuberLoss
    from shrinkwise.losses import LogisticLoss as LogisticLoss
    from shrinkwise.losses import NegativeBinomialLoss as NegativeBinomialLoss
    from shrinkwise.losses import PoissonLoss as PoissonLoss
    from shrinkwise.losses import QuantileLoss as QuantileLoss
    from shrinkwise.losses import SquaredLoss as SquaredLoss
    from shrinkwise.losses import TweedieLoss as TweedieLoss
    from shrinkwise.nested import nested_error as nested_error
    from shrinkwise.penalties import ElasticNet as ElasticNet
    from shrinkwise.penalties import GroupLasso as GroupLasso
    from shrinkwise.result import GridResult as GridResult
    from shrinkwise.store import Model as Model
    from shrinkwise.store import load_model as load_model
    from shrinkwise.store import save_model as save_model
    from shrinkwise.translation import from_glmnet as from_glmnet
    from shrinkwise.translation import from_keras as from_keras
    from shrinkwise.translation import translate as translate

__version__ = "0.1.0"

_HOME = {
    "LinearRegressor": "shrinkwise.linear",
    "LinearClassifier": "shrinkwise.linear",
    "LinearRegressorCV": "shrinkwise.linear",
    "LinearClassifierCV": "shrinkwise.linear",
    "CoxRegressor": "shrinkwise.linear",
    "CoxRegressorCV": "shrinkwise.linear",
    "SquaredLoss": "shrinkwise.losses",
    "LogisticLoss": "shrinkwise.losses",
    "GammaLoss": "shrinkwise.losses",
    "HuberLoss": "shrinkwise.losses",
    "NegativeBinomialLoss": "shrinkwise.losses",
    "PoissonLoss": "shrinkwise.losses",
    "QuantileLoss": "shrinkwise.losses",
    "TweedieLoss": "shrinkwise.losses",
    "ElasticNet": "shrinkwise.penalties",
    "GroupLasso": "shrinkwise.penalties",
    "fit_grid": "shrinkwise.grid",
    "fit_adaptive_grid": "shrinkwise.adaptive",
    "nested_error": "shrinkwise.nested",
    "GridResult": "shrinkwise.result",
    "Model": "shrinkwise.store",
    "load_model": "shrinkwise.store",
    "save_model": "shrinkwise.store",
    "translate": "shrinkwise.translation",
    "from_glmnet": "shrinkwise.translation",
    "from_keras": "shrinkwise.translation",
    "from_sklearn": "shrinkwise.linear",
    "ShrinkwiseError": "shrinkwise.exceptions",
    "DataError": "shrinkwise.exceptions",
    "UsageError": "shrinkwise.exceptions",
    "ModelFileError": "shrinkwise.exceptions",
    "ConvergenceWarning": "shrinkwise.exceptions",
    "DataWarning": "shrinkwise.exceptions",
    "PenaltyWarning": "shrinkwise.exceptions",
}

__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> object:
    """Import a public name from its home when it is first asked for (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module 'shrinkwise' has no attribute {name!r}; it has {', '.join(sorted(_HOME))}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names, loaded or not."""
    return sorted(__all__)
