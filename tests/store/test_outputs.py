"""Models of several linear predictors in a file: K classes, each with its own coefficients."""

import dataclasses
import zipfile

import numpy as np
import pytest
from scipy import sparse
from scipy.special import softmax

from shrinkwise.exceptions import ModelFileError
from shrinkwise.store import load_model, save_model
from shrinkwise.store.container import read_container, write_container
from tests.store.conftest import ALPHAS, FEATURES, FOLDS, RATIOS, make_model, make_result
from tests.store.test_hostile_files import refused
from tests.store.test_model_file import same

NAMES = ('<script>alert(1)</script>"', "a,b\n'", "x" * 10_000)
K = len(NAMES)


def several(loss=f"multinomial:{K}", names=NAMES, classes=NAMES, **changes):
    """A result of K outputs, its coefficients feature by feature."""
    rng = np.random.default_rng(3)
    result = make_result()
    coefs = tuple(
        tuple(sparse.random_array((ALPHAS, K * FEATURES), density=0.5, format="csr", rng=rng) for _ in range(FOLDS + 1))
        for _ in range(RATIOS)
    )
    free = dataclasses.replace(
        result.unpenalized, coef=rng.normal(size=K * FEATURES), intercept=rng.normal(size=K), gap=1e-9
    )
    values = {
        "loss": loss,
        "classes": classes,
        "outputs": names,
        "coefs": coefs,
        "intercepts": rng.normal(size=(*result.intercepts.shape, K)),
        "unpenalized": free,
    }
    return dataclasses.replace(result, **(values | changes))


@pytest.fixture
def model():
    return make_model(
        "classification",
        classes=NAMES,
        loss=f"multinomial:{K}",
        coef=np.random.default_rng(4).normal(size=(K, FEATURES)),
        intercept=np.array([0.5, -1.0, 0.5]),
        result=several(),
    )


def test_a_model_of_three_classes_comes_back_bit_for_bit(path, model):
    save_model(path, model)
    loaded = load_model(path)
    assert same(model, loaded)
    assert same(model.result.coef(1, 2), loaded.result.coef(1, 2))
    assert (loaded.schema, read_container(path, 2)[0]) == (2, 2)


def test_a_model_of_three_targets_comes_back_and_predicts_each(path, model):
    names, result = ("a", "b", "c"), several("squared", ("a", "b", "c"), None)
    model = dataclasses.replace(model, task="regression", classes=None, loss="squared", result=result)
    save_model(path, model)
    loaded = load_model(path)
    assert same(model, loaded)
    X = np.random.default_rng(0).normal(size=(8, FEATURES))
    np.testing.assert_allclose(loaded.predict(X), X @ model.coef.T + model.intercept, rtol=1e-13)
    assert loaded.result.outputs == names
    with pytest.raises(ModelFileError, match="cannot have the loss"):
        save_model(path, dataclasses.replace(model, loss="poisson", result=several("poisson", names, None)))


def test_versions_that_know_one_predictor_say_how_to_upgrade(path, model):
    save_model(path, model)
    with pytest.raises(ModelFileError, match=r"newer shrinkwise \(schema 2\); this one reads up to 1: pip install -U"):
        read_container(path, 1)


def test_without_an_unpenalized_fit_it_comes_back_too(path, model):
    model = dataclasses.replace(model, result=several(unpenalized=None))
    save_model(path, model)
    assert same(model, load_model(path))


def test_its_predictions_are_those_of_the_definition(model):
    X = np.random.default_rng(0).normal(size=(8, FEATURES))
    eta = X @ model.coef.T + model.intercept
    np.testing.assert_allclose(model.linear_predictor(sparse.csr_array(X)), eta, rtol=1e-13)
    np.testing.assert_allclose(model.predict_proba(X), softmax(eta, axis=1), rtol=1e-13)
    assert model.predict(X).tolist() == [NAMES[code] for code in eta.argmax(axis=1)]
    assert np.isclose(model.predict_proba(1e3 * X).sum(axis=1), 1).all()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"coef": np.zeros((K, FEATURES + 1))}, "coef must be 3 x 5 floats"),
        ({"coef": np.zeros(FEATURES)}, "coef must be 3 x 5 floats"),
        ({"intercept": 0.0}, "an intercept for each linear predictor"),
        ({"intercept": np.zeros(2)}, "an intercept for each linear predictor"),
        ({"intercept": np.array([0, 0, np.inf])}, "must be finite"),
        ({"classes": NAMES[:2]}, "cannot have the classes"),
        ({"classes": NAMES[::-1]}, "cannot have the classes"),
        ({"loss": "logistic", "result": several("logistic")}, "cannot have the loss"),
        ({"loss": "multinomial:4", "result": several("multinomial:4")}, "cannot have the loss"),
        ({"result": several(names=NAMES[:2])}, "intercepts must have shape"),
        ({"result": several(names=("a", "b", "a"))}, "outputs must be two or more different names"),
        ({"result": several(names=("a", "b", 3))}, "outputs must all be text"),
        ({"result": several(names=())}, "outputs must be two or more different names"),
        ({"result": several(intercepts=make_result().intercepts)}, "intercepts must have shape"),
        ({"result": several(unpenalized=make_result().unpenalized)}, "unpenalized"),
        ({"result": several(coefs=((sparse.csr_array(np.ones((ALPHAS, 16))),) * 4,) * 2)}, "grid does not fit"),
    ],
)
def test_parts_that_do_not_belong_together_are_refused(path, model, changes, words):
    with pytest.raises(ModelFileError, match=words) as caught:
        save_model(path, dataclasses.replace(model, **changes))
    assert len(str(caught.value)) < 600
    assert not path.exists()


@pytest.mark.parametrize("intercept", [[[0.0], [0.0], [0.0]], ["a", "b", "c"], [0.0, None, {}], [], [0.0] * 10_000])
def test_intercepts_that_are_no_numbers_are_refused(path, model, intercept):
    save_model(path, model)
    schema, content, arrays = read_container(path, 2)
    write_container(path, schema, content | {"intercept": intercept}, arrays, True)
    refused(path)


def test_every_flipped_byte_is_found(path, model):
    save_model(path, model)
    whole = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        starts = [info.header_offset + 60 for info in archive.infolist() if info.file_size > 200]
    for start in starts:
        path.write_bytes(whole[:start] + bytes([whole[start] ^ 1]) + whole[start + 1 :])
        refused(path)


def test_a_concave_penalty_that_cannot_be_read_is_a_flaw(path):
    for concave in ("lasso", "mcp:0", "<script>" * 10_000):
        with pytest.raises(ModelFileError, match="its penalty cannot be read") as caught:
            save_model(path, make_model(result=dataclasses.replace(make_result(), concave=concave)))
        assert len(str(caught.value)) < 600
