"""The whole grid of networks: every l1, l2, fold and seed trained, scored without the penalty, and kept by its cell."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from shrinkwise.exceptions import ConvergenceWarning, DataError, UsageError
from shrinkwise.keras.assemble import assemble
from shrinkwise.keras.members import Kept, Progress, Task
from shrinkwise.keras.networks import Build, built, first_kernels, unscaled, variables_of
from shrinkwise.keras.plan import Array, Plan
from shrinkwise.keras.task import make_task, strengths
from shrinkwise.losses import Loss
from shrinkwise.result import GridResult

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class NetworkGrid:
    """A grid of networks and those of them that were fitted to all data.

    Parameters
    ----------
    result : GridResult
    """

    result: GridResult
    _build: Build
    _plan: Plan
    _values: list[list[Array] | None]

    def network(self, ratio: int, index: int) -> Any:
        """The network of one cell that was fitted to all data, the best of its seeds, as it was trained.

        Parameters
        ----------
        ratio, index : int
            The numbers of its l2 and its l1 in ``result.network``.

        Returns
        -------
        keras.Model
            Takes scaled columns and gives a scaled y, see `scaling`, or logits.

        Raises
        ------
        UsageError
            If it diverged: a network that is not finite is no fit.
        """
        network = self.result.network
        assert network is not None
        values = self._values[ratio * len(network.l1) + index]
        if values is None:
            raise UsageError(
                f"the network of l1={network.l1[index]:.3g}, l2={network.l2[ratio]:.3g} diverged on all data, and one "
                "that is not finite is no fit: lower learning_rate, or take another cell"
            )
        model = built(self._build, self._plan.n_features, self._plan.n_outputs)
        for variable, value in zip(variables_of(model), values):
            variable.assign(value)
        return model

    def model(self, ratio: int, index: int) -> Any:
        """The same network, its scaling folded in: it takes X as it came and gives y in its own units, or logits.

        Zeros of the fit are zeros here.

        Raises
        ------
        UsageError
            If it diverged.
        DataError
            If its weights in the units of X are beyond float32.
        """
        with np.errstate(over="ignore"):  # it is looked for
            model = unscaled(self.network(ratio, index), self.scaling)
        for variable in model.variables:
            if not np.all(np.isfinite(keras.ops.convert_to_numpy(variable.value))):
                raise DataError(
                    f"in the units of X the weights {variable.path} are beyond float32 (3.4e38), in which networks "
                    "compute: some columns vary too little for it; rescale them"
                )
        return model

    @property
    def scaling(self) -> tuple[Array, Array, float, float]:
        """Center and factor of the columns, (p,), center and scale of y: networks see (x − center) · factor."""
        return self._plan.scaling()


def fit_networks(
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
    feature_names: Sequence[str] | None = None,
    classes: Sequence[str] | None = None,
    random_state: int = 0,
    progress: Progress | None = None,
) -> NetworkGrid:
    """Train a network for each l1, l2, training set and seed, and score it by its loss without the penalty.

    Minimized is  (1/Σs) Σᵢ sᵢ ℓ(yᵢ, f(xᵢ)) + l1 Ω₁(w) + l2 Ω₂(w),  ℓ the squared error or the log loss, in the
    standardized units of each training set: columns of X and, for the squared error, y have a mean of 0 and an sd of 1.

    Parameters
    ----------
    X : ndarray of shape (n, p)
        Finite numbers.
    y : ndarray of shape (n,) or (n, k)
        Numbers; 0 and 1; or indicators of k classes, as ``loss`` has it.
    splits : sequence of (training rows, held-out rows)
    build : callable
        ``build(n_features, n_outputs)`` gives a built Keras model without a last sigmoid or softmax. Its random starts
        are drawn again by NumPy, so that they are alike on all backends; what does not differ between two calls (a
        pretrained layer) stays.
    designs : sequence of K + 1 ndarrays of shape (n, p), optional
        X as each training set and, last, all rows see it: an encoding learned in the fold. X is the last of them.
    loss : str or Loss, default "squared"
        ``"squared"``, ``"logistic"``, ``MultinomialLoss(k)``.
    l1, l2 : sequence of float >= 0
        Strengths; each l1 is tried with each l2.
    penalties : None, "weights", "inputs" or dict
        What is penalized, see `shrinkwise.keras.template.template_of`.
    standardize : bool, default True
    epochs : int >= 1, default 100
    batch_size : int >= 1 or "auto"
        Rows of a minibatch; ``"auto"``: about 8 minibatches an epoch, of 8 to 256 rows.
    optimizer : str, keras.Optimizer or optax.GradientTransformation, default "adam"
        One that `Proximal` knows; an instance is copied. On JAX also one of optax whose parts are in
        `optax_parts.ROWS`: adam, adamw, nadam, amsgrad, adamax, adabelief, rmsprop, adagrad, lion, sgd, lars, lamb and
        others, with schedules, clipping, weight decay, masks (of a list of arrays, in the order of
        ``trainable_variables``) and injected hyperparameters.
    learning_rate : float > 0, optional
        In place of the optimizer's own; one of optax keeps its own.
    seeds : int >= 1, default 1
        Random starts, each for every cell and fold.
    refit : int >= 0, default 0
        Epochs after that without l1, in which penalized weights that are zero stay zero: the relaxed fit, whose kept
        weights are not shrunk.
    patience : int >= 1, optional
        Stop a network after so many epochs in which its loss on a tenth of its training rows, which it is not trained
        on, was not lower than ever; its weights are then those of the best epoch.
    warm_start : {None, "weak-to-strong", "strong-to-weak"}
        Start each l1 from the weights of the l1 before, for as many epochs again.
    memory : float or str, optional
        Bytes that networks trained together may take, as ``4e9`` or ``"4 GB"``; a quarter of the machine's by default.
    sample_weight : ndarray of shape (n,), optional
    feature_names, classes : sequence of str, optional
    random_state : int >= 0, default 0
        Of starts, minibatches and dropout.
    progress : callable, optional
        ``progress(done, total, seconds_left)``, after each epoch of each chunk.

    Returns
    -------
    NetworkGrid

    Raises
    ------
    UsageError
        An argument that is out of its range, or a ``build`` that returns something else.
    DataError
        Data that cannot be used.

    Warns
    -----
    ConvergenceWarning
        If networks diverged: their scores are infinite.

    Notes
    -----
    On JAX the members of a training set are one program. TensorFlow and Torch have no such map over members: there they
    are trained one after the other, with the same starts, minibatches and steps, and the log says so. Minibatches of a
    training set are the same for all of its members, seeds included.
    """
    task = make_task(
        X,
        y,
        splits,
        build,
        designs=designs,
        loss=loss,
        l1=l1,
        l2=l2,
        penalties=penalties,
        standardize=standardize,
        epochs=epochs,
        batch_size=batch_size,
        optimizer=optimizer,
        learning_rate=learning_rate,
        seeds=seeds,
        refit=refit,
        patience=patience,
        warm_start=warm_start,
        memory=memory,
        sample_weight=sample_weight,
        random_state=random_state,
        progress=progress,
    )
    kept = Kept(task, first_kernels(task.model))
    route = _train(task, kept)
    _warn_of_diverged(kept)
    result = assemble(
        kept,
        strengths("l1", l1)[::-1].copy(),
        strengths("l2", l2),
        standardize=standardize,
        route=route,
        names=feature_names,
        classes=classes,
    )
    return NetworkGrid(result, build, task.plan, kept.values)


def _train(task: Task, kept: Kept) -> str:
    """Train all members by the route of this backend, and name it."""
    backend = keras.backend.backend()
    if backend == "jax":
        from shrinkwise.keras.together import train_together

        train_together(task, kept)
        return "vmap"
    from shrinkwise.keras.loop import train_in_turn

    log.warning(
        "%d networks are trained one after the other: Keras on %s cannot map a training step over networks; with "
        "KERAS_BACKEND=jax they are trained together",
        kept.train.size,
        backend,
    )
    train_in_turn(task, kept)
    return "loop"


def _warn_of_diverged(kept: Kept) -> None:
    """One warning for all networks that are not finite."""
    failed = np.argwhere(~kept.sound)
    if not len(failed):
        return
    fit, cell, seed = failed[0]
    where = "all data" if fit == len(kept.task.plan.fits) - 1 else f"fold {fit + 1}"
    warnings.warn(
        f"{len(failed)} of {kept.sound.size} networks diverged, the first of them at l1={kept.task.l1[cell]:.3g}, "
        f"l2={kept.task.l2[cell]:.3g}, {where}, seed {seed + 1}: their scores count as infinite, and none of them is "
        "chosen; lower learning_rate, or clip gradients (clipnorm of the optimizer)",
        ConvergenceWarning,
        stacklevel=3,
    )
