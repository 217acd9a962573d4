/**
 * A drawing: agents with waypoints, as a graph holds it. The text is JSON with a version; world/drawing/text.py
 * describes it and reads the same.
 */

import type { Body } from "./collisions"
import { type Easing, type Path, pathThrough, type Waypoint } from "./paths"
import type { Rig } from "./rigs"

/** Motion that a model is known to follow; what exceeds it is marked. */
export interface Limits {
  /** Metres per second of a moving agent. */
  readonly slowest: number
  readonly fastest: number
  /** Metres from frame to frame. */
  readonly step: number
  /** Degrees from frame to frame. */
  readonly turn: number
}

export interface DrawnAgent {
  readonly name: string
  /** In order of time, none before 0 s. */
  readonly waypoints: readonly Waypoint[]
  readonly body: Body | null
  /** Null gives the four views of a car. */
  readonly rig: Rig | null
  readonly easing: Easing
}

export interface Drawing {
  readonly agents: readonly DrawnAgent[]
  readonly limits: Limits
}

export const DEFAULT_LIMITS: Limits = { slowest: 0, fastest: 15, step: 2, turn: 20 }

export const EMPTY_DRAWING: Drawing = { agents: [], limits: DEFAULT_LIMITS }

/** The path of an agent on a clock that begins at 0 s; until its first waypoint it stands there. */
export function pathOf(agent: DrawnAgent): Path {
  const first = agent.waypoints[0]!
  const waypoints = first.time > 0 ? [{ ...first, time: 0, speed: null }, ...agent.waypoints] : agent.waypoints
  return pathThrough(waypoints, agent.easing)
}
