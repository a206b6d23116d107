"""What compiled code needs and Python has no words for: raw pointers, calls by address, atomic operations, 128-bit products.

Most functions here are an LLVM instruction or two, inlined where a kernel uses it. The longest is the inner loop of the matrix product,
whose sums must be in vector registers.
"""

from __future__ import annotations

import ctypes
import platform
from functools import cache
from typing import Any

import llvmlite.binding
import numba
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

Codegen = Any
"""Functions of Numba and LLVM, which have no types."""

INT32, INT64, INT128, BYTES = ir.IntType(32), ir.IntType(64), ir.IntType(128), ir.IntType(8).as_pointer()

FEATURES = (
    numba.config.CPU_FEATURES or ""
    if numba.config.CPU_FEATURES is not None
    else llvmlite.binding.get_host_cpu_features().flatten()
)
"""What the processor can do, as Numba is told."""

REGISTER, HEIGHT, VECTORS = (64, 8, 2) if "+avx512f" in FEATURES else (32, 6, 2) if "+avx2" in FEATURES else (16, 6, 2)
"""Bytes of a vector register, and the block of sums of `multiply_block`: so many rows of so many vectors, all in registers."""


@intrinsic
def pointer(typing: Any, address: Any, kind: Any) -> tuple[Any, Codegen]:
    """Return the address as a pointer to numbers of a type, such as ``pointer(s[0], np.int64)``."""
    target = types.CPointer(kind.dtype)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(target))

    return target(address, kind), generate


@intrinsic
def shift(typing: Any, array: Any, count: Any) -> tuple[Any, Codegen]:
    """Return a pointer to the element ``count`` places after the first one."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        element = context.get_data_type(array.dtype)
        start = builder.bitcast(arguments[0], element.as_pointer())
        return builder.bitcast(builder.gep(start, [arguments[1]]), context.get_value_type(array))

    return array(array, types.int64), generate


@intrinsic
def invoke(typing: Any, address: Any, p: Any, s: Any, c: Any, r: Any) -> tuple[Any, Codegen]:
    """Call the kernel at an address with four pointers, given as addresses."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        function = ir.FunctionType(ir.VoidType(), [BYTES] * 4).as_pointer()
        pointers = [builder.inttoptr(each, BYTES) for each in arguments[1:]]
        builder.call(builder.inttoptr(arguments[0], function), pointers)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 5), generate


@intrinsic
def call_int(typing: Any, address: Any, value: Any) -> tuple[Any, Codegen]:
    """Call the C function at an address, which takes an int."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        function = ir.FunctionType(INT32, [INT32]).as_pointer()
        builder.call(builder.inttoptr(arguments[0], function), [builder.trunc(arguments[1], INT32)])
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), generate


@intrinsic
def call_pread(typing: Any, address: Any, file: Any, to: Any, size: Any, offset: Any) -> tuple[Any, Codegen]:
    """Call the C function at an address, ``pread(file, to, size, offset)``; return the bytes that it has read."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        function = ir.FunctionType(INT64, [INT32, INT64, INT64, INT64]).as_pointer()
        called, number, *others = arguments
        return builder.call(builder.inttoptr(called, function), [builder.trunc(number, INT32), *others])

    return types.int64(types.int64, types.int64, types.int64, types.int64, types.int64), generate


@cache
def pread_address() -> int:
    """Return the address of the system's function, whose offsets have 64 bits."""
    library = ctypes.CDLL(None)
    function = getattr(library, "pread64", None) or library.pread
    return ctypes.cast(function, ctypes.c_void_p).value or 0


@intrinsic
def columns(typing: Any, array: Any) -> tuple[Any, Codegen]:
    """Return the columns of the block that `multiply_block` computes, for the float type of an array."""
    count = VECTORS * lanes(array.dtype)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return INT64(count)

    return types.int64(array), generate


def lanes(number: Any) -> int:
    """Return how many numbers of a float type fit into a vector register."""
    return int(REGISTER // (number.bitwidth // 8))


@intrinsic
def copy_columns(typing: Any, to: Any, start: Any) -> tuple[Any, Codegen]:
    """Copy `columns` numbers, as vectors."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        number, size = context.get_data_type(to.dtype), lanes(to.dtype)
        vectors = ir.VectorType(number, size).as_pointer()
        target, source = (builder.bitcast(each, vectors) for each in arguments)
        for v in range(VECTORS):
            value = builder.load(builder.gep(source, [INT64(v)]), align=to.dtype.bitwidth // 8)
            builder.store(value, builder.gep(target, [INT64(v)]), align=to.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(to, start), generate


@intrinsic
def multiply_block(
    typing: Any, depth: Any, a: Any, down: Any, along: Any, panel: Any, c: Any, stride: Any
) -> tuple[Any, Codegen]:
    """Compute a block of a product C = A B, of `HEIGHT` rows and `columns` columns, with all its sums in registers.

    For each of `depth` numbers of a row of A and rows of the panel of B::

        c[i stride + j] = Σ_p a[i down + p along] panel[p columns + j]
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        number = context.get_data_type(c.dtype)
        start = number.as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [INT64, start, INT64, INT64, start, start, INT64])
        name = f"multiply_block_{c.dtype}"
        function = builder.module.globals.get(name) or write_block(ir.Function(builder.module, kind, name), number)
        pairs = zip(arguments, kind.args, strict=True)
        builder.call(function, [builder.bitcast(each, of) if of is start else each for each, of in pairs])
        return context.get_dummy_value()

    integer = types.int64
    return types.void(integer, a, integer, integer, panel, c, integer), generate


