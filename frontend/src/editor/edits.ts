/** Changes of a drawing. None changes its argument; times stay in order, names different. */

import type { Drawing, DrawnAgent } from "../world/drawing"
import { pathOf } from "../world/drawing"
import type { Easing, Waypoint } from "../world/paths"
import { headingOf, type Point, positionOf } from "../world/poses"
import type { Place, Selection } from "./selection"

/** The car of world/encounters.py. */
export const CAR = { size: [2, 1.4, 4.2], centre: [0, -0.7, 0] } as const

/** Metres per second of agents that are new. */
export const USUAL_SPEED = 6

/** Shortest time in seconds between two waypoints. */
export const SHORTEST_GAP = 0.01

export function withAgent(drawing: Drawing, index: number, change: (agent: DrawnAgent) => DrawnAgent): Drawing {
  return { ...drawing, agents: drawing.agents.map((agent, other) => (other === index ? change(agent) : agent)) }
}

/** A name that no agent has: the wanted one, or with a number behind it. */
export function freeName(drawing: Drawing, wanted: string): string {
  const taken = new Set(drawing.agents.map((agent) => agent.name))
  if (!taken.has(wanted)) return wanted
  const stem = wanted.replace(/ \d+$/, "")
  let number = 2
  while (taken.has(`${stem} ${number}`)) number++
  return `${stem} ${number}`
}

/** A further car with one waypoint at 0 s. */
export function addAgent(drawing: Drawing, position: Point): Drawing {
  let number = drawing.agents.length + 1
  while (drawing.agents.some((agent) => agent.name === `agent ${number}`)) number++
  const waypoints = [{ time: 0, position, yaw: null, speed: null }]
  const agent: DrawnAgent = { name: `agent ${number}`, waypoints, body: CAR, rig: null, easing: "constant" }
  return { ...drawing, agents: [...drawing.agents, agent] }
}

/** Agents of another drawing behind those there are; names that are taken get a number. */
export function addAgents(drawing: Drawing, agents: readonly DrawnAgent[]): Drawing {
  let all = drawing
  for (const agent of agents) all = { ...all, agents: all.agents.concat({ ...agent, name: freeName(all, agent.name) }) }
  return all
}

export function removeAgent(drawing: Drawing, index: number): Drawing {
  return { ...drawing, agents: drawing.agents.filter((_, other) => other !== index) }
}

/** Another name; an empty or taken one changes nothing. */
export function renameAgent(drawing: Drawing, index: number, name: string): Drawing {
  const wanted = name.trim()
  if (wanted === "" || drawing.agents.some((agent, other) => other !== index && agent.name === wanted)) return drawing
  return withAgent(drawing, index, (agent) => ({ ...agent, name: wanted }))
}

export function setEasing(drawing: Drawing, index: number, easing: Easing): Drawing {
  return withAgent(drawing, index, (agent) => ({ ...agent, easing }))
}

/** Apply a change to the chosen waypoints. */
export function changeWaypoints(
  drawing: Drawing,
  selection: Selection,
  change: (waypoint: Waypoint, place: Place) => Waypoint,
): Drawing {
  const agents = drawing.agents.map((agent, index) => {
    const chosen = new Set(selection.filter((place) => place.agent === index).map((place) => place.waypoint))
    if (chosen.size === 0) return agent
    const waypoints = agent.waypoints.map((waypoint, number) =>
      chosen.has(number) ? change(waypoint, { agent: index, waypoint: number }) : waypoint,
    )
    return { ...agent, waypoints }
  })
  return { ...drawing, agents }
}

export function moveWaypoints(drawing: Drawing, selection: Selection, dx: number, dz: number): Drawing {
  return changeWaypoints(drawing, selection, (waypoint) => {
    const [x, y, z] = waypoint.position
    return { ...waypoint, position: [x + dx, y, z + dz] }
  })
}

/**
 * Move the chosen waypoints in time, all by as much as the others between them leave room for; nothing is before 0 s.
 */
export function shiftTimes(drawing: Drawing, selection: Selection, seconds: number): Drawing {
  let least = Number.NEGATIVE_INFINITY
  let most = Number.POSITIVE_INFINITY
  for (const { agent, waypoint } of selection) {
    const { waypoints } = drawing.agents[agent]!
    const { time } = waypoints[waypoint]!
    const free = (neighbour: number) =>
      !selection.some((place) => place.agent === agent && place.waypoint === neighbour)
    if (waypoint === 0) least = Math.max(least, -time)
    else if (free(waypoint - 1)) least = Math.max(least, waypoints[waypoint - 1]!.time + SHORTEST_GAP - time)
    if (waypoint < waypoints.length - 1 && free(waypoint + 1)) {
      most = Math.min(most, waypoints[waypoint + 1]!.time - SHORTEST_GAP - time)
    }
  }
  const shift = Math.min(Math.max(seconds, Math.min(least, 0)), Math.max(most, 0))
  return changeWaypoints(drawing, selection, (waypoint) => ({ ...waypoint, time: rounded(waypoint.time + shift) }))
}

