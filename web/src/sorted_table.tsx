// A table that sorts by any of its columns.

import type { ComponentChildren } from "preact";
import { useMemo, useState } from "preact/hooks";

type Value = string | number | null | undefined;

export interface TableColumn<Row> {
  title: string;
  /** What is sorted by, and shown through `text`. */
  value: (row: Row) => Value;
  text?: (value: never) => string;
  /** What the cell holds instead of text. */
  cell?: (row: Row) => ComponentChildren;
  /** Columns of figures are aligned right and sort from the highest down first. */
  isFigure?: boolean;
}

interface SortedTableProps<Row> {
  label: string;
  rows: readonly Row[];
  columns: readonly TableColumn<Row>[];
  keyOf: (row: Row) => string;
  isLit?: (row: Row) => boolean;
}

export function SortedTable<Row>({ label, rows, columns, keyOf, isLit }: SortedTableProps<Row>) {
  const [sorting, setSorting] = useState<{ column: number; descending: boolean } | null>(null);
  // A column of which no row knows anything is left out.
  const known = columns.filter(
    (column) => rows.length === 0 || rows.some((row) => (column.value(row) ?? null) !== null),
  );
  const sorted = useMemo(() => {
    const column = sorting === null ? undefined : columns[sorting.column];
    if (sorting === null || column === undefined) return rows;
    const sign = sorting.descending ? -1 : 1;
    // The sort is stable, and the order before it the service's own, which is total.
    return [...rows].sort((one, other) => sign * compared(column.value(one), column.value(other)));
  }, [rows, columns, sorting]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it
    <section class="table-box" tabIndex={0} aria-label={label}>
      <table>
        <thead>
          <tr>
            {known.map((column) => {
              const at = columns.indexOf(column);
              const direction = sorting?.column !== at ? "none" : sorting.descending ? "descending" : "ascending";
              const descending = direction === "none" ? column.isFigure === true : direction === "ascending";
              return (
                <th key={column.title} scope="col" class={column.isFigure ? "figure" : ""} aria-sort={direction}>
                  <button type="button" onClick={() => setSorting({ column: at, descending })}>
                    {column.title}
                  </button>
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>
          {sorted.map((row) => (
            <tr key={keyOf(row)} data-key={keyOf(row)} class={isLit?.(row) ? "lit" : ""}>
              {known.map((column) => (
                <td key={column.title} class={column.isFigure ? "figure" : ""}>
                  {column.cell?.(row) ?? (column.text ?? String)(column.value(row) as never)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function compared(one: Value, other: Value): number {
  if (typeof one === "string" && typeof other === "string") return one.localeCompare(other, "en", { numeric: true });
  return Number(one ?? Number.NEGATIVE_INFINITY) - Number(other ?? Number.NEGATIVE_INFINITY) || 0;
}
