"""How much do fits move from fold to fold? Their coefficients, predictions and scores, over λ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shrinkwise.diagnosis.percent import percent
from shrinkwise.exceptions import UsageError
from shrinkwise.result import GridResult

Array = NDArray[np.float64]

ROWS = 500  # of X that stand for all: a mean over them is within 1/√500 of that over more


@dataclass(frozen=True, eq=False)
class FitStability:
    """How far the fits of the folds (and seeds) lie apart, over the grid.

    Attributes
    ----------
    sentence : str
    strengths : ndarray of shape (R, A)
    coef_spread : ndarray of shape (R, A)
        sqrt(Σⱼ Varₖ(wⱼₖ)) / sqrt(Σⱼ w̄ⱼ²), of standardized coefficients, w̄ their mean over folds; of networks the norms
        of inputs. 0 where no fold has any, not a number with a single fold or where a network diverged.
    prediction_spread : ndarray of shape (R, A), or None
        sqrt(meanᵢ Varₖ(ηᵢₖ)) / sd(η̄ᵢ), over rows i. None where no rows were given: coefficients do not tell, as those
        of correlated features move and leave the predictions where they are.
    score_spread : ndarray of shape (R, A)
        sd of the held-out scores over folds, relative to the size of their mean.
    seed_spread : ndarray of shape (R, A), or None
        As ``coef_spread``, of the seeds of a fold alone; of networks trained from several seeds.
    frequency : ndarray of shape (p,)
        Share of the folds (and seeds) whose fit at the rule's cell has the feature in. Training sets of folds share
        most of their rows, so that this flatters; `stability_selection` does not.
    """

    sentence: str
    strengths: Array
    coef_spread: Array
    prediction_spread: Array | None
    score_spread: Array
    seed_spread: Array | None
    frequency: Array


def fit_stability(result: GridResult, X: Any = None, rule: str = "1se") -> FitStability:
    """Spread of coefficients, predictions and scores over the folds, at every strength and mix.

    Parameters
    ----------
    result : GridResult
    X : array or sparse matrix of shape (m, p), optional
        Rows for which the folds' linear predictors are compared, in the columns of the result; no more than 500 of
        them, evenly spaced, are used. Of networks none.
    rule : str
        The cell that the sentence speaks of, and whose features are counted.

    Returns
    -------
    FitStability

    Raises
    ------
    UsageError
        If X has other columns than the result.

    Notes
    -----
    Training sets of K folds share (K − 2)/(K − 1) of their rows: the spread says which fits move more than others,
    and is less than that between new samples.
    """
    chosen = result.select(rule)
    rows = None if X is None or result.network is not None else _rows(X, len(result.feature_names))
    with np.errstate(invalid="ignore", over="ignore"):
        coefs = np.array([_coef_spread(list(_standardized(result, line))) for line in range(len(result.alphas))])
        scores = _relative(np.var(result.test_score, axis=2, ddof=result.n_folds > 1), np.abs(result.mean) ** 2)
        seeds = _seed_spread(result)
    predictions = None if rows is None else np.array([_prediction_spread(result, k, rows) for k in range(len(coefs))])
    usable = _usable(result)
    inside = [result.support(chosen.ratio, chosen.index, k) for k in range(result.n_folds)]
    coefs, scores = np.where(usable, coefs, np.nan), np.where(usable, scores, np.nan)
    return FitStability(
        sentence=_sentence(result, chosen.ratio, chosen.index, coefs, predictions),
        strengths=np.array(result.alphas),
        coef_spread=coefs,
        prediction_spread=None if predictions is None else np.where(usable, predictions, np.nan),
        score_spread=scores,
        seed_spread=None if seeds is None else np.where(usable, seeds, np.nan),
        frequency=np.mean(inside, axis=0),
    )


def _usable(result: GridResult) -> NDArray[np.bool_]:
    """Cells (R, A) whose spread is a number: more than one fold, of networks none diverged."""
    if result.n_folds < 2:
        return np.zeros(result.alphas.shape, dtype=bool)
    return np.ones(result.alphas.shape, dtype=bool) if result.network is None else np.all(result.converged, axis=2)


def _standardized(result: GridResult, line: int) -> Iterator[sparse.csr_array]:
    """Coefficients (A, p), or (A, pK), of each fold for columns of sd 1; of networks as they are."""
    for path in result.coefs[line][: result.n_folds]:
        scale = np.repeat(result.scale, path.shape[1] // len(result.scale))
        yield path if result.network is not None else sparse.csr_array(path.multiply(scale))


def _coef_spread(paths: Sequence[sparse.csr_array]) -> Array:
    """sqrt(Σⱼ Varₖ) / sqrt(Σⱼ w̄ⱼ²) at each strength, (A,)."""
    mean = _mean(paths)
    return _relative(_variance(paths, mean), _squares(mean))


def _seed_spread(result: GridResult) -> Array | None:
    """`_coef_spread` of the seeds within a fold, averaged over folds: fits of a fold lie K folds apart."""
    if result.network is None or result.network.seeds < 2:
        return None
    folds, lines = result.n_folds // result.network.seeds, []
    for line in range(len(result.alphas)):
        paths = list(_standardized(result, line))
        alike = [paths[fold::folds] for fold in range(folds)]
        variance = np.mean([_variance(own, _mean(own)) for own in alike], axis=0)
        lines.append(_relative(variance, _squares(_mean(paths))))
    return np.array(lines)


def _mean(paths: Sequence[sparse.csr_array]) -> sparse.csr_array:
    total = paths[0]
    for path in paths[1:]:
        total = total + path
    return total / len(paths)


def _variance(paths: Sequence[sparse.csr_array], mean: sparse.csr_array) -> Array:
    """Variances over the paths, summed over the features, (A,)."""
    return np.asarray(np.sum([_squares(path - mean) for path in paths], axis=0) / max(1, len(paths) - 1))


def _squares(path: sparse.csr_array) -> Array:
    return np.asarray(path.multiply(path).sum(axis=1)).ravel()


def _relative(variance: Array, square: Array) -> Array:
    """sqrt(variance / square); what does not vary about zero has spread 0."""
    ratio = np.divide(variance, square, out=np.where(variance > 0, np.inf, 0.0), where=square > 0)
    return np.asarray(np.sqrt(ratio))


def _rows(X: Any, p: int) -> Array:
    if np.ndim(X) != 2 or X.shape[1] != p:
        raise UsageError(f"X must have the {p} columns of the result, got shape {np.shape(X)}")
    n = X.shape[0]
    picked = np.unique(np.linspace(0, n - 1, min(n, ROWS)).astype(np.intp))
    found = X.tocsr()[picked].toarray() if sparse.issparse(X) else X[picked]
    return np.asarray(found, dtype=np.float64)


def _prediction_spread(result: GridResult, line: int, rows: Array) -> Array:
    """sqrt(meanᵢ Varₖ(ηᵢₖ)) / sd(η̄ᵢ) at each strength of a line, (A,); outputs count as rows."""
    outputs = 1 if result.outputs is None else len(result.outputs)
    intercepts = result.intercepts[line].reshape(*result.intercepts.shape[1:3], outputs)
    variance, square = np.zeros(result.alphas.shape[1]), np.zeros(result.alphas.shape[1])
    for output in range(outputs):
        paths = [path[:, output::outputs] for path in result.coefs[line][: result.n_folds]]
        eta = np.array([path @ rows.T + intercepts[:, k, [output]] for k, path in enumerate(paths)])
        variance += np.mean(np.var(eta, axis=0, ddof=len(eta) > 1), axis=1)
        square += np.var(np.mean(eta, axis=0), axis=1)
    null = np.sum([np.diff(path.indptr) for path in result.coefs[line][:-1]], axis=0) == 0
    return np.where(null, 0.0, _relative(variance, square))


def _sentence(result: GridResult, ratio: int, index: int, coefs: Array, predictions: Array | None) -> str:
    if result.n_folds < 2:
        return "A single fold does not say how much fits move."
    what = "coefficients" if result.network is None else "norms of the inputs"
    over = "folds" if result.network is None or result.network.seeds < 2 else "folds and seeds"
    more = "" if predictions is None else f", its predictions by {percent(predictions[ratio, index])} of theirs"
    words = f"Over the {over} the {what} of the chosen fit move by {percent(coefs[ratio, index])} of their size{more}"
    best = _best_of_mixes(result)
    if len(best) < 2:
        return f"{words}."
    shares = ", ".join(f"{percent(coefs[cell])} ({name})" for name, cell in best.items())
    return f"{words}; of each mix at its lowest error by {shares}."


def _best_of_mixes(result: GridResult) -> dict[str, tuple[int, int]]:
    """The cell with the lowest error of each mix, of networks of each l2, by name."""
    best: dict[str, tuple[int, int]] = {}
    mean = np.where(np.isfinite(result.mean) & _usable(result), result.mean, np.inf)
    for line, errors in enumerate(mean):
        cell = line, int(np.argmin(errors))
        name = f"l1_ratio {result.l1_ratios[line]:g}" if result.network is None else f"l2 {result.network.l2[line]:g}"
        if np.isfinite(mean[cell]) and (name not in best or mean[cell] < mean[best[name]]):
            best[name] = cell
    return best
