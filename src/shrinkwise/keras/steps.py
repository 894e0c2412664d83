"""The step of each coordinate: how far an optimizer of Keras goes for one unit of a steady gradient.

A proximal step is right in one metric only, that of the step just taken: w ← prox(w − s ∘ g, s). For Adam that is
s = learning rate / √v, coordinate by coordinate; with one scalar for all, the fixed point is not the minimum. One row a
optimizer follows. Each is read before the update, from the state that it is about to change and the gradient that it
is about to get, so that it may be traced, mapped and compiled like the update itself.

A coordinate whose gradient is nearly zero has a step without bound, in which any penalty would end it at once: all
kernels below an output that starts at zero, every unit that is idle in the first batch. `bounded` therefore lets no
coordinate's scale √v fall below the slope of its own penalty, so that a penalty moves a weight by the learning rate at
most, as gradients do. Update and prox are shortened alike: the minimum stays where it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from shrinkwise.exceptions import UsageError
from shrinkwise.keras.terms import Terms

LEAST = 1e-3  # of the root mean square of an array's scales: the least scale that a coordinate of it is taken to have


@dataclass(frozen=True)
class Row:
    """What Proximal knows of an optimizer.

    Parameters
    ----------
    step : callable
        ``step(optimizer, index, gradient, rate)`` -> (top, bottom): the step of this update without its momentum is
        top / bottom, bottom the scale of the gradient at each coordinate, or None where it is 1; ``index`` numbers
        the variable among those that the optimizer was built with.
    momentum : callable
        ``momentum(optimizer)`` -> (mu, nesterov) where steps are summed, as s ← mu s + step; (0, False) where they are
        not, or where, as in Adam, it is gradients that are averaged, with weights that sum to one.
    """

    step: Callable[[Any, int, Any, Any], tuple[Any, Any]]
    momentum: Callable[[Any], tuple[float, bool]] = lambda optimizer: (0.0, False)


def _sgd(optimizer: Any, index: int, gradient: Any, rate: Any) -> tuple[Any, Any]:
    """The learning rate."""
    return rate, None


def _adam(optimizer: Any, index: int, gradient: Any, rate: Any) -> tuple[Any, Any]:
    """rate √(1 − β₂ᵗ) / (√v + ε); of AMSGrad the largest v so far."""
    v = _average(optimizer._velocities[index], gradient**2, optimizer.beta_2)
    if optimizer.amsgrad:
        v = ops.maximum(optimizer._velocity_hats[index], v)
    unbiased = ops.sqrt(1 - _power(optimizer.beta_2, optimizer, gradient))
    return rate, (ops.sqrt(v) + optimizer.epsilon) / unbiased


def _nadam(optimizer: Any, index: int, gradient: Any, rate: Any) -> tuple[Any, Any]:
    """rate / (√(v / (1 − β₂ᵗ)) + ε)."""
    v = _average(optimizer._velocities[index], gradient**2, optimizer.beta_2)
    return rate, ops.sqrt(v / (1 - _power(optimizer.beta_2, optimizer, gradient))) + optimizer.epsilon


def _adamax(optimizer: Any, index: int, gradient: Any, rate: Any) -> tuple[Any, Any]:
    """rate / (u + ε), u the largest gradient, forgotten at rate β₂."""
    return rate, ops.maximum(optimizer.beta_2 * optimizer._u[index], ops.abs(gradient)) + optimizer.epsilon


def _rmsprop(optimizer: Any, index: int, gradient: Any, rate: Any) -> tuple[Any, Any]:
    """rate / √(v + ε), v less the square of the mean gradient where it is centered.

    Of gradients without noise, those of all rows, that is 0 at the minimum and the step rate/√ε: centered, Keras'
    ε = 1e-7 leaves the exact lasso of the tests at 2e-3, however long it runs, ε = 1e-4 at 3e-6.
    """
    v = _average(optimizer._velocities[index], gradient**2, optimizer.rho)
    if optimizer.centered:
        v = v - _average(optimizer._average_gradients[index], gradient, optimizer.rho) ** 2
    return rate, ops.sqrt(v + optimizer.epsilon)


def _adagrad(optimizer: Any, index: int, gradient: Any, rate: Any) -> tuple[Any, Any]:
    """rate / √(sum of squares + ε)."""
    return rate, ops.sqrt(optimizer._accumulators[index] + gradient**2 + optimizer.epsilon)


def _adadelta(optimizer: Any, index: int, gradient: Any, rate: Any) -> tuple[Any, Any]:
    """rate √(mean square of the last moves + ε) / √(mean square of the gradients + ε)."""
    squares = _average(optimizer._accumulated_grads[index], gradient**2, optimizer.rho)
    moves = ops.convert_to_tensor(optimizer._accumulated_delta_vars[index])
    return rate * ops.sqrt(moves + optimizer.epsilon), ops.sqrt(squares + optimizer.epsilon)


def _lion(optimizer: Any, index: int, gradient: Any, rate: Any) -> tuple[Any, Any]:
    """rate / |c|, because sign(c) = c / |c| for Lion's c = β₁ m + (1 − β₁) g."""
    c = ops.abs(_average(optimizer._momentums[index], gradient, optimizer.beta_1))
    return rate, ops.maximum(c, 1e-12)


