"""An array namespace that is not numpy, to see that formulas use the ``xp`` that they are given."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from shrinkwise.testing._require import require

# Functions that numpy, jax.numpy and keras.ops share; keras.ops has no constants, not even inf: write np.inf.
SHARED = frozenset(
    (
        "abs",
        "clip",
        "cosh",
        "exp",
        "expm1",
        "isfinite",
        "log",
        "log1p",
        "logaddexp",
        "matmul",
        "max",
        "maximum",
        "mean",
        "min",
        "minimum",
        "ones_like",
        "sign",
        "sinh",
        "sqrt",
        "square",
        "sum",
        "tanh",
        "where",
        "zeros_like",
    )
)


class ForeignArray:
    """Numbers that numpy cannot read: only operators and the functions of `FOREIGN` work on them."""

    __array_ufunc__ = None  # numpy leaves operators to this class and refuses its own functions
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, values: Any) -> None:
        self.values = np.asarray(values)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values.shape

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, key: Any) -> ForeignArray:
        return ForeignArray(self.values[_native(key)])

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError("a formula gave an array of another namespace to numpy: call the functions of xp instead")

    def __bool__(self) -> bool:
        raise TypeError("a formula branches on the value of an array: use xp.where, so that it can be traced")

    def __neg__(self) -> ForeignArray:
        return ForeignArray(-self.values)

    def __invert__(self) -> ForeignArray:
        return ForeignArray(~self.values)


def _native(value: Any) -> Any:
    return value.values if isinstance(value, ForeignArray) else value


def _operator(name: str) -> Callable[[ForeignArray, Any], ForeignArray]:
    def apply(self: ForeignArray, other: Any) -> ForeignArray:
        return ForeignArray(getattr(self.values, name)(np.asarray(_native(other))))

    return apply


for _name in ("add", "sub", "mul", "truediv", "pow", "and", "or"):
    setattr(ForeignArray, f"__{_name}__", _operator(f"__{_name}__"))
    setattr(ForeignArray, f"__r{_name}__", _operator(f"__r{_name}__"))
for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    setattr(ForeignArray, f"__{_name}__", _operator(f"__{_name}__"))


class _Foreign(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name not in SHARED:
            raise AttributeError(f"xp.{name} is not a function that numpy, jax.numpy and keras.ops share")
        function = getattr(np, name)

        def call(*values: Any, **options: Any) -> ForeignArray:
            return ForeignArray(function(*(_native(value) for value in values), **options))

        return call


FOREIGN = _Foreign("foreign")


def in_foreign(what: str, method: Callable[..., Any], *arguments: Any) -> Any:
    """What a method returns in another namespace, as a numpy array; AssertionError where it falls back to numpy."""
    try:
        result = method(*(ForeignArray(a) if isinstance(a, np.ndarray) else a for a in arguments), xp=FOREIGN)
    except (AttributeError, TypeError) as error:
        raise AssertionError(f"{what} does not work in a namespace other than numpy: {error}") from error
    require(
        isinstance(result, ForeignArray),
        f"{what} returned {type(result).__name__} for arrays of another namespace: call the functions of xp throughout",
    )
    return result.values
