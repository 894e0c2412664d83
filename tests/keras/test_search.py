"""The estimators: what a fit leaves, scikit-learn's checks, planted inputs, bad input."""

import warnings

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from shrinkwise.exceptions import ConvergenceWarning, DataError, DataWarning, UsageError
from shrinkwise.keras import NetworkClassifierCV, NetworkRegressorCV
from tests.keras.grids import residual, table

if keras.backend.backend() != "jax":
    pytest.skip("the grid itself is tested on every backend", allow_module_level=True)

QUICK = {"l1": [0.01, 0.001], "hidden": (8,), "cv": 2, "epochs": 10}


def test_a_regressor_predicts_in_the_units_of_y_and_keeps_what_it_chose():
    X, y = table(n=400)
    search = NetworkRegressorCV(l1=[0.01, 0.001], hidden=(16,), cv=3, epochs=40).fit(X, y)
    assert search.score(X, y) > 0.9
    chosen = search.result_.select("1se")
    network = search.result_.network
    assert (search.l1_, search.l2_) == (network.l1[chosen.index], network.l2[chosen.ratio])
    np.testing.assert_array_equal(search.inputs_, search.result_.coef(chosen.ratio, chosen.index) != 0)
    zeros = sum(int(np.count_nonzero(layer.get_weights()[0] == 0)) for layer in search.model_.layers)
    assert zeros == network.zeros[chosen.ratio, chosen.index, -1].sum() > 0
    raw = np.asarray(search.model_(X[:5].astype("float32")))[:, 0]
    np.testing.assert_allclose(raw, search.predict(X[:5]), rtol=1e-5)
    assert np.all(np.isnan(search.result_.gaps))


def test_a_classifier_of_two_and_of_three_classes():
    X, y = table(n=300)
    words = np.array(["low", "mid", "top"])[np.digitize(y, np.quantile(y, [0.3, 0.6]))]
    three = NetworkClassifierCV(l1=[0.001], hidden=(16,), cv=3, epochs=40).fit(X, words)
    assert three.score(X, words) > 0.8
    assert three.model_.output_shape == (None, 3)
    np.testing.assert_allclose(three.predict_proba(X).sum(axis=1), 1)
    two = NetworkClassifierCV(l1=[0.001], hidden=(16,), cv=3, epochs=40).fit(X, words == "low")
    assert two.score(X, words == "low") > 0.9
    assert two.decision_function(X).shape == (300,)
    np.testing.assert_array_equal(two.predict(X), two.predict_proba(X)[:, 1] > 0.5)
    assert two.result_.metric == "log loss"


def test_frames_keep_their_names():
    X, y = table()
    frame = pd.DataFrame(X, columns=list("abcde"))
    search = NetworkRegressorCV(**QUICK).fit(frame, y)
    assert search.feature_names_in_.tolist() == list("abcde")
    assert search.result_.feature_names == tuple("abcde")
    np.testing.assert_array_equal(search.predict(frame[list("edcba")]), search.predict(frame))


def test_a_fit_that_fails_leaves_the_earlier_one():
    X, y = table()
    search = NetworkRegressorCV(**QUICK).fit(X, y)
    before = search.predict(X)
    search.set_params(epochs=0)
    with pytest.raises(UsageError):
        search.fit(X, y)
    np.testing.assert_array_equal(search.predict(X), before)


def test_same_seed_same_bits():
    X, y = table()
    one = NetworkRegressorCV(**QUICK).fit(X, y)
    two = clone(one).fit(X, y)
    np.testing.assert_array_equal(one.result_.test_score, two.result_.test_score)
    np.testing.assert_array_equal(one.predict(X), two.predict(X))


