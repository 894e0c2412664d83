"""Networks of Keras whose L1, L2 and group penalties act: exact zeros, the whole grid at once, a smaller network.

`Proximal` wraps an optimizer, `penalize` gives a model its penalties, `compact` takes out what they have ended, and
`NetworkRegressorCV` and `NetworkClassifierCV` choose their strength. Names are loaded when they are first used; Keras
is imported then, with the backend that KERAS_BACKEND names; where nothing names one and TensorFlow, Keras' own default,
is not installed, with JAX.
"""

import os
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shrinkwise.keras._compact import compact as compact
    from shrinkwise.keras._penalize import penalize as penalize
    from shrinkwise.keras.checks import FiniteWeights as FiniteWeights
    from shrinkwise.keras.checks import check_finite_inputs as check_finite_inputs
    from shrinkwise.keras.checks import check_finite_weights as check_finite_weights
    from shrinkwise.keras.lassonet import LassoNet as LassoNet
    from shrinkwise.keras.monitor import SparsityMonitor as SparsityMonitor
    from shrinkwise.keras.proximal import Proximal as Proximal
    from shrinkwise.keras.regularizers import GroupL1 as GroupL1
    from shrinkwise.keras.search import NetworkClassifierCV as NetworkClassifierCV
    from shrinkwise.keras.search import NetworkRegressorCV as NetworkRegressorCV

_HOME = {
    "Proximal": "shrinkwise.keras.proximal",
    "penalize": "shrinkwise.keras._penalize",
    "GroupL1": "shrinkwise.keras.regularizers",
    "LassoNet": "shrinkwise.keras.lassonet",
    "SparsityMonitor": "shrinkwise.keras.monitor",
    "FiniteWeights": "shrinkwise.keras.checks",
    "check_finite_inputs": "shrinkwise.keras.checks",
    "check_finite_weights": "shrinkwise.keras.checks",
    "compact": "shrinkwise.keras._compact",
    "NetworkRegressorCV": "shrinkwise.keras.search",
    "NetworkClassifierCV": "shrinkwise.keras.search",
}

__all__ = [*_HOME]


def __getattr__(name: str) -> object:
    """Import a public name from its home when it is first asked for (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module 'shrinkwise.keras' has no attribute {name!r}; it has {', '.join(sorted(_HOME))}")
    _settle_backend()
    try:
        value = getattr(import_module(_HOME[name]), name)
    except ModuleNotFoundError as error:
        if error.name != "keras":
            raise
        raise ImportError(
            f"shrinkwise.keras.{name} needs Keras and a backend: pip install 'shrinkwise[keras]'"
        ) from error
    globals()[name] = value
    return value


def _settle_backend() -> None:
    """Name JAX where Keras is not loaded yet, nobody has named a backend, and its default would not be found."""
    asked = "KERAS_BACKEND" in os.environ or "keras" in sys.modules
    if not asked and find_spec("tensorflow") is None and find_spec("jax") is not None and not _configured():
        os.environ["KERAS_BACKEND"] = "jax"


def _configured() -> bool:
    """Whether Keras' own settings name another backend than its default; Keras writes that file itself."""
    folder = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    try:
        words = (folder / "keras.json").read_text(encoding="utf-8")
    except OSError:
        return False
    return '"backend"' in words and '"tensorflow"' not in words


def __dir__() -> list[str]:
    """The public names, loaded or not."""
    return sorted(__all__)
