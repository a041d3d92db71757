// The same graph as two tables, neurons and edges.

import { asCount, asImportance, asShare } from "../figures";
import type { Graph, GraphEdge, GraphNode } from "../service/answers";
import { SortedTable } from "../sorted_table";
import { ViewLink } from "../view/navigation";

interface TablesProps {
  graph: Graph;
  kind: "neurons" | "edges";
  pins: readonly string[];
}

export function GraphTables({ graph, kind, pins }: TablesProps) {
  return kind === "neurons" ? <Neurons graph={graph} pins={pins} /> : <EdgeTable graph={graph} />;
}

function Neurons({ graph, pins }: { graph: Graph; pins: readonly string[] }) {
  const layers = new Map(graph.layers.map((layer) => [layer.layer_index, layer.layer]));
  const rows = [...graph.nodes].sort((one, other) => other.layer_index - one.layer_index || one.slot - other.slot);
  return (
    <SortedTable<GraphNode>
      label="Neurons of the graph"
      rows={rows}
      keyOf={(node) => node.neuron}
      isLit={(node) => pins.includes(node.neuron)}
      columns={[
        { title: "Neuron", value: (node) => node.neuron, cell: (node) => <NeuronLink neuron={node.neuron} /> },
        { title: "Layer", value: (node) => layers.get(node.layer_index) },
        { title: "Count", value: (node) => node.count, text: asCount, isFigure: true },
        { title: "Share", value: (node) => node.share, text: asShare, isFigure: true },
        { title: "Importance", value: (node) => node.importance, text: asImportance, isFigure: true },
      ]}
    />
  );
}

function EdgeTable({ graph }: { graph: Graph }) {
  const rows = [...graph.edges].sort((one, other) => other.count - one.count);
  return (
    <SortedTable<GraphEdge>
      label="Edges of the graph"
      rows={rows}
      keyOf={(edge) => `${edge.source} ${edge.target}`}
      columns={[
        { title: "From", value: (edge) => edge.source, cell: (edge) => <NeuronLink neuron={edge.source} /> },
        { title: "To", value: (edge) => edge.target, cell: (edge) => <NeuronLink neuron={edge.target} /> },
        { title: "Count", value: (edge) => edge.count, text: asCount, isFigure: true },
        { title: "Share", value: (edge) => edge.share, text: asShare, isFigure: true },
      ]}
    />
  );
}

/** A link that pins a neuron in the graph that is shown. */
export function NeuronLink({ neuron }: { neuron: string }) {
  return (
    <ViewLink class="id" to={(view) => ({ ...view, pins: [neuron], neuron: null })}>
      {neuron}
    </ViewLink>
  );
}
