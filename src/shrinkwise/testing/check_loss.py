"""Whether a loss keeps its contract."""

from __future__ import annotations

import numpy as np

from shrinkwise.losses import Loss
from shrinkwise.losses.base import Array
from shrinkwise.testing._foreign import in_foreign
from shrinkwise.testing._require import EPS, require, require_close

FAR = 60.0  # predictors between which the supremum of a conjugate is searched
PERFECT = 700.0  # a predictor as good as infinite whose exponential is still finite


def check_loss(loss: Loss) -> None:
    """Check the formulas of a loss against each other.

    Parameters
    ----------
    loss : Loss
        Its ``examples`` are pairs (y, η) to start from.

    Raises
    ------
    AssertionError
        With a sentence, at the first formula that is wrong.

    Notes
    -----
    Gradient and Hessian against central differences, convexity, the bound ``smoothness``, the conjugate against a
    brute-force supremum, the Fenchel–Young inequality, link and inverse link, deviance, and a namespace other than
    numpy. The second derivative may jump, but not at the examples.

    Examples
    --------
    >>> from shrinkwise.losses import SquaredLoss
    >>> check_loss(SquaredLoss())
    """
    name = type(loss).__name__
    low, high = loss.domain
    require(loss.examples, f"{name}.examples is empty: give pairs (y, eta) of the domain")
    require(loss.name and loss.metric, f"{name} needs the words name and metric")
    for target, _ in loss.examples:
        require(low <= target <= high, f"{name}.examples has y={target}, outside of its domain [{low}, {high}]")
    _check_link(loss, name)
    for target in dict.fromkeys(y for y, _ in loss.examples):
        given = [eta for y, eta in loss.examples if y == target]
        eta = np.array([*given, *np.random.default_rng(0).uniform(-4.0, 4.0, 12)])
        y = np.full_like(eta, target)
        _check_shapes(loss, name, y, eta)
        _check_derivatives(loss, name, y, eta)
        _check_curvature(loss, name, y, eta)
        _check_conjugate(loss, name, y, eta)
        _check_deviance(loss, name, y, eta)
        _check_namespace(loss, name, y, eta)


def _check_shapes(loss: Loss, name: str, y: Array, eta: Array) -> None:
    for method in ("value", "gradient", "hessian", "deviance", "score"):
        whole = np.asarray(getattr(loss, method)(y, eta))
        single = [np.asarray(getattr(loss, method)(y[[i]], eta[[i]]))[0] for i in range(len(y))]
        require_close(whole, single, 4 * EPS * np.abs(single), f"{name}.{method} of many rows, against one by one,")
        require(np.all(np.isfinite(whole)), f"{name}.{method} is not finite at y={y[0]}, eta={eta}: {whole}")


def _check_derivatives(loss: Loss, name: str, y: Array, eta: Array) -> None:
    h = EPS ** (1 / 3) * (1 + np.abs(eta))  # balances the cubic term of the difference and its rounding
    for primitive, derivative in (("value", "gradient"), ("gradient", "hessian")):
        f, exact = getattr(loss, primitive), np.asarray(getattr(loss, derivative)(y, eta))
        difference = (f(y, eta + h) - f(y, eta - h)) / (2 * h)
        size = 1 + np.abs(f(y, eta)) + np.abs(exact) + loss.hessian(y, eta)
        tol = 10 * EPS ** (2 / 3) * size * (1 + np.abs(eta)) ** 2
        require_close(exact, difference, tol, f"{name}.{derivative}, against differences of {primitive} at y={y[0]},")


def _check_curvature(loss: Loss, name: str, y: Array, eta: Array) -> None:
    wide = np.concatenate([eta, np.linspace(-30, 30, 61)])
    target = np.full_like(wide, y[0])
    hessian = loss.hessian(target, wide)
    require(np.all(hessian >= 0), f"{name}.hessian is negative at y={y[0]}: the loss must be convex")
    require(
        np.all(hessian <= loss.smoothness * (1 + 4 * EPS)),
        f"{name}.hessian reaches {np.max(hessian)}, above its bound smoothness={loss.smoothness}",
    )
    if loss.quadratic:
        require(np.ptp(hessian) == 0, f"{name}.quadratic is set, but the second derivative is not constant")
    value = loss.value(target, wide)
    for start in range(1, len(wide), 7):
        other = np.roll(wide, start)
        middle = loss.value(target, 0.5 * (wide + other))
        chord = 0.5 * (value + np.roll(value, start))
        slack = 8 * EPS * (np.abs(chord) + np.abs(y[0]) * (np.abs(wide) + np.abs(other)) + 1)
        require(np.all(middle <= chord + slack), f"{name}.value is not convex in eta at y={y[0]}")


