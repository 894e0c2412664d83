"""A network as it lies in a model file: a list of layers, of which only known ones are read, and raw arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shrinkwise.exceptions import ModelFileError
from shrinkwise.store.container import Flaw
from shrinkwise.store.plain import to_plain

Array = NDArray[Any]

PREFIX = "forward_"  # of the names of its arrays in the file


@dataclass(frozen=True, eq=False)
class StoredNetwork:
    """A network that predicts by NumPy alone.

    Parameters
    ----------
    layers : sequence of dict
        As `shrinkwise.keras.portable` writes them and `shrinkwise.forward` reads them.
    arrays : dict of str to ndarray
        Its weights.
    """

    layers: Any
    arrays: Mapping[str, Array]

    def __call__(self, X: Array) -> Array:
        """Outputs (n, k) of raw rows (n, p): the target, or logits."""
        from shrinkwise.forward import predict  # with it comes scipy.special, 0.05 s that linear models need not pay

        return np.asarray(predict(self.layers, self.arrays, X), dtype=np.float64)

    def pack(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """A header of JSON types, and arrays whose names a container takes."""
        names = list(self.arrays)
        header = {"layers": to_plain(self.layers, "the layers of the network"), "arrays": names}
        return header, {f"{PREFIX}{number}": np.asarray(self.arrays[name]) for number, name in enumerate(names)}

    @classmethod
    def unpack(cls, header: Any, arrays: Mapping[str, Array]) -> StoredNetwork:
        """Inverse of :meth:`pack`; a flaw if it is not what it should be."""
        names = header.get("arrays") if isinstance(header, dict) else None
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names) or "layers" not in header:
            raise Flaw("its network has no layers and names of arrays")
        places = [f"{PREFIX}{number}" for number in range(len(names))]
        if set(places) != {name for name in arrays if name.startswith(PREFIX)} or len(set(names)) < len(names):
            raise Flaw(f"its network names {len(names)} arrays, and the file holds others")
        return cls(header["layers"], dict(zip(names, (arrays[place] for place in places), strict=True)))

    def check(self, features: int) -> int:
        """How many outputs it has for rows of so many features; a flaw if it cannot be computed."""
        from shrinkwise.forward import check_network

        try:
            return check_network(self.layers, self.arrays, features)
        except ModelFileError as error:
            raise Flaw(f"its network cannot be computed ({error})") from error
