"""Penalized problems of several outputs from their definition, solved by accelerated proximal gradient steps.

    (1/Σs) Σᵢ sᵢ ℓ(yᵢ, ηᵢ) + α Σⱼ πⱼ Ω(wⱼ),   η = b + Xw,   y and η of shape (n, K), w of shape (p, K)

Ω(wⱼ) = Σ_c r|wⱼc| + (1 − r)/2 wⱼc², or r‖wⱼ‖ + (1 − r)/2 ‖wⱼ‖² where the outputs are grouped. No line of the package
is used.
"""

from dataclasses import dataclass

import numpy as np


@dataclass
class Outputs:
    X: np.ndarray
    y: np.ndarray
    alpha: float
    l1_ratio: float = 1.0
    weights: np.ndarray | None = None
    penalty_weights: np.ndarray | None = None
    lower: float = -np.inf
    upper: float = np.inf
    loss: str = "multinomial"
    grouped: bool = False
    fit_intercept: bool = True
    standardize: bool = True

    def __post_init__(self):
        self.X = self.X.toarray() if hasattr(self.X, "toarray") else np.asarray(self.X, dtype=float)
        s = np.ones(len(self.X)) if self.weights is None else self.weights
        self.s = s / s.sum()
        self.center = self.s @ self.X if self.fit_intercept else np.zeros(self.X.shape[1])
        self.scale = np.sqrt(self.s @ (self.X - self.center) ** 2)
        self.Z = (self.X - self.center) / self.scale
        self.pi = np.ones(self.X.shape[1]) if self.penalty_weights is None else np.asarray(self.penalty_weights)
        self.unit = np.ones(len(self.scale)) if self.standardize else self.scale  # of penalized coefficients

    def mean(self, eta):
        if self.loss == "squared":
            return eta
        odds = np.exp(eta - eta.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)

    def losses(self, eta):
        if self.loss == "squared":
            return 0.5 * ((self.y - eta) ** 2).sum(axis=1)
        top = eta.max(axis=1, keepdims=True)
        return (top + np.log(np.exp(eta - top).sum(axis=1, keepdims=True)))[:, 0] - (self.y * eta).sum(axis=1)

    def penalty(self, w):
        """Of coefficients (p, K) of standardized columns."""
        w = w / self.unit[:, None]
        size = np.linalg.norm(w, axis=1) if self.grouped else np.abs(w).sum(axis=1)
        return self.alpha * self.pi @ (self.l1_ratio * size + 0.5 * (1 - self.l1_ratio) * (w**2).sum(axis=1))

    def objective(self, coef, intercept):
        """Of coefficients (K, p) and intercepts (K,) in the units of the data."""
        w = np.asarray(coef).T * self.scale[:, None]
        return self.s @ self.losses(self.X @ np.asarray(coef).T + intercept) + self.penalty(w)

    @property
    def null_loss(self):
        """Loss of the intercepts alone above that of a perfect fit; y holds indicators of classes."""
        if not self.fit_intercept:
            return self.s @ self.losses(np.zeros_like(self.y))
        mean = self.s @ self.y
        eta = mean if self.loss == "squared" else np.log(mean)
        return self.s @ self.losses(np.broadcast_to(eta, self.y.shape))

    def shrunk(self, w, step):
        """The proximal step of the penalty."""
        unit, pi = self.unit[:, None], self.pi[:, None]
        l1, l2 = self.alpha * self.l1_ratio * pi / unit, self.alpha * (1 - self.l1_ratio) * pi / unit**2
        if self.grouped:
            size = np.linalg.norm(w, axis=1, keepdims=True)
            w = w * np.maximum(1 - step * l1 / np.where(size > 0, size, 1.0), 0)
        else:
            w = np.sign(w) * np.maximum(np.abs(w) - step * l1, 0)
        scale = self.scale[:, None]
        return np.clip(w / (1 + step * l2), self.lower * scale, self.upper * scale)

    def solve(self, rounds=200_000):
        """(coefficients (K, p), intercepts (K,)) in the units of the data; stops where steps are rounding."""
        curvature = 1.0 if self.loss == "squared" else 0.5
        A = np.column_stack([self.Z, np.ones(len(self.Z))]) if self.fit_intercept else self.Z
        step = 1 / (curvature * np.linalg.eigvalsh(A.T @ (self.s[:, None] * A))[-1])
        p = self.Z.shape[1]
        v = u = np.zeros((A.shape[1], self.y.shape[1]))
        t = 1.0
        for _ in range(rounds):
            descended = u - step * (A.T @ (self.s[:, None] * (self.mean(A @ u) - self.y)))
            new = np.vstack([self.shrunk(descended[:p], step), descended[p:]])
            if np.sum((u - new) * (new - v)) > 0:  # O'Donoghue & Candès 2015: restart where momentum leads uphill
                u, t = v, 1.0
                if np.max(np.abs(new - v)) <= 1e-15:
                    break
                continue
            following = (1 + np.sqrt(1 + 4 * t * t)) / 2
            u, moved, v, t = new + (t - 1) / following * (new - v), np.max(np.abs(new - v)), new, following
            if moved <= 1e-15:
                break
        coef = (v[:p] / self.scale[:, None]).T
        b = v[p] if self.fit_intercept else np.zeros(self.y.shape[1])
        return coef, b - coef @ self.center
