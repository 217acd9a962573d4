/** Which cameras see a body, and how much of the ground two agents see together. */

import { type Camera, fieldOfView, sees } from "../world/cameras"
import { type Body, corners, type Footprint } from "../world/collisions"
import { type Point, type Pose, toWorld } from "../world/poses"

/** Metres around an agent within which views count as shared. */
export const SIGHT = 30

/** Cameras that have a body in their picture, whatever stands before it: its middle or one of its corners. */
export function camerasOn(cameras: readonly Camera[], middle: Point, corners: readonly Point[]): Camera[] {
  return cameras.filter((camera) => sees(camera, middle) || corners.some((corner) => sees(camera, corner)))
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

/** Whether the line from a camera to a point passes over a footprint, heights left aside. */
export function crosses(footprint: Footprint, camera: Camera, to: Point): boolean {
  const x = camera.pose[3]!
  const z = camera.pose[11]!
  if (isApart(footprint, x, z, to[0] - x, to[2] - z)) return false
  const around = corners(footprint)
  return around.some((corner, index) => {
    const next = around[(index + 1) % around.length]!
    return (
      side(x, z, to[0], to[2], corner) !== side(x, z, to[0], to[2], next) &&
      side(...corner, ...next, [x, z]) !== side(...corner, ...next, [to[0], to[2]])
    )
  })
}

/** Whether a line from (x, z) by (dx, dz) keeps out of the circle around a footprint, as nearly all do. */
function isApart({ centre, halfWidth, halfLength }: Footprint, x: number, z: number, dx: number, dz: number): boolean {
  const cx = centre[0] - x
  const cz = centre[1] - z
  const along = Math.min(Math.max((cx * dx + cz * dz) / (dx * dx + dz * dz || 1), 0), 1)
  const missX = cx - along * dx
  const missZ = cz - along * dz
  return missX * missX + missZ * missZ > halfWidth * halfWidth + halfLength * halfLength
}

/** On which side of the line from a to b a point lies. */
function side(ax: number, az: number, bx: number, bz: number, [x, z]: readonly [number, number]): number {
  return Math.sign((bx - ax) * (z - az) - (bz - az) * (x - ax))
}

const BEARINGS = Array.from({ length: 24 }, (_, step) => step * 15)
const DIRECTIONS = BEARINGS.map((bearing) => {
  const angle = (bearing * Math.PI) / 180
  return [Math.sin(angle), Math.cos(angle)] as const
})
const RINGS = Array.from({ length: 6 }, (_, ring) => (SIGHT * (ring + 0.5)) / 6)

/** The ground that an agent's cameras see, heights left aside. */
export class Coverage {
  readonly #x: number
  readonly #z: number
  readonly #fields: { left: number; width: number }[]
  /** Which of `BEARINGS` are in view. */
  readonly #around: boolean[]

  constructor(cameras: readonly Camera[]) {
    this.#x = cameras[0]!.pose[3]!
    this.#z = cameras[0]!.pose[11]!
    this.#fields = cameras.flatMap((camera) => {
      const field = fieldOfView(camera)
      return field ? [{ left: field.left, width: field.right - field.left }] : []
    })
    this.#around = BEARINGS.map((bearing) => this.#isAt(bearing))
  }

  /** Share of the ground within `SIGHT` of either that is seen by one of both, and is seen by both. */
  overlapWith(other: Coverage): number {
    if (Math.hypot(other.#x - this.#x, other.#z - this.#z) >= 2 * SIGHT) return 0
    const [here, there] = [this.#seenBy(other), other.#seenBy(this)]
    const either = here.seen + there.seen
    return either > 0 ? (here.both + there.both) / either : 0
  }

  /** How much ground around here is in view, and how much of it in view from the other. */
  #seenBy(other: Coverage): { seen: number; both: number } {
    let [seen, both] = [0, 0]
    this.#around.forEach((isInView, index) => {
      if (!isInView) return
      const [sine, cosine] = DIRECTIONS[index]!
      for (const distance of RINGS) {
        // A place counts by the area around it, which grows with the distance.
        seen += distance
        if (other.#holds(this.#x + distance * sine, this.#z + distance * cosine)) both += distance
      }
    })
    return { seen, both }
  }

  #holds(x: number, z: number): boolean {
    const [dx, dz] = [x - this.#x, z - this.#z]
    return dx * dx + dz * dz <= SIGHT * SIGHT && this.#isAt((Math.atan2(dx, dz) * 180) / Math.PI)
  }

  #isAt(bearing: number): boolean {
    return this.#fields.some(({ left, width }) => (((bearing - left) % 360) + 360) % 360 <= width)
  }
}
