/** Who sees whom, and how much of the ground two agents see together. */

import { type Camera, fieldOfView, sees } from "../world/cameras"
import { type Body, corners, type Footprint } from "../world/collisions"
import { type Point, type Pose, toWorld } from "../world/poses"
import type { Occupancy } from "./occupancy"

/** Metres around an agent within which views count as shared. */
export const SIGHT = 30

export type Sight = "seen" | "hidden" | "outside"

/** Whether cameras show a body at a pose: `hidden` where it would be in a picture but something stands before it. */
export function sights(
  cameras: readonly Camera[],
  pose: Pose,
  body: Body,
  between: readonly Footprint[],
  walls: Occupancy | null,
): Sight {
  const points = boxCorners(pose, body)
  const middle = toWorld(pose, body.centre)
  const watching = cameras.filter((camera) => sees(camera, middle) || points.some((point) => sees(camera, point)))
  if (watching.length === 0) return "outside"
  const free = watching.some(({ pose: eye }) => {
    const from: Point = [eye[3]!, eye[7]!, eye[11]!]
    return !between.some((footprint) => crosses(footprint, from, middle)) && !walls?.hides(from, middle)
  })
  return free ? "seen" : "hidden"
}

/** The eight corners of a body in the world: rear ones first, below and above in turn. */
export function boxCorners(pose: Pose, { size, centre }: Body): Point[] {
  const signs = [-0.5, 0.5]
  return signs.flatMap((along) =>
    signs.flatMap((across) =>
      signs.map((up) =>
        toWorld(pose, [centre[0] + across * size[0], centre[1] + up * size[1], centre[2] + along * size[2]]),
      ),
    ),
  )
}

/** Whether a line passes over a footprint, heights left aside. */
function crosses(footprint: Footprint, from: Point, to: Point): boolean {
  const around = corners(footprint)
  return around.some((corner, index) => {
    const next = around[(index + 1) % around.length]!
    const side = (a: readonly number[], b: readonly number[], c: readonly number[]) =>
      Math.sign((b[0]! - a[0]!) * (c[1]! - a[1]!) - (b[1]! - a[1]!) * (c[0]! - a[0]!))
    const start = [from[0], from[2]]
    const end = [to[0], to[2]]
    return side(start, end, corner) !== side(start, end, next) && side(corner, next, start) !== side(corner, next, end)
  })
}

const BEARINGS = 24
const RINGS = 6

/** Share of the ground within `SIGHT` of either that is seen by one of both, and is seen by both. */
export function overlapOfViews(first: readonly Camera[], second: readonly Camera[]): number {
  const one = new Coverage(first)
  const two = new Coverage(second)
  let either = 0
  let both = 0
  for (const [here, there] of [[one, two] as const, [two, one] as const]) {
    for (let ring = 0; ring < RINGS; ring++) {
      const distance = (SIGHT * (ring + 0.5)) / RINGS
      for (let step = 0; step < BEARINGS; step++) {
        const bearing = (2 * Math.PI * step) / BEARINGS
        const x = here.x + distance * Math.sin(bearing)
        const z = here.z + distance * Math.cos(bearing)
        if (!here.holds(x, z)) continue
        // A place counts by the area around it, which grows with the distance.
        either += distance
        if (there.holds(x, z)) both += distance
      }
    }
  }
  return either > 0 ? both / either : 0
}

/** The ground that an agent's cameras see, heights left aside. */
class Coverage {
  readonly x: number
  readonly z: number
  readonly #fields: { left: number; width: number }[]

  constructor(cameras: readonly Camera[]) {
    this.x = cameras[0]!.pose[3]!
    this.z = cameras[0]!.pose[11]!
    this.#fields = cameras.flatMap((camera) => {
      const field = fieldOfView(camera)
      return field ? [{ left: field.left, width: field.right - field.left }] : []
    })
  }

  holds(x: number, z: number): boolean {
    const dx = x - this.x
    const dz = z - this.z
    if (dx * dx + dz * dz > SIGHT * SIGHT) return false
    const bearing = (Math.atan2(dx, dz) * 180) / Math.PI
    return this.#fields.some(({ left, width }) => (((bearing - left) % 360) + 360) % 360 <= width)
  }
}
