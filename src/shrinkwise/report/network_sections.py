"""Sections of the page that only networks have."""

from __future__ import annotations

import numpy as np

from shrinkwise.report.figures import layer_norms, layer_zeros
from shrinkwise.report.markup import Html, el, name
from shrinkwise.report.network_words import objective_sentence, seeds_sentence, sparsity_sentence
from shrinkwise.report.report_input import ReportInput
from shrinkwise.report.tables import bar, feature_cell, table_of, zeros_of
from shrinkwise.report.text import aligned, general, scores, whole
from shrinkwise.report.words import plus_minus

LAYERS = 60  # rows of the table of layers at most


def inputs(report: ReportInput, limit: int) -> Html:
    """The chosen network's inputs, largest norm of weights first, and how often each was kept."""
    result, chosen, (norms,) = report.result, report.chosen, report.coef
    kept, longest, norm = report.kept[:limit], float(norms.max(initial=0.0)) or 1.0, aligned(norms)
    folds = [result.coefs[chosen.ratio][fold][[chosen.index]] for fold in range(result.n_folds)]
    times = sum((np.bincount(fit.indices, minlength=len(norms)) > 0 for fit in folds), np.zeros(len(norms), dtype=int))
    body = [
        el(
            "tr",
            feature_cell(report, column),
            el("td", bar(float(norms[column]) / longest, from_left=True), class_="bars right"),
            el("td", norm(float(norms[column]))),
            el("td", f"{times[column]} of {result.n_folds}"),
            el("td", general(float(result.scale[column]))),
        )
        for column in kept
    ]
    words = (
        "The norm of the weights that leave an input of standard deviation 1. It says how much goes in, not what "
        "becomes of it: a network has no single effect for an input, and no sign."
    )
    parts = [
        el("h2", f"The inputs of the chosen network ({report.rule})"),
        el("p", words, class_="muted"),
        table_of("coefficients", ("input", "", "norm", "kept in folds", "SD"), body) if kept else None,
    ]
    if len(report.kept) > limit:
        words = f"Shown are the {limit} largest of {whole(len(report.kept))}; the model file holds all."
        parts.append(el("p", words, class_="of-chosen"))
    return el("section", *parts, zeros_of(report, np.flatnonzero(norms == 0).tolist()), id="coefficients")


def layers(report: ReportInput) -> Html | None:
    """Zeros and norms by layer, over l1; the spread of seeds; the objective apart from the loss."""
    network, chosen = report.result.network, report.chosen
    if network is None:
        return None
    zeros, norms = (part[chosen.ratio, chosen.index, -1] for part in (network.zeros, network.norms))
    norm = aligned(norms)
    body = [
        el(
            "tr",
            el("th", name(layer), scope="row"),
            *(el("td", cell) for cell in (whole(size), whole(zero), f"{100 * zero / size:.0f} %", norm(length))),
        )
        for layer, size, zero, length in list(
            zip(network.layers, network.sizes.tolist(), zeros.tolist(), norms.tolist(), strict=True)
        )[:LAYERS]
    ]
    more = len(network.layers) - LAYERS
    return el(
        "section",
        el("h2", "Inside the chosen network"),
        el("p", sparsity_sentence(report)),
        table_of("plain", ("layer", "weights", "exactly zero", "share", "norm"), body),
        el("p", f"And {more} more layers, in the model file.") if more > 0 else None,
        layer_zeros(report),
        layer_norms(report),
        el("p", seeds_sentence(report)),
        el("p", objective_sentence(report)),
        el("details", el("summary", "Loss and objective at every l1"), _objectives(report)),
    )


def _objectives(report: ReportInput) -> Html:
    """Loss and objective side by side, the only place where they meet."""
    result, network, ratio = report.result, report.result.network, report.chosen.ratio
    assert network is not None
    objective = network.objective[ratio] @ result.fold_weights
    mean, se, train = result.mean[ratio], result.se[ratio], result.train_mean[ratio]
    score = scores([report.lowest.mean, report.chosen.mean], [report.lowest.se, report.chosen.se])
    share = network.sparsity[ratio, :, -1]
    body = [
        el(
            "tr",
            el("th", general(float(l1)), scope="row"),
            *(
                el("td", cell)
                for cell in (
                    plus_minus(score, float(mean[i]), float(se[i])),
                    score(float(train[i])),
                    score(float(objective[i])),
                    f"{100 * share[i]:.0f} %",
                )
            ),
        )
        for i, l1 in enumerate(network.l1)
    ]
    return table_of("plain", ("l1", "held-out loss ± SE", "training loss", "loss + penalty", "zeros"), body)
