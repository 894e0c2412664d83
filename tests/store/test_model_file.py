import dataclasses
import json
import os
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from scipy import sparse

from shrinkwise.exceptions import DataError, ModelFileError, UsageError
from shrinkwise.store import load_model, save_model
from tests.store.conftest import FEATURES, ROWS, make_model, make_result


def same(left, right):
    """Equal in every bit, whatever the type."""
    if dataclasses.is_dataclass(left):
        return type(left) is type(right) and all(
            same(getattr(left, field.name), getattr(right, field.name)) for field in dataclasses.fields(left)
        )
    if sparse.issparse(left):
        return (left != right).nnz == 0 and left.shape == right.shape
    if isinstance(left, np.ndarray):
        return left.dtype == right.dtype and left.shape == right.shape and left.tobytes() == right.tobytes()
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return left == right or (left != left and right != right)


@pytest.mark.parametrize("task", ["regression", "classification"])
@pytest.mark.parametrize("unpenalized", [True, False])
def test_a_model_comes_back_bit_for_bit(path, task, unpenalized):
    loss = "squared" if task == "regression" else "logistic"
    model = make_model(task, result=make_result(loss=loss, unpenalized=unpenalized))
    save_model(path, model)
    loaded = load_model(path)
    assert same(model, loaded)
    assert loaded.result.select("1se") == model.result.select("1se")


def test_a_file_without_what_later_versions_added_is_read(path, model):
    old = dataclasses.replace(model.result, full_deviance=None, degrees_of_freedom=None, n_weighted=None)
    save_model(path, dataclasses.replace(model, result=old))
    with zipfile.ZipFile(path) as archive:
        written = json.loads(archive.read("header.json"))
        assert not [name for name in archive.namelist() if "deviance" in name or "freedom" in name]
    assert "n_weighted" not in written["content"]["result"]
    assert same(load_model(path).result, old)


def test_repeats_keep_the_folds_of_each(path, model):
    result = dataclasses.replace(make_result(), repeats=np.array([0, 0, 1]))
    repeated = dataclasses.replace(model, result=result, folds=np.arange(2 * ROWS).reshape(ROWS, 2) % 3)
    save_model(path, repeated)
    assert same(load_model(path), repeated)
    with pytest.raises(ModelFileError, match="one for each row and repeat"):
        save_model(path.with_name("other"), dataclasses.replace(repeated, folds=np.zeros(ROWS, dtype=int)))


def test_a_deviance_without_its_number_of_rows_is_refused(path, model):
    half = dataclasses.replace(model.result, n_weighted=None)
    with pytest.raises(ModelFileError, match="full_deviance and n_weighted must come together"):
        save_model(path, dataclasses.replace(model, result=half))


def test_equal_models_give_equal_bytes(model, tmp_path):
    save_model(tmp_path / "a", model)
    save_model(tmp_path / "b", load_model(tmp_path / "a"))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_infinite_scores_of_a_diverged_fit_are_kept(path, model):
    result = dataclasses.replace(model.result, test_score=np.full_like(model.result.test_score, np.inf))
    save_model(path, dataclasses.replace(model, result=result))
    assert np.all(np.isinf(load_model(path).result.test_score))


def test_predictions_of_a_regression_are_the_linear_predictor(model):
    X = np.random.default_rng(0).normal(size=(8, FEATURES))
    expected = X @ model.coef + model.intercept
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-14)
    np.testing.assert_allclose(model.predict(sparse.csr_array(X)), expected, rtol=1e-14)
    np.testing.assert_allclose(model.predict(sparse.csc_matrix(X)), expected, rtol=1e-14)
    np.testing.assert_allclose(model.predict(X.tolist()), expected, rtol=1e-14)
    with pytest.raises(UsageError, match=r"regression of 'price'.*use predict"):
        model.predict_proba(X)


def test_probabilities_are_precise_in_both_tails():
    model = make_model("classification", coef=np.array([1.0, 0, 0, 0, 0]), intercept=0.0)
    eta = np.array([-800.0, -40.0, -1.0, 0.0, 1.0, 40.0, 800.0])
    proba = model.predict_proba(np.outer(eta, [1.0, 0, 0, 0, 0]))
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-15)
    np.testing.assert_allclose(proba[1, 1], np.exp(-40), rtol=1e-15)
    np.testing.assert_allclose(proba[5, 0], np.exp(-40), rtol=1e-15)
    np.testing.assert_allclose(proba[:, 0], proba[::-1, 1], rtol=0)
    assert model.predict(np.outer(eta, [1.0, 0, 0, 0, 0])).tolist() == ["no"] * 4 + ["yes"] * 3


@pytest.mark.parametrize(
    ("X", "words"),
    [
        (np.zeros((2, FEATURES + 1)), r"shape \(n, 5\), got \(2, 6\)"),
        (np.zeros(FEATURES), r"got \(5,\)"),
        (np.full((2, FEATURES), np.nan), "missing or infinite"),
        (sparse.csr_array(np.full((2, FEATURES), np.inf)), "missing or infinite"),
    ],
)
def test_a_design_that_does_not_fit_is_refused(model, X, words):
    with pytest.raises(DataError, match=words):
        model.predict(X)


