// A neuron's own page: what it is over all classes of the run.

import { asCount, asShare, plural } from "../figures";
import type { ExampleRow, NeuronClassRow, NeuronDetailsRow, Pictures } from "../service/answers";
import { Problem } from "../service/problem";
import type { Service } from "../service/service";
import { SortedTable } from "../sorted_table";
import { ViewLink } from "../view/navigation";
import { withClass } from "../view/view";
import { NeuronPictures } from "./pictures";

export interface NeuronFacts {
  details: NeuronDetailsRow;
  classes: readonly NeuronClassRow[];
  examples: readonly ExampleRow[];
  pictures: Pictures;
}

const ROWS = 10_000;

export async function neuronFacts(
  service: Service,
  run: string,
  neuron: string,
  of_class: number | null,
  signal: AbortSignal,
): Promise<NeuronFacts> {
  const [details, classes, pictures] = await Promise.all([
    service.query("neuron_details", { run, neuron }, signal),
    service.query("neuron_classes", { run, neuron, limit: ROWS }, signal),
    service.pictures(run, neuron, of_class, signal),
  ]);
  const [row] = details.rows;
  if (row === undefined) throw new Problem(`Nothing is known of ${neuron}.`, { status: 404 });
  // A run that knows no examples refuses the question, so it is only asked where there are some.
  const examples = row.examples ? await service.query("neuron_examples", { run, neuron }, signal) : { rows: [] };
  return {
    details: row as NeuronDetailsRow,
    classes: classes.rows as NeuronClassRow[],
    examples: examples.rows as ExampleRow[],
    pictures,
  };
}

interface NeuronPageProps {
  facts: NeuronFacts;
  /** The name of the class whose graph the reader comes from. */
  of_class: string | null;
}

export function NeuronPage({ facts, of_class }: NeuronPageProps) {
  const { details, classes, examples, pictures } = facts;
  return (
    <section class="neuron-page" aria-label={`Neuron ${details.neuron}`}>
      <div class="graph-heading">
        <div class="title">
          <h2>{details.neuron}</h2>
          <p>
            <span>
              channel {details.channel} of {details.layer}
            </span>
            <span>in {plural(details.classes ?? 0, "class")}</span>
            <span>
              {plural(details.inputs ?? 0, "input")} and {plural(details.outputs ?? 0, "output")} over all classes
            </span>
          </p>
        </div>
        <ViewLink class="button" to={(view) => ({ ...view, neuron: null })}>
          Back to the graph
        </ViewLink>
      </div>
      <NeuronPictures neuron={details.neuron} pictures={pictures} of_class={of_class} />
      <div class="columns">
        <div>
          <h3>Classes that use it</h3>
          {classes.length === 0 && <p class="none">It is selected in no class.</p>}
          {classes.length > 0 && (
            <SortedTable
              label="Classes that use the neuron"
              rows={classes}
              keyOf={(row) => String(row.class)}
              columns={[
                { title: "No.", value: (row) => row.class, isFigure: true },
                {
                  title: "Class",
                  value: (row) => row.name,
                  cell: (row) => (
                    <ViewLink to={(view) => ({ ...withClass(view, row.class), pins: [details.neuron] })}>
                      <bdi>{row.name}</bdi>
                    </ViewLink>
                  ),
                },
                { title: "Count", value: (row) => row.count, text: asCount, isFigure: true },
                { title: "Share", value: (row) => row.share, text: asShare, isFigure: true },
              ]}
            />
          )}
        </div>
        <div>
          <h3>Images that activate it most</h3>
          {examples.length === 0 && (
            <p class="none">
              {pictures.examples ? "The run does not say which they are." : "This run knows no examples of it."}
            </p>
          )}
          {examples.length > 0 && (
            <SortedTable
              label="Images that activate the neuron most"
              rows={examples}
              keyOf={(row) => String(row.rank)}
              columns={[
                { title: "Image", value: (row) => row.image },
                {
                  title: "Activation",
                  value: (row) => row.activation,
                  text: (value) => Number(value).toPrecision(4),
                  isFigure: true,
                },
                { title: "Part", value: (row) => `${row.x0}, ${row.y0} – ${row.x1}, ${row.y1}` },
              ]}
            />
          )}
        </div>
      </div>
    </section>
  );
}
