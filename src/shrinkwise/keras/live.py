"""Models that are alive in this process: how a change of λ reaches programs that were compiled with the old one."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import keras


def models_where(wanted: Callable[[Any], bool]) -> list[Any]:
    """The models in memory for which ``wanted`` holds: a regularizer and an optimizer do not know whose they are."""
    return [thing for thing in gc.get_objects() if keras.Model in type(thing).__mro__ and wanted(thing)]


def trained_by(optimizer: Any) -> list[Any]:
    """The models in memory that are compiled with an optimizer, by itself or inside LossScaleOptimizer."""
    return models_where(lambda model: is_trained_by(model, optimizer))


def is_trained_by(model: Any, optimizer: Any) -> bool:
    """Whether a model is compiled with an optimizer, by itself or inside LossScaleOptimizer."""
    used = getattr(model, "optimizer", None)
    return used is optimizer or getattr(used, "inner_optimizer", None) is optimizer


def remake(model: Any) -> None:
    """Trace the training and evaluation programs of a model anew, with the penalties that it has now."""
    if getattr(model, "train_function", None) is not None:
        model.make_train_function(force=True)
    if getattr(model, "test_function", None) is not None:
        model.make_test_function(force=True)
