// Where the classes lie to each other at the chosen layer, as a picture or as a table.

import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { namesOf } from "../classes/names";
import type { ClassRow, PositionRow } from "../service/answers";
import { SortedTable } from "../sorted_table";
import { useNavigation, ViewLink } from "../view/navigation";
import { withClass } from "../view/view";
import { Scatter } from "./scatter";

interface EmbeddingProps {
  layer: string;
  /** Null while they are not known yet. */
  positions: readonly PositionRow[] | null;
  classes: readonly ClassRow[];
  selected: number | null;
  pointed: number | null;
  shown: ReadonlySet<number>;
  isOld: boolean;
  onPoint: (of_class: number | null) => void;
}

export function Embedding({ layer, positions, classes, selected, pointed, shown, isOld, onPoint }: EmbeddingProps) {
  const { view, go } = useNavigation();
  const hasNone = positions !== null && positions.length === 0;
  return (
    <section class="embedding" aria-label={`Class embedding at ${layer}`} aria-busy={isOld}>
      {!hasNone && (
        <div class="over">
          <button
            type="button"
            aria-pressed={view.places === "table"}
            onClick={() => go({ places: view.places === "table" ? "picture" : "table" })}
          >
            Table
          </button>
        </div>
      )}
      {hasNone && <p class="none">This run has no class embedding.</p>}
      {!hasNone && view.places === "table" && <PlaceTable positions={positions ?? []} classes={classes} />}
      {!hasNone && view.places === "picture" && (
        <Picture {...{ layer, positions, classes, selected, pointed, shown, onPoint }} />
      )}
    </section>
  );
}

function Picture({ layer, positions, classes, selected, pointed, shown, onPoint }: Omit<EmbeddingProps, "isOld">) {
  const { view, go } = useNavigation();
  const names = useMemo(() => namesOf(classes), [classes]);
  const canvas = useRef<HTMLCanvasElement>(null);
  const scatter = useRef<Scatter | null>(null);
  const calls = useRef({ onPoint, go });
  calls.current = { onPoint, go };
  useLayoutEffect(() => {
    if (canvas.current === null) return;
    const made = new Scatter(canvas.current, {
      onPoint: (of_class) => calls.current.onPoint(of_class),
      onPick: (of_class) => calls.current.go((before) => withClass(before, of_class)),
    });
    scatter.current = made;
    return () => made.close();
  }, []);
  useLayoutEffect(() => {
    if (positions !== null) {
      scatter.current?.move(
        positions.map((row) => ({ of_class: row.class, x: row.x, y: row.y })),
        false,
      );
    }
  }, [positions]);
  useLayoutEffect(() => {
    scatter.current?.mark({ selected, pointed, shown, names });
  }, [selected, pointed, shown, names]);
  useLayoutEffect(() => scatter.current?.redraw(), [view.theme]);
  const label = `${positions?.length ?? 0} classes placed by which neurons of ${layer} they activate; the same as a table: the button Table`;
  return (
    <>
      <canvas ref={canvas} role="img" aria-label={label} />
      <div class="zoom">
        <button type="button" aria-label="Zoom in on the classes" onClick={() => scatter.current?.zoomBy(1.6)}>
          +
        </button>
        <button type="button" aria-label="Zoom out of the classes" onClick={() => scatter.current?.zoomBy(1 / 1.6)}>
          −
        </button>
        <button type="button" aria-label="Show all classes" onClick={() => scatter.current?.resetZoom()}>
          ⤢
        </button>
      </div>
    </>
  );
}

function PlaceTable({ positions, classes }: { positions: readonly PositionRow[]; classes: readonly ClassRow[] }) {
  const names = useMemo(() => new Map(classes.map((one) => [one.class, one.name])), [classes]);
  return (
    <SortedTable
      label="Places of the classes"
      rows={positions}
      keyOf={(row) => String(row.class)}
      columns={[
        { title: "No.", value: (row) => row.class, text: String, isFigure: true },
        {
          title: "Class",
          value: (row) => names.get(row.class) ?? "",
          cell: (row) => (
            <ViewLink to={(view) => withClass(view, row.class)}>
              <bdi>{names.get(row.class)}</bdi>
            </ViewLink>
          ),
        },
        { title: "x", value: (row) => row.x, text: (value) => Number(value).toFixed(3), isFigure: true },
        { title: "y", value: (row) => row.y, text: (value) => Number(value).toFixed(3), isFigure: true },
      ]}
    />
  );
}
