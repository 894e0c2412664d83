"""Networks of a grid: the default one, what a user's ``build`` may return, random starts, and scaling folded in."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from inspect import signature
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from shrinkwise.exceptions import UsageError
from shrinkwise.validation import check_count, check_number, check_sequence

Array = NDArray[Any]
Build = Callable[[int, int], Any]

ELEMENTWISE = ("Dropout", "GaussianNoise", "GaussianDropout", "AlphaDropout", "Identity", "ActivityRegularization")
TRUNCATED_SD = 0.87962566103423978  # of a standard normal between -2 and 2
LOGITS = "the loss takes logits, so leave the last activation out (predict_proba adds it)"
PER_COLUMN = (*ELEMENTWISE, "BatchNormalization", "Normalization", "Rescaling", "Activation", "ReLU", "LeakyReLU")


def mlp(hidden: Sequence[int] = (64, 32), activation: str = "relu", dropout: float = 0.0) -> Build:
    """A builder of multilayer perceptrons: Dense layers of these widths, and an output without activation.

    Parameters
    ----------
    hidden : sequence of int >= 1, default (64, 32)
        Units of the hidden layers; empty for a linear model.
    activation : str, default "relu"
    dropout : float in [0, 1), default 0
        Share of the units of each hidden layer that a training step leaves out.

    Returns
    -------
    callable
        ``build(n_features, n_outputs)``, a `keras.Sequential`.
    """
    widths = [check_count("hidden", units) for units in check_sequence("hidden", hidden)]
    dropout = check_number("dropout", dropout, low=0, high=1, below=True)
    try:
        keras.activations.get(activation)
    except (ValueError, TypeError) as error:
        raise UsageError(f"activation {activation!r} is none of Keras': use e.g. 'relu', 'tanh', 'gelu'") from error

    def build(n_features: int, n_outputs: int) -> Any:
        layers: list[Any] = [keras.Input((n_features,))]
        for number, units in enumerate(widths, 1):
            layers.append(_dense(units, activation=activation, name=f"hidden_{number}"))
            if dropout:
                layers.append(keras.layers.Dropout(dropout, name=f"dropout_{number}"))
        model = keras.Sequential([*layers, _dense(n_outputs, name="output")])
        for layer in model.layers:
            if isinstance(layer, keras.layers.Dense):
                layer.kernel_initializer = keras.initializers.GlorotUniform()  # Keras' default
                start = _drawn(layer.kernel_initializer, np.empty(layer.kernel.shape, np.float32), _generator())
                layer.kernel.assign(start)
        return model

    return build


def _dense(units: int, **options: Any) -> Any:
    """A Dense layer whose kernel is drawn later, by NumPy: JAX compiles a program to draw each shape, 1 s in all."""
    return keras.layers.Dense(units, kernel_initializer="zeros", **options)


def _generator() -> np.random.Generator:
    """Seeded as Keras seeds an initializer: by Python's own, which keras.utils.set_random_seed sets."""
    return np.random.default_rng(random.randint(1, 10**9))


def built(build: Build, n_features: int, n_outputs: int) -> Any:
    """What ``build`` returns, checked: a built Keras model from (n, p) to (n, k) without a last sigmoid or softmax.

    Raises
    ------
    UsageError
        If it is something else.
    """
    call = f"build({n_features}, {n_outputs})"
    try:
        signature(build).bind(n_features, n_outputs)
    except TypeError as error:
        raise UsageError(f"build must be a function of n_features and n_outputs, {call}: {error}") from error
    model = build(n_features, n_outputs)
    if not isinstance(model, keras.Model):
        raise UsageError(f"{call} must return a Keras model, got {type(model).__name__}: {model!r:.80}")
    if not model.built:
        raise UsageError(f"{call} returned a model that is not built; give it keras.Input(({n_features},)) first")
    takes, gives = _shape(model, "input_shape"), _shape(model, "output_shape")
    if takes is not None and takes != (None, n_features):
        raise UsageError(f"{call} must take rows of {n_features} features, shape (None, {n_features}), got {takes}")
    if gives is None:
        raise UsageError(f"{call} returned a model whose output shape is not known; make it Sequential or Functional")
    if gives != (None, n_outputs):
        raise UsageError(f"{call} must give {n_outputs} outputs a row, shape (None, {n_outputs}), got {gives}")
    ending = getattr(getattr(model.layers[-1], "activation", None), "__name__", "linear")
    if ending in ("sigmoid", "softmax", "log_softmax"):
        raise UsageError(f"{call} ends in {ending}; {LOGITS}")
    if not model.trainable_variables:
        raise UsageError(f"{call} returned a model without trainable weights")
    for variable in model.variables:
        if not np.all(np.isfinite(keras.ops.convert_to_numpy(variable.value))):
            raise UsageError(f"{call} starts from a weight that is not finite, in {variable.path}")
    return model


