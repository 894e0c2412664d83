"""A fitted model as one file: save, load, predict."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shrinkwise.diagnosis.decision import Decision
from shrinkwise.exceptions import DataError, ModelFileError, UsageError
from shrinkwise.losses import as_loss, named_loss
from shrinkwise.losses.base import LogLink
from shrinkwise.penalties.concave import as_concave
from shrinkwise.result import GridResult
from shrinkwise.store.checks import LATER_MODEL_TYPES, TYPES, check_grid, check_header, named
from shrinkwise.store.container import DAMAGED, UNREADABLE, Flaw, read_container, write_container
from shrinkwise.store.decision_checks import pack_decision, unpack_decision
from shrinkwise.store.plain import from_plain, to_plain
from shrinkwise.store.stored_network import StoredNetwork
from shrinkwise.validation import check_offset

Array = NDArray[Any]

SCHEMA = 3
TASKS = ("regression", "classification", "survival")
SHOWN = 100  # characters of a text of the file, in a message


@dataclass(frozen=True, eq=False)
class Model:
    """What a fit found out: enough to predict, to explain, to write the report again and to repeat the fit.

    Parameters
    ----------
    task : {"regression", "classification", "survival"}
    target : str
        Name of the target column; of several, or of a time and an event, their names between commas.
    classes : tuple of str or None
        Two classes, and the linear predictor is the log-odds of the second; or K, each with a predictor of its own.
        None for regression.
    loss : str
        As `shrinkwise.losses.named_loss` reads it: ``"logistic"`` or ``"multinomial:K"`` for classification,
        ``"cox:breslow"`` or ``"cox:efron"`` for survival, another one for regression.
    l1_ratio, alpha : float
        The chosen penalty.
    rule : str
        The rule that chose it.
    coef : ndarray of shape (p,), or (K, p) where a row has K linear predictors
        Coefficients in the units of the encoded design.
    intercept : float, or ndarray of shape (K,)
    feature_names : tuple of str
        The p columns of the design.
    encoder : dict
        How a table becomes that design, as ``Encoder.to_dict`` gives it.
    result : GridResult
    folds : ndarray of int, shape (n,) or (n, repeats)
        The fold that holds out each row that was read, -1 for none; one for each repeat of the cross-validation.
    certificate : dict
    notes : tuple of str
    seed : int
    versions : dict of str to str
    created : str
        UTC, ISO 8601.
    command, source : str
    offset, exposure : str or None
        Columns of the table that are a known part of the linear predictor: it, or its exponential.
    weights, strata : str or None
        Columns with the weights of the rows, and of Cox regression with the strata; predictions need neither.
    network : StoredNetwork or None
        Where ``result`` is of networks: the chosen one. ``coef`` is then the norm of the weights of each input.
    linear : GridResult or None
        Beside networks: linear models in the same folds.
    decision : Decision or None
        How sure the choice is: penalties compared, selections of half-samples, what each feature is worth.
    """

    task: str
    target: str
    classes: tuple[str, ...] | None
    loss: str
    l1_ratio: float
    alpha: float
    rule: str
    coef: Array
    intercept: Any
    feature_names: tuple[str, ...]
    encoder: dict[str, Any]
    result: GridResult
    folds: Array
    certificate: dict[str, Any]
    notes: tuple[str, ...] = ()
    seed: int = 0
    versions: dict[str, str] = field(default_factory=dict)
    created: str = ""
    command: str = ""
    source: str = ""
    offset: str | None = None
    exposure: str | None = None
    weights: str | None = None
    strata: str | None = None
    network: StoredNetwork | None = None
    linear: GridResult | None = None
    decision: Decision | None = None

    @property
    def schema(self) -> int:
        """Version of the layout of its file.

        1 for one linear predictor without times, which all versions read; 2 for several, or times; 3 for networks.
        """
        if self.network is not None:
            return SCHEMA
        return 1 if self.result.outputs is None and self.task != "survival" else 2

    def linear_predictor(self, X: Any, offset: Any = None) -> Array:
        """``X @ coef.T + intercept + offset``; of a network what it gives: the target, or logits.

        Parameters
        ----------
        X : array_like or scipy sparse of shape (n, p)
            The encoded design, its columns in the order of ``feature_names``.
        offset : array_like of shape (n,), optional
            The known part in these rows, the logarithm of the exposure included; 0 by default.

        Returns
        -------
        ndarray of float64, shape (n,) or (n, K)

        Raises
        ------
        DataError
            If X is not (n, p), or has a value that is not finite, or the offset is not n finite numbers.
        """
        design = X if sparse.issparse(X) else np.asarray(X, dtype=np.float64)
        if design.ndim != 2 or design.shape[1] != self.coef.shape[-1]:
            raise DataError(
                f"the design must have shape (n, {self.coef.shape[-1]}), got {design.shape}; "
                "encode the table with the model's own encoder"
            )
        values = design.data if sparse.issparse(design) else design
        if not np.all(np.isfinite(values)):
            raise DataError("the design has missing or infinite values; encode the table with the model's own encoder")
        if self.network is not None:
            dense: Array = design.toarray() if sparse.issparse(design) else design  # type: ignore[union-attr]
            found = self.network(dense)
            eta: Array = found[:, 0] if found.shape[1] == 1 else found
        else:
            eta = np.asarray(design @ self.coef.T, dtype=np.float64) + self.intercept
        return eta if offset is None else eta + check_offset(offset, len(eta))

    def predict(self, X: Any, offset: Any = None) -> Array:
        """The predicted target, shape (n,), or (n, K) for K targets.

        Class names for classification; for regression what the loss is about: the mean, with a log link its
        exponential, a quantile, a robust centre; for survival the risk score, the logarithm of the hazard in units of
        the baseline's.
        """
        eta = self.linear_predictor(X, offset)
        if self.task == "survival":
            return eta
        if self.classes is not None:
            codes = np.argmax(eta, axis=1) if eta.ndim == 2 else (eta > 0).astype(np.intp)
            return np.asarray(np.array(self.classes, dtype=object)[codes])
        with np.errstate(over="ignore"):  # a mean beyond all numbers is infinite
            return np.asarray(as_loss(self.loss).inverse_link(eta))

    def predict_proba(self, X: Any, offset: Any = None) -> Array:
        """Probabilities of the classes, shape (n, number of classes), precise in both tails.

        Raises
        ------
        UsageError
            If the model is a regression.
        """
        if self.classes is None:
            raise UsageError(
                f"predict_proba needs a classification, this model is a {self.task} of {self.target!r}: use predict"
            )
        eta = self.linear_predictor(X, offset)
        if eta.ndim == 2:
            return np.asarray(as_loss(self.loss).inverse_link(eta.ravel())).reshape(eta.shape)
        small = np.exp(-np.abs(eta))  # in (0, 1]: never overflows
        likely, unlikely = 1 / (1 + small), small / (1 + small)
        second = eta >= 0
        return np.column_stack([np.where(second, unlikely, likely), np.where(second, likely, unlikely)])


def save_model(path: str | os.PathLike[str], model: Model, *, overwrite: bool = False) -> None:
    """Write a model file, all of it or nothing.

    Parameters
    ----------
    path : str or path
    model : Model
    overwrite : bool, default False
        Replace a file that exists.

    Raises
    ------
    UsageError
        If the file exists and ``overwrite`` is False.
    ModelFileError
        If the model is not consistent, or the file cannot be written.
    """
    place = Path(path)
    try:
        content, arrays = _pack(model)
        _unpack(content, arrays)  # what is written can be read
        write_container(place, model.schema, content, arrays, overwrite)
    except Flaw as flaw:
        raise ModelFileError(f"{place} was not written: {flaw}; nothing was changed") from flaw


def load_model(path: str | os.PathLike[str]) -> Model:
    """Read a model file.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    Model

    Raises
    ------
    ModelFileError
        If the file is missing, not a model, truncated, altered, or from a newer schema.
    """
    place = Path(path)
    _, content, arrays = read_container(place, SCHEMA)
    try:
        return _unpack(content, arrays)
    except Flaw as flaw:
        raise ModelFileError(f"{place} is not a valid model: {flaw}; {DAMAGED}") from flaw


def _pack(model: Model) -> tuple[dict[str, Any], dict[str, Array]]:
    if tuple(model.feature_names) != tuple(model.result.feature_names):
        raise Flaw("feature_names differ between the model and its grid")
    header, grid = model.result.to_arrays()
    later = [name for name in LATER_MODEL_TYPES if getattr(model, name) is not None]
    values = {name: getattr(model, name) for name in (*TYPES, *later)}
    if isinstance(model.intercept, np.ndarray):
        values["intercept"] = model.intercept.tolist()
    content = {name: to_plain(value, name) for name, value in values.items()}
    content["result"] = to_plain(header, "result")
    arrays = {"coef": np.asarray(model.coef), "folds": np.asarray(model.folds)}
    arrays |= {f"result_{name}": np.asarray(array) for name, array in grid.items()}
    if model.network is not None:
        content["network"], weights = model.network.pack()
        arrays |= weights
    if model.linear is not None:
        header, grid = model.linear.to_arrays()
        content["linear"] = to_plain(header, "linear")
        arrays |= {f"linear_{name}": np.asarray(array) for name, array in grid.items()}
    if model.decision is not None:
        header, own = pack_decision(model.decision)
        content["decision"] = to_plain(header, "decision")
        arrays |= own
    return content, arrays


def _unpack(content: Any, arrays: Mapping[str, Array]) -> Model:
    values = from_plain(content)
    check_header(values)
    result = _grid(values["result"], arrays, "result_")
    try:
        intercept = np.asarray(values["intercept"], dtype=np.float64)
    except UNREADABLE as error:
        raise Flaw(f"its intercept is no number ({error})") from error
    texts = {name: tuple(values[name]) if values[name] is not None else None for name in ("classes", "notes")}
    numbers = {name: float(values[name]) for name in ("l1_ratio", "alpha")}
    model = Model(
        **({name: values[name] for name in TYPES if name != "intercept"} | texts | numbers),
        **{name: values[name] for name in LATER_MODEL_TYPES if name in values},
        coef=named(arrays, "coef"),
        intercept=intercept if intercept.ndim else float(intercept),
        folds=named(arrays, "folds"),
        feature_names=result.feature_names,
        result=result,
        network=StoredNetwork.unpack(values["network"], arrays) if "network" in values else None,
        linear=_grid(values["linear"], arrays, "linear_") if "linear" in values else None,
        decision=None if "decision" not in values else unpack_decision(values["decision"], arrays, _size(result)),
    )
    _check_model(model)
    return model


def _grid(header: Mapping[str, Any], arrays: Mapping[str, Array], prefix: str) -> GridResult:
    """The grid whose arrays have this prefix."""
    grid = {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
    check_grid(header, grid)
    try:
        return GridResult.from_arrays(header, grid)
    except UNREADABLE as error:
        raise Flaw(f"its grid does not fit together ({error})") from error


def _size(result: GridResult) -> tuple[int, int, int]:
    return (*result.alphas.shape, len(result.feature_names))


def _check_model(model: Model) -> None:
    if model.task not in TASKS:
        raise Flaw(f"task must be one of {', '.join(TASKS)}, got {model.task!r}")
    outputs = () if model.result.outputs is None else (len(model.result.outputs),)
    given = _check_network(model)
    _check_loss(model, *([given] if given else outputs))
    _check_classes(model, given)
    shape = (*outputs, len(model.feature_names))
    if model.coef.shape != shape or model.coef.dtype.kind != "f":
        wanted = " x ".join(map(str, shape))
        raise Flaw(f"coef must be {wanted} floats, got {model.coef.dtype} {model.coef.shape}")
    if np.shape(model.intercept) != outputs:
        raise Flaw(f"there must be an intercept for each linear predictor, got {np.shape(model.intercept)}")
    if not np.all(np.isfinite(model.coef)) or not np.all(np.isfinite(model.intercept)):
        raise Flaw("coefficients and intercept must be finite")
    if model.result.concave is not None:
        try:
            as_concave(model.result.concave)
        except UsageError as error:
            raise Flaw(f"its penalty cannot be read ({str(error)[:SHOWN]})") from error
    if not 0 <= model.l1_ratio <= 1 or not 0 <= model.alpha < math.inf:
        raise Flaw(f"the penalty alpha={model.alpha}, l1_ratio={model.l1_ratio} is out of range")
    folds, repeats, network = model.folds, model.result.repeats, model.result.network
    per_row = () if repeats is None else (len(np.unique(repeats)),)
    if network is not None and per_row:  # every seed has the same folds
        per_row = (per_row[0] // network.seeds,) if per_row[0] > network.seeds else ()
    n_folds = model.result.n_folds // (1 if network is None else network.seeds)
    sound = folds.ndim == 1 + len(per_row) and folds.shape[1:] == per_row and folds.dtype.kind in "iu"
    if not sound or np.any(folds < -1) or np.any(folds >= n_folds):
        raise Flaw(f"folds must be whole numbers from -1 to {n_folds - 1}, one for each row and repeat")


def _check_network(model: Model) -> int:
    """How many outputs the network has, 0 where there is none; it goes with a grid of networks."""
    if (model.network is None) != (model.result.network is None):
        raise Flaw("a network and a grid of networks must come together")
    if model.linear is not None and model.linear.network is not None:
        raise Flaw("the linear models beside its networks are networks, too")
    if model.network is None:
        return 0
    if model.offset is not None or model.exposure is not None or model.result.outputs is not None:
        raise Flaw("a network has no offset, exposure or names of outputs")
    given = model.network.check(len(model.feature_names))
    if model.classes is None and given > 1:
        raise Flaw(f"its network gives {given} outputs for one target")
    return given


def _check_classes(model: Model, given: int) -> None:
    """A classification has some: two have one predictor, more have one each; a network has so many given."""
    classes, outputs = model.classes, model.result.outputs
    if classes is None:
        sound = model.task != "classification"
    else:
        wanted = 2 if outputs is None else len(outputs)
        wanted = given if given > 1 else wanted
        sound = model.task == "classification" and len(set(classes)) == len(classes) == wanted
        sound = sound and outputs in (None, classes)
    if not sound:
        raise Flaw(f"a {model.task} cannot have the classes {str(classes)[:SHOWN]}")


def _check_loss(model: Model, outputs: int = 1) -> None:
    """The loss can be read and is one of the task and of so many outputs; an exposure goes with a log link."""
    spec = model.loss[:SHOWN]
    try:
        loss = named_loss(model.loss)
    except UsageError as error:
        raise Flaw(f"its loss {spec!r} cannot be read ({str(error)[:SHOWN]})") from error
    task = {"logistic": TASKS[1], "multinomial": TASKS[1], "cox": TASKS[2]}.get(loss.name, TASKS[0])
    takes = outputs if loss.name == "squared" else getattr(loss, "classes", 1)
    if task != model.task or takes != outputs or model.result.loss != model.loss:
        raise Flaw(f"a {model.task} cannot have the loss {spec!r}, its grid {model.result.loss[:SHOWN]!r}")
    if model.exposure is not None and not isinstance(loss, LogLink):
        raise Flaw(f"the loss {spec!r} has no log link, so that there is no exposure {model.exposure[:SHOWN]!r}")
