"""Regularizers, penalize, LassoNet, the monitor and the checks of numbers, on every backend."""

import copy
import json
import pickle
import re
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import ops

from shrinkwise.exceptions import ConvergenceWarning, DataError, PenaltyWarning, UsageError
from shrinkwise.keras import (
    FiniteWeights,
    GroupL1,
    LassoNet,
    Proximal,
    SparsityMonitor,
    check_finite_inputs,
    check_finite_weights,
    penalize,
)
from shrinkwise.keras.lassonet import hier_prox
from shrinkwise.keras.regularizers import terms_of
from tests.keras.problems import numpy_of, textbook, two_signals

pytestmark = pytest.mark.backends


# ---- regularizers


def test_the_value_of_group_l1_is_its_formula():
    w = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    value = GroupL1(0.5, "inputs", l1=0.1, l2=0.2)(ops.convert_to_tensor(w))
    expected = 0.5 * 2 * np.linalg.norm(w, axis=1).sum() + 0.1 * np.abs(w).sum() + 0.2 * (w**2).sum()
    assert float(ops.convert_to_numpy(value)) == pytest.approx(expected, rel=1e-5)
    units = GroupL1(0.5, "units")(ops.convert_to_tensor(w))
    assert float(ops.convert_to_numpy(units)) == pytest.approx(0.5 * 3**0.5 * np.linalg.norm(w, axis=0).sum(), rel=1e-5)


def test_terms_split_what_can_be_split():
    assert terms_of(keras.regularizers.L1(0.5), (2, 3)).l1 == pytest.approx(0.5)
    assert terms_of(keras.regularizers.L1L2(0.5, 0.25), (2, 3)).l2 == 0.25
    assert terms_of(GroupL1(1.0, "filters"), (3, 3, 2, 4)).axis == 3
    assert terms_of(GroupL1(1.0, "inputs"), (3, 3, 2, 4)).axis == 2
    assert terms_of(keras.regularizers.OrthogonalRegularizer(), (2, 3)) is None
    assert terms_of(None, (2, 3)) is None

    class Mine(keras.regularizers.L1):
        """May mean anything."""

    assert terms_of(Mine(0.5), (2, 3)) is None


@pytest.mark.parametrize("value", [-0.1, np.nan, np.inf, "much", np.ones(2), np.ones((1, 1)), None, True])
def test_a_strength_that_is_none_is_refused(value):
    with pytest.raises(UsageError, match="l1 must be"):
        GroupL1(0.1, l1=value)
    regularizer = GroupL1(0.1)
    with pytest.raises(UsageError, match="group must be"):
        regularizer.group = value
    assert regularizer.group == 0.1


def test_numbers_of_numpy_are_strengths():
    assert GroupL1(np.float32(0.5), l1=np.int64(2)).l1 == 2.0
    assert Proximal("adam", scale=np.float32(0.5)).get_config()["scale"] == 0.5


def test_an_axis_that_is_not_there_is_refused():
    with pytest.raises(UsageError, match="axis must be one of 'inputs', 'units', 'filters'"):
        GroupL1(0.1, axis="neurons")
    with pytest.raises(UsageError, match=r"shape \(3,\) has no axis 'inputs'"):
        terms_of(GroupL1(0.1), (3,))
    regularizer = GroupL1(0.1, "units")
    model = textbook(regularizer)
    for axis, words in (("neurons", "axis must be one of"), (True, "axis must be one of"), (2, "has no axis 2")):
        with pytest.raises(UsageError, match=words):
            regularizer.axis = axis
    assert regularizer.axis == "units"
    assert model.layers[0].kernel.regularizer is regularizer


@pytest.mark.parametrize("regularizer", [GroupL1(0.1, 1, l1=0.2, l2=0.3), LassoNet(0.1, first="hidden", bound=3.0)])
def test_ours_come_back_from_what_keras_keeps(regularizer):
    kept = keras.regularizers.serialize(regularizer)
    again = keras.regularizers.deserialize(kept)
    assert type(again) is type(regularizer)
    assert repr(again) == repr(regularizer)


