/** The map: a picture of the ground that waypoints are set and dragged on. */

import { element, fitCanvas } from "../appearance/elements"
import { currentTheme } from "../appearance/theme"
import { captureWheel, pixelOf } from "../comfyui/pointer"
import { addAgent, append, changeWaypoints, insertAt, moveWaypoints, rounded } from "./edits"
import { CloudPicture } from "./map_cloud"
import { type Hit, hitAt } from "./map_hits"
import { drawMap } from "./map_picture"
import { MapView } from "./map_view"
import type { Motion } from "./motion"
import { everyWaypoint, isChosen, type Selection, toggled } from "./selection"
import type { EditorState } from "./state"

type Pixel = readonly [number, number]

/** What the pressed pointer does. */
type Drag =
  | { kind: "pan"; last: Pixel }
  | { kind: "move"; from: Pixel; moved: boolean; handle: { x: number; z: number }; onRelease: Selection | null }
  | { kind: "yaw" }
  | { kind: "marquee"; from: Pixel; to: Pixel; before: Selection }

const MARQUEE_LEAST = 4

export class GroundMap {
  readonly view = new MapView()
  readonly canvas = element("canvas", "editor-map")
  #motion: Motion = { agents: [], meetings: [] }
  readonly #cloud = new CloudPicture()
  readonly #overlaps = document.createElement("canvas")
  #drag: Drag | null = null
  #fitted = false
  #gesture = 0

  constructor(
    private readonly state: EditorState,
    /** What has the keyboard while the map is used. */
    private readonly keyboard: HTMLElement,
  ) {
    this.canvas.addEventListener("pointerdown", (event) => this.#press(event))
    this.canvas.addEventListener("pointermove", (event) => this.#move(event))
    this.canvas.addEventListener("pointerup", (event) => this.#release(event))
    this.canvas.addEventListener("pointercancel", (event) => this.#release(event))
    this.canvas.addEventListener("dblclick", (event) => this.#doublePress(event))
    this.canvas.addEventListener("contextmenu", (event) => event.preventDefault())
    captureWheel(this.canvas, (event) => {
      const step = event.deltaMode === 1 ? 24 * event.deltaY : event.deltaY
      this.view.zoom(Math.exp(-step * 0.0015), pixelOf(this.canvas, event))
      this.state.changed()
    })
  }

  draw(motion: Motion): void {
    this.#motion = motion
    if (this.canvas.clientWidth === 0) return
    const { context, size } = fitCanvas(this.canvas)
    this.view.resize(...size)
    if (!this.#fitted) this.view.fit(this.state.drawing)
    this.#fitted = true
    drawMap({
      context,
      view: this.view,
      theme: currentTheme(),
      state: this.state,
      motion,
      cloud: this.#cloud,
      overlaps: this.#overlaps,
      marquee: this.#drag?.kind === "marquee" ? [...this.#drag.from, ...this.#drag.to] : null,
    })
  }

  /** Show all waypoints when the map is drawn next, at the size that it has then. */
  fit(): void {
    this.#fitted = false
  }

  /** A place on the ground, on the grid if the editor snaps to it. */
  snapped([x, z]: readonly [number, number], free = false): [number, number] {
    if (!this.state.snap || free) return [rounded(x), rounded(z)]
    const step = this.snapStep()
    return [rounded(Math.round(x / step) * step), rounded(Math.round(z / step) * step)]
  }

  /** Metres between the places that waypoints snap to: half a grid cell at most, so that it follows the zoom. */
  snapStep(): number {
    return Math.min(Math.max(this.view.gridSpacing(14) / 2, 0.05), 1)
  }

  #press(event: PointerEvent): void {
    event.preventDefault()
    this.keyboard.focus({ preventScroll: true })
    this.canvas.setPointerCapture(event.pointerId)
    const pixel = pixelOf(this.canvas, event)
    this.#gesture++
    if (event.button === 1 || event.button === 2) {
      this.#drag = { kind: "pan", last: pixel }
      return
    }
    if (this.state.tool === "draw") {
      this.addWaypoint(pixel, event.altKey)
      return
    }
    this.#pressOn(hitAt(this.state, this.#motion, this.view, pixel), pixel, event.shiftKey)
  }

  #pressOn(hit: Hit, pixel: Pixel, adding: boolean): void {
    const { state } = this
    if (hit.kind === "yaw") {
      this.#drag = { kind: "yaw" }
      return
    }
    if (hit.kind === "nothing") {
      this.#drag = { kind: "marquee", from: pixel, to: pixel, before: adding ? state.selection : [] }
      if (!adding) state.select([])
      return
    }
    const chosen = hit.kind === "waypoint" ? [hit.place] : everyWaypoint(state.drawing, agentOf(hit))
    const already = chosen.every((place) => isChosen(state.selection, place))
    let onRelease: Selection | null = null
    if (adding) {
      state.select(chosen.reduce((all, place) => (already ? toggled(all, place) : merged(all, place)), state.selection))
    } else if (already) {
      // Dragging moves all that is chosen; a press without a drag chooses only what was pressed.
      onRelease = chosen
      state.select(state.selection, agentOf(hit))
    } else state.select(chosen)
    const [x, z] = this.#placeOf(hit.kind === "waypoint" ? hit.place : { agent: agentOf(hit), waypoint: 0 })
    this.#drag = { kind: "move", from: pixel, moved: false, handle: { x, z }, onRelease }
  }

  #placeOf(place: { agent: number; waypoint: number }): [number, number] {
    const [x, , z] = this.state.drawing.agents[place.agent]!.waypoints[place.waypoint]!.position
    return [x, z]
  }

  #move(event: PointerEvent): void {
    const pixel = pixelOf(this.canvas, event)
    const drag = this.#drag
    if (!drag) {
      this.#point(pixel)
      return
    }
    if (drag.kind === "pan") {
      this.view.pan(pixel[0] - drag.last[0], pixel[1] - drag.last[1])
      drag.last = pixel
      this.state.changed()
    } else if (drag.kind === "marquee") {
      drag.to = pixel
      this.#chooseInMarquee(drag)
    } else if (drag.kind === "yaw") this.#turn(pixel, event.altKey)
    else this.#dragTo(drag, pixel, event.altKey)
  }

  #dragTo(drag: Drag & { kind: "move" }, pixel: Pixel, free: boolean): void {
    if (!drag.moved && Math.hypot(pixel[0] - drag.from[0], pixel[1] - drag.from[1]) < 3) return
    drag.moved = true
    const [fromX, fromZ] = this.view.toGround(drag.from)
    const [toX, toZ] = this.view.toGround(pixel)
    const { handle } = drag
    const [x, z] = this.snapped([handle.x + toX - fromX, handle.z + toZ - fromZ], free)
    const [dx, dz] = [rounded(x - handle.x), rounded(z - handle.z)]
    if (dx === 0 && dz === 0) return
    const { state } = this
    state.edit(moveWaypoints(state.drawing, state.selection, dx, dz), state.selection, `drag ${this.#gesture}`)
    drag.from = this.view.toPixel([fromX + dx, fromZ + dz])
    drag.handle = { x, z }
  }

  #turn(pixel: Pixel, free: boolean): void {
    const { state } = this
    const [place] = state.selection
    if (!place) return
    const [x, z] = this.#placeOf(place)
    const [toX, toZ] = this.view.toGround(pixel)
    const degrees = (Math.atan2(toX - x, toZ - z) * 180) / Math.PI
    const yaw = state.snap && !free ? Math.round(degrees / 5) * 5 : rounded(degrees)
    const turned = changeWaypoints(state.drawing, [place], (waypoint) => ({ ...waypoint, yaw }))
    state.edit(turned, state.selection, `yaw ${this.#gesture}`)
  }

