"""Formulas as they are printed: as text, ``z₁ = x w₁ + b₁``, and as MathML.

A product of matrices is written side by side, ``x w``, a product element by element with a dot, ``dy · h``.
"""

from __future__ import annotations

import ast
import html
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from whorl.glassbox.tracing.formula import OVER, parse

GREEK = {
    "alpha": "α",
    "beta": "β",
    "gamma": "γ",
    "delta": "δ",
    "epsilon": "ε",
    "eta": "η",
    "theta": "θ",
    "lam": "λ",
    "mu": "μ",
    "pi": "π",
}
DIGITS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
SUM, UNARY, PRODUCT, POWER, ATOM = range(1, 6)
"""How tightly the parts of a formula hold together; a part that holds less than its place needs gets parentheses."""
SIGNS = {ast.Gt: ">", ast.GtE: "≥", ast.Lt: "<", ast.LtE: "≤"}

Names = Callable[[str], str]


def split(name: str) -> tuple[str, list[str], str]:
    """Return the letter of a name, its indices, and its mark: a hat, or a prime for what is new.

    Examples
    --------
    >>> split("dw1"), split("m_w1_new"), split("v_b2_hat"), split("epsilon")
    (('dw', ['1'], ''), ('m', ['w₁'], '′'), ('v', ['b₂'], '^'), ('ε', [], ''))
    """
    first, *rest = name.split("_")
    mark = {"new": "′", "hat": "^"}.get(rest[-1], "") if rest else ""
    indices = rest[:-1] if mark else rest
    letters, digits = re.fullmatch(r"(.*?)(\d*)", first).groups()  # type: ignore[union-attr]  # it always matches
    own = [digits] if digits else []
    return _greek(letters), own + [each if each.isdigit() else symbol(each) for each in indices], mark


def _greek(letters: str) -> str:
    if letters[0] == "d" and letters[1:] in GREEK:
        return f"d{GREEK[letters[1:]]}"
    return GREEK.get(letters, letters)


def symbol(name: str) -> str:
    """Return a name as text.

    Examples
    --------
    >>> symbol("dgamma2"), symbol("w1_new"), symbol("m_w1_hat"), symbol("z1_2")
    ('dγ₂', 'w₁′', 'm̂[w₁]', 'z₁,₂')
    """
    base, indices, mark = split(name)
    text = base + ("\u0302" if mark == "^" else "")
    numbers = [each.translate(DIGITS) for each in indices if each.isdigit()]
    words = [each for each in indices if not each.isdigit()]
    return text + ",".join(numbers) + (f"[{', '.join(words)}]" if words else "") + (mark if mark == "′" else "")


def math_symbol(name: str) -> str:
    """Return a name as MathML.

    Examples
    --------
    >>> math_symbol("w1_new")
    '<msubsup><mi>w</mi><mn>1</mn><mo>′</mo></msubsup>'
    >>> math_symbol("a1_2")
    '<msub><mi>a</mi><mrow><mn>1</mn><mo>,</mo><mn>2</mn></mrow></msub>'
    """
    base, indices, mark = split(name)
    text = f"<mi>{base}</mi>"
    if mark == "^":
        text = f"<mover><mi>{base}</mi><mo>^</mo></mover>"
    places = [f"<mn>{each}</mn>" if each.isdigit() else f"<mi>{html.escape(each)}</mi>" for each in indices]
    below = f"<mrow>{'<mo>,</mo>'.join(places)}</mrow>" if len(places) > 1 else "".join(places)
    if mark == "′":
        return f"<msubsup>{text}{below}<mo>′</mo></msubsup>" if below else f"<msup>{text}<mo>′</mo></msup>"
    return f"<msub>{text}{below}</msub>" if below else text


class Writer(Protocol):
    """A way to write formulas; each method takes the parts as they are written."""

    flat: bool
    """Whether a quotient stands on the line, so that its parts need parentheses."""

    def name(self, name: str) -> str: ...
    def number(self, value: object) -> str: ...
    def infix(self, left: str, sign: str, right: str) -> str: ...
    def negative(self, inside: str) -> str: ...
    def quotient(self, above: str, below: str) -> str: ...
    def power(self, base: str, exponent: str) -> str: ...
    def root(self, inside: str) -> str: ...
    def around(self, left: str, inside: str, right: str) -> str: ...
    def index(self, array: str, places: Sequence[str]) -> str: ...
    def over(self, kind: str, letter: str, inside: str) -> str: ...
    def cases(self, condition: str, yes: str, no: str) -> str: ...
    def call(self, name: str, arguments: Sequence[str]) -> str: ...


