"""A network without what its zeros have cut off: the same outputs from a smaller model."""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from shrinkwise.exceptions import DataError, ShrinkwiseError
from shrinkwise.keras._compaction import Compaction
from shrinkwise.keras._elementwise import KERNELS, array
from shrinkwise.keras._equality import ROWS, allowed, deviation, random_inputs
from shrinkwise.keras._graph import Graph, read_graph
from shrinkwise.keras._liveness import Liveness, study
from shrinkwise.keras._rebuild import rebuild
from shrinkwise.validation import check_number

Array = NDArray[Any]

TIMED_ROWS = 4096
RUNS = 5


def compact(
    model: keras.Model,
    *,
    tolerance: float = 1e-5,
    drop_inputs: bool = False,
    X: Any = None,
    measure: bool = False,
    seed: int = 0,
) -> keras.Model:
    """A plain, smaller Keras model without dead inputs, units and filters, and with the same outputs.

    A unit is dead where all weights that leave it are exactly zero, or where what it gives is the same for every
    input: its kernel is zero, or all it reads is constant. The constant, through activations and batch normalization,
    goes into the bias of the next layer; behind zero padding only a constant of 0 can. What dies takes with it what
    only it read.

    Parameters
    ----------
    model : keras.Model
        Built, Sequential or Functional, at any depth of nesting. It is not changed. Units of Dense and filters of
        Conv1D, Conv2D, Conv3D go; activations that act on each number, BatchNormalization, Normalization, Rescaling,
        pooling, Flatten, Reshape, dropout and noise, Concatenate, Add and its like are followed. All other layers
        (attention, recurrent layers, LayerNormalization, layers shared by several calls…) stay as they are, with all
        their inputs, and ``shrinkage.left`` says so.
    tolerance : float, default 1e-5
        Largest difference of outputs, relative to the largest output. In half precision some roundings are allowed.
    drop_inputs : bool, default False
        Whether the model takes only the columns that are kept (``shrinkage.inputs``); else it takes all of them, and
        selects.
    X : array, or structure of arrays as the model takes, optional
        Rows to check on besides random ones; needed where an input is text.
    measure : bool, default False
        Whether to time ``predict`` of both models and to save both to a temporary folder for the size of their files.
    seed : int, default 0
        Of the random rows.

    Returns
    -------
    keras.Model
        Not compiled, without regularizers; ``model.shrinkage``, a `Compaction`, says what was removed. A layer without
        living units keeps one, set to zero. Nested models are taken apart into their layers.

    Raises
    ------
    UsageError
        The model is not built, or runs its own ``call``; tolerance is out of range.
    DataError
        A weight or a cell of X is not finite; the model does not take X.
    ShrinkwiseError
        The outputs differ: nothing is returned.

    Examples
    --------
    >>> import keras, numpy as np
    >>> model = keras.Sequential([keras.Input((3,), name="x"), keras.layers.Dense(4, "relu"), keras.layers.Dense(1)])
    >>> kernel = np.ones((3, 4))
    >>> kernel[1] = 0  # the second input is dead
    >>> kernel[:, 2:] = 0  # and so are two units
    >>> model.layers[0].set_weights([kernel, np.zeros(4)])
    >>> small = compact(model)
    >>> small.shrinkage.parameters, small.shrinkage.inputs["x"].tolist()
    ((21, 9), [0, 2])
    """
    tolerance = check_number("tolerance", tolerance, low=0, high=1, above=True, below=True)
    graph = read_graph(model)
    _check_finite(model)
    _check_rows(model, X)
    live = study(graph)
    small = rebuild(model, graph, live, drop_inputs)
    limit = allowed(graph, tolerance)
    worst, rows = 0.0, 0
    for x in _given(graph, X, seed):
        worst = max(worst, deviation(model, small, x, _reduced(graph, live, x) if drop_inputs else x), key=_badness)
        rows += len(keras.tree.flatten(x)[0])
    if not worst <= limit:
        raise ShrinkwiseError(
            f"the compact model's outputs differ from those of {model.name!r} by {worst:.1e} of their scale, more than "
            f"{limit:g}: no model is returned. Outputs that are not finite or that are random at inference cannot be "
            "compared; where the difference is rounding (a graphics card with TF32, outputs that cancel), raise "
            "tolerance"
        )
    report = _report(model, small, graph, live)
    report = replace(report, deviation=worst, tolerance=limit, rows=rows)
    if measure:
        report = _measured(report, model, small, graph, live, drop_inputs, seed)
    small.shrinkage = report
    return small