def test_an_optimizer_given_as_an_instance_keeps_its_learning_rate():
    X, y = table()
    named = NetworkRegressorCV(**QUICK).fit(X, y)  # at 0.003
    given = NetworkRegressorCV(**QUICK, optimizer=keras.optimizers.Adam(0.003)).fit(X, y)
    other = NetworkRegressorCV(**QUICK, optimizer=keras.optimizers.Adam(0.01)).fit(X, y)
    np.testing.assert_allclose(given.result_.test_score, named.result_.test_score, rtol=1e-6)
    assert not np.allclose(other.result_.test_score, named.result_.test_score, rtol=1e-3)
    with pytest.raises(UsageError, match="learning_rate must be a number > 0"):
        NetworkRegressorCV(**QUICK, learning_rate="fast").fit(X, y)


def test_every_network_diverged_is_an_error_not_a_model():
    X, y = table()
    search = NetworkRegressorCV(**QUICK, optimizer=keras.optimizers.SGD(), learning_rate=1e30)
    with pytest.warns(ConvergenceWarning), pytest.raises(UsageError, match="every network of the grid diverged"):
        search.fit(X, y)
    assert not hasattr(search, "model_")


def test_a_network_that_diverged_is_never_chosen():
    X, y = table()
    target = np.where(np.arange(len(y)) < 60, y, 0 * y)
    wild = keras.optimizers.SGD(0.9, momentum=0.9)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        try:
            search = NetworkRegressorCV(l1=[1.0, 1e-5], hidden=(64,), cv=2, epochs=20, optimizer=wild,
                                        learning_rate=None).fit(X, target)  # fmt: skip
        except UsageError as error:
            assert "diverged" in str(error)
        else:
            assert np.all(np.isfinite(search.predict(X)))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"build": 7}, "build must be a function"),
        ({"hidden": (8, 0)}, "hidden must be a whole number >= 1, got 0"),
        ({"activation": "rulu"}, "none of Keras'"),
        ({"l1": 0}, "l1 must be a whole number >= 1, got 0"),
        ({"rule": "best"}, "rule must be"),
        ({"cv": 1}, "cv"),
        ({"dropout": 1.5}, "dropout"),
    ],
)
def test_bad_parameters_are_refused_by_name(options, words):
    X, y = table()
    with pytest.raises(UsageError, match=words):
        NetworkRegressorCV(**QUICK | options).fit(X, y)


def test_data_of_the_wrong_shape_or_kind_are_refused():
    X, y = table()
    search = NetworkRegressorCV(**QUICK)
    with pytest.raises(ValueError, match="2 columns|1d array"):
        search.fit(X, np.column_stack([y, y]))
    with pytest.raises(DataError, match="X has 120 samples, but y has length 119"):
        search.fit(X, y[:-1])
    X[3, 2] = np.nan
    with pytest.raises(DataError, match="row 3, column 2"):
        search.fit(X, y)
    with pytest.raises(DataError, match="y contains infinity at row 1"):
        search.fit(table()[0], np.where(np.arange(120) == 1, np.inf, y))


