"""What is loaded when."""

import os
import subprocess
import sys

import pytest

import shrinkwise.keras


def test_neither_shrinkwise_nor_its_keras_part_imports_keras_before_a_name_is_used():
    code = "import sys, shrinkwise, shrinkwise.keras; dir(shrinkwise.keras); assert 'keras' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_public_names_are_listed_and_others_are_errors():
    assert {"Proximal", "penalize", "compact", "GroupL1", "NetworkRegressorCV", "NetworkClassifierCV"} <= set(
        dir(shrinkwise.keras)
    )
    with pytest.raises(AttributeError, match="no attribute 'Prox'; it has"):
        shrinkwise.keras.Prox  # noqa: B018


def test_a_module_never_stands_in_the_place_of_a_public_name():
    """A module that is imported becomes an attribute of its package."""
    code = "import shrinkwise.keras as k; assert all(callable(getattr(k, name)) for name in reversed(k.__all__))"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_keras_the_error_says_what_to_install():
    code = "import sys; sys.modules['keras'] = None\nfrom shrinkwise.keras import penalize"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install 'shrinkwise[keras]'" in done.stderr


@pytest.mark.parametrize(
    ("tensorflow", "settings", "backend"),
    [
        (False, None, "jax"),
        (True, None, ""),
        (False, '{"backend": "torch"}', ""),
        (False, '{"backend": "tensorflow"}', "jax"),
    ],
)
def test_a_backend_is_named_where_nobody_named_one(monkeypatch, tmp_path, tensorflow, settings, backend):
    """Keras' own default is TensorFlow, which the extra does not install."""
    package = shrinkwise.keras
    found = {"tensorflow": tensorflow, "jax": True}
    monkeypatch.setattr(package, "find_spec", lambda name: object() if found[name] else None)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    if settings is not None:
        (tmp_path / "keras.json").write_text(settings)
    package._settle_backend()
    assert os.environ.pop("KERAS_BACKEND", "") == backend
