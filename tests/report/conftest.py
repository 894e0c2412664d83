"""Reports on real data, from grids that scikit-learn fitted, and names that attack."""

import dataclasses
import os

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.linear_model import LinearRegression, LogisticRegression, enet_path

from shrinkwise.diagnosis.overfit import overfit_verdict
from shrinkwise.grid import fit_grid
from shrinkwise.report import ReportInput
from shrinkwise.result import GridResult, Unpenalized
from tests.report.chromium import BINARY, chromium

HOSTILE = (
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "x" * 10_000,
    "\u202egnp.exe",
    "🙂👨\u200d👩\u200d👧 smile",
    "two\nlines\r\nand\ttabs",
    "\x00\x1b[31mred\x1b[0m",
    "[bold red]markup[/] :boom:",
    "</title></style></svg>",
    "日本語の長い名前" * 8,
    "مرحبا بالعالم",
    "",
    " ",
    "\ud800 alone",
    "Z" + "\u0335\u0321\u031b" * 30 + "algo",
    "&amp; &#x3C;",
)


def diabetes64():
    """The 64 features of Efron et al. 2004: 10 measures, 9 squares, 45 products."""
    data = load_diabetes(scaled=False)
    X, names = data.data, list(data.feature_names)
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    columns, labels = [X], names[:]
    for i in range(10):
        for j in range(i, 10):
            if i == j == 1:
                continue  # sex has no square
            columns.append((Z[:, i] * Z[:, j])[:, None])
            labels.append(f"{names[i]}^2" if i == j else f"{names[i]}:{names[j]}")
    return np.hstack(columns), data.target, tuple(labels)


def squared_grid(X, y, names, l1_ratios=(0.1, 0.5, 1.0), n_alphas=60, folds=5, unpenalized=True, seed=0):
    """A GridResult as shrinkwise would make it, fitted by scikit-learn."""
    rng = np.random.default_rng(seed)
    n = len(y)
    fold = rng.permutation(n) % folds
    splits = [(fold != k, fold == k) for k in range(folds)] + [(np.ones(n, bool), np.zeros(n, bool))]
    center, scale = X.mean(axis=0), X.std(axis=0)
    safe = np.where(scale > 0, scale, 1)
    top = np.max(np.abs(((X - center) / safe).T @ (y - y.mean()))) / n
    shape = (len(l1_ratios), n_alphas, folds)
    train, test, fits = np.empty(shape), np.empty(shape), (*shape[:2], folds + 1)
    intercepts, gaps, coefs, alphas = np.empty(fits), np.empty(fits), [], np.empty(shape[:2])
    for r, l1_ratio in enumerate(l1_ratios):
        alphas[r] = top / l1_ratio * np.geomspace(1, 1e-3, n_alphas)
        row = []
        for k, (inside, outside) in enumerate(splits):
            mean, sd = X[inside].mean(axis=0), X[inside].std(axis=0)
            sd = np.where(sd > 0, sd, 1)
            level = y[inside].mean()
            _, path, gap = enet_path(
                (X[inside] - mean) / sd,
                y[inside] - level,
                l1_ratio=l1_ratio,
                alphas=alphas[r],
                tol=1e-3,
                max_iter=20_000,
            )
            path = path / sd[:, None]
            intercepts[r, :, k] = level - mean @ path
            gaps[r, :, k] = np.abs(gap) / np.sum((y - y.mean()) ** 2) * 1e-3
            row.append(sparse.csr_array(path.T))
            if k < folds:
                eta = X @ path + intercepts[r, :, k]
                loss = (y[:, None] - eta) ** 2
                train[r, :, k], test[r, :, k] = loss[inside].mean(axis=0), loss[outside].mean(axis=0)
        coefs.append(tuple(row))
    free = None
    if unpenalized:
        scores = []
        for inside, outside in splits[:folds]:
            loss = (y - LinearRegression().fit(X[inside], y[inside]).predict(X)) ** 2
            scores.append((loss[inside].mean(), loss[outside].mean()))
        full = LinearRegression().fit(X, y)
        free = Unpenalized(*np.array(scores).T, full.coef_, float(full.intercept_), 1e-12, True)
    return GridResult(
        loss="squared",
        metric="mean squared error",
        l1_ratios=np.array(l1_ratios),
        alphas=alphas,
        train_score=train,
        test_score=test,
        fold_weights=np.bincount(fold) / n,
        coefs=tuple(coefs),
        intercepts=intercepts,
        gaps=gaps,
        converged=np.ones(fits, dtype=bool),
        n_iter=np.full(fits, 7),
        null_score=np.array([np.mean((y[out] - y[ins].mean()) ** 2) for ins, out in splits[:folds]]),
        unpenalized=free,
        feature_names=tuple(names),
        center=center,
        scale=scale,
        target_scale=float(y.std()),
        n_samples=n,
        tol=1e-6,
        standardize=True,
        extended=True,
    )


