"""The unit of the L2 part: with the sd of y, a mix means the same in any unit of y."""

import numpy as np
import pytest

from shrinkwise.grid import fit_grid

MIXES = (0.0, 0.1, 0.5, 1.0)


def table(seed=0, n=80, p=7):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    y = X[:, :3] @ [2.0, -1.0, 0.5] + rng.standard_normal(n)
    order = rng.permutation(n)
    return X, y, [(np.setdiff1d(order, part), np.sort(part)) for part in np.array_split(order, 4)]


@pytest.fixture(params=["moments", "rows"])
def route(request, monkeypatch):
    if request.param == "rows":
        monkeypatch.setattr("shrinkwise.path.choose._is_tall", lambda task: False)


@pytest.mark.parametrize("power", [-20, 20])
def test_with_the_spread_of_y_a_power_of_two_changes_no_bit_for_any_mix(route, power):
    X, y, splits = table()
    plain = fit_grid(X, y, splits, l1_ratios=MIXES, alphas=15, ridge_unit=float(np.std(y)))
    factor = 2.0**power
    scaled = fit_grid(X, factor * y, splits, l1_ratios=MIXES, alphas=15, ridge_unit=float(np.std(factor * y)))
    for one, other in zip(plain.coefs, scaled.coefs, strict=True):
        for fold, scaled_fold in zip(one, other, strict=True):
            np.testing.assert_array_equal(factor * fold.toarray(), scaled_fold.toarray())
    np.testing.assert_array_equal(factor**2 * plain.test_score, scaled.test_score)


@pytest.mark.parametrize("unit", [1e-6, 1e6])
def test_with_the_spread_of_y_every_rule_chooses_the_same_cell_in_any_unit(route, unit):
    X, y, splits = table()
    plain = fit_grid(X, y, splits, l1_ratios=MIXES, alphas=15, ridge_unit=float(np.std(y)))
    scaled = fit_grid(X, unit * y, splits, l1_ratios=MIXES, alphas=15, ridge_unit=float(np.std(unit * y)))
    for rule in ("min", "1se", "k=3", "within=5%"):
        one, other = plain.select(rule), scaled.select(rule)
        assert (one.ratio, one.index, one.n_features) == (other.ratio, other.index, other.n_features)


def test_without_it_the_best_mix_depends_on_the_unit_of_y():
    X, y, splits = table()
    errors = [fit_grid(X, c * y, splits, l1_ratios=(0.1,), alphas=15, extend=False).mean.min() / c**2 for c in (1, 1e6)]
    assert errors[1] > 2 * errors[0]


def test_the_unit_divides_the_l2_part():
    X, y, splits = table()
    one = fit_grid(X, y, splits, l1_ratios=(0.5,), alphas=[0.3], ridge_unit=4.0)
    l1, l2 = 0.3 * 0.5, 0.3 * 0.5 / 4.0
    same = fit_grid(X, y, splits, l1_ratios=(l1 / (l1 + l2),), alphas=[l1 + l2])
    np.testing.assert_allclose(one.coef(0, 0), same.coef(0, 0), rtol=1e-9)
