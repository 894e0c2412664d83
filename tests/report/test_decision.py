"""What page and terminal say of a decision: four answers, a section for each record, figures with their numbers."""

import dataclasses
import re
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import sparse

from shrinkwise.exceptions import UsageError
from shrinkwise.report import ReportInput, render_page
from shrinkwise.report.decision_words import _how_to_have, families, four_answers
from shrinkwise.report.terminal import summary_of
from shrinkwise.report.text import general
from tests.report.conftest import HOSTILE, report_on, squared_grid
from tests.report.decisions import decision_of, fold_frequency, real_reports
from tests.report.test_page import Page, odd_grids
from tests.result.networks import network_grid

QUESTIONS = ["Do I overfit?", "Which penalty?", "How strong?", "Which features?"]
HEADS = [
    "Do I overfit, and which λ?",
    "Which penalty: L1, L2 or a mix?",
    "How sure is this λ?",
    "Which features, in which order?",
    "Which features come back with other rows?",
    "Why is a feature in, and why is it out?",
    "How sure are the coefficients?",
    "What does accuracy cost?",
    "How good are the predictions?",
    "The data",
    "How exact is this, and how to repeat it",
    "The words on this page",
]


@pytest.fixture(scope="module")
def reports():
    return real_reports()


@pytest.fixture(scope="module")
def page(reports):
    return render_page(reports["squared"])


