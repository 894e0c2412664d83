"""The parts of an optimizer of optax, and what each does to the step of a coordinate.

An optimizer of optax is a chain of transformations, closures over their options. A part is known by the name of the
function that made it, its options are the variables of its closure; a part, or an option of one, that is not in `ROWS`
is refused, since zeros would be in the wrong places. Beside the updates runs, for one unit of a steady gradient, how
far they go: what scales or sums updates scales or sums steps, what divides them by a scale of the gradient divides
steps, and what clips an array to a share of its length clips its steps alike, so that the minimum stays where it is.
optax itself is not imported here: whoever gives an optimizer of it has it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import getclosurevars, isfunction
from typing import Any

import jax
import jax.numpy as jnp

from shrinkwise.exceptions import UsageError

LEAST = 1e-12  # of the number whose sign is taken, as in Lion's row of `steps`


@dataclass(frozen=True)
class Flow:
    """What runs through a chain.

    Parameters
    ----------
    updates : list of arrays
        One a variable, as optax has them; of variables that are masked, what optax has in their place.
    steps : dict of int to array
        By variable: the update for one unit of a steady gradient, all scales so far included.
    bottoms : dict of int to array
        By variable, where there is one: the scale of its gradient by which updates were divided.
    """

    updates: list[Any]
    steps: dict[int, Any]
    bottoms: dict[int, Any]


@dataclass(frozen=True)
class Pass:
    """One part at work: its options, what came in, and its state before and after."""

    options: Mapping[str, Any]
    flow: Flow
    before: Any
    after: Any


@dataclass(frozen=True)
class Row:
    """What is known of a part.

    Parameters
    ----------
    scale : callable, optional
        ``scale(work, number)``: by what the updates of a variable were divided, an array > 0.
    share : callable, optional
        ``share(before, after)``: by what they were multiplied, from an array of updates before and after.
    linear : bool
        Updates are multiplied, summed or averaged: the part is applied to the steps, with a state of its own.
    options : tuple of str, optional
        Those that it may have; None where any are right.
    """

    scale: Callable[[Pass, int], Any] | None = None
    share: Callable[[Any, Any], Any] | None = None
    linear: bool = False
    options: tuple[str, ...] | None = None


def _adam(work: Pass, number: int) -> Any:
    """√(v / (1 − β₂ᵗ) + ε₀) + ε."""
    return _root(work, work.after.nu[number] / _unbiased(work, "b2"))


def _amsgrad(work: Pass, number: int) -> Any:
    """√(v + ε₀) + ε, v the largest so far, its bias taken away before."""
    return _root(work, work.after.nu_max[number])


def _belief(work: Pass, number: int) -> Any:
    """√(v / (1 − β₂ᵗ)) + ε, v of the gradient less its mean, ε₀ in it."""
    return jnp.sqrt(work.after.nu[number] / _unbiased(work, "b2")) + work.options["eps"]


def _adamax(work: Pass, number: int) -> Any:
    """The largest gradient, forgotten at rate β₂, ε in it."""
    return work.after.nu[number]


def _rms(work: Pass, number: int) -> Any:
    """√(v + ε) or √v + ε, v less the square of the mean gradient where there is one."""
    after, eps = work.after, work.options["eps"]
    unbiased = _unbiased(work, "decay") if work.options.get("bias_correction") else 1.0
    v = after.nu[number] / unbiased
    if hasattr(after, "mu"):
        v = jnp.maximum(v - (after.mu[number] / unbiased) ** 2, 0.0)
    return jnp.sqrt(v + eps) if work.options.get("eps_in_sqrt", True) else jnp.sqrt(v) + eps


def _rss(work: Pass, number: int) -> Any:
    """√(sum of squares + ε)."""
    return jnp.sqrt(work.after.sum_of_squares[number] + work.options["eps"])


def _lion(work: Pass, number: int) -> Any:
    """|c|, because sign(c) = c / |c| for Lion's c = β₁ m + (1 − β₁) g."""
    if work.options.get("mode", "hard") != "hard":
        raise UsageError(
            f"a grid knows Lion by its sign, mode='hard', got mode={work.options['mode']!r}; leave it out, or use "
            "keras.optimizers.Lion"
        )
    keep = work.options["b1"]
    c = keep * work.before.mu[number] + (1 - keep) * work.flow.updates[number]
    return jnp.maximum(jnp.abs(c), LEAST)


