"""Networks: the grid against a loop over Keras' `fit`, large members against small chunks, and planted inputs.

python benchmarks/networks.py loop              # N1: 10 l1 × 2 l2 × 5 folds of a 30-64-64-1 network
python benchmarks/networks.py loop --members 10 # only so many members of the loop, the rest by rule of three
python benchmarks/networks.py sweep             # seconds a member by width and by members trained together
python benchmarks/networks.py planted           # 5 of 100 inputs matter: how many of them are found
"""

from __future__ import annotations

import argparse
import os
import time

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np
from environment import described, environment
from sklearn.model_selection import KFold

from shrinkwise.keras import NetworkRegressorCV
from shrinkwise.keras.grid import fit_networks
from shrinkwise.keras.networks import mlp

L1, L2 = np.geomspace(1e-1, 1e-4, 10), np.array([0.0, 1e-3])
EPOCHS, BATCH, HIDDEN = 20, 128, (64, 64)


def table(n: int = 4000, p: int = 30) -> tuple[np.ndarray, np.ndarray]:
    """A nonlinear target of five of thirty inputs."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, p))
    y = X[:, 0] * X[:, 1] + np.sin(2 * X[:, 2]) + X[:, 3] - np.maximum(X[:, 4], 0) + 0.5 * rng.standard_normal(n)
    return X, y


def loop_of_fits(
    X: np.ndarray, y: np.ndarray, splits: list, members: int | None, validation: bool
) -> tuple[np.ndarray, float, int]:
    """Held-out squared errors (l2, l1, folds) by one `fit` a member, seconds, and how many members were fitted."""
    scores = np.full((len(L2), len(L1), len(splits)), np.nan)
    cells = [(r, a, f) for f in range(len(splits)) for r in range(len(L2)) for a in range(len(L1))]
    if members is not None:
        cells = [cells[i] for i in np.linspace(0, len(cells) - 1, members).astype(int)]
    began = time.perf_counter()
    for r, a, f in cells:
        train, test = splits[f]
        center, sd, middle, unit = X[train].mean(0), X[train].std(0), y[train].mean(), y[train].std()
        penalty = keras.regularizers.L1L2(float(L1[a]), float(L2[r]))
        widths = (*HIDDEN, 1)
        layers = [
            keras.layers.Dense(units, activation="relu" if place < len(HIDDEN) else None, kernel_regularizer=penalty)
            for place, units in enumerate(widths)
        ]
        model = keras.Sequential([keras.Input((X.shape[1],)), *layers])
        model.compile(optimizer="adam", loss="mse")
        x, target = ((X - center) / sd).astype("float32"), ((y - middle) / unit).astype("float32")
        held = (x[test], target[test]) if validation else None
        model.fit(x[train], target[train], epochs=EPOCHS, batch_size=BATCH, validation_data=held, verbose=0)
        eta = np.asarray(model.predict(x[test], verbose=0))[:, 0]
        scores[r, a, f] = np.mean((y[test] - middle - unit * eta) ** 2)
    return scores, time.perf_counter() - began, len(cells)


def chosen(scores: np.ndarray) -> str:
    """The cell of the lowest mean and, within one standard error of it, the strongest l1, in words."""
    mean = scores.mean(-1)
    r, a = np.unravel_index(int(np.argmin(mean)), mean.shape)
    bound = mean[r, a] + scores[r, a].std(ddof=1) / np.sqrt(scores.shape[-1])
    rows = [(int(np.argmax(line <= bound)), row) for row, line in enumerate(mean) if np.any(line <= bound)]
    a1, r1 = min(rows)
    cells = (("min", r, a), ("1se", r1, a1))
    return "; ".join(f"{name} l1={L1[i]:.3g} l2={L2[k]:.3g}, error {mean[k, i]:.4f}" for name, k, i in cells)


def loop(members: int | None, validation: bool, ours: bool) -> None:
    """N1."""
    X, y = table()
    splits = list(KFold(5).split(X))
    seconds = np.nan
    if ours:
        began = time.perf_counter()
        result = fit_networks(X, y, splits, mlp(HIDDEN), l1=L1, l2=L2, epochs=EPOCHS, batch_size=BATCH).result
        seconds = time.perf_counter() - began
        print(f"shrinkwise: {seconds:.2f} s, compilation included: 100 members, 20 on all data, 6 without a penalty")
        print(f"  chosen: {chosen(result.test_score)}")
    scores, spent, count = loop_of_fits(X, y, splits, members, validation)
    whole = spent / count * scores.size
    kind = "with" if validation else "without"
    print(
        f"loop over fit {kind} validation_data, {keras.backend.backend()}: {spent:.1f} s for {count} members, ", end=""
    )
    print(f"{spent / count:.2f} s each, {whole:.0f} s for 100: ratio {whole / seconds:.1f}")
    if count == scores.size:
        print(f"  chosen: {chosen(scores)}")


def sweep(widths: list[int], chunks: list[int]) -> None:
    """Milliseconds a member and step, by width of two hidden layers and members trained together."""
    from shrinkwise.keras.task import make_task
    from shrinkwise.keras.together import probe

    X, y = table()
    splits = list(KFold(5).split(X))
    print("ms a member and step; MB a member; width of two hidden layers by members of a chunk")
    print("width     MB" + "".join(f"{chunk:9d}" for chunk in chunks))
    for width in widths:
        task = make_task(X, y, splits, mlp((width, width)), l1=np.geomspace(1e-1, 1e-4, 8), batch_size=BATCH)
        line = ""
        size = 0.0
        for chunk in chunks:
            seconds, size = probe(task, chunk)
            line += f"{1e3 * seconds / chunk:9.3f}"
        print(f"{width:5d} {size / 1e6:6.2f}{line}", flush=True)


def planted(seeds: int, n: int, verbose: bool) -> None:
    """Inputs found of 5, and false ones of 95, at the λ of 1se."""
    good = 0
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((n, 100))
        y = X[:, 0] * X[:, 1] + np.sin(2 * X[:, 2]) + X[:, 3] ** 2 + 1.5 * np.maximum(X[:, 4], 0)
        y = y + 0.5 * rng.standard_normal(n)
        began = time.perf_counter()
        model = NetworkRegressorCV(penalties="inputs", epochs=150, random_state=seed, verbose=verbose).fit(X, y)
        found, false = int(model.inputs_[:5].sum()), int(model.inputs_[5:].sum())
        good += found >= 4 and false <= 2
        print(
            f"seed {seed}: {found} of 5 found, {false} false; l1={model.l1_:.3g}, "
            f"R² {1 - model.result_.select('1se').mean / y.var():.3f}, {time.perf_counter() - began:.1f} s",
            flush=True,
        )
    print(f"{good} of {seeds} with 4 found or more and 2 false or fewer")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["loop", "fit", "sweep", "planted"])
    parser.add_argument("--members", type=int, help="members of the loop over fit; all by default")
    parser.add_argument("--validation", action="store_true", help="give the loop's fit its held-out rows")
    parser.add_argument("--widths", type=int, nargs="+", default=[32, 64, 128, 256, 512, 1024])
    parser.add_argument("--chunks", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    about = environment(f"python benchmarks/networks.py {options.part}")
    print("\n".join([*described(about), f"keras {keras.__version__} on {keras.backend.backend()}"]))
    if options.part in ("loop", "fit"):
        loop(options.members, options.validation, options.part == "loop")
    elif options.part == "sweep":
        sweep(options.widths, options.chunks)
    else:
        planted(options.seeds, options.rows, options.verbose)


if __name__ == "__main__":
    main()