@pytest.mark.parametrize("regularizer", [GroupL1(0.1, "units"), LassoNet(0.1, first="hidden", bound=3.0)])
def test_a_configuration_gives_the_whole_penalty_back(regularizer):
    config = regularizer.get_config()
    assert config == {"l1": regularizer.l1, "l2": regularizer.l2}  # no more, or Keras without shrinkwise refuses it
    for given in (config, copy.deepcopy(config), pickle.loads(pickle.dumps(config))):
        again = type(regularizer).from_config(given)
        assert repr(again) == repr(regularizer)
        assert type(again.l1) is float
        assert again.get_build_config() == regularizer.get_build_config()


@pytest.mark.parametrize("regularizer", [GroupL1(0.1, "units"), LassoNet(0.1, first="hidden", bound=3.0)])
def test_the_part_that_keras_knows_is_no_other_penalty(regularizer):
    kind = type(regularizer)
    part = kind.from_config(json.loads(json.dumps(regularizer.get_config())))
    with pytest.raises(UsageError, match=r"from_config of l1 and l2 alone.*keras.regularizers.serialize"):
        part.get_build_config()
    model = lassonet()
    with pytest.raises(UsageError, match="from_config of l1 and l2 alone"):
        penalize(model, {"skip": part})
    assert model.get_layer("skip").kernel.regularizer.first == "first"
    whole = kind.from_config(regularizer.get_config() | regularizer.get_build_config())
    assert repr(whole) == repr(regularizer)
    assert repr(copy.deepcopy(regularizer)) == repr(pickle.loads(pickle.dumps(regularizer))) == repr(regularizer)


READ_PLAIN = """
import sys
sys.modules["shrinkwise"] = None
import keras, numpy as np
model = keras.saving.load_model(sys.argv[1], compile=False)
np.save(sys.argv[2], model.predict(np.load(sys.argv[3]), verbose=0))
print([type(layer.kernel_regularizer).__name__ for layer in model.layers])
"""


def test_keras_without_shrinkwise_loads_a_model_for_predictions(tmp_path):
    x, y = two_signals(128)
    model = textbook(GroupL1(0.05, "inputs", l1=0.01))
    penalize(model, {"out": "l1=1e-3"})
    model.compile(optimizer=Proximal("adam"), loss="mse")
    model.fit(x, y, epochs=2, verbose=0)
    np.save(tmp_path / "x.npy", x)
    model.save(tmp_path / "model.keras")
    done = subprocess.run(
        [sys.executable, "-c", READ_PLAIN, "model.keras", "y.npy", "x.npy"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "['L1L2', 'L1L2']"
    np.testing.assert_allclose(np.load(tmp_path / "y.npy"), model.predict(x, verbose=0), atol=1e-6)
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert repr(again.get_layer("hidden").kernel_regularizer) == "GroupL1(group=0.05, axis='inputs', l1=0.01, l2=0.0)"


# ---- penalize


def nested():
    inner = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="deep")], name="block")
    inputs = keras.Input((6, 4))
    hidden = keras.layers.Conv1D(4, 3, name="conv")(inputs)
    hidden = keras.layers.GlobalAveragePooling1D()(hidden)
    outputs = keras.layers.Dense(2, name="out")(inner(hidden))
    return keras.Model(inputs, outputs)


def test_patterns_choose_layers_and_weights():
    model = nested()
    penalize(model, {"*": "l1=1e-4", "conv": GroupL1(0.01, "filters"), "*out/bias": "l2=0.5", "deep": None})
    conv, deep, out = model.get_layer("conv"), model.get_layer("block").get_layer("deep"), model.get_layer("out")
    assert repr(conv.kernel.regularizer) == "GroupL1(group=0.01, axis='filters', l1=0.0, l2=0.0)"
    assert deep.kernel.regularizer is None
    assert type(out.kernel.regularizer) is keras.regularizers.L1L2
    assert out.kernel.regularizer.l1 == 1e-4
    assert out.bias.regularizer.l2 == 0.5
    assert conv.bias.regularizer is None
    clone = keras.models.clone_model(model)
    assert repr(clone.get_layer("conv").kernel.regularizer) == repr(conv.kernel.regularizer)
    assert clone.get_layer("out").bias.regularizer.l2 == 0.5


