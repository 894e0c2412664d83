"""Models of the columns themselves, for groups and several predictors a row with more columns than rows."""

import numpy as np
import pytest

from shrinkwise import LinearClassifierCV
from shrinkwise.grid import fit_grid
from shrinkwise.penalties import Rows
from shrinkwise.penalties.groups import Groups
from shrinkwise.solvers import wide
from shrinkwise.solvers.quadratic import solve_quadratic, violation
from shrinkwise.solvers.wide import Wide
from tests.grid.splits import folds

PREDICTORS = {"one": (1, False), "three apart": (3, False), "three coupled": (3, True)}


class Bare:
    """What `Wide` asks of a problem: standardized columns, weights of rows, how many predictors a row has."""

    def __init__(self, X, weights, outputs, free_intercept):
        self.table, self.outputs, self.free_intercept = (self, None, weights), outputs, free_intercept
        self.X, self.shape = X, X.shape

    def explicit(self, cols):
        return self.X[:, cols]


def model(rng, predictors, free_intercept=False, n=20, p=14):
    """A model and its Gram; rows without weight, a feature twice, coefficients in any order, one intercept too."""
    K, coupled = PREDICTORS[predictors]
    X = rng.standard_normal((n, p))
    X[:, 1] = X[:, 0]
    weights = rng.uniform(0.5, 2.0, n) * (rng.random(n) < 0.8)
    weights /= weights.sum()
    if coupled:
        shares = rng.dirichlet(np.ones(K), n)
        blocks = weights[:, None, None] * (np.eye(K) * shares[:, :, None] - shares[:, :, None] * shares[:, None, :])
    else:
        blocks = weights[:, None, None] * np.eye(K) * rng.uniform(0.1, 1.0, (n, K, 1))
    cols = rng.permutation(p * K + (K > 1))
    table = np.column_stack([X, np.ones(n)]) if K > 1 else X
    if free_intercept:
        table = table - blocks[:, 0, 0] @ table / blocks.sum()
    G = np.einsum("nf,nkl,ng->fkgl", table, blocks, table).reshape(table.shape[1] * K, -1)[np.ix_(cols, cols)]
    h = blocks.reshape(n * K, K) if coupled else np.einsum("nkk->nk", blocks).ravel()
    return Wide(Bare(X, weights, K, free_intercept), h, cols), G, cols


def penalty(kind, cols, K, p, rng):
    """Of features, or of three columns each, with coefficients in no group and L1 penalties inside where asked."""
    m = len(cols)
    feature = cols // K
    labels = np.where(feature < p, feature // (1 if K > 1 else 3), -1)
    labels[(labels == 2) | (kind == "lone")] = -1
    norm = np.where(labels >= 0, 1.0, 0.0)
    l1 = np.where(labels >= 0, 0.3 * (kind == "sparse groups"), 1.0) * (feature < p)
    l2 = np.full(m, 0.05 * (kind == "groups and ridge"))
    bound = np.where((labels < 0) & (kind == "sparse groups"), 0.02, np.inf)
    if kind == "lone":
        return Rows(l1, l2, -bound, bound)
    return Rows(l1, l2, -bound, bound, norm=norm, groups=Groups.of(labels))


@pytest.mark.parametrize("kind", ["groups", "sparse groups", "groups and ridge", "lone"])
@pytest.mark.parametrize("predictors", PREDICTORS)
def test_the_minimum_is_that_on_the_gram(predictors, kind):
    rng = np.random.default_rng(0)
    for free_intercept in (False, True)[: 2 if predictors == "one" else 1]:
        own, gram, cols = model(rng, predictors, free_intercept)
        np.testing.assert_allclose(own.diagonal, np.diagonal(gram), atol=1e-14)
        c = gram @ rng.standard_normal(len(cols))
        rows = penalty(kind, cols, own.blocks.shape[0], 14, rng).times(0.2 * np.max(np.abs(c)))
        w = np.zeros(len(cols))
        for _ in range(3):  # cold, and warm from another strength
            q = c - gram @ w
            assert own.solve(q, w, rows, 1e-10) > 0
            np.testing.assert_allclose(q, c - gram @ w, atol=1e-13)
            assert violation(c - gram @ w, w, rows) <= 2e-10
            there = np.zeros(len(cols))
            solve_quadratic(gram.copy(), c.copy(), there, rows, 1e-10)

            def objective(at, c=c, gram=gram, rows=rows):
                return 0.5 * at @ gram @ at - c @ at + float(np.sum(rows.value(at)))

            assert objective(w) == pytest.approx(objective(there), abs=1e-9 * np.abs(c).max())
            rows = rows.times(0.4)


def test_a_kernel_that_runs_long_comes_back(monkeypatch):
    rng = np.random.default_rng(1)
    own, gram, cols = model(rng, "three coupled")
    c = gram @ rng.standard_normal(len(cols))
    rows = penalty("groups", cols, 3, 14, rng).times(0.05 * np.max(np.abs(c)))
    answers = []
    for long in (wide.LONG, 0):
        monkeypatch.setattr(wide, "LONG", long)
        w = np.zeros(len(cols))
        assert own.solve(c.copy(), w, rows, 1e-11) > 0
        answers.append(gram @ w)
    np.testing.assert_allclose(*answers, atol=1e-9)


def grid(kind):
    rng = np.random.default_rng(2)
    X = rng.standard_normal((45, 400))
    eta = X[:, :6] @ rng.standard_normal((6, 3))
    options = {"alphas": 8, "alpha_min_ratio": 0.1, "extend": False, "unpenalized": False, "tol": 1e-9}
    if kind.startswith("classes"):
        y = np.argmax(eta + rng.gumbel(size=eta.shape), axis=1)
        search = LinearClassifierCV(alphas=8, alpha_min_ratio=0.1, tol=1e-9, cv=folds(45), l1_ratio=(0.5, 1.0))
        return search.set_params(grouped_outputs=kind == "classes together").fit(X, y).result_
    if kind.startswith("targets"):
        y = eta + rng.standard_normal((45, 3))
        return fit_grid(X, y, folds(45), grouped_outputs=kind == "targets together", **options)
    loss = "squared" if kind == "groups" else "logistic"
    y = eta[:, 0] + rng.standard_normal(45)
    return fit_grid(
        X,
        y if loss == "squared" else (y > 0) * 1.0,
        folds(45),
        loss=loss,
        groups=np.arange(400) // 4,
        sparse_ratio=0.0 if loss == "squared" else 0.3,
        **options,
    )


@pytest.mark.parametrize(
    "kind", ["classes apart", "classes together", "targets apart", "targets together", "groups", "logistic groups"]
)
def test_a_path_on_columns_is_that_on_grams(monkeypatch, kind):
    asked = []
    suits = Wide.suits
    monkeypatch.setattr(Wide, "suits", staticmethod(lambda *given: asked.append(suits(*given)) or asked[-1]))
    columns = grid(kind)
    assert any(asked)
    monkeypatch.setattr(Wide, "suits", staticmethod(lambda *given: False))
    grams = grid(kind)
    assert columns.all_converged
    assert grams.all_converged
    np.testing.assert_allclose(columns.test_score, grams.test_score, rtol=2e-4)  # errors go with the root of the gap
