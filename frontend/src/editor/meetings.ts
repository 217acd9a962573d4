/** How every two agents meet, frame by frame: how far apart they are, who sees whom, and what both see. */

import type { Camera } from "../world/cameras"
import { separation } from "../world/collisions"
import { positionOf } from "../world/poses"
import type { AgentMotion } from "./motion"
import type { Occupancy } from "./occupancy"
import { camerasOn, crosses } from "./sight"

/** Two agents at every frame. */
export interface Meeting {
  readonly first: number
  readonly second: number
  /** Metres between the bodies, negative where they overlap. */
  readonly separations: readonly number[]
  /** Whether the first sees the second, and the second the first. */
  readonly firstSees: readonly boolean[]
  readonly secondSees: readonly boolean[]
  /** Whether something stands between them. */
  readonly hidden: readonly boolean[]
  /** Share of the ground that either sees nearby which both see, 0 to 1. */
  readonly overlaps: readonly number[]
}

/** Frames for which the overlap of views is computed at most; it changes slowly, and long clips must stay quick. */
const FINEST_OVERLAPS = 160

export function meetingsOf(agents: readonly AgentMotion[], walls: Occupancy | null): Meeting[] {
  return agents.flatMap((one, first) =>
    agents.slice(first + 1).map((two, offset) => {
      const second = first + 1 + offset
      const { separations, overlaps, there, back } = pairOf(one, two, walls)
      const others = agents.filter((_, index) => index !== first && index !== second)
      const firstSees = there.map((view, frame) => isFree(view, two, others, frame))
      const secondSees = back.map((view, frame) => isFree(view, one, others, frame))
      const hidden = there.map(
        ({ isInPicture }, frame) =>
          (isInPicture && !firstSees[frame]) || (back[frame]!.isInPicture && !secondSees[frame]),
      )
      return { first, second, separations, firstSees, secondSees, hidden, overlaps }
    }),
  )
}

/** What does not depend on further agents. */
interface Pair {
  readonly separations: readonly number[]
  readonly overlaps: readonly number[]
  readonly there: readonly Look[]
  readonly back: readonly Look[]
}

/** One agent looks at another. */
interface Look {
  readonly isInPicture: boolean
  /** Cameras that show it, as far as walls do not hide it. */
  readonly cameras: readonly Camera[]
}

/** Pairs by both agents' motions, of which a drag changes few; they go with the motions. */
const pairs = new WeakMap<AgentMotion, WeakMap<AgentMotion, { walls: Occupancy | null; pair: Pair }>>()

function pairOf(one: AgentMotion, two: AgentMotion, walls: Occupancy | null): Pair {
  let known = pairs.get(one)
  if (!known) pairs.set(one, (known = new WeakMap()))
  const before = known.get(two)
  if (before?.walls === walls) return before.pair
  const pair = newPair(one, two, walls)
  known.set(two, { walls, pair })
  return pair
}

function newPair(one: AgentMotion, two: AgentMotion, walls: Occupancy | null): Pair {
  const stride = Math.ceil(one.moments.length / FINEST_OVERLAPS)
  const overlaps: number[] = []
  one.moments.forEach(({ coverage }, frame) => {
    overlaps.push(frame % stride === 0 ? coverage.overlapWith(two.moments[frame]!.coverage) : overlaps.at(-1)!)
  })
  return {
    separations: one.moments.map(({ footprint }, frame) => separation(footprint, two.moments[frame]!.footprint)),
    overlaps,
    there: looks(one, two, walls),
    back: looks(two, one, walls),
  }
}

function looks(from: AgentMotion, to: AgentMotion, walls: Occupancy | null): Look[] {
  return from.moments.map(({ cameras }, frame) => {
    const { middle, corners } = to.moments[frame]!
    const showing = camerasOn(cameras, middle, corners)
    const isOpen = ({ pose }: Camera) => !walls?.hides(positionOf(pose), middle)
    return { isInPicture: showing.length > 0, cameras: showing.filter(isOpen) }
  })
}

/** Whether a look reaches the other past all further agents. */
function isFree({ cameras }: Look, to: AgentMotion, others: readonly AgentMotion[], frame: number): boolean {
  const { middle } = to.moments[frame]!
  return cameras.some((camera) => !others.some((agent) => crosses(agent.moments[frame]!.footprint, camera, middle)))
}
