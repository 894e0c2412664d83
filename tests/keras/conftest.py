"""The backend is chosen before Keras is imported: JAX, unless the call says another."""

import gc
import os

import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@pytest.fixture(autouse=True, scope="module")
def programs_do_not_pile_up():
    """Compiled programs are kept for the whole process, gigabytes of them after some hundred tests."""
    yield
    import keras

    keras.backend.clear_session()
    if keras.backend.backend() == "jax":
        import jax

        jax.clear_caches()
    gc.collect()
