// All classes, of which only those in sight are in the document; the selected one stands on top, and there only.

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { asAccuracy, plural } from "../figures";
import type { ClassRow } from "../service/answers";
import { useNavigation } from "../view/navigation";
import { type Sort, withClass } from "../view/view";
import { Histogram } from "./histogram";
import { ordered, type Similarities } from "./ordering";

const ROW_PX = 32;
/** Rows beyond the edges of the box, so that a fast scroll finds them drawn. */
const SPARE_ROWS = 6;

const SORT_TITLES: Record<Sort, string> = {
  similarity: "most similar",
  "accuracy-up": "least accurate",
  "accuracy-down": "most accurate",
  name: "by name",
  number: "by number",
};

interface ClassListProps {
  classes: readonly ClassRow[];
  selected: ClassRow | null;
  /** The class pointed at, here or in the embedding. */
  pointed: number | null;
  layer: string | null;
  similarities: Similarities;
  /** The one scale of all histograms. */
  highestBar: number;
  /** Told which classes the box shows, and at which one the reader points. */
  onShow: (shown: readonly number[]) => void;
  onPoint: (of_class: number | null) => void;
}

export function ClassList({
  classes,
  selected,
  pointed,
  layer,
  similarities,
  highestBar,
  onShow,
  onPoint,
}: ClassListProps) {
  const { view, go } = useNavigation();
  const box = useRef<HTMLDivElement>(null);
  const [scroll, setScroll] = useState({ top: 0, height: 400 });
  const [active, setActive] = useState(0);
  const found = useMemo(
    () => ordered(classes, view.search, view.sort, similarities).filter((one) => one.class !== selected?.class),
    [classes, view.search, view.sort, similarities, selected?.class],
  );
  const known = useMemo(() => knownOf(classes), [classes]);

  const first = Math.max(0, Math.floor(scroll.top / ROW_PX) - SPARE_ROWS);
  const last = Math.min(found.length, Math.ceil((scroll.top + scroll.height) / ROW_PX) + SPARE_ROWS);
  const rows = found.slice(first, last);

  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const read = () => setScroll({ top: element.scrollTop, height: element.clientHeight });
    const observer = new ResizeObserver(read);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  // A new order is read from its top.
  useLayoutEffect(() => {
    box.current?.scrollTo({ top: 0 });
    setActive(0);
  }, [view.search, view.sort, selected?.class, layer]);
  useEffect(() => {
    const inSight = (index: number) => (index + 1) * ROW_PX > scroll.top && index * ROW_PX < scroll.top + scroll.height;
    onShow(found.filter((_, index) => inSight(index)).map((one) => one.class));
  }, [found, scroll, onShow]);

  const select = (one: ClassRow | undefined) => one && go((before) => withClass(before, one.class));
  const activate = (index: number) => {
    const next = Math.min(Math.max(index, 0), found.length - 1);
    setActive(next);
    const element = box.current;
    if (element === null) return;
    const top = next * ROW_PX;
    if (top < element.scrollTop) element.scrollTo({ top });
    else if (top + ROW_PX > element.scrollTop + element.clientHeight)
      element.scrollTo({ top: top + ROW_PX - element.clientHeight });
    onPoint(found[next]?.class ?? null);
  };
  const key = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor(scroll.height / ROW_PX) - 1);
    const moves: Record<string, number> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: found.length - 1,
    };
    const target = moves[event.key];
    if (target !== undefined) activate(target);
    else if (event.key === "Enter" || event.key === " ") select(found[active]);
    else return;
    event.preventDefault();
  };
  const searchKey = (event: KeyboardEvent) => {
    const [best] = found;
    // What was searched for is found: the list goes back to all classes, from the most like it.
    if (event.key === "Enter") best && go((before) => ({ ...withClass(before, best.class), search: "" }));
    else if (event.key === "ArrowDown") box.current?.focus();
    else if (event.key === "Escape" && view.search !== "") go({ search: "" }, "same");
    else return;
    event.preventDefault();
  };

  return (
    <section class="classes" aria-label="Classes">
      <div class="tools">
        <input
          type="search"
          aria-label="Search classes by any part of a name, or by number"
          placeholder={`Search ${plural(classes.length, "class")}`}
          spellcheck={false}
          value={view.search}
          onInput={(event) => go({ search: event.currentTarget.value }, "same")}
          onKeyDown={searchKey}
        />
        <select
          aria-label="Order of the classes"
          value={view.sort}
          onChange={(event) => go({ sort: event.currentTarget.value as Sort })}
        >
          {(Object.keys(SORT_TITLES) as Sort[]).map((sort) => (
            <option key={sort} value={sort}>
              {SORT_TITLES[sort]}
            </option>
          ))}
        </select>
      </div>
      <div class="class-head" aria-hidden="true">
        <span class="number">No.</span>
        <span class="name">Class</span>
        {known.probabilities && <span class="bars">probability</span>}
        {known.accuracy && <span class="accuracy">accuracy</span>}
        <span class="similarity" title={`Cosine of the activation counts at ${layer ?? "the layer"}`}>
          similarity
        </span>
      </div>
      {selected && (
        <div class="class-row pinned">
          <span class="spoken">Selected class: </span>
          <Cells one={selected} known={known} highest={highestBar} similarity={similarities.size > 0 ? 1 : undefined} />
        </div>
      )}
      <div
        ref={box}
        class="class-box"
        role="listbox"
        tabIndex={0}
        aria-label="Classes to select"
        aria-activedescendant={found[active] ? `class-${found[active].class}` : undefined}
        onScroll={(event) =>
          setScroll({ top: event.currentTarget.scrollTop, height: event.currentTarget.clientHeight })
        }
        onKeyDown={key}
        onBlur={() => onPoint(null)}
      >
        <div class="class-space" style={{ height: `${found.length * ROW_PX}px` }}>
          {rows.map((one, offset) => {
            const index = first + offset;
            return (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the listbox's
              <div
                key={one.class}
                id={`class-${one.class}`}
                class={`class-row${index === active ? " active" : ""}${one.class === pointed ? " pointed" : ""}`}
                role="option"
                tabIndex={-1}
                aria-selected={false}
                aria-setsize={found.length}
                aria-posinset={index + 1}
                style={{ transform: `translateY(${index * ROW_PX}px)` }}
                onClick={() => select(one)}
                onPointerEnter={() => onPoint(one.class)}
                onPointerLeave={() => onPoint(null)}
              >
                <Cells one={one} known={known} highest={highestBar} similarity={similarities.get(one.class)} />
              </div>
            );
          })}
        </div>
        {found.length === 0 && view.search !== "" && (
          <p class="none">No other class has “{view.search}” in its name. Try a shorter part of it.</p>
        )}
      </div>
    </section>
  );
}