def _average(old: Any, new: Any, keep: float) -> Any:
    """A moving average after ``new``."""
    return old + (new - old) * (1 - keep)


def _power(beta: float, optimizer: Any, gradient: Any) -> Any:
    """βᵗ at the update that comes."""
    return ops.power(ops.cast(beta, gradient.dtype), ops.cast(optimizer.iterations + 1, gradient.dtype))


ROWS: dict[str, Row] = {
    "SGD": Row(_sgd, lambda optimizer: (optimizer.momentum, optimizer.nesterov)),
    "Adam": Row(_adam),
    "AdamW": Row(_adam),
    "Nadam": Row(_nadam),
    "Adamax": Row(_adamax),
    "RMSprop": Row(_rmsprop, lambda optimizer: (optimizer.momentum, False)),
    "Adagrad": Row(_adagrad),
    "Adadelta": Row(_adadelta),
    "Lion": Row(_lion),
}


def bounded(bottom: Any, w: Any, terms: Terms) -> Any:
    """What a step is multiplied by so that the penalty moves no weight by more than top, an array in (0, 1].

    Parameters
    ----------
    bottom : array
        The scale of the gradient at each coordinate.
    w : array
        The weights before the update.
    terms : Terms
        Their penalty.
    """
    slope = terms.l1 + terms.group + 2 * terms.l2 * ops.abs(w)  # a group of m shares √m among weights of 1/√m of it
    least = LEAST * ops.sqrt(ops.mean(bottom * bottom))
    return bottom / ops.maximum(bottom, ops.maximum(slope, least))


def optimizer_of(given: Any) -> Any:
    """An optimizer from what a person gives: its name, its configuration or itself.

    Raises
    ------
    UsageError
        Keras makes no optimizer of it.
    """
    known = f"; known are {', '.join(ROWS)}, by name as in Proximal('adam') or made as in Proximal(Adam(1e-3))"
    if isinstance(given, type):
        raise UsageError(
            f"Proximal wraps an optimizer, got the class {given.__name__}: call it, {given.__name__}(){known}"
        )
    if not isinstance(given, str | dict | keras.optimizers.Optimizer):
        raise UsageError(f"Proximal wraps an optimizer, got {given!r}{known}")
    try:
        return keras.optimizers.get(given)
    except (ValueError, TypeError, KeyError) as error:
        raise UsageError(f"Proximal wraps an optimizer, and Keras makes none of {given!r}{known}") from error


def row_of(optimizer: Any) -> Row:
    """The row of an optimizer.

    Parameters
    ----------
    optimizer : keras.Optimizer
        One of `ROWS`, or a subclass that keeps the update of one of them.

    Raises
    ------
    UsageError
        For any other: without its step the zeros would be in the wrong places.
    """
    for name, row in ROWS.items():
        known = getattr(keras.optimizers, name)
        if isinstance(optimizer, known) and type(optimizer).update_step is known.update_step:
            return row
    given = type(optimizer).__name__
    remedy = ""
    if given == "LossScaleOptimizer":
        remedy = "; wrap the other way round, LossScaleOptimizer(Proximal(...)), or leave it to compile"
    elif isinstance(optimizer, tuple(getattr(keras.optimizers, name) for name in ROWS)):
        remedy = "; it replaces the update of the optimizer that it extends"
    raise UsageError(f"Proximal does not know the steps of {given}{remedy}; it knows {', '.join(ROWS)}")
