"""Proximal: exact zeros, the exact lasso, and everything that an optimizer of Keras can do, on every backend."""

import keras
import numpy as np
import pytest
from keras import ops

from shrinkwise import LinearRegressor
from shrinkwise.exceptions import PenaltyWarning, UsageError
from shrinkwise.keras import GroupL1, Proximal, penalize
from shrinkwise.keras.advice import set_late
from shrinkwise.keras.steps import ROWS, row_of
from tests.keras.problems import numpy_of, textbook, two_signals, zeros_of

pytestmark = pytest.mark.backends

Opt = keras.optimizers
STEPS = 1500


def cosine(rate, steps=STEPS):
    return Opt.schedules.CosineDecay(rate, steps)


@pytest.mark.parametrize(("name", "epochs"), [("adam", 60), ("sgd", 170)])
def test_the_snippet_of_the_textbooks_has_exact_zeros_and_a_lower_objective(name, epochs):
    x, y = two_signals()
    objective, zeros = {}, {}
    for optimizer in (name, Proximal(name)):
        model = textbook(keras.regularizers.l1_l2(l1=0.01, l2=0.01))
        model.compile(optimizer=optimizer, loss="mse")
        model.fit(x, y, epochs=epochs, batch_size=32, verbose=0)
        kind = "plain" if optimizer is name else "proximal"
        zeros[kind] = zeros_of(model.layers[0].kernel)
        objective[kind] = model.evaluate(x, y, batch_size=len(x), verbose=0)
    assert zeros["plain"] == 0
    assert zeros["proximal"] > 320
    assert objective["proximal"] <= objective["plain"]


