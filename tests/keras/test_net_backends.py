"""``shrinkwise net`` on the backend of this process: the stored network predicts what its network did."""

import os

import keras
import numpy as np
import pytest

from shrinkwise.cli import main
from shrinkwise.store import load_model

pytestmark = pytest.mark.backends


def test_the_command_stores_what_it_trained(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    rows = np.round(rng.normal(size=(40, 2)), 6)
    lines = [f"{a},{b},{2 * a + 1:.6f}" for a, b in rows]
    (tmp_path / "table.csv").write_text("\n".join(["a,b,y", *lines]) + "\n")
    options = ("--hidden", "4", "--epochs", "2", "--folds", "2", "--l1", "0.1,0.01", "--learning-rate", "0.05")
    with pytest.raises(SystemExit) as end:
        main(["net", "table.csv", "--target", "y", *options])
    assert end.value.code == 0, capfd.readouterr().err
    model = load_model("model.shrinkwise")
    assert model.result.network.backend == keras.backend.backend() == os.environ["KERAS_BACKEND"]
    assert model.result.network.route == ("vmap" if keras.backend.backend() == "jax" else "loop")
    assert model.certificate["difference"] < 1e-5
    chosen = model.result.select("1se")
    error = np.mean((model.predict(rows) - (2 * rows[:, 0] + 1)) ** 2)
    assert error < 2 * chosen.mean
