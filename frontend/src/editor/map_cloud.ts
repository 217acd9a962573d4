/** A scene's points from above, kept as a picture until the map's view changes. */

import type { MapView } from "./map_view"
import type { PointCloud } from "./state"

const OPACITY = 150

export class CloudPicture {
  readonly #canvas = document.createElement("canvas")
  #drawn: readonly unknown[] = []

  /** The points as the view shows them, in pixels of the screen; null where nothing can be drawn. */
  of(cloud: PointCloud, view: MapView, ratio: number): HTMLCanvasElement | null {
    const [width, height] = view.size.map((side) => Math.max(1, Math.round(side * ratio))) as [number, number]
    const basis = [cloud, width, height, ...view.toPixel([0, 0]), view.scale]
    if (basis.every((value, index) => value === this.#drawn[index])) return this.#canvas
    this.#drawn = basis
    this.#canvas.width = width
    this.#canvas.height = height
    const context = this.#canvas.getContext("2d")
    if (!context) return null
    const picture = context.createImageData(width, height)
    const size = Math.min(Math.max(Math.round(view.scale * 0.08 * ratio), 1), 4)
    const pixels = new Uint32Array(picture.data.buffer)
    for (let index = 0; index < cloud.positions.length; index += 3) {
      const [x, y] = view.toPixel([cloud.positions[index]!, cloud.positions[index + 2]!])
      const [red, green, blue] = [cloud.colors[index]!, cloud.colors[index + 1]!, cloud.colors[index + 2]!]
      // Little-endian, as every machine that runs a browser today.
      const color = ((OPACITY << 24) | (blue << 16) | (green << 8) | red) >>> 0
      fillSquare(pixels, width, height, Math.round(x * ratio), Math.round(y * ratio), size, color)
    }
    context.putImageData(picture, 0, 0)
    return this.#canvas
  }
}

function fillSquare(
  pixels: Uint32Array,
  width: number,
  height: number,
  left: number,
  top: number,
  size: number,
  color: number,
): void {
  for (let y = Math.max(top, 0); y < Math.min(top + size, height); y++) {
    for (let x = Math.max(left, 0); x < Math.min(left + size, width); x++) pixels[y * width + x] = color
  }
}
