"""Where peers fail (PEERS.md, 1 to 3): each of these is wrong or missing in a well-known package."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import KFold
from sklearn.preprocessing import StandardScaler

from shrinkwise import LinearClassifier, LinearClassifierCV, LinearRegressor, LinearRegressorCV
from tests.linear.data import table, weights_of

CV = [LinearRegressorCV, LinearClassifierCV]


def target_of(model, y, labels):
    return labels if "Classifier" in model.__name__ else y


@pytest.mark.parametrize("model", CV)
def test_the_search_covers_l1_ratio(model):  # cv.glmnet has no such search
    X, y, labels = table()
    found = model(alphas=6, l1_ratio=(0.2, 0.6, 1.0), cv=3).fit(X, target_of(model, y, labels))
    assert found.result_.test_score.shape[0] == 3
    assert found.l1_ratio_ in (0.2, 0.6, 1.0)


@pytest.mark.parametrize("model", CV)
def test_the_grid_begins_at_alpha_max_of_each_mix(
    model,
):  # adelie's grid ignores l1_ratio; LogisticRegressionCV's is fixed
    X, y, labels = table()
    target = target_of(model, y, labels)
    mixes = (0.1, 0.5, 1.0)
    found = model(alphas=6, l1_ratio=mixes, cv=3).fit(X, target)
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    expected = np.max(np.abs(Z.T @ (target - target.mean()))) / len(X)
    single = LinearRegressor if model is LinearRegressorCV else LinearClassifier
    for mix, alphas in zip(mixes, found.result_.alphas, strict=True):
        assert alphas[0] == pytest.approx(expected / mix, rel=1e-12)
        assert not np.any(single(alphas[0] * (1 + 1e-9), l1_ratio=mix).fit(X, target).coef_)
        assert np.any(single(alphas[0] * (1 - 1e-6), l1_ratio=mix).fit(X, target).coef_)


@pytest.mark.parametrize("model", CV)
def test_held_out_rows_do_not_leak_into_the_scaling(model):  # a scaler before ElasticNetCV does
    X, y, labels = table(n=60)
    target = target_of(model, y, labels)
    splits = [(np.arange(20, 60), np.arange(20)), (np.arange(40), np.arange(40, 60))]
    before = model(alphas=[0.1, 0.01], cv=splits).fit(X, target).result_
    moved = X.copy()
    moved[:20] = 100 * moved[:20] + 7
    after = model(alphas=[0.1, 0.01], cv=splits).fit(moved, target).result_
    for index in range(2):
        np.testing.assert_allclose(after.coef(0, index, 0), before.coef(0, index, 0), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("model", CV)
def test_the_one_se_rule_keeps_no_more_features_than_the_minimum(model):  # asked of scikit-learn since 2016
    X, y, labels = table(n=60, p=12, noise=2.0)
    target = target_of(model, y, labels)
    sparse_model = model(alphas=25, cv=4).fit(X, target)
    best = model(alphas=25, cv=4, rule="min").fit(X, target)
    assert np.count_nonzero(sparse_model.coef_) <= np.count_nonzero(best.coef_)
    assert sparse_model.alpha_ >= best.alpha_
    at = sparse_model.result_.select("1se")
    lowest = sparse_model.result_.select("min")
    assert at.mean <= lowest.mean + lowest.se


@pytest.mark.parametrize("model", [LinearRegressor, LinearClassifier])
def test_each_feature_may_have_a_penalty_of_its_own(model):  # asked of scikit-learn since 2018
    X, y, labels = table()
    target = target_of(model, y, labels)
    weights = np.array([1.0, 1.0, 1.0, 0.0, 1e6, 1.0])
    coef = np.ravel(model(0.6, penalty_weights=weights).fit(X, target).coef_)
    assert coef[3] != 0
    assert coef[4] == 0
    bounded = np.ravel(model(0.01, lower=[0.0] * 6, upper=0.25).fit(X, target).coef_)
    assert np.all((bounded >= 0) & (bounded <= 0.25))
    assert np.any(bounded == 0.25)


@pytest.mark.parametrize("model", [LinearRegressor, LinearClassifier, *CV])
def test_constructing_and_cloning_works(model):  # celer's CV classes cannot be constructed on scikit-learn 1.9
    options = {"l1_ratio": 0.5, "tol": 1e-7}
    assert clone(model(**options)).get_params() == model(**options).get_params()


@pytest.mark.parametrize("storage", [sparse.csr_array, sparse.csc_matrix])
@pytest.mark.parametrize("model", [LinearRegressor, LinearClassifier, *CV])
def test_weights_work_with_sparse_columns(model, storage):  # skglm's WeightedQuadratic crashes
    X, y, labels = table()
    X = np.where(np.abs(X) > 0.5, X, 0.0)
    target, weights = target_of(model, y, labels), weights_of(len(X))
    options = {"cv": 3, "alphas": 5} if model in CV else {}
    thin, full = model(**options).fit(storage(X), target, weights), model(**options).fit(X, target, weights)
    np.testing.assert_allclose(thin.coef_, full.coef_, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(thin.predict(storage(X)), full.predict(X), rtol=1e-6, atol=1e-9)


def test_a_feature_with_a_ridge_penalty_alone_is_penalized():  # skglm takes it for unpenalized
    X, y, _ = table()
    sizes = [np.abs(LinearRegressor(alpha, l1_ratio=0.0).fit(X, y).coef_).sum() for alpha in (0, 1, 100, 1e6)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < 1e-4
    assert not np.any(LinearRegressor(np.inf, l1_ratio=0.0).fit(X, y).coef_)
    path = LinearRegressorCV(l1_ratio=0.0, alphas=5, cv=3).fit(X, y)
    assert path.alphas_[0] > 1


@pytest.mark.parametrize("model", [LinearRegressor, LinearClassifier, *CV])
def test_integers_and_lists_are_numbers(model):  # TypeErrors in glmstar and adelie
    X, y, labels = table(n=40)
    X, target = np.round(10 * X).astype(int), np.round(target_of(model, 10 * y, labels)).astype(int)
    options = {"cv": 3, "alphas": 5} if model in CV else {}
    listed = model(**options).fit(X.tolist(), target.tolist(), [1] * 40)
    plain = model(**options).fit(X.astype(float), target.astype(float))
    np.testing.assert_array_equal(listed.coef_, plain.coef_)
    assert np.all(np.isfinite(listed.predict(X.tolist())))


def new_folds_at_each_call():
    """A splitter as if without a seed: skglm asks it again for each strength and compares scores of different folds."""
    return KFold(5, shuffle=True, random_state=np.random.RandomState(0))


def brute_force(model, found, X, target, splits, weights):
    """Mean and standard error of held-out losses: a scaler and a fit for each fold, mix and strength, in a loop."""
    single = LinearRegressor if model is LinearRegressorCV else LinearClassifier
    scores = np.empty((*found.result_.alphas.shape, len(splits)))
    for fold, (train, test) in enumerate(splits):
        scaler = StandardScaler().fit(X[train], sample_weight=weights[train])
        for ratio, mix in enumerate(found.result_.l1_ratios):
            for index, alpha in enumerate(found.result_.alphas[ratio]):
                fit = single(alpha, l1_ratio=mix, standardize=False, tol=1e-14)
                fit.fit(scaler.transform(X[train]), target[train], weights[train])
                Z = scaler.transform(X[test])
                if single is LinearRegressor:
                    loss = (target[test] - fit.predict(Z)) ** 2
                else:
                    loss = -fit.predict_log_proba(Z)[np.arange(len(test)), target[test]]
                scores[ratio, index, fold] = np.average(loss, weights=weights[test])
    return scores


@pytest.mark.parametrize("model", CV)
def test_search_equals_a_loop_over_folds_mixes_and_strengths(model):  # ElasticNetCV cannot scale inside of a fold
    X, y, labels = table(n=70, noise=2.0)
    X = X * 10.0 ** np.arange(-3, 3) + 5
    target, weights = target_of(model, y, labels), weights_of(70)
    splits = list(new_folds_at_each_call().split(X))
    found = model(alphas=8, alpha_min_ratio=0.02, l1_ratio=(0.3, 1.0), cv=new_folds_at_each_call(), tol=1e-13)
    found.fit(X, target, weights)
    scores = brute_force(model, found, X, target, splits, weights)
    np.testing.assert_allclose(found.result_.test_score, scores, rtol=1e-8)


@pytest.mark.parametrize("model", CV)
def test_the_one_se_rule_is_the_strongest_within_one_standard_error(model):
    X, y, labels = table(n=70, noise=2.0)
    found = model(alphas=30, alpha_min_ratio=0.01, cv=new_folds_at_each_call(), tol=1e-12)
    found.fit(X, target_of(model, y, labels))
    scores = found.result_.test_score[0]  # (strengths, folds), all folds of one size
    mean, se = scores.mean(axis=1), scores.std(axis=1, ddof=1) / np.sqrt(5)
    best = int(np.argmin(mean))
    within = np.flatnonzero(mean <= mean[best] + se[best])
    assert found.alpha_ == found.alphas_[within[0]]
    assert within[0] < best  # the rule had something to choose


@pytest.mark.parametrize("model", CV)
def test_a_penalty_weight_of_zero_is_no_penalty_from_the_first_strength_on(model):
    X, y, labels = table()
    target = target_of(model, y, labels)
    weights = np.array([1.0, 2.0, 0.0, 1.0, 0.0, 1.0])
    found = model(alphas=6, cv=3, penalty_weights=weights).fit(X, target)
    single = LinearRegressor if model is LinearRegressorCV else LinearClassifier
    alone = single(0.0, tol=1e-14).fit(X[:, weights == 0], target)
    at_top = found.result_.coef(0, 0)
    np.testing.assert_allclose(at_top[weights == 0], np.ravel(alone.coef_), rtol=1e-5)
    assert not np.any(at_top[weights > 0])
    hair_below = single(found.alphas_[0] * (1 - 1e-6), penalty_weights=weights).fit(X, target)
    assert np.count_nonzero(np.ravel(hair_below.coef_)[weights > 0]) == 1
    forever = single(np.inf, penalty_weights=weights, tol=1e-14).fit(X, target)
    np.testing.assert_allclose(np.ravel(forever.coef_)[weights == 0], np.ravel(alone.coef_), rtol=1e-6)


@pytest.mark.parametrize("model", CV)
def test_an_unseeded_search_is_the_same_at_each_run(model):  # skglm's is not
    X, y, labels = table(noise=2.0)
    one, two = (model(alphas=10, cv=5).fit(X, target_of(model, y, labels)) for _ in range(2))
    np.testing.assert_array_equal(one.result_.test_score, two.result_.test_score)
    np.testing.assert_array_equal(one.coef_, two.coef_)


@pytest.mark.parametrize("mix", [0.05, 0.5, 0.9])
@pytest.mark.parametrize("model", CV)
def test_a_column_of_zeros_beside_weights_and_sparse_storage_changes_nothing(model, mix):
    X, y, labels = table(n=60)
    X = np.where(np.abs(X) > 0.5, X, 0.0)
    X = np.insert(X, 2, 0.0, axis=1)
    target, weights = target_of(model, y, labels), weights_of(60)
    with_it = model(alphas=5, l1_ratio=mix, cv=3).fit(sparse.csr_array(X), target, weights)
    without = model(alphas=5, l1_ratio=mix, cv=3).fit(np.delete(X, 2, axis=1), target, weights)
    np.testing.assert_allclose(with_it.alphas_, without.alphas_, rtol=1e-12)
    np.testing.assert_allclose(np.delete(np.ravel(with_it.coef_), 2), np.ravel(without.coef_), rtol=1e-6, atol=1e-9)
    assert np.ravel(with_it.coef_)[2] == 0
