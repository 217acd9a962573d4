/** How far apart bodies are over the ground, as world/collisions.py computes it. */

import { type Pose, toWorld } from "./poses"

/** An upright box around an agent: sizes along its x, y and z axes and its centre in the agent's frame, in metres. */
export interface Body {
  readonly size: readonly [width: number, height: number, length: number]
  readonly centre: readonly [number, number, number]
}

type Ground = readonly [x: number, z: number]

/** An oriented rectangle on the ground. */
export interface Footprint {
  readonly centre: Ground
  /** Unit vector along the length. */
  readonly forward: Ground
  readonly halfWidth: number
  readonly halfLength: number
}

/** The footprint of a body at an agent's pose; pitch and roll are ignored. */
export function footprint(pose: Pose, body: Body): Footprint {
  const [x, , z] = toWorld(pose, body.centre)
  const length = Math.hypot(pose[2]!, pose[10]!)
  return {
    centre: [x, z],
    forward: length > 1e-9 ? [pose[2]! / length, pose[10]! / length] : [0, 1],
    halfWidth: body.size[0] / 2,
    halfLength: body.size[2] / 2,
  }
}

/** Corners in order around the rectangle, from the rear left one. */
export function corners({ centre, forward, halfWidth, halfLength }: Footprint): Ground[] {
  const signs: Ground[] = [
    [-1, -1],
    [1, -1],
    [1, 1],
    [-1, 1],
  ]
  return signs.map(([across, along]) => [
    centre[0] + across * halfWidth * forward[1] + along * halfLength * forward[0],
    centre[1] - across * halfWidth * forward[0] + along * halfLength * forward[1],
  ])
}

/** Metres between two footprints; where they overlap, minus the shortest way to push them apart. */
export function separation(first: Footprint, second: Footprint): number {
  const gap = Math.max(axisGap(first, second), axisGap(second, first))
  if (gap <= 0) return gap
  return Math.min(cornerDistance(first, second), cornerDistance(second, first))
}

/** Distance of the nearest corner of the first to the second rectangle. */
function cornerDistance(first: Footprint, second: Footprint): number {
  const distances = corners(first).map(([x, z]) => {
    const offset: Ground = [x - second.centre[0], z - second.centre[1]]
    const across = Math.max(
      Math.abs(offset[0] * second.forward[1] - offset[1] * second.forward[0]) - second.halfWidth,
      0,
    )
    const along = Math.max(
      Math.abs(offset[0] * second.forward[0] + offset[1] * second.forward[1]) - second.halfLength,
      0,
    )
    return Math.hypot(across, along)
  })
  return Math.min(...distances)
}

/** Largest gap along the two axes of the first; negative where the projections overlap on both. */
function axisGap(first: Footprint, second: Footprint): number {
  const offset: Ground = [second.centre[0] - first.centre[0], second.centre[1] - first.centre[1]]
  const axes: [Ground, number][] = [
    [[first.forward[1], -first.forward[0]], first.halfWidth],
    [first.forward, first.halfLength],
  ]
  const gaps = axes.map(([axis, half]) => {
    const across = Math.abs(axis[0] * second.forward[1] - axis[1] * second.forward[0]) * second.halfWidth
    const along = Math.abs(axis[0] * second.forward[0] + axis[1] * second.forward[1]) * second.halfLength
    return Math.abs(axis[0] * offset[0] + axis[1] * offset[1]) - half - across - along
  })
  return Math.max(...gaps)
}
