"""The losses from their definitions, in long double, in the units of the data: no line of the package is used."""

import numpy as np

LD = np.longdouble
NOTHING = LD(1e-17)  # of a sum of long doubles of size 1


def lower_median(values, s):
    order = np.argsort(values, kind="stable")
    return values[order][np.searchsorted(np.cumsum(s[order]), s.sum() / 2 * (1 - 1e-12))]


def robust_sd(y, s):
    away = np.abs(y - lower_median(y, s))
    return LD(1.4826) * lower_median(away, s) or (s @ away) / s.sum() or LD(1)


def entropy(v):
    return np.where(v > 0, v * np.log(np.where(v > 0, v, 1)), 0)


def inside(u, low, high, size=1):
    """u where it is within [low, high], or beyond by rounding; NaN elsewhere."""
    slack = NOTHING * size
    return np.where((u >= low - slack) & (u <= high + slack), np.clip(u, low, high), np.nan)


def infinite_outside(values):
    return np.where(np.isnan(values), np.inf, values)


class Squared:
    def __init__(self, y, s):
        self.y = y

    def value(self, eta):
        return (self.y - eta) ** 2 / 2

    def residual(self, eta):
        return self.y - eta

    def hessian(self, eta):
        return np.ones_like(eta)

    def conjugate(self, u):
        return u**2 / 2 + u * self.y


class Logistic(Squared):
    def value(self, eta):
        return np.logaddexp(LD(0), eta) - self.y * eta

    def residual(self, eta):
        return self.y - 1 / (1 + np.exp(-eta))

    def hessian(self, eta):
        mean = 1 / (1 + np.exp(-eta))
        return mean * (1 - mean)

    def conjugate(self, u):
        v = inside(self.y + u, 0, 1)
        return infinite_outside(entropy(v) + entropy(1 - v))


class Poisson(Squared):
    def value(self, eta):
        return np.exp(eta) - self.y * eta

    def residual(self, eta):
        return self.y - np.exp(eta)

    def hessian(self, eta):
        return np.exp(eta)

    def conjugate(self, u):
        v = inside(self.y + u, 0, np.inf, np.max(self.y))
        return infinite_outside(entropy(v) - v)


class Gamma(Squared):
    def value(self, eta):
        return self.y * np.exp(-eta) + eta

    def residual(self, eta):
        return self.y * np.exp(-eta) - 1

    def hessian(self, eta):
        return self.y * np.exp(-eta)

    def conjugate(self, u):
        v = inside(1 - u, 0, np.inf)
        return infinite_outside(entropy(v) - v - v * np.log(self.y))


class Tweedie(Squared):
    def __init__(self, y, s, power=1.5):
        self.y, self.power = y, LD(power)

    def value(self, eta):
        a, b = 2 - self.power, self.power - 1
        return np.exp(a * eta) / a + self.y * np.exp(-b * eta) / b

    def residual(self, eta):
        return self.y * np.exp((1 - self.power) * eta) - np.exp((2 - self.power) * eta)

    def hessian(self, eta):
        a, b = 2 - self.power, self.power - 1
        return a * np.exp(a * eta) + b * self.y * np.exp(-b * eta)

    def conjugate(self, u):
        """By bisection: the predictor where the gradient is u."""
        u = np.where(self.y > 0, u, inside(u, 0, np.inf))
        low, high = np.full_like(u, -3000), np.full_like(u, 3000)
        for _ in range(90):
            middle = (low + high) / 2
            above = -self.residual(middle) > u
            low, high = np.where(above, low, middle), np.where(above, middle, high)
        return infinite_outside(u * middle - self.value(middle))


class NegativeBinomial(Squared):
    def __init__(self, y, s, theta=1):
        self.y, self.theta = y, LD(theta)

    def value(self, eta):
        return (self.y + self.theta) * np.log(self.theta + np.exp(eta)) - self.y * eta

    def residual(self, eta):
        mean = np.exp(eta)
        return self.theta * (self.y - mean) / (self.theta + mean)

    def hessian(self, eta):
        mean = np.exp(eta)
        return (self.y + self.theta) * self.theta * mean / (self.theta + mean) ** 2

    def conjugate(self, u):
        total = self.y + self.theta
        v = inside((self.y + u) / total, 0, 1)
        negative = entropy(v) + entropy(1 - v) - (1 - v) * np.log(self.theta)
        return infinite_outside(total * negative)


class Huber(Squared):
    def __init__(self, y, s, delta=None):
        self.y, self.delta = y, LD(1.345) * robust_sd(y, s) if delta is None else LD(delta)

    def value(self, eta):
        r = np.abs(self.y - eta)
        return np.where(r <= self.delta, r**2 / 2, self.delta * r - self.delta**2 / 2)

    def residual(self, eta):
        return np.clip(self.y - eta, -self.delta, self.delta)

    def hessian(self, eta):
        return (np.abs(self.y - eta) <= self.delta).astype(LD)

    def conjugate(self, u):
        u = inside(u, -self.delta, self.delta, 1e3 * self.delta)
        return infinite_outside(u**2 / 2 + u * self.y)


class Quantile(Squared):
    def __init__(self, y, s, quantile=0.5, h=None):
        self.y, self.quantile, self.h = y, LD(quantile), LD(0.1) * robust_sd(y, s) if h is None else LD(h)

    def value(self, eta):
        r, q, h = self.y - eta, self.quantile, self.h
        above, below = q * r - q**2 * h / 2, (q - 1) * r - (1 - q) ** 2 * h / 2
        return np.where(r > q * h, above, np.where(r < (q - 1) * h, below, r**2 / (2 * h)))

    def residual(self, eta):
        return np.clip((self.y - eta) / self.h, self.quantile - 1, self.quantile)

    def hessian(self, eta):
        r = (self.y - eta) / self.h
        return np.where((r >= self.quantile - 1) & (r <= self.quantile), 1 / self.h, 0)

    def conjugate(self, u):
        u = inside(u, -self.quantile, 1 - self.quantile, 1e3)
        return infinite_outside(self.h * u**2 / 2 + u * self.y)


DEFINITIONS = {
    "squared": Squared,
    "logistic": Logistic,
    "poisson": Poisson,
    "gamma": Gamma,
    "tweedie": Tweedie,
    "negative_binomial": NegativeBinomial,
    "huber": Huber,
    "quantile": Quantile,
}


def definition(spec, y, s):
    """The loss of a text such as ``poisson`` or ``quantile:0.9``."""
    name, *values = spec.split(":")
    return DEFINITIONS[name](y, s, *map(LD, values))


def null_predictor(loss, s):
    """The constant that fits best, by bisection on Σ s residual."""
    low, high = LD(-1e6) - np.max(np.abs(loss.y)), LD(1e6) + np.max(np.abs(loss.y))
    if not isinstance(loss, Huber | Quantile) and type(loss) is not Squared:
        low, high = LD(-600), LD(600)
    for _ in range(140):
        middle = (low + high) / 2
        low, high = (middle, high) if s @ loss.residual(np.full_like(loss.y, middle)) > 0 else (low, middle)
    return middle
