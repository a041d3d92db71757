// What is known of the neuron or edge pointed at, beside it.

import { asCount, asImportance, asShare, plural } from "../figures";
import { NeuronPictures } from "../neuron/pictures";
import type { Graph, GraphEdge, GraphNode } from "../service/answers";

interface NeuronCardProps {
  node: GraphNode;
  graph: Graph;
  of_class: string | null;
}

export function NeuronCard({ node, graph, of_class }: NeuronCardProps) {
  const inputs = graph.edges.filter((edge) => edge.target === node.neuron).length;
  const outputs = graph.edges.filter((edge) => edge.source === node.neuron).length;
  return (
    <div class="card">
      <h3>{node.neuron}</h3>
      <NodeFigures node={node} />
      <p>
        <span class="sign input" aria-hidden="true" /> {plural(inputs, "input")}
        <span class="sign output" aria-hidden="true" /> {plural(outputs, "output")}
      </p>
      {node.pictures && <NeuronPictures neuron={node.neuron} pictures={node.pictures} of_class={of_class} />}
    </div>
  );
}

export function EdgeCard({ edge }: { edge: GraphEdge }) {
  return (
    <div class="card">
      <h3>
        {edge.source} → {edge.target}
      </h3>
      <dl>
        <dt>count</dt>
        <dd>{asCount(edge.count)}</dd>
        {edge.share !== null && <dt>share</dt>}
        {edge.share !== null && <dd>{asShare(edge.share)}</dd>}
      </dl>
    </div>
  );
}

export function NodeFigures({ node }: { node: GraphNode }) {
  return (
    <dl>
      <dt title="Images of the class that have it among the layer's top channels">count</dt>
      <dd>{asCount(node.count)}</dd>
      {node.share !== null && <dt title="Part of the class's images">share</dt>}
      {node.share !== null && <dd>{asShare(node.share)}</dd>}
      {node.importance !== null && <dt title="Personalized PageRank in the class's graph">importance</dt>}
      {node.importance !== null && <dd>{asImportance(node.importance)}</dd>}
    </dl>
  );
}
