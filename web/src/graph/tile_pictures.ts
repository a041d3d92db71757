// The neurons' pictures, cut out of the graph's one atlas, on the canvas of the edges and above them.

import type { ZoomTransform } from "d3-zoom";
import { pictureAddress } from "../neuron/pictures";
import type { Atlas } from "../service/answers";
import { colours } from "../style/colours";
import type { PlacedNode } from "./layout";

/** The tile's frame is drawn around the picture. */
const FRAME = 1;
const DIMMED = 0.22;

export class TilePictures {
  private atlas: Atlas | null = null;
  private image: HTMLImageElement | null = null;
  private nodes: readonly PlacedNode[] = [];

  /** `onLoad` is told when there is something new to draw. */
  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly onLoad: () => void,
  ) {}

  place(nodes: readonly PlacedNode[], atlas: Atlas | null): void {
    this.nodes = atlas === null ? [] : nodes.filter(({ node }) => node.pictures !== null);
    this.canvas.dataset.pictures = "0";
    if (atlas?.path === this.atlas?.path) return;
    this.atlas = atlas;
    this.image = null;
    if (atlas === null) return;
    const image = new Image();
    image.onload = () => {
      // A graph that was chosen meanwhile has another atlas.
      if (this.atlas?.path !== atlas.path) return;
      this.image = image;
      this.onLoad();
    };
    image.src = pictureAddress(atlas.path);
  }

  /** Draws those in sight; `bright` names the tiles that are not dimmed, null: all. */
  draw(transform: ZoomTransform, bright: ReadonlySet<string> | null): void {
    const context = this.canvas.getContext("2d");
    const { image, atlas } = this;
    if (context === null || atlas === null) return;
    const sharpness = window.devicePixelRatio || 1;
    const { k, x, y } = transform;
    context.setTransform(sharpness, 0, 0, sharpness, 0, 0);
    context.imageSmoothingQuality = "high";
    context.fillStyle = colours(this.canvas).ground;
    for (const place of this.nodes) {
      const cell = place.node.pictures;
      if (cell === null) continue;
      const side = (place.side - 2 * FRAME) * k;
      const [left, top] = [place.x * k + x - side / 2, place.y * k + y - side / 2];
      const isDimmed = bright !== null && !bright.has(place.node.neuron);
      context.globalAlpha = 1;
      // No edge shows through a picture that is dimmed, not there yet, or without pixels beyond its image's border.
      context.fillRect(left, top, side, side);
      if (image === null) continue;
      context.globalAlpha = isDimmed ? DIMMED : 1;
      context.drawImage(image, cell.x, cell.y, atlas.side, atlas.side, left, top, side, side);
    }
    context.globalAlpha = 1;
    this.canvas.dataset.pictures = String(image === null ? 0 : this.nodes.length);
  }
}
