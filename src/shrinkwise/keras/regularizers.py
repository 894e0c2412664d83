"""Regularizers whose groups act, and the split of any regularizer into the terms that have a proximal step."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from shrinkwise.exceptions import UsageError
from shrinkwise.keras.live import models_where, remake
from shrinkwise.keras.terms import Terms
from shrinkwise.validation import check_number

AXES = {"inputs": -2, "units": -1, "filters": -1}  # of every kernel of Keras: (…, inputs, outputs)


def check_strength(name: str, value: Any) -> float:
    """A penalty's λ: one finite number >= 0, of Python, NumPy or a backend."""
    shape = np.shape(value)
    if shape != ():
        raise UsageError(
            f"{name} must be one number, got an array of shape {shape}; for one strength a layer use "
            "penalize(model, {pattern: penalty}), for a grid NetworkRegressorCV"
        )
    if not isinstance(value, int | float | str | None):
        value = ops.convert_to_numpy(value).item()
    return check_number(name, value, low=0, hint="λ of the penalty, in Keras' units")


class _Carrier(float):
    """A strength that carries, in this process, what Keras' L1L2 does not know; written to a file it is a number."""

    own: dict[str, Any]

    @classmethod
    def of(cls, value: float, own: dict[str, Any]) -> _Carrier:
        made = cls(value)
        made.own = own
        return made


