"""Stand-ins of Python's functions, builtins and classes in traced code."""
