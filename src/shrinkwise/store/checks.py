"""What the header and the arrays of a model file must look like; every flaw is named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shrinkwise.store.container import Flaw

Array = NDArray[Any]

TYPES: dict[str, tuple[type, ...]] = {
    "task": (str,),
    "target": (str,),
    "classes": (list, type(None)),
    "loss": (str,),
    "l1_ratio": (float, int),
    "alpha": (float, int),
    "rule": (str,),
    "intercept": (float, int, list),
    "encoder": (dict,),
    "certificate": (dict,),
    "notes": (list,),
    "seed": (int,),
    "versions": (dict,),
    "created": (str,),
    "command": (str,),
    "source": (str,),
}
RESULT_TYPES: dict[str, tuple[type, ...]] = {
    "loss": (str,),
    "metric": (str,),
    "feature_names": (list,),
    "classes": (list, type(None)),
    "target_scale": (float, int),
    "n_samples": (int,),
    "tol": (float, int),
    "standardize": (bool,),
    "ridge_unit": (float, int),
    "extended": (bool,),
    "unpenalized": (dict, type(None)),
}
LATER_MODEL_TYPES: dict[str, tuple[type, ...]] = {  # where the fit had them
    "offset": (str,),
    "exposure": (str,),
    "weights": (str,),
    "strata": (str,),
}
LATER_TYPES: dict[str, tuple[type, ...]] = {  # files of 0.1.0 lack them
    "n_weighted": (int,),
    "groups": (list,),
    "sparse_ratio": (float, int),
    "outputs": (list,),
    "concave": (str,),
    "network": (dict,),
}
NETWORK_TYPES: dict[str, tuple[type, ...]] = {
    "layers": (list,),
    "epochs": (int,),
    "refit": (int,),
    "batch_size": (int,),
    "seeds": (int,),
    "optimizer": (str,),
    "backend": (str,),
    "route": (str,),
}
UNPENALIZED_TYPES: dict[str, tuple[type, ...]] = {
    "gap": (float, int),
    "converged": (bool,),
    "note": (str,),
}
RESULT_SHAPES = {  # R l1_ratios, A alphas, K folds, F = K + 1 fits, P features, O outputs where there are several
    "l1_ratios": "R",
    "alphas": "RA",
    "train_score": "RAK",
    "test_score": "RAK",
    "fold_weights": "K",
    "intercepts": "RAF",
    "gaps": "RAF",
    "converged": "RAF",
    "n_iter": "RAF",
    "null_score": "K",
    "center": "P",
    "scale": "P",
}
LATER_SHAPES = {  # files of 0.1.0 lack them
    "full_deviance": "RA",
    "degrees_of_freedom": "RA",
    "repeats": "K",
    "l1_factors": "P",
    "relax": "R",
    "costs": "P",
    "sources": "P",
    "cost_powers": "R",
}
NETWORK_SHAPES = {  # L penalized arrays of weights
    "network_l1": "A",
    "network_l2": "R",
    "network_sizes": "L",
    "network_zeros": "RAFL",
    "network_norms": "RAFL",
    "network_objective": "RAK",
}
UNPENALIZED_SHAPES = {"unpenalized_train_score": "K", "unpenalized_test_score": "K"}
KIND_WORDS = {"f": "floats", "iu": "whole numbers", "b": "booleans"}
DTYPE_KINDS = {
    "converged": "b",
    "n_iter": "iu",
    "repeats": "iu",
    "sources": "iu",
    "coefs_indices": "iu",
    "coefs_indptr": "iu",
    "coefs_data": "f",
    "network_sizes": "iu",
    "network_zeros": "iu",
}


def check_header(values: Any) -> None:
    """Refuse a header with a part that is missing or of another type."""
    _check_types("the model", values, TYPES)
    _check_types("the model", values, {name: types for name, types in LATER_MODEL_TYPES.items() if name in values})
    for name, what in (("result", "its grid"), ("linear", "its linear grid")):
        if name == "result" or name in values:
            _check_grid_header(what, values.get(name))
    texts = {"notes": values["notes"], "classes": values["classes"] or [], "versions": values["versions"].values()}
    _check_texts(texts)


def _check_grid_header(what: str, header: Any) -> None:
    _check_types(what, header, RESULT_TYPES)
    _check_types(what, header, {name: types for name, types in LATER_TYPES.items() if name in header})
    if "network" in header:
        _check_types("its network", header["network"], NETWORK_TYPES)
        if header["network"]["seeds"] < 1 or not header["network"]["layers"]:
            raise Flaw("its network must have layers, and seeds of 1 or more")
    if ("groups" in header) != ("sparse_ratio" in header):
        raise Flaw("groups and sparse_ratio must come together")
    if "groups" in header and len(header["groups"]) != len(header["feature_names"]):
        raise Flaw(f"it has {len(header['groups'])} groups for {len(header['feature_names'])} features")
    texts = {
        "feature names": header["feature_names"],
        "groups": header.get("groups", []),
        "outputs": header.get("outputs", []),
        "layers": header.get("network", {}).get("layers", []),
    }
    _check_texts(texts)
    if "outputs" in header and len(set(header["outputs"])) < max(2, len(header["outputs"])):
        raise Flaw("outputs must be two or more different names")


def _check_texts(texts: Mapping[str, Iterable[Any]]) -> None:
    for name, items in texts.items():
        if not all(isinstance(item, str) for item in items):
            raise Flaw(f"{name} must all be text")


def _check_types(what: str, values: Any, types: Mapping[str, tuple[type, ...]]) -> None:
    if not isinstance(values, dict):
        raise Flaw(f"{what} has no header")
    for name, allowed in types.items():
        if name not in values:
            raise Flaw(f"{what} lacks {name!r}")
        value = values[name]
        if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
            raise Flaw(f"{name} of {what} must be {allowed[0].__name__}, got {type(value).__name__}")
        if isinstance(value, int) and abs(value) >= 2**63:
            raise Flaw(f"{name} of {what} is an impossibly large number")


def check_grid(header: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
    """Refuse arrays whose shapes or types do not belong together."""
    gaps = named(arrays, "gaps")
    if ("full_deviance" in arrays) != ("n_weighted" in header) and "network" not in header:
        raise Flaw("full_deviance and n_weighted must come together")
    if gaps.ndim != 3 or gaps.size == 0 or gaps.shape[2] < 2:
        raise Flaw(f"its gaps have the impossible shape {gaps.shape}")
    features, outputs = len(header["feature_names"]), len(header.get("outputs", [0]))
    sizes = dict(zip("RAF", gaps.shape, strict=True)) | {"K": gaps.shape[2] - 1, "P": features, "O": outputs}
    sizes["C"] = features * outputs
    shapes = RESULT_SHAPES | {name: letters for name, letters in LATER_SHAPES.items() if name in arrays}
    if "network" in header:
        sizes["L"] = len(header["network"]["layers"])
        shapes |= NETWORK_SHAPES
    shapes |= {"intercepts": "RAFO"} if "outputs" in header else {}
    if header["unpenalized"] is not None:
        number = {} if "outputs" in header else {"intercept": (float, int)}
        _check_types("its unpenalized fit", header["unpenalized"], UNPENALIZED_TYPES | number)
        shapes |= UNPENALIZED_SHAPES | {"unpenalized_coef": "C"}
        shapes |= {"unpenalized_intercept": "O"} if "outputs" in header else {}
    for name, letters in shapes.items():
        array, shape = named(arrays, name), tuple(sizes[letter] for letter in letters)
        if array.shape != shape:
            raise Flaw(f"{name} must have shape {shape}, got {array.shape}")
    for name in (*shapes, "coefs_data", "coefs_indices", "coefs_indptr"):
        kinds, dtype = DTYPE_KINDS.get(name, "f"), named(arrays, name).dtype
        if dtype.kind not in kinds:
            raise Flaw(f"{name} must hold {KIND_WORDS[kinds]}, got {dtype}")
    alphas = arrays["alphas"]
    if not np.all(np.isfinite(alphas)) or np.any(alphas < 0) or np.any(np.diff(alphas, axis=1) >= 0):
        raise Flaw("alphas must be finite, not negative and decreasing")
    _check_costs(arrays)
    if "network" in header:
        _check_strengths(header, arrays)


def _check_costs(arrays: Mapping[str, Array]) -> None:
    """Costs are finite and not negative, and come with the powers of the lines; sources are counted from 0."""
    if ("costs" in arrays) != ("cost_powers" in arrays) or ("sources" in arrays and "costs" not in arrays):
        raise Flaw("costs, cost_powers and sources must come together")
    for name in ("costs", "cost_powers"):
        if name in arrays and not np.all(np.isfinite(arrays[name]) & (arrays[name] >= 0)):
            raise Flaw(f"{name} must be finite and not negative")
    if "sources" in arrays:
        sources = arrays["sources"]
        if np.any(sources < 0) or np.any(sources >= len(sources)):
            raise Flaw("sources must be whole numbers below the number of features")


def _check_strengths(header: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
    """The strengths of networks make the alphas of their grid, and folds are those of each seed."""
    l1, l2, sizes = (arrays[f"network_{name}"] for name in ("l1", "l2", "sizes"))
    if np.any(l1 < 0) or np.any(l2 < 0) or not np.allclose(arrays["alphas"], l1 + 2 * l2[:, None], rtol=1e-9, atol=0):
        raise Flaw("the alphas of networks must be l1 + 2 l2")
    if np.any(sizes < 1) or np.any(arrays["network_zeros"] < 0) or np.any(arrays["network_zeros"] > sizes):
        raise Flaw("its networks must have layers with weights, and no more zeros than these")
    if arrays["test_score"].shape[2] % header["network"]["seeds"]:
        raise Flaw("its networks must have the same folds for every seed")


def named(arrays: Mapping[str, Array], name: str) -> Array:
    """One array, or a flaw that names it."""
    if name not in arrays:
        raise Flaw(f"the array {name!r} is missing")
    return arrays[name]
