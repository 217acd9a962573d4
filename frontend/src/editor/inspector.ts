/** Fields for what is chosen: the waypoint's time, place, yaw and speed, the agent's name, body and easing. */

import { element } from "../appearance/elements"
import type { Limits } from "../world/drawing"
import { EASINGS, type Easing, type Waypoint } from "../world/paths"
import {
  changeWaypoints,
  evenSpeed,
  removeAgent,
  removeWaypoints,
  renameAgent,
  rounded,
  setEasing,
  shiftTimes,
  withAgent,
} from "./edits"
import { waypointAt } from "./selection"
import type { EditorState } from "./state"
import { text, type Words } from "./texts"

interface Field {
  readonly input: HTMLInputElement | HTMLSelectElement
  readonly show: () => string
}

const EASING_NAMES: Record<Easing, Words> = {
  constant: "at full speed",
  ease_in: "starts from rest",
  ease_out: "comes to rest",
  ease_in_out: "starts and comes to rest",
}

export class Inspector {
  readonly root = element("div", "editor-inspector")
  readonly #fields: Field[] = []
  readonly #waypoint: HTMLElement
  readonly #agent: HTMLElement
  readonly #hint = element("p", "editor-hint", {
    textContent: text("Choose waypoints on the map to set their time, place, yaw and speed."),
  })
  readonly #title = element("h4", "")

  constructor(private readonly state: EditorState) {
    this.#waypoint = element("section", "editor-fields", {}, this.#title, ...this.#waypointFields())
    this.#agent = element("section", "editor-fields", {}, ...this.#agentFields())
    this.root.append(this.#waypoint, this.#hint, this.#agent, this.#limitFields())
    // Fields keep their keys from the page, and Enter takes the value.
    this.root.addEventListener("keydown", (event) => {
      event.stopPropagation()
      if (event.key === "Enter" && event.target instanceof HTMLInputElement) event.target.blur()
    })
  }

  draw(): void {
    const { selection, drawing, agent } = this.state
    this.#waypoint.hidden = selection.length === 0
    this.#hint.hidden = selection.length > 0
    this.#agent.hidden = agent < 0
    const [first] = selection
    if (selection.length === 1 && first) {
      this.#title.textContent = text("{0}, waypoint {1}", drawing.agents[first.agent]!.name, first.waypoint + 1)
    } else this.#title.textContent = text("{0} waypoints", selection.length)
    for (const { input, show } of this.#fields) {
      if (input !== document.activeElement) input.value = show()
    }
  }

  #waypointFields(): HTMLElement[] {
    const axis = (index: number) => (waypoint: Waypoint) => waypoint.position[index]!
    const place = (index: number) => (value: number) =>
      this.#change((waypoint) => {
        const position = [...waypoint.position] as [number, number, number]
        position[index] = value
        return { ...waypoint, position }
      })
    const { state } = this
    return [
      this.#number("time, s", "When the agent is there", (waypoint) => waypoint.time, {
        set: (value) => {
          const [first] = state.selection
          const now = first && waypointAt(state.drawing, first)?.time
          if (now !== undefined) state.edit(shiftTimes(state.drawing, state.selection, value - now))
        },
        step: 0.125,
      }),
      this.#number("x, m", "To the right on the map", axis(0), { set: place(0), step: 0.5 }),
      this.#number("z, m", "Upwards on the map", axis(2), { set: place(2), step: 0.5 }),
      this.#number("height, m", "Above the ground", (waypoint) => 0 - waypoint.position[1], {
        set: (value) => place(1)(0 - value),
        step: 0.1,
      }),
      this.#number("yaw, °", "Where to look: 0 is up on the map, 90 to the right; empty looks along the path", yawOf, {
        set: (yaw) => this.#change((waypoint) => ({ ...waypoint, yaw })),
        clear: () => this.#change((waypoint) => ({ ...waypoint, yaw: null })),
        step: 5,
      }),
      this.#number(
        "speed, m/s",
        "How fast to pass; empty drives smoothly from time to time",
        (waypoint) => waypoint.speed,
        {
          set: (speed) => this.#change((waypoint) => ({ ...waypoint, speed: Math.max(0, speed) })),
          clear: () => this.#change((waypoint) => ({ ...waypoint, speed: null })),
          step: 0.5,
        },
      ),
      button("Delete", () => state.edit(removeWaypoints(state.drawing, state.selection), [])),
    ]
  }

  #agentFields(): HTMLElement[] {
    const { state } = this
    const agent = () => state.drawing.agents[state.agent]
    const name = element("input", "editor-wide", { type: "text", spellcheck: false })
    name.onchange = () => state.edit(renameAgent(state.drawing, state.agent, name.value))
    this.#fields.push({ input: name, show: () => agent()?.name ?? "" })
    const options = EASINGS.map((value) => element("option", "", { value, textContent: text(EASING_NAMES[value]) }))
    const easing = element("select", "editor-wide", {}, ...options)
    easing.onchange = () => state.edit(setEasing(state.drawing, state.agent, easing.value as Easing))
    this.#fields.push({ input: easing, show: () => agent()?.easing ?? "constant" })
    const size = (["width, m", "height, m", "length, m"] as const).map((label, index) => {
      const input = numberInput(0.1)
      input.min = "0.1"
      input.onchange = () => {
        const value = Number(input.value)
        if (value > 0) state.edit(withAgent(state.drawing, state.agent, (drawn) => resized(drawn, index, value)))
        this.draw()
      }
      this.#fields.push({ input, show: () => shown(agent()?.body?.size[index] ?? null) })
      return labelled(label, "Size of the agent's body", input, "editor-third")
    })
    return [
      labelled("agent", "Name in labels, files and messages", name),
      labelled("drives", "How the agent gets going and stops", easing),
      ...size,
      button("Even speed", () => state.edit(evenSpeed(state.drawing, state.agent))),
      button("Delete agent", () => state.edit(removeAgent(state.drawing, state.agent), [])),
    ]
  }

  #limitFields(): HTMLElement {
    const limits: [keyof Limits, Words, Words][] = [
      ["slowest", "slowest, m/s", "Speeds below this are marked"],
      ["fastest", "fastest, m/s", "Speeds above this are marked"],
      ["step", "step, m", "A longer way from one frame to the next is marked"],
      ["turn", "turn, °", "A larger turn from one frame to the next is marked"],
    ]
    const fields = limits.map(([limit, label, title]) => {
      const input = numberInput(0.5)
      input.onchange = () => {
        const value = Number(input.value)
        const { drawing } = this.state
        if (value >= 0) this.state.edit({ ...drawing, limits: { ...drawing.limits, [limit]: value } })
        this.draw()
      }
      this.#fields.push({ input, show: () => shown(this.state.drawing.limits[limit]) })
      return labelled(label, title, input)
    })
    const heading = element("summary", "", { textContent: text("Marked motion") })
    return element("details", "editor-limits", {}, heading, element("section", "editor-fields", {}, ...fields))
  }

  #number(
    label: Words,
    title: Words,
    value: (waypoint: Waypoint) => number | null,
    { set, clear, step }: { set: (value: number) => void; clear?: () => void; step: number },
  ): HTMLElement {
    const input = numberInput(step)
    if (clear) input.placeholder = text("auto")
    input.onchange = () => {
      if (input.value.trim() !== "" && Number.isFinite(Number(input.value))) set(Number(input.value))
      else if (input.value.trim() === "") clear?.()
      this.draw()
    }
    this.#fields.push({ input, show: () => this.#common(value) })
    return labelled(label, title, input)
  }

  /** The value that all chosen waypoints share, or nothing. */
  #common(value: (waypoint: Waypoint) => number | null): string {
    const { drawing, selection } = this.state
    const values = selection.map((place) => value(waypointAt(drawing, place)!))
    return values.every((other) => other === values[0]) ? shown(values[0] ?? null) : ""
  }

  #change(change: (waypoint: Waypoint) => Waypoint): void {
    this.state.edit(changeWaypoints(this.state.drawing, this.state.selection, change))
  }
}

function yawOf(waypoint: Waypoint): number | null {
  return waypoint.yaw
}

function resized<Agent extends { body: { size: readonly number[]; centre: readonly number[] } | null }>(
  agent: Agent,
  index: number,
  value: number,
): Agent {
  const size = [...(agent.body?.size ?? [1, 1, 1])]
  size[index] = value
  const [x, , z] = agent.body?.centre ?? [0, 0, 0]
  return { ...agent, body: { size, centre: [x, 0 - size[1]! / 2, z] } }
}

function shown(value: number | null): string {
  return value === null ? "" : String(rounded(value) + 0)
}

function numberInput(step: number): HTMLInputElement {
  return element("input", "", { type: "number", step: String(step) })
}

function labelled(label: Words, title: Words, input: HTMLElement, classes = ""): HTMLElement {
  return element("label", classes, { title: text(title) }, element("span", "", { textContent: text(label) }), input)
}

function button(words: Words, press: () => void): HTMLElement {
  return element("button", "editor-button editor-plain", { type: "button", onclick: press, textContent: text(words) })
}
