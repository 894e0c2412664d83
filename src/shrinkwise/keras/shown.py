"""The loss that Keras shows, with the penalty at the scale that acts, where that is not 1."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from shrinkwise.keras.live import is_trained_by, remake
from shrinkwise.keras.regularizers import terms_on


class ShownLoss:
    """From now on a model shows loss + scale Ω, in training and in evaluation; its gradients stay those of loss + Ω.

    Keras' own loss contains Ω, so that (scale − 1) Ω is added, as a constant to the gradient. On TensorFlow and Torch
    the scale is read where the loss is computed. On JAX a program sees no variable but its arguments: one that trains
    has the optimizer's among them, one that evaluates has not, and is traced anew when the scale has changed.

    Parameters
    ----------
    model : keras.Model
        Compiled with the optimizer; its methods are replaced on this one object, and do nothing once it is compiled
        with another.
    optimizer : Proximal
        Read are its ``scale`` and, of JAX' programs, the variables of ``model.optimizer``, which may wrap it.
    """

    def __init__(self, model: Any, optimizer: Any) -> None:
        self._model, self.optimizer = model, optimizer
        self._traced: Any = None  # the scale inside a program of JAX that trains
        self._evaluated: float | None = None  # the scale with which the program that evaluates was traced
        self._plain_loss = model.compute_loss
        model.compute_loss = self._loss
        if keras.backend.backend() == "jax":
            self._plain_updates, self._plain_test = model.compute_loss_and_updates, model.make_test_function
            model.compute_loss_and_updates = self._updates
            model.make_test_function = self._make_test
        remake(model)

    def _loss(self, *args: Any, **kwargs: Any) -> Any:
        """Keras' compute_loss, and what the scale adds."""
        loss = self._plain_loss(*args, **kwargs)
        if not is_trained_by(self._model, self.optimizer):
            return loss
        scale = self.optimizer.scale if self._traced is None else self._traced
        acting = [variable for variable in self._model.trainable_variables if terms_on(variable) is not None]
        penalty = sum(ops.cast(variable.regularizer(ops.convert_to_tensor(variable)), "float32") for variable in acting)
        more = (ops.convert_to_tensor(scale) - 1) * penalty
        strategy = getattr(self._model, "distribute_strategy", None)
        if strategy is not None:  # of TensorFlow, where the loss of each replica is divided by their number
            more = more / strategy.num_replicas_in_sync
        return loss + ops.cast(ops.stop_gradient(more), loss.dtype)

    def _updates(self, *args: Any, optimizer_variables: Any = None, **kwargs: Any) -> Any:
        """Keras' compute_loss_and_updates, with the scale from the optimizer's variables."""
        if optimizer_variables is not None and is_trained_by(self._model, self.optimizer):
            state = list(zip(self._model.optimizer.variables, optimizer_variables))
            with keras.StatelessScope(state_mapping=state):
                self._traced = ops.convert_to_tensor(self.optimizer.scale)
        try:
            return self._plain_updates(*args, optimizer_variables=optimizer_variables, **kwargs)
        finally:
            self._traced = None

    def _make_test(self, force: bool = False) -> None:
        """Keras' make_test_function, forced when the scale is another than that of the program that there is."""
        now = float(ops.convert_to_numpy(self.optimizer.scale)) if is_trained_by(self._model, self.optimizer) else None
        force, self._evaluated = force or now != self._evaluated, now
        self._plain_test(force=force)


def show(model: Any, optimizer: Any) -> None:
    """Make a model show its loss at the scale of an optimizer, unless it does."""
    shown = getattr(model.compute_loss, "__self__", None)
    if not isinstance(shown, ShownLoss) or shown.optimizer is not optimizer:
        ShownLoss(model, optimizer)
