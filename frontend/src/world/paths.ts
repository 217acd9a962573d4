/**
 * Paths through waypoints: the same curves, speeds and headings as `path_from_waypoints` in world/paths.py. The fixtures
 * in tests/fixtures/drawings.json hold both to it.
 */

import { type Point, type Pose, uprightPose, wrapped } from "./poses"
import { type Cubic, evaluate, hermite, intervalOf, monotoneSlopes, naturalCubics, slope } from "./splines"

export const EASINGS = ["constant", "ease_in", "ease_out", "ease_in_out"] as const

/** How an agent gets going and stops: at once, from rest, to rest, or both. */
export type Easing = (typeof EASINGS)[number]

/** A place to be at a time. */
export interface Waypoint {
  /** Seconds. */
  readonly time: number
  /** Metres; up is -y. */
  readonly position: Point
  /** Heading in degrees to look at there; null looks along the path. */
  readonly yaw: number | null
  /** Metres per second there; null takes what a smooth drive between the times gives. */
  readonly speed: number | null
}

/** Waypoints closer than this many metres are the same place. */
const STANDING = 1e-6

const DEGREE = Math.PI / 180

/** Where an agent is and where it looks, at any time. */
export interface Path {
  /** Agent-to-world pose at a time in seconds; before the first and after the last waypoint the agent stands there. */
  poseAt(time: number): Pose
}

/** The path through waypoints in order of time, at least one. */
export function pathThrough(waypoints: readonly Waypoint[], easing: Easing): Path {
  const first = waypoints[0]!
  if (waypoints.length === 1) {
    const standing = uprightPose(first.position, first.yaw ?? 0)
    return { poseAt: () => standing }
  }
  const times = waypoints.map((waypoint) => waypoint.time)
  const curve = new Curve(waypoints)
  const slopes = travelSlopes(waypoints, times, curve, easing)
  const headings = new Headings(waypoints, times, curve)
  const length = curve.distances.at(-1)!
  return {
    poseAt(time) {
      const clamped = Math.min(Math.max(time, times[0]!), times.at(-1)!)
      const segment = intervalOf(times, clamped)
      const travelled = Math.min(Math.max(hermite(times, curve.distances, slopes, clamped), 0), length)
      return uprightPose(curve.position(segment, travelled), headings.at(segment, clamped, travelled))
    },
  }
}

/** Shape of the way through the waypoints; segment i leads from waypoint i to i + 1. */
class Curve {
  /** Summed straight-line distance from the first waypoint. */
  readonly distances: number[]
  readonly #segments: { origin: number; cubics: readonly [Cubic, Cubic, Cubic] }[]

  constructor(waypoints: readonly Waypoint[]) {
    const chords = waypoints.slice(1).map((waypoint, index) => {
      const before = waypoints[index]!.position
      const length = Math.hypot(...waypoint.position.map((value, axis) => value - before[axis]!))
      return length < STANDING ? 0 : length
    })
    this.distances = [0]
    for (const chord of chords) this.distances.push(this.distances.at(-1)! + chord)
    const moving = chords.flatMap((chord, index) => (chord > 0 ? [index] : []))
    this.#segments = moving.length > 0 ? this.#moving(waypoints, moving) : this.#still(waypoints)
  }

  #still(waypoints: readonly Waypoint[]) {
    return waypoints.slice(1).map(({ position }, index) => {
      const cubics = position.map((value): Cubic => [0, 0, 0, value])
      return { origin: this.distances[index]!, cubics: cubics as unknown as [Cubic, Cubic, Cubic] }
    })
  }

  /** Every segment, standing or not, takes the last moving segment up to it, or the first one if there is none. */
  #moving(waypoints: readonly Waypoint[], moving: readonly number[]) {
    const known = new Map<number, readonly [Cubic, Cubic, Cubic]>()
    for (const piece of splitAtTurns(moving, waypoints)) {
      const ends = [...piece, piece.at(-1)! + 1]
      const knots = ends.map((end) => this.distances[end]!)
      const [x, y, z] = [0, 1, 2].map((axis) =>
        naturalCubics(
          knots,
          ends.map((end) => waypoints[end]!.position[axis]!),
        ),
      ) as [Cubic[], Cubic[], Cubic[]]
      piece.forEach((segment, index) => {
        known.set(segment, [x[index]!, y[index]!, z[index]!])
      })
    }
    let used = moving[0]!
    return waypoints.slice(1).map((_, index) => {
      if (known.has(index)) used = index
      return { origin: this.distances[used]!, cubics: known.get(used)! }
    })
  }

  position(segment: number, travelled: number): Point {
    const { origin, cubics } = this.#segments[segment]!
    const [x, y, z] = cubics
    const along = travelled - origin
    return [evaluate(x, along), evaluate(y, along), evaluate(z, along)]
  }

  /** Derivative of the position by the distance; of about unit length, 0 where the agent never moves. */
  tangent(segment: number, travelled: number): Point {
    const { origin, cubics } = this.#segments[segment]!
    const [x, y, z] = cubics
    const along = travelled - origin
    return [slope(x, along), slope(y, along), slope(z, along)]
  }

  /** Degrees of the tangent over the ground; NaN where it is vertical or the agent never moves. */
  heading(segment: number, travelled: number): number {
    const [x, , z] = this.tangent(segment, travelled)
    return Math.hypot(x, z) > STANDING ? Math.atan2(x, z) / DEGREE : Number.NaN
  }
}