def _sign(work: Pass, number: int) -> Any:
    """|g|."""
    return jnp.maximum(jnp.abs(work.flow.updates[number]), LEAST)


def _root(work: Pass, v: Any) -> Any:
    return jnp.sqrt(v + work.options["eps_root"]) + work.options["eps"]


def _unbiased(work: Pass, decay: str) -> Any:
    """1 − βᵗ."""
    return 1 - jnp.asarray(work.options[decay], dtype=jnp.float32) ** work.after.count


def _by_coordinate(before: Any, after: Any) -> Any:
    """after / before, 1 where both are 0."""
    known = before != 0
    return jnp.where(known, after / jnp.where(known, before, 1.0), 1.0)


def _by_length(before: Any, after: Any) -> Any:
    """‖after‖ / ‖before‖, 1 where both are 0."""
    return _by_coordinate(*(jnp.sqrt(jnp.sum(part * part)) for part in (before, after)))


AVERAGES = ("b1", "b2", "eps", "eps_root", "mu_dtype", "nesterov")

ROWS: dict[str, Row] = {
    "identity": Row(),
    "add_decayed_weights": Row(),
    "scale": Row(linear=True),
    "scale_by_schedule": Row(linear=True),
    "trace": Row(linear=True),
    "ema": Row(linear=True),
    "clip": Row(share=_by_coordinate),
    "clip_by_block_rms": Row(share=_by_length),
    "clip_by_global_norm": Row(share=_by_length),
    "scale_by_trust_ratio": Row(share=_by_length),
    "scale_by_adam": Row(_adam, options=AVERAGES),
    "scale_by_amsgrad": Row(_amsgrad, options=(*AVERAGES, "bias_correction_mu", "bias_correction_nu")),
    "scale_by_belief": Row(_belief, options=AVERAGES),
    "scale_by_adamax": Row(_adamax, options=("b1", "b2", "eps")),
    "scale_by_rms": Row(_rms, options=("decay", "eps", "eps_in_sqrt", "bias_correction")),
    "scale_by_stddev": Row(_rms, options=("decay", "eps", "eps_in_sqrt", "bias_correction")),
    "scale_by_rss": Row(_rss, options=("eps",)),
    "scale_by_lion": Row(_lion, options=("b1", "b2", "mu_dtype", "mode", "smooth_beta")),
    "scale_by_sign": Row(_sign, options=()),
}
FRAMES = ("chain", "named_chain", "masked", "inject_hyperparams")


def advance(update: Any, flow: Flow, state: Any, reach: Any, params: list[Any]) -> tuple[Flow, Any, Any]:
    """What comes out of a part, a chain included; its state; the state of its steps.

    Parameters
    ----------
    update : callable
        Of an ``optax.GradientTransformation``.
    flow : Flow
    state : as optax has it
    reach : likewise, of the steps
        The first is made by `reach_of`.
    params : list of arrays

    Raises
    ------
    UsageError
        For a part whose step is not known.
    """
    name, update, options = _read(update)
    if name in ("chain", "named_chain"):
        return _chained(name, options, flow, state, reach, params)
    if name == "inject_hyperparams":
        return _injected(update, options, flow, state, reach, params)
    if name == "masked":
        return _masked(options, flow, state, reach, params)
    row = ROWS[name]
    updates, after = update(flow.updates, state, params)
    work = Pass(options, flow, state, after)
    steps, bottoms = dict(flow.steps), dict(flow.bottoms)
    if row.linear:
        summed, reach = update([steps.get(k, part) for k, part in enumerate(flow.updates)], reach, params)
        steps = {number: summed[number] for number in steps}
    for number, step in steps.items():
        if row.scale is not None:
            scale = row.scale(work, number)
            steps[number], bottoms[number] = step / scale, bottoms.get(number, 1.0) * scale
        if row.share is not None:
            steps[number] = step * row.share(flow.updates[number], updates[number])
    return Flow(updates, steps, bottoms), after, reach


def reach_of(update: Any, state: Any) -> Any:
    """The first state of the steps of a part: that of its updates where these are summed, else nothing."""
    name, _, options = _read(update)
    if name in ("chain", "named_chain"):
        return [reach_of(part, state[key]) for key, part in _within(name, options)]
    if name == "inject_hyperparams":
        return reach_of(_made(options, state.hyperparams), state.inner_state)
    if name == "masked":
        return reach_of(options["inner"].update, state.inner_state)
    return state if ROWS[name].linear else ()


