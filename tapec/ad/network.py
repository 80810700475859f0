"""Maximum flow and minimum cut, by shortest augmenting paths in layers (Dinic).

The networks of programs have a few edges per value, and the flow of a cut is found in a few
sweeps. (networkx does the same, but its import takes longer than compiling most programs.)
"""

from __future__ import annotations

from tapec.errors import VerifyError

INFINITE = 1 << 60  # more than everything a program could keep


class Network:
    """A directed graph with capacities, its nodes numbered.

    Edges lie in pairs: number `e ^ 1` is edge `e` backwards, whose capacity is what flows.
    """

    def __init__(self, nodes: int) -> None:
        self._edges: list[list[int]] = [[] for _ in range(nodes)]  # leaving each node
        self._target: list[int] = []
        self._left: list[int] = []  # capacity not in use

    def join(self, a: int, b: int, capacity: int) -> None:
        """Add an edge."""
        for start, end, free in ((a, b, capacity), (b, a, 0)):
            self._edges[start].append(len(self._target))
            self._target.append(end)
            self._left.append(free)

    def cut(self, source: int, sink: int) -> list[bool]:
        """Per node, whether it lies before the minimum cut that is nearest to the sink.

        Raises VerifyError where nothing finite parts the two.
        """
        flow = 0
        while (levels := self._levels(source, sink)) is not None:
            flow += self._fill(source, sink, levels)
            if flow >= INFINITE:
                raise VerifyError("what has to be kept cannot be kept")
        return self._before(sink)

    def _levels(self, source: int, sink: int) -> list[int] | None:
        """The distance of each node from the source; None where the sink cannot be reached."""
        levels = [-1] * len(self._edges)
        levels[source] = 0
        front = [source]
        while front and levels[sink] < 0:
            following: list[int] = []
            for node in front:
                for edge in self._edges[node]:
                    target = self._target[edge]
                    if self._left[edge] and levels[target] < 0:
                        levels[target] = levels[node] + 1
                        following.append(target)
            front = following
        return levels if levels[sink] >= 0 else None

    def _fill(self, source: int, sink: int, levels: list[int]) -> int:
        """Send all that fits along shortest paths; how much that was."""
        edges, targets, left = self._edges, self._target, self._left
        following = [0] * len(edges)  # the next edge to try at each node

        def next_edge(node: int) -> int | None:
            """The first edge not yet tried that leads one level on."""
            leaving, level = edges[node], levels[node] + 1
            for k in range(following[node], len(leaving)):
                edge = leaving[k]
                if left[edge] and levels[targets[edge]] == level:
                    following[node] = k
                    return edge
            following[node] = len(leaving)
            return None

        path: list[int] = []
        node, flow = source, 0
        while True:
            if node == sink:
                amount = min(left[e] for e in path)
                for e in path:
                    left[e] -= amount
                    left[e ^ 1] += amount
                flow += amount
                full = next(k for k, e in enumerate(path) if not left[e])
                node = targets[path[full] ^ 1]
                del path[full:]
                continue
            edge = next_edge(node)
            if edge is not None:
                path.append(edge)
                node = targets[edge]
            elif path:
                node = targets[path.pop() ^ 1]
                following[node] += 1
            else:
                return flow

    def _before(self, sink: int) -> list[bool]:
        """Whether a node has no way to the sink left."""
        before = [True] * len(self._edges)
        before[sink] = False
        pending = [sink]
        while pending:
            for edge in self._edges[pending.pop()]:
                start = self._target[edge]
                if before[start] and self._left[edge ^ 1]:
                    before[start] = False
                    pending.append(start)
        return before