class TestAnswers:
    def test_there_are_four_with_a_next_step_with_and_without_a_decision(self, reports):
        for report in reports.values():
            for given in (report, dataclasses.replace(report, decision=None)):
                answers = four_answers(given)
                assert [answer.question for answer in answers] == QUESTIONS
                for answer in answers:
                    assert answer.sentence.endswith(".")
                    assert answer.next_step.endswith(".")
                    assert "nan" not in answer.sentence
                    assert len(answer.sentence) < 400

    def test_all_four_open_the_page(self, reports, page):
        text = Page(page).text.replace("\N{NO-BREAK SPACE}", " ")
        for answer in four_answers(reports["squared"]):
            assert text.index(answer.question) < text.index(answer.next_step) < text.index("CV error ± SE")
            assert " ".join(answer.sentence.split()) in text.replace(" : ", ": ")

    def test_the_penalty_is_named_with_what_cannot_be_told_from_it(self, diabetes):
        def choice(better, difference, recommended):
            fields = {"mean": [5.0, 4.0, 4.1], "se": [0.1] * 3, "difference_se": [0.02, 0.0, 0.005]}
            return SimpleNamespace(
                penalty_choice=SimpleNamespace(
                    families=("no penalty", "ridge", "lasso"),
                    better=np.array(better),
                    difference=np.array(difference),
                    n_features=np.array([64, 64, 11]),
                    recommended=recommended,
                    **{name: np.array(values) for name, values in fields.items()},
                )
            )

        of = lambda decision: four_answers(report_on(diabetes, decision=decision))[1].sentence  # noqa: E731
        sentence = of(choice([-1, 1, 0], [0.09, 0.0, 0.003], "lasso"))
        assert sentence == (
            "Lasso, with 11 of 64 features where it is best: ridge has the lowest held-out error, but lasso lies only "
            "0.30 ± 0.50 % above it, which cannot be told from nothing, and is simpler."
        )
        alone = of(choice([-1, 1, -1], [0.09, 0.0, 0.03], "ridge"))
        assert alone.endswith("its held-out error is lowest; the next, lasso, lies 3.00 ± 0.50 % above it.")

    def test_without_a_decision_penalties_are_compared_from_the_grid(self, diabetes):
        found, recommended = families(report_on(diabetes))
        assert {family.name for family in found} == {"no penalty", "elastic net", "lasso"}
        free = next(family for family in found if family.name == "no penalty")
        best = float(diabetes.mean.min())
        assert free.difference == pytest.approx(
            float(diabetes.unpenalized.test_score @ diabetes.fold_weights) / best - 1
        )
        assert recommended == "lasso"

    def test_the_features_that_every_fold_keeps_are_counted(self, diabetes):
        report = report_on(diabetes)
        always = int(np.sum(fold_frequency(diabetes, report.chosen)[report.kept] == 1))
        assert f"{always} of them are kept in all 5 folds" in four_answers(report)[3].sentence

    def test_stable_features_are_counted_among_the_kept(self, diabetes):
        kept = report_on(diabetes).kept
        out = next(column for column in range(64) if column not in kept)
        decision = decision_of(diabetes)
        decision.stability_selection.selected = np.array([*kept[:3], out])
        sentence = four_answers(report_on(diabetes, decision=decision))[3].sentence
        assert "and 3 of them are chosen in at least 75 % of 100 half-samples" in sentence
        assert "the error is 9.8 ± 3.0 % higher" in sentence

    def test_a_model_without_features_and_a_useless_one_say_so(self, diabetes):
        empty = report_on(diabetes, "k=0")
        assert (
            four_answers(empty)[3].sentence == "None of 64 features: the chosen model predicts the same for every row."
        )
        assert four_answers(empty)[0].next_step.startswith("The chosen model predicts no better")

    def test_a_rule_that_keeps_nothing_points_to_the_model_that_predicts(self, diabetes):
        """The chosen model is no better than none, the lowest error is: other features are not what is lacking."""
        overfitting, _, strength, _ = four_answers(report_on(diabetes, "k=0"))
        assert re.search(
            r"The model of the lowest error does, by 50\.\d ± \d\.\d %: take the rule min", overfitting.next_step
        )
        assert strength.next_step == "This is the end of the grid: take the rule min, whose error is lower."

    def test_one_feature_is_not_spoken_of_as_of_several(self):
        X = np.random.default_rng(0).normal(size=(120, 3))
        report = report_on(squared_grid(X, 2 * X[:, 0] + X[:, 1], ("a", "b", "c"), l1_ratios=(1.0,)), "k=1")
        features = four_answers(report)[3]
        assert features.sentence == "1 of 3 features, a: it is kept in all 5 folds."
        assert features.next_step == "Rely on it: other rows would bring it, too."
        assert "the lowest error with at most 1 feature, with" in four_answers(report)[2].sentence

    def test_deals_of_the_folds_that_agree_are_not_a_range(self, diabetes):
        decision = decision_of(diabetes)
        decision.reproducibility.strengths = np.full(10, 0.5)
        sentence = four_answers(report_on(diabetes, decision=decision))[2].sentence
        assert sentence.endswith("; all 10 new deals of the folds chose 0.5.")

    def test_a_cost_that_may_be_luck_is_not_told_as_one(self, diabetes):
        decision = decision_of(diabetes)
        decision.removal_cost.cost_se = np.abs(decision.removal_cost.cost) + 0.1
        sentence = four_answers(report_on(diabetes, decision=decision))[3].sentence
        assert ": none of them is surely missed by itself, and " in sentence

    def test_where_no_penalty_pays_the_answer_says_so(self, diabetes):
        decision = decision_of(diabetes)
        choice = decision.penalty_choice
        choice.n_features, choice.difference = np.zeros(len(choice.families), int), np.zeros(len(choice.families))
        answer = four_answers(report_on(diabetes, decision=decision))[1]
        assert answer.sentence.startswith("None beats a model without features: its held-out error of ")
        assert answer.next_step == "Look for other features, or for more rows."

    def test_how_to_have_the_recommended_penalty_is_told_in_options(self):
        assert _how_to_have("relaxed lasso", "lasso") == (
            "for a relaxed lasso fit again with --l1-ratio 1 --relax (l1_ratio=1, relax=True in Python)"
        )
        assert _how_to_have("lasso", "relaxed elastic net") == (
            "for a lasso fit again with --l1-ratio 1 (l1_ratio=1 in Python), without --relax"
        )
        assert _how_to_have("ridge", "MCP").endswith("--l1-ratio 0 (l1_ratio=0 in Python), without --concave")
        assert _how_to_have("group elastic net", "group lasso").startswith(
            "for a group elastic net fit again with --l1"
        )
        assert _how_to_have("no penalty", "lasso") == "in Python alpha=0 fits without a penalty"

    @pytest.mark.filterwarnings("ignore:.*encountered in")
    def test_every_odd_grid_has_answers(self, diabetes):
        for what, result in odd_grids(diabetes):
            try:
                report = report_on(result)
            except (UsageError, ValueError):
                continue
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                for answer in four_answers(report):
                    assert answer.sentence, what
            assert not [warning for warning in caught if "report" in warning.filename], what

    def test_networks_are_asked_about_inputs(self):
        answers = four_answers(report_on(network_grid()))
        assert [answer.question for answer in answers][-1] == "Which inputs?"
        assert not any("feature" in answer.sentence + answer.next_step for answer in answers)

    def test_names_in_answers_are_harmless(self, hostile):
        for name in HOSTILE:
            report = report_on(dataclasses.replace(hostile, feature_names=(name,) * 64), decision=decision_of(hostile))
            for answer in four_answers(report):
                assert not set(answer.sentence) & set("\x00\x1b\n\u202e\ud800")
                assert len(answer.sentence) < 500


