"""Members trained together in one program of JAX: the same minibatches, each with its own weights, λ and state.

Axes: F training sets × M members each. Members of a training set share its minibatches, so that the first layer is one
wide product. A network of Keras is traced once, by its stateless call; its optimizer likewise.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from shrinkwise.keras.members import Array, Plan, row_losses
from shrinkwise.keras.terms import Terms

State = dict[str, Any]

ROWS = 512  # scored together


class Program:
    """Compiled once for M members of F training sets, whatever their λ, rows and number of minibatches.

    Parameters
    ----------
    model, optimizer : of Keras, built
    terms : list of Terms or None
        The penalty of each trainable variable for l1 = l2 = 1.
    plan : Plan
    fits, members : int
        F and M.
    """

    def __init__(
        self, model: Any, optimizer: Any, terms: list[Terms | None], plan: Plan, fits: int, members: int
    ) -> None:
        self.model, self.optimizer, self.terms, self.plan = model, optimizer, terms, plan
        self.fits, self.members = fits, members
        self.X, self.y = jnp.asarray(plan.X), jnp.asarray(plan.y)
        self.train = jax.jit(self._train, donate_argnums=0)
        self.score = jax.jit(self._score)
        self.sound = jax.jit(self._sound)

    def begin(self, trainable: list[Array], others: list[Array]) -> State:
        """The state of members with these first weights, (F, M, *shape)."""
        shape = (self.fits, self.members)
        return {
            "trainable": [jnp.asarray(value) for value in trainable],
            "others": [jnp.asarray(value) for value in others],
            "optimizer": [
                jnp.broadcast_to(variable.value, (*shape, *variable.shape)) for variable in self.optimizer.variables
            ],
        }

    def _train(
        self, state: State, l1: Any, l2: Any, active: Any, scaling: Any, rows: Any, weights: Any, steps: Any
    ) -> State:
        """One epoch: l1, l2, active (F, M); rows and weights (F, S, B); of S steps those below steps (F,)."""
        members = jax.vmap(self._member, in_axes=(0, 0, 0, 0, None, None, None))
        everyone = jax.vmap(members)

        def step(number: Any, state: State) -> State:
            now = jax.lax.dynamic_index_in_dim(rows, number, 1, keepdims=False)
            share = jax.lax.dynamic_index_in_dim(weights, number, 1, keepdims=False)
            x, y = jax.vmap(self._rows)(scaling, now)
            return everyone(state, l1, l2, active & (number < steps)[:, None], x, y, share)  # type: ignore[no-any-return]

        return jax.lax.fori_loop(0, jnp.max(steps), step, state)  # type: ignore[no-any-return]

    def _member(self, state: State, l1: Any, l2: Any, active: Any, x: Any, y: Any, weights: Any) -> State:
        def loss(trainable: list[Any]) -> tuple[Any, list[Any]]:
            eta, others, extra = self.model.stateless_call(
                trainable, state["others"], x, training=True, return_losses=True
            )
            return jnp.sum(weights * row_losses(self.plan.loss, y, eta, jnp)) + sum(extra), others

        gradient, others = jax.grad(loss, has_aux=True)(state["trainable"])
        trainable, slots = self.optimizer.stateless_apply(state["optimizer"], gradient, state["trainable"])
        steps = _adam_steps(self.optimizer, slots, trainable)
        trainable = [
            value if terms is None else terms.times(l1, l2).prox(value, step, jnp)
            for value, step, terms in zip(trainable, steps, self.terms)
        ]
        new = {"trainable": trainable, "others": others, "optimizer": slots}
        return jax.tree.map(lambda after, before: jnp.where(active, after, before), new, state)  # type: ignore[no-any-return]

    def _score(self, state: State, scaling: Any, rows: Any, weights: Any, blocks: Any) -> Any:
        """Weighted sums of losses (F, M) of rows (F, T, E), those of the first ``blocks`` T, as at inference."""

        def one(trainable: list[Any], others: list[Any], x: Any, y: Any, weights: Any) -> Any:
            eta, _ = self.model.stateless_call(trainable, others, x, training=False)
            losses = row_losses(self.plan.loss, y, eta, jnp)
            return jnp.sum(jnp.where(weights > 0, weights * losses, 0.0))

        members = jax.vmap(one, in_axes=(0, 0, None, None, None))

        def block(number: Any, total: Any) -> Any:
            now = jax.lax.dynamic_index_in_dim(rows, number, 1, keepdims=False)
            share = jax.lax.dynamic_index_in_dim(weights, number, 1, keepdims=False)
            x, y = jax.vmap(self._rows)(scaling, now)
            return total + jax.vmap(members)(state["trainable"], state["others"], x, y, share)

        return jax.lax.fori_loop(0, blocks, block, jnp.zeros((self.fits, self.members)))

    def _rows(self, scaling: Any, numbers: Any) -> tuple[Any, Any]:
        center, factor, target_center, target_scale = scaling
        return (self.X[numbers] - center) * factor, (self.y[numbers] - target_center) / target_scale

    def _sound(self, state: State) -> Any:
        """Whether all numbers of a member, its optimizer's included, are finite, (F, M)."""
        arrays = [part for part in jax.tree.leaves(state) if jnp.issubdtype(part.dtype, jnp.floating)]
        parts = [jnp.all(jnp.isfinite(part).reshape(*part.shape[:2], -1), axis=2) for part in arrays]
        return jnp.all(jnp.stack(parts), axis=0)


def _adam_steps(optimizer: Any, slots: list[Any], trainable: list[Any]) -> list[Any]:
    """Until steps.py is there: the steps of Adam and of plain SGD."""
    rate = slots[1]
    if type(optimizer).__name__ == "SGD":
        return [rate for _ in trainable]
    t = slots[0].astype("float32")
    second = slots[3::2]
    return [rate * jnp.sqrt(1 - optimizer.beta_2**t) / (jnp.sqrt(v) + optimizer.epsilon) for v in second]


def blocks(rows: list[Array], shares: list[Array], total: int) -> tuple[Array, Array, int]:
    """Rows and weights of F fits in ``total`` blocks, (F, total, ROWS), and how many of these hold rows."""
    numbers = np.zeros((len(rows), total * ROWS), dtype=np.int32)
    weights = np.zeros((len(rows), total * ROWS), dtype=np.float32)
    for place, (part, share) in enumerate(zip(rows, shares)):
        numbers[place, : len(part)], weights[place, : len(part)] = part, share
    shape = (len(rows), total, ROWS)
    return numbers.reshape(shape), weights.reshape(shape), -(-max(len(part) for part in rows) // ROWS)