def test_loading_imports_neither_numba_nor_scikit_learn_nor_pyarrow(path, model):
    save_model(path, model)
    code = (
        "import sys; from shrinkwise.store import load_model; import numpy as np;"
        "m = load_model(sys.argv[1]); m.predict(np.zeros((2, 5)));"
        "heavy = {'numba', 'scipy.special', 'sklearn', 'pyarrow', 'pandas', 'rich', 'pickle5'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


class TestWriting:
    def test_an_existing_file_needs_overwrite(self, path, model):
        path.write_text("precious")
        with pytest.raises(UsageError, match=r"exists; choose another name, or pass --overwrite"):
            save_model(path, model)
        assert path.read_text() == "precious"
        save_model(path, model, overwrite=True)
        assert same(load_model(path), model)

    def test_a_folder_or_a_missing_folder_is_refused(self, tmp_path, model):
        with pytest.raises(UsageError, match="is a folder"):
            save_model(tmp_path, model, overwrite=True)
        with pytest.raises(UsageError, match="does not exist"):
            save_model(tmp_path / "no" / "model", model)
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize("name", ["fsync", "replace"])
    @pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device")])
    def test_an_interrupt_leaves_what_was_there(self, path, model, monkeypatch, name, error):
        def fail(*_):
            raise error

        path.write_text("precious")
        monkeypatch.setattr(os, name, fail)
        expected = KeyboardInterrupt if error is KeyboardInterrupt else UsageError
        with pytest.raises(expected):
            save_model(path, model, overwrite=True)
        assert [file.name for file in path.parent.iterdir()] == [path.name]
        assert path.read_text() == "precious"

    def test_a_link_keeps_pointing_at_the_file_that_was_replaced(self, path, model, tmp_path):
        (tmp_path / "link").symlink_to(path)
        save_model(tmp_path / "link", model)
        assert (tmp_path / "link").is_symlink()
        assert same(load_model(path), model)

    def test_the_file_has_the_permissions_of_any_new_file(self, path, model, tmp_path):
        save_model(path, model)
        (tmp_path / "plain").touch()
        assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"coef": np.full(FEATURES, np.nan)}, "must be finite"),
            ({"coef": np.zeros(3)}, "coef must be 5 floats, got float64"),
            ({"coef": np.array([1.0] * FEATURES, dtype=object)}, "coef must be 5 floats, got object"),
            ({"folds": np.array([None] * ROWS)}, "folds must be whole numbers"),
            ({"coef": np.zeros(FEATURES, dtype=int)}, "coef must be 5 floats, got int64"),
            ({"intercept": float("inf")}, "must be finite"),
            ({"intercept": "1"}, "intercept of the model must be float, got str"),
            ({"feature_names": ("a",) * FEATURES}, "feature_names differ"),
            ({"folds": np.full(ROWS, 9)}, "folds must be whole numbers from -1 to 2"),
            ({"folds": np.zeros((ROWS, 2), dtype=int)}, "folds must be"),
            ({"alpha": float("nan")}, "out of range"),
            ({"l1_ratio": 1.5}, "out of range"),
            ({"task": "clustering"}, "task must be one of regression, classification"),
            ({"loss": "logistic"}, "cannot have the loss"),
            ({"classes": ("a", "b")}, "cannot have the classes"),
            ({"seed": True}, "seed of the model must be int, got bool"),
            ({"encoder": {1: "a"}}, "encoder has a key that is not text"),
            ({"encoder": {"a": {1, 2}}}, "encoder holds a set"),
            ({"versions": {"numpy": 2}}, "versions must all be text"),
            ({"notes": (1,)}, "notes must all be text"),
        ],
    )
    def test_a_model_that_could_not_be_read_again_is_not_written(self, path, changes, words):
        with pytest.raises(ModelFileError, match=words):
            save_model(path, make_model(**changes))
        assert not path.exists()


def test_deep_nesting_is_refused(path):
    nested: dict = {}
    for _ in range(100):
        nested = {"a": nested}
    with pytest.raises(ModelFileError, match="deep"):
        save_model(path, make_model(encoder=nested))


def test_a_grid_with_the_wrong_lengths_is_refused(path, model):
    for name, value in {
        "alphas": np.ones((2, 3)),
        "fold_weights": np.ones(4),
        "center": np.ones(2),
        "converged": np.ones((2, 4, 4)),
        "gaps": np.ones((2, 4)),
    }.items():
        with pytest.raises(ModelFileError, match=name):
            save_model(path, dataclasses.replace(model, result=dataclasses.replace(model.result, **{name: value})))
    backwards = dataclasses.replace(model.result, alphas=model.result.alphas[:, ::-1])
    with pytest.raises(ModelFileError, match="decreasing"):
        save_model(path, dataclasses.replace(model, result=backwards))


def test_the_header_is_strict_json(path, model):
    save_model(path, model)

    def refuse(text):
        raise AssertionError(text)

    with zipfile.ZipFile(path) as archive:
        header = json.loads(archive.read("header.json"), parse_constant=refuse)
    assert header["schema"] == model.schema == 1
    assert header["content"]["certificate"]["max_gap"] == {"$float": "inf"}
