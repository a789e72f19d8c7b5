"""The inner loops of the lasso, in a form that compilers turn into vector instructions.

Matrices are passed whole, with the rows that are meant: to cut a row out takes longer than to work
through it. Columns are counted from zero: of an offset the compiler must allow that it is
negative, and gives up its vector instructions. Four rows at once, because a vector then is read or
written once for four.
"""

from __future__ import annotations

from numba import njit

from serving.radiomics.selection.lasso_folds import FloatArray, IntArray

ABREAST = 4
"""Rows at once; the code counts on four."""


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
def products(first: FloatArray, rows: FloatArray, which: IntArray, found: FloatArray) -> None:
    """Fills `found` (which,) with the products of `first` and those of `rows` named by `which`."""
    length = len(first)
    whole = len(which) // ABREAST * ABREAST
    for k in range(0, whole, ABREAST):
        one, two, three, four = which[k], which[k + 1], which[k + 2], which[k + 3]
        a, b, c, d = 0.0, 0.0, 0.0, 0.0
        for i in range(length):
            a += rows[one, i] * first[i]
            b += rows[two, i] * first[i]
            c += rows[three, i] * first[i]
            d += rows[four, i] * first[i]
        found[k], found[k + 1], found[k + 2], found[k + 3] = a, b, c, d
    for k in range(whole, len(which)):
        one, a = which[k], 0.0
        for i in range(length):
            a += rows[one, i] * first[i]
        found[k] = a


@njit(cache=True, nogil=True, fastmath={"contract"})
def subtract_rows(vector: FloatArray, rows: FloatArray, which: IntArray, step: FloatArray) -> None:
    """`vector` less those of `rows` named by `which`, each times its `step` (which,), in place."""
    length = len(vector)
    whole = len(which) // ABREAST * ABREAST
    for k in range(0, whole, ABREAST):
        one, two, three, four = which[k], which[k + 1], which[k + 2], which[k + 3]
        a, b, c, d = step[k], step[k + 1], step[k + 2], step[k + 3]
        for i in range(length):
            half = a * rows[one, i] + b * rows[two, i]
            vector[i] -= half + (c * rows[three, i] + d * rows[four, i])
    for k in range(whole, len(which)):
        one, a = which[k], step[k]
        for i in range(length):
            vector[i] -= a * rows[one, i]


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
def project(
    lower: FloatArray,
    first: int,
    last: int,
    rights: FloatArray,
    found: FloatArray,
    squares: FloatArray,
) -> None:
    """Adds to each row of `found` the rows `first` to `last` of `lower`, transposed, times those
    rows times its row of `rights`; to `squares` (rights,) the squares of the latter products.

    `lower`: 0 above the diagonal; it and the others have `padded` columns at least.
    """
    whole = first + (last - first) // ABREAST * ABREAST
    for row in range(first, whole, ABREAST):
        end = padded(row + ABREAST)
        for k in range(len(rights)):
            a, b, c, d = 0.0, 0.0, 0.0, 0.0
            for i in range(end):
                a += lower[row, i] * rights[k, i]
                b += lower[row + 1, i] * rights[k, i]
                c += lower[row + 2, i] * rights[k, i]
                d += lower[row + 3, i] * rights[k, i]
            squares[k] += (a * a + b * b) + (c * c + d * d)
            for i in range(end):
                found[k, i] += (a * lower[row, i] + b * lower[row + 1, i]) + (
                    c * lower[row + 2, i] + d * lower[row + 3, i]
                )
    for row in range(whole, last):
        end = padded(row + 1)
        for k in range(len(rights)):
            a = 0.0
            for i in range(end):
                a += lower[row, i] * rights[k, i]
            squares[k] += a * a
            for i in range(end):
                found[k, i] += a * lower[row, i]


@njit(cache=True, nogil=True)
def padded(length: int) -> int:
    """The next length that needs no single steps beside whole vectors."""
    return (length + 15) // 16 * 16