def refuse_probabilities(model: Any, n_features: int) -> None:
    """Refuse a classifier that gives probabilities, by whatever layer: seen from what it makes of random rows.

    Raises
    ------
    UsageError
        If all outputs lie in [0, 1], and of several outputs sum to 1.
    """
    rows = 100 * np.random.default_rng(0).standard_normal((256, n_features))
    given = keras.ops.convert_to_numpy(model(rows.astype(np.float32), training=False)).astype(np.float64)
    inside = np.all((given >= 0) & (given <= 1)) and np.ptp(given) > 0
    if inside and (given.shape[1] == 1 or np.allclose(given.sum(axis=1), 1, atol=1e-4)):
        raise UsageError(f"build({n_features}, {given.shape[1]}) gives probabilities; {LOGITS}")


def starts(build: Build, model: Any, n_features: int, n_outputs: int, seeds: Sequence[int]) -> list[Array]:
    """The first values of each trainable and then each other variable, (seeds, *shape), alike on every backend.

    What two calls of ``build`` agree on is no random start (zeros, a pretrained layer) and stays. What Keras'
    initializers draw is drawn again by NumPy from the seed.
    """
    other = built(build, n_features, n_outputs)
    if {id(variable) for variable in other.variables} & {id(variable) for variable in model.variables}:
        raise UsageError(
            "build returned the same weights in two calls, which a fit would overwrite; return a new network each "
            "time: of a pretrained one keras.models.clone_model, with its weights set"
        )
    owner = {id(variable): layer for layer in model.layers for variable in layer.variables}
    variables, twins = variables_of(model), variables_of(other)
    if [v.shape for v in variables] != [v.shape for v in twins]:
        raise UsageError("build returned two different networks in two calls; it must depend on its arguments alone")
    found = []
    for number, (variable, twin) in enumerate(zip(variables, twins)):
        value, again = (keras.ops.convert_to_numpy(v.value) for v in (variable, twin))
        if is_random_state(variable):
            drawn = [_random_state(np.random.default_rng((seed, number)), value) for seed in seeds]
        elif np.array_equal(value, again):
            drawn = [value for _ in seeds]
        else:
            maker = getattr(owner.get(id(variable)), f"{variable.name}_initializer", None)
            drawn = [_drawn(maker, value, np.random.default_rng((seed, number))) for seed in seeds]
        found.append(np.stack(drawn))
    return found


def variables_of(model: Any) -> list[Any]:
    """The variables in the order in which values of a member are kept: those that are trained, then the others."""
    return [*model.trainable_variables, *model.non_trainable_variables]


def is_random_state(variable: Any) -> bool:
    """Whether a variable is the state of a random generator, as dropout has it."""
    return bool(variable.name == "seed_generator_state")


def _random_state(rng: np.random.Generator, like: Array) -> Array:
    state = np.zeros_like(like)
    state[0] = rng.integers(1, 2**31 - 1)
    return state


def _drawn(maker: Any, value: Array, rng: np.random.Generator) -> Array:
    """Values of one of Keras' random initializers; what is none of them is left as it was built."""
    kinds, shape = keras.initializers, value.shape
    if isinstance(maker, kinds.VarianceScaling):
        receptive = int(np.prod(shape[:-2], initial=1))
        fan_in, fan_out = shape[-2:] if len(shape) > 1 else (shape[0], shape[0])
        fans = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}
        sd = np.sqrt(maker.scale / max(1.0, receptive * fans[maker.mode]))
        if maker.distribution == "uniform":
            found = rng.uniform(-np.sqrt(3) * sd, np.sqrt(3) * sd, shape)
        elif maker.distribution == "truncated_normal":
            found = _truncated(rng, shape) * sd / TRUNCATED_SD
        else:
            found = rng.standard_normal(shape) * sd
    elif isinstance(maker, kinds.RandomUniform):
        found = rng.uniform(maker.minval, maker.maxval, shape)
    elif isinstance(maker, kinds.TruncatedNormal):
        found = maker.mean + maker.stddev * _truncated(rng, shape)
    elif isinstance(maker, kinds.RandomNormal):
        found = maker.mean + maker.stddev * rng.standard_normal(shape)
    else:
        found = value
    return np.asarray(found, dtype=value.dtype)


