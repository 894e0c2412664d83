import base64
import dataclasses
import hashlib
import json
import os
import re
import warnings
from html.parser import HTMLParser

import numpy as np
import pytest
from scipy import sparse

from shrinkwise.exceptions import UsageError
from shrinkwise.report import render_page, write_page
from tests.report.conftest import diabetes64, report_on, squared_grid


class Page(HTMLParser):
    """Checks that elements nest, collects ids, attributes, scripts and text."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.stack, self.tags, self.ids, self.attributes, self.words, self.scripts = [], [], [], [], [], []
        self.feed(text)
        self.close()
        assert self.stack == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [(tag, *attribute) for attribute in attributes]
        self.ids += [value for key, value in attributes if key == "id"]
        if tag not in ("meta", "link"):
            self.stack.append(tag)

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag

    def handle_data(self, data):
        if self.stack and self.stack[-1] == "script":
            self.scripts.append(data)
        elif self.stack and self.stack[-1] != "style":
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def page(diabetes):
    return render_page(report_on(diabetes))


def test_the_verdict_comes_first_then_every_section_in_order(page, diabetes):
    text = Page(page).text
    heads = [
        report_on(diabetes).verdict.sentence.partition(":")[0],
        "CV error ± SE",
        "Do I overfit, and which λ?",
        "Which penalty: L1, L2 or a mix?",
        "Which features, in which order?",
        "The coefficients of the chosen model (1se)",
        "The data",
        "How exact is this, and how to repeat it",
        "The words on this page",
    ]
    places = [text.index(head) for head in heads]
    assert places == sorted(places)


def test_the_page_is_small(page):
    assert len(page.encode()) <= 300_000


def test_the_page_is_one_file_without_address(page):
    parsed = Page(page)
    assert not {"iframe", "object", "embed", "img", "form", "base"} & set(parsed.tags)
    assert not re.search(r"https?:|//|@import|javascript:|expression\(", page.replace("<!DOCTYPE html>", ""))
    assert not [name for _, name, _ in parsed.attributes if name.startswith("on")]
    assert {value for _, name, value in parsed.attributes if name in ("href", "src")} == {"data:,"}
    assert re.findall(r"url\(([^)]*)\)", page) == [f"#{name}" for name in re.findall(r"url\(#([^)]*)\)", page)]
    policy = next(value for tag, name, value in parsed.attributes if name == "content" and "default-src" in value)
    assert policy.startswith("default-src 'none'")


def test_the_policy_names_the_one_script_by_its_hash(page):
    parsed = Page(page)
    data, script = parsed.scripts
    assert parsed.tags.count("script") == 2
    assert [value for tag, name, value in parsed.attributes if tag == "script"] == ["application/json", "cells"]
    assert json.loads(data)["symbol"] == "λ"
    policy = next(value for tag, name, value in parsed.attributes if name == "content" and "default-src" in value)
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    assert policy.endswith(f"; script-src 'sha256-{digest}'")
    assert "unsafe" not in policy.replace("style-src 'unsafe-inline'", "")
    assert not re.search(r"eval|Function\(|innerHTML|insertAdjacent|document\.write|setTimeout\([\"']", script)


def test_ids_are_unique_and_every_figure_is_described(page):
    parsed = Page(page)
    assert len(set(parsed.ids)) == len(parsed.ids)
    labels = [value for tag, name, value in parsed.attributes if tag == "svg" and name == "aria-labelledby"]
    assert len(labels) == parsed.tags.count("svg") == 8
    assert {part for label in labels for part in label.split()} <= set(parsed.ids)
    assert parsed.tags.count("desc") == parsed.tags.count("svg")
    assert parsed.tags.count("figcaption") == parsed.tags.count("figure") == 4
    referred = re.findall(r"url\(#([^)]*)\)", page)
    assert set(referred) <= set(parsed.ids)


def test_the_small_table_is_that_of_the_result(page, diabetes):
    text = Page(page).text
    for row in diabetes.table("1se"):
        assert f"{row['mean']:.0f} ± {row['se']:.0f}" in text
        assert f"{row['train']:.0f}" in text
    assert "glmnet calls alpha is our l1_ratio" in text
    assert "shrinkwise fit examples/diabetes64.csv --target y" in text
    assert "Certified: the largest relative duality gap of all 1080 fits is" in text


def test_coefficients_are_sorted_by_their_effect_and_zeros_counted(page, diabetes):
    chosen = diabetes.select("1se")
    effect = np.abs(diabetes.standardized_coef(chosen.ratio, chosen.index))
    names = [diabetes.feature_names[column] for column in np.argsort(-effect, kind="stable")[: chosen.n_features]]
    table = page[page.index('<table class="coefficients">') :]
    shown = re.findall(r'<th scope="row"><bdi>([^<]*)</bdi>', table[: table.index("</table>")])
    assert shown == names
    assert f"{64 - chosen.n_features} features at exactly zero" in page


def test_the_same_report_gives_the_same_page(diabetes, page):
    assert render_page(report_on(diabetes)) == page


class TestHostileNames:
    @pytest.fixture(scope="class")
    @staticmethod
    def hostile_page(hostile):
        evil = "\u202e<script>\"'&\x00"
        return render_page(
            report_on(
                hostile,
                title=evil,
                target=evil,
                source=evil * 2000,
                created=evil,
                command=evil,
                notes=(evil, "n" * 100_000),
                versions={evil: evil},
                task=evil,
            )
        )

    def test_names_are_text_and_nothing_else(self, hostile_page):
        parsed = Page(hostile_page)
        assert not {"img", "b"} & set(parsed.tags)
        assert parsed.tags.count("script") == 2
        assert "<script>alert(1)</script>" in parsed.text
        assert not [name for _, name, _ in parsed.attributes if name.startswith("on")]

    def test_the_page_stays_small_and_encodes(self, hostile_page):
        assert len(hostile_page.encode("utf-8")) <= 300_000

    def test_no_control_or_direction_characters_reach_the_page(self, hostile_page):
        assert not set(hostile_page) & set("\x00\x1b\u202e\u2066\ud800")

    def test_the_worst_names_of_64_features_still_fit(self, hostile):
        for char in ("<", '"', "🙂", "\x00", "\u202e"):
            names = tuple(f"{index}{char * 10_000}{index}" for index in range(64))
            page = render_page(report_on(dataclasses.replace(hostile, feature_names=names)))
            assert len(page.encode("utf-8")) <= 300_000


class TestScale:
    @pytest.fixture(scope="class")
    @staticmethod
    def many(diabetes):
        """2 000 features, all nonzero: what a ridge path looks like."""
        rng = np.random.default_rng(0)
        p, (ratios, strengths) = 2000, diabetes.alphas.shape
        fits = diabetes.n_folds + 1
        growth = np.linspace(0, 1, strengths)[:, None]
        full = sparse.csr_array(growth * rng.normal(size=p))
        return dataclasses.replace(
            diabetes,
            coefs=tuple(tuple(full for _ in range(fits)) for _ in range(ratios)),
            feature_names=tuple(f"a rather long name of a gene {index:05d}" for index in range(p)),
            center=np.zeros(p),
            scale=np.where(np.arange(p) < 40, 0.0, 1.0),
            unpenalized=None,
        )

    def test_two_thousand_features_are_capped_and_the_page_says_so(self, many):
        page = render_page(report_on(many))
        assert len(page.encode()) <= 1_000_000
        text = Page(page).text
        assert "Drawn are the 120 of 2000 paths that are largest at the chosen λ" in text
        assert "Shown are the 200 largest of 2000 nonzero ones" in text
        assert "40 constant columns dropped" in text
        assert "and 32 more" in text

    def test_many_zeros_are_capped_and_the_page_says_so(self, many):
        zeros = tuple(tuple(matrix[[0] * matrix.shape[0]] * 0 for matrix in row) for row in many.coefs)
        for row in zeros:
            for matrix in row:
                matrix.eliminate_zeros()
        text = Page(render_page(report_on(dataclasses.replace(many, coefs=zeros)))).text
        assert "All 2000 features stay at exactly zero over the whole path." in text
        assert "2000 features at exactly zero" in text
        assert "and 1700 more, in the model file" in text


def cut(result, rows, strengths):
    """A part of the grid."""
    names = ("alphas", "train_score", "test_score", "intercepts", "gaps", "converged", "n_iter")
    parts = {name: getattr(result, name)[rows, strengths] for name in names}
    coefs = tuple(tuple(matrix[strengths] for matrix in row) for row in result.coefs[rows])
    return dataclasses.replace(result, l1_ratios=result.l1_ratios[rows], coefs=coefs, **parts)


def odd_grids(result):
    yield "one cell", cut(result, slice(2, 3), slice(30, 31))
    yield "strongest cell only", cut(result, slice(2, 3), slice(0, 1))
    yield "two strengths", cut(result, slice(0, 3), slice(20, 22))
    alphas = result.alphas.copy()
    alphas[:, -1] = 0
    yield "a strength of zero", dataclasses.replace(result, alphas=alphas)
    scores = result.test_score.copy()
    scores[0, -5:], scores[1:, -3:] = np.inf, 1e9
    yield "diverged cells", dataclasses.replace(result, test_score=scores)
    yield "all diverged", dataclasses.replace(result, test_score=scores * np.inf, unpenalized=None)
    yield "perfect", dataclasses.replace(result, test_score=scores * 0, train_score=scores * 0, unpenalized=None)
    yield "negative scores", dataclasses.replace(result, test_score=-result.test_score, train_score=-result.train_score)
    yield "tiny units", dataclasses.replace(result, test_score=result.test_score * 1e-15, unpenalized=None)
    yield "huge units", dataclasses.replace(result, test_score=result.test_score * 1e15, unpenalized=None)
    yield "all constant", dataclasses.replace(result, scale=result.scale * 0)
    yield "uncertified", dataclasses.replace(result, converged=~result.converged, gaps=result.gaps + 1)
    folds = {name: getattr(result, name)[:, :, :1] for name in ("train_score", "test_score")}
    fits = {name: getattr(result, name)[:, :, :2] for name in ("intercepts", "gaps", "converged", "n_iter")}
    yield (
        "one fold",
        dataclasses.replace(
            result,
            **folds,
            **fits,
            fold_weights=np.ones(1),
            null_score=result.null_score[:1],
            coefs=tuple(row[:2] for row in result.coefs),
            unpenalized=None,
        ),
    )


@pytest.mark.parametrize("rule", ["1se", "min", "k=40", "within=2%"])
@pytest.mark.filterwarnings("ignore:.*encountered in")  # of the result's own statistics on scores that are infinite
def test_every_odd_grid_has_a_page(diabetes, rule):
    for what, result in odd_grids(diabetes):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                report = report_on(result, rule)
            except (UsageError, ValueError):
                continue  # no cell of this grid satisfies the rule
            page = render_page(report)
        assert not [warning for warning in caught if "report" in warning.filename], what
        numbers = re.findall(r' (?:d|x|y|cx|cy|width|height)="([^"]*)"', page)
        assert not [text for text in numbers if "nan" in text or "inf" in text], what
        assert Page(page).text


def test_an_uncertified_fit_is_called_so(diabetes):
    page = render_page(report_on(diabetes, certificate={"n_fits": 10, "n_certified": 7, "certified": False}))
    assert "Not certified: 3 of 10 fits missed the tolerance" in page
    assert 'class="warning"' in page


def test_a_fit_without_penalty_that_does_not_exist_is_called_so(cancer):
    text = Page(render_page(report_on(cancer))).text
    assert "no finite fit" in text
    assert "the classes are separable" in text
    assert "the log-odds of benign" in text
    assert "Which penalty: L1" not in text


def test_a_feature_alone_has_a_page():
    X, y, names = diabetes64()
    report = report_on(squared_grid(X[:, 2:3], y, names[2:3], l1_ratios=(1.0,), n_alphas=10, folds=3))
    assert "1 of 1 feature is nonzero" in Page(render_page(report)).text


class TestColours:
    """WCAG contrast of text on paper, in both modes."""

    def luminance(self, colour):
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    @pytest.mark.parametrize("mode", [0, 1, 2])
    def test_text_can_be_read_and_lines_be_seen(self, page, mode):
        root = page.split(":root {")[mode + 1].split("}")[0]
        colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", root))
        for least, names in {
            4.5: ("ink", "muted", "cv", "train", "good", "warn"),
            3.0: tuple(f"c{index}" for index in range(8)),
        }.items():
            for name in names:
                pair = sorted((self.luminance(colours[name]), self.luminance(colours["paper"])))
                assert (pair[1] + 0.05) / (pair[0] + 0.05) >= least, name


class TestWriting:
    def test_an_existing_file_needs_overwrite(self, tmp_path, diabetes, page):
        path = tmp_path / "report.html"
        path.write_text("precious")
        with pytest.raises(UsageError, match="exists; choose another name, or pass --overwrite"):
            write_page(path, report_on(diabetes))
        assert path.read_text() == "precious"
        write_page(path, report_on(diabetes), overwrite=True)
        assert path.read_text(encoding="utf-8") == page
        assert [file.name for file in tmp_path.iterdir()] == ["report.html"]

    def test_a_folder_or_a_missing_folder_is_refused(self, tmp_path, diabetes):
        with pytest.raises(UsageError, match="is a folder"):
            write_page(tmp_path, report_on(diabetes), overwrite=True)
        with pytest.raises(UsageError, match="does not exist"):
            write_page(tmp_path / "no" / "report.html", report_on(diabetes))

    @pytest.mark.parametrize("name", ["fsync", "replace"])
    @pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device")])
    def test_an_interrupt_leaves_what_was_there(self, tmp_path, diabetes, monkeypatch, name, error):
        def fail(*_):
            raise error

        path = tmp_path / "report.html"
        path.write_text("precious")
        monkeypatch.setattr(os, name, fail)
        with pytest.raises(KeyboardInterrupt if error is KeyboardInterrupt else UsageError):
            write_page(path, report_on(diabetes), overwrite=True)
        assert [file.name for file in tmp_path.iterdir()] == ["report.html"]
        assert path.read_text() == "precious"