def _check_conjugate(loss: Loss, name: str, y: Array, eta: Array) -> None:
    u = loss.gradient(y, eta)
    conjugate = np.asarray(loss.conjugate(y, u))
    brute = np.array([_supremum(loss, y[0], slope) for slope in u])
    rounding = 64 * EPS * (1 + np.abs(loss.value(y, eta)) + np.abs(u * eta) + np.abs(y * eta))
    require_close(conjugate, brute, rounding, f"{name}.conjugate, against the supremum of u*eta - value at y={y[0]},")
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        at_gradient = np.asarray(loss.slack(y, eta, u))
        require_close(at_gradient, np.zeros_like(eta), rounding, f"{name}.slack at the gradient, y={y[0]},")
        slopes = np.concatenate([u, [0.0, -0.1, 0.1, -0.6, 0.6, -2.0, 2.0, -10.0, 10.0]])
        wide = np.concatenate([eta, np.linspace(-1000.0, 1000.0, 41)])
        for slope in slopes:
            target, repeated = np.full_like(wide, y[0]), np.full_like(wide, slope)
            supremum = np.asarray(loss.conjugate(target, repeated))
            value = np.asarray(loss.value(target, wide))
            sizes = 1 + np.abs(value) + np.abs(supremum) + np.abs(slope * wide) + np.abs(y[0] * wide)
            plain = value + supremum - slope * wide
            where = f"at y={y[0]}, u={slope}"
            require(np.all(~(plain < -64 * EPS * sizes)), f"value + conjugate - u*eta of {name} is negative {where}")
            slack = np.asarray(loss.slack(target, wide, repeated))
            require(np.all(slack >= -64 * EPS * sizes), f"{name}.slack is negative {where}: {np.nanmin(slack)}")
            require_close(slack, plain, 64 * EPS * sizes, f"{name}.slack, against its formula {where},")


def _supremum(loss: Loss, y: float, u: float) -> float:
    """sup_η { uη − ℓ(y, η) } by looking closer and closer at the best point of a grid."""
    low, high, best = -FAR, FAR, -np.inf
    for _ in range(5):
        eta = np.linspace(low, high, 601)
        with np.errstate(over="ignore"):
            gain = u * eta - loss.value(np.full_like(eta, y), eta)
        top = int(np.argmax(gain))
        best = max(best, float(gain[top]))
        low, high = eta[max(top - 1, 0)], eta[min(top + 1, 600)]
    return best


def _check_deviance(loss: Loss, name: str, y: Array, eta: Array) -> None:
    with np.errstate(divide="ignore", over="ignore"):
        fitted = np.asarray(loss.link(y))
    ends = np.array([[-PERFECT], [PERFECT]]) * np.ones_like(y)  # y at the end of its domain: no finite fit is perfect
    if not np.all(np.isfinite(fitted)):
        with np.errstate(over="ignore"):
            fitted = min(ends, key=lambda end: float(np.sum(loss.value(y, end))))
    deviance, perfect = np.asarray(loss.deviance(y, eta)), np.asarray(loss.deviance(y, fitted))
    size = 1 + np.abs(loss.value(y, eta)) + np.abs(loss.value(y, fitted)) + np.abs(y * fitted)
    require_close(perfect, np.zeros_like(y), 16 * EPS * size, f"{name}.deviance of a perfect fit of y={y[0]}")
    require(np.all(deviance >= -16 * EPS * size), f"{name}.deviance is negative at y={y[0]}: {np.min(deviance)}")
    above = 2 * (loss.value(y, eta) - loss.value(y, fitted))
    require_close(deviance, above, 32 * EPS * size, f"{name}.deviance, against twice the loss above a perfect fit,")
    score, best = np.asarray(loss.score(y, eta)), np.asarray(loss.score(y, fitted))
    require(np.all(score >= best - 16 * EPS * size), f"{name}.score of y={y[0]} is lower than that of a perfect fit")


def _check_link(loss: Loss, name: str) -> None:
    eta = np.linspace(-3.0, 3.0, 25)
    mu = np.asarray(loss.inverse_link(eta))
    low, high = loss.domain
    require(np.all((mu >= low) & (mu <= high)), f"{name}.inverse_link leaves the domain [{low}, {high}]")
    require(np.all(np.diff(mu) > 0), f"{name}.inverse_link must increase")
    require_close(loss.link(mu), eta, 1000 * EPS, f"{name}.link(inverse_link(eta))")
    require_close(loss.inverse_link(loss.link(mu)), mu, 1000 * EPS * np.abs(mu), f"{name}.inverse_link(link(mu))")


def _check_namespace(loss: Loss, name: str, y: Array, eta: Array) -> None:
    u = loss.gradient(y, eta)
    mu = loss.inverse_link(np.clip(eta, -4.0, 4.0))
    calls = {
        **dict.fromkeys(("value", "gradient", "hessian", "deviance", "score"), (y, eta)),
        "conjugate": (y, u),
        "slack": (y, eta, u),
        "inverse_link": (eta,),
        "link": (mu,),
    }
    for method, arguments in calls.items():
        expected = np.asarray(getattr(loss, method)(*arguments))
        foreign = in_foreign(f"{name}.{method}", getattr(loss, method), *arguments)
        require_close(foreign, expected, 8 * EPS * np.abs(expected), f"{name}.{method} in another namespace")