@pytest.mark.parametrize(
    ("penalties", "message"),
    [
        ({"dense*": "l1=1"}, r"'dense\*' matches no weight; layers are .*conv"),
        ({"conv": "l1"}, "'l1' is not understood"),
        ({"conv": "l1=x"}, "l1 must be a number"),
        ({"conv": "l1=-1"}, "l1 must be >= 0"),
        ({"conv": "axis=inputs"}, "has an axis but no group"),
        ({"conv": "l3=1"}, "not understood at 'l3=1'"),
        ({"conv": 0.1}, "a penalty is a regularizer"),
        ({"conv": keras.regularizers.L1}, "a penalty is a regularizer"),
        ({"conv*/bias": "group=1,axis=inputs"}, "has no axis 'inputs'"),
    ],
)
def test_penalties_that_are_not_understood_are_refused_and_change_nothing(penalties, message):
    model = nested()
    with pytest.raises(UsageError, match=message):
        penalize(model, {"out": "l1=1", **penalties})
    assert model.get_layer("out").kernel.regularizer is None


@pytest.mark.parametrize("penalties", [[("dense*", "l1=1")], None, {3: "l1=1"}, "l1=1"])
def test_penalties_that_are_no_dict_of_patterns_are_refused(penalties):
    with pytest.raises(UsageError, match="penalties are a dict of patterns.*got " + re.escape(repr(penalties))):
        penalize(nested(), penalties)


def test_a_model_without_weights_yet_is_refused():
    with pytest.raises(UsageError, match="needs a built model, got the Sequential 'later', which is not"):
        penalize(keras.Sequential([keras.layers.Dense(1)], name="later"), {"*": "l1=1"})
    with pytest.raises(UsageError, match="needs a built model, got list"):
        penalize([], {"*": "l1=1"})


def test_penalize_warns_of_a_normalization_that_undoes_it():
    model = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(4, name="first"),
            keras.layers.BatchNormalization(),
            keras.layers.Dense(1),
        ]
    )
    with pytest.warns(PenaltyWarning, match="normalization follows the penalized kernel of first:"):
        penalize(model, {"*": "l1=1e-3"})


# ---- LassoNet


def objective(theta, w, theta0, w0, s, r, l1):
    return ((theta - theta0) ** 2).sum() / (2 * s) + ((w - w0) ** 2 / (2 * r)).sum() + l1 * np.linalg.norm(theta)


@pytest.mark.parametrize("outputs", [1, 2])
def test_hier_prox_is_the_minimum(outputs):
    rng = np.random.default_rng(3)
    for trial in range(40):
        theta0, w0 = rng.normal(size=(1, outputs)), 2 * rng.normal(size=(1, 5))
        if trial % 5 == 0:
            theta0 = np.zeros_like(theta0)
        s, r = float(rng.uniform(0.2, 2)), rng.uniform(0.2, 2, size=(1, 5))
        l1, bound = float(rng.uniform(0, 4)), float(rng.uniform(0.2, 3))
        theta, w = hier_prox(theta0, w0, s, r, l1, bound)
        assert (np.abs(w) <= bound * np.linalg.norm(theta) + 1e-12).all()
        best = objective(theta, w, theta0, w0, s, r, l1)
        direction = theta0 / np.linalg.norm(theta0) if np.linalg.norm(theta0) else np.ones((1, outputs)) / outputs**0.5
        for u in np.linspace(0, 5, 2001):  # all lengths of theta, each with the best W for it
            other = objective(u * direction, np.sign(w0) * np.minimum(np.abs(w0), bound * u), theta0, w0, s, r, l1)
            assert best <= other + 1e-9
        theta0, w0, r = (ops.convert_to_tensor(v.astype("float32")) for v in (theta0, w0, r))
        on_backend = hier_prox(theta0, w0, s, r, l1, bound, ops)
        np.testing.assert_allclose(ops.convert_to_numpy(on_backend[0]), theta, atol=1e-5)
        np.testing.assert_allclose(ops.convert_to_numpy(on_backend[1]), w, atol=1e-5)


