"""Personalized PageRank on an undirected weighted graph, exact to a proven bound or by networkx's stopping rule.

With W the symmetric weights, d its row sums and p the personalization, the stationary vector x solves
x = a P x + (1 - a) p with P = W diag(1/d), whose columns sum to 1 (Page et al. 1999; Haveliwala 2002).

1. Scaled by sqrt(d) the system is symmetric, positive definite: (I - a S) z = (1 - a) p / sqrt(d), S = W / sqrt(d d').
   Conjugate gradients solve it (Hestenes and Stiefel 1952), in far fewer steps than power iteration needs.
2. The bound: for any x with residual r = (1 - a) p + a P x - x the error e satisfies (I - a P) e = r, and the L1 norm
   of a P is a, so |e| <= |r| / (1 - a). The residual is evaluated in extended precision; while it is too large, its own
   correction is solved for and added.
3. In a component without personalization the right side is 0 and stays exactly 0 throughout. Everywhere else the exact
   value is above 0, and rounding must not take a neuron out of the graph: `_positive` sees to that.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from summit_graph.errors import SummitError

ERROR_BOUND = 1e-12
"""The L1 distance to the stationary vector stays below this."""
NETWORKX_TOLERANCE = 1e-6
_CORRECTIONS = 8


def pagerank(
    source: NDArray[np.int32],
    target: NDArray[np.int32],
    weight: NDArray[np.int32],
    personalization: NDArray[np.float64],
    *,
    damping: float,
    networkx_stop: bool = False,
) -> NDArray[np.float64]:
    """The stationary vector over all nodes, (nodes,), summing to 1; 0 at nodes without an edge.

    `source`, `target`, `weight`: (edges,), each edge once, sorted by source and then target, weights above 0.
    `personalization`: (nodes,), at least 0; it is normalised over the nodes that have an edge, uniform if all are 0.
    Raises SummitError where the damping is so near 1 that float64 cannot hold the vector to the error bound.
    """
    walk = _Walk(source, target, weight, len(personalization), damping)
    restart = np.where(walk.degree > 0, personalization, 0.0)  # (nodes,)
    if not restart.any():
        restart = np.where(walk.degree > 0, 1.0, 0.0)
    if not restart.any():
        return restart
    restart /= restart.sum()
    return _as_networkx(walk, restart) if networkx_stop else _exact(walk, restart)


class _Walk:
    """The random walk on the graph: matrices, degrees, damping."""

    def __init__(
        self,
        source: NDArray[np.int32],
        target: NDArray[np.int32],
        weight: NDArray[np.int32],
        nodes: int,
        damping: float,
    ) -> None:
        starts = np.concatenate([[0], np.cumsum(np.bincount(source, minlength=nodes))]).astype(np.int32)
        outwards = sp.csr_array((weight.astype(np.float64), target, starts), shape=(nodes, nodes))
        self.weights = (outwards + outwards.T.tocsr()).tocsr()  # (nodes, nodes), symmetric
        self.damping = damping
        self.degree = np.asarray(self.weights.sum(axis=1), np.float64)  # (nodes,), whole numbers
        inside = self.degree > 0
        self.inverse_degree = np.divide(1.0, self.degree, out=np.zeros(nodes), where=inside)
        self.root = np.sqrt(self.degree)
        self.inverse_root = np.divide(1.0, self.root, out=np.zeros(nodes), where=inside)
        scaled = self.weights.copy()
        scaled.data *= np.repeat(self.inverse_root, np.diff(scaled.indptr)) * self.inverse_root[scaled.indices]
        self.scaled = scaled  # S

    def step(self, value: NDArray[np.float64], restart: NDArray[np.float64]) -> NDArray[np.float64]:
        """One step of power iteration. (nodes,) -> (nodes,)"""
        spread = self.weights @ (value * self.inverse_degree)
        return np.asarray(self.damping * spread + (1 - self.damping) * restart, np.float64)

    def residual(self, value: NDArray[np.float64], restart: NDArray[np.float64]) -> NDArray[np.longdouble]:
        """What one step changes, in extended precision. (nodes,) -> (nodes,)"""
        damping, exact = np.longdouble(self.damping), value.astype(np.longdouble)
        quotient = np.divide(exact, self.degree, out=np.zeros_like(exact), where=self.degree > 0)
        return np.asarray(damping * (self.weights @ quotient) + (1 - damping) * restart - exact)


def _exact(walk: _Walk, restart: NDArray[np.float64]) -> NDArray[np.float64]:
    """The stationary vector with an L1 error below ERROR_BOUND."""
    allowed = (1 - walk.damping) * ERROR_BOUND
    value = np.zeros_like(restart)
    for _ in range(_CORRECTIONS):
        residual = walk.residual(value, restart)
        if np.abs(residual).sum() < allowed:
            return value
        value = _positive(walk, value + _solve(walk, residual.astype(np.float64), allowed / 2), restart)
    raise SummitError(
        f"--damping is {walk.damping}: too near 1 for an importance exact to {ERROR_BOUND:g}; give at most 0.999"
    )


def _solve(walk: _Walk, right_side: NDArray[np.float64], allowed: float) -> NDArray[np.float64]:
    """e with (I - a P) e = right_side by conjugate gradients, until the L1 norm of what is left is below `allowed`."""
    left = right_side * walk.inverse_root  # (nodes,), what is left of the scaled right side
    solution = np.zeros_like(left)
    direction = left.copy()
    squared = float(left @ left)
    for _ in range(10 * len(left)):
        if float(np.abs(left) @ walk.root) < allowed or squared == 0.0:
            break
        image = direction - walk.damping * (walk.scaled @ direction)
        length = squared / float(direction @ image)
        solution += length * direction
        left -= length * image
        previous, squared = squared, float(left @ left)
        direction *= squared / previous
        direction += left
    return np.asarray(solution * walk.root)


def _positive(walk: _Walk, value: NDArray[np.float64], restart: NDArray[np.float64]) -> NDArray[np.float64]:
    """The vector with its rounding errors at and below 0 replaced by what a step of power iteration brings there.

    A step reaches one neighbour further, so it is repeated until no further node turns positive: what is 0 then has no
    way to a node with personalization.
    """
    value = np.maximum(value, 0.0)
    while True:
        missing = (value <= 0.0) & (walk.degree > 0)
        if not missing.any():
            return value
        arrived = np.where(missing, walk.step(value, restart), 0.0)
        if not arrived.any():
            return value
        value = value + arrived


def _as_networkx(walk: _Walk, restart: NDArray[np.float64]) -> NDArray[np.float64]:
    """Power iteration as networkx's `pagerank` ends it: from the uniform start until the change is below n * tolerance.

    networkx gives up after 100 steps; here the rule alone decides (with its default damping it ends in time anyway).
    In a component without personalization what is left of the start is not an importance: it counts as 0.
    """
    inside = walk.degree > 0
    nodes = int(inside.sum())
    value = np.where(inside, 1.0 / nodes, 0.0)
    change = np.inf
    while change >= nodes * NETWORKX_TOLERANCE:
        previous, value = value, walk.step(value, restart)
        change = float(np.abs(value - previous).sum())
    component = connected_components(walk.weights, directed=False)[1]  # (nodes,)
    return np.where(np.isin(component, component[restart > 0]), value, 0.0)
