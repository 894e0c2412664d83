"""The tools that are measured, a small class each: fit the whole grid, time nothing but that, hand out any fit."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import numpy as np
from certify import Fit
from scipy import sparse
from workloads import ALL_DATA, Workload

Place = tuple[int, int, int]  # l1_ratio, alpha, fold; the fold ALL_DATA is the fit on all rows


@dataclass(frozen=True, eq=False)
class Answer:
    """What a tool returned, and how long it took."""

    seconds: float
    cv_error: np.ndarray | None = None  # (R, A), mean over folds of the held-out (y − η)² or log loss
    chosen: tuple[int, int] | None = None  # l1_ratio and alpha of the model that was refitted
    fits: Callable[[Sequence[Place]], dict[Place, Fit]] | None = None  # those of the places that the tool fitted


class Peer:
    """A tool with the settings it is measured with."""

    key = ""  # how the command line names it
    other_process = False  # then there is nothing to warm up in this one

    def label(self, workload: Workload) -> str:
        """What is run, by its own name."""
        raise NotImplementedError

    def suits(self, workload: Workload) -> bool:
        """Whether this is a tool for jobs of this kind at all."""
        return True

    def obstacle(self, workload: Workload) -> str:
        """Why a tool that one would expect is left out, as a sentence; empty where it is not."""
        return ""

    def prepare(self, workload: Workload) -> None:
        """What is not timed: files for another process."""

    def fit(self, workload: Workload, limit: float) -> Answer:
        """Do the job. Raises TimeoutError where the tool itself is stopped after ``limit`` seconds."""
        raise NotImplementedError

    def finish(self) -> None:
        """Undo what ``prepare`` made."""


class CrossProduct(Peer):
    """No tool but a yardstick: one product X'X in float64, by NumPy with all threads of its BLAS."""

    key = "shrinkwise"

    def label(self, workload: Workload) -> str:
        return "X.T @ X (yardstick)"

    def suits(self, workload: Workload) -> bool:
        n, p = workload.X.shape
        return n >= p and workload.loss == "squared" and not sparse.issparse(workload.X)

    def fit(self, workload: Workload, limit: float) -> Answer:
        begin = time.perf_counter()
        workload.X.T @ workload.X
        return Answer(time.perf_counter() - begin)


# ---- shrinkwise


class FitGrid(Peer):
    """The grid alone: every fold and all data, at every strength and mix."""

    key = "shrinkwise"

    def label(self, workload: Workload) -> str:
        return "shrinkwise fit_grid"

    def suits(self, workload: Workload) -> bool:
        return bool(workload.splits)

    def fit(self, workload: Workload, limit: float) -> Answer:
        from shrinkwise.grid import fit_grid

        strengths = workload.alphas[0] if len(workload.alphas) == 1 else workload.alphas.shape[1]
        begin = time.perf_counter()
        result = fit_grid(
            workload.X,
            workload.y,
            workload.splits,
            loss=workload.loss,
            l1_ratios=workload.l1_ratios,
            alphas=strengths,
            alpha_min_ratio=workload.alpha_min_ratio,
            standardize=False,
            extend=False,
            unpenalized=False,
        )
        seconds = time.perf_counter() - begin
        _require_same_grid(self.label(workload), workload, result.alphas)
        chosen = result.select("min")

        def fits(places: Sequence[Place]) -> dict[Place, Fit]:
            return {place: (result.coef(*place), result.intercept(*place)) for place in places}

        return Answer(seconds, result.mean, (chosen.ratio, chosen.index), fits)