@pytest.fixture(scope="module")
def lasso():
    """Full-batch problem with its exact solution: Keras' mean of squares has no 1/2, so alpha is half its l1."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(200, 8)) @ (np.eye(8) + 0.3 * rng.normal(size=(8, 8)))
    x = (x / x.std(axis=0)).astype("float32")
    y = (x @ np.array([2, -1, 0, 0, 0.5, 0, 0, 0.1]) + 0.5 * rng.normal(size=200)).astype("float32")
    exact = LinearRegressor(alpha=0.15, l1_ratio=1.0, standardize=False).fit(x.astype(float), y.astype(float))
    assert (exact.coef_ != 0).sum() == 3
    return x, y[:, None], exact.coef_


def linear(p=8, l1=0.3):
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [keras.Input((p,)), keras.layers.Dense(1, kernel_regularizer=keras.regularizers.L1(l1), name="linear")]
    )


@pytest.mark.parametrize(
    ("optimizer", "tolerance"),
    [
        pytest.param(lambda: Opt.SGD(0.1), 1e-5, id="SGD"),
        pytest.param(lambda: Opt.SGD(0.02, momentum=0.9), 1e-5, id="momentum"),
        pytest.param(lambda: Opt.SGD(0.02, momentum=0.9, nesterov=True), 1e-5, id="Nesterov"),
        pytest.param(lambda: Opt.SGD(cosine(0.02), momentum=0.9), 1e-5, id="momentum, rate to zero"),
        pytest.param(lambda: Opt.Adam(0.05), 1e-5, id="Adam"),
        pytest.param(lambda: Opt.Adam(0.05, amsgrad=True), 1e-5, id="AMSGrad"),
        pytest.param(lambda: Opt.AdamW(0.05, weight_decay=0.0), 1e-5, id="AdamW without decay"),
        pytest.param(lambda: Opt.Adam(0.05, gradient_accumulation_steps=2), 1e-5, id="accumulation"),
        pytest.param(lambda: Opt.Adam(0.05, loss_scale_factor=64.0), 1e-5, id="scaled loss"),
        pytest.param(lambda: Opt.Adam(0.05, clipnorm=5.0), 1e-5, id="clipped"),
        pytest.param(lambda: Opt.RMSprop(cosine(0.02)), 1e-4, id="RMSprop"),
        pytest.param(lambda: Opt.RMSprop(cosine(0.005), momentum=0.9), 1e-4, id="RMSprop, momentum"),
        pytest.param(lambda: Opt.RMSprop(cosine(0.02), centered=True, epsilon=1e-4), 2e-5, id="RMSprop, centered"),
        pytest.param(lambda: Opt.Adadelta(cosine(10.0)), 1e-5, id="Adadelta"),
        pytest.param(lambda: Opt.Adagrad(0.5), 1e-5, id="Adagrad"),
        pytest.param(lambda: Opt.Nadam(cosine(0.05)), 1e-4, id="Nadam"),
        pytest.param(lambda: Opt.Adamax(0.05), 1e-5, id="Adamax"),
        pytest.param(lambda: Opt.Lion(cosine(0.02)), 2e-4, id="Lion"),
    ],
)
def test_one_dense_unit_is_the_exact_lasso(lasso, optimizer, tolerance):
    x, y, exact = lasso
    model = linear()
    model.compile(optimizer=Proximal(optimizer()), loss="mse")
    for _ in range(STEPS):
        model.train_on_batch(x, y)
    coef = numpy_of(model.layers[0].kernel)[:, 0]
    assert ((coef != 0) == (exact != 0)).all()
    assert np.abs(coef - exact).max() < tolerance


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda: Opt.SGD(0.1, momentum=0.8),
        lambda: Opt.SGD(0.1, momentum=0.8, nesterov=True),
        lambda: Opt.SGD(Opt.schedules.ExponentialDecay(0.1, 5, 0.5), momentum=0.8),
        lambda: Opt.RMSprop(0.1, momentum=0.8),
        lambda: Opt.RMSprop(0.1, centered=True, epsilon=1e-2),
        *(lambda name=name: getattr(Opt, name)(0.1, weight_decay=0.0) for name in ROWS),
    ],
)
def test_the_step_times_a_steady_gradient_is_the_move(optimizer):
    inner = optimizer()
    weights = keras.Variable(np.zeros(3, "float32"), name="w")
    steady = np.array([1.0, -0.5, 0.02], "float32")
    inner.build([weights])
    row, reach = row_of(inner), 0.0
    mu, nesterov = row.momentum(inner)
    for _ in range(600 if isinstance(inner, Opt.Lion) else 60):
        before = numpy_of(weights).copy()
        gradient = ops.convert_to_tensor(steady)
        top, bottom = row.step(inner, 0, gradient, ops.convert_to_tensor(inner.learning_rate))
        step = numpy_of(top) / (1.0 if bottom is None else numpy_of(bottom))
        reach = mu * reach + step
        step = mu * reach + step if nesterov else reach
        inner.apply([ops.convert_to_tensor(steady)])
        moved = numpy_of(weights) - before
    # Nadam's weights of old and new gradients sum to one in the end; Lion's average is not corrected for its start
    bias = {"Nadam": 0.04, "Lion": 0.01}.get(type(inner).__name__, 1e-3)
    np.testing.assert_allclose(moved, -step * steady, rtol=bias, atol=1e-6)


@pytest.mark.parametrize("optimizer", ["adam", "nadam", "adamax", "rmsprop", "lion", "adagrad"])
def test_an_output_that_starts_at_zero_does_not_end_the_network(optimizer):
    x, y = two_signals(256)
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((10,)),
            keras.layers.Dense(16, activation="relu", kernel_regularizer=keras.regularizers.L1(1e-3)),
            keras.layers.Dense(1, kernel_initializer="zeros"),
        ]
    )
    inner = Opt.get(optimizer)
    inner.learning_rate = 0.01
    model.compile(optimizer=Proximal(inner), loss="mse")
    model.fit(x, y, epochs=15, batch_size=32, verbose=0)
    assert zeros_of(model.layers[0].kernel) < 160
    assert np.var(y - model.predict(x, verbose=0)) < 0.5 * np.var(y)


def test_under_adam_a_small_l2_spares_a_weight_without_gradient_and_a_large_one_does_not():
    x, y = two_signals(256)
    x[:, 5] = 0
    left = {}
    for l2 in (1e-6, 0.1):
        model = textbook(keras.regularizers.L2(l2))
        start = numpy_of(model.layers[0].kernel)[5].copy()
        model.compile(optimizer=Proximal("adam"), loss="mse")
        model.fit(x, y, epochs=20, batch_size=32, verbose=0)
        left[l2] = np.linalg.norm(numpy_of(model.layers[0].kernel)[5]) / np.linalg.norm(start)
    assert left[1e-6] > 0.98
    assert left[0.1] < 0.6


def test_group_l1_ends_inputs_that_do_not_matter():
    x, y = two_signals(512)
    model = textbook(GroupL1(0.05, axis="inputs"))
    model.compile(optimizer=Proximal(Opt.Adam(0.01)), loss="mse")
    model.fit(x, y, epochs=40, batch_size=64, verbose=0)
    kernel = numpy_of(model.layers[0].kernel)
    assert (kernel[2:] == 0).all()
    assert (kernel[:2] != 0).any(axis=1).all()


def test_the_moving_average_keeps_exact_zeros():
    x, y = two_signals(256)
    for extra in ({}, {"ema_overwrite_frequency": 4}):
        model = textbook(keras.regularizers.L1(0.1))
        model.compile(optimizer=Proximal(Opt.Adam(0.02, use_ema=True, ema_momentum=0.9, **extra)), loss="mse")
        model.fit(x, y, epochs=12, batch_size=32, verbose=0)
        assert zeros_of(model.layers[0].kernel) > 320


def test_mixed_precision_wraps_it_and_zeros_are_exact():
    x, y = two_signals(256)
    old = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = textbook(keras.regularizers.L1(0.1))
    finally:
        keras.config.set_dtype_policy(old)
    model.compile(optimizer=Proximal(Opt.Adam(0.02)), loss="mse")
    assert type(model.optimizer).__name__ == "LossScaleOptimizer"
    model.fit(x, y, epochs=12, batch_size=32, verbose=0)
    assert zeros_of(model.layers[0].kernel) > 320
    assert np.var(y - model.predict(x, verbose=0)) < 0.5 * np.var(y)


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="Torch compiles by inductor, which needs a C++ compiler")
def test_compiled_and_not_compiled_steps_agree():
    x, y = two_signals(256)
    kernels = []
    for jit in (True, False):
        model = textbook(keras.regularizers.L1(0.05))
        model.compile(optimizer=Proximal("adam"), loss="mse", jit_compile=jit)
        model.fit(x, y, epochs=2, batch_size=32, shuffle=False, verbose=0)
        kernels.append(numpy_of(model.layers[0].kernel))
    np.testing.assert_allclose(kernels[0], kernels[1], atol=1e-4)


@pytest.mark.parametrize(
    "optimizer",
    [lambda: Opt.Adam(0.01), lambda: Opt.SGD(cosine(0.01, 200), momentum=0.9), lambda: Opt.RMSprop(0.01, momentum=0.5)],
)
@pytest.mark.parametrize("penalty", [lambda: keras.regularizers.L1(0.05), lambda: GroupL1(0.02, "units", l1=0.01)])
def test_training_goes_on_from_a_file_bit_for_bit(tmp_path, optimizer, penalty):
    x, y = two_signals(256)
    model = textbook(penalty())
    model.compile(optimizer=Proximal(optimizer(), scale=0.75), loss="mse")
    model.fit(x, y, epochs=2, batch_size=32, shuffle=False, verbose=0)
    model.save(tmp_path / "half.keras")
    model.fit(x, y, epochs=2, batch_size=32, shuffle=False, verbose=0)
    again = keras.saving.load_model(tmp_path / "half.keras")
    assert isinstance(again.optimizer, Proximal)
    assert float(ops.convert_to_numpy(again.optimizer.scale)) == 0.75
    again.fit(x, y, epochs=2, batch_size=32, shuffle=False, verbose=0)
    for one, other in zip(model.weights, again.weights):
        np.testing.assert_array_equal(numpy_of(one), numpy_of(other))


def test_scale_acts_at_once_between_batches_and_as_a_schedule():
    x, y = two_signals(256)
    model = textbook(keras.regularizers.L1(1.0))
    optimizer = Proximal("adam", scale=0.0)
    model.compile(optimizer=optimizer, loss="mse")
    model.fit(x, y, epochs=2, batch_size=32, verbose=0)
    assert zeros_of(model.layers[0].kernel) == 0

    class Rise(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if batch == 1:
                optimizer.scale = 1.0

    model.fit(x, y, epochs=40, batch_size=32, verbose=0, callbacks=[Rise()])
    assert zeros_of(model.layers[0].kernel) > 600
    schedule = Opt.schedules.PiecewiseConstantDecay([1000], [0.0, 1.0])
    model = textbook(keras.regularizers.L1(1.0))
    model.compile(optimizer=Proximal("adam", scale=schedule), loss="mse")
    model.fit(x, y, epochs=10, batch_size=32, verbose=0)
    assert zeros_of(model.layers[0].kernel) == 0
    assert Proximal.from_config(model.optimizer.get_config()).get_config() == model.optimizer.get_config()


def test_the_strength_of_a_live_regularizer_acts_at_once():
    x, y = two_signals(256)
    regularizer = GroupL1(0.0, l1=0.0)
    model = textbook(regularizer)
    model.compile(optimizer=Proximal(Opt.Adam(0.01)), loss="mse")
    model.fit(x, y, epochs=1, batch_size=32, verbose=0)
    before = model.evaluate(x, y, verbose=0)
    size = np.abs(numpy_of(model.layers[0].kernel)).sum()
    regularizer.l1 = 0.5
    assert model.evaluate(x, y, verbose=0) == pytest.approx(before + 0.5 * size, rel=1e-4)
    model.fit(x, y, epochs=15, batch_size=32, verbose=0)
    assert zeros_of(model.layers[0].kernel) > 400


def test_the_axis_of_a_live_regularizer_acts_at_once():
    x, y = two_signals(256)
    regularizer = GroupL1(0.1, "inputs")
    model = textbook(regularizer)
    model.compile(optimizer=Proximal(Opt.Adam(0.01)), loss="mse")
    model.fit(x, y, epochs=1, batch_size=32, verbose=0)
    loss, kernel = model.evaluate(x, y, verbose=0), numpy_of(model.layers[0].kernel)
    lengths = {axis: (kernel.shape[axis] ** 0.5) * np.linalg.norm(kernel, axis=axis).sum() for axis in (0, 1)}
    regularizer.axis = "units"
    assert model.evaluate(x, y, verbose=0) == pytest.approx(loss + 0.1 * (lengths[0] - lengths[1]), rel=1e-4)
    model.fit(x, y, epochs=30, batch_size=32, verbose=0)
    assert (numpy_of(model.layers[0].kernel) == 0).all(axis=0).any()


def test_penalize_acts_on_a_model_that_is_compiled_and_trained():
    x, y = two_signals(256)
    model = textbook(None)
    model.compile(optimizer=Proximal(Opt.Adam(0.01)), loss="mse")
    model.fit(x, y, epochs=1, batch_size=32, verbose=0)
    penalize(model, {"hidden": "l1=0.5"})
    model.fit(x, y, epochs=15, batch_size=32, verbose=0)
    assert zeros_of(model.layers[0].kernel) > 400


def gradients(model, x, y, penalized):
    """Of the mean of squares, with or without the penalties, as a training loop of one's own has them."""

    def objective():
        loss = ops.mean((model(x) - y) ** 2)
        return loss + sum(model.losses) if penalized else loss

    weights = model.trainable_variables
    match keras.backend.backend():
        case "tensorflow":
            import tensorflow as tf

            with tf.GradientTape() as tape:
                loss = objective()
            return tape.gradient(loss, [w.value for w in weights])
        case "torch":
            model.zero_grad()
            objective().backward()
            return [w.value.grad for w in weights]
    import jax

    def of(values):
        fixed = model.non_trainable_variables
        with keras.StatelessScope(state_mapping=[*zip(weights, values), *((v, v.value) for v in fixed)]):
            return objective()

    return jax.grad(of)([w.value for w in weights])


