"""A dense array of any layout and number type, read in chunks of rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

import numpy as np

from shrinkwise.design.base import ALL, FAR, Array, Cols, Design, Job, scale_of

CHUNK = 1 << 18  # numbers in a chunk: 2 MB, the size of a cache
PIECE = 1 << 17  # numbers that a product converts at a time: with fewer, threads wait for each other
WIDTH = 2048  # columns in a block of a wide array
ROWS = 8192  # in a block at most: what losses make of them for a few problems fits a cache


@dataclass(frozen=True, eq=False)
class DenseDesign(Design):
    """X as it came: float32, read-only, strided or a memory map; float64 copies exist for one chunk at a time."""

    by_rows = True

    @classmethod
    def of(cls, X: Array) -> DenseDesign:
        p = X.shape[1]
        return cls(X, np.zeros(p), np.zeros((p, 1)), np.ones((p, 1)))

    def _plain(self, cols: Cols) -> bool:
        """Whether BLAS takes these columns as they are stored, or a copy that fits a cache."""
        small = isinstance(cols, slice) or self.store.shape[0] * len(cols) <= CHUNK
        return small and self.store.dtype == np.float64 and not np.any(self.shift)

    def _blocks(self, cols: Cols, height: int, width: int, shift: Array) -> Iterator[tuple[slice, slice, Array]]:
        """(rows, places in ``cols``, float64 block about the shift), each good until the next one takes its place."""
        (n, q), shift = self.store.shape, shift[cols]
        m, shifts = max(len(shift), 1), bool(np.any(shift))
        order: Literal["C", "F"] = "C" if self.store.strides[0] > self.store.strides[1] else "F"
        numbers = np.arange(q)[cols] if isinstance(cols, slice) else cols
        scratch = np.empty(min(height, n) * min(width, m))
        for left in range(0, m, width):
            chosen = numbers[left : left + width]
            places = slice(left, left + len(chosen))
            adjacent = isinstance(cols, slice) and cols.step in (None, 1) and len(chosen)
            some = slice(chosen[0], chosen[-1] + 1) if adjacent else chosen
            for top in range(0, n, height):
                rows = slice(top, min(top + height, n))
                part = self.store[rows][:, some]
                block = scratch[: part.size].reshape(part.shape, order=order)
                if shifts:
                    np.subtract(part, shift[places], out=block)
                else:
                    block[:] = part
                yield rows, places, block

    def _chunks(self, width: int, cols: Cols = ALL, shift: Array | None = None) -> Iterator[tuple[slice, Array]]:
        """(rows, block of all the chosen columns); the cuts depend on the shape alone."""
        everything = max(1, len(self.shift[cols]))
        shift = self.shift if shift is None else shift
        for rows, _, block in self._blocks(cols, max(64, CHUNK // max(width, 1)), everything, shift):
            yield rows, block

    def _pieces(self, cols: Cols) -> Iterator[tuple[slice, slice, Array]]:
        """Blocks for a product, cut by columns where rows are few; the cuts depend on the shape alone."""
        n, m = self.store.shape[0], max(1, len(self.shift[cols]))
        height, width = (n, max(1, PIECE // n)) if n <= ROWS else (max(64, PIECE // m), m)
        return self._blocks(cols, height, width, self.shift)

    def _times(self, V: Array, cols: Cols) -> Array:
        if self._plain(cols):
            return np.asarray(V.T @ self.store[:, cols].T).T  # BLAS is fastest with few rows on the left
        out = np.zeros((V.shape[1], self.store.shape[0]))
        for rows, places, block in self._pieces(cols):
            out[:, rows] += V[places].T @ block.T
        return out.T

    def _transpose_times(self, R: Array, cols: Cols) -> Array:
        if self._plain(cols):
            return np.asarray(R.T @ self.store[:, cols]).T
        out = np.zeros((R.shape[1], len(self.shift[cols])))
        for rows, places, block in self._pieces(cols):
            out[:, places] += R[rows].T @ block
        return out.T

    def gram(self, weights: Array, cols: Cols = ALL, others: Cols | None = None) -> Array:
        total = np.zeros((len(self.center[cols]), len(self.center[cols if others is None else others])))
        for rows, (left, right) in self._standardized_chunks(cols, others):
            if right is None:
                left *= np.sqrt(weights[rows])[:, None]
                total += left.T @ left
            else:
                left *= weights[rows][:, None]
                total += left.T @ right
        return total

    def grams(
        self, lefts: Sequence[Array], rights: Sequence[Array], jobs: Sequence[Job], weights: Array
    ) -> list[Array]:
        out = [np.zeros((len(lefts[a]), len(rights[b]))) for a, b, _ in jobs]
        numbers = np.unique(np.concatenate([*lefts, *rights]))
        features = numbers[numbers < self.shape[1]]
        weights = np.ascontiguousarray(weights.T)
        within = [[np.searchsorted(numbers, part) for part in side] for side in (lefts, rights)]
        for rows, (block, _) in self._standardized_chunks(features, None):
            block = block if len(features) == len(numbers) else np.column_stack([block, np.ones(len(block))])
            left, right = ([np.ascontiguousarray(block[:, part]) for part in side] for side in within)
            for total, (a, b, i) in zip(out, jobs):
                total += (left[a] * weights[i, rows, None]).T @ right[b]
        return out

    def explicit(self, cols: Cols = ALL) -> Array:
        out = np.empty((self.store.shape[0], len(self.center[cols])))
        for rows, (block, _) in self._standardized_chunks(cols, None):
            out[rows] = block
        return out

    def _standardized_chunks(
        self, cols: Cols, others: Cols | None
    ) -> Iterator[tuple[slice, tuple[Array, Array | None]]]:
        """Blocks of the columns and of the others."""
        both = _joined(cols, others)
        scale, cut = self.scale[both, 0], len(self.center[cols])
        factor = np.divide(1.0, scale, out=np.zeros_like(scale), where=scale > 0)
        for rows, block in self._centered_chunks(both):
            block *= factor
            yield rows, (block if others is None else block[:, :cut], None if others is None else block[:, cut:])

    def _centered_chunks(self, cols: Cols) -> Iterator[tuple[slice, Array]]:
        """Explicitly centered blocks: the digits that lazy centering would cancel in a Gram are kept."""
        center = self.center[cols, 0]
        if self.maps is None:
            at_once = not np.any(self.shift)
            for rows, block in self._chunks(2 * len(center), cols, self.center[:, 0] if at_once else None):
                if not at_once:
                    block -= center
                yield rows, block
            return
        linear = self.maps[0][:, cols]
        wanted = np.flatnonzero(np.diff(linear.tocsr().indptr))
        for rows, block in self._chunks(2 * len(center), wanted):
            yield rows, (linear[wanted].T @ block.T).T - center

    def standardized(self, weights: Array, centered: bool = True) -> Self:
        if self.maps is not None:
            parts = [self.problem(i)._standardized(weights[:, [i]], centered) for i in range(weights.shape[1])]
            center, scale = (np.column_stack([getattr(part, name) for part in parts]) for name in ("center", "scale"))
            return replace(self, center=center, scale=scale)
        return self._standardized(weights, centered)

    def _standardized(self, weights: Array, centered: bool) -> Self:
        linear = None if self.maps is None else self.maps[0]
        start = np.asarray(self.store[:1024], dtype=np.float64)
        reference = (start if linear is None else (linear.T @ start.T).T).mean(axis=0) * centered
        first = np.zeros((len(reference), weights.shape[1]), order="F")  # a problem's columns lie together
        second = np.zeros_like(first)
        p, nowhere = len(reference), np.zeros(self.store.shape[1])
        for left in range(0, p, WIDTH if linear is None else p):  # a map mixes all columns
            cols = slice(left, left + WIDTH) if linear is None else ALL
            for rows, block in self._chunks(2 * min(p, WIDTH), cols, nowhere):
                block = block if linear is None else (linear.T @ block.T).T
                block -= reference[cols]
                first[cols] += block.T @ weights[rows]
                np.square(block, out=block)
                second[cols] += block.T @ weights[rows]
        scale = scale_of(second - first**2 * centered, second, reference[:, None], centered)
        if not centered:
            return replace(self, center=np.zeros_like(first), scale=scale)
        mean = reference[:, None] + first
        far = np.any((np.abs(mean) > FAR * scale) & (scale > 0), axis=1) & (linear is None)
        shift = np.where(far, reference, 0.0) if linear is None else self.shift
        return replace(self, shift=shift, center=np.where(far[:, None], first, mean), scale=scale)

    def blocks(self) -> list[slice]:
        p = self.shape[1]
        if self.maps is not None:
            return [ALL]  # each block would be a product with all stored columns
        width = max(64, min(2048, -(-p // 4)))
        return [slice(start, start + width) for start in range(0, p, width)]

    def _stored(self, cols: Array) -> Array:
        return np.asfortranarray(self.store[:, cols])

    @property
    def columns_as_rows(self) -> Array | None:
        store = np.asarray(self.store)
        flags = store.flags
        return store.T if self._plain(ALL) and self.maps is None and flags.f_contiguous and flags.aligned else None

    def row_blocks(self) -> list[slice]:
        n = self.store.shape[0]
        step = -(-n // (2 * -(-n // (2 * ROWS))))  # an even number of them: two threads end together
        return [slice(start, min(start + step, n)) for start in range(0, n, step)]

    def take(self, samples: Array | slice) -> Self:
        store = self.store
        if not isinstance(samples, slice) and samples.dtype != bool and store.flags.f_contiguous:
            part = replace(self, store=store.T.take(samples, axis=1, mode="wrap").T)  # many times as fast
        else:
            part = replace(self, store=store[samples])
        part.__dict__["divisor"] = self.divisor
        return part


def _joined(cols: Cols, others: Cols | None) -> Cols:
    return cols if others is None else np.concatenate([np.asarray(cols), np.asarray(others)])
