"""What a textbook page claims of linear models: for each claim its lines, and what draws its figure."""

import csv
from functools import cache
from pathlib import Path

import numpy as np

from shrinkwise import ElasticNet, fit_grid
from shrinkwise.diagnosis.overfit import DISTINGUISHABLE, paired
from shrinkwise.losses import LOSSES
from shrinkwise.path import solve

DATA = Path(__file__).parents[1] / "examples" / "diabetes64.csv"


@cache
def diabetes():
    """442 patients: 64 features, the progression of their disease, and ten folds."""
    with DATA.open() as file:
        rows = np.array([[float(cell) for cell in row] for row in list(csv.reader(file))[1:]])
    return rows[:, :-1], rows[:, -1], folds(len(rows))


def folds(n, k=10, seed=0):
    """Pairs of training and held-out rows, dealt at random."""
    fold = np.random.default_rng(seed).permutation(n) % k
    return [(np.flatnonzero(fold != number), np.flatnonzero(fold == number)) for number in range(k)]


@cache
def grid(*mixes):
    """The diabetes data, fitted with these mixes of L1 and L2; ridge needs its own unit, the sd of y."""
    X, y, splits = diabetes()
    return fit_grid(X, y, splits, l1_ratios=mixes, ridge_unit=float(np.std(y)), degrees_of_freedom=True)


def standardized(X):
    return (X - X.mean(axis=0)) / X.std(axis=0)


def penalty_term():
    """The loss plus λ Σ|w| or λ Σ w², minimized."""
    X, y, _ = diabetes()
    Z, t = standardized(X), (y - y.mean()) / y.std()
    lines = ["                      half mean squared error   Σ|w|     Σw²"]
    sizes = {}
    for l1, l2 in ((0.0, 0.0), (0.1, 0.0), (0.0, 0.1), (0.05, 0.05)):
        penalty, alpha = ElasticNet.from_l1_l2(l1, l2)
        fit = solve(Z, t, loss=LOSSES["squared"], penalty=penalty, alpha=alpha, standardize=False)
        loss = 0.5 * np.mean((t - fit.intercept - Z @ fit.coef) ** 2)
        sizes[f"l1={l1:g}, l2={l2:g}"] = np.sort(np.abs(fit.coef))[::-1]
        lines.append(
            f"l1 = {l1:4.2f}, l2 = {l2:4.2f}  {loss:10.3f} {np.abs(fit.coef).sum():19.2f} {np.sum(fit.coef**2):8.3f}"
        )

    def plot(axes):
        for name, size in sizes.items():
            axes.plot(np.arange(1, 65), size, marker=".", label=name)
        axes.set(xlabel="coefficients by size", ylabel="|w|", ylim=(0, 12))
        axes.set_yscale("symlog", linthresh=0.01)
        axes.legend(frameon=False)

    return lines, plot


def sparsity():
    """L1 drives coefficients to exactly zero, L2 does not."""
    lasso, ridge = grid(1.0), grid(0.0)
    lines = ["share of the largest λ   zeros of the lasso   zeros of ridge (of 64)"]
    for index in (0, 10, 20, 40, 60, 90):
        share = lasso.alphas[0, index] / lasso.alphas[0, 0]
        same = int(np.argmin(np.abs(np.log(ridge.alphas[0] / ridge.alphas[0, 0] / share))))
        zeros = [64 - int(np.count_nonzero(result.coef(0, at))) for result, at in ((lasso, index), (ridge, same))]
        lines.append(f"{share:22.3f} {zeros[0]:20d} {zeros[1]:16d}")

    def plot(axes):
        for result, name in ((lasso, "lasso (L1)"), (ridge, "ridge (L2)")):
            axes.plot(result.alphas[0] / result.alphas[0, 0], 64 - result.support_size[0], label=name)
        axes.set(xscale="log", xlabel="λ, as a share of the largest", ylabel="coefficients at exactly zero")
        axes.invert_xaxis()
        axes.legend(frameon=False)

    return lines, plot