@pytest.mark.parametrize("optimizer", [lambda: Opt.SGD(0.05, momentum=0.5), lambda: Opt.Adam(0.05)])
def test_a_loop_of_ones_own_may_leave_the_penalties_out_of_its_gradients(optimizer):
    rng = np.random.default_rng(0)
    x = ops.convert_to_tensor(rng.integers(0, 6, (64, 3)))  # of 8 words, some often and two never
    y = ops.convert_to_tensor(rng.normal(size=(64, 1)).astype("float32"))
    ends = []
    for in_loss in (True, False):
        keras.utils.set_random_seed(0)
        embedding = keras.layers.Embedding(8, 4, embeddings_regularizer=keras.regularizers.L1(0.02), name="words")
        pooling = keras.layers.GlobalAveragePooling1D()
        model = keras.Sequential([keras.Input((3,), dtype="int32"), embedding, pooling, keras.layers.Dense(1)])
        proximal = Proximal(optimizer(), in_loss=in_loss)
        for _ in range(60):
            proximal.apply(gradients(model, x, y, penalized=in_loss), model.trainable_variables)
        ends.append(numpy_of(embedding.embeddings))
    np.testing.assert_allclose(ends[1], ends[0], atol=1e-4)
    assert (ends[1][6:] == 0).all()
    assert (ends[1][:6] != 0).any()