/** Moving segments in groups that share one smooth spline: cut where the agent stands and a yaw is given. */
function splitAtTurns(moving: readonly number[], waypoints: readonly Waypoint[]): number[][] {
  const pieces: number[][] = [[]]
  moving.forEach((segment, index) => {
    const before = moving[index - 1]
    const standing = before === undefined ? [] : waypoints.slice(before + 1, segment + 1)
    if (standing.length > 1 && standing.some((waypoint) => waypoint.yaw !== null)) pieces.push([])
    pieces.at(-1)!.push(segment)
  })
  return pieces
}

/** Speed along the curve at every waypoint: never backwards, as given, and at rest at the eased ends. */
function travelSlopes(
  waypoints: readonly Waypoint[],
  times: readonly number[],
  curve: Curve,
  easing: Easing,
): number[] {
  const slopes = monotoneSlopes(times, curve.distances)
  const means = times.slice(1).map((time, index) => {
    return (curve.distances[index + 1]! - curve.distances[index]!) / (time - times[index]!)
  })
  waypoints.forEach((waypoint, index) => {
    if (waypoint.speed === null) return
    const segment = Math.min(index, waypoints.length - 2)
    const stretch = Math.max(Math.hypot(...curve.tangent(segment, curve.distances[index]!)), STANDING)
    const slower = Math.min(means[index - 1] ?? Infinity, means[index] ?? Infinity)
    slopes[index] = Math.min(waypoint.speed / stretch, 3 * slower)
  })
  if (easing === "ease_in" || easing === "ease_in_out") slopes[0] = 0
  if (easing === "ease_out" || easing === "ease_in_out") slopes[slopes.length - 1] = 0
  return slopes
}

/** Headings in degrees: the tangent's, and the given yaws where there are some. */
class Headings {
  readonly #ends: readonly (readonly [number, number])[]
  readonly #givenTimes: number[]
  readonly #givenYaws: number[]
  readonly #givenSlopes: number[]

  constructor(
    private readonly waypoints: readonly Waypoint[],
    private readonly times: readonly number[],
    private readonly curve: Curve,
  ) {
    const ends = waypoints
      .slice(1)
      .flatMap((_, index) => [
        curve.heading(index, curve.distances[index]!),
        curve.heading(index, curve.distances[index + 1]!),
      ])
    const filled = keepLast(ends)
    this.#ends = waypoints.slice(1).map((_, index) => [filled[2 * index]!, filled[2 * index + 1]!])
    const given = waypoints.filter((waypoint) => waypoint.yaw !== null)
    this.#givenTimes = given.map((waypoint) => waypoint.time)
    this.#givenYaws = unwrapped(given.map((waypoint) => waypoint.yaw!))
    this.#givenSlopes = given.length > 1 ? monotoneSlopes(this.#givenTimes, this.#givenYaws) : []
  }

  at(segment: number, time: number, travelled: number): number {
    const from = this.waypoints[segment]!.yaw
    const to = this.waypoints[segment + 1]!.yaw
    if (from !== null && to !== null) return hermite(this.#givenTimes, this.#givenYaws, this.#givenSlopes, time)
    const [start, end] = this.#ends[segment]!
    const tangent = this.curve.heading(segment, travelled)
    const along = Number.isNaN(tangent) ? start : tangent
    const progress = (time - this.times[segment]!) / (this.times[segment + 1]! - this.times[segment]!)
    const blend = progress * progress * (3 - 2 * progress)
    const awayAtStart = from === null ? 0 : wrapped(from - start)
    const awayAtEnd = to === null ? 0 : wrapped(to - end)
    return along + awayAtStart * (1 - blend) + awayAtEnd * blend
  }
}

/** NaN filled with the value before it, at the beginning with the first value after it, or with 0 if all are NaN. */
function keepLast(headings: readonly number[]): number[] {
  let last = headings.find((heading) => !Number.isNaN(heading)) ?? 0
  return headings.map((heading) => {
    if (!Number.isNaN(heading)) last = heading
    return last
  })
}

/** Angles in degrees with multiples of 360 added so that each is within 180 of the one before, as numpy.unwrap. */
function unwrapped(angles: readonly number[]): number[] {
  const result: number[] = []
  for (const angle of angles) {
    const before = result.at(-1)
    if (before === undefined) {
      result.push(angle)
      continue
    }
    const change = angle - angles[result.length - 1]!
    const turn = wrapped(change)
    result.push(before + (turn === -180 && change > 0 ? 180 : turn))
  }
  return result
}