def grid_search():
    """λ is found by experiment: a hundred strengths in ten folds."""
    result = grid(1.0)
    lines = ["                 λ    features   held-out error   training error"]
    words = "{name:10s} {alpha:7.2f} {n_features:10d} {mean:10.0f} ± {se:3.0f} {train:15.0f}"
    lines += [words.format(**row) for row in result.table("1se")]
    lines.append(
        f"{result.gaps.size} fits, the largest duality gap below {10 ** np.ceil(np.log10(result.max_gap)):.0e}"
    )

    def plot(axes):
        alphas, mean, se = result.alphas[0], result.mean[0], result.se[0]
        axes.fill_between(alphas, mean - se, mean + se, alpha=0.2)
        axes.plot(alphas, mean, label="held out ± SE")
        axes.plot(alphas, result.train_mean[0], label="training")
        for rule in ("min", "1se"):
            axes.axvline(result.select(rule).alpha, color="gray", lw=1)
            axes.text(result.select(rule).alpha, axes.get_ylim()[1], f" {rule}", va="top", rotation=90)
        axes.set(xscale="log", xlabel="λ", ylabel="mean squared error")
        axes.invert_xaxis()
        axes.legend(frameon=False)

    return lines, plot


def elastic_net():
    """L1 and L2 together: features that are nearly copies come in together."""
    rng = np.random.default_rng(0)
    hidden = rng.standard_normal((200, 3))
    X = np.repeat(hidden, 4, axis=1) + 0.1 * rng.standard_normal((200, 12))
    y = hidden @ [3.0, -2.0, 0.0] + rng.standard_normal(200)
    lines, coefs = ["        coefficients of four near copies of each of three causes (3, −2, 0)"], {}
    for name, mix in (("lasso", 1.0), ("elastic net", 0.5)):
        result = fit_grid(X, y, folds(200), l1_ratios=(mix,))
        cell = result.select("1se")
        coefs[name] = result.coef(cell.ratio, cell.index)
        words = "  ".join(" ".join(f"{value:5.2f}" for value in part) for part in coefs[name].reshape(3, 4))
        lines.append(f"{name:12s} {words}".replace("-0.00", " 0.00"))

    def plot(axes):
        for shift, (name, coef) in zip((-0.2, 0.2), coefs.items()):
            axes.bar(np.arange(12) + shift, coef, 0.4, label=name)
        axes.set(xlabel="feature: four near copies of each cause", ylabel="coefficient", xticks=(1.5, 5.5, 9.5))
        axes.set_xticklabels(["cause 3", "cause −2", "cause 0"])
        axes.legend(frameon=False)

    return lines, plot


def overfitting():
    """A penalty prevents overfitting: less error on rows that were not seen, more on those that were."""
    rng = np.random.default_rng(1)
    features = (5, 10, 20, 40, 80, 120)
    X = rng.standard_normal((160, features[-1]))
    y = X[:, :5] @ [2.0, -1.5, 1.0, 1.0, -0.5] + 2 * rng.standard_normal(160)
    lines, drawn = ["features   no penalty: training, held out   lasso: training, held out   saved"], []
    for p in features:
        result = fit_grid(X[:, :p], y, folds(160))
        free, best = result.unpenalized, result.select("min")
        gain, se = paired(result, free.test_score - result.test_score[best.ratio, best.index])
        both = [float(score @ result.fold_weights) for score in (free.train_score, free.test_score)]
        drawn.append((*both, best.train, best.mean))
        lines.append(
            f"{p:8d} {both[0]:17.2f} {both[1]:11.2f} {best.train:17.2f} {best.mean:9.2f} {gain:10.2f} ± {se:.2f}"
        )

    def plot(axes):
        names = ("no penalty, training", "no penalty, held out", "lasso, training", "lasso, held out")
        for values, name, style in zip(zip(*drawn), names, ("C0--", "C0-", "C1--", "C1-")):
            axes.plot(features, values, style, marker=".", label=name)
        axes.set(xlabel="features, of which 5 matter", ylabel="mean squared error", yscale="log")
        axes.legend(frameon=False)

    return lines, plot


