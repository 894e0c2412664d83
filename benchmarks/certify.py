"""How far an answer is from the optimum, from the definition: NumPy alone, no line of any tool that is measured.

    P(w, b) = (1/n) Σ ℓ(yᵢ, xᵢ·w + b) + α ( r‖w‖₁ + (1 − r)/2 ‖w‖² )
    D(θ)    = −(1/n) Σ ℓ*(yᵢ, −θᵢ) − Σⱼ h*(xⱼ·θ / n)         Σ θ = 0 (the intercept)
    h*(q)   = (|q| − αr)₊² / (2α(1 − r)),  for r = 1: 0 where |q| ≤ α, else ∞

Weak duality: D(θ) ≤ min P for every θ, whoever found it. So each answer offers a dual point, the best of them is made
better still by solving its support exactly, and the gap of every answer is P(answer) − max D, relative to the loss of
the intercept-only model. A loose bound of one's own can thus not make a good answer look bad.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import sparse

Fit = tuple[np.ndarray, float]  # coefficients (p,) and intercept

LARGEST_SUPPORT = 600  # beyond it the linear system of the polish costs more than it tells


@dataclass(frozen=True, eq=False)
class Cell:
    """The problem of one strength and mix on one set of training rows."""

    X: np.ndarray | sparse.csc_array
    y: np.ndarray
    loss: str
    alpha: float
    l1_ratio: float

    @property
    def l1(self) -> float:
        return self.alpha * self.l1_ratio

    @property
    def l2(self) -> float:
        return self.alpha * (1 - self.l1_ratio)

    def mean_loss(self, eta: np.ndarray) -> float:
        if self.loss == "squared":
            return float(np.mean((self.y - eta) ** 2) / 2)
        return float(np.mean(np.logaddexp(0.0, eta) - self.y * eta))

    def null_loss(self) -> float:
        mean = self.y.mean()
        return self.mean_loss(np.full_like(self.y, mean if self.loss == "squared" else np.log(mean / (1 - mean))))

    def objective(self, fit: Fit) -> float:
        """P(w, b), with the intercept that was returned."""
        coef, intercept = fit
        penalty = self.l1 * np.abs(coef).sum() + self.l2 / 2 * (coef @ coef)
        return self.mean_loss(self.X @ coef + intercept) + float(penalty)

    def residual(self, eta: np.ndarray) -> np.ndarray:
        """θ = −dℓ/dη at the best intercept, so that Σ θ = 0."""
        if self.loss == "squared":
            theta = self.y - eta
            return theta - theta.mean()
        shift = 0.0
        for _ in range(50):
            mu = _sigmoid(eta + shift)
            step = np.sum(self.y - mu) / np.sum(mu * (1 - mu))
            shift += step
            if abs(step) < 1e-15:
                break
        return self.y - _sigmoid(eta + shift)

    def dual(self, theta: np.ndarray) -> float:
        """The largest D(sθ) over a few factors s in [0, 1]; sθ is feasible for all of them where r < 1."""
        g = self.X.T @ theta / len(self.y)
        largest = np.max(np.abs(g), initial=0.0)
        feasible = min(1.0, self.l1 / largest) if largest > 0 else 1.0
        factors = [feasible]
        if self.l2 > 0:
            factors += [feasible + (1 - feasible) * share for share in (0.5, 0.9, 0.99, 1.0)]
        return max(self._dual_at(factor, theta, g) for factor in factors)

    def _dual_at(self, factor: float, theta: np.ndarray, g: np.ndarray) -> float:
        excess = np.maximum(factor * np.abs(g) - self.l1, 0)
        conjugate = excess @ excess / (2 * self.l2) if self.l2 > 0 else 0.0
        if self.loss == "squared":
            centered = self.y - self.y.mean()
            return float(factor * np.mean(theta * centered) - factor**2 * np.mean(theta**2) / 2 - conjugate)
        mu = self.y - factor * theta
        return float(-np.mean(_xlogx(mu) + _xlogx(1 - mu)) - conjugate)

    def polished(self, fit: Fit) -> np.ndarray | None:
        """θ of the exact minimum over the support of a fit, its signs held; None where the support is too large."""
        support = np.flatnonzero(fit[0])
        if not len(support) or len(support) > LARGEST_SUPPORT:
            return None
        columns = self.X[:, support]
        columns = columns.toarray() if sparse.issparse(columns) else columns
        Z = np.column_stack([np.ones(len(self.y)), columns])
        pull = np.concatenate([[0.0], self.l1 * np.sign(fit[0][support])])
        ridge = np.diag(np.concatenate([[0.0], np.full(len(support), self.l2)]))
        beta = np.concatenate([[fit[1]], fit[0][support]])
        for _ in range(1 if self.loss == "squared" else 6):  # Newton; for the squared loss one step is exact
            eta = Z @ beta
            mu = eta if self.loss == "squared" else _sigmoid(eta)
            curvature = np.ones_like(mu) if self.loss == "squared" else mu * (1 - mu)
            gradient = Z.T @ (mu - self.y) / len(self.y) + ridge @ beta + pull
            hessian = (Z * curvature[:, None]).T @ Z / len(self.y) + ridge
            beta = beta - np.linalg.lstsq(hessian, gradient)[0]
        return self.residual(Z @ beta)


def gaps(cell: Cell, fits: Mapping[str, Fit]) -> dict[str, float]:
    """Gap of each answer relative to the loss of the intercept-only model; ∞ for coefficients that are not finite."""
    sound = {name: fit for name, fit in fits.items() if np.all(np.isfinite(fit[0])) and np.isfinite(fit[1])}
    found = dict.fromkeys(fits, np.inf)
    if not sound:
        return found
    objectives = {name: cell.objective(fit) for name, fit in sound.items()}
    bound = max(cell.dual(cell.residual(cell.X @ coef + intercept)) for coef, intercept in sound.values())
    polished = cell.polished(sound[min(objectives, key=objectives.__getitem__)])
    if polished is not None:
        bound = max(bound, cell.dual(polished))
    null_loss = cell.null_loss()
    return found | {name: (objective - bound) / null_loss for name, objective in objectives.items()}


def _sigmoid(eta: np.ndarray) -> np.ndarray:
    e = np.exp(-np.abs(eta))
    return np.where(eta >= 0, 1.0, e) / (1 + e)


def _xlogx(q: np.ndarray) -> np.ndarray:
    inside = np.clip(q, 0.0, 1.0)
    return inside * np.log(np.where(inside > 0, inside, 1.0))
