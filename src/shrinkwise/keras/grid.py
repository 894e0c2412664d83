"""The whole grid of networks: every l1, l2, fold and seed trained, scored without the penalty, and kept by its cell."""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from scipy import sparse

from shrinkwise.exceptions import ConvergenceWarning, UsageError
from shrinkwise.keras.members import Array, Plan, make_plan, null_scores
from shrinkwise.keras.networks import Build, built, first_kernels, is_random_state, starts, unscaled
from shrinkwise.keras.terms import Terms
from shrinkwise.losses import Loss, as_loss
from shrinkwise.network import Network
from shrinkwise.path import repeats_of
from shrinkwise.result import GridResult, Unpenalized
from shrinkwise.validation import check_count, check_number, check_sequence

Progress = Callable[[int, int, float], object]

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Trained:
    """What is kept of the members: F fits × C cells × S seeds; the last fit is on all data, the last cell l1 = l2 = 0.

    ``weights`` are those of the fits on all data, of the seed with the lowest objective, (C, *shape) for each variable.
    """

    train: Array  # (F, C, S), in the units of the data
    test: Array
    penalty: Array
    sound: Array  # (F, C, S), bool
    epochs: Array  # (F, C, S)
    zeros: Array  # (F, C, S, L)
    norms: Array  # (F, C, S, L)
    inputs: Array  # (F, C, S, p)
    weights: list[Array]
    best: Array  # (C,), the seed


@dataclass(frozen=True, eq=False)
class NetworkGrid:
    """A grid of networks and the fits on all data.

    Parameters
    ----------
    result : GridResult
    """

    result: GridResult
    _build: Build
    _plan: Plan
    _weights: list[Array]

    def model(self, ratio: int, index: int) -> Any:
        """The network of one cell that was fitted to all data, as a Keras model of raw X.

        It gives y in its own units, or logits. Zeros of the fit are zeros here.

        Raises
        ------
        ConvergenceWarning
            Never; a network that diverged is refused with a `UsageError`.
        """
        cell = ratio * self.result.alphas.shape[1] + index
        values = [weight[cell] for weight in self._weights]
        if not self.result.converged[ratio, index, -1] or not all(np.all(np.isfinite(value)) for value in values):
            raise UsageError(
                f"the network at l1={self.result.network.l1[index]:.3g}, l2={self.result.network.l2[ratio]:.3g} "  # type: ignore[union-attr]
                "diverged on all data, and a network that is not finite is no fit; lower learning_rate, or choose "
                "another cell"
            )
        model = built(self._build, self._plan.n_features, self._plan.n_outputs)
        variables = [*model.trainable_variables, *model.non_trainable_variables]
        for variable, value in zip(variables, values):
            variable.assign(value)
        return unscaled(model, self._plan.scaling())


def fit_networks(
    X: Array,
    y: Array,
    splits: Sequence[tuple[Array, Array]],
    build: Build,
    *,
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
    patience: int | None = None,
    warm_start: str | None = None,
    memory: int | str | None = None,
    sample_weight: Array | None = None,
    feature_names: Sequence[str] | None = None,
    classes: Sequence[str] | None = None,
    random_state: int = 0,
    progress: Progress | None = None,
) -> NetworkGrid:
    """Train and score a network for each l1, l2, fold and seed."""
    loss = as_loss(loss)
    strong = _strengths("l1", l1)[::-1]
    ridge = _strengths("l2", l2)
    epochs, n_seeds = check_count("epochs", epochs), check_count("seeds", seeds)
    if batch_size != "auto":
        batch_size = check_count("batch_size", batch_size)
    X = np.asarray(X)
    n, p = X.shape
    weights = np.ones(n) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    plan = make_plan(
        X, y, splits, loss=loss, weights=weights, standardize=standardize, early=patience is not None,
        batch_size=batch_size, seed=random_state,
    )
    model = built(build, p, plan.n_outputs)
    terms = _default_terms(model)
    first = first_kernels(model)
    opt = keras.optimizers.get(optimizer) if isinstance(optimizer, str) else type(optimizer).from_config(optimizer.get_config())
    if learning_rate is not None:
        opt.learning_rate = check_number("learning_rate", learning_rate, low=0, above=True)
    opt.build(model.trainable_variables)
    numbers = [random_state + seed for seed in range(n_seeds)]
    begin = starts(build, model, p, plan.n_outputs, numbers)
    cells = np.array([(a, b) for b in ridge for a in strong] + [(0.0, 0.0)])
    trained = _together(plan, model, opt, terms, first, cells, begin, epochs, progress)
    result = _result(
        plan, trained, strong, ridge, model, terms, n_seeds,
        splits=splits, standardize=standardize, epochs=epochs, optimizer=type(opt).__name__.lower(), n=n,
        names=feature_names, classes=classes,
    )
    return NetworkGrid(result, build, plan, trained.weights)


