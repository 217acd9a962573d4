/** The timeline: a ruler with the playhead, a row of waypoints per agent, and a row per two agents of how they meet. */

import { element, fitCanvas } from "../appearance/elements"
import { agentColor } from "../appearance/palette"
import { cross, diamond, triangle } from "../appearance/shapes"
import { currentTheme, type Theme, translucent } from "../appearance/theme"
import { shortened } from "../appearance/words"
import { pixelOf } from "../comfyui/pointer"
import { insertAt, shiftTimes } from "./edits"
import type { Meeting } from "./meetings"
import type { AgentMotion, Motion } from "./motion"
import { isChosen, type Place, type Selection, toggled } from "./selection"
import type { EditorState } from "./state"

const NAMES = 132
const RULER = 20
const ROW = 22
const RIGHT = 14
const REACH = 7
/** Pixels between marks of jumps. */
const APART = 12

type Drag = { kind: "scrub" } | { kind: "time"; from: number; selection: Selection; gesture: number }

export class Timeline {
  readonly canvas = element("canvas", "editor-timeline")
  readonly #playhead = element("div", "editor-playhead")
  readonly root = element("div", "editor-rows", {}, this.canvas, this.#playhead)
  /** What the rows were drawn from; while it plays only the playhead moves, since many agents have many rows. */
  #drawn: readonly unknown[] = []
  #motion: Motion = { agents: [], meetings: [] }
  #drag: Drag | null = null
  #gestures = 0
  /** The span when a drag began, so that the last waypoint does not run away from the pointer. */
  #draggedSpan = 0
  /** Pixels per second, as drawn last. */
  #perSecond = 1

  constructor(
    private readonly state: EditorState,
    private readonly keyboard: HTMLElement,
    private readonly stop: () => void,
  ) {
    this.canvas.addEventListener("pointerdown", (event) => this.#press(event))
    this.canvas.addEventListener("pointermove", (event) => this.#move(event))
    const release = (event: PointerEvent) => {
      this.#drag = null
      this.#draggedSpan = 0
      if (this.canvas.hasPointerCapture(event.pointerId)) this.canvas.releasePointerCapture(event.pointerId)
      this.state.endMerge()
      this.state.changed()
    }
    this.canvas.addEventListener("pointerup", release)
    this.canvas.addEventListener("pointercancel", release)
    this.canvas.addEventListener("dblclick", (event) => this.#doublePress(event))
  }

  /** Pixels that all rows need. */
  heightOf(motion: Motion): number {
    return RULER + ROW * (motion.agents.length + motion.meetings.length) + 4
  }

  draw(motion: Motion): void {
    this.#motion = motion
    this.canvas.style.height = `${this.heightOf(motion)}px`
    const { clientWidth, clientHeight } = this.canvas
    if (clientWidth === 0) return
    const span = this.#span
    this.#perSecond = Math.max(clientWidth - NAMES - RIGHT, 1) / span
    this.#playhead.style.left = `${Math.round(this.#x(this.state.playhead / this.state.frameRate))}px`
    const theme = currentTheme()
    const { selection, agent } = this.state
    const basis = [motion, selection, agent, theme, span, clientWidth, clientHeight, window.devicePixelRatio]
    if (basis.every((value, index) => value === this.#drawn[index])) return
    this.#drawn = basis
    this.#drawRows(motion, theme)
  }

  #drawRows(motion: Motion, theme: Theme): void {
    const { context, size } = fitCanvas(this.canvas)
    context.fillStyle = theme.panel
    context.fillRect(0, 0, ...size)
    this.#drawRuler(context, theme, size[1])
    motion.agents.forEach((agent, index) => {
      this.#drawAgent(context, theme, agent, index)
    })
    motion.meetings.forEach((meeting, index) => {
      this.#drawMeeting(context, theme, meeting, motion.agents.length + index)
    })
    this.#drawEnd(context, theme, size)
  }

  /** Seconds from the left to the right end: all frames, and all waypoints. */
  get #span(): number {
    const last = this.state.drawing.agents.map((agent) => agent.waypoints.at(-1)!.time)
    return Math.max(this.#draggedSpan, this.state.duration, ...last, 1e-6)
  }

  #x(seconds: number): number {
    return NAMES + seconds * this.#perSecond
  }

  #seconds(x: number): number {
    return (x - NAMES) / this.#perSecond
  }

  #top(row: number): number {
    return RULER + row * ROW
  }

  #drawRuler(context: CanvasRenderingContext2D, theme: Theme, height: number): void {
    const { frames, frameRate } = this.state
    const span = this.#span
    context.font = "10px system-ui, sans-serif"
    context.textBaseline = "middle"
    const perFrame = this.#perSecond / frameRate
    if (perFrame > 5) {
      context.fillStyle = theme.strongGrid
      for (let frame = 0; frame < frames; frame++) {
        context.fillRect(Math.round(this.#x(frame / frameRate)), RULER - 4, 1, 4)
      }
    }
    const step = [0.5, 1, 2, 5, 10, 20, 60].find((seconds) => seconds * this.#perSecond > 38) ?? 120
    context.textAlign = "center"
    for (let second = 0; second <= span + 1e-9; second += step) {
      const x = Math.round(this.#x(second))
      context.fillStyle = theme.strongGrid
      context.fillRect(x, RULER - 7, 1, height - RULER + 7)
      context.fillStyle = theme.faintInk
      context.fillText(`${second} s`, x, 7)
    }
  }

  #drawName(context: CanvasRenderingContext2D, theme: Theme, row: number, words: string, strong: boolean): void {
    context.font = `${strong ? "600 " : ""}11px system-ui, sans-serif`
    context.textAlign = "left"
    context.textBaseline = "middle"
    context.fillStyle = strong ? theme.ink : theme.faintInk
    context.fillText(shortened(context, words, NAMES - 32), 24, this.#top(row) + ROW / 2)
  }

  /** The speed along the row: as thick as it is fast, hatched where it is outside of the limits; jumps as triangles. */
  #drawAgent(context: CanvasRenderingContext2D, theme: Theme, motion: AgentMotion, index: number): void {
    const { state } = this
    const { limits } = state.drawing
    const color = agentColor(index, theme.dark)
    const top = this.#top(index)
    const middle = top + ROW / 2
    if (index === state.agent) {
      context.fillStyle = translucent(color, 0.14)
      context.fillRect(0, top, this.canvas.clientWidth, ROW)
    }
    context.fillStyle = color
    context.beginPath()
    context.roundRect(8, middle - 5, 10, 10, 2)
    context.fill()
    this.#drawName(context, theme, index, motion.agent.name, true)
    let marked = Number.NEGATIVE_INFINITY
    motion.speeds.slice(0, -1).forEach((speed, frame) => {
      const [from, to] = [this.#x(frame / state.frameRate), this.#x((frame + 1) / state.frameRate)]
      const outside = speed > 1e-3 && (speed > limits.fastest || speed < limits.slowest)
      const share = Math.min(speed / Math.max(limits.fastest, 1e-6), 1)
      const thickness = 1.5 + 8 * share
      context.fillStyle = outside ? theme.caution : translucent(color, 0.55)
      context.fillRect(from, middle - thickness / 2, to - from + 0.5, thickness)
      const jumps = speed / state.frameRate > limits.step || Math.abs(motion.turns[frame]!) > limits.turn
      if (jumps && from - marked > APART) {
        context.fillStyle = theme.caution
        triangle(context, [(from + to) / 2, top + 5], 4)
        marked = from
      }
    })
    motion.agent.waypoints.forEach((waypoint, number) => {
      const chosen = isChosen(state.selection, { agent: index, waypoint: number })
      diamond(context, [this.#x(waypoint.time), middle], chosen ? 6.5 : 5)
      context.fillStyle = chosen ? theme.selection : theme.panel
      context.fill()
      context.strokeStyle = color
      context.lineWidth = chosen ? 2.5 : 1.8
      context.stroke()
    })
  }

  /** Overlap of the views as a filled curve, below it who sees whom; collisions as crosses. */
  #drawMeeting(context: CanvasRenderingContext2D, theme: Theme, meeting: Meeting, row: number): void {
    const { state } = this
    const top = this.#top(row)
    const colors = [agentColor(meeting.first, theme.dark), agentColor(meeting.second, theme.dark)]
    context.lineWidth = 2.5
    colors.forEach((color, index) => {
      context.fillStyle = color
      context.beginPath()
      context.arc(9 + 7 * index, top + ROW / 2, 4, 0, 2 * Math.PI)
      context.fill()
    })
    const names = [meeting.first, meeting.second].map((agent) => this.#motion.agents[agent]!.agent.name)
    this.#drawName(context, theme, row, names.join(" + "), false)
    const floor = top + ROW - 7
    context.beginPath()
    context.moveTo(this.#x(0), floor)
    meeting.overlaps.forEach((overlap, frame) => {
      context.lineTo(this.#x(frame / state.frameRate), floor - overlap * (ROW - 10))
    })
    context.lineTo(this.#x(state.duration), floor)
    context.closePath()
    context.fillStyle = theme.overlapCurve
    context.fill()
    meeting.separations.forEach((apart, frame) => {
      const from = Math.max(this.#x((frame - 0.5) / state.frameRate), NAMES)
      const width = Math.min(this.#x((frame + 0.5) / state.frameRate), this.#x(state.duration)) - from + 0.5
      const sees = [meeting.firstSees[frame], meeting.secondSees[frame]]
      sees.forEach((seen, index) => {
        if (!seen) return
        context.fillStyle = colors[index]!
        context.fillRect(from, top + ROW - 6 + 3 * index, width, 2)
      })
      if (apart <= 0) {
        context.fillStyle = theme.danger
        context.fillRect(from, top + 1, width, ROW - 8)
      }
    })
    const touching = meeting.separations.findIndex((apart) => apart <= 0)
    if (touching >= 0) cross(context, [this.#x(touching / state.frameRate), top + ROW / 2 - 3], 4, theme.ground)
  }

  /** What lies after the last frame is not generated. */
  #drawEnd(context: CanvasRenderingContext2D, theme: Theme, [width, height]: readonly [number, number]): void {
    const end = this.#x(this.state.duration)
    if (end >= width - RIGHT - 1) return
    context.fillStyle = translucent(theme.dark ? "#000000" : "#9a9aa2", 0.4)
    context.fillRect(end + 1, RULER, width - end, height)
  }

  #waypointAt(x: number, y: number): Place | null {
    const agent = Math.floor((y - RULER) / ROW)
    const waypoints = this.#motion.agents[agent]?.agent.waypoints ?? []
    let nearest = REACH
    let place: Place | null = null
    waypoints.forEach((waypoint, number) => {
      const distance = Math.abs(this.#x(waypoint.time) - x)
      if (distance < nearest) {
        nearest = distance
        place = { agent, waypoint: number }
      }
    })
    return place
  }

  #press(event: PointerEvent): void {
    event.preventDefault()
    this.keyboard.focus({ preventScroll: true })
    const [x, y] = pixelOf(this.canvas, event)
    this.#draggedSpan = this.#span
    const place = this.#waypointAt(x, y)
    const row = Math.floor((y - RULER) / ROW)
    this.canvas.setPointerCapture(event.pointerId)
    if (place) {
      const { state } = this
      if (event.shiftKey) state.select(toggled(state.selection, place))
      else if (!isChosen(state.selection, place)) state.select([place])
      this.#drag = { kind: "time", from: this.#seconds(x), selection: state.selection, gesture: this.#gestures++ }
    } else if (x < NAMES && row >= 0 && row < this.#motion.agents.length) this.state.selectAgent(row)
    else {
      this.#drag = { kind: "scrub" }
      this.#scrub(x)
    }
  }

  #move(event: PointerEvent): void {
    const [x, y] = pixelOf(this.canvas, event)
    if (!this.#drag) {
      this.canvas.style.cursor = this.#waypointAt(x, y) ? "ew-resize" : "default"
      return
    }
    if (this.#drag.kind === "scrub") this.#scrub(x)
    else this.#dragTime(this.#drag, x, event.altKey)
  }

  #scrub(x: number): void {
    this.stop()
    this.state.setPlayhead(this.#seconds(x) * this.state.frameRate)
  }

  #dragTime(drag: Drag & { kind: "time" }, x: number, free: boolean): void {
    const { state } = this
    const snapped = (seconds: number) =>
      state.snap && !free ? Math.round(seconds * state.frameRate) / state.frameRate : seconds
    const [handle] = drag.selection
    if (!handle) return
    const { time } = state.drawing.agents[handle.agent]!.waypoints[handle.waypoint]!
    const wanted = snapped(Math.max(0, time + this.#seconds(x) - drag.from))
    if (wanted === time) return
    const shifted = shiftTimes(state.drawing, drag.selection, wanted - time)
    const moved = shifted.agents[handle.agent]!.waypoints[handle.waypoint]!.time - time
    drag.from += moved
    state.edit(shifted, drag.selection, `time ${drag.gesture}`)
  }

  #doublePress(event: MouseEvent): void {
    const [x, y] = pixelOf(this.canvas, event)
    const agent = Math.floor((y - RULER) / ROW)
    if (x < NAMES || !this.#motion.agents[agent] || this.#waypointAt(x, y)) return
    const [drawing, place] = insertAt(this.state.drawing, agent, Math.max(0, this.#seconds(x)))
    this.state.edit(drawing, place ? [place] : [])
  }
}
