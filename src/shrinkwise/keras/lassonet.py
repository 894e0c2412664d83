"""LassoNet: an input may enter the network only as far as it enters the linear skip connection beside it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import keras
import numpy as np

from shrinkwise.exceptions import PenaltyWarning, UsageError
from shrinkwise.keras.live import models_where
from shrinkwise.keras.regularizers import Penalty, check_strength, terms_on
from shrinkwise.keras.terms import Terms
from shrinkwise.validation import check_number

LEAST_STEP = 1e-20  # moves no number of float32; its inverse times the square of a bound is still one


@keras.saving.register_keras_serializable("shrinkwise", name="LassoNet")
class LassoNet(Penalty):
    """The hierarchical penalty of LassoNet, for the kernel θ (inputs, outputs) of a linear skip connection.

    Ω = l1 Σ_j ‖θ_j‖₂ subject to |W_jk| <= bound ‖θ_j‖₂ for all k, W (inputs, units) the kernel of the first hidden
    layer.

    Parameters
    ----------
    l1 : float >= 0, default 0.01
        Strength, in Keras' units.
    first : str
        Name of the first hidden layer, beside the skip connection on the same inputs.
    bound : float > 0, default 10
        The paper's M: 0 would be a linear model, infinity a network without selection.

    Notes
    -----
    Acts under `Proximal` only, which keeps the bound after every step; a plain optimizer sees l1 Σ‖θ_j‖ in the loss and
    no bound, and a warning says so once. Where θ_j = 0 the weights of input j are exactly zero.
    In a search l1 multiplies that of the grid, and the bound holds at every l1: an input leaves against the pull of all
    its weights W_j times the bound, so with a bound of 10 strengths of 1 to 100 are usual on standardized data.

    References
    ----------
    Lemhadri, Ruan, Abraham & Tibshirani, "LassoNet: a neural network with feature sparsity", JMLR 22 (2021), section 3
    and algorithm 2 (Hier-Prox).
    """

    own = ("first", "bound")
    asked = False  # whether the optimizer keeps the bound

    def __init__(self, l1: float = 0.01, first: str = "", bound: float = 10.0, l2: float = 0.0) -> None:
        self.l1, self.l2 = l1, l2
        self.first, self.bound = first, bound

    def checked(self, name: str, value: Any) -> Any:
        """A strength, the name of a layer or a bound > 0; there is no l2."""
        if name == "first":
            if not isinstance(value, str):
                raise UsageError(f"first must be the name of the first hidden layer, got {value!r}")
            return value
        if name == "bound":
            return check_number("bound", value, low=0, above=True, hint="the largest |W_jk| in units of ‖θ_j‖")
        if name == "l2" and value:
            raise UsageError(f"LassoNet has no l2, got {value!r}")
        return check_strength(name, value)

    def __repr__(self) -> str:
        return f"LassoNet(l1={self.l1}, first={self.first!r}, bound={self.bound})"

    def __call__(self, x: Any) -> Any:
        """l1 Σ_j ‖θ_j‖₂, the part that a loss can hold; it is asked for in every program that trains."""
        if not self.asked:  # once: the models in memory are looked through, and Torch comes here at every step
            self.asked = True
            self._warn_of_plain()
        return super().__call__(x)

    def _warn_of_plain(self) -> None:
        """Warn of a model that is compiled with an optimizer under which there is no bound."""
        from shrinkwise.keras.proximal import Proximal  # it imports this file

        for model in models_where(lambda model: any(v.regularizer is self for v in model.trainable_variables)):
            used = getattr(model, "optimizer", None)
            plain = getattr(used, "inner_optimizer", used)
            if plain is not None and not isinstance(plain, Proximal):
                warnings.warn(
                    f"{self!r} is trained by {type(plain).__name__}, which keeps no bound and gives no exact zeros, so "
                    "no input leaves the network: compile with Proximal(optimizer)",
                    PenaltyWarning,
                    stacklevel=2,
                )

    def terms(self, shape: tuple[int, ...]) -> Terms:
        """l1 Σ_j ‖θ_j‖₂."""
        if len(shape) != 2:
            raise UsageError(f"{self!r} is for the kernel of a Dense layer, (inputs, outputs); got the shape {shape}")
        self.get_build_config()  # refuses one that lacks them
        return Terms(group=self.l1 / float(np.sqrt(shape[1])), axis=0)


LassoNet.__name__ = "L1L2"  # see Penalty


@dataclass(frozen=True)
class Tie:
    """The skip kernel of a LassoNet and the first kernel that it bounds, by their numbers among some variables."""

    skip: int
    first: int
    bound: float

    def other(self, number: int) -> int:
        """The one of the two that is not this one."""
        return self.first if number == self.skip else self.skip


@dataclass(frozen=True)
class Moved:
    """A kernel of a tie in an update: where it began, where the data alone would have it, the step of each weight."""

    start: Any
    value: Any
    step: Any


def ties_of(variables: list[Any]) -> dict[int, Tie]:
    """The tie of each of these variables that is in one: of skip kernels by their LassoNet, of those that they bound.

    Raises
    ------
    UsageError
        A ``first`` that names no kernel on the same inputs, or one with a regularizer of its own.
    """
    ties = {}
    for number, skip in enumerate(variables):
        penalty = getattr(skip, "regularizer", None)
        if not isinstance(penalty, LassoNet):
            continue
        path = f"{penalty.first}/kernel"
        found = [i for i, v in enumerate(variables) if v.path == path or v.path.endswith(f"/{path}")]
        if len(found) != 1:
            kernels = [v.path for v in variables if v.path.endswith("/kernel")]
            raise UsageError(
                f"LassoNet(first={penalty.first!r}) names {len(found)} kernels; those of the model: {kernels}"
            )
        first = variables[found[0]]
        if len(first.shape) != 2 or first.shape[0] != skip.shape[0] or first.regularizer is not None:
            raise UsageError(
                f"the first kernel of a LassoNet has the inputs of its skip kernel and no regularizer of its own; "
                f"{first.path} has shape {tuple(first.shape)} and {first.regularizer}, {skip.path} {tuple(skip.shape)}"
            )
        ties[number] = ties[found[0]] = Tie(number, found[0], penalty.bound)
    return ties


def terms_with_ties(variables: list[Any], ties: dict[int, Tie]) -> list[Terms | None]:
    """What acts on each variable now, None where nothing does; on a first kernel its bound alone, no term."""
    own = [terms_on(variable) for variable in variables]
    return [Terms() if terms is None and number in ties else terms for number, terms in enumerate(own)]


def tied(skip: Moved, first: Moved, terms: Terms, bound: float, xp: ModuleType = np) -> tuple[Any, Any]:
    """Both kernels after the proximal step of their tie, ``terms`` being those of the skip kernel.

    ‖θ_j‖ has one metric, so the moves of the outputs of an input are shortened to the least of their steps.
    """
    step = skip.step + xp.zeros_like(skip.start)
    least = xp.min(step, axis=1, keepdims=True)
    share = xp.where(step > 0, least / xp.where(step > 0, step, xp.ones_like(step)), xp.ones_like(step))
    theta = skip.start + (skip.value - skip.start) * share
    return hier_prox(theta, first.value, least, first.step, terms.norm(theta), bound, xp)


def hier_prox(
    theta: Any, w: Any, step_theta: Any, step_w: Any, l1: Any, bound: float, xp: ModuleType = np
) -> tuple[Any, Any]:
    """argmin over (t, V) of Σ (t − θ)²/(2 step_θ) + Σ (V − W)²/(2 step_W) + l1 Σ_j ‖t_j‖, |V_jk| <= bound ‖t_j‖.

    Of V it is |V| = min(|W|, bound ‖t‖), of t the length u = ‖t‖ only, and the derivative in u,
    (u − ‖θ‖)/step_θ + l1 − bound Σ_k (|W_k| − bound u)₊ / step_W,k, rises, is concave, and linear between the points
    |W_k|/bound: from u = 0 Newton's steps never pass its root, and reach it after as many as it has pieces at the most.

    Parameters
    ----------
    theta : array of shape (p, outputs)
    w : array of shape (p, units)
    step_theta : scalar or array of shape (p, 1), >= 0
    step_w : scalar or array of shape (p, units), >= 0
        Steps below `LEAST_STEP` count as that.
    l1, bound : float
    xp : module
        numpy or keras.ops.

    Returns
    -------
    t, V : arrays like theta and w, their zeros exact
    """
    length = xp.sqrt(xp.sum(theta * theta, axis=1, keepdims=True))
    precision = 1 / xp.maximum(step_theta + xp.zeros_like(length), LEAST_STEP)  # (p, 1)
    size = xp.abs(w)
    weight = 1 / xp.maximum(step_w + xp.zeros_like(size), LEAST_STEP)
    none = xp.zeros_like(length)

    def newton(u: Any) -> Any:
        held = xp.where(size > bound * u, weight, xp.zeros_like(weight))
        pull, curve = (xp.sum(part, axis=1, keepdims=True) for part in (held * size, held))
        return xp.maximum((length * precision - l1 + bound * pull) / (precision + bound**2 * curve), u)

    u = _settled(newton, none, xp)
    known = length > 0
    direction = xp.where(known, theta / xp.where(known, length, xp.ones_like(length)), _first(theta, xp))
    return direction * u, xp.sign(w) * xp.minimum(size, bound * u)


def _settled(rise: Callable[[Any], Any], u: Any, xp: ModuleType) -> Any:
    """What a map that never goes down comes to, applied until it raises nothing."""
    if xp is np:
        while np.any((above := rise(u)) > u):
            u = above
        return above

    def body(u: Any, more: Any) -> tuple[Any, Any]:
        above = rise(u)
        return above, xp.any(above > u)

    return xp.while_loop(lambda u, more: more, body, (u, xp.ones((), dtype="bool")))[0]  # at least once


def _first(theta: Any, xp: ModuleType) -> Any:
    """A direction where there is none: all outputs alike, of length 1."""
    return xp.ones_like(theta) / float(np.sqrt(theta.shape[1]))