def test_planted_inputs_are_found():
    """Two of eight inputs matter, one by its square alone; the full problem is in benchmarks/networks.py."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((400, 8))
    y = X[:, 1] ** 2 + 1.5 * np.maximum(X[:, 6], 0) + 0.2 * rng.standard_normal(400)
    search = NetworkRegressorCV(penalties="inputs", l1=6, hidden=(16,), cv=3, epochs=80).fit(X, y)
    assert np.flatnonzero(search.inputs_).tolist() == [1, 6]


def test_planted_inputs_are_found_by_a_lassonet_of_the_users_own_network():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((400, 8))
    y = X[:, 1] ** 2 + 1.5 * np.maximum(X[:, 6], 0) + 0.2 * rng.standard_normal(400)
    search = NetworkRegressorCV(residual(10.0, units=16), l1=6, cv=3, epochs=80).fit(X, y)
    assert np.flatnonzero(search.inputs_).tolist() == [1, 6]
    assert search.score(X, y) > 0.9
    assert search.result_.network.l1.max() == pytest.approx(100)


def test_a_lassonet_of_a_classifier_selects_for_all_classes():
    X, y = table(n=300)
    labels = np.digitize(y, np.quantile(y, [0.3, 0.6]))
    search = NetworkClassifierCV(residual(10.0, units=8), l1=[10.0, 1.0], cv=2, epochs=30).fit(X, labels)
    skip = np.asarray(search._network_.get_layer("skip").kernel)
    assert skip.shape == (5, 3)
    np.testing.assert_array_equal(search.inputs_, (skip != 0).any(axis=1))


# Minibatches are dealt by rows: a row of weight 2 is in one of them, twice the row may be in two. With one minibatch
# both are the same but for the folds and the scaling of the learning rate's noise, which scikit-learn's check sees.
DIFFERENT = {"check_sample_weight_equivalence_on_dense_data": "rows of weight 2 are not two rows of a minibatch"}


@pytest.mark.long
@parametrize_with_checks(
    [NetworkRegressorCV(l1=[0.001], hidden=(8,), cv=2, epochs=60), NetworkClassifierCV(l1=[0.001], cv=2, hidden=(8,))],
    expected_failed_checks=lambda estimator: DIFFERENT,
)
def test_scikit_learns_checks(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        warnings.simplefilter("ignore", DataWarning)
        check(estimator)


def small():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((90, 3))
    return X, X[:, 0] - 0.5 * X[:, 1] + 0.3 * rng.standard_normal(90)


SMALL = {"l1": [1e-2], "hidden": (4,), "epochs": 5, "cv": 2}


def test_columns_far_from_zero_are_scaled_before_single_precision_takes_their_digits():
    X, y = small()
    near = NetworkRegressorCV(**SMALL).fit(X, y).predict(X)
    far = NetworkRegressorCV(**SMALL).fit(X + 2.0**30, y).predict(X + 2.0**30)
    np.testing.assert_allclose(far, near, rtol=1e-4, atol=1e-4)


def test_weights_beyond_single_precision_are_refused():
    X, y = small()
    with pytest.raises(DataError, match="rescale them"):
        NetworkRegressorCV(**SMALL).fit(X * 1e-41, y)


def test_a_constant_column_is_no_input():
    X, y = small()
    model = NetworkRegressorCV(**SMALL).fit(np.column_stack([X, np.ones(len(y))]), y)
    assert not model.inputs_[3]
    assert model.inputs_[0]


@pytest.mark.parametrize("classes", [2, 3])
def test_a_network_that_gives_probabilities_is_refused_by_whatever_layer(classes):
    X, y = small()
    labels = np.digitize(y, np.quantile(y, np.linspace(0, 1, classes + 1)[1:-1]))

    def build(p, k):
        given = keras.layers.Dense(k)(rows := keras.Input((p,)))
        return keras.Model(rows, keras.ops.sigmoid(given) if k == 1 else keras.layers.Softmax()(given))

    with pytest.raises(UsageError, match="gives probabilities; the loss takes logits"):
        NetworkClassifierCV(build, **SMALL).fit(X, labels)


def test_a_build_that_gives_one_network_twice_is_refused_and_its_weights_stay():
    X, y = small()
    mine = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    before = [np.array(w) for w in mine.get_weights()]
    with pytest.raises(UsageError, match="the same weights in two calls"):
        NetworkRegressorCV(lambda p, k: mine, **SMALL).fit(X, y)
    for old, new in zip(before, mine.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"build": lambda p: None}, "build must be a function of n_features and n_outputs"),
        ({"l1": 0.1}, r"got the number 0.1: use \[0.1\]"),
        ({"l2": 0.1}, r"got the number 0.1: use \[0.1\]"),
    ],
)
def test_what_is_almost_right_gets_the_remedy(options, words):
    X, y = small()
    with pytest.raises(UsageError, match=words):
        NetworkRegressorCV(**SMALL | options).fit(X, y)


def test_a_report_is_one_page_and_never_replaces_a_file_unasked(tmp_path):
    X, y = small()
    search = NetworkRegressorCV(**SMALL).fit(X, y)
    page = search.report(tmp_path / "net.html")
    words = page.read_text(encoding="utf-8")
    assert "Nothing certifies a network" in words
    with pytest.raises(UsageError, match=r"net\.html exists"):
        search.report(page)
    assert search.report(page, overwrite=True) == page
