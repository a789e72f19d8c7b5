"""The inner loops of the lasso, in a form that compilers turn into vector instructions.

Vectors are counted from zero: of an offset the compiler must allow that it is negative, and gives
up its vector instructions. Four at once, because a vector then is read or written once for four.
"""

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


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
def dot_four(
    first: FloatArray, one: FloatArray, two: FloatArray, three: FloatArray, four: FloatArray
) -> tuple[float, float, float, float]:
    """Products of `first` with each of four vectors, which may be longer."""
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    for i in range(len(first)):
        value = first[i]
        a += one[i] * value
        b += two[i] * value
        c += three[i] * value
        d += four[i] * value
    return a, b, c, d


@njit(cache=True, nogil=True, fastmath={"contract"})
def subtract_four(
    vector: FloatArray,
    step: FloatArray,
    one: FloatArray,
    two: FloatArray,
    three: FloatArray,
    four: FloatArray,
) -> None:
    """`vector` less four rows, each times its entry of `step` (4,), in place."""
    a, b, c, d = step[0], step[1], step[2], step[3]
    for i in range(len(vector)):
        vector[i] -= (a * one[i] + b * two[i]) + (c * three[i] + d * four[i])
