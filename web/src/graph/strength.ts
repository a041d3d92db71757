// How strong a neuron or an edge is, and which of them the reader's limits leave.

import type { Graph, GraphEdge, GraphNode } from "../service/answers";

export interface Strength {
  of: (item: GraphNode | GraphEdge) => number;
  isShare: boolean;
}

/** A share of the class's images; a count, for all of the graph, where one of its shares is unknown. */
export function strengthOf(graph: Pick<Graph, "nodes" | "edges">): Strength {
  const isShare = [...graph.nodes, ...graph.edges].every((item) => item.share !== null);
  return { isShare, of: isShare ? (item) => item.share ?? 0 : (item) => item.count };
}

/**
 * The graph's part above the reader's limits: neurons of at least the strength `least`, and of each layer the smallest
 * set of the most important ones that holds the part `mass` of its loaded importance (ties: the lower channel first);
 * edges between what is left.
 */
export function limited(graph: Graph, { least, mass }: { least: number; mass: number }): Graph {
  if (least <= 0 && mass >= 1) return graph;
  const strength = strengthOf(graph);
  const kept = new Set<string>();
  for (const { layer_index } of graph.layers) {
    const own = graph.nodes.filter((node) => node.layer_index === layer_index);
    for (const node of mostImportant(own, mass)) if (strength.of(node) >= least) kept.add(node.neuron);
  }
  return {
    ...graph,
    nodes: graph.nodes.filter((node) => kept.has(node.neuron)),
    edges: graph.edges.filter((edge) => kept.has(edge.source) && kept.has(edge.target)),
  };
}

function mostImportant(nodes: readonly GraphNode[], mass: number): readonly GraphNode[] {
  if (mass >= 1 || nodes.some((node) => node.importance === null)) return nodes;
  const value = (node: GraphNode) => node.importance ?? 0;
  const ranked = [...nodes].sort((one, other) => value(other) - value(one) || one.channel - other.channel);
  const wanted = mass * ranked.reduce((sum, node) => sum + value(node), 0);
  const kept: GraphNode[] = [];
  let reached = 0;
  for (const node of ranked) {
    if (reached >= wanted) break;
    kept.push(node);
    reached += value(node);
  }
  return kept;
}
