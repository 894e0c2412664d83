"""Decisions made of a grid's own folds: the records that a report reads, by the names of their fields."""

from types import SimpleNamespace

import numpy as np
from sklearn.datasets import load_breast_cancer

from shrinkwise.diagnosis import first_fold, held_out_predictor, quality, quality_path
from shrinkwise.grid import fit_grid
from shrinkwise.losses.cox import CoxLoss
from shrinkwise.report import decision_words
from tests.report.conftest import diabetes64, report_on


def fold_frequency(result, cell):
    """Share of the folds whose fit keeps each feature."""
    inside = [
        np.any(np.atleast_2d(result.coef(cell.ratio, cell.index, fold)), axis=0) for fold in range(result.n_folds)
    ]
    return np.mean(inside, axis=0)


def decision_of(result, rule="1se", seed=0, quality=None, **changes):
    """Numbers that could be: frequencies are those of the folds, costs grow with effects."""
    rng, cell, p = np.random.default_rng(seed), result.select(rule), len(result.feature_names)
    coef = np.atleast_2d(result.coef(cell.ratio, cell.index))
    effect = np.linalg.norm(coef, axis=0) * np.where(result.scale > 0, result.scale, 0)
    kept = np.flatnonzero(np.any(coef, axis=0))
    rejected = np.setdiff1d(np.arange(p), kept)
    frequency = np.clip(fold_frequency(result, cell) * rng.uniform(0.8, 1, p), 0, 1)
    features = kept[np.argsort(-effect[kept])][:30]
    share = effect[features] / (effect.max(initial=0) or 1)
    found, recommended = decision_words.families(report_on(result, rule))
    strengths, lines = result.alphas.shape[1], len(result.l1_ratios)
    sizes = np.unique(result.support_size[cell.ratio])[:20]
    parts = {
        "penalty_choice": SimpleNamespace(
            sentence="Lasso is the simplest that will do; the corrected error of that choice is a little higher.",
            families=tuple(family.name for family in found),
            **{
                field: np.array([getattr(family, field) for family in found])
                for field in ("mean", "se", "difference", "difference_se", "n_features", "better")
            },
            recommended=recommended,
            corrected=cell.mean,
            note="relaxed lasso was left out: the best lasso keeps no feature",
        ),
        "stability_selection": SimpleNamespace(
            sentence="A feature that is in at least 75 % of halves is there for a reason.",
            frequency=frequency,
            simultaneous=frequency**2,
            threshold=0.75,
            average_size=float(frequency.sum()),
            expected_false=1.0,
            n_halves=100,
            selected=np.flatnonzero(frequency >= 0.75),
        ),
        "reproducibility": SimpleNamespace(
            sentence="Dealt anew 10 times, the folds choose sets of features that overlap by 0.81 (Jaccard).",
            jaccard=0.81,
            frequency=np.round(frequency, 1),
            strengths=cell.alpha * rng.uniform(0.8, 1.3, 10),
            sizes=rng.integers(max(1, len(kept) - 2), len(kept) + 3, 10),
            repeats=10,
        ),
        "fit_stability": SimpleNamespace(
            sentence="",
            strengths=result.alphas,
            coef_spread=np.tile(0.1 + np.linspace(0.02, 1, strengths) ** 2 * 3, (lines, 1)),
            prediction_spread=np.tile(np.linspace(0.02, 0.4, strengths), (lines, 1)),
            seed_spread=None,
        ),
        "removal_cost": SimpleNamespace(
            sentence="",
            features=features,
            cost=0.1 * share**2 - 0.002,
            cost_se=0.01 + 0.02 * share**2,
            successor=np.where(share > 0.3, rng.choice(p, len(features)), -1),
            successor_gain=share,
            rejected=rejected,
            slack=np.sort(rng.random(len(rejected))),
            carrier=rng.choice(kept, len(rejected)) if len(kept) else np.full(len(rejected), -1),
            correlation=rng.uniform(-1, 1, len(rejected)),
        ),
        "budget": SimpleNamespace(
            sentence="",
            cost=np.linspace(0, 40, len(sizes)),
            mean=cell.mean * (1 + 0.8 * np.exp(-np.arange(len(sizes)))),
            se=np.full(len(sizes), cell.se),
            n_features=sizes,
            line=np.zeros(len(sizes), int),
            index=np.arange(len(sizes)),
            chosen=min(3, len(sizes) - 1),
        ),
        "intervals": SimpleNamespace(
            sentence="",
            features=features,
            estimate=coef[0, features],
            se=np.abs(coef[0, features]) * 0.4,
            lower=coef[0, features] - np.abs(coef).mean(axis=0)[features] * rng.uniform(0.3, 1.5, len(features)),
            upper=coef[0, features] + np.abs(coef).mean(axis=0)[features] * rng.uniform(0.3, 1.5, len(features)),
            level=0.95,
            assumptions="the model is linear, errors have one variance, and few features matter.",
        ),
        "quality": quality,
    }
    return SimpleNamespace(**(parts | changes))


def quality_of(result, X, y, splits, loss, rule="1se", weights=None, offset=None):
    """As the faces make it."""
    eta = held_out_predictor(result, rule, X, splits, offset)
    return quality(y, eta, loss, weights, offset=offset, folds=first_fold(splits, len(y)))


def splits_of(n, folds=5):
    fold = np.random.default_rng(0).permutation(n) % folds
    return [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(folds)]


def fitted(X, y, loss, names=None, **options):
    """A report on a real grid with its real quality."""
    splits, offset = splits_of(len(X)), options.pop("offset", None)
    ratios, alphas = options.pop("l1_ratios", (0.5, 1.0)), options.pop("strengths", 20)
    result = fit_grid(
        X, y, splits, loss=loss, l1_ratios=ratios, alphas=alphas, offset=offset, feature_names=names, **options
    )
    found = quality_of(result, X, y, splits, loss, offset=offset)
    path = quality_path(result, "1se", X, y, splits, loss, offset=offset)
    return report_on(result, decision=decision_of(result, quality=found, quality_path=path))


def real_reports():
    """A report for each loss."""
    rng = np.random.default_rng(0)
    X, y, names = diabetes64()
    cancer = load_breast_cancer()
    Z = rng.normal(size=(300, 8))
    exposure = rng.uniform(0.5, 2, 300)
    time, event = rng.exponential(np.exp(-Z[:, 0])), (rng.random(300) < 0.7).astype(float)
    label = rng.integers(0, 15, 300)
    return {
        "squared": fitted(X, y, "squared", names, l1_ratios=(0.0, 0.5, 1.0)),
        "logistic": fitted(
            cancer.data, cancer.target.astype(float), "logistic", tuple(cancer.feature_names), classes=("<b>", "&")
        ),
        "poisson": fitted(Z, rng.poisson(exposure * np.exp(0.5 * Z[:, 0])) * 1.0, "poisson", offset=np.log(exposure)),
        "quantile": fitted(Z, Z[:, 0] + rng.normal(size=300), "quantile:0.9"),
        "cox": fitted(Z, event, CoxLoss(time)),
        "classes": fitted(Z, np.eye(15)[label], "multinomial:15", classes=[f"<i>{k}" for k in range(15)]),
        "targets": fitted(Z, Z[:, :3] + rng.normal(size=(300, 3)), "squared", outputs=("a", "<b>", "c")),
    }