def test_what_cannot_act_is_warned_of_once():
    x, y = two_signals(64)
    model = keras.Sequential(
        [
            keras.Input((10,)),
            keras.layers.Dense(8, kernel_regularizer=keras.regularizers.OrthogonalRegularizer(), name="orthogonal"),
            keras.layers.Dense(4, kernel_regularizer="l2", activity_regularizer="l2", name="hidden"),
            keras.layers.Activation("relu"),
            keras.layers.BatchNormalization(),
            keras.layers.Dense(1),
        ]
    )
    model.compile(optimizer=Proximal("adamw"), loss="mse")
    with pytest.warns(PenaltyWarning) as caught:
        model.fit(x, y, epochs=2, verbose=0)
    said = [str(w.message) for w in caught if issubclass(w.category, PenaltyWarning)]
    assert len(said) == 4
    for words in ("orthogonal/kernel (OrthogonalRegularizer)", "weight_decay=0.004", "activity regularizer of hidden"):
        assert sum(words in sentence for sentence in said) == 1
    assert sum("normalization follows the penalized kernel of hidden" in sentence for sentence in said) == 1


def test_a_regularizer_set_after_its_layer_was_built_is_warned_of_once():
    x, y = two_signals(64)
    model = textbook(keras.regularizers.L1(0.1))
    model.get_layer("out").kernel_regularizer = keras.regularizers.L1(0.5)
    model.compile(optimizer=Proximal("adam"), loss="mse")
    with pytest.warns(PenaltyWarning, match=r"^out.kernel_regularizer: set after .*use penalize\(model") as caught:
        model.fit(x, y, epochs=2, verbose=0)
    assert sum(issubclass(w.category, PenaltyWarning) for w in caught) == 1
    penalize(model, {"out": "l1=0.5"})
    model.compile(optimizer=Proximal("adam"), loss="mse")
    model.fit(x, y, epochs=1, verbose=0)


