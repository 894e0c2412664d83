"""R's cv.glmnet as a peer: data go through files, the clock runs inside R."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from certify import Fit
from peers import Answer, Peer, Place, smallest
from scipy import sparse
from workloads import ALL_DATA, Workload

SCRIPT = Path(__file__).with_name("cv_glmnet.R")


class Glmnet(Peer):
    """R's cv.glmnet, sequential; R reads the data from files and times cv.glmnet alone."""

    key = "glmnet"
    other_process = True
    loading = 300.0  # seconds that R may take to start and to read the files

    def __init__(self) -> None:
        self.folder: Path | None = None

    def label(self, workload: Workload) -> str:
        return "R cv.glmnet" if workload.splits else "R glmnet"

    def obstacle(self, workload: Workload) -> str:
        if r_versions() is None:
            return "R with glmnet was not found; on Debian and Ubuntu: apt-get install -y r-base-core r-cran-glmnet"
        return ""

    def prepare(self, workload: Workload) -> None:
        self.folder = folder = Path(tempfile.mkdtemp(prefix="glmnet-"))
        lambdas, mixes = glmnet_units(workload)
        fold = np.zeros(len(workload.y), dtype=np.int32)
        for k, (_, test) in enumerate(workload.splits, 1):
            fold[test] = k
        n, p = workload.X.shape
        family = "gaussian" if workload.loss == "squared" else "binomial"
        numbers = ", ".join(repr(float(mix)) for mix in mixes)
        stored = workload.X.nnz if sparse.issparse(workload.X) else -1
        (folder / "meta.R").write_text(
            f"n <- {n}\np <- {p}\nstored <- {stored}\nn_folds <- {len(workload.splits)}\n"
            f'n_lambda <- {lambdas.shape[1]}\nfamily <- "{family}"\nmixes <- c({numbers})\n'
        )
        if sparse.issparse(workload.X):
            for part in ("indptr", "indices", "data"):
                values = getattr(workload.X, part)
                values.astype(np.float64 if part == "data" else np.int32).tofile(folder / part)
        else:
            workload.X.T.tofile(folder / "X")
        workload.y.tofile(folder / "y")
        lambdas.tofile(folder / "lambda")
        fold.tofile(folder / "foldid")

    def fit(self, workload: Workload, limit: float) -> Answer:
        assert self.folder is not None
        self._run("fit", limit)
        seconds = float(np.fromfile(self.folder / "seconds")[0])
        if not workload.splits:
            return Answer(seconds, fits=lambda places: self._fits(workload, places))
        errors = np.fromfile(self.folder / "curves").reshape(workload.alphas.shape)
        errors = errors if workload.loss == "squared" else errors / 2  # a deviance is twice the log loss
        return Answer(seconds, errors, smallest(errors), lambda places: self._fits(workload, places))

    def _fits(self, workload: Workload, places: Sequence[Place]) -> dict[Place, Fit]:
        assert self.folder is not None
        numbers = [(ratio + 1, index + 1, 0 if fold == ALL_DATA else fold + 1) for ratio, index, fold in places]
        np.array(numbers, dtype=np.int32).tofile(self.folder / "cells")
        self._run("cells", limit=600)
        values = np.fromfile(self.folder / "coefs").reshape(len(places), -1)
        return {place: (row[1:], float(row[0])) for place, row in zip(places, values, strict=True)}

    def _run(self, mode: str, limit: float) -> None:
        command = ["Rscript", "--vanilla", str(SCRIPT), str(self.folder), mode]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=limit + self.loading)
        except subprocess.TimeoutExpired as error:
            raise TimeoutError from error
        if done.returncode:
            raise RuntimeError(f"Rscript ended with {done.returncode}: {done.stderr.strip()[-500:]}")

    def finish(self) -> None:
        if self.folder is not None:
            shutil.rmtree(self.folder)
            self.folder = None


def glmnet_units(workload: Workload) -> tuple[np.ndarray, np.ndarray]:
    """glmnet's lambda and alpha for our alpha and l1_ratio.

    For the gaussian family glmnet divides y by its sd σ (1/n), and lambda with it: the L1 part comes out in the units
    of y, the L2 part divided by σ. So λ·mix = αr and λ(1 − mix) = α(1 − r)σ. σ is that of all rows; in a fold glmnet
    takes the fold's, so that its L2 part there differs by the ratio of the two.
    """
    sd = workload.y.std() if workload.loss == "squared" else 1.0
    l1 = workload.alphas * workload.l1_ratios[:, None]
    l2 = workload.alphas * (1 - workload.l1_ratios[:, None]) * sd
    return l1 + l2, (l1 / (l1 + l2))[:, 0]


@cache
def r_versions() -> dict[str, str] | None:
    """Versions of R and glmnet, or None where one of them is missing."""
    if shutil.which("Rscript") is None:
        return None
    ask = 'cat(as.character(getRversion()), as.character(packageVersion("glmnet")))'
    done = subprocess.run(["Rscript", "--vanilla", "-e", ask], capture_output=True, text=True)
    return None if done.returncode else dict(zip(("R", "glmnet"), done.stdout.split(), strict=True))