def generalization():
    """L2 helps a model to generalize: patients that were not seen."""
    X, y, _ = diabetes()
    repeats = [pair for seed in range(10) for pair in folds(len(y), seed=seed)]
    result = fit_grid(X, y, repeats, l1_ratios=(0.0, 1.0), ridge_unit=float(np.std(y)))
    lines = ["              held-out error   no penalty − this   (10 folds, dealt 10 times)"]
    free, drawn = result.unpenalized.test_score, {}
    for name, line in (("ridge (L2)", 0), ("lasso (L1)", 1)):
        index = int(np.argmin(result.mean[line]))
        gain, se = paired(result, free - result.test_score[line, index])
        drawn[name] = free - result.test_score[line, index]
        lines.append(f"{name:13s} {result.mean[line, index]:14.0f} {gain:14.0f} ± {se:.0f}")
    lines.append(f"{'no penalty':13s} {free @ result.fold_weights:14.0f}")

    def plot(axes):
        axes.boxplot([*drawn.values()], orientation="horizontal", tick_labels=[*drawn], widths=0.5)
        axes.axvline(0, color="gray", lw=1)
        axes.set_xlabel("error without − with the penalty, in 100 folds: right of 0 it helps")

    return lines, plot


def choosing_the_term():
    """Which term is right depends on the task: few strong causes or many weak ones."""
    rng = np.random.default_rng(2)
    lines, drawn = ["causes            held-out error: lasso   ridge   ridge − lasso"], {}
    for name, causes, size in (("5 of 100, strong", 5, 1.5), ("100 of 100, weak", 100, 0.3)):
        X = rng.standard_normal((150, 100))
        w = np.zeros(100)
        w[:causes] = size * rng.choice([-1.0, 1.0], causes)
        y = X @ w + 1.5 * rng.standard_normal(150)
        lasso, ridge = (fit_grid(X, y, folds(150), l1_ratios=(mix,)) for mix in (1.0, 0.0))
        a, b = lasso.select("min"), ridge.select("min")
        difference, se = paired(lasso, ridge.test_score[0, b.index] - lasso.test_score[0, a.index])
        told = "distinguishable" if abs(difference) > DISTINGUISHABLE * se else "not distinguishable"
        lines.append(f"{name:17s} {a.mean:16.2f} {b.mean:11.2f} {difference:9.2f} ± {se:.2f}  {told}")
        drawn[name] = (difference, se)

    def plot(axes):
        values, errors = zip(*drawn.values())
        axes.errorbar(values, range(len(drawn)), xerr=np.multiply(DISTINGUISHABLE, errors), fmt="o", capsize=4)
        axes.axvline(0, color="gray", lw=1)
        axes.set(yticks=range(len(drawn)), yticklabels=list(drawn), ylim=(-0.5, len(drawn) - 0.5))
        axes.set_xlabel("error of ridge − lasso ± 2 SE: right of 0 the lasso is better")

    return lines, plot


def stability():
    """L2 keeps training stable: how far coefficients move from fold to fold."""
    rng = np.random.default_rng(3)
    common = rng.standard_normal((120, 1))
    X = common + 0.3 * rng.standard_normal((120, 8))
    y = X.sum(axis=1) + 4 * rng.standard_normal(120)
    lines, drawn = ["              spread of the coefficients over the folds, as a share of their size"], {}
    for name, mix in (("lasso", 1.0), ("elastic net", 0.5), ("ridge", 0.0)):
        result = fit_grid(X, y, folds(120), l1_ratios=(mix,))
        best = result.select("min")
        drawn[name] = np.array([result.coef(0, best.index, fold) for fold in range(10)])
        lines.append(f"{name:13s} {_spread(drawn[name]):.2f}")
    free = np.array([_least_squares(X[train], y[train]) for train, _ in folds(120)])
    drawn["no penalty"] = free
    lines.append(f"{'no penalty':13s} {_spread(free):.2f}")

    def plot(axes):
        for place, (_, coefs) in enumerate(drawn.items()):
            for j in range(8):
                axes.plot(place + np.linspace(-0.3, 0.3, 8)[j] + np.zeros(10), coefs[:, j], ".", color=f"C{j}", ms=4)
        axes.set(xticks=range(4), xticklabels=list(drawn), ylabel="coefficient in each of ten folds")

    return lines, plot