interface KnownFigures {
  accuracy: boolean;
  probabilities: boolean;
}

/** What no class of the run has is not given a column. */
function knownOf(classes: readonly ClassRow[]): KnownFigures {
  return {
    accuracy: classes.some((one) => one.accuracy !== null),
    probabilities: classes.some((one) => one.probabilities !== null),
  };
}

interface CellsProps {
  one: ClassRow;
  known: KnownFigures;
  highest: number;
  similarity: number | undefined;
}

function Cells({ one, known, highest, similarity }: CellsProps) {
  return (
    <>
      <span class="number">{one.class}</span>
      <span class="name" dir="auto" title={one.name}>
        {one.name}
      </span>
      {known.probabilities && (
        <span class="bars">
          {one.probabilities && <Histogram counts={one.probabilities} highest={highest} width={60} height={18} />}
        </span>
      )}
      {known.accuracy && <span class="accuracy">{asAccuracy(one.accuracy)}</span>}
      <span class="similarity" title={similarity === undefined ? "unknown" : `similarity ${similarity.toFixed(3)}`}>
        <span class="bar" aria-hidden="true">
          <span style={{ width: `${100 * (similarity ?? 0)}%` }} />
        </span>
        <span class="value">{similarity === undefined ? "–" : asAccuracy(similarity)}</span>
      </span>
    </>
  );
}
