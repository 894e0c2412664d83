"""Proximal beside Keras' distribution over devices: the same weights, and exact zeros, as on one."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import shrinkwise

pytestmark = pytest.mark.backends

TWO_DEVICES = """
import contextlib, sys
import numpy as np
import keras
from shrinkwise.keras import GroupL1, Proximal

def strategy():
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf
        return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope()
    keras.distribution.set_distribution(keras.distribution.DataParallel())
    import jax
    assert len(jax.devices()) == 2
    return contextlib.nullcontext()

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf
    one = tf.config.LogicalDeviceConfiguration()
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], [one, one])
rng = np.random.default_rng(0)
x = rng.normal(size=(256, 10)).astype("float32")
y = (2 * x[:, :1] - 1.5 * x[:, 1:2]).astype("float32")

def trained(scope, make):
    keras.utils.set_random_seed(0)
    with scope:
        hidden = keras.layers.Dense(16, activation="relu", kernel_regularizer=GroupL1(0.2))
        model = keras.Sequential([keras.Input((10,)), hidden, keras.layers.Dense(1, kernel_regularizer="l1")])
        model.compile(optimizer=Proximal(make(), scale=0.5), loss="mse")
    model.fit(x, y, epochs=10, batch_size=32, shuffle=False, verbose=0)
    return model.get_weights()

kinds = (lambda: keras.optimizers.Adam(0.01), lambda: keras.optimizers.SGD(0.02, momentum=0.9))
alone = [trained(contextlib.nullcontext(), make) for make in kinds]
together = [trained(strategy(), make) for make in kinds]
weights = [w for part in (alone, together) for run in part for w in run]
np.savez(sys.argv[1], *weights)
"""


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="Keras does not distribute on Torch")
def test_two_devices_train_what_one_does(tmp_path):
    home = str(Path(shrinkwise.__file__).parents[1])
    flags = {
        "PYTHONPATH": home,
        "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
        "KERAS_BACKEND": keras.backend.backend(),
    }
    done = subprocess.run(
        [sys.executable, "-c", TWO_DEVICES, "weights.npz"],
        cwd=tmp_path,
        env=os.environ | flags,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / "weights.npz") as kept:
        weights = [kept[name] for name in kept.files]
    alone, together = weights[: len(weights) // 2], weights[len(weights) // 2 :]
    for one, other in zip(alone, together):
        np.testing.assert_array_equal(other == 0, one == 0)
        np.testing.assert_allclose(other, one, atol=1e-5)  # 80 steps of float32, summed in another order
    assert (alone[0] == 0).sum() >= 16
    assert (alone[4] == 0).all(axis=1).sum() >= 1