/**
 * A waypoint on the path at a time, so that the path changes little; where one is already, nothing changes.
 *
 * @param ground x and z of the waypoint, where it is not to lie on the path.
 */
export function insertAt(
  drawing: Drawing,
  index: number,
  time: number,
  ground?: readonly [x: number, z: number],
): [Drawing, Place | null] {
  const agent = drawing.agents[index]!
  const near = agent.waypoints.findIndex((waypoint) => Math.abs(waypoint.time - time) < SHORTEST_GAP)
  if (near >= 0) return [drawing, { agent: index, waypoint: near }]
  const pose = pathOf(agent).poseAt(time)
  const [x, y, z] = positionOf(pose)
  const position: Point = ground ? [ground[0], y, ground[1]] : [x, y, z]
  const number = agent.waypoints.filter((waypoint) => waypoint.time < time).length
  const isTurned = [agent.waypoints[number - 1], agent.waypoints[number]].some((waypoint) => waypoint?.yaw != null)
  const yaw = isTurned ? rounded(headingOf(pose)) : null
  const waypoint: Waypoint = { time: rounded(time), position, yaw, speed: null }
  const waypoints = [...agent.waypoints.slice(0, number), waypoint, ...agent.waypoints.slice(number)]
  return [withAgent(drawing, index, (drawn) => ({ ...drawn, waypoints })), { agent: index, waypoint: number }]
}

/** A waypoint behind the last one, reached at the speed of the agent so far. */
export function append(drawing: Drawing, index: number, position: Point): [Drawing, Place] {
  const agent = drawing.agents[index]!
  const last = agent.waypoints.at(-1)!
  const seconds = Math.max(distance(last.position, position) / meanSpeed(agent), 0.1)
  const waypoint: Waypoint = { time: rounded(last.time + seconds), position, yaw: null, speed: null }
  const changed = withAgent(drawing, index, (drawn) => ({ ...drawn, waypoints: [...drawn.waypoints, waypoint] }))
  return [changed, { agent: index, waypoint: agent.waypoints.length }]
}

/** Without the chosen waypoints; an agent that loses all goes. */
export function removeWaypoints(drawing: Drawing, selection: Selection): Drawing {
  const agents = drawing.agents.flatMap((agent, index) => {
    const gone = new Set(selection.filter((place) => place.agent === index).map((place) => place.waypoint))
    const waypoints = agent.waypoints.filter((_, number) => !gone.has(number))
    return waypoints.length > 0 ? [gone.size > 0 ? { ...agent, waypoints } : agent] : []
  })
  return { ...drawing, agents }
}

/** The times between first and last waypoint, so that the agent drives at one speed; given speeds go. */
export function evenSpeed(drawing: Drawing, index: number): Drawing {
  return withAgent(drawing, index, (agent) => {
    const lengths = agent.waypoints.slice(1).map((waypoint, number) => {
      return distance(waypoint.position, agent.waypoints[number]!.position)
    })
    const total = lengths.reduce((sum, length) => sum + length, 0)
    const first = agent.waypoints[0]!.time
    const duration = agent.waypoints.at(-1)!.time - first
    if (total === 0) return agent
    let travelled = 0
    let before = Number.NEGATIVE_INFINITY
    const waypoints = agent.waypoints.map((waypoint, number) => {
      travelled += lengths[number - 1] ?? 0
      before = Math.max(rounded(first + (travelled / total) * duration), before + SHORTEST_GAP)
      return { ...waypoint, time: before, speed: null }
    })
    return { ...agent, waypoints }
  })
}

/** Metres per second over all of an agent's waypoints; `USUAL_SPEED` where it does not move. */
export function meanSpeed(agent: DrawnAgent): number {
  let travelled = 0
  agent.waypoints.slice(1).forEach((waypoint, number) => {
    travelled += distance(waypoint.position, agent.waypoints[number]!.position)
  })
  const duration = agent.waypoints.at(-1)!.time - agent.waypoints[0]!.time
  return travelled > 0 && duration > 0 ? travelled / duration : USUAL_SPEED
}

function distance(from: Point, to: Point): number {
  return Math.hypot(to[0] - from[0], to[1] - from[1], to[2] - from[2])
}

/** Times and places are kept to a ten-thousandth, so that the text stays readable. */
export function rounded(value: number): number {
  return Math.round(value * 1e4) / 1e4
}
