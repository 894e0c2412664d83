"""The loss that Keras shows is loss + scale × penalty, on every backend, compiled or not."""

import copy

import keras
import numpy as np
import pytest

from shrinkwise.keras import GroupL1, Proximal
from tests.keras.problems import numpy_of, textbook, two_signals

pytestmark = pytest.mark.backends

Opt = keras.optimizers
FIRST = 1 if keras.backend.backend() == "tensorflow" else 0  # there the optimizer is built in the first step itself
JIT = [False] if keras.backend.backend() == "torch" else [True, False]  # Torch compiles with a C++ compiler only


def parts(model, x, y):
    """The mean of squares, and the penalty at scale 1."""
    kernel = model.get_layer("hidden").kernel
    eta = keras.ops.convert_to_numpy(model(x, training=False))
    return float(np.mean((eta - y) ** 2)), float(keras.ops.convert_to_numpy(kernel.regularizer(kernel.value)))


def rising(steps):
    return Opt.schedules.PolynomialDecay(0.5, steps, 2.5)


@pytest.mark.parametrize("jit", JIT)
@pytest.mark.parametrize("penalty", [lambda: keras.regularizers.L1L2(0.01, 0.02), lambda: GroupL1(0.01)])
def test_under_a_schedule_every_step_is_shown_at_its_own_scale(penalty, jit):
    x, y = two_signals(64)
    schedule = rising(8)
    model = textbook(penalty())
    model.compile(optimizer=Proximal(Opt.Adam(0.01), scale=schedule), loss="mse", jit_compile=jit)
    for step in range(8):
        loss, omega = parts(model, x, y)
        model.reset_metrics()
        shown = model.train_on_batch(x, y)
        if step >= FIRST:
            scale = float(numpy_of(schedule(step)))
            assert shown == pytest.approx(loss + scale * omega, rel=1e-5)
    loss, omega = parts(model, x, y)
    assert model.evaluate(x, y, verbose=0) == pytest.approx(loss + 2.5 * omega, rel=1e-5)


def test_validation_is_shown_at_the_scale_after_its_epoch():
    x, y = two_signals(64)
    model = textbook(keras.regularizers.L1(0.01))
    schedule = rising(6)
    model.compile(optimizer=Proximal("adam", scale=schedule), loss="mse")
    seen = []

    class Keep(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            loss, omega = parts(model, x, y)
            seen.append(loss + float(numpy_of(schedule(2 * epoch + 2))) * omega)

    history = model.fit(x, y, validation_data=(x, y), epochs=3, batch_size=32, verbose=0, callbacks=[Keep()]).history
    assert history["val_loss"] == pytest.approx(seen, rel=1e-5)


def test_a_number_is_shown_as_soon_as_it_is_set():
    x, y = two_signals(64)
    model = textbook(keras.regularizers.L1(0.01))
    model.compile(optimizer=Proximal("adam"), loss="mse")
    for scale in (1.0, 0.0, 3.0, 1.0):
        model.optimizer.scale = scale
        loss, omega = parts(model, x, y)
        model.reset_metrics()
        assert model.train_on_batch(x, y) == pytest.approx(loss + scale * omega, rel=1e-5)
        loss, omega = parts(model, x, y)
        assert model.evaluate(x, y, verbose=0) == pytest.approx(loss + scale * omega, rel=1e-5)


def test_what_is_shown_changes_no_step():
    x, y = two_signals(128)
    ends = []
    for optimizer, strength in ((Proximal("adam", scale=2.0), 0.01), (Proximal("adam"), 0.02)):
        model = textbook(keras.regularizers.L1(strength))
        model.compile(optimizer=optimizer, loss="mse")
        model.fit(x, y, epochs=3, batch_size=32, shuffle=False, verbose=0)
        ends.append(numpy_of(model.layers[0].kernel))
    np.testing.assert_allclose(ends[0], ends[1], atol=1e-5)
    np.testing.assert_array_equal(ends[0] == 0, ends[1] == 0)


def test_a_model_compiled_with_another_optimizer_shows_what_keras_does():
    x, y = two_signals(64)
    model = textbook(keras.regularizers.L1(0.01))
    model.compile(optimizer=Proximal("adam", scale=5.0), loss="mse")
    model.fit(x, y, verbose=0)
    model.compile(optimizer="adam", loss="mse")
    loss, omega = parts(model, x, y)
    assert model.evaluate(x, y, verbose=0) == pytest.approx(loss + omega, rel=1e-5)


def test_saved_and_copied_models_show_the_same(tmp_path):
    x, y = two_signals(64)
    model = textbook(keras.regularizers.L1(0.01))
    model.compile(optimizer=keras.optimizers.LossScaleOptimizer(Proximal("adam", scale=5.0)), loss="mse")
    model.fit(x, y, verbose=0)
    loss, omega = parts(model, x, y)
    model.save(tmp_path / "scaled.keras")
    again = keras.saving.load_model(tmp_path / "scaled.keras")
    for one in (model, again, copy.deepcopy(model)):
        assert one.evaluate(x, y, verbose=0) == pytest.approx(loss + 5 * omega, rel=1e-5)
