"""The results of simple formulas: pure.

Files keep the results that Excel worked out last; a file that a program wrote has none, and after
a change they are out of date. So the sums that people do every day are worked out here: numbers,
cells of the same sheet, ``+ - * /``, brackets, and SUM, AVERAGE, MIN, MAX.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from openpyxl.utils.cell import range_boundaries

_TOKENS = re.compile(
    r"(?P<number>\d+(?:\.\d+)?)|(?P<range>\$?[A-Z]{1,3}\$?\d+(?::\$?[A-Z]{1,3}\$?\d+)?)(?![A-Z(])"
    r"|(?P<function>SUM|AVERAGE|MIN|MAX)(?=\()|(?P<sign>[-+*/(),])|\s+|(?P<other>.)",
    re.IGNORECASE,
)
_FUNCTIONS: dict[str, Callable[[list[float]], float]] = {
    "SUM": math.fsum,
    "AVERAGE": lambda values: math.fsum(values) / len(values),
    "MIN": lambda values: min(values, default=0),
    "MAX": lambda values: max(values, default=0),
}
_MAX_CELLS = 20_000


class Results:
    """The results of a sheet's formulas.

    Args:
        cell: the value of a cell by its row and column: a formula is text that begins with ``=``.
    """

    def __init__(self, cell: Callable[[int, int], Any]) -> None:
        self._cell = cell
        self._known: dict[str, float | None] = {}

    def of(self, formula: str) -> float | None:
        """The result, or ``None`` if it is not that simple."""
        if formula not in self._known:
            self._known[formula] = None  # What needs itself has no result.
            try:
                result = _Formula(formula, self._value).result()
            except (ArithmeticError, ValueError, RecursionError):
                return None
            self._known[formula] = result if math.isfinite(result) else None
        return self._known[formula]

    def _value(self, row: int, column: int) -> Any:
        value = self._cell(row, column)
        if isinstance(value, str) and value.startswith("="):
            value = self.of(value)
            if value is None:
                raise ValueError("needs a result that is not known")
        return value


class _Formula:
    """A formula while it is read."""

    def __init__(self, text: str, value: Callable[[int, int], Any]) -> None:
        self._tokens = [
            (each.lastgroup, each[0].upper())
            for each in _TOKENS.finditer(text[1:])
            if each.lastgroup
        ]
        self._value = value

    def result(self) -> float:
        result = self._sum()
        if self._tokens:
            raise ValueError("more than the demo office understands")
        return result

    def _take(self, *signs: str) -> str:
        if self._tokens and self._tokens[0][1] in signs:
            return self._tokens.pop(0)[1]
        return ""

    def _sum(self) -> float:
        result = self._product()
        while sign := self._take("+", "-"):
            result += self._product() * (1 if sign == "+" else -1)
        return result

    def _product(self) -> float:
        result = self._single()
        while sign := self._take("*", "/"):
            operand = self._single()
            result = result * operand if sign == "*" else result / operand
        return result

    def _single(self) -> float:
        if self._take("-"):
            return -self._single()
        if self._take("("):
            result = self._sum()
            self._close()
            return result
        kind, text = self._tokens.pop(0) if self._tokens else ("", "")
        if kind == "number":
            return float(text)
        if kind == "range" and ":" not in text:
            return _number(next(iter(self._cells(text)), 0))
        if kind == "function":
            return _FUNCTIONS[text](self._arguments())
        raise ValueError("more than the demo office understands")

    def _arguments(self) -> list[float]:
        values: list[float] = []
        self._take("(")
        while True:
            if self._tokens and self._tokens[0][0] == "range" and ":" in self._tokens[0][1]:
                # Text in a range counts for nothing, as in Excel.
                cells = self._cells(self._tokens.pop(0)[1])
                values += [float(cell) for cell in cells if _is_number(cell)]
            else:
                values.append(self._sum())
            if not self._take(","):
                self._close()
                return values

    def _cells(self, text: str) -> list[Any]:
        left, top, right, bottom = (side or 0 for side in range_boundaries(text.replace("$", "")))
        if (right - left + 1) * (bottom - top + 1) > _MAX_CELLS:
            raise ValueError("too many cells")
        return [
            self._value(row, column)
            for row in range(top, bottom + 1)
            for column in range(left, right + 1)
        ]

    def _close(self) -> None:
        if not self._take(")"):
            raise ValueError("a bracket is not closed")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(value: Any) -> float:
    if value is None:
        return 0
    if not _is_number(value):
        raise ValueError("not a number")
    return float(value)
