/** Which part of the ground the map shows: x to the right, z upwards. */

import { roundStep } from "../appearance/scales"
import type { Drawing } from "../world/drawing"

/** x and z in metres. */
export type Ground = readonly [x: number, z: number]

const NEAREST = 400
const FARTHEST = 0.5

export class MapView {
  #middle: Ground = [0, 0]
  /** Pixels per metre. */
  #scale = 10
  #size: readonly [number, number] = [1, 1]

  get scale(): number {
    return this.#scale
  }

  get size(): readonly [number, number] {
    return this.#size
  }

  resize(width: number, height: number): void {
    this.#size = [Math.max(1, width), Math.max(1, height)]
  }

  toPixel([x, z]: Ground): [number, number] {
    return [
      this.#size[0] / 2 + (x - this.#middle[0]) * this.#scale,
      this.#size[1] / 2 - (z - this.#middle[1]) * this.#scale,
    ]
  }

  toGround([x, y]: readonly [number, number]): [number, number] {
    return [
      this.#middle[0] + (x - this.#size[0] / 2) / this.#scale,
      this.#middle[1] - (y - this.#size[1] / 2) / this.#scale,
    ]
  }

  pan(dx: number, dy: number): void {
    this.#middle = [this.#middle[0] - dx / this.#scale, this.#middle[1] + dy / this.#scale]
  }

  /** Zoom by a factor; the ground under a pixel stays where it is. */
  zoom(factor: number, pixel: readonly [number, number] = [this.#size[0] / 2, this.#size[1] / 2]): void {
    const fixed = this.toGround(pixel)
    this.#scale = Math.min(Math.max(this.#scale * factor, FARTHEST), NEAREST)
    const moved = this.toGround(pixel)
    this.#middle = [this.#middle[0] + fixed[0] - moved[0], this.#middle[1] + fixed[1] - moved[1]]
  }

  /** Show all waypoints with room around them; an empty drawing shows 40 m. */
  fit(drawing: Drawing): void {
    const points = drawing.agents.flatMap((agent) =>
      agent.waypoints.map(({ position }): Ground => [position[0], position[2]]),
    )
    const [low, high] = [Math.min, Math.max].map((extreme): Ground => {
      return points.length > 0
        ? [extreme(...points.map(([x]) => x)), extreme(...points.map(([, z]) => z))]
        : [extreme(-16, 16), extreme(-16, 16)]
    }) as [Ground, Ground]
    const [width, height] = [high[0] - low[0] + 10, high[1] - low[1] + 10]
    this.#middle = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2]
    this.#scale = Math.min(Math.max(Math.min(this.#size[0] / width, this.#size[1] / height), FARTHEST), 40)
  }

  /** Metres between grid lines: 1, 2 or 5 times a power of ten, so that lines are at least `pixels` apart. */
  gridSpacing(pixels: number): number {
    return roundStep(pixels / this.#scale)
  }
}
