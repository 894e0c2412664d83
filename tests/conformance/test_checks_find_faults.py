"""Each check refuses what is broken on purpose, and says what it is."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy import sparse

from shrinkwise.design import DenseDesign, SparseDesign
from shrinkwise.design.base import ALL
from shrinkwise.engines import LocalEngine
from shrinkwise.losses import LogisticLoss, SquaredLoss
from shrinkwise.penalties import ElasticNet
from shrinkwise.testing import check_design, check_engine, check_loss, check_penalty


class WrongSign(SquaredLoss):
    def gradient(self, y, eta, xp=np):
        return y - eta


class WrongHessian(LogisticLoss):
    def hessian(self, y, eta, xp=np):
        return 1.01 * super().hessian(y, eta, xp)


class TooSmooth(LogisticLoss):
    smoothness = 0.2


class HalfConjugate(SquaredLoss):
    def conjugate(self, y, u, xp=np):
        return 0.25 * u**2 + u * y


class ConjugateWithoutDomain(LogisticLoss):
    def conjugate(self, y, u, xp=np):
        v = xp.clip(y + u, 1e-300, 1.0)
        return v * xp.log(v) + (1 - v) * xp.log(xp.maximum(1 - v, 1e-300))


class NegativeSlack(SquaredLoss):
    def slack(self, y, eta, u, xp=np):
        return super().slack(y, eta, u, xp) - 1e-6


class NotConvex(SquaredLoss):
    def value(self, y, eta, xp=np):
        return xp.log1p((y - eta) ** 2)

    def gradient(self, y, eta, xp=np):
        return 2 * (eta - y) / (1 + (y - eta) ** 2)

    def hessian(self, y, eta, xp=np):
        r2 = (y - eta) ** 2
        return 2 * (1 - r2) / (1 + r2) ** 2


class WrongLink(LogisticLoss):
    def link(self, mu, xp=np):
        return xp.log(mu)


class DevianceNotZero(LogisticLoss):
    def deviance(self, y, eta, xp=np):
        return 2 * self.value(y, eta, xp)


class ScoreHigherIsBetter(SquaredLoss):
    def score(self, y, eta, xp=np):
        return -((y - eta) ** 2)


class NumpyOnly(LogisticLoss):
    def value(self, y, eta, xp=np):
        return np.logaddexp(0.0, eta) - y * eta


class OutsideDomain(LogisticLoss):
    examples = ((2.0, 0.0),)


class LeavesOverflow(LogisticLoss):
    examples = ((1.0, 800.0),)

    def value(self, y, eta, xp=np):
        with np.errstate(over="ignore"):
            return xp.log(1 + xp.exp(eta)) - y * eta


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (WrongSign, "gradient"),
        (WrongHessian, "hessian"),
        (TooSmooth, "smoothness"),
        (HalfConjugate, "conjugate"),
        (ConjugateWithoutDomain, "negative"),
        (NegativeSlack, "slack"),
        (NotConvex, "hessian is negative"),
        (WrongLink, r"WrongLink\.link"),
        (DevianceNotZero, "deviance"),
        (ScoreHigherIsBetter, "score"),
        (NumpyOnly, "namespace"),
        (OutsideDomain, "domain"),
        (LeavesOverflow, "not finite"),
    ],
)
def test_broken_loss_is_found(broken, words):
    with pytest.raises(AssertionError, match=words):
        check_loss(broken())


class NoShrinkage(ElasticNet):
    def prox(self, v, step, xp=np):
        return v


class RidgeForgotten(ElasticNet):
    def prox(self, v, step, xp=np):
        return replace(self, l1_ratio=1.0).rows(len(v)).prox(v, step * self.l1_ratio, xp)


class NormTooLarge(ElasticNet):
    def dual_norm(self, u):
        return 1.001 * super().dual_norm(u)


class NormTooSmall(ElasticNet):
    def dual_norm(self, u):
        return 0.999 * super().dual_norm(u)


class NormIgnoresWeights(ElasticNet):
    def dual_norm(self, u):
        return float(np.max(np.abs(u))) / self.l1_ratio


class ScalarStepOnly(ElasticNet):
    def prox(self, v, step, xp=np):
        return super().prox(v, float(np.max(step)), xp)


class ConjugateWithoutAlpha(ElasticNet):
    def conjugate(self, u, alpha, xp=np):
        return super().conjugate(u, 1.0, xp)


class ConjugateZero(ElasticNet):
    def conjugate(self, u, alpha, xp=np):
        return 0.0 * xp.sum(u)


class ValueWithoutHalf(ElasticNet):
    def value(self, w, xp=np):
        rows = self.rows(len(w))
        return xp.sum(rows.l1 * xp.abs(w) + rows.l2 * w**2)


class NumpyProx(ElasticNet):
    def prox(self, v, step, xp=np):
        return super().prox(v, step)


@dataclass(frozen=True, eq=False)
class StoresStrength(ElasticNet):
    alpha: float = 1.0


class Counts(ElasticNet):
    def prox(self, v, step, xp=np):
        object.__setattr__(self, "calls", getattr(self, "calls", 0) + 1)
        return super().prox(v, step, xp)


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (NoShrinkage, "prox"),
        (RidgeForgotten, "prox"),
        (NormTooLarge, "a hair below|against its rows"),
        (NormTooSmall, "dual_norm"),
        (NormIgnoresWeights, "dual_norm"),
        (ScalarStepOnly, "each coordinate"),
        (ConjugateWithoutAlpha, "conjugate"),
        (ConjugateZero, "conjugate"),
        (ValueWithoutHalf, "value"),
        (NumpyProx, "namespace"),
        (StoresStrength, "strength"),
        (Counts, "changed"),
    ],
)
def test_broken_penalty_is_found(broken, words):
    with pytest.raises(AssertionError, match=words):
        check_penalty(broken(0.5, penalty_weights=np.array([1.0, 2.0, 0.5, 1.0])))


class NotCentered(DenseDesign):
    def _times(self, V, cols):
        return super()._times(V, cols) + 1e-9


class IgnoresColumns(DenseDesign):
    def rmatvec(self, R, cols=ALL):
        return super().rmatvec(R)


class WrongGram(DenseDesign):
    def gram(self, weights, cols=ALL, others=None):
        return super().gram(np.ones_like(weights), cols, others)


class KeepsConstants(DenseDesign):
    def standardized(self, weights, centered=True):
        design = super().standardized(weights, centered)
        return replace(design, scale=np.where(design.scale > 0, design.scale, 1e-12))


class OverlappingBlocks(DenseDesign):
    def blocks(self):
        return [slice(0, 3), slice(2, None)]


class WritesToX(DenseDesign):
    def gram(self, weights, cols=ALL, others=None):
        result = super().gram(weights, cols, others)
        self.store[0, 0] += 1.0
        return result


class TakesInOrder(SparseDesign):
    def take(self, samples):
        return super().take(np.sort(samples))


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (NotCentered, "matvec"),
        (IgnoresColumns, "rmatvec"),
        (WrongGram, "gram"),
        (KeepsConstants, "scale"),
        (OverlappingBlocks, "blocks"),
        (WritesToX, "matvec|gram|center|rmatvec"),
        (TakesInOrder, "take"),
    ],
)
def test_broken_design_is_found(broken, words):
    X = np.random.default_rng(0).standard_normal((20, 5))
    X[:, 1] = 3.0
    store = sparse.csc_array(X) if issubclass(broken, SparseDesign) else X.copy()
    with pytest.raises(AssertionError, match=words):
        check_design(broken.of(store), X)


class AsTheyCome(LocalEngine):
    def sum(self, function, chunks):
        parts = list(map(function, chunks))
        quick = [part for place, part in enumerate(parts) if place % 3]
        total, *rest = quick + parts[::3]  # as if every third had been ready last
        for part in rest:
            total = total + part
        return total


class Swallows(LocalEngine):
    def sum(self, function, chunks):
        def safe(chunk):
            try:
                return function(chunk)
            except ValueError:
                return 0

        return super().sum(safe, chunks)


class NeverStops(LocalEngine):
    def sum(self, function, chunks):
        def later(chunk):
            try:
                return function(chunk), None
            except BaseException as error:
                return 0, error

        done = [later(chunk) for chunk in chunks]
        for _, error in done:
            if error is not None:
                raise error
        return super().sum(lambda part: part[0], done)


class ZeroForNothing(LocalEngine):
    def sum(self, function, chunks):
        chunks = list(chunks)
        return super().sum(function, chunks) if chunks else 0


class OneByOneFromTheEnd(LocalEngine):
    def sum(self, function, chunks):
        total = None
        for chunk in reversed(list(chunks)):
            total = function(chunk) if total is None else function(chunk) + total
        return total


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (AsTheyCome, "order"),
        (Swallows, "swallowed"),
        (NeverStops, "computed after one had failed"),
        (ZeroForNothing, "no chunks"),
        (OneByOneFromTheEnd, "bits"),
    ],
)
def test_broken_engine_is_found(broken, words):
    with pytest.raises(AssertionError, match=words):
        check_engine(broken(2))