def test_hier_prox_with_steps_of_zero_moves_nothing():
    theta, w = np.array([[0.5], [-0.25]], "float32"), np.array([[1.0, -0.5], [0.25, 0.0]], "float32")
    given = [ops.convert_to_tensor(part) for part in (theta, w, 0 * theta, 0 * w)]
    moved = hier_prox(*given, 3.0, 2.0, ops)
    np.testing.assert_allclose(ops.convert_to_numpy(moved[0]), theta, rtol=1e-6)
    np.testing.assert_allclose(ops.convert_to_numpy(moved[1]), w, rtol=1e-6)


def test_hier_prox_lets_what_is_no_number_stay_so():
    theta, w = hier_prox(np.full((1, 1), np.nan), np.ones((1, 2)), 1.0, 1.0, 0.1, 1.0)
    assert np.isnan(theta).all()
    assert np.isnan(w).all()


def lassonet(outputs=1, **options):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((8,))
    penalty = LassoNet(first="first", **options)
    skip = keras.layers.Dense(outputs, use_bias=False, kernel_regularizer=penalty, name="skip")(inputs)
    hidden = keras.layers.Dense(16, activation="relu", name="first")(inputs)
    return keras.Model(inputs, keras.layers.Add()([skip, keras.layers.Dense(outputs, name="out")(hidden)]))


@pytest.mark.parametrize("outputs", [1, 2])
def test_lassonet_selects_inputs_and_keeps_its_bound(outputs):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(512, 8)).astype("float32")
    y = np.repeat((2 * x[:, :1] + np.maximum(x[:, 1:2], 0) * 2).astype("float32"), outputs, axis=1)
    model = lassonet(outputs, l1=1.0, bound=2.0)
    model.compile(optimizer=Proximal(keras.optimizers.Adam(0.01)), loss="mse")
    model.fit(x, y, epochs=40, batch_size=64, verbose=0)
    theta, first = numpy_of(model.get_layer("skip").kernel), numpy_of(model.get_layer("first").kernel)
    size = np.linalg.norm(theta, axis=1)
    assert (size[:2] > 0).all()
    assert (size[2:] == 0).all()
    assert (first[2:] == 0).all()
    assert (np.abs(first) <= 2 * size[:, None] * (1 + 1e-5)).all()
    assert np.var(y - model.predict(x, verbose=0)) < 0.2 * np.var(y)


def test_lassonet_refuses_a_first_layer_that_is_not_there():
    model = lassonet()
    model.get_layer("skip").kernel.regularizer.first = "other"
    model.compile(optimizer=Proximal("adam"), loss="mse")
    with pytest.raises(UsageError, match=r"first='other'.* names 0 kernels"):
        model.train_on_batch(np.ones((2, 8)), np.ones((2, 1)))


