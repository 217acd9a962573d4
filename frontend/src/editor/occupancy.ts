/** Where the points of a scene stand in the way, in cells of the ground. */

import type { Point } from "../world/poses"

/** Side of a cell in metres. */
const CELL = 0.5
/** Metres above the ground between which points count: the ground itself and roofs hide nobody. */
const LOWEST = 0.4
const HIGHEST = 2.2
/** Points that make a cell a wall; single ones are noise. */
const ENOUGH = 3
/** Metres around both ends that count as the agents themselves. */
const OWN = 2.5

export class Occupancy {
  readonly #cells = new Map<number, number>()

  /** `positions` holds x, y, z of every point in metres, up is -y. */
  constructor(positions: Float32Array) {
    for (let index = 0; index < positions.length; index += 3) {
      const height = -positions[index + 1]!
      if (height < LOWEST || height > HIGHEST) continue
      const key = cellOf(positions[index]!, positions[index + 2]!)
      this.#cells.set(key, (this.#cells.get(key) ?? 0) + 1)
    }
  }

  /** Whether a wall stands on the straight way between two places. */
  hides(from: Point, to: Point): boolean {
    const dx = to[0] - from[0]
    const dz = to[2] - from[2]
    const length = Math.hypot(dx, dz)
    for (let along = OWN; along < length - OWN; along += CELL / 2) {
      const key = cellOf(from[0] + (dx * along) / length, from[2] + (dz * along) / length)
      if ((this.#cells.get(key) ?? 0) >= ENOUGH) return true
    }
    return false
  }
}

/** One number for a cell, the same for no other within a hundred kilometres. */
function cellOf(x: number, z: number): number {
  return Math.floor(x / CELL) * 2 ** 20 + Math.floor(z / CELL)
}