def test_the_layers_of_keras_have_the_regularizers_that_they_were_made_with():
    kernel = {"kernel_regularizer": "l1", "bias_regularizer": "l2"}
    inputs = keras.Input((6, 4))
    gru = keras.layers.GRU(4, return_sequences=True, recurrent_regularizer="l1", **kernel)
    attention = keras.layers.MultiHeadAttention(2, 4, **kernel)
    hidden = keras.layers.Bidirectional(gru)(inputs)
    hidden = keras.layers.SeparableConv1D(4, 2, depthwise_regularizer="l1", pointwise_regularizer="l2")(hidden)
    hidden = keras.layers.LayerNormalization(gamma_regularizer="l2")(attention(hidden, hidden))
    hidden = keras.layers.LSTM(3, **kernel)(keras.layers.TimeDistributed(keras.layers.Dense(3, **kernel))(hidden))
    assert set_late(keras.Model(inputs, hidden)) == []


def test_a_clip_below_the_slope_of_the_penalty_is_warned_of():
    model = linear()
    model.compile(optimizer=Proximal(Opt.Adam(0.05, clipnorm=0.5)), loss="mse")
    with pytest.warns(PenaltyWarning, match=r"clipnorm=0.5 may hold at the minimum.*0.849"):
        model.train_on_batch(np.ones((4, 8), "float32"), np.ones((4, 1), "float32"))