class TestSections:
    def test_they_come_in_the_order_of_the_questions(self, page):
        text = Page(page).text
        places = [text.index(head) for head in HEADS]
        assert places == sorted(places)

    def test_every_loss_has_a_page_without_a_number_that_is_none(self, reports):
        for name, report in reports.items():
            text = render_page(report)
            numbers = re.findall(r' (?:d|x|y|cx|cy|width|height|style)="([^"]*)"', text)
            assert not [number for number in numbers if "nan" in number or "inf" in number], name
            parsed = Page(text)
            assert len(set(parsed.ids)) == len(parsed.ids)
            assert parsed.tags.count("desc") == parsed.tags.count("svg") > 10
            assert not {"b", "i"} & set(parsed.tags) - {"i"}
            assert len(text.encode()) <= 300_000, name

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("squared", "of the variance (R²)"),
            ("logistic", "Called & from 50 %"),
            ("poisson", "times the mean of all"),
            ("quantile", "lie at or below their prediction"),
            ("cox", "Event rates by predicted risk"),
            ("classes", "Which class is taken for which"),
            ("targets", "of all targets together"),
        ],
    )
    def test_quality_is_told_in_the_words_of_the_loss(self, reports, name, words):
        assert words in Page(render_page(reports[name])).text.replace("\N{NO-BREAK SPACE}", " ")

    def test_log_links_have_the_factor_of_one_unit_more(self, reports, page):
        for name in ("poisson", "cox"):
            report = reports[name]
            table = re.search(r'<table class="coefficients".*?</table>', render_page(report), re.DOTALL)[0]
            assert re.findall(r'<th scope="col">(.*?)</th>', table)[1:] == ["", "per SD", "per unit", "factor", "SD"]
            cells = [re.findall(r"<td>(.*?)</td>", row) for row in table.split("</tr>")[1:-1]]
            for column, (_, _, factor, _) in zip(report.kept, cells, strict=False):
                coef = report.coef[0, column]
                wanted = general(float(np.exp(coef))) if abs(coef) <= np.log(100) else "–"
                assert factor == wanted
        assert ">factor<" not in page

    def test_why_a_part_was_left_out_is_told(self, diabetes):
        note = "The part on intervals was left out: a <b>reason</b>"
        report = report_on(diabetes, decision=decision_of(diabetes, notes=(note,)))
        assert note in Page(render_page(report)).text
        assert note in summary_of(report, 200)

    def test_one_banned_feature_is_not_counted_as_several(self, diabetes):
        decision = decision_of(diabetes)
        part = decision.removal_cost
        for field in ("features", "cost", "cost_se", "successor"):
            setattr(part, field, getattr(part, field)[:1])
        text = Page(render_page(report_on(diabetes, decision=decision))).text.replace("\N{NO-BREAK SPACE}", " ")
        assert "; that is more than two standard errors (blue)." in text
        assert " 1 features" not in text

    def test_every_figure_of_the_decision_has_its_numbers(self, page):
        for identity in (
            "families",
            "stability",
            "frequency",
            "removal",
            "intervals",
            "budget",
            "calibration",
            "residuals",
        ):
            figure = page[page.index(f'id="{identity}"') :]
            figure = figure[: figure.index("</figure>")]
            assert "<figcaption>" in figure
            assert '<details class="numbers"><summary>Show as table' in figure

    def test_parts_that_were_not_made_are_left_out(self, diabetes):
        whole = decision_of(diabetes)
        for field in vars(whole):
            text = render_page(report_on(diabetes, decision=SimpleNamespace(**(vars(whole) | {field: None}))))
            assert Page(text).text
        none = SimpleNamespace(**dict.fromkeys(vars(whole)))
        assert render_page(report_on(diabetes, decision=none)) == render_page(report_on(diabetes))

    def test_the_glossary_explains_what_is_shown_and_no_more(self, page, diabetes):
        assert "stability selection" in page
        assert "debiased interval" in page
        plain = Page(render_page(report_on(diabetes))).text
        words = plain[plain.index("The words on this page") :]
        assert "stability selection" not in words
        assert "information criteria" not in words


