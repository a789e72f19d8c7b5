"""The two inner loops of the lasso, in a form that compilers turn into vector instructions."""

from __future__ import annotations

from numba import njit

from serving.radiomics.selection.lasso_folds import FloatArray


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
def dot(first: FloatArray, second: FloatArray) -> float:
    """Sum of the products over the length of `first`; `second` may be longer.

    The order of the sum is the compiler's.
    """
    total = 0.0
    for i in range(len(first)):
        total += first[i] * second[i]
    return total


@njit(cache=True, nogil=True, fastmath={"contract"})
def subtract(vector: FloatArray, step: float, row: FloatArray) -> None:
    """`vector` less `step` times `row`, in place; `row` may be longer."""
    for i in range(len(vector)):
        vector[i] -= step * row[i]
