"""`SparsityMonitor`: zeros, groups and norms of the kernels, epoch by epoch, among Keras' own logs."""

from __future__ import annotations

import warnings
from typing import Any

import keras
import numpy as np
from keras import ops

from shrinkwise.exceptions import PenaltyWarning
from shrinkwise.keras.advice import late_advice
from shrinkwise.keras.proximal import scale_of
from shrinkwise.keras.regularizers import AXES, GroupL1, terms_on


class SparsityMonitor(keras.callbacks.Callback):  # type: ignore[misc]
    """Logs what the penalties have done at the end of each epoch.

    Adds to the logs, so to ``history.history``, CSVLogger and TensorBoard (list those after it):

    - ``sparsity/zeros``, ``sparsity/share``: exact zeros of all penalized weights, and their share;
    - ``sparsity/penalty``: what the penalties of the weights add to the loss that is minimized, at the end of the epoch
      and at the ``scale`` that `Proximal` has then; never to be compared over λ;
    - ``sparsity/<path>/zeros``, ``/inputs``, ``/units``, ``/norm``: of each of them the exact zeros, the inputs and
      units
      that still have a weight (convolutions: channels and filters), and the Euclidean norm. A `GroupL1` on another axis
      adds ``/groups``, those that are left.

    Parameters
    ----------
    all_kernels : bool, default False
        Watch every trainable weight of two or more axes, penalized or not; where nothing is penalized this is so
        anyway.

    Warns
    -----
    PenaltyWarning
        At the start of a training, if a regularizer was set on a layer after it was built, where it does not act.
    """

    def __init__(self, all_kernels: bool = False) -> None:
        super().__init__()
        self.all_kernels = all_kernels

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        late = late_advice(self.model)
        if late:
            warnings.warn(late, PenaltyWarning, stacklevel=2)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if logs is not None:
            logs.update(self.read())

    def read(self) -> dict[str, float]:
        """The figures of the model's weights as they are now."""
        weights = [w for w in self.model.trainable_weights if terms_on(w) is not None]
        if self.all_kernels or not weights:
            weights = [w for w in self.model.trainable_weights if len(w.shape) >= 2]
        logs: dict[str, float] = {}
        zeros, size, penalty = 0, 0, 0.0
        for weight in weights:
            values = ops.convert_to_numpy(weight)
            zeros, size = zeros + int((values == 0).sum()), size + values.size
            terms = terms_on(weight)
            if terms is not None:
                penalty += float(terms.value(values.astype(np.float64)))
            logs.update({f"sparsity/{weight.path}/{name}": value for name, value in _figures(weight, values).items()})
        logs["sparsity/zeros"] = float(zeros)
        logs["sparsity/share"] = zeros / max(size, 1)
        logs["sparsity/penalty"] = penalty * scale_of(self.model)
        return logs


def _figures(weight: Any, values: Any) -> dict[str, float]:
    figures = {"zeros": float((values == 0).sum()), "norm": float(np.linalg.norm(values.ravel().astype(np.float64)))}
    if values.ndim >= 2:
        figures["inputs"] = _left(values, AXES["inputs"])
        figures["units"] = _left(values, AXES["units"])
    if isinstance(weight.regularizer, GroupL1) and isinstance(weight.regularizer.axis, int):
        figures["groups"] = _left(values, weight.regularizer.axis)
    return figures


def _left(values: Any, axis: int) -> float:
    """Groups along an axis with a weight that is not zero."""
    others = tuple(i for i in range(values.ndim) if i != axis % values.ndim)
    return float((values != 0).any(axis=others).sum())
