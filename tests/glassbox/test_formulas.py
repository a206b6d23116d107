"""The language of formulas: what it computes, and how it is written."""

import numpy as np
import pytest

from whorl.glassbox.tracing import formula, rendering

x, w = np.array([[1.0, -2.0], [3.0, 4.0]]), np.array([[1.0, 0.0, 2.0], [0.0, 1.0, -1.0]])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x @ w", x @ w),
        ("x.T @ x - 2 * x ** 2 / 4", x.T @ x - x**2 / 2),
        ("-x + (x >= 1) - (x < 1)", -x + (x >= 1) - 1.0 * (x < 1)),
        ("sum_s(x)", x.sum(axis=0)),
        ("sum_c(x)", x.sum(axis=1, keepdims=True)),
        ("x - max_c(x)", x - x.max(axis=1, keepdims=True)),
        ("mean(x) * pi", x.mean() * np.pi),
        ("where(x > 0, x, 0)", np.maximum(x, 0)),
        ("max(min(x, 3), -1)", np.clip(x, -1, 3)),
        ("join(x[:, 1:], x[:, columns])", x[:, [1, 0, 0]]),
        ("reshape(x, 4)[:2]", x.ravel()[:2]),
        ("x[:, None, 0]", x[:, None, 0]),
        ("onehot(y, 3)", [[0, 0, 1], [1, 0, 0]]),
        ("abs(sign(x)) * sqrt(4) + log(exp(2))", np.full((2, 2), 4.0)),
    ],
)
def test_values(text, value):
    found = formula.evaluate(text, {"x": x, "w": w, "y": np.array([2, 0]), "columns": (0, 0)})
    np.testing.assert_allclose(found, value, rtol=1e-15)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os')",
        "x.dtype",
        "x if y else z",
        "[1, 2]",
        "f(x)",
        "x % 2",
        "lambda: x",
        "'text'",
        "x[::2]",
        "1 < x < 2",
        "sum_s",
    ],
)
def test_what_is_not_part_of_the_language(text):
    with pytest.raises((ValueError, KeyError)):
        formula.evaluate(text, {"x": x, "y": x, "z": x})


def test_ranks_between_knots():
    knots, last = np.array([[0.0, 1.0, 3.0, 3.0], [5.0, 5.0, 5.0, 5.0]]), np.array([2.0, 0.0])
    values = np.array([[-1.0, 5.0], [0.5, 5.0], [2.0, 4.0], [9.0, 6.0]])
    np.testing.assert_allclose(formula.rank(values, knots, last), [[0, 0.5], [0.25, 0.5], [0.75, 0.5], [1, 0.5]])
    np.testing.assert_allclose(formula.rank_slope(values, knots, last), [[0, 0], [0.5, 0], [0.25, 0], [0, 0]])


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("a * (b + c)", "a · (b + c)"),
        ("a - (b - c)", "a − (b − c)"),
        ("a / (b * c)", "a / (b · c)"),
        ("a * b / c", "a · b / c"),
        ("-a / b", "(−a) / b"),
        ("(a + b).T @ c", "(a + b)ᵀ c"),
        ("a ** 2 + b ** t", "a² + b^t"),
        ("sum_s(a * b) / n", "Σ_s (a · b) / n"),
        ("sqrt(v + epsilon)", "√(v + ε)"),
        ("where(x > 0, x, alpha)", "(x if x > 0, else α)"),
        ("a[:, columns, None]", "a[:, columns, None]"),
    ],
)
def test_text(written, text):
    assert rendering.text(written) == text


def test_mathml():
    fraction = "<mfrac><mrow><mi>x</mi><mo>−</mo><mi>m</mi></mrow><mrow><msqrt><mi>v</mi></msqrt></mrow></mfrac>"
    assert (
        rendering.mathml("h", "(x - m) / sqrt(v)")
        == f'<math display="block"><mrow><mi>h</mi><mo>=</mo>{fraction}</mrow></math>'
    )
    assert "<mo>(</mo>" not in rendering.mathml("h", "(x - m) / (a + b)")
    assert "<munder>" in rendering.mathml("b", "sum_s(dy)")
