"""The route of JAX: members trained together are those trained alone, whatever the chunks."""

import logging
import signal
import threading

import keras
import numpy as np
import pytest

from shrinkwise.exceptions import DataError, PenaltyWarning, UsageError
from shrinkwise.keras import Proximal
from shrinkwise.keras.grid import fit_networks
from shrinkwise.keras.members import Patience, staged
from shrinkwise.keras.networks import built, first_kernels, mlp, starts, unscaled
from shrinkwise.keras.plan import make_plan
from shrinkwise.losses import LOSSES
from tests.keras.grids import L1, L2, halves, table

if keras.backend.backend() != "jax":
    pytest.skip("of the JAX route", allow_module_level=True)

from shrinkwise.keras.program import Program


def plan_of(X, y, splits=None, **options):
    arguments = {"standardize": True, "early": False, "batch_size": 16, "seed": 0, "weights": np.ones(len(X))}
    return make_plan(X, y, splits or halves(len(X)), loss=LOSSES["squared"], **arguments | options)


def test_a_member_is_what_plain_keras_trains_on_the_same_minibatches():
    X, y = table()
    result = fit_networks(X, y, halves(), mlp((6,)), l1=L1, l2=L2, epochs=3, batch_size=16).result
    plan = plan_of(X, y)
    fit = plan.fits[0]
    x = ((plan.X - fit.center) * fit.factor).astype("float32")
    target = (plan.y - fit.target_center) / fit.target_scale
    model = built(mlp((6,)), 5, 1)
    for layer in model.layers:
        layer.kernel.regularizer = keras.regularizers.L1L2(L1[1], L2[1])
    for variable, value in zip(model.trainable_variables, starts(mlp((6,)), model, 5, 1, [0])):
        variable.assign(value[0])
    model.compile(optimizer=Proximal("adam"), loss=keras.losses.MeanSquaredError(reduction="sum"))
    for epoch in range(3):
        for rows, weights in zip(*plan.deal(0, epoch)):
            model.train_on_batch(x[rows], target[rows], sample_weight=weights)
    eta = np.asarray(model(x[fit.test]))
    error = np.mean((target[fit.test] - eta) ** 2) * plan.loss_unit(0)
    assert result.test_score[1, 1, 0] == pytest.approx(error, rel=1e-4)


def test_chunks_change_nothing_and_say_how_many_they_are(caplog):
    X, y = table()
    options = {"l1": L1, "l2": L2, "epochs": 3, "batch_size": 16}
    whole = fit_networks(X, y, halves(), mlp((6,)), **options).result
    with caplog.at_level(logging.WARNING):
        parts = fit_networks(X, y, halves(), mlp((6,)), memory="32 KB", **options).result
    assert "they come in 5 chunks" in caplog.text
    np.testing.assert_allclose(parts.test_score, whole.test_score, rtol=1e-5)
    np.testing.assert_array_equal(parts.network.zeros, whole.network.zeros)


def test_scores_do_not_contain_the_penalty():
    X, y = table()
    result = fit_networks(X, y, halves(), mlp((6,)), l1=[10.0], epochs=30, batch_size=16, learning_rate=0.05).result
    assert result.network.sparsity[0, 0, -1] == 1.0
    np.testing.assert_allclose(result.test_score[0, 0], result.null_score, rtol=0.05)
    np.testing.assert_allclose(result.network.objective, result.train_score, rtol=1e-6)
    weak = fit_networks(X, y, halves(), mlp((6,)), l1=[0.05], epochs=5, batch_size=16).result
    assert np.all(weak.network.objective > weak.train_score)


def test_seeds_are_repeats_and_the_best_on_all_data_is_kept():
    X, y = table()
    grid = fit_networks(X, y, halves(), mlp((6,)), l1=L1, epochs=2, batch_size=16, seeds=3)
    result = grid.result
    assert result.repeats.tolist() == [0, 0, 1, 1, 2, 2]
    assert result.test_score.shape == (1, 2, 6)
    alone = [
        fit_networks(X, y, halves(), mlp((6,)), l1=L1, epochs=2, batch_size=16, random_state=seed).result
        for seed in range(2)
    ]
    np.testing.assert_allclose(result.test_score[..., :2], alone[0].test_score, rtol=1e-5)
    assert not np.allclose(result.test_score[..., 2:4], alone[0].test_score, rtol=1e-3)  # another start


def test_units_and_shifts_of_the_data_do_not_matter():
    X, y = table()
    one = fit_networks(X, y, halves(), mlp((6,)), l1=L1, epochs=3, batch_size=16).result
    two = fit_networks(4 * X + 100, 8 * y - 32, halves(), mlp((6,)), l1=L1, epochs=3, batch_size=16).result
    np.testing.assert_allclose(two.test_score, 64 * one.test_score, rtol=1e-3)
    np.testing.assert_array_equal(two.network.zeros, one.network.zeros)


