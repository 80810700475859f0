"""What is refused on traced values, and what to do instead."""

from scipy import spatial
from scipy.spatial import transform

from tapec.scipy.registry import refuses

refuses(
    "neighbours are no smooth function of points: build it outside, or compare cdist",
    spatial.KDTree,
    spatial.cKDTree,
    spatial.ConvexHull,
    spatial.Delaunay,
    spatial.Voronoi,
    spatial.SphericalVoronoi,
    spatial.HalfspaceIntersection,
)
refuses(
    "interpolate rotation vectors: Rotation.from_rotvec is translated",
    transform.Slerp,
    transform.RotationSpline,
)