def write_block(function: Any, number: Any) -> Any:
    """Write the function of `multiply_block`; return it. It is one by itself, so that it has all registers."""
    function.linkage = "internal"
    function.attributes.add("noinline")
    depth, a, down, along, panel, c, stride = function.args
    size = REGISTER // (8 if number == ir.DoubleType() else 4)
    vector, align = ir.VectorType(number, size), REGISTER // size
    blocks = [(i, v) for i in range(HEIGHT) for v in range(VECTORS)]
    begin, loop, end = (function.append_basic_block(name) for name in ("begin", "loop", "end"))
    builder = ir.IRBuilder(begin)

    def at(start: Any, index: Any) -> Any:
        return builder.bitcast(builder.gep(start, [index]), vector.as_pointer())

    def splat(value: Any) -> Any:
        single = builder.insert_element(ir.Constant(vector, ir.Undefined), value, INT32(0))
        return builder.shuffle_vector(single, single, ir.Constant(ir.VectorType(INT32, size), [0] * size))

    def sums(sources: Any) -> Any:
        phis = {each: builder.phi(vector) for each in blocks}
        for block, values in sources:
            for each, phi in phis.items():
                phi.add_incoming(values[each], block)
        return phis

    nothing = dict.fromkeys(blocks, ir.Constant(vector, [0.0] * size))
    rows = [builder.gep(a, [builder.mul(INT64(i), down)]) for i in range(HEIGHT)]
    builder.cbranch(builder.icmp_signed("<", INT64(0), depth), loop, end)

    builder.position_at_end(loop)
    p = builder.phi(INT64)
    totals = sums([(begin, nothing)])
    place = builder.mul(p, INT64(VECTORS * size))
    b = [builder.load(at(panel, builder.add(place, INT64(v * size))), align=align) for v in range(VECTORS)]
    x = [splat(builder.load(builder.gep(row, [builder.mul(p, along)]))) for row in rows]
    products = {(i, v): builder.fmul(x[i], b[v], flags=("contract",)) for i, v in blocks}
    added = {each: builder.fadd(totals[each], products[each], flags=("contract",)) for each in blocks}
    for each, phi in totals.items():
        phi.add_incoming(added[each], loop)
    following = builder.add(p, INT64(1))
    p.add_incoming(INT64(0), begin)
    p.add_incoming(following, loop)
    builder.cbranch(builder.icmp_signed("<", following, depth), loop, end)

    builder.position_at_end(end)
    results = sums([(begin, nothing), (loop, added)])
    for (i, v), result in results.items():
        index = builder.add(builder.mul(INT64(i), stride), INT64(v * size))
        builder.store(result, at(c, index), align=align)
    builder.ret_void()
    return function


@intrinsic
def add_atomically(typing: Any, array: Any, value: Any) -> tuple[Any, Codegen]:
    """Add to the first element of an array of integers, and return what it was before."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = builder.bitcast(arguments[0], INT64.as_pointer())
        return builder.atomic_rmw("add", place, arguments[1], "seq_cst")

    return types.int64(array, types.int64), generate


@intrinsic
def load_atomically(typing: Any, array: Any) -> tuple[Any, Codegen]:
    """Return the first element of an array of integers, as the last thread to write it has left it."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = builder.bitcast(arguments[0], INT64.as_pointer())
        return builder.load_atomic(place, "acquire", 8, typ=INT64)

    return types.int64(array), generate


@intrinsic
def relax(typing: Any) -> tuple[Any, Codegen]:
    """Tell the processor that this thread waits in a loop."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        if platform.machine() in {"x86_64", "AMD64"}:
            pause = ir.FunctionType(ir.VoidType(), [])
            builder.call(builder.module.declare_intrinsic("llvm.x86.sse2.pause", (), pause), [])
        return context.get_dummy_value()

    return types.void(), generate


@intrinsic
def high_product(typing: Any, a: Any, b: Any) -> tuple[Any, Codegen]:
    """Return the upper 64 bits of the product of two 64-bit integers."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        a, b = (builder.zext(each, INT128) for each in arguments)
        return builder.trunc(builder.lshr(builder.mul(a, b), INT128(64)), INT64)

    return types.uint64(types.uint64, types.uint64), generate


@intrinsic
def float32_of_bits(typing: Any, bits: Any) -> tuple[Any, Codegen]:
    """Return the float32 with these 32 bits."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.FloatType())

    return types.float32(types.int32), generate


@intrinsic
def float64_of_bits(typing: Any, bits: Any) -> tuple[Any, Codegen]:
    """Return the float64 with these 64 bits."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.DoubleType())

    return types.float64(types.int64), generate
