"""`scipy.spatial`: distances of points, rotations."""

from tapec.scipy.spatial import distances, refusals, rotations  # noqa: F401
