"""`Proximal`: any known optimizer of Keras, with penalties that act by their proximal step. Private names stay here."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import keras
from keras import ops

from shrinkwise.exceptions import PenaltyWarning, UsageError
from shrinkwise.keras.advice import advice_on, advice_on_training
from shrinkwise.keras.lassonet import Moved, Tie, terms_with_ties, tied, ties_of
from shrinkwise.keras.live import trained_by
from shrinkwise.keras.regularizers import check_strength, terms_on
from shrinkwise.keras.shown import show
from shrinkwise.keras.steps import bounded, optimizer_of, row_of
from shrinkwise.keras.terms import Terms

Schedule = keras.optimizers.schedules.LearningRateSchedule


@dataclass
class _Kept:
    """What Keras need not track."""

    reach: list[Any] = field(default_factory=list)  # sums of steps where the optimizer sums them, by variable
    given: list[Terms | None] | None = None
    given_ties: dict[int, Tie] | None = None
    ties: dict[int, Tie] = field(default_factory=dict)  # by variable, in the update under way
    scaled: bool = False  # whether the scale follows a schedule or has been another number than 1
    waiting: dict[int, Any] = field(default_factory=dict)  # of a tie: the one that was updated first
    acting: list[Terms | None] = field(default_factory=list)  # on each variable, in the update under way


@dataclass
class _Step:
    """One update of one variable: where it starts, its steps, their share of the optimizer's own, and scale."""

    start: Any
    size: Any
    share: Any
    scale: Any

    def shorten(self, variable: Any) -> Any:
        """Where the update would have led with these steps."""
        value = ops.cast(ops.convert_to_tensor(variable), self.start.dtype)
        if self.share is None:
            return value
        return ops.where(self.share < 1, self.start + (value - self.start) * self.share, value)


