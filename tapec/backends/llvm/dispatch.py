"""Dispatch of calls among the programs of a kernel, by a hash of the argument types.

The dispatcher hashes the number of positional arguments and the types, element types and shapes of
all arguments, and looks for the entry in an open table that the data word of the called object
points to. Entries of equal hash are chained: those that differ in names, or within containers.
Calls that no entry matches go to Python.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tapec.backends.fastcall import DATA_OFFSET
from tapec.backends.llvm import capi
from tapec.backends.llvm.abi import KernelAbi
from tapec.backends.llvm.arguments import ArrayArg
from tapec.backends.llvm.elements import ELEMENTS
from tapec.backends.llvm.entry import CALL
from tapec.backends.llvm.entry_nesting import COUNTED
from tapec.backends.llvm.jit import Library
from tapec.backends.llvm.nesting import leaves
from tapec.backends.llvm.wrapper import link_chain
from tapec.tree import Tree

FACTOR = 0x9E3779B97F4A7C15
_WORD = 2**64 - 1
_TYPES: dict[str, type] = {"float": float, "int": int, "bool": bool, "complex": complex}


def key(sig: KernelAbi) -> int:
    """The hash of the calls that an entry takes."""
    count = len(sig.nesting.children[0].children)
    types = iter(_leaf_types(sig))
    return _hash(count, [_part(tree, types) for tree in sig.passes])


def _part(tree: Tree, types: Iterator[tuple[int, ...]]) -> tuple[int, ...]:
    """What calls pass in one place; of containers the type alone counts."""
    inside = [next(types) for _ in range(tree.size)]
    return inside[0] if tree.kind is None else (id(tree.kind),)


def _leaf_types(sig: KernelAbi) -> Iterator[tuple[int, ...]]:
    values, args = dict(sig.fixed), iter(sig.given)
    for place in range(sig.leaves):
        if place in values:
            yield (id(type(values[place])),)
            continue
        arg = next(args)
        if isinstance(arg, ArrayArg):
            dtype = np.dtype(arg.numpy)
            yield (id(dtype.type),) if arg.number else _array(dtype, arg.shape)
        else:
            yield (id(_TYPES[arg.kind]),)
    if sig.into:
        outs = [sig.outs[k] for k in leaves(sig.tree)]
        yield from (_array(np.dtype(ELEMENTS[o.dtype].numpy), o.shape) for o in outs)


def _array(dtype: np.dtype[Any], shape: tuple[int, ...]) -> tuple[int, ...]:
    return capi.element_word(dtype), len(shape), *shape


def _hash(count: int, parts: Sequence[tuple[int, ...]]) -> int:
    found = count
    for word in (w for part in parts for w in part):
        found = (found ^ word) * FACTOR & _WORD
        found ^= found >> 32
    return found


def table(entries: Sequence[tuple[Library, KernelAbi]], python: int) -> np.ndarray[Any, Any]:
    """A table of the entries, newest first: the mask, then pairs of a hash and an address."""
    chains: dict[int, list[Library]] = {}
    for library, sig in entries:
        chains.setdefault(key(sig), []).append(library)
    size = 1 << (2 * len(chains) + 1).bit_length()
    slots = np.zeros(1 + 2 * size, np.uint64)
    slots[0] = size - 1
    for h, chain in chains.items():
        k = h & (size - 1)
        while slots[2 + 2 * k]:
            k = (k + 1) & (size - 1)
        slots[1 + 2 * k], slots[2 + 2 * k] = h, link_chain(chain, python)
    return slots


DISPATCH = f"""\
define ptr @tapec.dispatch({CALL}) nounwind {{
{COUNTED}  br label %test
test:
  %i = phi i64 [ 0, %counted ], [ %after, %next ]
  %h = phi i64 [ %nargs, %counted ], [ %mixed, %next ]
  %done = icmp eq i64 %i, %total
  br i1 %done, label %look, label %each
each:
  %slot = getelementptr ptr, ptr %args, i64 %i
  %thing = load ptr, ptr %slot
  %after = add i64 %i, 1
  %ptype = getelementptr i8, ptr %thing, i64 {capi.TYPE}
  %type = load ptr, ptr %ptype
  %exact = icmp eq ptr %type, @np.ndarray
  br i1 %exact, label %array, label %other
other:
  %word = ptrtoint ptr %type to i64
  %one = call i64 @tapec.mix(i64 %h, i64 %word)
  br label %next
array:
  %pdescr = getelementptr i8, ptr %thing, i64 {capi.DESCR}
  %descr = load ptr, ptr %pdescr
  %pelement = getelementptr i8, ptr %descr, i64 {capi.ELEMENT}
  %element = load i64, ptr %pelement
  %a = call i64 @tapec.mix(i64 %h, i64 %element)
  %pndim = getelementptr i8, ptr %thing, i64 {capi.NDIM}
  %ndim = load i32, ptr %pndim
  %rank = zext i32 %ndim to i64
  %b = call i64 @tapec.mix(i64 %a, i64 %rank)
  %pdims = getelementptr i8, ptr %thing, i64 {capi.DIMS}
  %dims = load ptr, ptr %pdims
  br label %axes
axes:
  %axis = phi i64 [ 0, %array ], [ %nextaxis, %extent ]
  %c = phi i64 [ %b, %array ], [ %d, %extent ]
  %all = icmp eq i64 %axis, %rank
  br i1 %all, label %next, label %extent
extent:
  %pits = getelementptr i64, ptr %dims, i64 %axis
  %its = load i64, ptr %pits
  %d = call i64 @tapec.mix(i64 %c, i64 %its)
  %nextaxis = add i64 %axis, 1
  br label %axes
next:
  %mixed = phi i64 [ %one, %other ], [ %c, %axes ]
  br label %test
look:
  %pdata = getelementptr i8, ptr %self, i64 {DATA_OFFSET}
  %table = load ptr, ptr %pdata
  %mask = load i64, ptr %table
  %first = and i64 %h, %mask
  br label %probe
probe:
  %k = phi i64 [ %first, %look ], [ %following, %on ]
  %double = shl i64 %k, 1
  %khash = add i64 %double, 1
  %kentry = add i64 %double, 2
  %pentry = getelementptr i64, ptr %table, i64 %kentry
  %entry = load ptr, ptr %pentry
  %empty = icmp eq ptr %entry, null
  br i1 %empty, label %python, label %compare
compare:
  %phash = getelementptr i64, ptr %table, i64 %khash
  %hash = load i64, ptr %phash
  %found = icmp eq i64 %hash, %h
  br i1 %found, label %go, label %on
on:
  %more = add i64 %k, 1
  %following = and i64 %more, %mask
  br label %probe
go:
  %result = musttail call ptr %entry({CALL})
  ret ptr %result
python:
  %slow = musttail call ptr @tapec.mismatch({CALL})
  ret ptr %slow
}}
define internal i64 @tapec.mix(i64 %h, i64 %word) alwaysinline nounwind {{
  %x = xor i64 %h, %word
  %m = mul i64 %x, {FACTOR - 2**64}
  %s = lshr i64 %m, 32
  %r = xor i64 %m, %s
  ret i64 %r
}}
"""
