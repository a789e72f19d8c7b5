"""The inner loops of the lasso, in a form that compilers turn into vector instructions.

Vectors are counted from zero: of an offset the compiler must allow that it is negative, and gives
up its vector instructions. Four at once, because a vector then is read or written once for four.
"""

from __future__ import annotations

from numba import njit

from serving.radiomics.selection.lasso_folds import FloatArray, IntArray


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


@njit(cache=True, nogil=True)
def products(first: FloatArray, rows: FloatArray, which: IntArray, found: FloatArray) -> None:
    """Fills `found` (which,) with the products of `first` and those of `rows` named by `which`."""
    whole = len(which) // 4 * 4
    for k in range(0, whole, 4):
        one, two = rows[which[k]], rows[which[k + 1]]
        three, four = rows[which[k + 2]], rows[which[k + 3]]
        found[k], found[k + 1], found[k + 2], found[k + 3] = dot_four(first, one, two, three, four)
    for k in range(whole, len(which)):
        found[k] = dot(first, rows[which[k]])


@njit(cache=True, nogil=True)
def subtract_rows(vector: FloatArray, rows: FloatArray, which: IntArray, step: FloatArray) -> None:
    """`vector` less those of `rows` named by `which`, each times its `step` (which,), in place."""
    whole = len(which) // 4 * 4
    for k in range(0, whole, 4):
        one, two = rows[which[k]], rows[which[k + 1]]
        three, four = rows[which[k + 2]], rows[which[k + 3]]
        subtract_four(vector, step[k : k + 4], one, two, three, four)
    for k in range(whole, len(which)):
        subtract(vector, step[k], rows[which[k]])