def _check_finite(model: keras.Model) -> None:
    for variable in model.weights:
        values = array(variable)
        wrong = 0 if values.dtype.kind in "iub" else int((~np.isfinite(values.astype(float))).sum())
        if wrong:
            raise DataError(f"weight {variable.path!r} is not finite in {wrong} places: train again")


def _check_rows(model: keras.Model, X: Any) -> None:
    """Refuse rows that are not finite, or that the model does not take."""
    if X is None:
        return
    X = keras.tree.map_structure(np.asarray, X)
    parts = keras.tree.flatten(X)
    wrong = sum(int((~np.isfinite(part)).sum()) for part in parts if part.dtype.kind in "fc")
    if wrong:
        raise DataError(f"X is not finite in {wrong} of {sum(part.size for part in parts)} cells: leave those rows out")
    try:
        model(X, training=False)
    except (ValueError, TypeError, RuntimeError) as error:
        wanted = ", ".join(str(tuple(tensor.shape)) for tensor in model.inputs)
        raise DataError(
            f"X must be as model {model.name!r} takes it, of shape {wanted} (None: any), "
            f"got {', '.join(str(part.shape) for part in parts)}"
        ) from error


def _badness(value: float) -> float:
    return np.inf if np.isnan(value) else value


def _given(graph: Graph, X: Any, seed: int) -> list[Any]:
    """The rows to compare on."""
    if X is None:
        return [random_inputs(graph, seed)]
    given = keras.tree.map_structure(np.asarray, X)
    numeric = all("float" in source.dtype or source.dtype == "bool" for source in graph.sources.values())
    return [given, random_inputs(graph, seed)] if numeric else [given]


def _reduced(graph: Graph, live: Liveness, x: Any) -> Any:
    """The columns that the model without dead inputs takes."""
    parts = []
    for tensor, part in zip(keras.tree.flatten(graph.inputs), keras.tree.flatten(x)):
        lanes = live.lanes[tensor.index]
        keep = live.keep(tensor.index)
        parts.append(part if lanes is None else np.take(part, np.flatnonzero(keep), axis=lanes.axis))
    return keras.tree.pack_sequence_as(graph.inputs, parts)


def _report(model: keras.Model, small: keras.Model, graph: Graph, live: Liveness) -> Compaction:
    units, inputs, n_inputs = {}, {}, {}
    for call in graph.calls:
        if type(call.layer) in KERNELS and id(call.layer) in live.uses:
            kept = live.kept[live.uses[id(call.layer)].out]
            units[call.layer.name] = (len(kept), int(kept.sum()))
    for tensor, source in graph.sources.items():
        if live.lanes[tensor] is not None:
            keep = live.keep(tensor)
            inputs[source.name], n_inputs[source.name] = np.flatnonzero(keep), len(keep)
    return Compaction(
        parameters=(_count(model), _count(small)),
        bytes=(_bytes(model), _bytes(small)),
        units=units,
        inputs=inputs,
        n_inputs=n_inputs,
        left=live.left,
        deviation=0.0,
        tolerance=0.0,
        rows=ROWS,
    )


def _count(model: keras.Model) -> int:
    return sum(int(np.prod(variable.shape)) for variable in model.weights)


def _bytes(model: keras.Model) -> int:
    return sum(array(variable).nbytes for variable in model.weights)


def _measured(
    report: Compaction, model: keras.Model, small: keras.Model, graph: Graph, live: Liveness, reduced: bool, seed: int
) -> Compaction:
    """The report with times of predict and sizes of files."""
    x = random_inputs(graph, seed)
    count = -(-TIMED_ROWS // len(keras.tree.flatten(x)[0]))
    x = keras.tree.map_structure(lambda part: np.concatenate([part] * count)[:TIMED_ROWS], x)
    given = (x, _reduced(graph, live, x) if reduced else x)
    seconds = [_seconds(net, rows) for net, rows in zip((model, small), given)]
    with tempfile.TemporaryDirectory() as folder:
        saved = []
        for name, net in (("before", model), ("after", small)):
            path = Path(folder) / f"{name}.keras"
            net.save(path)
            saved.append(path.stat().st_size)
    return replace(report, seconds=(seconds[0], seconds[1]), timed_rows=TIMED_ROWS, saved=(saved[0], saved[1]))


def _seconds(model: keras.Model, x: Any) -> float:
    best = np.inf
    for run in range(RUNS + 1):
        start = time.perf_counter()
        model.predict(x, batch_size=TIMED_ROWS, verbose=0)
        if run:  # the first compiles
            best = min(best, time.perf_counter() - start)
    return float(best)
