"""Python's functions, builtins and classes as traced code meets them."""