def test_what_a_fold_holds_out_reaches_neither_its_scaling_nor_its_training():
    X, y = table()
    (train, test), _ = halves()
    spoiled, target = X.copy(), y.copy()
    spoiled[test] = 1e3 * np.random.default_rng(1).standard_normal(spoiled[test].shape)
    target[test] += 50.0
    options = {"l1": [0.001], "epochs": 3, "batch_size": 16}
    clean = fit_networks(X, y, [(train, train)], mlp((6,)), **options).result
    dirty = fit_networks(spoiled, target, [(train, train)], mlp((6,)), **options).result
    np.testing.assert_allclose(dirty.test_score, clean.test_score, rtol=2e-3)


def test_rows_of_weight_zero_are_rows_that_are_not_there():
    X, y = table()
    weights = np.ones(len(X))
    weights[::3] = 0
    rest = np.flatnonzero(weights)
    place = {int(row): number for number, row in enumerate(rest)}
    smaller = [tuple(np.array([place[r] for r in rows if r in place]) for rows in pair) for pair in halves()]
    options = {"l1": L1, "epochs": 3, "batch_size": 16}
    weighted = fit_networks(X, y, halves(), mlp((6,)), sample_weight=weights, **options).result
    dropped = fit_networks(X[rest], y[rest], smaller, mlp((6,)), **options).result
    np.testing.assert_allclose(weighted.test_score, dropped.test_score, rtol=1e-4)


def test_a_constant_column_is_dropped():
    X, y = table()
    X[:, 2] = 7.0
    grid = fit_networks(X, y, halves(), mlp((6,)), l1=[0.001], epochs=2)
    assert grid.result.scale[2] == 0
    assert np.all(grid.model(0, 0).layers[0].get_weights()[0][2] == 0)


def test_minibatches_hold_every_row_once_and_sum_to_means():
    X, y = table(n=118)
    plan = plan_of(X, y, halves(118))
    for fit in range(3):
        rows, weights = plan.deal(fit, epoch=4)
        used = rows[weights > 0]
        np.testing.assert_array_equal(np.sort(used), np.sort(plan.fits[fit].train))
        np.testing.assert_allclose(weights.sum(axis=1), 1.0, rtol=1e-6)
        assert np.ptp((weights > 0).sum(axis=1)) <= 1
        assert not np.array_equal(plan.deal(fit, 5)[0], rows)
        assert set(rows.ravel()) <= set(plan.fits[fit].train)  # what fills a minibatch is its own


def test_early_stopping_keeps_rows_of_its_own_and_the_best_epoch():
    X, y = table()
    plan = plan_of(X, y, early=True)
    fit = plan.fits[0]
    assert len(fit.stop) == 6
    assert not set(fit.stop) & set(fit.train)
    assert not set(fit.stop) & set(fit.test)
    patience = Patience(2, (3,))
    kept = [patience.see(np.array(losses)).tolist() for losses in ([3.0, 1, 2], [2.0, 2, np.nan], [1.0, 3, 1])]
    assert kept == [[True, True, True], [True, False, False], [True, False, False]]
    assert patience.active.tolist() == [True, False, False]
    assert patience.sound.tolist() == [True, True, False]
    assert patience.epochs.tolist() == [3, 3, 2]


def test_stages_of_a_warm_start():
    stages, origin = staged(3, 2, "weak-to-strong")
    assert [stage.tolist() for stage in stages] == [[2, 5, 6], [1, 4], [0, 3]]
    assert origin.tolist() == [1, 2, -1, 4, 5, -1, -1]
    assert staged(3, 2, "strong-to-weak")[1].tolist() == [-1, 0, 1, -1, 3, 4, -1]


def test_a_refit_keeps_zeros_and_frees_what_is_left():
    X, y = table()
    options = {"l1": [0.3], "epochs": 8, "batch_size": 16, "learning_rate": 0.01}
    plain = fit_networks(X, y, halves(), mlp((6,)), **options).result
    refit = fit_networks(X, y, halves(), mlp((6,)), refit=8, **options).result
    np.testing.assert_array_equal(refit.network.zeros, plain.network.zeros)
    assert 0 < plain.network.sparsity[0, 0, 0] < 1
    assert np.all(refit.train_score < plain.train_score)


def test_progress_tells_of_every_epoch_and_its_errors_reach_the_caller():
    X, y = table()
    seen = []
    fit_networks(X, y, halves(), mlp((6,)), l1=[0.1], epochs=4, progress=lambda *now: seen.append(now))
    assert [now[:2] for now in seen] == [(k, 12) for k in range(1, 13)]
    assert all(left >= 0 for *_, left in seen)
    assert seen[-1][2] == 0

    def interrupt(*now):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_networks(X, y, halves(), mlp((6,)), l1=[0.1], epochs=4, progress=interrupt)


