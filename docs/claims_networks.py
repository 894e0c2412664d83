"""What a textbook page claims of L1 and L2 in Keras: a function for each claim, as in `claims_linear`."""

import os

import numpy as np

os.environ.setdefault("KERAS_BACKEND", "jax")


def signals(n=1024, seed=0):
    """Ten inputs, two of which matter."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, 10)).astype("float32")
    return X, (X[:, 0] - 0.5 * X[:, 1] + 0.1 * rng.standard_normal(n)).astype("float32")


def keras_line():
    """``kernel_regularizer=regularizers.l1_l2(l1=0.01, l2=0.01)`` gives zeros: not by itself."""
    import keras
    from keras import layers, regularizers

    from shrinkwise.keras import Proximal

    X, y = signals()
    lines, weights = ["optimizer         exact zeros of 640   loss + penalty"], {}
    for name in ("adam", "Proximal(adam)"):
        keras.utils.set_random_seed(0)
        line = regularizers.l1_l2(l1=0.01, l2=0.01)
        model = keras.Sequential(
            [keras.Input((10,)), layers.Dense(64, activation="relu", kernel_regularizer=line), layers.Dense(1)]
        )
        model.compile(optimizer=Proximal("adam") if "Prox" in name else "adam", loss="mse")
        model.fit(X, y, epochs=60, batch_size=32, verbose=0)
        kernel = np.asarray(model.layers[0].kernel)
        weights[name] = np.sort(np.abs(kernel).ravel())
        objective = float(model.evaluate(X, y, batch_size=len(X), verbose=0))
        lines.append(f"{name:16s} {int(np.count_nonzero(kernel == 0)):15d} {objective:19.3f}")

    def plot(axes):
        for name, size in weights.items():
            axes.plot(size, label=name)
        axes.set(xlabel="the 640 weights of the first layer, by size", ylabel="|w|")
        axes.set_yscale("symlog", linthresh=1e-6)
        axes.legend(frameon=False)

    return lines, plot


def weight_decay():
    """L2 is weight decay: with SGD, not with Adam."""
    import keras
    from keras import layers, regularizers

    rng = np.random.default_rng(0)
    X = (rng.standard_normal((512, 4)) * [3.0, 1.0, 1.0, 0.3]).astype("float32")
    y = (X @ [0.3, 1.0, 0.0, 3.0] + 0.1 * rng.standard_normal(512)).astype("float32")
    l2 = 0.1
    kinds = {
        "SGD, L2": (keras.optimizers.SGD(0.05), regularizers.L2(l2)),
        "SGD, decay": (keras.optimizers.SGD(0.05, weight_decay=2 * l2), None),
        "Adam, L2": (keras.optimizers.Adam(0.005), regularizers.L2(l2)),
        "AdamW, decay": (keras.optimizers.AdamW(0.005, weight_decay=2 * l2), None),
    }
    lines, found = ["              weights of four inputs (true: 0.3, 1, 0, 3)"], {}
    for name, (optimizer, regularizer) in kinds.items():
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((4,)), layers.Dense(1, kernel_regularizer=regularizer)])
        model.compile(optimizer=optimizer, loss="mse")
        model.fit(X, y, epochs=1500, batch_size=512, verbose=0, shuffle=False)
        found[name] = np.asarray(model.layers[0].kernel)[:, 0]
        lines.append(f"{name:13s} " + " ".join(f"{value:7.3f}" for value in found[name]).replace("-0.000", " 0.000"))

    def plot(axes):
        for place, (name, w) in enumerate(found.items()):
            axes.bar(np.arange(4) + 0.2 * place - 0.3, w / np.array([0.3, 1.0, 1.0, 3.0]), 0.2, label=name)
        axes.set(xticks=range(4), xticklabels=["0.3", "1", "0", "3"], xlabel="true weight of an input")
        axes.set_ylabel("weight as a share of the true one")
        axes.legend(frameon=False)

    return lines, plot


NETWORKS = {"keras-line": keras_line, "weight-decay": weight_decay}