class ShrinkwiseCV(Peer):
    """The estimator: the grid, the fit without a penalty, and the chosen model solved to a hundredth of tol."""

    key = "shrinkwise"

    def label(self, workload: Workload) -> str:
        return f"shrinkwise {'LinearRegressorCV' if workload.loss == 'squared' else 'LinearClassifierCV'}"

    def suits(self, workload: Workload) -> bool:
        return bool(workload.splits)

    def fit(self, workload: Workload, limit: float) -> Answer:
        from shrinkwise import LinearClassifierCV, LinearRegressorCV

        estimator = LinearRegressorCV if workload.loss == "squared" else LinearClassifierCV
        strengths = workload.alphas[0] if len(workload.alphas) == 1 else workload.alphas.shape[1]
        model = estimator(
            alphas=strengths,
            alpha_min_ratio=workload.alpha_min_ratio,
            l1_ratio=workload.l1_ratios,
            cv=workload.splits,
            rule="min",
            standardize=False,
        )
        begin = time.perf_counter()
        model.fit(workload.X, workload.y)
        seconds = time.perf_counter() - begin
        result = model.result_
        size = workload.alphas.shape[1]  # the estimator goes on by itself while the weakest strength is the best
        _require_same_grid(self.label(workload), workload, result.alphas[:, :size])
        chosen = result.select("min")
        best = (chosen.ratio, chosen.index, ALL_DATA)

        def fits(places: Sequence[Place]) -> dict[Place, Fit]:
            found = {place: (result.coef(*place), result.intercept(*place)) for place in places}
            if best in found:
                found[best] = np.ravel(model.coef_), float(np.ravel(model.intercept_)[0])
            return found

        inside = chosen.index < size
        return Answer(seconds, result.mean[:, :size], best[:2] if inside else None, fits)


class ShrinkwisePath(Peer):
    """What `fit_grid` runs, for no folds: one path on all rows."""

    key = "shrinkwise"

    def label(self, workload: Workload) -> str:
        return "shrinkwise path"

    def suits(self, workload: Workload) -> bool:
        return not workload.splits

    def fit(self, workload: Workload, limit: float) -> Answer:
        from shrinkwise.engines import LocalEngine
        from shrinkwise.engines.local import one_blas_thread
        from shrinkwise.losses import LOSSES
        from shrinkwise.path import Task, choose_route
        from shrinkwise.penalties import ElasticNet
        from shrinkwise.problem import power_of_two

        begin = time.perf_counter()
        n, unit = len(workload.y), power_of_two(workload.y) if workload.loss == "squared" else 1.0
        task = Task(
            X=workload.X,
            y=workload.y / unit,
            offset=0.0,
            weights=np.ones(n),
            counts=np.zeros((n, 0), dtype=np.int32),
            tests=(),
            loss=LOSSES[workload.loss],
            penalties=tuple(ElasticNet(float(mix)) for mix in workload.l1_ratios),
            unit=unit,
            fit_intercept=True,
            standardize=False,
            maps=None,
            tol=1e-6,
            engine=LocalEngine(),
            progress=lambda fits: None,
        )
        with one_blas_thread():
            block = choose_route(task)[0].advance(workload.alphas)
        seconds = time.perf_counter() - begin

        def fits(places: Sequence[Place]) -> dict[Place, Fit]:
            return {
                (ratio, index, fold): (block.coefs[ratio][-1][[index]].toarray()[0], block.intercepts[ratio, index, -1])
                for ratio, index, fold in places
            }

        return Answer(seconds, fits=fits)


# ---- scikit-learn


class SklearnCV(Peer):
    """LassoCV, or ElasticNetCV where there are several mixes; the defaults but for the number of iterations allowed."""

    key = "sklearn"
    max_iter = 100_000

    def __init__(self, n_jobs: int) -> None:
        self.n_jobs = n_jobs

    def label(self, workload: Workload) -> str:
        name = "LassoCV" if len(workload.l1_ratios) == 1 else "ElasticNetCV"
        return f"scikit-learn {name}, n_jobs={self.n_jobs}"

    def suits(self, workload: Workload) -> bool:
        return workload.loss == "squared" and bool(workload.splits)

    def fit(self, workload: Workload, limit: float) -> Answer:
        from sklearn.linear_model import ElasticNetCV, LassoCV

        common = {"cv": workload.splits, "n_jobs": self.n_jobs, "max_iter": self.max_iter}
        if len(workload.l1_ratios) == 1:
            model = LassoCV(alphas=workload.alphas[0], **common)
        else:
            model = ElasticNetCV(
                l1_ratio=workload.l1_ratios, alphas=workload.alphas.shape[1], eps=workload.alpha_min_ratio, **common
            )
        begin = time.perf_counter()
        model.fit(workload.X, workload.y)
        seconds = time.perf_counter() - begin
        _require_same_grid(self.label(workload), workload, np.atleast_2d(model.alphas_))
        errors = model.mse_path_.mean(axis=-1).reshape(workload.alphas.shape)
        chosen = smallest(errors)
        paths = _Paths(workload, self._path)

        def fits(places: Sequence[Place]) -> dict[Place, Fit]:
            found = {} if sparse.issparse(workload.X) else paths(places)  # enet_path centers no sparse columns
            if (*chosen, ALL_DATA) in places:
                found[(*chosen, ALL_DATA)] = model.coef_, float(model.intercept_)
            return found

        return Answer(seconds, errors, chosen, fits)

    def _path(self, X: np.ndarray, y: np.ndarray, l1_ratio: float, alphas: np.ndarray) -> np.ndarray:
        """What the CV class runs in each fold and does not keep."""
        from sklearn.linear_model import enet_path

        return enet_path(X, y, l1_ratio=l1_ratio, alphas=alphas, max_iter=self.max_iter)[1]


