"""The arguments of a grid of networks, checked, as the task that a route trains."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from shrinkwise.exceptions import PenaltyWarning, UsageError
from shrinkwise.keras.members import Progress, Task, staged
from shrinkwise.keras.networks import Build, built, is_random_state, refuse_probabilities, starts, variables_of
from shrinkwise.keras.plan import Array, make_plan
from shrinkwise.keras.proximal import Proximal
from shrinkwise.keras.template import has_ridge, template_of
from shrinkwise.losses import Loss, as_loss
from shrinkwise.validation import check_count, check_number

BYTES = {"": 1.0, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}


def make_task(
    X: Array,
    y: Array,
    splits: Sequence[tuple[Array, Array]],
    build: Build,
    *,
    designs: Sequence[Array] | None = None,
    loss: str | Loss = "squared",
    l1: Sequence[float],
    l2: Sequence[float] = (0.0,),
    penalties: Any = None,
    standardize: bool = True,
    epochs: int = 100,
    batch_size: int | str = "auto",
    optimizer: Any = "adam",
    learning_rate: float | None = None,
    seeds: int = 1,
    refit: int = 0,
    patience: int | None = None,
    warm_start: str | bool | None = None,
    memory: float | str | None = None,
    sample_weight: Array | None = None,
    random_state: int = 0,
    progress: Progress | None = None,
) -> Task:
    """The arguments of `fit_networks`, checked, as all that a route needs; nothing is trained yet."""
    loss = as_loss(loss)
    strong, ridge = strengths("l1", l1)[::-1], strengths("l2", l2)
    if batch_size != "auto":
        batch_size = check_count("batch_size", batch_size)
    random_state = check_count("random_state", random_state, low=0)
    patience = None if patience is None else check_count("patience", patience)
    seeds, epochs = check_count("seeds", seeds), check_count("epochs", epochs)
    stages, origin = staged(len(strong), len(ridge), warm_start)
    X = np.asarray(X)
    plan = make_plan(
        X,
        y,
        splits,
        loss=loss,
        weights=np.ones(len(X)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64),
        standardize=standardize,
        early=patience is not None,
        batch_size=batch_size,
        seed=random_state,
        designs=designs,
    )
    model = built(build, plan.n_features, plan.n_outputs)
    if not loss.degree:
        refuse_probabilities(model, plan.n_features)
    template, ties = template_of(model, penalties)
    if np.any(ridge > 0) and not has_ridge(template):
        raise UsageError(
            f"l2={ridge.tolist()} has nothing to act on: no penalty of this network has an L2 part; leave l2 out, or "
            'give one a part of 1, as in penalties={"*": "l1=1,l2=1"}'
        )
    proximal, name = _proximal(optimizer, learning_rate)
    proximal.build(model.trainable_variables, ties)
    if np.any(ridge > 0):
        _warn_of_decay(proximal, name)
    cells = np.array([(a, b) for b in ridge for a in strong] + [(0.0, 0.0)])
    numbers = [random_state + seed for seed in range(seeds)]
    return Task(
        plan=plan,
        model=model,
        optimizer=proximal,
        optimizer_name=name,
        terms=template,
        l1=cells[:, 0],
        l2=cells[:, 1],
        stages=stages,
        origin=origin,
        starts=tuple(starts(build, model, plan.n_features, plan.n_outputs, numbers)),
        random=tuple(is_random_state(v) for v in variables_of(model)),
        epochs=epochs,
        refit=check_count("refit", refit, low=0),
        patience=patience,
        memory=_bytes(memory),
        progress=progress,
    )


def strengths(name: str, values: Any) -> Array:
    """Finite strengths >= 0, increasing."""
    try:
        found = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{name} must be a sequence of strengths >= 0, got {values!r}") from error
    if not found.ndim:
        raise UsageError(f"{name} must be a sequence of strengths >= 0, got the number {values!r}: use [{values!r}]")
    if found.ndim != 1 or not len(found):
        raise UsageError(f"{name} must be a sequence of strengths >= 0, got an array of shape {found.shape}")
    for value in found:
        check_number(name, float(value), low=0)
    return np.unique(found)


def _proximal(optimizer: Any, learning_rate: Any) -> tuple[Any, str]:
    """A copy of the optimizer, penalties acting by their proximal step, and its name."""
    if isinstance(optimizer, Proximal):
        optimizer = optimizer.inner
    if is_optax(optimizer):
        return _of_optax(optimizer, learning_rate)
    if not isinstance(optimizer, str | keras.optimizers.Optimizer):
        raise UsageError(
            f"optimizer must be the name of an optimizer of Keras, an instance or one of optax, got {optimizer!r:.80}; "
            "of other libraries the step that a penalty needs is not known"
        )
    if isinstance(optimizer, str):
        try:
            inner = keras.optimizers.get(optimizer)
        except ValueError as error:
            raise UsageError(f"optimizer {optimizer!r} is none of Keras'; use e.g. 'adam' or 'sgd'") from error
    else:
        inner = type(optimizer).from_config(optimizer.get_config())
    if learning_rate is not None:
        inner.learning_rate = check_number("learning_rate", learning_rate, low=0, above=True)
    return Proximal(inner, in_loss=False), type(inner).__name__.lower()


def is_optax(optimizer: Any) -> bool:
    """Whether something is a transformation of gradients, as optax has them: two functions, init and update."""
    return isinstance(optimizer, tuple) and getattr(optimizer, "_fields", None) == ("init", "update")


def _of_optax(optimizer: Any, learning_rate: Any) -> tuple[Any, str]:
    """The same of an optimizer of optax."""
    backend = keras.backend.backend()
    if backend != "jax":
        raise UsageError(
            f"optimizers of optax are for Keras on JAX, and Keras is on {backend}: set KERAS_BACKEND=jax before Keras "
            "is imported, or use an optimizer of Keras, as keras.optimizers.Adam(1e-3)"
        )
    if learning_rate is not None:
        raise UsageError(
            f"an optimizer of optax has its learning rate, as optax.adam({learning_rate!r}); leave learning_rate out"
        )
    from shrinkwise.keras.optax_proximal import OptaxProximal

    proximal = OptaxProximal(optimizer)
    return proximal, proximal.name


def _warn_of_decay(proximal: Any, name: str) -> None:
    """Two shrinkages in one grid are told apart."""
    inner = getattr(proximal, "inner", None)
    if getattr(inner, "weight_decay", None) or (inner is None and "add_decayed_weights" in name):
        warnings.warn(
            f"two shrinkages act: the weight decay of {name}, which takes its share times the learning rate off every "
            "weight at every step, and l2, by its proximal step; l2 is part of the objective, the decay is not: set "
            "weight_decay=0, or l2=(0,)",
            PenaltyWarning,
            stacklevel=4,
        )


def _bytes(memory: Any) -> int | None:
    """Bytes from a number or from words like "4 GB"."""
    if memory is None:
        return None
    if isinstance(memory, str):
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)B?\s*", memory, re.IGNORECASE)
        if match is None:
            raise UsageError(f'memory must be a number of bytes or words like "4 GB", got {memory!r}')
        memory = float(match[1]) * BYTES[match[2].upper()]
    return int(check_number("memory", memory, low=0, above=True, hint="in bytes"))
