"""A model as one JSON document, and as what the report reads."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any

import numpy as np

from shrinkwise.diagnosis import compare_with_linear, overfit_verdict
from shrinkwise.diagnosis.decision import RECORDS
from shrinkwise.report import ReportInput
from shrinkwise.result import GridResult
from shrinkwise.store import Model


def report_input(model: Model) -> ReportInput:
    """What the page and the terminal show of a model."""
    return ReportInput(
        title=f"Predicting {model.target}",
        result=model.result,
        rule=model.rule,
        verdict=overfit_verdict(model.result, model.rule),
        notes=model.notes,
        target=model.target,
        task=model.task,
        source=model.source,
        created=model.created,
        command=model.command,
        versions=model.versions,
        certificate=model.certificate,
        seed=model.seed,
        linear=model.linear,
        decision=model.decision,
    )


def to_json(model: Model, **more: Any) -> str:
    """Everything that a program may ask of a fit, as strict JSON: a number that is not finite is null.

    The coefficients of the folds' own fits are in the model file only.
    """
    result = model.result
    document = {
        "task": model.task,
        "target": model.target,
        "classes": model.classes,
        "loss": model.loss,
        "offset": model.offset,
        "exposure": model.exposure,
        "weights": model.weights,
        "strata": model.strata,
        "metric": result.metric,
        "rule": model.rule,
        "chosen": asdict(result.select(model.rule)),
        "table": result.table(model.rule),
        "verdict": asdict(overfit_verdict(result, model.rule)),
        "decision": _decision(model),
        "certificate": model.certificate,
        "search_bias": result.search_bias,
        "edge": result.at_edge(result.select("min")) or None,
        "extended": result.extended,
        "outputs": result.outputs,
        "intercept": model.intercept,
        "features": _features(model),
        "constant_features": result.constant_features,
        "n_samples": result.n_samples,
        "standardize": result.standardize,
        "ridge_unit": result.ridge_unit,
        "target_scale": result.target_scale,
        "sparse_ratio": result.sparse_ratio,
        "concave": result.concave,
        "grid": _grid(result),
        "unpenalized": None if result.unpenalized is None else asdict(result.unpenalized),
        "folds": model.folds,
        "encoder": model.encoder,
        "notes": model.notes,
        "source": model.source,
        "command": model.command,
        "created": model.created,
        "seed": model.seed,
        "versions": model.versions,
        "schema": model.schema,
        **_networks(model),
        **more,
    }
    return strict_json(document)


def strict_json(document: dict[str, Any]) -> str:
    """A document as JSON; a number that is not finite is null."""
    return json.dumps(_plain(document), allow_nan=False)


def _decision(model: Model) -> dict[str, Any] | None:
    """The parts of the decision, None for those that are not there; features by their number in ``features``."""
    if model.decision is None:
        return None
    parts = {name: getattr(model.decision, name) for name in RECORDS}
    return {name: None if part is None else asdict(part) for name, part in parts.items()} | {
        "notes": model.decision.notes
    }


def _features(model: Model) -> list[dict[str, Any]]:
    """Every feature: its group, its coefficient in the data's units and per standard deviation, its mean and sd.

    Where a row has several predictors a feature has a list of coefficients, one for each of ``outputs``. An input of a
    network has the norm of its weights.
    """
    result = model.result
    if result.network is not None:
        inputs = zip(result.feature_names, model.coef, result.center, result.scale, strict=True)
        return [{"name": name, "norm": norm, "mean": mean, "sd": sd} for name, norm, mean, sd in inputs]
    groups = result.groups or ("",) * len(result.feature_names)
    per_sd = model.coef * result.scale
    columns = {
        "coef": model.coef.T,
        "coef_per_sd": per_sd.T,
        "mean": result.center,
        "sd": result.scale,
        **({} if result.l1_factors is None else {"l1_factor": result.l1_factors}),
        **({} if result.costs is None else {"cost": result.costs}),
    }
    return [
        {"name": name, "group": group or None} | dict(zip(columns, values, strict=True))
        for name, group, *values in zip(result.feature_names, groups, *columns.values(), strict=True)
    ]


def _networks(model: Model) -> dict[str, Any]:
    """What is known of networks alone, and the linear models beside them; nothing of other models."""
    result = model.result
    if result.network is None:
        return {}
    cell, linear = result.select(model.rule), model.linear
    chosen = {name: getattr(result.network, name)[cell.ratio, cell.index, -1] for name in ("zeros", "norms")}
    beside = None if linear is None else compare_with_linear(result, linear, model.rule)
    return {
        "network": asdict(result.network) | {"chosen": result.network.strengths(cell.ratio, cell.index) | chosen},
        "linear": None if linear is None else {"table": linear.table(model.rule), "grid": _grid(linear)},
        "comparison": None if beside is None else asdict(beside),
    }


def _grid(result: GridResult) -> dict[str, Any]:
    """Scores by l1_ratio × alpha (× fold); coefficient paths of all rows as their nonzeros."""
    of = 1 if result.outputs is None else len(result.outputs)
    paths = [[_nonzeros(line[-1], row, of) for row in range(line[-1].shape[0])] for line in result.coefs]
    return {
        "l1_ratio": result.l1_ratios,
        "relax": result.relax,
        "cost_power": result.cost_powers,
        "cost": result.model_costs,
        "alpha": result.alphas,
        "mean": result.mean,
        "se": result.se,
        "train": result.train_mean,
        "n_features": result.support_size,
        "full_deviance": result.full_deviance,
        "degrees_of_freedom": result.degrees_of_freedom,
        "test_score": result.test_score,
        "train_score": result.train_score,
        "fold_weights": result.fold_weights,
        "repeats": result.repeats,
        "null_score": result.null_score,
        "gap": result.gaps,
        "converged": result.converged,
        "n_iter": result.n_iter,
        "intercept": result.intercepts,
        "coef": paths,
    }


def _nonzeros(matrix: Any, row: int, outputs: int) -> dict[str, Any]:
    part = slice(matrix.indptr[row], matrix.indptr[row + 1])
    feature, output = np.divmod(matrix.indices[part], outputs)
    found = {"feature": feature, "value": matrix.data[part]}
    return found if outputs == 1 else {"output": output, **found}


def _plain(value: Any) -> Any:
    """Dicts, lists, text, finite numbers, booleans and None."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
