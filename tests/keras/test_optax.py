"""Optimizers of optax in a grid: the exact lasso, those of Keras again, and what is refused."""

import keras
import numpy as np
import pytest

from shrinkwise import LinearRegressor
from shrinkwise.exceptions import PenaltyWarning, UsageError
from shrinkwise.keras import GroupL1, NetworkRegressorCV
from shrinkwise.keras.grid import fit_networks
from shrinkwise.keras.networks import mlp
from tests.keras.grids import halves, residual, table

if keras.backend.backend() != "jax":
    pytest.skip("optax is JAX's", allow_module_level=True)
optax = pytest.importorskip("optax")

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402

from shrinkwise.keras.optax_parts import ROWS, Flow, advance, reach_of  # noqa: E402

Opt = keras.optimizers
STEPS = 1500


def cosine(rate):
    return optax.cosine_decay_schedule(rate, STEPS)


@pytest.fixture(scope="module")
def lasso():
    """Full-batch problem with its exact solution: the mean of squares has no 1/2, so alpha is half of l1."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(200, 8)) @ (np.eye(8) + 0.3 * rng.normal(size=(8, 8)))
    x = x / x.std(axis=0)
    y = x @ np.array([2, -1, 0, 0, 0.5, 0, 0, 0.1]) + 0.5 * rng.normal(size=200)
    exact = LinearRegressor(alpha=0.15, l1_ratio=1.0, standardize=False).fit(x, y)
    assert (exact.coef_ != 0).sum() == 3
    return x, y, exact.coef_


def linear(p, k):
    return keras.Sequential([keras.Input((p,)), keras.layers.Dense(k, name="linear")])


def injected(rate):
    return optax.inject_hyperparams(optax.adam)(learning_rate=rate)


OPTIMIZERS = {
    "sgd": (lambda: optax.sgd(0.1), 1e-5),
    "momentum": (lambda: optax.sgd(0.02, momentum=0.9), 1e-5),
    "Nesterov": (lambda: optax.sgd(0.02, momentum=0.9, nesterov=True), 1e-5),
    "momentum, rate to zero": (lambda: optax.sgd(cosine(0.02), momentum=0.9), 1e-5),
    "average of gradients": (lambda: optax.chain(optax.ema(0.9), optax.scale(-0.05)), 1e-5),
    "adam": (lambda: optax.adam(0.05), 1e-5),
    "amsgrad": (lambda: optax.amsgrad(0.05), 1e-5),
    "adamw, none decays": (lambda: optax.adamw(0.05, mask=lambda w: [False for _ in w]), 1e-5),
    "clipped at the minimum": (lambda: optax.chain(optax.clip_by_global_norm(0.2), optax.sgd(0.2)), 1e-5),
    "clipped by coordinate": (lambda: optax.chain(optax.clip(0.1), optax.adam(0.05)), 1e-5),
    "clipped by array": (lambda: optax.chain(optax.clip_by_block_rms(0.05), optax.sgd(0.2)), 1e-5),
    "named": (lambda: optax.named_chain(("clip", optax.clip(5.0)), ("adam", optax.adam(0.05))), 1e-5),
    "injected schedule": (lambda: injected(cosine(0.05)), 1e-5),
    "adabelief": (lambda: optax.adabelief(cosine(0.05)), 1e-4),
    "nadam": (lambda: optax.nadam(cosine(0.05)), 1e-4),
    "adamax": (lambda: optax.adamax(0.05), 1e-5),
    "rmsprop": (lambda: optax.rmsprop(cosine(0.02)), 1e-4),
    "rmsprop, momentum": (lambda: optax.rmsprop(cosine(0.005), momentum=0.9), 1e-4),
    "adagrad": (lambda: optax.adagrad(0.5), 1e-5),
    "lion": (lambda: optax.lion(cosine(0.02), weight_decay=0.0), 2e-4),
    "parts": (
        lambda: optax.chain(
            optax.masked(optax.adam(0.05), lambda w: [part.ndim == 2 for part in w]),
            optax.masked(optax.sgd(0.05), lambda w: [part.ndim == 1 for part in w]),
        ),
        1e-5,
    ),
    "trust ratio of kernels": (
        lambda: optax.chain(
            optax.scale_by_adam(),
            optax.masked(optax.scale_by_trust_ratio(), lambda w: [part.ndim == 2 for part in w]),
            optax.scale_by_learning_rate(cosine(0.05)),
        ),
        1e-4,
    ),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_one_dense_unit_is_the_exact_lasso(lasso, name):
    x, y, exact = lasso
    make, tolerance = OPTIMIZERS[name]
    rows = np.arange(len(x))
    grid = fit_networks(
        x, y, [(rows, rows)], linear, l1=[0.3], epochs=STEPS, batch_size=200, standardize=False, optimizer=make()
    )
    coef = grid.network(0, 0).layers[0].get_weights()[0][:, 0] * grid.scaling[3]
    assert ((coef != 0) == (exact != 0)).all()
    assert np.abs(coef - exact).max() < tolerance


def test_a_lassonet_is_that_under_keras_own_optimizer():
    X, y = table()
    options = {"l1": [20.0, 5.0, 1.0], "epochs": 6, "batch_size": 16}
    theirs = fit_networks(X, y, halves(), residual(), optimizer=Opt.Adam(0.01), **options).result
    ours = fit_networks(X, y, halves(), residual(), optimizer=optax.adam(0.01, eps=1e-7), **options).result
    np.testing.assert_array_equal(ours.network.zeros, theirs.network.zeros)
    assert ours.network.zeros.sum() > 0
    np.testing.assert_allclose(ours.test_score, theirs.test_score, rtol=1e-4)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (lambda: Opt.SGD(0.05), lambda: optax.sgd(0.05)),
        (lambda: Opt.SGD(0.02, momentum=0.8), lambda: optax.sgd(0.02, momentum=0.8)),
        (lambda: Opt.SGD(0.02, momentum=0.8, nesterov=True), lambda: optax.sgd(0.02, momentum=0.8, nesterov=True)),
        (lambda: Opt.Adam(0.01), lambda: optax.adam(0.01, eps=1e-7)),
        (lambda: Opt.AdamW(0.01, weight_decay=0.005), lambda: optax.adamw(0.01, eps=1e-7, weight_decay=0.005)),
        (
            lambda: Opt.Adam(Opt.schedules.ExponentialDecay(0.02, 10, 0.5)),
            lambda: optax.adam(optax.exponential_decay(0.02, 10, 0.5), eps=1e-7),
        ),
        (lambda: Opt.RMSprop(0.01, momentum=0.5), lambda: optax.rmsprop(0.01, decay=0.9, eps=1e-7, momentum=0.5)),
        (lambda: Opt.Adagrad(0.05), lambda: optax.adagrad(0.05, initial_accumulator_value=0.1, eps=1e-7)),
        (lambda: Opt.Lion(0.003), lambda: optax.lion(0.003, weight_decay=0.0)),
    ],
    ids=["SGD", "momentum", "Nesterov", "Adam", "AdamW", "schedule", "RMSprop", "Adagrad", "Lion"],
)
def test_a_grid_is_that_of_the_same_optimizer_of_keras(theirs, ours):
    X, y = table()
    options = {"l1": [0.5, 0.01], "epochs": 20, "batch_size": 32, "penalties": {"*": GroupL1(1), "out*": "l1=1"}}
    one, two = (fit_networks(X, y, halves(), mlp((6,)), **options, optimizer=make()).result for make in (theirs, ours))
    np.testing.assert_allclose(two.test_score, one.test_score, rtol=1e-3)
    np.testing.assert_array_equal(two.network.zeros, one.network.zeros)
    assert one.network.zeros.sum() > 0


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.scale is not None])
def test_the_step_times_a_steady_gradient_is_the_move(name):
    made = {
        "scale_by_rms": lambda: optax.scale_by_rms(bias_correction=True, eps_in_sqrt=False),
        "scale_by_stddev": lambda: optax.scale_by_stddev(eps=1e-2),
    }.get(name, getattr(optax, name))()
    transform = optax.chain(optax.trace(0.5, nesterov=True), optax.scale(0.5), made, optax.scale(-0.1))
    weights, steady = [jnp.zeros(3)], [jnp.array([1.0, -0.5, 0.02])]
    state = transform.init(weights)
    reach = reach_of(transform.update, state)

    @jax.jit
    def move(state, reach):
        flow, after, reach = advance(transform.update, Flow(steady, {0: jnp.ones(3)}, {}), state, reach, weights)
        return flow.updates[0], flow.steps[0], after, reach, transform.update(steady, state, weights)[0][0]

    for _ in range(600 if name == "scale_by_lion" else 60):
        update, step, state, reach, plain = move(state, reach)
    np.testing.assert_allclose(update, plain, rtol=1e-6)  # part by part it is what optax does
    np.testing.assert_allclose(plain, step * steady[0], rtol=0.01, atol=1e-6)


def test_an_estimator_takes_it_and_says_what_it_was():
    X, y = table()
    options = {"l1": [0.1, 0.001], "hidden": (4,), "cv": 2, "epochs": 3}
    search = NetworkRegressorCV(optimizer=optax.adam(1e-3), **options).fit(X, y)
    assert search.result_.network.optimizer == "scale_by_adam + scale"
    assert NetworkRegressorCV(**options).fit(X, y).result_.network.optimizer == "adam"
    with pytest.raises(UsageError, match=r"has its learning rate, as optax.adam\(0.01\); leave learning_rate out"):
        NetworkRegressorCV(optimizer=optax.adam(1e-3), learning_rate=0.01, **options).fit(X, y)


def test_weight_decay_beside_l2_is_told_whoever_does_it():
    X, y = table()
    for optimizer, name in ((optax.adamw(1e-3), "scale_by_adam"), (Opt.AdamW(1e-3), "adamw")):
        with pytest.warns(PenaltyWarning, match=f"two shrinkages act: the weight decay of {name}"):
            fit_networks(X, y, halves(), mlp((3,)), l1=[0.1], l2=[0.01], epochs=1, optimizer=optimizer)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: optax.adafactor(0.1), "of optax' scale_by_factored_rms the step .* scale_by_adam"),
        (lambda: optax.chain(optax.adam(0.1), optax.add_noise(0.1, 0.1, 0)), "add_noise.*keras.optimizers.Adam"),
        (lambda: optax.apply_if_finite(optax.adam(0.1), 3), "apply_if_finite"),
        (lambda: optax.GradientTransformation(lambda w: (), lambda g, state, w: (g, state)), "<lambda>|test_"),
        (lambda: optax.chain(optax.scale_by_lion(mode="smooth"), optax.scale(-0.1)), "mode='smooth'"),
        (lambda: optax.scale_by_adam(), "go up the gradient; end the chain with"),
        (lambda: optax.MultiSteps(optax.adam(0.1), 2), "an instance or one of optax"),
    ],
)
def test_what_is_not_known_is_refused_by_its_name(make, words):
    X, y = table()
    with pytest.raises(UsageError, match=words):
        fit_networks(X, y, halves(), mlp((3,)), l1=[0.1], epochs=1, optimizer=make())
