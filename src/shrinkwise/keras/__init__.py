"""Networks of Keras whose L1, L2 and group penalties act: exact zeros, the whole grid at once, a smaller network."""

from importlib import import_module
from typing import Any

_EXPORTS = {
    "NetworkClassifierCV": "shrinkwise.keras.search",
    "NetworkRegressorCV": "shrinkwise.keras.search",
}

__all__ = ["NetworkClassifierCV", "NetworkRegressorCV"]  # noqa: F822


def __getattr__(name: str) -> Any:
    if name in _EXPORTS:
        return getattr(import_module(_EXPORTS[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