class TestLeftOut:
    def test_the_page_says_which_parts_and_why_beside_the_notes_on_the_data(self, diabetes):
        notes = ("The part on intervals was left out: no row of class b", "The part on quality was left out: one row.")
        text = Page(render_page(report_on(diabetes, decision=decision_of(diabetes, notes=notes)))).text
        section = text[text.index("The data, and what was left out") : text.index("How exact is this")]
        assert "left out: no row of class b." in section
        assert "left out: one row." in section
        assert "left out: one row.." not in section
        assert "what was left out" not in Page(render_page(report_on(diabetes, decision=decision_of(diabetes)))).text

    def test_they_are_text_and_no_more_of_them_than_there_are_parts(self, diabetes):
        text = render_page(report_on(diabetes, decision=decision_of(diabetes, notes=HOSTILE * 1000)))
        assert "&lt;script&gt;alert(1)&lt;/script&gt;." in text
        assert "<script>alert" not in text
        assert not {"img", "b"} & set(Page(text).tags)
        assert not set(text) & set("\x00\x1b\u202e\u2066\ud800")
        assert len(text.encode()) <= 300_000


class TestHostileAndLarge:
    def test_names_are_text_and_nothing_else(self, hostile):
        evil = "\u202e<script>\"'&\x00" * 400
        decision = decision_of(hostile)
        for part in vars(decision).values():
            if part is not None:
                part.sentence = evil
        decision.intervals.assumptions = evil
        text = render_page(report_on(hostile, decision=decision))
        assert not {"img", "b"} & set(Page(text).tags)
        assert "<script>alert" not in text
        assert not set(text) & set("\x00\x1b\u202e\u2066\ud800")
        assert len(text.encode()) <= 300_000

    def test_two_thousand_features_add_a_hundred_kilobytes_at_most(self, diabetes):
        rng, p = np.random.default_rng(0), 2000
        growth = np.linspace(0, 1, diabetes.alphas.shape[1])[:, None]
        full = sparse.csr_array(growth * rng.normal(size=p) * (rng.random(p) < 0.5))
        many = dataclasses.replace(
            diabetes,
            coefs=((full,) * (diabetes.n_folds + 1),) * len(diabetes.l1_ratios),
            feature_names=tuple(f"a rather long name of a gene {index:05d}" for index in range(p)),
            center=np.zeros(p),
            scale=np.ones(p),
            unpenalized=None,
        )
        plain, decided = report_on(many), report_on(many, decision=decision_of(many))
        sizes = [len(render_page(report).encode()) for report in (plain, decided)]
        assert sizes[1] - sizes[0] <= 100_000
        text = Page(render_page(decided)).text
        assert "Drawn are the first 24 of" in text
        assert "Shown are the 30 nearest." in text


def test_a_report_without_a_decision_is_what_it_was(diabetes):
    assert {field.name for field in dataclasses.fields(ReportInput)} >= {"decision"}
    assert report_on(diabetes).decision is None