def eight_inputs(n=512):
    """Data of which the first two inputs of eight matter."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 8)).astype("float32")
    return x, (2 * x[:, :1] + np.maximum(x[:, 1:2], 0) * 2).astype("float32")


def test_a_lassonet_set_on_a_trained_model_selects_from_the_next_step():
    x, y = eight_inputs()
    model = lassonet(l1=1.0)
    penalize(model, {"skip": None})
    model.compile(optimizer=Proximal(keras.optimizers.Adam(0.01)), loss="mse")
    model.fit(x, y, epochs=1, batch_size=64, verbose=0)
    penalize(model, {"skip": LassoNet(1.0, first="first", bound=2.0)})
    model.fit(x, y, epochs=40, batch_size=64, verbose=0)
    theta, first = numpy_of(model.get_layer("skip").kernel), numpy_of(model.get_layer("first").kernel)
    assert (theta[:2] != 0).all()
    assert (theta[2:] == 0).all()
    assert (first[2:] == 0).all()
    assert (np.abs(first) <= 2 * np.abs(theta) * (1 + 1e-5)).all()


def test_a_lassonet_taken_away_from_a_trained_model_binds_no_more():
    x, y = eight_inputs()
    model = lassonet(l1=1.0, bound=0.01)
    model.compile(optimizer=Proximal(keras.optimizers.Adam(0.01)), loss="mse")
    model.fit(x, y, epochs=1, batch_size=64, verbose=0)
    penalize(model, {"skip": None})
    model.fit(x, y, epochs=10, batch_size=64, verbose=0)
    theta, first = numpy_of(model.get_layer("skip").kernel), numpy_of(model.get_layer("first").kernel)
    assert (np.abs(first) > 0.01 * np.abs(theta)).any()


@pytest.mark.parametrize(("name", "value"), [("bound", 0), ("bound", "3"), ("first", 3), ("l1", -1), ("l2", 0.1)])
def test_what_is_set_on_a_lassonet_is_checked(name, value):
    penalty = LassoNet(first="first", bound=2.0)
    with pytest.raises(UsageError, match=name):
        setattr(penalty, name, value)
    assert repr(penalty) == "LassoNet(l1=0.01, first='first', bound=2.0)"


def test_the_bound_of_a_live_lassonet_acts_at_once():
    x, y = eight_inputs()
    model = lassonet(l1=0.01, bound=10.0)
    model.compile(optimizer=Proximal(keras.optimizers.Adam(0.01)), loss="mse")
    model.fit(x, y, epochs=1, batch_size=64, verbose=0)
    model.get_layer("skip").kernel.regularizer.bound = 0.01
    model.fit(x, y, epochs=2, batch_size=64, verbose=0)
    theta, first = numpy_of(model.get_layer("skip").kernel), numpy_of(model.get_layer("first").kernel)
    assert (np.abs(first) <= 0.01 * np.abs(theta) * (1 + 1e-5)).all()


def test_a_lassonet_under_a_plain_optimizer_is_warned_of_once():
    x, y = eight_inputs(64)
    model = lassonet()
    model.compile(optimizer="adam", loss="mse")
    with pytest.warns(PenaltyWarning, match="is trained by Adam, which keeps no bound") as caught:
        model.fit(x, y, epochs=2, verbose=0)
    assert sum(issubclass(w.category, PenaltyWarning) for w in caught) == 1
    model = lassonet()
    model.compile(optimizer=keras.optimizers.LossScaleOptimizer(Proximal("adam")), loss="mse")
    model.fit(x, y, epochs=1, verbose=0)


def test_a_lassonet_set_on_a_trained_model_is_checked_as_at_the_start():
    x, y = eight_inputs(16)
    model = lassonet()
    model.compile(optimizer=Proximal("adam"), loss="mse")
    model.train_on_batch(x, y)
    penalize(model, {"skip": LassoNet(1.0, first="elsewhere")})
    with pytest.raises(UsageError, match=r"first='elsewhere'.* names 0 kernels"):
        model.train_on_batch(x, y)
    penalize(model, {"skip": LassoNet(1.0, first="first"), "first": "l1=0.1"})
    with pytest.raises(UsageError, match="no regularizer of its own"):
        model.train_on_batch(x, y)


# ---- monitor and checks


def test_the_monitor_logs_what_the_weights_are():
    x, y = two_signals(256)
    model = textbook(GroupL1(0.05, "inputs"))
    model.compile(optimizer=Proximal(keras.optimizers.Adam(0.02)), loss="mse")
    history = model.fit(x, y, epochs=30, batch_size=32, verbose=0, callbacks=[SparsityMonitor()]).history
    kernel = numpy_of(model.layers[0].kernel)
    path = f"sparsity/{model.layers[0].kernel.path}"
    assert len(history["sparsity/zeros"]) == 30
    assert history["sparsity/zeros"][-1] == history[f"{path}/zeros"][-1] == (kernel == 0).sum() > 0
    assert history["sparsity/share"][-1] == (kernel == 0).mean()
    assert history[f"{path}/inputs"][-1] == (kernel != 0).any(axis=1).sum()
    assert history[f"{path}/units"][-1] == (kernel != 0).any(axis=0).sum()
    assert history[f"{path}/norm"][-1] == pytest.approx(np.linalg.norm(kernel), rel=1e-5)
    assert history["sparsity/penalty"][-1] == pytest.approx(0.05 * 8 * np.linalg.norm(kernel, axis=1).sum(), rel=1e-5)


def test_the_monitor_logs_the_penalty_that_acts():
    x, y = two_signals(256)
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([8], [0.5, 2.0])  # of 8 steps an epoch
    model = textbook(keras.regularizers.L1(0.01))
    model.compile(optimizer=Proximal("adam", scale=schedule), loss="mse")
    history = model.fit(x, y, epochs=2, batch_size=32, verbose=0, callbacks=[SparsityMonitor()]).history
    size = np.abs(numpy_of(model.layers[0].kernel)).sum()
    assert history["sparsity/penalty"][-1] == pytest.approx(2 * 0.01 * size, rel=1e-5)
    assert history["sparsity/penalty"][0] < 0.5 * history["sparsity/penalty"][-1]
    evaluated = model.evaluate(x, y, verbose=0)
    assert evaluated == pytest.approx(np.mean((model.predict(x, verbose=0) - y) ** 2) + 2 * 0.01 * size, rel=1e-4)


def test_the_monitor_warns_of_a_regularizer_that_was_set_after_training_began():
    x, y = two_signals(64)
    model = textbook(keras.regularizers.L1(0.1))
    model.compile(optimizer=Proximal("adam"), loss="mse")
    model.fit(x, y, epochs=1, verbose=0, callbacks=[SparsityMonitor()])
    model.get_layer("out").kernel_regularizer = keras.regularizers.L1(0.5)
    with pytest.warns(PenaltyWarning, match=r"^out.kernel_regularizer: set after .*use penalize\(model"):
        model.fit(x, y, epochs=1, verbose=0, callbacks=[SparsityMonitor()])


def test_one_nan_cell_is_refused_before_training():
    x, y = two_signals(64)
    check_finite_inputs(x=x, y=y, sample_weight=None)
    x[3, 5] = np.nan
    with pytest.raises(DataError, match=r"x has 1 cells that are not finite, the first at \(3, 5\)"):
        check_finite_inputs(x=x)
    with pytest.raises(DataError, match=r"x\['a'\] has 1 cells"):
        check_finite_inputs(x={"a": x, "b": y})


def test_weights_that_cease_to_be_finite_end_the_training():
    x, y = two_signals(64)
    bad = x.copy()
    bad[3, 5] = np.nan
    model = textbook(keras.regularizers.L1(1e-3))
    model.compile(optimizer=Proximal("adam"), loss="mse")
    guard = FiniteWeights()
    model.fit(x, y, epochs=1, verbose=0, callbacks=[guard])
    assert not guard.diverged
    good = model.get_weights()
    with pytest.warns(ConvergenceWarning, match="hidden/kernel.* ceased to be finite in epoch 1"):
        history = model.fit(bad, y, epochs=5, verbose=0, callbacks=[guard]).history
    assert guard.diverged
    assert history["diverged"] == [1.0]
    for one, other in zip(model.get_weights(), good):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(DataError, match="the network has diverged"):
        model.fit(bad, y, epochs=5, verbose=0, callbacks=[FiniteWeights("raise")])
    with pytest.raises(DataError, match="hidden/kernel.* are not finite"):
        check_finite_weights(model)


def test_groups_that_are_no_numbers_stay_so():
    for xp, array in ((np, np.array), (ops, ops.convert_to_tensor)):
        w = GroupL1(0.1).terms((2, 2)).prox(array(np.array([[np.nan, 1.0], [1.0, 1.0]], "float32")), 1.0, xp)
        assert np.isnan(ops.convert_to_numpy(w)[0]).any()
        assert np.isfinite(ops.convert_to_numpy(w)[1]).all()