  #chooseInMarquee({ from, to, before }: Drag & { kind: "marquee" }): void {
    const inside = everyWaypoint(this.state.drawing).filter((place) => {
      const [x, y] = this.view.toPixel(this.#placeOf(place))
      return between(from[0], x, to[0]) && between(from[1], y, to[1])
    })
    this.state.select(inside.reduce(merged, before))
  }

  #release(event: PointerEvent): void {
    const drag = this.#drag
    this.#drag = null
    if (this.canvas.hasPointerCapture(event.pointerId)) this.canvas.releasePointerCapture(event.pointerId)
    if (drag?.kind === "move" && !drag.moved && drag.onRelease) this.state.select(drag.onRelease)
    if (drag?.kind === "marquee" && Math.hypot(drag.to[0] - drag.from[0], drag.to[1] - drag.from[1]) < MARQUEE_LEAST) {
      this.state.select(drag.before)
    }
    this.state.endMerge()
    this.state.changed()
  }

  #doublePress(event: MouseEvent): void {
    if (this.state.tool === "draw") return
    const pixel = pixelOf(this.canvas, event)
    const hit = hitAt(this.state, this.#motion, this.view, pixel)
    if (hit.kind === "path") this.#insertOnPath(hit.agent, hit.time, pixel)
    else if (hit.kind === "nothing") this.addWaypoint(pixel, event.altKey)
  }

  #insertOnPath(agent: number, time: number, pixel: Pixel): void {
    const [drawing, place] = insertAt(this.state.drawing, agent, time, this.snapped(this.view.toGround(pixel)))
    this.state.edit(drawing, place ? [place] : [])
  }

  /** A waypoint at a place of the map: behind the last one of the chosen agent, or the first of a new agent. */
  addWaypoint(pixel: Pixel, free = false): void {
    const { state } = this
    const [x, z] = this.snapped(this.view.toGround(pixel), free)
    if (state.agent < 0 || state.startsAgent) {
      state.startsAgent = false
      state.edit(addAgent(state.drawing, [x, 0, z]), [{ agent: state.drawing.agents.length, waypoint: 0 }])
      return
    }
    const y = state.drawing.agents[state.agent]!.waypoints.at(-1)!.position[1]
    const [drawing, place] = append(state.drawing, state.agent, [x, y, z])
    state.edit(drawing, [place])
  }

  #point(pixel: Pixel): void {
    const { kind } = hitAt(this.state, this.#motion, this.view, pixel)
    const shapes = { waypoint: "move", body: "move", path: "pointer", yaw: "grab", nothing: "default" }
    this.canvas.style.cursor = this.state.tool === "draw" ? "crosshair" : shapes[kind]
  }
}

function agentOf(hit: Exclude<Hit, { kind: "nothing" }>): number {
  return "place" in hit ? hit.place.agent : hit.agent
}

function merged(all: Selection, place: { agent: number; waypoint: number }): Selection {
  return isChosen(all, place) ? all : [...all, place]
}

function between(first: number, value: number, second: number): boolean {
  return value >= Math.min(first, second) && value <= Math.max(first, second)
}
