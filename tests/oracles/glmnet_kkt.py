"""How far a fit of glmnet's is from a stationary point of the objective as we write it: the translation, proven."""

import numpy as np

HAIR = 1 - 1e-12  # a bound comes back from standardized columns with its last digit changed


def gradient(fit):
    """−dℓ/dη of every row, summed with the weights against the columns: (p, responses), and against 1."""
    eta = fit.X @ np.atleast_2d(fit.coef).T + fit.intercept
    if fit.offset is not None:
        eta = eta + fit.offset[:, None]
    y = fit.y if fit.y.ndim == 2 else fit.y[:, None]
    if fit.family == "cox":
        residual = _cox_residual(fit, eta[:, 0])[:, None]
    elif fit.family == "multinomial":
        odds = np.exp(eta - eta.max(axis=1, keepdims=True))
        residual = (y == np.arange(odds.shape[1])) - odds / odds.sum(axis=1, keepdims=True)
    else:
        mean = {"binomial": lambda t: 1 / (1 + np.exp(-t)), "poisson": np.exp}.get(fit.family, lambda t: t)
        residual = y - mean(eta)
    weighted = fit.weights[:, None] * residual
    return fit.X.T @ weighted, weighted.sum(axis=0)


def _cox_residual(fit, eta):
    """Martingale residuals δᵢ − e^ηᵢ Σ over events at times tⱼ ≤ tᵢ of its stratum of sⱼ/Σ_{tₖ ≥ tⱼ} sₖ e^ηₖ."""
    time, event, stratum = fit.y.T
    risk = fit.weights * np.exp(eta)
    at_risk = (time[:, None] <= time) & (stratum[:, None] == stratum)  # row j: who is at risk at tⱼ
    hazard = event * fit.weights / (at_risk @ risk)
    return event - np.exp(eta) * (at_risk.T @ hazard)


def violation(fit):
    """The largest distance of the gradient from the subdifferential of the penalty, for standardized columns."""
    q, intercept = gradient(fit)
    q = (q.T / fit.scale).T
    w = np.atleast_2d(fit.coef).T * fit.scale[:, None]
    l1 = fit.alpha * fit.l1_ratio * fit.penalty_weights[:, None]
    l2 = fit.alpha * (1 - fit.l1_ratio) / fit.ridge_unit * fit.penalty_weights[:, None]
    size = np.linalg.norm(w, axis=1, keepdims=True) if fit.grouped else np.abs(w)
    direction = np.divide(w, size, out=np.zeros_like(w), where=size > 0)
    slope = q - l2 * w - l1 * direction
    over = np.linalg.norm(q, axis=1, keepdims=True) if fit.grouped else np.abs(q)
    away = np.where(size > 0, np.abs(slope), np.maximum(over - l1, 0))
    raw = np.atleast_2d(fit.coef).T
    at_lower, at_upper = (
        raw <= fit.lower * HAIR,
        raw >= fit.upper * HAIR,
    )  # a bound may hold what the slope pulls outward
    pull = np.where(size > 0, slope, np.sign(q) * np.maximum(np.abs(q) - l1, 0))
    away = np.where(at_lower, np.maximum(pull, 0), np.where(at_upper, np.maximum(-pull, 0), away))
    free = np.abs(intercept).max() if fit.fit_intercept else 0.0
    return max(free, float(away.max()))
