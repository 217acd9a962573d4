/** What the editor shows and lets be changed: one object that every part of the panel listens to. */

import type { Drawing } from "../world/drawing"
import { EMPTY_DRAWING } from "../world/drawing"
import { History } from "./history"
import { everyWaypoint, type Selection, stillThere } from "./selection"

/** What a press on empty ground of the map does. */
export type Tool = "select" | "draw"

/** Coloured points of a scene, in metres of the world frame. */
export interface PointCloud {
  /** x, y, z of every point. */
  readonly positions: Float32Array
  /** Red, green, blue of every point, 0 to 255. */
  readonly colors: Uint8Array
}

export class EditorState {
  readonly #history = new History<Drawing>(EMPTY_DRAWING)
  readonly #listeners = new Set<() => void>()
  #seed: Drawing | null = null
  #selection: Selection = []
  #agent = 0
  frames = 49
  frameRate = 8
  playhead = 0
  playing = false
  snap = true
  tool: Tool = "select"
  /** Whether the next waypoint that is drawn begins a new agent. */
  startsAgent = false
  cloud: PointCloud | null = null
  /** Called after a change by the user, with what the graph should hold. */
  onEdit: (drawing: Drawing) => void = () => undefined

  /** What is drawn; while nothing is, the agents that are connected. */
  get drawing(): Drawing {
    return this.isSeeded ? this.#seed! : this.#history.value
  }

  /** Whether what is shown comes from the connected agents and nothing of it was changed yet. */
  get isSeeded(): boolean {
    return this.#seed !== null && this.#history.value.agents.length === 0
  }

  get seed(): Drawing | null {
    return this.#seed
  }

  get selection(): Selection {
    return this.#selection
  }

  /** The agent that new waypoints go to; -1 where there is none. */
  get agent(): number {
    return Math.min(this.#agent, this.drawing.agents.length - 1)
  }

  get canUndo(): boolean {
    return this.#history.canUndo
  }

  get canRedo(): boolean {
    return this.#history.canRedo
  }

  get duration(): number {
    return (this.frames - 1) / this.frameRate
  }

  listen(listener: () => void): void {
    this.#listeners.add(listener)
  }

  /** Tell every part that something is to be drawn anew. */
  changed(): void {
    for (const listener of this.#listeners) listener()
  }

  /** A drawing from the graph: shown, and not a step to undo. */
  open(drawing: Drawing): void {
    this.#history.reset(drawing)
    this.#selection = []
    this.changed()
  }

  /** Agents that came over the node's input. */
  openSeed(seed: Drawing | null): void {
    this.#seed = seed
    this.#selection = stillThere(this.drawing, this.#selection)
    this.changed()
  }

  /** A change by the user; see `History.push` for `merge`. */
  edit(drawing: Drawing, selection: Selection = this.#selection, merge: string | null = null): void {
    const before = this.drawing
    if (drawing !== before) {
      this.#history.push(drawing, merge)
      this.onEdit(this.#history.value)
    }
    this.select(selection)
  }

  endMerge(): void {
    this.#history.endMerge()
  }

  undo(): void {
    if (this.#history.undo()) this.#afterStep()
  }

  redo(): void {
    if (this.#history.redo()) this.#afterStep()
  }

  select(selection: Selection, agent = selection.at(-1)?.agent): void {
    this.#selection = stillThere(this.drawing, selection)
    if (agent !== undefined) this.#agent = agent
    this.changed()
  }

  selectAgent(agent: number): void {
    this.select(everyWaypoint(this.drawing, agent), agent)
  }

  setPlayhead(frame: number): void {
    const kept = Math.min(Math.max(Math.round(frame), 0), this.frames - 1)
    if (kept === this.playhead) return
    this.playhead = kept
    this.changed()
  }

  setClock(frames: number, frameRate: number): void {
    if (frames === this.frames && frameRate === this.frameRate) return
    this.frames = Math.max(1, frames)
    this.frameRate = frameRate > 0 ? frameRate : this.frameRate
    this.playhead = Math.min(this.playhead, this.frames - 1)
    this.changed()
  }

  #afterStep(): void {
    this.#selection = stillThere(this.drawing, this.#selection)
    this.onEdit(this.#history.value)
    this.changed()
  }
}
