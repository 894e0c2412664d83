"""The penalized problem from its definition, in long double, in the units of the data: no line of the package is used.

    P(w, b) = Σ s ℓ(y, Xw + b) + α Ω(w sd),    D(θ) = −Σ s ℓ*(y, −θ) − Σⱼ (αΩⱼ)*(zⱼ'Sθ),    Σ s = 1

For every feasible θ: D(θ) ≤ min P, so P(w, b) − D(θ) bounds how far (w, b) is from the optimum.
"""

from dataclasses import dataclass, field

import numpy as np

from tests.oracles.losses import LD, NOTHING, definition, null_predictor


@dataclass
class Definition:
    X: np.ndarray
    y: np.ndarray
    alpha: float
    l1_ratio: float = 1.0
    weights: np.ndarray | None = None
    penalty_weights: np.ndarray | None = None
    lower: float | np.ndarray = -np.inf
    upper: float | np.ndarray = np.inf
    ridge_unit: float = 1.0
    groups: np.ndarray | None = None
    sparse_ratio: float = 0.0
    loss: str = "squared"
    fit_intercept: bool = True
    standardize: bool = True
    s: np.ndarray = field(init=False)

    def __post_init__(self):
        X = self.X.toarray() if hasattr(self.X, "toarray") else self.X
        self.X, self.y = np.asarray(X, dtype=LD), np.asarray(self.y, dtype=LD)
        n, p = self.X.shape
        s = np.ones(n) if self.weights is None else self.weights
        used = np.asarray(s) > 0
        self.X, self.y, s = self.X[used], self.y[used], np.asarray(s, dtype=LD)[used]
        self.s = s / s.sum()
        self.of = definition(self.loss, self.y, self.s)
        self.center = self.s @ self.X if self.fit_intercept else np.zeros(p, dtype=LD)
        self.scale = np.sqrt(self.s @ (self.X - self.center) ** 2)
        flat = np.all(self.X[:1] == self.X, axis=0) if self.fit_intercept else np.all(self.X == 0, axis=0)
        self.scale = np.where(flat, LD(0), self.scale)
        safe = np.where(flat, LD(1), self.scale)
        self.Z = np.where(flat, LD(0), (self.X - self.center) / safe)
        pi = np.ones(p, dtype=LD) if self.penalty_weights is None else np.asarray(self.penalty_weights, dtype=LD)
        unit = np.ones(p, dtype=LD) if self.standardize else safe  # coefficients are penalized in this unit
        self.unit, self.parts = unit, []
        self.l1 = LD(self.alpha) * LD(self.l1_ratio) * pi / unit
        self.l2 = LD(self.alpha) * (1 - LD(self.l1_ratio)) / LD(self.ridge_unit) * pi / unit**2
        labels = np.full(p, -1) if self.groups is None else np.asarray(self.groups)
        for label in np.unique(labels[labels >= 0]):
            cols = np.flatnonzero(labels == label)
            factor = LD(self.alpha) * LD(self.l1_ratio) * (1 - LD(self.sparse_ratio)) * np.sqrt(LD(len(cols)))
            self.parts.append((cols, factor * pi[cols[0]]))
            self.l1[cols] *= LD(self.sparse_ratio)
        with np.errstate(invalid="ignore"):
            self.low = np.where(np.asarray(self.lower) == 0, 0, np.asarray(self.lower, dtype=LD) * safe) * np.ones(p)
            self.up = np.where(np.asarray(self.upper) == 0, 0, np.asarray(self.upper, dtype=LD) * safe) * np.ones(p)
        self.low, self.up = np.where(flat, 0, self.low), np.where(flat, 0, self.up)

    def predictor(self, coef, intercept):
        return self.X @ np.asarray(coef, dtype=LD) + LD(intercept)

    def penalty_conjugate(self, q):
        """sup over lower ≤ w ≤ upper of qw − l1|w| − l2/2 w² − Σ factor ‖w_g‖, one coordinate or group at a time."""
        total = LD(0)
        alone = np.ones(len(q), bool)
        for cols, factor in self.parts:
            alone[cols] = False
            left = self.pull(q, cols) - factor
            ridge = self.l2[cols[0]] * self.unit[cols[0]] ** 2
            total += 0 if left <= 0 else left**2 / (2 * ridge) if ridge > 0 else np.inf
        each = (part[alone] for part in (q, self.l1, self.l2, self.low, self.up))
        for u, l1, l2, low, up in zip(*each, strict=True):
            bound, pull = (up, u - l1) if u > 0 else (-low, -u - l1)
            if pull <= 0 or bound == 0:
                continue
            if l2 > 0:
                w = min(pull / l2, bound)
                total += pull * w - l2 / 2 * w * w
            else:
                total += pull * bound
        return total

    def pull(self, q, cols, scale=1):
        """‖S(scale · q, l1)‖ of a group, in the units that its coefficients are penalized in."""
        u, l1 = q[cols] * self.unit[cols] * scale, self.l1[cols] * self.unit[cols]
        return np.sqrt(np.sum(np.maximum(np.abs(u) - l1, 0) ** 2))

    def largest_scale(self, q):
        """The largest τ ≤ 1 with ‖S(τ q, l1)‖ ≤ factor in every group without a ridge part, by bisection."""
        low, high = LD(0), LD(1)
        parts = [(cols, factor) for cols, factor in self.parts if self.l2[cols[0]] == 0 and factor > 0]
        if all(self.pull(q, cols) <= factor for cols, factor in parts):
            return high
        for _ in range(70):
            middle = (low + high) / 2
            feasible = all(self.pull(q, cols, middle) <= factor for cols, factor in parts)
            low, high = (middle, high) if feasible else (low, middle)
        return low

    @property
    def null_loss(self):
        """The loss of the model with the intercept alone, above that of a perfect fit."""
        eta = np.full_like(self.y, null_predictor(self.of, self.s) if self.fit_intercept else 0)
        best = -self.of.conjugate(np.zeros_like(eta))
        return self.s @ (self.of.value(eta) - best)

    def objective(self, coef, intercept):
        w = np.asarray(coef, dtype=LD) * self.scale
        slack = 1e-9 * np.maximum(1, np.abs(w))
        assert np.all(w >= self.low - slack)
        assert np.all(w <= self.up + slack)
        penalty = np.sum(self.l1 * np.abs(w) + self.l2 / 2 * w * w)
        penalty += sum(factor * np.sqrt(np.sum((w[cols] / self.unit[cols]) ** 2)) for cols, factor in self.parts)
        return self.s @ self.of.value(self.predictor(coef, intercept)) + penalty

    def dual(self, theta):
        """D(θ); −∞ where θ is not feasible."""
        size = np.max(np.abs(theta)) + np.max(np.abs(self.y - self.s @ self.y * self.fit_intercept))
        if self.fit_intercept and abs(self.s @ theta) > 10 * NOTHING * size:
            return -np.inf
        q = self.Z.T @ (self.s * theta)
        rounding = 100 * NOTHING * size
        q = np.sign(q) * np.maximum(np.abs(q) - rounding, 0)
        return -self.s @ self.of.conjugate(-theta) - self.penalty_conjugate(q)

    def gap(self, coef, intercept):
        """P − D at the best of the dual points that the residual points to, in units of the null loss."""
        eta = self.predictor(coef, intercept)
        w = np.asarray(coef, dtype=LD) * self.scale
        inside = (w > self.low * (1 - 1e-12)) & (w < self.up * (1 - 1e-12))
        unpenalized = (self.l1 == 0) & (self.l2 == 0)
        for cols, factor in self.parts:
            unpenalized[cols] &= factor == 0
        theta = self._orthogonal(self.of.residual(eta), eta, self.Z.T[inside & unpenalized])
        q = np.abs(self.Z.T @ (self.s * theta))
        alone = np.ones(len(q), bool)
        for cols, factor in self.parts:
            alone[cols] = factor == 0
        together = self.largest_scale(q)
        rigid = (self.l2 == 0) & (self.l1 > 0) & (q > 0)
        tau = [
            min(together, np.min(self.l1[which] / q[which], initial=LD(1))) * (1 - 100 * NOTHING)
            for which in (rigid & alone, rigid & alone & inside)
        ]
        best = max(self.dual(factor * theta) for factor in (LD(1), *tau))
        gap = self.objective(coef, intercept) - best
        return float(gap / self.null_loss if self.null_loss > 0 else gap)

    def _orthogonal(self, theta, eta, free):
        """θ without its part along the intercept and some columns: those that neither a penalty nor a bound holds."""
        columns = ([np.ones_like(eta)] if self.fit_intercept else []) + list(free)
        h = np.maximum(self.of.hessian(eta), LD(1e-300))
        basis = []
        for column in columns:
            direction = h * column
            for _ in range(2):  # Gram–Schmidt, twice is enough
                for other in basis:
                    direction = direction - other * ((self.s / h) @ (other * direction)) / ((self.s / h) @ other**2)
            if (self.s / h) @ direction**2 > 1e-24 * ((self.s * h) @ column**2):
                basis.append(direction)
        for _ in range(2):
            for direction in basis:
                theta = theta - direction * ((self.s / h) @ (direction * theta)) / ((self.s / h) @ direction**2)
        return theta