class Text:
    """Formulas as text."""

    flat = True

    def __init__(self, names: Names = symbol) -> None:
        self.name = names

    def number(self, value: object) -> str:
        return f"{value:.6g}" if isinstance(value, float) else str(value)

    def infix(self, left: str, sign: str, right: str) -> str:
        return f"{left} {sign} {right}" if sign else f"{left} {right}"

    def negative(self, inside: str) -> str:
        return f"−{inside}"

    def quotient(self, above: str, below: str) -> str:
        return f"{above} / {below}"

    def power(self, base: str, exponent: str) -> str:
        return base + {"2": "²", "3": "³", "T": "ᵀ"}.get(exponent, f"^{exponent}")

    def root(self, inside: str) -> str:
        return f"√{inside}" if inside.isalnum() else f"√({inside})"

    def around(self, left: str, inside: str, right: str) -> str:
        return f"{left}{inside}{right}"

    def index(self, array: str, places: Sequence[str]) -> str:
        return f"{array}[{', '.join(places)}]"

    def over(self, kind: str, letter: str, inside: str) -> str:
        sign = "Σ" if kind == "sum" else kind
        return f"{sign}_{letter} {inside}" if letter else f"{sign} {inside}"

    def cases(self, condition: str, yes: str, no: str) -> str:
        return f"({yes} if {condition}, else {no})"

    def call(self, name: str, arguments: Sequence[str]) -> str:
        return f"{name}({', '.join(arguments)})"


class MathML:
    """Formulas as MathML."""

    flat = False

    def __init__(self, names: Names = math_symbol) -> None:
        self.name = names

    def number(self, value: object) -> str:
        return f"<mn>{html.escape(Text().number(value))}</mn>"

    def infix(self, left: str, sign: str, right: str) -> str:
        return f"{left}<mo>{html.escape(sign)}</mo>{right}" if sign else f"{left}<mspace width='0.25em'/>{right}"

    def negative(self, inside: str) -> str:
        return f"<mo>−</mo>{inside}"

    def quotient(self, above: str, below: str) -> str:
        return f"<mfrac><mrow>{above}</mrow><mrow>{below}</mrow></mfrac>"

    def power(self, base: str, exponent: str) -> str:
        exponent = "<mi>T</mi>" if exponent == "T" else exponent
        return f"<msup><mrow>{base}</mrow><mrow>{exponent}</mrow></msup>"

    def root(self, inside: str) -> str:
        return f"<msqrt>{inside}</msqrt>"

    def around(self, left: str, inside: str, right: str) -> str:
        return f"<mrow><mo>{left}</mo>{inside}<mo>{right}</mo></mrow>"

    def index(self, array: str, places: Sequence[str]) -> str:
        return f"<msub><mrow>{array}</mrow><mrow>{'<mo>,</mo>'.join(places)}</mrow></msub>"

    def over(self, kind: str, letter: str, inside: str) -> str:
        sign = "<mo movablelimits='false'>Σ</mo>" if kind == "sum" else f"<mi>{kind}</mi>"
        sign = f"<munder>{sign}<mi>{letter}</mi></munder>" if letter else sign
        return f"<mrow>{sign}<mspace width='0.15em'/>{inside}</mrow>"

    def cases(self, condition: str, yes: str, no: str) -> str:
        rows = ((yes, f"<mtext>if </mtext>{condition}"), (no, "<mtext>else</mtext>"))
        cells = "".join(f"<mtr><mtd>{value}</mtd><mtd>{when}</mtd></mtr>" for value, when in rows)
        return f"<mrow><mo>{{</mo><mtable>{cells}</mtable></mrow>"

    def call(self, name: str, arguments: Sequence[str]) -> str:
        return f"<mrow><mi>{name}</mi><mo>(</mo>{'<mo>,</mo>'.join(arguments)}<mo>)</mo></mrow>"


def text(formula: str, names: Names = symbol) -> str:
    """Return a formula as text.

    Examples
    --------
    >>> text("x @ w1 + b1"), text("x.T @ dz1"), text("dy * (x > 0)"), text("(x - m1) / sqrt(v1 + epsilon)")
    ('x w₁ + b₁', 'xᵀ dz₁', 'dy · [x > 0]', '(x − m₁) / √(v₁ + ε)')
    """
    return _write(parse(formula), Text(names), 0)