class SklearnLogisticCV(Peer):
    """LogisticRegressionCV by saga, the one solver of scikit-learn 1.9 with an L1 penalty and a free intercept.

    Its C is 1/(αn) with the n of each fit, so that its folds are fitted at other strengths than its refit: the chosen
    model alone can be compared.
    """

    key = "sklearn"

    def label(self, workload: Workload) -> str:
        return "scikit-learn LogisticRegressionCV, saga"

    def suits(self, workload: Workload) -> bool:
        return workload.loss == "logistic" and bool(workload.splits)

    def fit(self, workload: Workload, limit: float) -> Answer:
        from sklearn.linear_model import LogisticRegressionCV

        model = LogisticRegressionCV(
            Cs=1 / (workload.alphas[0] * len(workload.y)),
            l1_ratios=workload.l1_ratios,
            solver="saga",
            cv=workload.splits,
            scoring="neg_log_loss",
            max_iter=1000,
            random_state=0,
            use_legacy_attributes=False,
        )
        begin = time.perf_counter()
        model.fit(workload.X, workload.y)
        seconds = time.perf_counter() - begin
        alpha = 1 / (np.ravel(model.C_)[0] * len(workload.y))
        chosen = 0, int(np.argmin(np.abs(workload.alphas[0] - alpha)))
        refit = model.coef_[0], float(model.intercept_[0])

        def fits(places: Sequence[Place]) -> dict[Place, Fit]:
            return {place: refit for place in places if place == (*chosen, ALL_DATA)}

        return Answer(seconds, None, chosen, fits)


# ---- celer


class Celer(Peer):
    """A loop of celer_path over folds and mixes: celer 0.7.4's CV classes cannot be constructed on scikit-learn 1.9.

    Centering, held-out errors and the path on all data are part of the job and of its time; tol is that of LassoCV.
    """

    key = "celer"
    tol = 1e-4

    def label(self, workload: Workload) -> str:
        return "celer_path in a loop" if workload.splits else "celer_path"

    def obstacle(self, workload: Workload) -> str:
        if workload.loss == "logistic":
            return "celer's logistic regression has no intercept: another problem"
        if sparse.issparse(workload.X):
            return "celer_path centers no sparse columns: another problem than with an intercept"
        return "" if _installed("celer") else "celer is not installed: pip install celer"

    def fit(self, workload: Workload, limit: float) -> Answer:
        paths = _Paths(workload, self._path)
        errors = np.zeros(workload.alphas.shape)
        begin = time.perf_counter()
        for ratio in range(len(workload.l1_ratios)):
            for fold, (_, test) in enumerate(workload.splits):
                coefs, intercepts = paths.path(ratio, fold)
                residual = workload.y[test, None] - workload.X[test] @ coefs - intercepts
                errors[ratio] += np.mean(residual**2, axis=0) / len(workload.splits)
        chosen = smallest(errors) if workload.splits else None
        paths.path(chosen[0] if chosen else 0, ALL_DATA)
        return Answer(time.perf_counter() - begin, errors if chosen else None, chosen, paths)

    def _path(self, X: np.ndarray, y: np.ndarray, l1_ratio: float, alphas: np.ndarray) -> np.ndarray:
        from celer import celer_path

        return celer_path(X, y, "lasso", alphas=alphas, l1_ratio=l1_ratio, tol=self.tol, prune=True)[1]


