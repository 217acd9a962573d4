/** Which waypoints are chosen. */

import type { Drawing } from "../world/drawing"
import type { Waypoint } from "../world/paths"

/** A waypoint by the index of its agent and its own. */
export interface Place {
  readonly agent: number
  readonly waypoint: number
}

/** Chosen waypoints; each once. */
export type Selection = readonly Place[]

export function isChosen(selection: Selection, { agent, waypoint }: Place): boolean {
  return selection.some((place) => place.agent === agent && place.waypoint === waypoint)
}

/** The selection with a place added, or without it where it was chosen. */
export function toggled(selection: Selection, place: Place): Selection {
  if (!isChosen(selection, place)) return [...selection, place]
  return selection.filter((other) => other.agent !== place.agent || other.waypoint !== place.waypoint)
}

export function waypointAt(drawing: Drawing, place: Place): Waypoint | undefined {
  return drawing.agents[place.agent]?.waypoints[place.waypoint]
}

/** All waypoints of one agent, or of all agents. */
export function everyWaypoint(drawing: Drawing, agent?: number): Selection {
  return drawing.agents.flatMap((drawn, index) =>
    agent === undefined || agent === index ? drawn.waypoints.map((_, waypoint) => ({ agent: index, waypoint })) : [],
  )
}

/** Without places that the drawing no longer has. */
export function stillThere(drawing: Drawing, selection: Selection): Selection {
  return selection.filter((place) => waypointAt(drawing, place) !== undefined)
}

/** The waypoint after (or, with -1, before) a place, through all agents and round again. */
export function neighbour(drawing: Drawing, place: Place | undefined, step: 1 | -1): Place | undefined {
  const every = everyWaypoint(drawing)
  if (every.length === 0) return undefined
  const index = every.findIndex((other) => other.agent === place?.agent && other.waypoint === place.waypoint)
  if (index < 0) return step > 0 ? every[0] : every.at(-1)
  return every[(index + step + every.length) % every.length]
}
