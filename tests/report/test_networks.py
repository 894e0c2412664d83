"""Page and terminal of a grid of networks."""

import dataclasses

import numpy as np
import pytest
from scipy import sparse

from shrinkwise.report import render_page
from tests.report.conftest import report_on
from tests.report.test_page import Page
from tests.report.test_terminal import printed
from tests.result.networks import linear_of, network_grid


@pytest.fixture(scope="module")
def grid():
    return network_grid()


@pytest.fixture(scope="module")
def report(grid):
    return report_on(grid, linear=linear_of(grid, 5.0 + np.array([1.0, -1.0, 1.0, -1.0, 0.0])))


def test_a_page_of_networks_speaks_of_inputs_and_of_l1_and_l2(report):
    text = Page(render_page(report)).text.replace("\N{NO-BREAK SPACE}", " ")
    assert "Without a penalty the network would overfit" in text
    assert "Do I overfit, and which l1?" in text
    assert "How much L2 beside L1?" in text
    assert "12 inputs" in text
    assert "λ" not in text.replace("--", "")
    assert "l1_ratio" not in text
    assert "feature" not in text.replace("features)", "")  # of the linear model beside it
    assert "duality gap" not in text


@pytest.mark.parametrize("show", [lambda report: Page(render_page(report)).text, lambda report: printed(report, 400)])
def test_what_is_certified_and_what_is_checked_is_said(show, report, grid):
    words = " ".join(show(report).split())
    assert "Nothing certifies a network: its loss is not convex" in words
    assert "all weights and losses of all 176 networks are finite" in words
    lost = report_on(network_grid(diverged=[(0, 7, 3), (1, 6, 7), (1, 7, 10)]))
    words = " ".join(show(lost).split())
    assert "3 networks of 176 diverged and were not ranked" in words
    assert "l1 = 0.0001, l2 = 0 (fold 4 of seed 1)" in words
    assert "l2 = 0.001 (fold 3 of seed 2)" in words
    assert "l2 = 0.001 (all rows)" in words
    assert "to ∞" not in words
    checked = " ".join(show(report_on(grid, certificate={"difference": 2.5e-7})).split())
    assert "the network in the model file predicts what Keras' did to 2.5e-7" in checked


@pytest.mark.parametrize("show", [lambda report: Page(render_page(report)).text, lambda report: printed(report, 400)])
def test_loss_and_objective_stand_apart_and_the_choice_goes_by_the_loss(show, report, grid):
    cell = grid.select("1se")
    objective = float(grid.network.objective[cell.ratio, cell.index].mean())
    words = " ".join(show(report).split())
    assert f"Training lowered loss + penalty, {objective:.1f} at the chosen l1 and l2" in words
    assert f"a penalty of {objective - cell.train:.1f}." in words
    assert f"by the held-out loss alone, {cell.mean:.1f}." in words


def test_a_refit_is_said(grid):
    refitted = dataclasses.replace(grid, network=dataclasses.replace(grid.network, refit=20))
    words = " ".join(Page(render_page(report_on(refitted))).text.replace("\N{NO-BREAK SPACE}", " ").split())
    assert "The penalty chose what is zero; then 20 epochs trained the other weights without l1" in words
    assert "Training lowered" not in words


def test_layers_have_their_zeros_and_norms_at_the_chosen_cell(report, grid):
    cell = grid.select("1se")
    text = Page(render_page(report)).text
    for layer, size, zeros in zip(
        grid.network.layers, grid.network.sizes, grid.network.zeros[cell.ratio, cell.index, -1], strict=True
    ):
        assert layer in text
        assert str(size) in text
        assert f"{100 * zeros / size:.0f} %" in text
    share = 100 * grid.network.sparsity[cell.ratio, cell.index, -1]
    assert f"({share:.0f} %) of the chosen network are exactly zero" in text


def test_the_spread_of_seeds_is_that_of_the_same_fold(grid):
    twins = np.concatenate([grid.test_score[..., :5]] * 2, axis=-1)
    words = " ".join(printed(report_on(dataclasses.replace(grid, test_score=twins)), 400).split())
    assert "the held-out error of one fold differs by 0 (sd), so that of all folds by about 0, beside" in words
    apart = twins + np.repeat([3.0, -3.0], 5)
    words = " ".join(printed(report_on(dataclasses.replace(grid, test_score=apart)), 400).split())
    assert "one fold differs by 4.2 (sd), so that of all folds by about 1.9, beside" in words  # 3 √2, over √5
    assert "One seed was trained" in printed(report_on(network_grid(seeds=1)), 400)


def test_the_linear_model_on_the_same_folds_stands_beside_the_network(report, grid):
    page = Page(render_page(report)).text
    assert "linear model, chosen on the same folds" in page
    assert " lower (paired over the folds): the network is worth it." in page
    lines = printed(report, 200).splitlines()
    head = next(number for number, line in enumerate(lines) if line.startswith("model "))
    assert [line.split()[0] for line in lines[head + 1 : head + 5]] == ["min", "1se", "no", "linear"]
    assert "linear model" not in printed(report_on(grid), 200)


def test_an_end_of_the_grid_is_named():
    flat = np.ones((2, 8, 10)) * np.linspace(2, 1, 8)[:, None]
    words = printed(report_on(network_grid(test_score=flat)), 400)
    assert "lies at the weakest l1 of the grid: a weaker one may do better still" in words
    words = printed(report_on(network_grid(test_score=flat[:, ::-1])), 400)
    assert "lies at the strongest l1 of the grid: no input earns its place" in words
    noisy = 1 + np.abs(flat - 1.4) + np.tile([1.5, -1.5], 5)  # lowest inside, and all within one SE of it
    every = tuple((sparse.csr_array(np.ones((8, 12))),) * 11 for _ in range(2))
    words = printed(report_on(network_grid(test_score=noisy, coefs=every)), 400)
    assert "The choice lies at the strongest l1 of the grid: a stronger one may be as good" in words


@pytest.mark.parametrize("classes", [("no", "yes"), ("red", "green", "blue")])
def test_classifiers_have_pages_too(classes):
    text = Page(render_page(report_on(network_grid(classes=classes)))).text
    assert "error = log loss" in text
    assert "12 inputs" in text


def test_a_page_of_64_inputs_and_hostile_names_stays_small_and_harmless(hostile):
    network = network_grid(p=64, strengths=40, names=hostile.feature_names)
    layers = tuple(f"<script>{k}\x00{'x' * 5000}" for k in range(3))
    network = dataclasses.replace(network, network=dataclasses.replace(network.network, layers=layers))
    page = render_page(report_on(network))
    assert len(page.encode()) <= 300_000
    assert not {"img", "b"} & set(Page(page).tags)
    assert Page(page).tags.count("script") == 2
    assert not set(page) & set("\x00\x1b\u202e")