@pytest.mark.parametrize("name", ["Ftrl", "Adafactor", "Muon", "ScheduleFreeAdamW"])
def test_unknown_optimizers_are_refused_with_the_known_ones(name):
    with pytest.raises(UsageError, match=f"does not know the steps of {name}; it knows SGD, Adam, AdamW"):
        Proximal(getattr(Opt, name)())


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("nope", "none of 'nope'"),
        (3, "got 3"),
        (None, "got None"),
        ({"class_name": "nope", "config": {}}, "none of {'class_name'"),
        (Opt.Adam, r"got the class Adam: call it, Adam\(\)"),
    ],
)
def test_what_is_no_optimizer_is_refused_with_the_known_ones(given, words):
    with pytest.raises(UsageError, match=f"{words}.*; known are SGD, Adam, AdamW"):
        Proximal(given)


def test_a_wrapped_or_changed_optimizer_is_refused():
    class Mine(Opt.Adam):
        def update_step(self, gradient, variable, learning_rate):
            """Does nothing."""

    with pytest.raises(UsageError, match="LossScaleOptimizer; wrap the other way round"):
        Proximal(Opt.LossScaleOptimizer(Opt.Adam()))
    with pytest.raises(UsageError, match="Mine; it replaces the update"):
        Proximal(Mine())
    adam = Opt.Adam()
    Proximal(adam)
    with pytest.raises(UsageError, match="wrapped by a Proximal already"):
        Proximal(adam)


@pytest.mark.parametrize("scale", [-1.0, np.nan, np.inf, np.ones(3), "0.1", None])
def test_a_scale_that_is_no_strength_is_refused(scale):
    with pytest.raises(UsageError, match="scale must be"):
        Proximal("adam", scale=scale)


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="only JAX maps over strengths")
def test_given_terms_act_on_gradients_of_the_data_traced_and_mapped():
    import jax
    import jax.numpy as jnp

    from shrinkwise.keras.terms import Terms

    variable = keras.Variable(np.array([0.5, -0.5], "float32"), name="w")
    optimizer = Proximal(Opt.SGD(0.1))
    optimizer.build([variable])
    state = [v.value for v in optimizer.variables]
    gradient = jnp.array([1.0, 0.0])

    def step(l1):
        return optimizer.stateless_apply(state, [gradient], [variable.value], terms=[Terms(l1=l1)])[0][0]

    moved = jax.jit(jax.vmap(step))(jnp.array([0.0, 1.0, 10.0]))
    np.testing.assert_allclose(moved, [[0.4, -0.5], [0.3, -0.4], [0.0, 0.0]], atol=1e-6)
    assert (np.asarray(moved)[2] == 0).all()
