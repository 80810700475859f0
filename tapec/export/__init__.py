"""Kernels for others than Python: C functions in this process, or in files.

A kernel's program, closed over what it captures (`program`), is compiled without the entry that
Python calls and with C functions around it (`compiled`), by the same code and to the same bits. It
is loaded here (`loaded`: addresses, ctypes, callbacks for SciPy) or written to an object file with
header, example and shared library (`files`).
"""
