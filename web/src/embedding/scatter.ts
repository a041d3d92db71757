// The class embedding on a canvas: points that move to their new places, zoom, pan, pointing and clicking.

import { type Quadtree, quadtree } from "d3-quadtree";
import { select } from "d3-selection";
import { type ZoomBehavior, type ZoomTransform, zoom, zoomIdentity } from "d3-zoom";
import { colours } from "../style/colours";
import { fitted, type Place, roomForLabels } from "./placing";

const ZOOM = { lowest: 0.5, highest: 150 };
const MOVE_MS = 900;
const POINT_PX = 3;
/** How far from a point the pointer may be to be at it. */
const REACH_PX = 12;
const LABEL_PX = 15;
/** Labels of all points are tried from this zoom on, or where there are no more points than this. */
const LABELS_FROM = { zoom: 4, points: 60 };

export interface Marks {
  selected: number | null;
  pointed: number | null;
  shown: ReadonlySet<number>;
  names: ReadonlyMap<number, string>;
}

interface Calls {
  onPoint: (of_class: number | null) => void;
  onPick: (of_class: number) => void;
}

export class Scatter {
  private readonly context: CanvasRenderingContext2D;
  private readonly zooming: ZoomBehavior<HTMLCanvasElement, unknown>;
  private readonly observer: ResizeObserver;
  private transform: ZoomTransform = zoomIdentity;
  private targets: readonly Place[] = [];
  private places: Place[] = [];
  private tree: Quadtree<Place> = quadtree<Place>();
  private marks: Marks = { selected: null, pointed: null, shown: new Set(), names: new Map() };
  private frame = 0;
  private size = { width: 0, height: 0 };

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly calls: Calls,
  ) {
    const context = canvas.getContext("2d");
    if (context === null) throw new Error("this browser has no canvas");
    this.context = context;
    this.zooming = zoom<HTMLCanvasElement, unknown>()
      .scaleExtent([ZOOM.lowest, ZOOM.highest])
      .on("zoom", ({ transform }) => {
        this.transform = transform;
        this.schedule();
      });
    select(canvas)
      .call(this.zooming)
      .on("pointermove", (event: PointerEvent) => this.point(event))
      .on("pointerleave", () => this.calls.onPoint(null))
      .on("click", (event: PointerEvent) => {
        const place = this.at(event);
        if (place !== undefined) this.calls.onPick(place.of_class);
      });
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(canvas);
  }

  /** Goes to these places, from where the points are now; `still` puts them there at once. */
  move(targets: readonly Place[], still: boolean): void {
    this.targets = targets;
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const ends = fitted(targets, this.size.width, this.size.height);
    const starts = new Map(this.places.map((place) => [place.of_class, place]));
    const calm = still || starts.size === 0 || window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (calm) {
      this.settle(ends);
      return;
    }
    const begin = performance.now();
    const step = (now: number) => {
      const part = Math.min(1, Math.max(0, (now - begin) / MOVE_MS));
      const eased = 1 - (1 - part) ** 3;
      this.places = ends.map((end) => {
        const start = starts.get(end.of_class) ?? end;
        return {
          of_class: end.of_class,
          x: start.x + (end.x - start.x) * eased,
          y: start.y + (end.y - start.y) * eased,
        };
      });
      this.frame = 0;
      if (part < 1) {
        this.draw();
        this.frame = requestAnimationFrame(step);
      } else this.settle(ends);
    };
    this.frame = requestAnimationFrame(step);
  }

  mark(marks: Marks): void {
    this.marks = marks;
    this.schedule();
  }

  resetZoom(): void {
    select(this.canvas).call(this.zooming.transform, zoomIdentity);
  }

  zoomBy(factor: number): void {
    select(this.canvas).call(this.zooming.scaleBy, factor);
  }

  redraw(): void {
    this.schedule();
  }

  close(): void {
    cancelAnimationFrame(this.frame);
    this.observer.disconnect();
    select(this.canvas).on(".zoom", null).on("pointermove pointerleave click", null);
  }

  private settle(ends: Place[]): void {
    this.places = ends;
    this.tree = quadtree<Place>(
      ends,
      (place) => place.x,
      (place) => place.y,
    );
    this.schedule();
  }

  private resize(): void {
    const { clientWidth, clientHeight } = this.canvas;
    const sharpness = window.devicePixelRatio || 1;
    this.size = { width: clientWidth, height: clientHeight };
    this.canvas.width = Math.round(clientWidth * sharpness);
    this.canvas.height = Math.round(clientHeight * sharpness);
    this.move(this.targets, true);
  }

  private at(event: PointerEvent): Place | undefined {
    const [x, y] = this.transform.invert([event.offsetX, event.offsetY]);
    return this.tree.find(x, y, REACH_PX / this.transform.k);
  }

  private point(event: PointerEvent): void {
    const place = this.at(event);
    this.canvas.classList.toggle("at-point", place !== undefined);
    if ((place?.of_class ?? null) !== this.marks.pointed) this.calls.onPoint(place?.of_class ?? null);
  }

  private schedule(): void {
    if (this.frame !== 0) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  private draw(): void {
    const { context, transform, marks } = this;
    const sharpness = window.devicePixelRatio || 1;
    const palette = colours(this.canvas);
    context.setTransform(sharpness, 0, 0, sharpness, 0, 0);
    context.clearRect(0, 0, this.size.width, this.size.height);
    const drawn = this.places.map((place) => ({
      of_class: place.of_class,
      x: transform.applyX(place.x),
      y: transform.applyY(place.y),
    }));
    const inSight = drawn.filter(
      ({ x, y }) => x > -10 && y > -10 && x < this.size.width + 10 && y < this.size.height + 10,
    );
    // Squares of the canvas are cheap, thousands of arcs are not; at three pixels nobody sees a corner.
    const dot = (place: Place, radius: number, colour: string) => {
      context.fillStyle = colour;
      if (inSight.length > 1500 && radius <= POINT_PX) {
        context.fillRect(place.x - radius + 0.5, place.y - radius + 0.5, 2 * radius - 1, 2 * radius - 1);
        return;
      }
      context.beginPath();
      context.arc(place.x, place.y, radius, 0, 2 * Math.PI);
      context.fill();
    };
    context.globalAlpha = 0.65;
    for (const place of inSight) if (!marks.shown.has(place.of_class)) dot(place, POINT_PX, palette.point);
    context.globalAlpha = 1;
    for (const place of inSight) if (marks.shown.has(place.of_class)) dot(place, POINT_PX, palette.shown);
    const special = inSight.filter(({ of_class }) => of_class === marks.pointed || of_class === marks.selected);
    for (const place of special) {
      dot(place, 7, palette.surface);
      dot(place, 5.5, place.of_class === marks.selected ? palette.selected : palette.pointed);
    }
    this.label(inSight, special, palette);
  }

  private label(inSight: readonly Place[], special: readonly Place[], palette: ReturnType<typeof colours>): void {
    const { context, marks } = this;
    context.font = `12px ${palette.font}`;
    context.textBaseline = "middle";
    const all = this.transform.k >= LABELS_FROM.zoom || this.places.length <= LABELS_FROM.points;
    const chosen = new Set(special.map((place) => place.of_class));
    const candidates = [...special];
    if (all) {
      candidates.push(...inSight.filter(({ of_class }) => marks.shown.has(of_class) && !chosen.has(of_class)));
      candidates.push(...inSight.filter(({ of_class }) => !marks.shown.has(of_class) && !chosen.has(of_class)));
    }
    const labels = candidates.slice(0, 400).map((place) => {
      const name = marks.names.get(place.of_class) ?? String(place.of_class);
      const width = context.measureText(name).width;
      // Left of its point where it would be cut at the right edge.
      const isCut = place.x + 8 + width > this.size.width;
      return { ...place, name, width, x: isCut ? Math.max(2, place.x - 8 - width) : place.x + 8 };
    });
    for (const { of_class, name, x, y } of roomForLabels(labels, LABEL_PX)) {
      context.lineWidth = 3;
      context.strokeStyle = palette.surface;
      context.strokeText(name, x, y);
      context.fillStyle = chosen.has(of_class) ? palette.ink : palette.soft;
      context.fillText(name, x, y);
    }
  }
}