class Penalty(keras.regularizers.Regularizer):  # type: ignore[misc]
    """A regularizer of shrinkwise: what is set on it acts at once, whatever has been compiled with the old value.

    In files it is called L1L2 (`__name__` of its classes), its registered name is its own: Keras with shrinkwise loads
    what was saved, Keras without it loads the l1 and l2 of it and so the model, for predictions.
    """

    built = False  # Keras asks before it hands over what get_build_config gave
    own: tuple[str, ...] = ()  # parameters that Keras' own L1L2 does not know

    def checked(self, name: str, value: Any) -> Any:
        """A parameter in its domain; a strength, unless a class says otherwise."""
        return check_strength(name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        """Check a parameter; if it changes, trace the programs of the models that use it anew."""
        if name not in ("l1", "l2", *self.own):
            super().__setattr__(name, value)
            return
        value, old = self.checked(name, value), self.__dict__.get(name)
        super().__setattr__(name, value)
        if old is None or old == value:
            return
        users = models_where(lambda model: any(v.regularizer is self for v in model.trainable_variables))
        try:
            for weight in (v for model in users for v in model.trainable_variables if v.regularizer is self):
                self.terms(tuple(weight.shape))
        except UsageError:
            super().__setattr__(name, old)
            raise
        for model in users:
            remake(model)

    def __getattr__(self, name: str) -> Any:
        """Of what `from_config` could not know: the way to keep it."""
        if name in type(self).own:
            kind = self.registered
            raise UsageError(
                f"this {kind} was made by from_config of l1 and l2 alone and has no {name!r}: of a get_config that was "
                "written to a file no more is left; write keras.regularizers.serialize(penalty), read by deserialize, "
                f"or say all of it, {kind}.from_config({{{', '.join(map(repr, ('l1', *type(self).own)))}: ...}})"
            )
        raise AttributeError(f"{self.registered} has no {name!r}")

    @property
    def registered(self) -> str:
        """The name that users know, which is not `__name__`."""
        return str(type(self).__qualname__)

    def get_config(self) -> dict[str, Any]:
        """The part that Keras' own L1L2 knows, whose numbers carry the rest until they are written to a file."""
        rest = {name: self.__dict__[name] for name in self.own if name in self.__dict__}
        return {name: _Carrier.of(getattr(self, name), rest) for name in ("l1", "l2")}

    def get_build_config(self) -> dict[str, Any]:
        """The part that Keras' own L1L2 does not know."""
        return {name: getattr(self, name) for name in self.own}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Penalty:
        """From what `get_config` gave, or all parameters; from l1 and l2 of a file `build_from_config` completes it."""
        for value in list(config.values()):
            if isinstance(value, _Carrier):
                config = value.own | config
        made = cls(**config)
        if not set(config) & set(cls.own):
            for name in cls.own:
                del made.__dict__[name]
        return made

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Take over what `get_build_config` gave."""
        for name, value in config.items():
            setattr(self, name, value)

    def terms(self, shape: tuple[int, ...]) -> Terms:
        """The penalty of an array of this shape as a formula."""
        raise NotImplementedError

    def __call__(self, x: Any) -> Any:
        """Ω(x), a scalar of the type of x."""
        return ops.cast(self.terms(tuple(x.shape)).value(ops.convert_to_tensor(x), ops), x.dtype)


@keras.saving.register_keras_serializable("shrinkwise", name="GroupL1")
class GroupL1(Penalty):
    """The group lasso on a kernel: whole inputs, units or filters leave, or none of their weights need to.

    Ω(w) = group Σ_g √m_g ‖w_g‖₂ + l1 Σ|w| + l2 Σ w², m_g the number of weights of a group.

    Parameters
    ----------
    group : float >= 0, default 0.01
        Strength of the norms.
    axis : {"inputs", "units", "filters"} or int, default "inputs"
        Each index along this axis is a group: ``"inputs"`` the weights that leave an input (or the channel of a
        convolution), ``"units"`` and ``"filters"`` those that make up an output. An int is an axis of the kernel, such
        as 1 for the heads of attention, whose kernels are (inputs, heads, size).
    l1, l2 : float >= 0, default 0
        Strengths of the sums beside them, in Keras' units; l1 makes it the sparse group lasso.

    Notes
    -----
    Its parameters may be set at any time. A group becomes exactly zero under `Proximal` only; under a plain optimizer
    it comes near. A saved model opens without shrinkwise, with this regularizer as an L1L2: for predictions that is the
    same model. So `get_config` shows what Keras' L1L2 knows too; ``from_config(get_config())`` is this regularizer, but
    not once that configuration alone was written to a file and read, which is refused where it is used.
    `keras.regularizers.serialize` keeps all of it anywhere.

    References
    ----------
    Yuan & Lin, "Model selection and estimation in regression with grouped variables", JRSS B 2006; Scardapane,
    Comminiello, Hussain & Uncini, "Group sparse regularization for deep neural networks", Neurocomputing 2017.

    Examples
    --------
    >>> GroupL1(0.01, axis="inputs")
    GroupL1(group=0.01, axis='inputs', l1=0.0, l2=0.0)
    """

    own = ("group", "axis")

    def __init__(self, group: float = 0.01, axis: str | int = "inputs", l1: float = 0.0, l2: float = 0.0) -> None:
        self.group, self.axis, self.l1, self.l2 = group, axis, l1, l2

    def checked(self, name: str, value: Any) -> Any:
        """A strength, or an axis by its name or number."""
        if name != "axis":
            return check_strength(name, value)
        if (isinstance(value, str) and value in AXES) or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        raise UsageError(f"axis must be one of {', '.join(map(repr, AXES))} or an axis of the kernel, got {value!r}")

    def __repr__(self) -> str:
        return f"GroupL1(group={self.group}, axis={self.axis!r}, l1={self.l1}, l2={self.l2})"

    def terms(self, shape: tuple[int, ...]) -> Terms:
        """The penalty of an array of this shape; refuses shapes that have no such axis."""
        axis = AXES[self.axis] if isinstance(self.axis, str) else self.axis
        rank = len(shape)
        if not -rank <= axis < rank:
            raise UsageError(f"{self!r} is for kernels; an array of shape {shape} has no axis {self.axis!r}")
        return Terms(self.l1, self.l2, self.group, axis % rank)


GroupL1.__name__ = "L1L2"  # see Penalty


def terms_of(regularizer: Any, shape: tuple[int, ...]) -> Terms | None:
    """What of a regularizer has a proximal step.

    Parameters
    ----------
    regularizer : keras.Regularizer or None
        Keras' L1, L2 and L1L2, and those of shrinkwise; no subclass, which may mean something else.
    shape : tuple of int
        Of the weights.

    Returns
    -------
    Terms or None
        None where there is no regularizer or it cannot be split.
    """
    kind = type(regularizer)
    if isinstance(regularizer, Penalty):
        return regularizer.terms(shape)
    if kind is keras.regularizers.L1:
        return Terms(l1=check_strength("l1", regularizer.l1))
    if kind is keras.regularizers.L2:
        return Terms(l2=check_strength("l2", regularizer.l2))
    if kind is keras.regularizers.L1L2:
        return Terms(l1=check_strength("l1", regularizer.l1), l2=check_strength("l2", regularizer.l2))
    return None


def terms_on(variable: Any) -> Terms | None:
    """What acts on a weight by a proximal step now; None where nothing does."""
    return terms_of(getattr(variable, "regularizer", None), tuple(variable.shape))
