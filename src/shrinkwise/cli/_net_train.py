"""From prepared data to a stored network: linear models, the grid of networks, the choice, its weights."""

from __future__ import annotations

import shlex
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray
from scipy import sparse

from shrinkwise.cli._prepare import Prepared
from shrinkwise.cli._progress import progress_bar
from shrinkwise.cli._say import Voice
from shrinkwise.cli._train import LIBRARIES, linear_grid, now, versions_of
from shrinkwise.cli.net import NetRequest
from shrinkwise.diagnosis.decide import decide
from shrinkwise.exceptions import DataError
from shrinkwise.keras.defaults import suited
from shrinkwise.keras.grid import fit_networks
from shrinkwise.keras.networks import mlp
from shrinkwise.result import GridResult
from shrinkwise.store import Model
from shrinkwise.store.stored_network import StoredNetwork

Array = NDArray[Any]

CHECKED = 1000  # rows on which the stored network must predict what Keras' does
SAME = 1e-4  # how far they may lie apart, as a share of the largest output: Keras computes in single precision


def train(prepared: Prepared, request: NetRequest, say: Voice) -> Model:
    """Fit the linear models and the networks in the same folds, choose a network, and bring it into NumPy."""
    data, target = request.data, prepared.target
    with progress_bar(say.on_terminal, "fitting {:,} linear models", "the first fit compiles") as progress:
        linear = linear_grid(prepared, data, progress)
    designs = _designs(prepared)
    options = suited(
        "inputs" if request.group_inputs else "weights",
        len(designs[-1]),
        l1=list(request.l1) if isinstance(request.l1, tuple) else request.l1,
        l2=request.l2,
        epochs=request.epochs,
        batch_size=request.batch_size or "auto",
    )
    cells = len(options["l1"]) * len(options["l2"]) + 1
    n_networks = cells * request.seeds * (len(prepared.splits) + 1)
    words = f"training {n_networks:,} networks"
    with progress_bar(say.on_terminal, words, "the network is compiled") as progress:
        grid = fit_networks(
            designs[-1],
            target.posed,
            prepared.splits,
            mlp(request.hidden, request.activation),
            designs=None if len(designs) == 1 else designs,
            loss=prepared.loss,
            **options,
            optimizer=request.optimizer,
            learning_rate=request.learning_rate,
            seeds=request.seeds,
            patience=request.patience,
            sample_weight=prepared.weights,
            feature_names=prepared.encoding.names,
            classes=target.classes,
            random_state=data.seed,
            progress=None if progress is None else lambda done, total, left: progress(done, total),
        )
    result = grid.result
    chosen = result.select(data.rule)
    network, difference = _stored(grid.network(chosen.ratio, chosen.index), grid.scaling, designs[-1][:CHECKED])
    backend = "" if result.network is None else result.network.backend
    return Model(
        task=target.task,
        target=target.name,
        classes=target.classes,
        loss=result.loss,
        l1_ratio=chosen.l1_ratio,
        alpha=chosen.alpha,
        rule=data.rule,
        coef=result.coef(chosen.ratio, chosen.index),
        intercept=0.0,
        feature_names=result.feature_names,
        encoder=prepared.encoding.encoder.to_dict(),
        result=result,
        folds=prepared.folds,
        certificate=_checked(result, difference),
        notes=(*prepared.notes, *_notes(request, n_networks)),
        seed=data.seed,
        versions=versions_of((*LIBRARIES, "keras", backend)),
        created=now(),
        command=f"shrinkwise {shlex.join(data.arguments)}",
        source=data.table,
        weights=data.weights,
        network=network,
        linear=linear,
        decision=decide(result, None, data.rule, linear=linear),
    )


def _designs(prepared: Prepared) -> list[Array]:
    """What each training set and, last, all rows make of the table; one design where all make the same."""
    encoding = prepared.encoding
    if encoding.maps is None:
        return [_dense(encoding.Z)]
    return [_dense(encoding.Z @ made) for made in encoding.maps]


def _dense(matrix: Any) -> Array:
    return np.asarray(matrix.toarray() if sparse.issparse(matrix) else matrix, dtype=np.float64)


def _stored(model: Any, scaling: tuple[Array, Array, float, float], rows: Array) -> tuple[StoredNetwork, float]:
    """A network of scaled columns as one of raw columns, and how far it lies from Keras', as a share of the largest."""
    center, factor, middle, unit = scaling
    dense, arrays = _dense_layers(model)
    before = {"scale": factor.tolist(), "offset": (-center * factor).tolist()}
    layers = [
        {"kind": "Rescaling", "name": "columns", **before},
        *dense,
        {"kind": "Rescaling", "name": "target", "scale": unit, "offset": middle},
    ]
    network = StoredNetwork(layers, arrays)
    scaled = ((rows - center) * factor).astype(np.float32)
    kept = ops.convert_to_numpy(model(scaled, training=False)).astype(np.float64)
    found = (network(rows) - middle) / unit
    difference = float(np.max(np.abs(found - kept)) / (np.max(np.abs(kept)) or 1.0))
    if not difference <= SAME:
        raise DataError(
            f"the network that was to be stored predicts otherwise than Keras' (by {difference:.1e} of the largest "
            "prediction), which single precision does not explain; please report it"
        )
    return network, difference


def _dense_layers(model: Any) -> tuple[list[dict[str, Any]], dict[str, Array]]:
    """The Dense layers of our own builder as `shrinkwise.forward` reads them.

    `shrinkwise.keras.portable` does this for any network, by Keras' own description of it; but to describe a network
    Keras imports TensorFlow where that is installed, and 3 seconds are long here.
    """
    layers: list[dict[str, Any]] = []
    arrays: dict[str, Array] = {}
    for layer in model.layers:
        activation = layer.activation.__name__
        own = {"units": layer.units, "use_bias": layer.use_bias, "activation": activation}
        layers.append({"kind": "Dense", "name": layer.name, **own})
        weights = zip(("kernel", "bias"), layer.get_weights(), strict=False)
        arrays |= {f"{layer.name}/{name}": np.asarray(values) for name, values in weights}
    return layers, arrays


def _checked(result: GridResult, difference: float) -> dict[str, Any]:
    """What takes the place of a certificate."""
    return {
        "n_fits": int(result.converged.size),
        "n_certified": int(np.count_nonzero(result.converged)),
        "difference": difference,
        "certified": bool(np.all(result.converged)),
    }


def _notes(request: NetRequest, n_networks: int) -> tuple[str, ...]:
    """How the networks were built."""
    layers = " and ".join(filter(None, [", ".join(map(str, request.hidden[:-1])), str(request.hidden[-1])]))
    penalized = "all weights that leave an input as one group" if request.group_inputs else "single weights"
    trainings = f"{n_networks} trainings in all"
    return (f"Networks: hidden layers of {layers} units ({request.activation}), {trainings}; L1 acts on {penalized}.",)
