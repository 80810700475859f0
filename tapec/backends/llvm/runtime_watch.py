"""The function that compares captured state with its expected words (see `watch`)."""

from __future__ import annotations

from tapec.backends.llvm.loop_text import each

_WORD = """\
  %two = shl i64 %words.i, 1
  %pair = getelementptr i64, ptr %wordlist, i64 %two
  %address = load ptr, ptr %pair
  %pwanted = getelementptr i64, ptr %pair, i64 1
  %wanted = load i64, ptr %pwanted
  %found = load i64, ptr %address, align 1
  %same = icmp eq i64 %found, %wanted
"""
_RANGE = """\
  %three = mul i64 %ranges.i, 3
  %triple = getelementptr i64, ptr %triples, i64 %three
  %a = load ptr, ptr %triple
  %pb = getelementptr i64, ptr %triple, i64 1
  %b = load ptr, ptr %pb
  %psize = getelementptr i64, ptr %triple, i64 2
  %size = load i64, ptr %psize
  %differs = call i32 @memcmp(ptr %a, ptr %b, i64 %size)
  %equal = icmp eq i32 %differs, 0
"""
# `tapec.unchanged`: whether all words and ranges of a table are as expected; false without one.
UNCHANGED = f"""\
define i1 @tapec.unchanged(ptr %state) nounwind {{
start:
  %none = icmp eq ptr %state, null
  br i1 %none, label %no, label %first
first:
  %count = load i64, ptr %state
  %pwords = getelementptr i64, ptr %state, i64 1
  %wordlist = load ptr, ptr %pwords
  br label %words
{each("words", "first", "%count", "second", _WORD, "%same")}\
second:
  %pmany = getelementptr i64, ptr %state, i64 2
  %many = load i64, ptr %pmany
  %ptriples = getelementptr i64, ptr %state, i64 3
  %triples = load ptr, ptr %ptriples
  br label %ranges
{each("ranges", "second", "%many", "yes", _RANGE, "%equal")}\
yes:
  ret i1 true
no:
  ret i1 false
}}
declare i32 @memcmp(ptr, ptr, i64)
"""