def _spread(coefs):
    return float(np.sqrt(np.sum(coefs.var(axis=0)) / np.sum(coefs.mean(axis=0) ** 2)))


def _least_squares(X, y):
    return np.linalg.lstsq(X - X.mean(axis=0), y - y.mean(), rcond=None)[0]


def complexity():
    """A stronger penalty makes a simpler model: its degrees of freedom."""
    lasso, ridge = grid(1.0), grid(0.0)
    lines = ["share of the largest λ   degrees of freedom: lasso   ridge"]
    for index in (0, 20, 40, 60, 90):
        share = lasso.alphas[0, index] / lasso.alphas[0, 0]
        same = int(np.argmin(np.abs(np.log(ridge.alphas[0] / ridge.alphas[0, 0] / share))))
        freedom = [float(result.degrees_of_freedom[0, at]) for result, at in ((lasso, index), (ridge, same))]
        lines.append(f"{share:22.3f} {freedom[0]:26.1f} {freedom[1]:7.1f}")

    def plot(axes):
        for result, name in ((lasso, "lasso"), (ridge, "ridge")):
            axes.plot(result.alphas[0] / result.alphas[0, 0], result.degrees_of_freedom[0], label=name)
        axes.set(xscale="log", xlabel="λ, as a share of the largest", ylabel="degrees of freedom")
        axes.invert_xaxis()
        axes.legend(frameon=False)

    return lines, plot


def penalized_score():
    """λ must not be chosen on a loss that contains the penalty: then the weakest looks best."""
    X, _, splits = diabetes()
    result = grid(1.0)
    sds = np.array([X[train].std(axis=0) for train, _ in splits])
    size = np.array([[np.abs(result.coef(0, a, k) * sds[k]).sum() for k in range(10)] for a in range(100)])
    honest = result.test_score[0] / 2
    shown = honest + result.alphas[0][:, None] * size
    picks = {name: int(np.argmin(score @ result.fold_weights)) for name, score in (("loss", honest), ("both", shown))}
    words = {"loss": "held-out loss alone", "both": "held-out loss + penalty"}
    lines = ["λ chosen by                   λ   features   held-out error"]
    for name, index in picks.items():
        alpha, kept = result.alphas[0, index], result.support_size[0, index]
        lines.append(f"{words[name]:24s} {alpha:7.3f} {kept:10d} {result.mean[0, index]:12.0f}")

    def plot(axes):
        axes.plot(result.alphas[0], honest @ result.fold_weights, label="held-out loss")
        axes.plot(result.alphas[0], shown @ result.fold_weights, label="held-out loss + penalty")
        for index in picks.values():
            axes.axvline(result.alphas[0, index], color="gray", lw=1)
        axes.set(xscale="log", xlabel="λ", ylabel="half mean squared error")
        axes.invert_xaxis()
        axes.legend(frameon=False)

    return lines, plot


LINEAR = {
    "penalty-term": penalty_term,
    "sparsity": sparsity,
    "grid-search": grid_search,
    "elastic-net": elastic_net,
    "overfitting": overfitting,
    "generalization": generalization,
    "choosing-the-term": choosing_the_term,
    "stability": stability,
    "complexity": complexity,
    "penalized-score": penalized_score,
}
