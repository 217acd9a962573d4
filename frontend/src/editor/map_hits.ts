/** What lies under the pointer on the map. */

import { corners, footprint } from "../world/collisions"
import { headingOf } from "../world/poses"
import type { Ground, MapView } from "./map_view"
import { bodyOf, type Motion } from "./motion"
import { type Place, waypointAt } from "./selection"
import type { EditorState } from "./state"

export type Hit =
  | { kind: "waypoint"; place: Place }
  | { kind: "yaw"; place: Place }
  | { kind: "body"; agent: number }
  | { kind: "path"; agent: number; time: number }
  | { kind: "nothing" }

type Pixel = readonly [number, number]

const REACH = 9
/** Pixels from a chosen waypoint to the knob that turns it. */
export const KNOB_DISTANCE = 34

export function hitAt(state: EditorState, motion: Motion, view: MapView, pixel: Pixel): Hit {
  return (
    knobAt(state, motion, view, pixel) ??
    waypointNear(state, view, pixel) ??
    bodyAt(state, motion, view, pixel) ??
    pathAt(state, motion, view, pixel) ?? { kind: "nothing" }
  )
}

/** Where the knob is that turns a waypoint, in pixels. */
export function knobOf(state: EditorState, motion: Motion, view: MapView, place: Place): Pixel | null {
  const waypoint = waypointAt(state.drawing, place)
  if (!waypoint) return null
  const yaw = (waypoint.yaw ?? headingAt(motion, place.agent, waypoint.time * state.frameRate)) * (Math.PI / 180)
  const [x, y] = view.toPixel([waypoint.position[0], waypoint.position[2]])
  return [x + KNOB_DISTANCE * Math.sin(yaw), y - KNOB_DISTANCE * Math.cos(yaw)]
}

function headingAt(motion: Motion, agent: number, frame: number): number {
  const poses = motion.agents[agent]?.poses
  if (!poses) return 0
  return headingOf(poses[Math.min(Math.max(Math.round(frame), 0), poses.length - 1)]!)
}

function knobAt(state: EditorState, motion: Motion, view: MapView, pixel: Pixel): Hit | null {
  if (state.selection.length !== 1) return null
  const place = state.selection[0]!
  const knob = knobOf(state, motion, view, place)
  return knob && apart(knob, pixel) < REACH ? { kind: "yaw", place } : null
}

function waypointNear(state: EditorState, view: MapView, pixel: Pixel): Hit | null {
  let nearest = REACH
  let hit: Hit | null = null
  state.drawing.agents.forEach((agent, index) => {
    agent.waypoints.forEach(({ position }, waypoint) => {
      const distance = apart(view.toPixel([position[0], position[2]]), pixel)
      if (distance < nearest || (distance === nearest && index === state.agent)) {
        nearest = distance
        hit = { kind: "waypoint", place: { agent: index, waypoint } }
      }
    })
  })
  return hit
}

function bodyAt(state: EditorState, motion: Motion, view: MapView, pixel: Pixel): Hit | null {
  const [x, z] = view.toGround(pixel)
  const agent = motion.agents.findIndex(({ agent, poses }) => {
    const body = footprint(poses[state.playhead] ?? poses.at(-1)!, bodyOf(agent))
    return contains(corners(body), [x, z])
  })
  return agent >= 0 ? { kind: "body", agent } : null
}

function pathAt(state: EditorState, motion: Motion, view: MapView, pixel: Pixel): Hit | null {
  let nearest = REACH
  let hit: Hit | null = null
  motion.agents.forEach(({ poses }, agent) => {
    for (let frame = 0; frame + 1 < poses.length; frame++) {
      const from = view.toPixel([poses[frame]![3]!, poses[frame]![11]!])
      const to = view.toPixel([poses[frame + 1]![3]!, poses[frame + 1]![11]!])
      const { distance, share } = toSegment(pixel, from, to)
      if (distance < nearest) {
        nearest = distance
        hit = { kind: "path", agent, time: (frame + share) / state.frameRate }
      }
    }
  })
  return hit
}

function toSegment(point: Pixel, from: Pixel, to: Pixel): { distance: number; share: number } {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]]
  const length = dx * dx + dy * dy
  const along = length > 0 ? ((point[0] - from[0]) * dx + (point[1] - from[1]) * dy) / length : 0
  const share = Math.min(Math.max(along, 0), 1)
  return { distance: apart(point, [from[0] + share * dx, from[1] + share * dy]), share }
}

function contains(around: readonly Ground[], [x, z]: Ground): boolean {
  const sides = around.map((corner, index) => {
    const next = around[(index + 1) % around.length]!
    return Math.sign((next[0] - corner[0]) * (z - corner[1]) - (next[1] - corner[1]) * (x - corner[0]))
  })
  return sides.every((side) => side >= 0) || sides.every((side) => side <= 0)
}

function apart(first: Pixel, second: Pixel): number {
  return Math.hypot(first[0] - second[0], first[1] - second[1])
}
