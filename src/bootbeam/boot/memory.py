"""How much memory a boot needs: a small sum over the sizes of files, as a recipe writes it.

``iso + 3 * initrds + 1536`` is in MiB: numbers, ``+ - * /``, ``max(a, b)``, brackets, and names of sizes.
"""

import ast
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

MAX_FORMULA_CHARACTERS = 200
MAX_RAM_MB = 1 << 30
MIB = 1 << 20
_CHARACTERS = re.compile(r"(?!.*\d[A-Za-z_])[A-Za-z0-9_+*/()., -]+")
"""What a formula is written in. Python's own parser would take more: strings, other bases, ``1and 2``."""


@dataclass(frozen=True, slots=True)
class MemoryFormula:
    """A sum over sizes. Made by ``parse_formula``."""

    text: str
    _tree: ast.expr
    names: frozenset[str]
    """The sizes it needs."""

    def ram_mb(self, sizes_bytes: Mapping[str, int]) -> int | None:
        """MiB of memory the machine must have; None when a size is not known or the sum makes no sense."""
        try:
            value = _value(self._tree, sizes_bytes)
        except (KeyError, ZeroDivisionError, OverflowError):
            return None
        return math.ceil(value) if 0 < value <= MAX_RAM_MB else None


def parse_formula(text: str) -> MemoryFormula:
    """The formula that ``text`` is.

    Raises:
        ValueError: it is no such sum.
    """
    if len(text) > MAX_FORMULA_CHARACTERS:
        raise ValueError(f"longer than {MAX_FORMULA_CHARACTERS} characters")
    if not _CHARACTERS.fullmatch(text):
        raise ValueError("only numbers, names of sizes, + - * /, brackets and max(a, b) can stand in it")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError:
        raise ValueError("not a sum that can be read") from None
    names: set[str] = set()
    _check(tree, names)
    return MemoryFormula(text, tree, frozenset(names))


def _check(node: ast.expr, names: set[str]) -> None:
    match node:
        case ast.Constant(value=int() | float()) if not isinstance(node.value, bool):
            return
        case ast.Name(id=name):
            names.add(name)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div(), right=right):
            _check(left, names)
            _check(right, names)
        case ast.Call(func=ast.Name(id="max"), args=arguments, keywords=[]) if arguments:
            for argument in arguments:
                _check(argument, names)
        case _:
            raise ValueError("only numbers, names of sizes, + - * /, brackets and max(a, b) can stand in it")


def _value(node: ast.expr, sizes_bytes: Mapping[str, int]) -> float:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name):
            return sizes_bytes[name] / MIB
        case ast.BinOp(left=left, op=op, right=right):
            return _combined(op, _value(left, sizes_bytes), _value(right, sizes_bytes))
        case ast.Call(args=arguments):
            return max(_value(argument, sizes_bytes) for argument in arguments)
    raise AssertionError("checked when it was parsed")


def _combined(op: ast.operator, left: float, right: float) -> float:
    match op:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
    return left / right
