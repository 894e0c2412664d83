"""Losses, offset and exposure in a model file: what they predict, what is refused, and files that lack them."""

import dataclasses

import numpy as np
import pytest
from scipy.special import expit

from shrinkwise.exceptions import DataError, ModelFileError
from shrinkwise.losses import LOSSES
from shrinkwise.store import load_model, save_model
from shrinkwise.store.container import read_container, write_container
from tests.store.conftest import FEATURES, make_model, make_result

X = np.random.default_rng(0).normal(size=(8, FEATURES))


def with_loss(loss, **changes):
    result = dataclasses.replace(make_result(), loss=loss)
    return make_model(loss=loss, result=result, **changes)


@pytest.mark.parametrize("loss", [loss.spec for loss in LOSSES.values() if loss.name != "logistic"])
def test_a_regression_of_any_loss_comes_back_and_predicts_the_inverse_link(path, loss):
    save_model(path, with_loss(loss))
    model = load_model(path)
    assert (model.loss, model.result.loss) == (loss, loss)
    eta = X @ model.coef + model.intercept + 0.5
    log_link = loss.partition(":")[0] in ("poisson", "gamma", "tweedie", "negative_binomial")
    np.testing.assert_allclose(model.predict(X, offset=0.5), np.exp(eta) if log_link else eta, rtol=1e-13)


def test_an_offset_is_part_of_the_linear_predictor():
    model, offset = make_model("classification"), np.arange(8) - 4.0
    eta = X @ model.coef + model.intercept + offset
    np.testing.assert_allclose(model.linear_predictor(X, offset), eta, rtol=1e-13)
    np.testing.assert_allclose(model.predict_proba(X, offset)[:, 1], expit(eta), rtol=1e-12)
    assert model.predict(X, offset).tolist() == np.where(eta > 0, "yes", "no").tolist()
    with pytest.raises(DataError, match="offset has length 7, but there are 8 samples"):
        model.predict(X, offset[1:])


def test_a_mean_beyond_all_numbers_is_infinite():
    assert np.all(np.isinf(with_loss("poisson").predict(X, offset=1e4)))


def test_the_columns_of_offset_and_exposure_come_back(path):
    save_model(path, with_loss("poisson", offset="\u202eo", exposure="years"))
    model = load_model(path)
    assert (model.offset, model.exposure) == ("\u202eo", "years")


def test_a_model_without_them_writes_none_and_reads_none(path):
    save_model(path, make_model())
    _, content, _ = read_container(path, 1)
    assert not {"offset", "exposure"} & set(content)
    model = load_model(path)
    assert (model.offset, model.exposure) == (None, None)


@pytest.mark.parametrize(
    "loss",
    [
        "",
        "absolute",
        "quantile:1.5",
        "quantile:nan",
        "tweedie:2",
        "huber:1e999",
        "huber:-1",
        "poisson:2",
        "quantile:0.5:0.1:7",
        "negative_binomial:__import__('os')",
        "x" * 100_000,
        "logistic",
        "multinomial",
        "multinomial:3",
    ],
)
@pytest.mark.parametrize("task", ["regression", "classification"])
def test_a_loss_that_cannot_be_is_a_flaw_in_one_short_line(path, task, loss):
    if (task, loss) == ("classification", "logistic"):
        return
    save_model(path, make_model(task))
    schema, content, arrays = read_container(path, 1)
    content["loss"] = content["result"]["loss"] = loss
    write_container(path, schema, content, arrays, True)
    with pytest.raises(ModelFileError, match="loss") as caught:
        load_model(path)
    assert len(str(caught.value)) < 600


def test_a_loss_that_differs_from_that_of_its_grid_is_refused(path):
    with pytest.raises(ModelFileError, match="cannot have the loss 'poisson', its grid 'squared'"):
        save_model(path, make_model(loss="poisson"))


def test_an_exposure_without_a_log_link_is_refused(path):
    with pytest.raises(ModelFileError, match="the loss 'huber:2.0' has no log link"):
        save_model(path, with_loss("huber:2.0", exposure="years"))
    with pytest.raises(ModelFileError, match="offset of the model must be str, got int"):
        save_model(path, make_model(offset=3))
