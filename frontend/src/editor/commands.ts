/** What buttons and keys do, each by a name. */

import { type Drawing, pathOf } from "../world/drawing"
import { drawingText, NotADrawing, readDrawing } from "../world/drawing_text"
import { headingOf } from "../world/poses"
import { addAgents, changeWaypoints, insertAt, moveWaypoints, removeWaypoints, rounded } from "./edits"
import type { GroundMap } from "./map"
import type { Player } from "./player"
import { everyWaypoint, neighbour, type Selection } from "./selection"
import type { EditorState } from "./state"
import { text } from "./texts"

export class Commands {
  constructor(
    private readonly state: EditorState,
    private readonly map: GroundMap,
    private readonly player: Player,
    /** Tell the user something for a moment. */
    readonly say: (words: string) => void,
  ) {}

  undo(): void {
    this.state.undo()
  }

  redo(): void {
    this.state.redo()
  }

  play(): void {
    this.player.toggle()
  }

  step(frames: number): void {
    this.player.stop()
    this.state.setPlayhead(this.state.playhead + frames)
  }

  goTo(frame: number): void {
    this.player.stop()
    this.state.setPlayhead(frame)
  }

  /** A further agent: the next press on the map, or Enter for its middle, says where it starts. */
  addAgent(): void {
    this.setTool("draw", true)
  }

  /** A waypoint in the middle of the map, for those who draw with keys; the arrows move it from there. */
  placeInMiddle(): void {
    if (this.state.tool !== "draw") return
    const [width, height] = this.map.view.size
    this.map.addWaypoint([width / 2, height / 2])
  }

  setTool(tool: "select" | "draw", startsAgent = false): void {
    this.state.tool = tool
    this.state.startsAgent = startsAgent
    this.map.canvas.style.cursor = tool === "draw" ? "crosshair" : "default"
    this.state.changed()
  }

  /** A waypoint on the chosen agent's path at the playhead. */
  insert(): void {
    const { state } = this
    if (state.agent < 0) return
    const [drawing, place] = insertAt(state.drawing, state.agent, state.playhead / state.frameRate)
    state.edit(drawing, place ? [place] : state.selection)
  }

  remove(): void {
    const { state } = this
    if (state.selection.length > 0) state.edit(removeWaypoints(state.drawing, state.selection), [])
  }

  /** Without the agents of which waypoints are chosen, as `copyText` gives them. */
  removeChosenAgents(): void {
    const { drawing, selection } = this.state
    if (selection.length === 0) return
    const agents = drawing.agents.filter((_, index) => !selection.some(({ agent }) => agent === index))
    this.state.edit({ ...drawing, agents }, [])
  }

  /** Move the chosen waypoints by steps of the snapping grid, x to the right and z ahead. */
  nudge(x: number, z: number, scale: number): void {
    const { state } = this
    const step = this.map.snapStep() * scale
    if (state.selection.length === 0) {
      this.map.view.pan(-x * 40, z * 40)
      state.changed()
      return
    }
    state.edit(moveWaypoints(state.drawing, state.selection, x * step, z * step), state.selection, "nudge")
  }

  /** Turn the chosen waypoints; one that looked along its path begins at the heading that it has there. */
  turn(degrees: number): void {
    const { state } = this
    const turned = changeWaypoints(state.drawing, state.selection, (waypoint, { agent }) => {
      const yaw = waypoint.yaw ?? Math.round(headingOf(pathOf(state.drawing.agents[agent]!).poseAt(waypoint.time)))
      return { ...waypoint, yaw: rounded(yaw + degrees) }
    })
    state.edit(turned, state.selection, "turn")
  }

  lookAlongPath(): void {
    const { state } = this
    state.edit(
      changeWaypoints(state.drawing, state.selection, (waypoint) =>
        waypoint.yaw === null ? waypoint : { ...waypoint, yaw: null },
      ),
    )
  }

  selectAll(): void {
    this.state.select(everyWaypoint(this.state.drawing))
  }

  selectAgent(agent: number): void {
    if (agent < this.state.drawing.agents.length) this.state.selectAgent(agent)
  }

  selectNeighbour(step: 1 | -1): void {
    const next = neighbour(this.state.drawing, this.state.selection.at(-1), step)
    if (next) this.state.select([next])
  }

  cancel(): void {
    if (this.state.tool === "draw") this.setTool("select")
    else this.state.select([])
  }

  zoom(factor: number): void {
    this.map.view.zoom(factor)
    this.state.changed()
  }

  fit(): void {
    this.map.fit()
    this.state.changed()
  }

  toggleSnap(): void {
    this.state.snap = !this.state.snap
    this.state.changed()
  }

  /** The drawing, or the agents of which waypoints are chosen, as text. */
  copyText(): string {
    const { drawing, selection } = this.state
    const agents = drawing.agents.filter(
      (_, index) => selection.length === 0 || selection.some(({ agent }) => agent === index),
    )
    return drawingText({ ...drawing, agents })
  }

  /** Add the agents of a copied drawing; anything else is refused with its reason. */
  paste(pasted: string): void {
    try {
      this.addDrawing(readDrawing(pasted), 2)
    } catch (error) {
      if (!(error instanceof NotADrawing)) throw error
      this.say(text("Nothing was pasted. {0}", error.message))
    }
  }

  duplicate(): void {
    this.addDrawing(readDrawing(this.copyText()), 2)
  }

  /** Add agents, moved aside where their places are taken. */
  addDrawing(added: Drawing, aside: number): void {
    const { state } = this
    if (added.agents.length === 0) return
    const first = state.drawing.agents.length
    const places = state.drawing.agents.map((agent) => agent.waypoints[0]!.position.join())
    const taken = added.agents.some((agent) => places.includes(agent.waypoints[0]!.position.join()))
    const joined = addAgents(state.drawing, added.agents)
    const selection: Selection = everyWaypoint(joined).filter(({ agent }) => agent >= first)
    state.edit(taken ? moveWaypoints(joined, selection, aside, 0) : joined, selection)
  }

  /** Begin anew with a drawing, which can be undone. */
  replace(drawing: Drawing): void {
    this.state.edit({ ...drawing, limits: this.state.drawing.limits }, [])
    this.map.fit()
    this.setTool("select")
  }
}
