"""Sentences about networks that the page and the terminal share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shrinkwise.network import Network
from shrinkwise.report.report_input import ReportInput
from shrinkwise.report.text import count, general, listed, scores, whole
from shrinkwise.result import GridResult

DIVERGED = 6  # cells that are named


def network_words(network: Network) -> str:
    """``network of 2 248 penalized weights in 3 layers``."""
    weights = count(int(network.sizes.sum()), "penalized weight")
    return f"network of {weights} in {count(len(network.layers), 'layer')}"


def comparison_sentence(report: ReportInput) -> str:
    """The network beside the best linear model; nothing where there is none to compare with."""
    return report.comparison.sentence if report.comparison is not None else ""


def checked_sentence(report: ReportInput) -> tuple[bool, str]:
    """Whether every network is finite, and the sentence that says what is not certified, and what was checked."""
    result = report.result
    n_fits, n_sound = int(result.converged.size), int(np.count_nonzero(result.converged))
    words = (
        "Nothing certifies a network: its loss is not convex, and no one can tell how far from the lowest training "
        "ended. What was checked instead: "
    )
    difference = report.certificate.get("difference")
    same = (
        f", and the network in the model file predicts what Keras' did to {general(float(difference), 2)} (relative)"
        if difference is not None
        else ""
    )
    if n_sound == n_fits:
        return True, f"{words}all weights and losses of all {whole(n_fits)} networks are finite{same}."
    lost = count(n_fits - n_sound, "network")
    return False, f"{words}{lost} of {whole(n_fits)} diverged and were not ranked{same}. {diverged_words(report)}"


def diverged_words(report: ReportInput) -> str:
    """Which networks diverged: ``Diverged: l1 = 0.1, l2 = 0 (fold 3 of seed 1).``; nothing where none did."""
    result, network = report.result, report.result.network
    lost = np.argwhere(~result.converged)
    if network is None or not len(lost):
        return ""
    cells: dict[tuple[int, int], list[str]] = {}
    for ratio, index, fit in lost.tolist():
        seed, fold = divmod(fit, result.n_folds // network.seeds)
        own = f" of seed {seed + 1}" if network.seeds > 1 else ""
        word = "all rows" if fit == result.n_folds else f"fold {fold + 1}{own}"
        cells.setdefault((ratio, index), []).append(word)
    named = [
        f"l1 = {general(float(network.l1[index]))}, l2 = {general(float(network.l2[ratio]))} "
        f"({listed(fits) if len(fits) <= 2 else count(len(fits), 'training')})"
        for (ratio, index), fits in cells.items()
    ]
    more = [f"{len(named) - DIVERGED} more strengths"] if len(named) > DIVERGED else []
    return f"Diverged: {'; '.join([*named[:DIVERGED], *more])}."


def network_edge_sentence(report: ReportInput) -> str:
    """Whether the lowest error, or the choice, lies on an end of the grid of l1, which nothing extends."""
    lowest, chosen = (report.result.at_edge(cell) for cell in (report.lowest, report.chosen))
    if lowest == "strong" and report.lowest.n_features == 0:
        return "The lowest error lies at the strongest l1 of the grid: no input earns its place on held-out rows."
    if lowest == "strong":
        return "The lowest error lies at the strongest l1 of the grid: a stronger one may do better still."
    if lowest == "weak":
        return (
            "The lowest error lies at the weakest l1 of the grid: a weaker one may do better still, unless these data "
            "hardly need a penalty."
        )
    if chosen == "strong" and report.chosen.n_features:
        return "The choice lies at the strongest l1 of the grid: a stronger one may be as good, and simpler still."
    return ""


def seeds_sentence(report: ReportInput) -> str:
    """How much the chosen cell's held-out error depends on where training starts."""
    result = report.result
    if result.network is None or result.network.seeds < 2:
        return (
            "One seed was trained: how much hangs on the random start cannot be told; more seeds (--seeds 3) tell it."
        )
    by_seed = seed_scores(result, report.chosen.ratio, report.chosen.index)
    means, sd = by_seed.mean(axis=1), float(np.sqrt(np.mean(np.var(by_seed, axis=0, ddof=1))))
    of_mean = sd / float(np.sqrt(by_seed.shape[1]))
    score = scores(means.tolist(), [report.chosen.se])
    each = listed([score(float(value)) for value in means])
    return (
        f"Stability of training: from seed to seed (there are {result.network.seeds}) the held-out error of one fold "
        f"differs by {general(sd, 2)} (sd), so that of all folds by about {general(of_mean, 2)}, beside a standard "
        f"error over folds of {score(report.chosen.se)}; by seed it is {each}."
    )


def seed_scores(result: GridResult, ratio: int, index: int) -> NDArray[np.float64]:
    """Held-out errors of one cell, (seeds, folds)."""
    seeds = 1 if result.network is None else result.network.seeds
    return np.asarray(result.test_score[ratio, index].reshape(seeds, -1))


def objective_sentence(report: ReportInput) -> str:
    """What training lowered, apart from what the choice is made by."""
    result, chosen = report.result, report.chosen
    if result.network is None:
        return ""
    total = float(result.network.objective[chosen.ratio, chosen.index] @ result.fold_weights)
    score = scores([total, chosen.mean], [chosen.se])
    if result.network.refit:
        return (
            f"The penalty chose what is zero; then {count(result.network.refit, 'epoch')} trained the other weights "
            f"without l1, to a loss of {score(chosen.train)} on the training rows. With the penalty of such weights it "
            f"would be {score(total)}; the choice goes by the held-out loss alone, {score(chosen.mean)}."
        )
    return (
        f"Training lowered loss + penalty, {score(total)} at the chosen l1 and l2: a loss of {score(chosen.train)} on "
        f"the training rows and a penalty of {score(total - chosen.train)}. The choice knows no penalty: it goes by "
        f"the held-out loss alone, {score(chosen.mean)}."
    )


def sparsity_sentence(report: ReportInput) -> str:
    """How many of the chosen network's penalized weights are exactly zero."""
    network, chosen = report.result.network, report.chosen
    if network is None:
        return ""
    zeros, total = int(network.zeros[chosen.ratio, chosen.index, -1].sum()), int(network.sizes.sum())
    inputs = count(len(report.result.feature_names), "input")
    return (
        f"{whole(zeros)} of {whole(total)} penalized weights ({100 * zeros / total:.0f} %) of the chosen network are "
        f"exactly zero; it reads {whole(chosen.n_features)} of {inputs}."
    )


def training_facts(result: GridResult) -> dict[str, str]:
    """How the networks were trained, for a list of facts."""
    network = result.network
    if network is None:
        return {}
    fewest, most = int(result.n_iter.min()), int(result.n_iter.max())
    epochs = f"{most} epochs" if fewest == most else f"{fewest} to {most} epochs"
    how = {"vmap": "together, as one program", "loop": "one after the other"}.get(network.route, network.route)
    return {
        "training": f"{network.optimizer}, {epochs}, batches of {whole(network.batch_size)} rows",
        "backend": f"{network.backend}; networks were trained {how}",
    }
