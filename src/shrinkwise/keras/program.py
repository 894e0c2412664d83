"""Members trained together in one program of JAX: the same minibatches, each with its own weights, λ and state.

Axes: F training sets × M members each. Members of a training set share its minibatches, so that the first layer is one
wide product. A network of Keras is traced once, by its stateless call, its optimizer likewise: that costs nothing
against arrays written by hand (benchmarks/networks.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from keras.ops import convert_to_numpy

from shrinkwise.keras.members import Task
from shrinkwise.keras.plan import Array, row_losses

State = dict[str, list[Any]]
Scaling = tuple[Any, Any, Any, Any]


class Program:
    """Compiled once for M members of F training sets, whatever their λ, rows and number of minibatches.

    Parameters
    ----------
    task : Task
    fits, members : int
        F and M.
    """

    def __init__(self, task: Task, fits: int, members: int) -> None:
        self.task, self.shape = task, (fits, members)
        self.X, self.y = jnp.asarray(task.plan.X), jnp.asarray(task.plan.y)
        self.train: Any = jax.jit(self._train, donate_argnums=0)
        self.score: Any = jax.jit(self._score)
        self.keep: Any = jax.jit(self._keep, donate_argnums=0)

    def begin(self, values: list[Array]) -> State:
        """The state of members with these first values of their variables, (F, M, *shape)."""
        trainable = self.task.n_trainable
        slots = (convert_to_numpy(variable) for variable in self.task.optimizer.variables)
        return {
            "trainable": [jnp.asarray(value) for value in values[:trainable]],
            "others": [jnp.asarray(value) for value in values[trainable:]],
            # by NumPy: JAX compiles a program to repeat each shape
            "optimizer": [jnp.asarray(np.tile(slot, (*self.shape, *[1] * slot.ndim))) for slot in slots],
        }

    def compile(self, training: Sequence[Any], scoring: Sequence[Any]) -> None:
        """Compile for arguments like these, at once: traced here, since Keras' settings belong to a thread.

        Afterwards members of different training sets may be trained in threads of their own. XLA cannot be stopped, so
        Ctrl-C leaves its threads behind: they end by themselves within seconds, and nothing waits for them.
        """
        lowered = [self.train.lower(*training), self.score.lower(*scoring)]
        pool = ThreadPoolExecutor(len(lowered))
        try:
            self.train, self.score = pool.map(lambda program: program.compile(), lowered)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _train(
        self,
        state: State,
        l1: Any,
        l2: Any,
        held: Any,
        active: Any,
        scaling: Scaling,
        rows: Any,
        weights: Any,
        steps: Any,
    ) -> State:
        """One epoch: l1, l2, held, active (F, M); rows, weights (F, S, B), of S minibatches the first ``steps`` (F,).

        Of members that are not active nothing changes; of those that are held, zeros of penalized weights stay.
        """
        everyone = jax.vmap(jax.vmap(self._member, in_axes=(0, 0, 0, 0, 0, None, None, None)))

        def step(number: Any, state: State) -> State:
            now, share = (jax.lax.dynamic_index_in_dim(part, number, 1, keepdims=False) for part in (rows, weights))
            x, y = jax.vmap(self._rows)(scaling, now)
            moving = active & (number < steps)[:, None]
            return everyone(state, l1, l2, held, moving, x, y, share)

        return jax.lax.fori_loop(0, jnp.max(steps), step, state)  # type: ignore[no-any-return]

    def _member(self, state: State, l1: Any, l2: Any, held: Any, active: Any, x: Any, y: Any, weights: Any) -> State:
        """One step of one member; its gradient is of the loss without the penalty, which acts by its prox."""
        task = self.task

        def loss(trainable: list[Any]) -> tuple[Any, list[Any]]:
            eta, others, extra = task.model.stateless_call(
                trainable, state["others"], x, training=True, return_losses=True
            )
            return jnp.sum(weights * row_losses(task.plan.loss, y, eta, jnp)) + sum(extra), others

        gradient, others = jax.grad(loss, has_aux=True)(state["trainable"])
        terms = [part if part is None else part.times(l1, l2) for part in task.terms]
        trainable, slots = task.optimizer.stateless_apply(state["optimizer"], gradient, state["trainable"], terms=terms)
        trainable = [
            value if part is None else jnp.where(held & (before == 0), 0.0, value)
            for value, before, part in zip(trainable, state["trainable"], task.terms)
        ]
        new = {"trainable": trainable, "others": others, "optimizer": slots}
        return jax.tree.map(lambda after, before: jnp.where(active, after, before), new, state)  # type: ignore[no-any-return]

    def _score(self, state: State, scaling: Scaling, rows: Any, weights: Any, blocks: Any) -> Any:
        """Weighted sums of losses at inference over the first ``blocks`` of T blocks of rows (F, T, E); soundness."""

        def one(trainable: list[Any], others: list[Any], x: Any, y: Any, weights: Any) -> Any:
            eta, _ = self.task.model.stateless_call(trainable, others, x, training=False)
            losses = row_losses(self.task.plan.loss, y, eta, jnp)
            return jnp.sum(jnp.where(weights > 0, weights * losses, 0.0))

        everyone = jax.vmap(jax.vmap(one, in_axes=(0, 0, None, None, None)))

        def block(number: Any, total: Any) -> Any:
            now, share = (jax.lax.dynamic_index_in_dim(part, number, 1, keepdims=False) for part in (rows, weights))
            x, y = jax.vmap(self._rows)(scaling, now)
            return total + everyone(state["trainable"], state["others"], x, y, share)

        return jax.lax.fori_loop(0, blocks, block, jnp.zeros(self.shape)), self._sound(state)

    def _rows(self, scaling: Scaling, numbers: Any) -> tuple[Any, Any]:
        center, factor, target_center, target_scale = scaling
        return (self.X[numbers] - center) * factor, (self.y[numbers] - target_center) / target_scale

    def _sound(self, state: State) -> Any:
        """Whether all numbers of a member, its optimizer's included, are finite, (F, M)."""
        arrays = [part for part in jax.tree.leaves(state) if jnp.issubdtype(part.dtype, jnp.floating)]
        parts = [jnp.all(jnp.isfinite(part).reshape(*part.shape[:2], -1), axis=2) for part in arrays]
        return jnp.all(jnp.stack(parts), axis=0)

    def _keep(self, kept: State, state: State, improved: Any) -> State:
        """The state of members that improved (F, M), and of the others what was kept."""

        def choose(old: Any, new: Any) -> Any:
            return jnp.where(improved.reshape(*self.shape, *[1] * (new.ndim - 2)), new, old)

        return jax.tree.map(choose, kept, state)  # type: ignore[no-any-return]