# ---- glum


class Glum(Peer):
    """GeneralizedLinearRegressorCV with its defaults."""

    key = "glum"

    def label(self, workload: Workload) -> str:
        return "glum GeneralizedLinearRegressorCV"

    def obstacle(self, workload: Workload) -> str:
        n, p = workload.X.shape
        if not workload.splits:
            return "glum's paths are those of its CV class"
        if n < p:
            return f"glum builds a Hessian of {p} × {p} for every fit: it is not meant for wide tables"
        return "" if _installed("glum") else "glum is not installed: pip install glum"

    def fit(self, workload: Workload, limit: float) -> Answer:
        from glum import GeneralizedLinearRegressorCV

        if len(workload.l1_ratios) == 1:
            grid = {"alphas": workload.alphas[0], "l1_ratio": float(workload.l1_ratios[0])}
        else:
            grid = {"n_alphas": workload.alphas.shape[1], "min_alpha_ratio": workload.alpha_min_ratio}
            grid["l1_ratio"] = workload.l1_ratios.tolist()
        family = "normal" if workload.loss == "squared" else "binomial"
        model = GeneralizedLinearRegressorCV(family=family, cv=workload.splits, n_jobs=1, **grid)
        begin = time.perf_counter()
        model.fit(workload.X, workload.y)
        seconds = time.perf_counter() - begin
        _require_same_grid(self.label(workload), workload, np.atleast_2d(model.alphas_))
        errors = model.deviance_path_.mean(axis=0) / (1 if workload.loss == "squared" else 2)
        chosen = smallest(errors)

        def fits(places: Sequence[Place]) -> dict[Place, Fit]:
            """On all data the chosen model; the rest of that path it does not publish."""
            found = {}
            for ratio, index, fold in places:
                if fold != ALL_DATA:
                    cell = fold, ratio, index
                    found[ratio, index, fold] = model.coef_path_[cell], float(np.ravel(model.intercept_path_[cell])[0])
                elif (ratio, index) == chosen:
                    found[ratio, index, fold] = model.coef_, float(model.intercept_)
            return found

        return Answer(seconds, errors, chosen, fits)


# ---- what they share


class _Paths:
    """Paths on centered data, solved when first asked for, with the intercepts that centering takes out."""

    def __init__(
        self, workload: Workload, solve: Callable[[np.ndarray, np.ndarray, float, np.ndarray], np.ndarray]
    ) -> None:
        self.workload, self.solve = workload, solve
        self.known: dict[tuple[int, int], tuple[np.ndarray, np.ndarray]] = {}

    def path(self, ratio: int, fold: int) -> tuple[np.ndarray, np.ndarray]:
        """Coefficients (p, A) and intercepts (A,)."""
        if (ratio, fold) not in self.known:
            X, y = self.workload.training(fold)
            center, mean = X.mean(axis=0), y.mean()
            mix, alphas = float(self.workload.l1_ratios[ratio]), self.workload.alphas[ratio]
            coefs = self.solve(np.asfortranarray(X - center), y - mean, mix, alphas)
            self.known[ratio, fold] = coefs, mean - center @ coefs
        return self.known[ratio, fold]

    def __call__(self, places: Sequence[Place]) -> dict[Place, Fit]:
        found = {}
        for ratio, index, fold in places:
            coefs, intercepts = self.path(ratio, fold)
            found[ratio, index, fold] = coefs[:, index], float(intercepts[index])
        return found


def _require_same_grid(label: str, workload: Workload, alphas: np.ndarray) -> None:
    if not np.allclose(alphas, workload.alphas, rtol=1e-9, atol=0):
        raise RuntimeError(f"{label} fitted another grid than the rest: {alphas.ravel()[:3]} …")


def smallest(errors: np.ndarray) -> tuple[int, int]:
    ratio, index = np.unravel_index(int(np.nanargmin(errors)), errors.shape)
    return int(ratio), int(index)


def _installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