def _strengths(name: str, values: Any) -> Array:
    """Finite strengths >= 0, one-dimensional, increasing."""
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 1 or not len(found):
        raise UsageError(f"{name} must be a sequence of strengths, got an array of shape {found.shape}")
    for value in found:
        check_number(name, float(value), low=0)
    return np.unique(found)


def _default_terms(model: Any) -> list[Terms | None]:
    return [Terms(l1=1.0, l2=1.0) if len(v.shape) > 1 and v.name == "kernel" else None for v in model.trainable_variables]


def _together(
    plan: Plan, model: Any, opt: Any, terms: list[Terms | None], first: list[int] | None, cells: Array,
    begin: list[Array], epochs: int, progress: Progress | None,
) -> Trained:
    from shrinkwise.keras.program import ROWS, Program, blocks

    n_fits, n_cells, n_seeds = len(plan.fits), len(cells), len(begin[0])
    members = n_cells * n_seeds
    program = Program(model, opt, terms, plan, 1, members)
    l1, l2 = (np.repeat(cells[:, part], n_seeds)[None].astype(np.float32) for part in (0, 1))
    n_trainable = len(model.trainable_variables)
    total = max(-(-max(len(fit.train), len(fit.test)) // ROWS) for fit in plan.fits)
    most = max(plan.steps(fit) for fit in range(n_fits))
    unit = plan.y_unit**plan.loss.degree
    shape = (n_fits, n_cells, n_seeds)
    train, test, penalty = np.empty(shape), np.empty(shape), np.empty(shape)
    sound = np.empty(shape, dtype=bool)
    kinds = [number for number, term in enumerate(terms) if term is not None]
    zeros, norms = np.empty((*shape, len(kinds)), dtype=np.int64), np.empty((*shape, len(kinds)))
    inputs = np.ones((*shape, plan.n_features))
    began = time.monotonic()
    done, whole = 0, n_fits * epochs
    kept: list[Array] = []
    best = np.zeros(n_cells, dtype=np.int64)
    for number, fit in enumerate(plan.fits):
        scaling = tuple(
            np.asarray(part, dtype=np.float32)[None]
            for part in (fit.center, fit.factor, fit.target_center, fit.target_scale)
        )
        first_values = [np.tile(value, (n_cells, *[1] * (value.ndim - 1)))[None] for value in begin]
        state = program.begin(first_values[:n_trainable], first_values[n_trainable:])
        steps = np.array([plan.steps(number)], dtype=np.int32)
        active = np.ones((1, members), dtype=bool)
        for epoch in range(epochs):
            rows, shares = plan.deal(number, epoch)
            pad = ((0, most - len(rows)), (0, 0))
            state = program.train(
                state, l1, l2, active, scaling, np.pad(rows, pad)[None], np.pad(shares, pad)[None], steps
            )
            done += 1
            if progress is not None:
                left = (time.monotonic() - began) / done * (whole - done)
                progress(done, whole, left)
        own = unit * fit.target_scale**plan.loss.degree
        scores = []
        for part in (fit.train, fit.test):
            scores.append(
                own * np.asarray(program.score(state, scaling, *blocks([part], [plan.shares(part)], total)))
            )
        train[number], test[number] = (score.reshape(n_cells, n_seeds) for score in scores)
        sound[number] = np.asarray(program.sound(state)).reshape(n_cells, n_seeds)
        values = [np.asarray(value).reshape(n_cells, n_seeds, *value.shape[2:]) for value in state["trainable"]]
        others = [np.asarray(value).reshape(n_cells, n_seeds, *value.shape[2:]) for value in state["others"]]
        for cell, (a, b) in enumerate(cells):
            for seed in range(n_seeds):
                penalty[number, cell, seed] = own * sum(
                    float(terms[kind].times(a, b).value(values[kind][cell, seed].astype(np.float64))) for kind in kinds  # type: ignore[union-attr]
                )
        for place, kind in enumerate(kinds):
            flat = values[kind].reshape(n_cells, n_seeds, -1)
            zeros[number, ..., place] = np.count_nonzero(flat == 0, axis=2)
            norms[number, ..., place] = np.sqrt(np.sum(flat.astype(np.float64) ** 2, axis=2))
        if first is not None:
            inputs[number] = np.sqrt(sum(np.sum(values[kind].astype(np.float64) ** 2, axis=-1) for kind in first))
        if number == n_fits - 1:
            objective = np.where(sound[number], train[number] + penalty[number], np.inf)
            best = np.argmin(objective, axis=1)
            kept = [value[np.arange(n_cells), best] for value in (*values, *others)]
    return Trained(
        train, test, penalty, sound, np.full(shape, epochs), zeros, norms, inputs, kept, best
    )


def _result(
    plan: Plan, trained: Trained, strong: Array, ridge: Array, model: Any, terms: list[Terms | None], n_seeds: int, *,
    splits: Sequence[tuple[Array, Array]], standardize: bool, epochs: int, optimizer: str, n: int,
    names: Sequence[str] | None, classes: Sequence[str] | None,
) -> GridResult:
    """The cells as a `GridResult`: folds of the first seed, of the second, and so on, then the fit on all data."""
    R, A, folds = len(ridge), len(strong), len(splits)
    p = plan.n_features
    sound = trained.sound & np.isfinite(trained.train) & np.isfinite(trained.test)

    def by_fold(values: Array) -> Array:
        """(F, C, S, ...) to (C, folds of all seeds, ...)."""
        return np.moveaxis(values[:-1], 0, 2).reshape(values.shape[1], n_seeds * folds, *values.shape[3:])

    def with_full(values: Array) -> Array:
        full = values[-1][np.arange(values.shape[1]), trained.best]
        return np.concatenate([by_fold(values), full[:, None]], axis=1)

    def grid(values: Array) -> Array:
        return np.asarray(values[:-1].reshape(R, A, *values.shape[1:]))

    test = np.where(sound, trained.test, np.inf)
    train = np.where(sound, trained.train, np.inf)
    inputs = with_full(np.where(sound[..., None], trained.inputs, 0.0))
    shape = (R, A, n_seeds * folds + 1)
    per_cell = grid(inputs)
    coefs = tuple(
        tuple(sparse.csr_array(per_cell[row, :, fold]) for fold in range(shape[2])) for row in range(R)
    )
    converged = with_full(sound)
    weights = np.tile([plan.weights[fit.test].sum() for fit in plan.fits[:-1]], n_seeds)
    kinds = [number for number, term in enumerate(terms) if term is not None]
    variables = [model.trainable_variables[kind] for kind in kinds]
    own = repeats_of([test for _, test in splits], n)
    repeats = None
    if n_seeds > 1 or own is not None:
        own = np.zeros(folds, dtype=np.int64) if own is None else own
        repeats = np.concatenate([own + seed * (int(own.max()) + 1) for seed in range(n_seeds)])
    center, factor, _, _ = plan.scaling()
    varies = plan.unit > 0
    network = Network(
        l1=strong,
        l2=ridge,
        layers=tuple("/".join(variable.path.split("/")[-2:]) for variable in variables),
        sizes=np.array([int(np.prod(variable.shape)) for variable in variables]),
        zeros=grid(with_full(trained.zeros)),
        norms=grid(with_full(trained.norms)),
        objective=grid(by_fold(np.where(sound, train + trained.penalty, np.inf))),
        epochs=epochs,
        batch_size=plan.width,
        seeds=n_seeds,
        optimizer=optimizer,
        backend=keras.backend.backend(),
        route="vmap",
    )
    free_sound = bool(np.all(converged[-1]))
    return GridResult(
        loss=plan.loss.spec,
        metric=plan.loss.metric,
        l1_ratios=np.full(R, np.nan),
        alphas=strong[None, :] + 2 * ridge[:, None],
        train_score=grid(by_fold(train)),
        test_score=grid(by_fold(test)),
        fold_weights=weights / weights.sum(),
        coefs=coefs,
        intercepts=np.zeros(shape),
        gaps=np.full(shape, np.nan),
        converged=grid(converged),
        n_iter=grid(with_full(trained.epochs)),
        null_score=np.tile(null_scores(plan), n_seeds),
        unpenalized=Unpenalized(
            by_fold(train)[-1], by_fold(test)[-1], inputs[-1, -1], 0.0, float("nan"), free_sound,
            "" if free_sound else "without a penalty the training diverged",
        ),
        feature_names=tuple(names) if names is not None else tuple(f"x{j}" for j in range(p)),
        center=plan.scaling()[0],
        scale=np.where(varies, np.divide(1.0, factor, out=np.zeros(p), where=factor > 0), 0.0),
        target_scale=plan.scaling()[3],
        n_samples=n,
        tol=float("nan"),
        standardize=standardize,
        classes=None if classes is None else tuple(classes),
        n_weighted=int(np.count_nonzero(plan.weights > 0)),
        repeats=repeats,
        network=network,
    )
