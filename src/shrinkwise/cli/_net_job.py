"""The steps of ``shrinkwise net``, one after the other."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from shrinkwise.cli._job import MODEL, REPORT, deliver, warnings_said
from shrinkwise.cli._output import check_folder
from shrinkwise.cli._prepare import Prepared, prepare
from shrinkwise.cli._say import Voice
from shrinkwise.cli._signals import busy, system_signals
from shrinkwise.cli.net import NetRequest
from shrinkwise.exceptions import UsageError

BACKEND = "jax"  # trains a whole grid as one program; KERAS_BACKEND chooses another


def run(request: NetRequest) -> int:
    """Do what was asked, and return the exit code."""
    data = request.data
    check_folder(Path(data.out), (REPORT, MODEL), data.overwrite)
    check_keras()
    say = Voice(data.quiet)
    with busy(), warnings_said(say):
        prepared = prepare(data, None, say)
        _check_target(prepared)
        with system_signals():  # numba, and Keras with its backend, once the data are known to be good
            import_module("shrinkwise.solvers._kernels")
            _import_keras()
        from shrinkwise.cli._net_train import train

        model = train(prepared, request, say)
    return deliver(model, data, say)


def check_keras() -> None:
    """Refuse to start without Keras, or without the backend that the person chose; where none was chosen it is JAX.

    Raises
    ------
    UsageError
        If Keras or the backend is not installed.
    """
    backend = os.environ.setdefault("KERAS_BACKEND", BACKEND)
    for name in ("keras", backend):
        if find_spec(name) is None:
            raise UsageError(f'networks need {name}, which is not installed: pip install "shrinkwise[keras]"')


def _import_keras() -> None:
    """Keras and its backend, without the lines that some of them write straight to descriptor 2."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        import_module("shrinkwise.keras.grid")
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _check_target(prepared: Prepared) -> None:
    """Refuse several targets."""
    target = prepared.target
    if target.outputs is not None and target.classes is None:
        raise UsageError(
            f"a network is fitted to one target, and --target names {len(target.columns)}: "
            f"{', '.join(map(repr, target.columns))}; fit each by itself"
        )