def names_of(update: Any) -> list[str]:
    """What an optimizer is made of, in its order, without parts that do nothing."""
    name, _, options = _read(update)
    if name in ("chain", "named_chain"):
        return [word for _, part in _within(name, options) for word in names_of(part)]
    if name == "masked":
        return names_of(options["inner"].update)
    if name == "identity" or (name == "add_decayed_weights" and _is_zero(options.get("weight_decay"))):
        return []
    return [options["inner_factory"].__name__ if name == "inject_hyperparams" else name]


def _chained(
    name: str, options: dict[str, Any], flow: Flow, state: Any, reach: Any, params: list[Any]
) -> tuple[Flow, Any, Any]:
    """One part after the other."""
    after, reached = {}, []
    for (key, part), sums in zip(_within(name, options), reach):
        flow, after[key], now = advance(part, flow, state[key], sums, params)
        reached.append(now)
    return flow, (tuple(after.values()) if name == "chain" else type(state)(after)), reached


def _masked(options: dict[str, Any], flow: Flow, state: Any, reach: Any, params: list[Any]) -> tuple[Flow, Any, Any]:
    """A part that some variables pass by."""
    mask = options["mask"](flow.updates) if callable(options["mask"]) else options["mask"]
    chosen = [bool(part) for part in jax.tree.broadcast(mask, flow.updates)]  # where nothing is, in optax, is ()
    inside = Flow(
        options["mask_pytree"](flow.updates, mask),
        {number: step for number, step in flow.steps.items() if chosen[number]},
        {number: bottom for number, bottom in flow.bottoms.items() if chosen[number]},
    )
    own = options["mask_pytree"](params, mask)
    inside, inner, reach = advance(options["inner"].update, inside, state.inner_state, reach, own)
    updates = [new if taken else old for taken, new, old in zip(chosen, inside.updates, flow.updates)]
    through = Flow(updates, flow.steps | inside.steps, flow.bottoms | inside.bottoms)
    return through, state._replace(inner_state=inner), reach


def _injected(
    update: Any, options: dict[str, Any], flow: Flow, state: Any, reach: Any, params: list[Any]
) -> tuple[Flow, Any, Any]:
    """A part made anew at each step; optax itself says of what numbers."""
    _, after = update(flow.updates, state, params)
    flow, _, reach = advance(_made(options, after.hyperparams), flow, state.inner_state, reach, params)
    return flow, after, reach


def _made(options: dict[str, Any], hyperparams: dict[str, Any]) -> Any:
    """The update of what a factory makes of these numbers."""
    return options["inner_factory"](**options["other_hps"], **hyperparams).update


def _read(update: Any) -> tuple[str, Any, dict[str, Any]]:
    """The name of a part, its update and its options; refuses what is not known."""
    name = getattr(update, "__qualname__", type(update).__name__).split(".")[0]
    ours = isfunction(update) and update.__module__.startswith("optax.")
    if ours and name == "with_extra_args_support":
        return _read(getclosurevars(update).nonlocals["tx"].update)
    if not ours or name not in (*ROWS, *FRAMES):
        raise UsageError(
            f"of optax' {name} the step that a penalty needs is not known; known are {', '.join((*ROWS, *FRAMES))} "
            "and what is made of them, such as optax.adam, adamw, lion, rmsprop and sgd; use one of these, or an "
            "optimizer of Keras, as keras.optimizers.Adam(1e-3)"
        )
    options = dict(getclosurevars(update).nonlocals)
    allowed = ROWS[name].options if name in ROWS else None
    unknown = set() if allowed is None else set(options) - set(allowed)
    if unknown:
        raise UsageError(
            f"{name} of this optax has options that change its step in a way not known, {', '.join(sorted(unknown))}: "
            "use an optimizer of Keras, as keras.optimizers.Adam(1e-3)"
        )
    return name, update, options


def _within(name: str, options: dict[str, Any]) -> list[tuple[Any, Any]]:
    """The parts of a chain, each with the key of its state."""
    if name == "named_chain":
        return [(key, part.update) for key, part in options["transforms"]]
    return list(enumerate(options["update_fns"]))


def _is_zero(value: Any) -> bool:
    return isinstance(value, int | float) and value == 0
