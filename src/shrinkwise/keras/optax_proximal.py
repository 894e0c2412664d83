"""`Proximal` for an optimizer of optax: as pure functions, for the grid of JAX."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from keras import ops

from shrinkwise.exceptions import UsageError
from shrinkwise.keras.lassonet import Moved, Tie, tied
from shrinkwise.keras.optax_parts import Flow, advance, names_of, reach_of
from shrinkwise.keras.steps import bounded
from shrinkwise.keras.terms import Terms


class OptaxProximal:
    """The update of optax, and after it the proximal step with optax' own step at each coordinate.

    Parameters
    ----------
    optimizer : optax.GradientTransformation
        A chain of parts whose steps are known, see `optax_parts.ROWS`.

    Raises
    ------
    UsageError
        Another part; one that goes up the gradient.

    Notes
    -----
    What clips an array to a share of its length clips the proximal step alike, so that, unlike under a clipping
    optimizer of Keras, the minimum stays where it is.
    """

    def __init__(self, optimizer: Any) -> None:
        self._optimizer = optimizer
        self.name = " + ".join(names_of(optimizer.update))
        self.variables: list[Any] = []
        self._structure: Any = None
        self._ties: set[Tie] = set()

    def build(self, variables: list[Any], ties: dict[int, Tie] | None = None) -> None:
        """Make the first state, for variables in this order, some of them tied by a LassoNet."""
        self._ties = set((ties or {}).values())
        values = [jnp.asarray(variable.value) for variable in variables]
        state = self._optimizer.init(values)
        self.variables, self._structure = jax.tree.flatten((state, reach_of(self._optimizer.update, state)))
        self._refuse_ascent(values)

    def stateless_apply(
        self, slots: list[Any], gradients: list[Any], variables: list[Any], terms: list[Terms | None]
    ) -> tuple[list[Any], list[Any]]:
        """The variables and the slots after one step, ``gradients`` being those of the data alone."""
        state, reach = jax.tree.unflatten(self._structure, slots)
        flow, state, reach = advance(self._optimizer.update, _begun(gradients), state, reach, variables)
        moved = [_moved(flow, *each) for each in zip(range(len(variables)), variables, terms)]
        values = [_after(part, each) for part, each in zip(moved, terms)]
        for tie in self._ties:
            penalty = terms[tie.skip]
            assert penalty is not None
            values[tie.skip], values[tie.first] = tied(moved[tie.skip], moved[tie.first], penalty, tie.bound, ops)
        new = jax.tree.leaves((state, reach))
        values = [value.astype(variable.dtype) for value, variable in zip(values, variables)]
        return values, [jnp.asarray(after, dtype=before.dtype) for after, before in zip(new, slots)]

    def _refuse_ascent(self, values: list[Any]) -> None:
        """Refuse an optimizer whose updates, at its first step, go along the gradient."""

        def first(slots: list[Any]) -> list[Any]:
            state, reach = jax.tree.unflatten(self._structure, slots)
            steps = advance(self._optimizer.update, _begun(values), state, reach, values)[0].steps
            return [jnp.max(step) for step in steps.values()]

        if any(float(step) > 0 for step in jax.jit(first)(self.variables)):
            raise UsageError(
                f"the updates of {self.name} go up the gradient; end the chain with optax.scale(-rate) or "
                "optax.scale_by_learning_rate(rate)"
            )


def _begun(gradients: list[Any]) -> Flow:
    """Gradients before the first part: a step of one for one."""
    return Flow(gradients, {number: jnp.ones_like(part) for number, part in enumerate(gradients)}, {})


def _moved(flow: Flow, number: int, variable: Any, terms: Terms | None) -> Moved:
    """A variable after its update, which like its step is shortened where the penalty would go too far."""
    update, step, bottom = flow.updates[number], -flow.steps[number], flow.bottoms.get(number)
    share = 1.0 if bottom is None or terms is None else bounded(bottom, variable, terms)
    return Moved(variable, variable + share * update, share * step)


def _after(moved: Moved, terms: Terms | None) -> Any:
    """A variable after its proximal step."""
    return moved.value if terms is None else terms.prox(moved.value, moved.step, jnp)
