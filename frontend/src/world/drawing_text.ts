/** The text of a drawing: JSON with a version, the same as in world/drawing/text.py. */

import type { Body } from "./collisions"
import { DEFAULT_LIMITS, type Drawing, type DrawnAgent, EMPTY_DRAWING, type Limits } from "./drawing"
import { EASINGS, type Easing, type Waypoint } from "./paths"
import type { Pose } from "./poses"
import type { Rig, View } from "./rigs"

const FORMAT = "shared_world_drawing"
const VERSION = 1

/** A text is not a drawing; the message says where and why. */
export class NotADrawing extends Error {}

/** The drawing of a text; an empty text is an empty drawing. Raises NotADrawing. */
export function readDrawing(text: string): Drawing {
  if (text.trim() === "") return EMPTY_DRAWING
  const document = new Value(parsed(text), "")
  const format = document.key("format")
  if (format.value !== FORMAT) throw format.wrong(`"${FORMAT}"`)
  const version = document.key("version").number()
  if (version > VERSION) {
    throw new NotADrawing(`The drawing is of version ${version}, this pack reads up to ${VERSION}: update the pack.`)
  }
  const agents = document.key("agents").items().map(readAgent)
  const names = agents.map((agent) => agent.name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new NotADrawing(`Two agents are called "${twice}".`)
  return { agents, limits: readLimits(document.optional("limits")) }
}

/** The text of a drawing; an empty one with no agent and usual limits is the empty text. */
export function drawingText(drawing: Drawing): string {
  if (drawing.agents.length === 0 && JSON.stringify(drawing.limits) === JSON.stringify(DEFAULT_LIMITS)) return ""
  const agents = drawing.agents.map((agent) => ({ ...agent, rig: agent.rig && rigDocument(agent.rig) }))
  return JSON.stringify({ format: FORMAT, version: VERSION, limits: drawing.limits, agents })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new NotADrawing(`This is not JSON: ${(error as Error).message}`)
  }
}

function readAgent(item: Value): DrawnAgent {
  const name = item.key("name").text()
  const agent = item.called(`agent "${name}"`)
  const waypoints = agent.key("waypoints").items().map(readWaypoint)
  if (waypoints.length === 0) throw new NotADrawing(`agent "${name}" has no waypoint.`)
  waypoints.forEach((waypoint, index) => {
    const before = waypoints[index - 1]?.time ?? Number.NEGATIVE_INFINITY
    if (waypoint.time < 0 || waypoint.time <= before) {
      throw new NotADrawing(`agent "${name}", waypoint ${index + 1}: its time must be after the one before, from 0 s.`)
    }
  })
  const easing = agent.optional("easing")?.text() ?? "constant"
  if (!EASINGS.includes(easing as Easing)) throw agent.key("easing").wrong(`one of ${EASINGS.join(", ")}`)
  const body = agent.optional("body")
  const rig = agent.optional("rig")
  return { name, waypoints, body: body && readBody(body), rig: rig && readRig(rig), easing: easing as Easing }
}

function readWaypoint(item: Value): Waypoint {
  const [x, y, z] = item.key("position").numbers(3) as [number, number, number]
  const speed = item.optional("speed")
  if (speed && speed.number() < 0) throw speed.wrong("a number from 0")
  return {
    time: item.key("time").number(),
    position: [x, y, z],
    yaw: item.optional("yaw")?.number() ?? null,
    speed: speed?.number() ?? null,
  }
}

function readBody(item: Value): Body {
  const size = item.key("size").numbers(3)
  if (size.some((value) => value <= 0)) throw item.key("size").wrong("three positive numbers")
  return { size: size as [number, number, number], centre: item.key("centre").numbers(3) as [number, number, number] }
}

function readRig(item: Value): Rig {
  const views = item
    .key("views")
    .items()
    .map((view): View => {
      const rows = view.key("view_to_agent").rows(4, 4)
      const intrinsics = view.key("intrinsics").rows(3, 3).flat()
      return { name: view.key("name").text(), viewToAgent: rows.slice(0, 3).flat() as Pose, intrinsics }
    })
  if (views.length === 0) throw item.key("views").wrong("at least one view")
  return { width: item.key("width").number(), height: item.key("height").number(), views }
}

function rigDocument(rig: Rig) {
  const rows = (numbers: readonly number[], width: number) =>
    Array.from({ length: numbers.length / width }, (_, row) => numbers.slice(row * width, (row + 1) * width))
  const views = rig.views.map((view) => ({
    name: view.name,
    view_to_agent: [...rows(view.viewToAgent, 4), [0, 0, 0, 1]],
    intrinsics: rows(view.intrinsics, 3),
  }))
  return { width: rig.width, height: rig.height, views }
}

function readLimits(item: Value | null): Limits {
  if (item === null) return DEFAULT_LIMITS
  const limit = (name: keyof Limits) => {
    const value = item.optional(name)
    if (value && value.number() < 0) throw value.wrong("a number from 0")
    return value?.number() ?? DEFAULT_LIMITS[name]
  }
  return { slowest: limit("slowest"), fastest: limit("fastest"), step: limit("step"), turn: limit("turn") }
}

/** A value of a JSON text with its place, so that every complaint names it. */
class Value {
  constructor(
    readonly value: unknown,
    readonly place: string,
  ) {}

  called(place: string): Value {
    return new Value(this.value, place)
  }

  wrong(expected: string): NotADrawing {
    const shown = JSON.stringify(this.value)
    return new NotADrawing(`${this.place || "The text"}: expected ${expected}, given ${shown.slice(0, 60)}.`)
  }

  optional(key: string): Value | null {
    if (typeof this.value !== "object" || this.value === null || Array.isArray(this.value)) {
      throw this.wrong("an object of a drawing")
    }
    const value = (this.value as Record<string, unknown>)[key]
    return value === undefined || value === null ? null : new Value(value, this.place ? `${this.place}, ${key}` : key)
  }

  key(key: string): Value {
    const found = this.optional(key)
    if (found === null) throw new NotADrawing(`${this.place || "The text"}: "${key}" is missing; is it a drawing?`)
    return found
  }

  items(): Value[] {
    if (!Array.isArray(this.value)) throw this.wrong("a list")
    return this.value.map((item, index) => new Value(item, `${this.place} ${index + 1}`))
  }

  text(): string {
    if (typeof this.value !== "string" || this.value.trim() === "") throw this.wrong("a name")
    return this.value
  }

  number(): number {
    if (typeof this.value !== "number" || !Number.isFinite(this.value)) throw this.wrong("a number")
    return this.value
  }

  numbers(count: number): number[] {
    const items = this.items()
    if (items.length !== count) throw this.wrong(`${count} numbers`)
    return items.map((item) => item.number())
  }

  rows(count: number, width: number): number[][] {
    const items = this.items()
    if (items.length !== count) throw this.wrong(`${count} rows of ${width} numbers`)
    return items.map((item) => item.numbers(width))
  }
}
