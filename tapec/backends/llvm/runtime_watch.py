"""The function that compares captured state with its expected words (see `watch`)."""

from __future__ import annotations

# `tapec.unchanged`: whether all words and ranges of a table are as expected; false without one.
UNCHANGED = """\
define i1 @tapec.unchanged(ptr %state) nounwind {
start:
  %none = icmp eq ptr %state, null
  br i1 %none, label %no, label %first
first:
  %count = load i64, ptr %state
  %pwords = getelementptr i64, ptr %state, i64 1
  %words = load ptr, ptr %pwords
  br label %test
test:
  %i = phi i64 [ 0, %first ], [ %next, %each ]
  %done = icmp eq i64 %i, %count
  br i1 %done, label %ranges, label %each
each:
  %two = shl i64 %i, 1
  %pair = getelementptr i64, ptr %words, i64 %two
  %address = load ptr, ptr %pair
  %pwanted = getelementptr i64, ptr %pair, i64 1
  %wanted = load i64, ptr %pwanted
  %found = load i64, ptr %address, align 1
  %same = icmp eq i64 %found, %wanted
  %next = add i64 %i, 1
  br i1 %same, label %test, label %no
ranges:
  %pmany = getelementptr i64, ptr %state, i64 2
  %many = load i64, ptr %pmany
  %ptriples = getelementptr i64, ptr %state, i64 3
  %triples = load ptr, ptr %ptriples
  br label %more
more:
  %k = phi i64 [ 0, %ranges ], [ %after, %range ]
  %all = icmp eq i64 %k, %many
  br i1 %all, label %yes, label %range
range:
  %three = mul i64 %k, 3
  %triple = getelementptr i64, ptr %triples, i64 %three
  %a = load ptr, ptr %triple
  %pb = getelementptr i64, ptr %triple, i64 1
  %b = load ptr, ptr %pb
  %psize = getelementptr i64, ptr %triple, i64 2
  %size = load i64, ptr %psize
  %differs = call i32 @memcmp(ptr %a, ptr %b, i64 %size)
  %equal = icmp eq i32 %differs, 0
  %after = add i64 %k, 1
  br i1 %equal, label %more, label %no
yes:
  ret i1 true
no:
  ret i1 false
}
declare i32 @memcmp(ptr, ptr, i64)
"""