def mathml(name: str, formula: str) -> str:
    """Return ``name = formula`` as a MathML element."""
    right = f"<mo>=</mo>{_write(parse(formula), MathML(), 0)}" if formula else ""
    return f'<math display="block"><mrow>{math_symbol(name)}{right}</mrow></math>'


def _write(tree: ast.expr | None, writer: Writer, needed: int) -> str:
    """Write a part of a formula, in parentheses if it holds together less than needed."""
    written, strength = _part(tree, writer)
    return writer.around("(", written, ")") if strength < needed else written


def _part(tree: ast.expr | None, writer: Writer) -> tuple[str, int]:  # noqa: C901, PLR0911, PLR0912  # a case for each kind of node
    """Return how a part is written, and how tightly it holds together."""

    def write(part: ast.expr | None, needed: int = 0) -> str:
        return _write(part, writer, needed)

    match tree:
        case None:
            return "", ATOM
        case ast.Constant(value=value):
            return writer.number(value), ATOM
        case ast.Name(id=name):
            return writer.name(name), ATOM
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as op, right=right):
            sign = "+" if isinstance(op, ast.Add) else "−"
            return writer.infix(write(left, SUM), sign, write(right, SUM if sign == "+" else UNARY)), SUM
        case ast.BinOp(left=left, op=ast.Mult() | ast.MatMult() as op, right=right):
            sign = "·" if isinstance(op, ast.Mult) else ""
            return writer.infix(write(left, PRODUCT), sign, write(right, POWER)), PRODUCT
        case ast.BinOp(left=above, op=ast.Div(), right=below):
            if writer.flat:
                return writer.quotient(write(above, PRODUCT), write(below, POWER)), PRODUCT
            return writer.quotient(write(above), write(below)), PRODUCT
        case ast.BinOp(left=base, op=ast.Pow(), right=exponent):
            return writer.power(write(base, ATOM), write(exponent, ATOM if writer.flat else 0)), POWER
        case ast.UnaryOp(operand=operand):
            return writer.negative(write(operand, PRODUCT)), UNARY
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return writer.around("[", writer.infix(write(left), SIGNS[type(op)], write(right)), "]"), ATOM
        case ast.Attribute(value=array):
            return writer.power(write(array, ATOM), "T"), ATOM
        case ast.Subscript(value=array, slice=ast.Tuple(elts=places)):
            return writer.index(write(array, ATOM), [write(place) for place in places]), ATOM
        case ast.Subscript(value=array, slice=place):
            return writer.index(write(array, ATOM), [write(place)]), ATOM
        case ast.Slice(lower=lower, upper=upper):
            return writer.infix(write(lower), ":", write(upper)).replace(" ", ""), ATOM
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _function(name, arguments, writer)
    raise ValueError(f"not part of the language of formulas: {ast.unparse(tree)}")


def _function(name: str, arguments: Sequence[ast.expr], writer: Writer) -> tuple[str, int]:
    """Return how the call of a function is written."""
    found = OVER.fullmatch(name)
    if found or name in ("sum", "mean"):
        kind, letter = found.groups() if found else (name, "")
        return writer.over(kind, letter, _write(arguments[0], writer, POWER)), PRODUCT
    if name == "where":
        condition, yes, no = arguments
        assert isinstance(condition, ast.Compare)
        left, right = (_write(each, writer, 0) for each in (condition.left, condition.comparators[0]))
        holds = writer.infix(left, SIGNS[type(condition.ops[0])], right)
        return writer.cases(holds, _write(yes, writer, 0), _write(no, writer, 0)), ATOM
    inside = [_write(each, writer, 0) for each in arguments]
    match name, inside:
        case "sqrt", [each]:
            return writer.root(each), ATOM
        case "abs", [each]:
            return writer.around("|", each, "|"), ATOM
        case "exp", [each] if not writer.flat:
            return writer.power("<mi>e</mi>", each), POWER
    return writer.call(name, inside), ATOM


def with_numbers(formula: str, values: Mapping[str, str]) -> str:
    """Return a formula as text, with numbers in the places of its operands.

    Examples
    --------
    >>> with_numbers("w1 - eta * dw1", {"w1": "0.5", "eta": "0.1", "dw1": "(−0.2)"})
    '0.5 − 0.1 · (−0.2)'
    """
    return text(formula, lambda name: values.get(name, symbol(name)))
