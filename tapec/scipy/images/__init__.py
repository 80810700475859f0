"""Functions of `scipy.ndimage`, by kind."""