def _truncated(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """A standard normal between -2 and 2."""
    values = rng.standard_normal(shape)
    while np.any(outside := np.abs(values) > 2):
        values[outside] = rng.standard_normal(int(outside.sum()))
    return values


def first_kernels(model: Any) -> list[int] | None:
    """Numbers, among the trainable variables, of the kernels whose rows are the inputs; None where that is not all.

    Between the input and such a kernel there may be layers that keep columns apart: dropout, normalization.
    """
    number = {id(variable): place for place, variable in enumerate(model.trainable_variables)}
    found = []
    for layer in _readers(model, PER_COLUMN) or []:
        if not isinstance(layer, keras.layers.Dense) or id(layer.kernel) not in number:
            return None
        found.append(number[id(layer.kernel)])
    return found or None


def unscaled(model: Any, scaling: tuple[Array, Array, float, float]) -> Any:
    """A network on raw X that gives y in its own units: the scaling goes into the first and last weights.

    Where these are not plain Dense layers, layers that scale are put around the network.

    Parameters
    ----------
    model : keras.Model
        On scaled data; it is changed, or wrapped.
    scaling : tuple
        Center and factor of the inputs, (p,), center and scale of the target.
    """
    center, factor, target_center, target_scale = scaling
    first = _readers(model, ELEMENTWISE)
    inputs_fold = bool(first) and all(isinstance(layer, keras.layers.Dense) and layer.use_bias for layer in first or [])
    if np.all(center == 0) and np.all(factor == 1):
        inputs_fold, first = True, []
    last = model.layers[-1]
    plain_end = isinstance(last, keras.layers.Dense) and last.use_bias and last.activation is keras.activations.linear
    plain_end = plain_end and len(model.outputs) == 1 and last.output is model.outputs[0] and last not in (first or [])
    if target_center == 0 and target_scale == 1:
        plain_end, last = True, None
    if inputs_fold:
        for layer in first or []:
            kernel, bias = (np.asarray(w, dtype=np.float64) for w in layer.get_weights())
            kernel = kernel * factor[:, None]
            layer.set_weights([kernel, bias - center @ kernel])
    if plain_end and last is not None:
        kernel, bias = (np.asarray(w, dtype=np.float64) for w in last.get_weights())
        last.set_weights([kernel * target_scale, bias * target_scale + target_center])
    if inputs_fold and plain_end:
        return model
    layers: list[Any] = [keras.Input((len(center),))]
    if not inputs_fold:
        layers.append(keras.layers.Rescaling(factor.tolist(), (-center * factor).tolist(), name="scaled_inputs"))
    layers.append(model)
    if not plain_end:
        layers.append(keras.layers.Rescaling(target_scale, target_center, name="scaled_target"))
    return keras.Sequential(layers)


def _readers(model: Any, passing: tuple[str, ...]) -> list[Any] | None:
    """Layers that read the input, those named ``passing`` looked through; None where the graph cannot be followed."""
    try:
        seen = {id(model.inputs[0])}
        found = []
        for layer in model.layers:
            if isinstance(layer, keras.layers.InputLayer):
                continue
            read = layer.input if isinstance(layer.input, list | tuple) else [layer.input]
            if not any(id(tensor) in seen for tensor in read):
                continue
            if type(layer).__name__ in passing:
                seen.add(id(layer.output))
            else:
                found.append(layer)
    except (AttributeError, ValueError, TypeError):
        return None
    return found


def _shape(model: Any, name: str) -> Any:
    try:
        shape = getattr(model, name)
    except (AttributeError, ValueError):
        return None
    return tuple(shape) if isinstance(shape, list | tuple) else shape