@keras.saving.register_keras_serializable("shrinkwise", name="Proximal")
class Proximal(keras.optimizers.Optimizer):  # type: ignore[misc]
    """An optimizer under which the penalties of a model act by their proximal step, so that zeros are exact.

    w ← prox_{scale Ω}(w − s ∘ g, s): g is the gradient of the loss without the penalties Ω, s the step that the
    optimizer takes at each coordinate. Minimized is loss + scale Ω, in the units of Keras.

    Parameters
    ----------
    optimizer : str, dict or keras.Optimizer, default "adam"
        SGD, Adam, AdamW, Nadam, Adamax, RMSprop, Adagrad, Adadelta or Lion. Its learning rate, schedule, clipping,
        accumulation of gradients, weight decay and moving average are those of this one; an instance serves one
        Proximal.
    scale : float >= 0 or LearningRateSchedule, default 1
        Multiplies every penalty; a schedule is a function of the iteration, as for learning rates (warm-up, path). A
        number may be set at any time, ``model.optimizer.scale = 0.5``, and acts at the next step without a new compile.
    in_loss : bool, default True
        Whether the gradients contain those of the penalties, as Keras' own training step has it. False for a training
        loop of your own that leaves ``model.losses`` out.
    name : str, optional

    Raises
    ------
    UsageError
        No optimizer, or one whose steps are not known; an instance that is wrapped already; a scale that is no number
        >= 0.

    Notes
    -----
    The loss that Keras shows, in training and evaluation, is loss + scale Ω at the scale of that step: see
    `shrinkwise.keras.shown`. On TensorFlow the first minibatch alone is shown at scale 1. What acts: L1, L2 and L1L2 of
    Keras, GroupL1 and LassoNet. Other regularizers stay terms of the loss, with one warning that names them. Clipping
    sees g, and a clip below the slope of the penalty is warned of. The moving average of weights (``use_ema``) keeps
    the zeros of the weights it averages.

    Attributes
    ----------
    inner : keras.Optimizer
        The optimizer that is wrapped.

    References
    ----------
    Parikh & Boyd, "Proximal algorithms", 2014, section 4.2; of per-coordinate steps Yun, Lozano & Yang, "Adaptive
    proximal gradient methods for structured neural networks", NeurIPS 2021.

    Examples
    --------
    >>> optimizer = Proximal("adam", scale=0.5)
    >>> float(optimizer.scale), type(optimizer.inner).__name__
    (0.5, 'Adam')
    """

    def __init__(
        self,
        optimizer: Any = "adam",
        scale: Any = 1.0,
        in_loss: bool = True,
        name: str | None = None,
    ) -> None:
        inner = optimizer_of(optimizer)
        row = row_of(inner)
        if "_backend_update_step" in vars(inner) or "update_step" in vars(inner):
            raise UsageError(
                f"the optimizer {inner.name!r} is wrapped by a Proximal already: make another one for this"
            )
        super().__init__(learning_rate=0.0, name=name)  # unused, as in Keras' own LossScaleOptimizer
        self.inner = inner
        self.in_loss = bool(in_loss)
        self._row = row
        self._kept = _Kept()
        self._schedule = scale if isinstance(scale, Schedule) else None
        start = 1.0 if self._schedule is not None else check_strength("scale", scale)
        self._kept.scaled = self._schedule is not None or start != 1
        self._scale = self.add_variable((), keras.initializers.Constant(start), dtype="float32", name="scale")
        self._hook()

    # ---- the step

    def _hook(self) -> None:
        """Put the proximal step between the inner update and what follows it (moving average, constraints)."""
        inner = self.inner
        if keras.backend.backend() == "torch":  # updates all variables in one call
            plain_all = inner._backend_update_step

            def update_all(gradients: Any, variables: Any, rate: Any) -> None:
                indices = [inner._get_variable_index(variable) for variable in variables]
                steps = [self._step(index, gradient, rate) for index, gradient in zip(indices, gradients)]
                plain_all(gradients, variables, rate)
                for index, variable, step in zip(indices, variables, steps):
                    self._act(index, variable, step)

            inner._backend_update_step = update_all
        else:  # on TensorFlow this is inside the strategy, on the sum of the replicas' gradients
            plain = inner.update_step

            def update(gradient: Any, variable: Any, rate: Any) -> None:
                index = inner._get_variable_index(variable)
                step = self._step(index, gradient, rate)
                plain(gradient, variable, rate)
                self._act(index, variable, step)

            inner.update_step = update
        if inner.use_ema:
            average = inner._update_model_variables_moving_average

            def averaged(variables: Any) -> None:
                average(variables)
                self._keep_zeros(variables)

            inner._update_model_variables_moving_average = averaged

    def _step(self, index: int, gradient: Any, rate: Any) -> _Step | None:
        """The step that the update to come will take, or None where no penalty asks for it."""
        terms = self._kept.acting[index]
        if terms is None:
            return None
        variable = self._trainable_variables[index]
        dtype = "float64" if variable.dtype == "float64" else "float32"
        start = ops.cast(ops.convert_to_tensor(variable), dtype) + 0.0  # a copy: Torch updates in place
        gradient = ops.cast(ops.convert_to_tensor(gradient), dtype)
        top, bottom = self._row.step(self.inner, index, gradient, ops.cast(rate, dtype))
        scale = ops.cast(self._current_scale(), dtype)
        share = None if bottom is None else bounded(bottom, start, terms.times(scale, scale))
        step = top if bottom is None else top / bottom
        mu, nesterov = self._row.momentum(self.inner)
        if mu:
            reach = self._kept.reach[index]
            total = mu * ops.cast(ops.convert_to_tensor(reach), dtype) + step
            self.inner.assign(reach, ops.cast(total, variable.dtype))
            step = mu * total + step if nesterov else total
        return _Step(start, step if share is None else step * share, share, scale)

    def _act(self, index: int, variable: Any, step: _Step | None) -> None:
        """The proximal step of one variable, or of a tie when both are updated."""
        if step is None:
            return
        value = step.shorten(variable)
        if index in self._kept.ties:
            self._act_on_tie(index, Moved(step.start, value, step.size), step.scale)
            return
        terms = self._kept.acting[index]
        assert terms is not None
        value = terms.times(step.scale, step.scale).prox(value, step.size, ops)
        self.inner.assign(variable, ops.cast(value, variable.dtype))

    def _act_on_tie(self, index: int, moved: Moved, scale: Any) -> None:
        """The proximal step of a skip kernel and the first kernel beside it, when both are there."""
        kept, variables = self._kept, self._trainable_variables
        tie = kept.ties[index]
        kept.waiting[index] = moved
        if tie.other(index) not in kept.waiting:
            return
        skip, first = kept.waiting.pop(tie.skip), kept.waiting.pop(tie.first)
        terms = kept.acting[tie.skip]
        assert terms is not None
        for number, value in zip((tie.skip, tie.first), tied(skip, first, terms.times(scale, scale), tie.bound, ops)):
            self.inner.assign(variables[number], ops.cast(value, variables[number].dtype))

    def _keep_zeros(self, variables: Any) -> None:
        """Weights that are zero have zero for their moving average: it would never reach it."""
        inner = self.inner
        for variable, average in zip(variables, inner._model_variables_moving_average):
            index = inner._get_variable_index(variable)
            if average is None or self._kept.acting[index] is None:
                continue
            value, mean = ops.convert_to_tensor(variable), ops.convert_to_tensor(average)
            average.assign(ops.where(value == 0, ops.zeros_like(mean), mean))

    def _current_scale(self) -> Any:
        """What multiplies every penalty at this step, a scalar tensor."""
        if self._schedule is None:
            return ops.convert_to_tensor(self._scale)
        return ops.cast(self._schedule(self.inner._iterations), "float32")

    # ---- Keras' interface

    def build(self, variables: list[Any], ties: dict[int, Tie] | None = None) -> None:
        """Make the slots of the inner optimizer, and say what a person should know of the penalties.

        ``ties`` are those of a grid; without them the regularizers of the variables say at each step what is tied.
        """
        if self.built:
            return
        self.inner.build(variables)
        super().build(variables)
        mu, _ = self._row.momentum(self.inner)
        if mu:  # in the inner optimizer, so that gradients that are only gathered leave it alone
            self._kept.reach = [self.inner.add_variable_from_reference(v, name="reach") for v in variables]
        self._kept.given_ties = ties
        ties_of(variables)  # refuses before the first step
        self._advise(variables)
        self._show()

    def apply(self, grads: Any, trainable_variables: Any = None) -> None:
        """One update of all variables; of a list of gradients with those of the penalties in them, see ``in_loss``."""
        if not self.built and trainable_variables is not None:
            trainable_variables = list(trainable_variables)
            self.build(trainable_variables)
        kept = self._kept
        kept.waiting.clear()
        own = self._trainable_variables
        kept.ties = ties_of(own) if kept.given_ties is None else kept.given_ties  # penalize may have changed them
        kept.acting = terms_with_ties(own, kept.ties) if kept.given is None else kept.given
        variables = own if trainable_variables is None else list(trainable_variables)
        grads = [self._of_the_data(gradient, variable) for gradient, variable in zip(grads, variables)]
        self.inner.apply(grads, trainable_variables)

    def stateless_apply(
        self,
        optimizer_variables: list[Any],
        grads: list[Any],
        trainable_variables: list[Any],
        terms: list[Terms | None] | None = None,
    ) -> Any:
        """`apply` as a function; with ``terms``, one a variable, those act and the gradients are of the data alone."""
        self._kept.given = terms
        try:
            return super().stateless_apply(optimizer_variables, grads, trainable_variables)
        finally:
            self._kept.given = None

    def _of_the_data(self, gradient: Any, variable: Any) -> Any:
        """A gradient less that of the penalty of its variable, where it contains it."""
        terms = terms_on(variable)
        if terms is None or gradient is None:
            return gradient
        gradient = _dense(gradient)
        if not self.in_loss or self._kept.given is not None:
            return gradient
        share = self.inner.loss_scale_factor or 1.0
        strategy = getattr(self.inner, "_distribution_strategy", None)
        if strategy is not None:  # the loss of each replica is divided by their number
            share = share / strategy.num_replicas_in_sync
        value = ops.stop_gradient(ops.convert_to_tensor(variable))
        if keras.backend.backend() == "jax":  # whose derivative of |w| is 1 at 0, in some versions
            own = import_module("jax").grad(lambda w: ops.sum(variable.regularizer(w)))(value)
        else:
            own = terms.gradient(value, ops)
        return ops.convert_to_tensor(gradient) - ops.cast(share * own, gradient.dtype)

    def _advise(self, variables: list[Any]) -> None:
        """The warnings that belong to a training run."""
        said = advice_on_training(self.inner, variables)
        for model in trained_by(self):
            said += advice_on(model)
        for sentence in dict.fromkeys(said):
            warnings.warn(sentence, PenaltyWarning, stacklevel=2)

    @property
    def scale(self) -> Any:
        """What multiplies every penalty now: a Variable, or a scalar tensor where it follows a schedule."""
        return self._scale if self._schedule is None else self._current_scale()

    @scale.setter
    def scale(self, value: Any) -> None:
        if isinstance(value, Schedule) or self._schedule is not None:
            raise UsageError("a schedule of scale is given when Proximal is made; a number is set where none was")
        value = check_strength("scale", value)
        for model in trained_by(self):
            if hasattr(model, "jax_state_sync"):  # inside an epoch JAX holds the state, not the variables
                model.jax_state_sync()
        self._scale.assign(value)
        self._kept.scaled |= value != 1
        self._show()

    def _show(self) -> None:
        """The models that are trained by this show a loss with the scale, once there is one."""
        for model in trained_by(self) if self._kept.scaled else ():
            show(model, self)

    @property
    def variables(self) -> list[Any]:
        return [*self._variables, *self.inner.variables]

    @property
    def learning_rate(self) -> Any:
        return self.inner.learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self.inner.learning_rate = value

    @property
    def iterations(self) -> Any:
        return self.inner.iterations

    @property
    def loss_scale_factor(self) -> Any:
        """That of the inner optimizer; LossScaleOptimizer sets it to None."""
        return self.inner.loss_scale_factor if hasattr(self, "inner") else None

    @loss_scale_factor.setter
    def loss_scale_factor(self, value: Any) -> None:
        if hasattr(self, "inner"):
            self.inner.loss_scale_factor = value

    def scale_loss(self, loss: Any) -> Any:
        return self.inner.scale_loss(loss)

    def finalize_variable_values(self, var_list: list[Any]) -> None:
        self.inner.finalize_variable_values(var_list)

    def save_own_variables(self, store: Any) -> None:
        """Without those of the inner optimizer, which Keras saves as a part of its own."""
        for number, variable in enumerate(self._variables):
            store[str(number)] = ops.convert_to_numpy(variable)

    def load_own_variables(self, store: Any) -> None:
        for number, variable in enumerate(self._variables):
            variable.assign(store[str(number)])
        self._kept.scaled |= float(ops.convert_to_numpy(self._scale)) != 1
        self._show()

    def get_config(self) -> dict[str, Any]:
        scale = float(ops.convert_to_numpy(self._scale)) if self._schedule is None else self._schedule
        return {
            "optimizer": keras.saving.serialize_keras_object(self.inner),
            "scale": keras.saving.serialize_keras_object(scale),
            "in_loss": self.in_loss,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Proximal:
        config = dict(config)
        for part in ("optimizer", "scale"):
            config[part] = keras.saving.deserialize_keras_object(config[part], custom_objects=custom_objects)
        return cls(**config)


def _dense(gradient: Any) -> Any:
    """A gradient as an array: that of an embedding is rows and their numbers on TensorFlow."""
    if type(gradient).__name__ == "IndexedSlices":
        return import_module("tensorflow").convert_to_tensor(gradient)
    return gradient


def scale_of(model: Any) -> float:
    """What multiplies every penalty of a model now: 1 unless it is trained by a Proximal that says otherwise."""
    used = getattr(model, "optimizer", None)
    used = getattr(used, "inner_optimizer", used)
    return float(ops.convert_to_numpy(used.scale)) if isinstance(used, Proximal) else 1.0
