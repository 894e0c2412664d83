"""Groups of columns at the estimators: what they give, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone

from shrinkwise import LinearClassifier, LinearClassifierCV, LinearRegressor, LinearRegressorCV, UsageError
from tests.linear.data import table, weights_of

X, Y, LABELS = table(n=90, p=9)
GROUPS = [0, 0, 0, 1, 1, 1, 2, 2, 2]
SINGLE = [(LinearRegressor, Y), (LinearClassifier, LABELS)]
SEARCH = [(LinearRegressorCV, Y), (LinearClassifierCV, LABELS)]


def pattern(coef):
    return np.ravel(coef).reshape(3, 3) != 0


@pytest.mark.parametrize(("kind", "y"), SINGLE)
def test_groups_are_in_or_out_and_sparse_groups_in_part(kind, y):
    whole = pattern(kind(0.1, groups=GROUPS).fit(X, y).coef_)
    assert np.array_equal(whole.any(axis=1), whole.all(axis=1))
    assert whole.any()
    assert not whole.all()
    part = pattern(kind(0.02, groups=GROUPS, sparse_ratio=0.7).fit(X, y).coef_)
    assert np.any(part.any(axis=1) & ~part.all(axis=1))


@pytest.mark.parametrize(("kind", "y"), SINGLE)
def test_both_forms_of_groups_are_the_same_fit(kind, y):
    fits = [
        kind(0.05, groups=groups, l1_ratio=0.8).fit(X, y).coef_
        for groups in (
            [*GROUPS[:6], None, None, None],
            [*"aaabbb", None, -1, float("nan")],
            [[0, 1, 2], [3, 4, 5]],
            np.array([*GROUPS[:6], -1, -1, -1]),
            [range(3), {3, 4, 5}, [7]],
        )
    ]
    for other in fits[1:]:
        np.testing.assert_array_equal(fits[0], other)


@pytest.mark.parametrize(("kind", "y"), SINGLE)
@pytest.mark.parametrize("groups", [None, list(range(9)), [None] * 9, [[4]]], ids=["none", "own", "alone", "one"])
def test_columns_alone_are_the_elastic_net_bit_for_bit(kind, y, groups):
    plain, alone = kind(0.05, l1_ratio=0.9), kind(0.05, l1_ratio=0.9, groups=groups)
    np.testing.assert_array_equal(plain.fit(X, y).coef_, alone.fit(X, y).coef_)
    lasso = kind(0.05, l1_ratio=0.9, groups=GROUPS, sparse_ratio=1.0)
    np.testing.assert_array_equal(plain.coef_, lasso.fit(X, y).coef_)


@pytest.mark.parametrize(("kind", "y"), SEARCH)
def test_a_search_chooses_and_certifies_a_model_with_groups(kind, y):
    for extra in ({}, {"sparse_ratio": 0.3, "l1_ratio": [0.5, 1.0]}):
        model = kind(alphas=20, cv=4, groups=GROUPS, **extra).fit(X, y, sample_weight=weights_of(90))
        assert model.converged_
        assert model.result_.all_converged
        single = LinearRegressor if kind is LinearRegressorCV else LinearClassifier
        again = single(model.alpha_, l1_ratio=model.l1_ratio_, groups=GROUPS, sparse_ratio=extra.get("sparse_ratio", 0))
        again.fit(X, y, sample_weight=weights_of(90))
        np.testing.assert_allclose(model.coef_, again.coef_, atol=1e-4)


def test_groups_of_columns_and_of_rows_go_different_ways():
    rows = np.arange(90) // 9
    model = LinearRegressorCV(alphas=10, cv=5, groups=GROUPS).fit(X, Y, groups=rows)
    whole = pattern(model.coef_)
    assert np.array_equal(whole.any(axis=1), whole.all(axis=1))
    assert clone(model).get_params()["groups"] == GROUPS


def test_sparse_tables_and_frames_give_the_same_fit():
    thin = np.where(np.abs(X) > 1, X, 0.0)
    fits = [
        LinearRegressor(0.05, groups=GROUPS, sparse_ratio=0.2).fit(table, Y).coef_
        for table in (thin, sparse.csr_matrix(thin), pd.DataFrame(thin, columns=list("abcdefghi")))
    ]
    for other in fits[1:]:
        np.testing.assert_allclose(fits[0], other, atol=1e-6)


def test_without_standardization_the_norm_is_that_of_the_coefficients_in_the_units_of_the_data():
    """Two columns that span the plane: turning them leaves the norm of their coefficients, and the fit, as they are."""
    rng = np.random.default_rng(0)
    Z = rng.standard_normal((60, 4)) * np.array([1.0, 7.0, 1.0, 0.2])
    y = Z[:, 0] - 0.3 * Z[:, 1] + Z[:, 2] + rng.standard_normal(60)
    turn = np.eye(4)
    turn[:2, :2] = [[0.6, -0.8], [0.8, 0.6]]
    model = LinearRegressor(0.3, groups=[0, 0, 1, 1], standardize=False, tol=1e-13)
    one, other = model.fit(Z, y).coef_, clone(model).fit(Z @ turn, y).coef_
    np.testing.assert_allclose(turn @ other, one, atol=1e-7)
    assert np.all(one[:2] != 0)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"groups": [0, 0, 1]}, ["groups has 3 labels", "9 features", "lists of column numbers"]),
        ({"groups": [[0, 1], [1, 2]]}, ["column 1 is in two groups (0 and 1)", "must not overlap"]),
        ({"groups": [[0, 0]]}, ["column 0", "twice"]),
        ({"groups": [[0, 9]]}, ["groups name column 9", "0 to 8"]),
        ({"groups": [[0, -1]]}, ["column numbers >= 0", "-1"]),
        ({"groups": [[0, 1.5]]}, ["1.5", "group 0"]),
        ({"groups": [[0, 1], 2]}, ["mixture", "2"]),
        ({"groups": "abcabcabc"}, ["one label for each feature", "abcabcabc"]),
        ({"groups": 3}, ["one label for each feature", "got 3"]),
        ({"groups": GROUPS, "sparse_ratio": 1.5}, ["sparse_ratio", "[0, 1]", "1.5"]),
        ({"groups": GROUPS, "sparse_ratio": -0.1}, ["sparse_ratio", "-0.1"]),
        ({"groups": GROUPS, "sparse_ratio": float("nan")}, ["sparse_ratio", "nan"]),
        ({"sparse_ratio": 0.5}, ["sparse_ratio=0.5", "give groups"]),
        ({"sparse_ratio": "half"}, ["sparse_ratio", "half"]),
        ({"groups": GROUPS, "lower": 0.0}, ["column 0", "bounds [0, inf]", "columns alone"]),
        ({"groups": GROUPS, "penalty_weights": np.arange(9.0)}, ["penalty_weights", "column 1", "same for all"]),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", [LinearRegressor, LinearClassifier, LinearRegressorCV, LinearClassifierCV])
def test_wrong_groups_are_refused_with_the_column_and_the_remedy(kind, parameters, words):
    with pytest.raises(UsageError) as caught:
        kind(**parameters).fit(X, LABELS)
    assert all(word in str(caught.value) for word in words), str(caught.value)
