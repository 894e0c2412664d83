"""Numbers that are none: asked of the data before training and of the weights during it, never of the loss."""

from __future__ import annotations

import warnings
from typing import Any

import keras
import numpy as np
from keras import ops

from shrinkwise.exceptions import ConvergenceWarning, DataError, UsageError


def check_finite_inputs(**arrays: Any) -> None:
    """Refuse arrays with cells that are not finite, before they reach a network.

    Parameters
    ----------
    **arrays : array-like, or a list, tuple or dict of them
        By the names they have in messages, such as ``x=..., y=..., sample_weight=...``; None is let through.

    Raises
    ------
    DataError
        Names the array, the number of such cells and the place of the first.
    """
    for name, array in arrays.items():
        if isinstance(array, dict):
            check_finite_inputs(**{f"{name}[{key!r}]": part for key, part in array.items()})
        elif isinstance(array, list | tuple) and any(np.ndim(part) > 0 for part in array):
            check_finite_inputs(**{f"{name}[{i}]": part for i, part in enumerate(array)})
        elif array is not None:
            _check(name, ops.convert_to_numpy(array))


def _check(name: str, values: Any) -> None:
    if not np.issubdtype(values.dtype, np.inexact):
        return
    wrong = ~np.isfinite(values)
    if wrong.any():
        place = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise DataError(
            f"{name} has {int(wrong.sum())} cells that are not finite, the first at {place} ({values[place]}); fill or "
            "drop them: a network that sees one can end with NaN for weights under a loss that looks well"
        )


def unfinite_weights(model: Any) -> list[str]:
    """Paths of the weights, trainable or not, that hold a NaN or an infinity."""
    floats = [w for w in model.weights if keras.backend.is_float_dtype(w.dtype)]
    return [w.path for w in floats if not bool(ops.convert_to_numpy(ops.all(ops.isfinite(w))))]


def check_finite_weights(model: Any) -> None:
    """Refuse a model whose weights are not all finite; a fitted model passes here before it is returned or saved.

    Raises
    ------
    DataError
        Names the weights.
    """
    wrong = unfinite_weights(model)
    if wrong:
        raise DataError(
            f"the network has diverged: {', '.join(wrong)} are not finite; check the inputs, lower the learning rate"
        )


class FiniteWeights(keras.callbacks.Callback):  # type: ignore[misc]
    """Stops a training whose weights have ceased to be finite, and says so.

    Parameters
    ----------
    action : {"stop", "raise"}, default "stop"
        ``"stop"`` ends training with a `ConvergenceWarning` and puts back the weights of the last epoch that ended
        well; ``"raise"`` raises `DataError`.

    Attributes
    ----------
    diverged : bool
        Whether it did; ``logs["diverged"]`` is 1.0 then, 0.0 in every other epoch.

    Notes
    -----
    Unlike Keras' TerminateOnNaN it does not look at the loss: on TensorFlow one NaN cell leaves NaN weights behind a
    relu under a loss that stays finite. It looks at the end of each epoch, where JAX hands the weights over.
    """

    def __init__(self, action: str = "stop") -> None:
        super().__init__()
        if action not in ("stop", "raise"):
            raise UsageError(f"action must be 'stop' or 'raise', got {action!r}")
        self.action = action
        self.diverged = False
        self._last: list[Any] | None = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self.diverged = False
        check_finite_weights(self.model)
        self._last = self.model.get_weights()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        wrong = unfinite_weights(self.model)
        if logs is not None:
            logs["diverged"] = float(bool(wrong))
        if not wrong:
            self._last = self.model.get_weights()
            return
        self.diverged = True
        self.model.stop_training = True
        if self.action == "raise":
            check_finite_weights(self.model)
        self.model.set_weights(self._last)
        warnings.warn(
            f"{', '.join(wrong)} ceased to be finite in epoch {epoch + 1}: training stopped, the weights are those of "
            f"the end of epoch {epoch} (0: the start); check the inputs for NaN, lower the learning rate",
            ConvergenceWarning,
            stacklevel=2,
        )
