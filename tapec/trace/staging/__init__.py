"""Branches and loops of Python that become ops."""
