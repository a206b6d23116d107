"""The functions that a C file written by `save_c` contains, as far as its model needs them. ``real`` is float or double."""

from __future__ import annotations

from collections.abc import Mapping

FUNCTIONS: Mapping[str, str] = {
    "copy": """\
static void copy(int n, const real *x, real *y)
{
    for (int k = 0; k < n; k++) y[k] = x[k];
}
""",
    "affine": """\
/* y = x W + b, with x (i), W (i, j), y (j) */
static void affine(const real *x, const real *w, const real *b, int i, int j, real *restrict y)
{
    for (int c = 0; c < j; c++) y[c] = b[c];
    for (int r = 0; r < i; r++)
        for (int c = 0; c < j; c++) y[c] += x[r] * w[r * j + c];
}
""",
    "grouped": """\
/* The product of each row of x (d, k) with its own matrix of w (d, k, m): y (d, m) */
static void grouped(const real *x, const real *w, int d, int k, int m, real *restrict y)
{
    for (int g = 0; g < d; g++, x += k, y += m) {
        for (int c = 0; c < m; c++) y[c] = 0;
        for (int r = 0; r < k; r++, w += m)
            for (int c = 0; c < m; c++) y[c] += x[r] * w[c];
    }
}
""",
    "normalize": """\
/* y = (x - m) / sqrt(v + epsilon), with the mean m and the variance v of x */
static void normalize(int n, const real *x, real epsilon, real *y)
{
    real m = 0, v = 0;
    for (int k = 0; k < n; k++) m += x[k] / (real)n;
    for (int k = 0; k < n; k++) v += (x[k] - m) * (x[k] - m) / (real)n;
    for (int k = 0; k < n; k++) y[k] = (x[k] - m) / sqrt(v + epsilon);
}
""",
    "softmax": """\
static void softmax(int n, const real *x, real *y)
{
    real largest = x[0], sum = 0;
    for (int k = 1; k < n; k++) largest = fmax(largest, x[k]);
    for (int k = 0; k < n; k++) sum += y[k] = exp(x[k] - largest);
    for (int k = 0; k < n; k++) y[k] /= sum;
}
""",
    "lookup": """\
/* The row of a table that x, a whole number, selects; 1 if there is none */
static int lookup(real x, const real *table, int rows, int columns, real *y)
{
    real code = rint(x);
    if (!(fabs(x - code) <= (real)1e-3 && code >= 0 && code < (real)rows)) return 1;
    for (int c = 0; c < columns; c++) y[c] = table[(int)code * columns + c];
    return 0;
}
""",
    "rank": """\
/* The rank of x among the knots 0 to last, on a scale from -spread to spread */
static real rank(real x, const real *knots, int last, double spread)
{
    int low = 0, high = last;
    if (last == 0) return 0;
    x = fmin(fmax(x, knots[0]), knots[last]);
    while (high - low > 1) {
        int middle = (low + high) / 2;
        if (knots[middle] <= x) low = middle;
        else high = middle;
    }
    return (real)(spread * (2.0 / last * (low + (x - knots[low]) / (knots[low + 1] - knots[low])) - 1));
}
""",
    "sigmoid": """\
static real sigmoid(real x)
{
    real w = exp(fmin(x, (real)40));
    return w / (1 + w);
}
""",
    "softplus": """\
static real softplus(real x)
{
    return fmax(x, (real)0) + log1p(exp(-fabs(x)));
}
""",
    "silu": """\
static real silu(real x)
{
    return x * sigmoid(x);
}
""",
    "mish": """\
static real mish(real x)
{
    return x * tanh(softplus(x));
}
""",
    "gelu": """\
static real gelu(real x)
{
    real z = fmin(fmax(x, (real)-32), (real)10);
    return x * sigmoid(z * ((real)1.5957691216057308 + (real)0.07135481627260025 * z * z));
}
""",
    "elu": """\
static real elu(real x, real alpha)
{
    return x > 0 ? x : alpha * expm1(x);
}
""",
    "selu": """\
static real selu(real x, real alpha, real scale)
{
    return scale * elu(x, alpha);
}
""",
    "leaky_relu": """\
static real leaky_relu(real x, real slope)
{
    return fmax(x, slope * x);
}
""",
}
"""All of them by name, each after those that it calls."""