def test_an_interrupt_waits_for_no_compilation():
    done, ended = threading.Event(), []

    class Slow:
        def lower(self, *arguments):
            return self

        def compile(self):
            done.wait(60)
            ended.append(1)

    def interrupt(*unused):
        raise KeyboardInterrupt

    program = object.__new__(Program)
    program.train = program.score = Slow()
    before = signal.signal(signal.SIGALRM, interrupt)  # as SIGINT, which background jobs ignore
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        with pytest.raises(KeyboardInterrupt):
            program.compile((), ())
        assert not ended
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        done.set()


def test_a_pretrained_layer_keeps_its_weights_and_random_starts_differ_by_seed():
    frozen = np.full((5, 3), 0.25, dtype="float32")

    def build(p, k):
        model = keras.Sequential([keras.Input((p,)), keras.layers.Dense(3, name="old"), keras.layers.Dense(k)])
        model.get_layer("old").kernel.assign(frozen)
        return model

    model = build(5, 1)
    first = starts(build, model, 5, 1, [0, 1])
    np.testing.assert_array_equal(first[0], [frozen, frozen])
    assert not np.allclose(first[2][0], first[2][1])
    bound = np.sqrt(6 / 4)
    assert np.all(np.abs(first[2]) <= bound)  # Glorot's


@pytest.mark.parametrize(
    ("initializer", "sd"),
    [("he_normal", np.sqrt(2 / 400)), ("lecun_uniform", np.sqrt(1 / 400)), ("random_normal", 0.05)],
)
def test_starts_have_the_spread_of_keras_own(initializer, sd):
    def build(p, k):
        return keras.Sequential([keras.Input((p,)), keras.layers.Dense(k, kernel_initializer=initializer)])

    assert starts(build, build(400, 50), 400, 50, [0])[0].std() == pytest.approx(sd, rel=0.05)


def test_kernels_that_read_the_inputs_are_found_behind_what_keeps_columns_apart():
    rows = keras.Input((4,))
    apart = keras.layers.BatchNormalization()(keras.layers.Dropout(0.1)(rows))
    deep = keras.layers.Dense(3, name="deep")(apart)
    skip = keras.layers.Dense(2, name="skip")(rows)
    out = keras.layers.Dense(1)(keras.layers.Concatenate()([deep, skip]))
    model = keras.Model(rows, out)
    names = {model.trainable_variables[number].path for number in first_kernels(model)}
    assert names == {"deep/kernel", "skip/kernel"}
    mixed = keras.Sequential([keras.Input((4,)), keras.layers.LayerNormalization(), keras.layers.Dense(1)])
    assert first_kernels(mixed) is None

    def build(p, k):
        return keras.Sequential([keras.Input((p,)), keras.layers.LayerNormalization(), keras.layers.Dense(k)])

    X, y = table()
    with pytest.raises(UsageError, match="name the layer"):
        fit_networks(X, y, halves(), build, l1=[0.1], penalties="inputs")


@pytest.mark.parametrize("normalized", [False, True])
def test_scaling_goes_into_the_weights_or_around_the_network(normalized):
    rng = np.random.default_rng(0)
    layers = [keras.layers.BatchNormalization()] if normalized else []
    model = keras.Sequential([keras.Input((3,)), *layers, keras.layers.Dense(4, "tanh"), keras.layers.Dense(1)])
    center, factor = np.array([1.0, -2, 5]), np.array([0.5, 2.0, 0.0])
    X = rng.standard_normal((20, 3)).astype("float32")
    before = np.asarray(model(((X - center) * factor).astype("float32")))
    around = unscaled(model, (center, factor, 3.0, 2.0))
    np.testing.assert_allclose(np.asarray(around(X)), 3 + 2 * before, rtol=1e-4, atol=1e-5)
    assert (around is model) is not normalized


def test_regularizers_of_build_are_the_template_and_a_normalization_behind_them_is_told():
    def build(p, k):
        hidden = keras.layers.Dense(6, activation="relu", kernel_regularizer=keras.regularizers.L1(2.0))
        return keras.Sequential([keras.Input((p,)), hidden, keras.layers.Dense(k)])

    X, y = table()
    result = fit_networks(X, y, halves(), build, l1=[0.05], epochs=2, batch_size=16).result
    assert len(result.network.layers) == 1
    twice = fit_networks(
        X, y, halves(), mlp((6,)), l1=[0.05], epochs=2, batch_size=16, penalties={"hidden_1": "l1=2"}
    ).result
    np.testing.assert_array_equal(result.network.zeros, twice.network.zeros)

    def normalized(p, k):
        middle = [keras.layers.Dense(4), keras.layers.BatchNormalization()]
        return keras.Sequential([keras.Input((p,)), *middle, keras.layers.Dense(k)])

    with pytest.warns(PenaltyWarning, match="a normalization follows"):
        fit_networks(X, y, halves(), normalized, l1=[0.05], epochs=1)


def test_numbers_beyond_float32_are_refused():
    X, y = table()
    with pytest.raises(DataError, match=r"beyond 1e\+30"):
        fit_networks(X * 1e300, y, halves(), mlp((3,)), l1=[0.1], standardize=False)
