"""What compiled code needs and Python has no words for: raw pointers, calls by address, atomic operations, 128-bit products.

Each function here is an LLVM instruction or two, inlined where a kernel uses it.
"""

from __future__ import annotations

import platform
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

Codegen = Any
"""Functions of Numba and LLVM, which have no types."""

INT32, INT64, INT128, BYTES = ir.IntType(32), ir.IntType(64), ir.IntType(128), ir.IntType(8).as_pointer()


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
def gemm(
    typing: Any,
    address: Any,
    transposed_a: Any,
    transposed_b: Any,
    m: Any,
    n: Any,
    k: Any,
    a: Any,
    lda: Any,
    b: Any,
    ldb: Any,
    c: Any,
    ldc: Any,
) -> tuple[Any, Codegen]:
    """Call ``cblas_sgemm`` or ``cblas_dgemm``, with 64-bit sizes, at an address: C (m, n) = A (m, k) · B (k, n), by rows."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        scalar = context.get_data_type(c.dtype)
        at, flip_a, flip_b, m, n, k, a_, lda, b_, ldb, c_, ldc = arguments
        flags = [INT32(101), *(builder.select(flip, INT32(112), INT32(111)) for flip in (flip_a, flip_b))]
        arrays = [builder.bitcast(each, BYTES) for each in (a_, b_, c_)]
        given = [*flags, m, n, k, scalar(1), arrays[0], lda, arrays[1], ldb, scalar(0), arrays[2], ldc]
        function = ir.FunctionType(ir.VoidType(), [each.type for each in given]).as_pointer()
        builder.call(builder.inttoptr(at, function), given)
        return context.get_dummy_value()

    sizes = [types.int64] * 3
    given = [types.int64, types.boolean, types.boolean, *sizes, a, types.int64, b, types.int64, c, types.int64]
    return types.void(*given), generate


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