def logistic_grid(n_alphas=20, folds=4):
    """Breast cancer: an easy, nearly separable problem whose unpenalized fit explodes."""
    data = load_breast_cancer()
    keep = np.random.default_rng(0).permutation(len(data.target))[:200]
    X, y = data.data[keep], data.target[keep]
    n, p = X.shape
    center, scale = X.mean(axis=0), X.std(axis=0)
    Z = (X - center) / scale
    fold = np.arange(n) % folds
    alphas = (np.max(np.abs(Z.T @ (y - y.mean()))) / n * np.geomspace(1, 1e-3, n_alphas))[None]
    train, test = np.empty((1, n_alphas, folds)), np.empty((1, n_alphas, folds))
    intercepts, rows = np.empty((1, n_alphas, folds + 1)), []
    for k in range(folds + 1):
        inside, path = (fold != k), []
        for a, alpha in enumerate(alphas[0]):
            fit = LogisticRegression(
                C=1 / alpha / inside.sum(), l1_ratio=1, solver="liblinear", tol=1e-6, random_state=0
            )
            fit.fit(Z[inside], y[inside])
            coef = fit.coef_[0] / scale
            path.append(coef)
            intercepts[0, a, k] = fit.intercept_[0] - center @ coef
            if k < folds:
                eta = X @ coef + intercepts[0, a, k]
                loss = np.logaddexp(0, eta) - y * eta
                train[0, a, k], test[0, a, k] = loss[inside].mean(), loss[~inside].mean()
        rows.append(sparse.csr_array(np.array(path)))
    fits = intercepts.shape
    return GridResult(
        loss="logistic",
        metric="log loss",
        l1_ratios=np.array([1.0]),
        alphas=alphas,
        train_score=train,
        test_score=test,
        fold_weights=np.full(folds, 1 / folds),
        coefs=(tuple(rows),),
        intercepts=intercepts,
        gaps=np.full(fits, 1e-9),
        converged=np.ones(fits, dtype=bool),
        n_iter=np.full(fits, 7),
        null_score=np.full(folds, 0.66),
        unpenalized=Unpenalized(
            np.zeros(folds), np.full(folds, np.inf), np.zeros(p), 0.0, np.inf, False, "the classes are separable"
        ),
        feature_names=tuple(map(str, data.feature_names)),
        center=center,
        scale=scale,
        target_scale=1.0,
        n_samples=n,
        tol=1e-6,
        standardize=True,
        classes=("malignant", "benign"),
    )


def report_on(result, rule="1se", **changes):
    values = {
        "title": "Disease progression after a year",
        "result": result,
        "rule": rule,
        "verdict": overfit_verdict(result, rule),
        "notes": ("All 64 columns are numbers; nothing is missing.", "The target is numeric: regression is assumed."),
        "target": "y",
        "task": "classification" if result.classes else "regression",
        "source": "examples/diabetes64.csv",
        "created": "2025-11-22T20:30:00+00:00",
        "command": "shrinkwise fit examples/diabetes64.csv --target y --folds 5 --seed 0 --out demo",
        "versions": {"shrinkwise": "0.1.0", "python": "3.11.2", "numpy": "2.4.0", "scipy": "1.17.0"},
        "certificate": {},
        "seed": 0,
    }
    return ReportInput(**(values | changes))


def without(result, **changes):
    return dataclasses.replace(result, **changes)


@pytest.fixture(scope="module")
def browser():
    if BINARY is None and not os.environ.get("CI"):
        pytest.skip("no chromium binary on this machine")
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="session")
def diabetes():
    X, y, names = diabetes64()
    return squared_grid(X, y, names)


@pytest.fixture(scope="session")
def cancer():
    return logistic_grid()


@pytest.fixture(scope="session")
def hostile():
    rng = np.random.default_rng(5)
    names = HOSTILE + tuple(f"{HOSTILE[2]}{i}" for i in range(64 - len(HOSTILE) - 1)) + ("constant \x1b[0m<b>",)
    X = rng.normal(size=(90, 64))
    X[:, -1] = 3
    y = X[:, :20] @ rng.normal(size=20) + rng.normal(size=90)
    return squared_grid(X, y, names, n_alphas=40, folds=4)


def classified(X, codes, names, features, **options):
    fold = np.random.default_rng(0).permutation(len(X)) % 5
    splits = [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(5)]
    return fit_grid(
        X,
        np.eye(len(names))[codes],
        splits,
        loss=f"multinomial:{len(names)}",
        alphas=20,
        l1_ratios=(0.5, 1.0),
        classes=names,
        feature_names=features,
        **options,
    )


@pytest.fixture(scope="session")
def iris():
    data = load_iris()
    return classified(data.data, data.target, list(data.target_names), data.feature_names)


@pytest.fixture(scope="session")
def crowd(iris):
    """30 classes and 2 000 features, all nonzero, with names that attack."""
    rng, classes, features = np.random.default_rng(0), 30, 2000
    names = tuple(f"{HOSTILE[k % len(HOSTILE)]}{k}" for k in range(classes))
    growth = np.linspace(0, 1, iris.alphas.shape[1])[:, None]
    line = (sparse.csr_array(growth * rng.normal(size=classes * features)),) * (iris.n_folds + 1)
    return dataclasses.replace(
        iris,
        loss=f"multinomial:{classes}",
        classes=names,
        outputs=names,
        coefs=(line,) * len(iris.l1_ratios),
        intercepts=rng.normal(size=(*iris.gaps.shape, classes)),
        feature_names=tuple(f"{HOSTILE[j % len(HOSTILE)]}{j}" for j in range(features)),
        center=np.zeros(features),
        scale=rng.uniform(0.5, 2, features),
        unpenalized=None,
    )
