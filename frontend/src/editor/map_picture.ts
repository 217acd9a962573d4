/** The map's picture: grid, paths, views, bodies, and how agents meet. */

import { agentColor } from "../appearance/palette"
import { cross, dot, triangle } from "../appearance/shapes"
import { type Theme, translucent } from "../appearance/theme"
import { fieldOfView } from "../world/cameras"
import { corners, footprint } from "../world/collisions"
import type { Pose } from "../world/poses"
import type { CloudPicture } from "./map_cloud"
import { knobOf } from "./map_hits"
import type { Ground, MapView } from "./map_view"
import { type AgentMotion, bodyOf, type Motion } from "./motion"
import { isChosen } from "./selection"
import { SIGHT } from "./sight"
import type { EditorState } from "./state"

/** Pixels between marks of jumps, so that many of them leave the path to be seen. */
const APART = 18

/** Everything a picture of the map needs. */
export interface MapScene {
  readonly context: CanvasRenderingContext2D
  readonly view: MapView
  readonly theme: Theme
  readonly state: EditorState
  readonly motion: Motion
  readonly cloud: CloudPicture
  /** Takes what is seen twice, before it is laid over the ground. */
  readonly overlaps: HTMLCanvasElement
  /** Corners in pixels of the rectangle that is being drawn to choose waypoints. */
  readonly marquee: readonly [number, number, number, number] | null
}

export function drawMap(scene: MapScene): void {
  const { context, view, theme, motion } = scene
  context.fillStyle = theme.ground
  context.fillRect(0, 0, ...view.size)
  drawGrid(scene)
  drawCloud(scene)
  drawViews(scene)
  motion.agents.forEach((agent, index) => {
    drawPath(scene, agent, index)
  })
  drawSight(scene)
  motion.agents.forEach((agent, index) => {
    drawBody(scene, agent, index)
    drawWaypoints(scene, index)
  })
  drawKnob(scene)
  drawCollisions(scene)
  drawNames(scene)
  drawScale(scene)
  if (scene.marquee) drawMarquee(scene, scene.marquee)
}

function drawGrid({ context, view, theme }: MapScene): void {
  const spacing = view.gridSpacing(14)
  const [left, top] = view.toGround([0, 0])
  const [right, bottom] = view.toGround([...view.size])
  const lines = (from: number, to: number, draw: (value: number, strong: boolean) => void) => {
    for (let number = Math.ceil(from / spacing); number * spacing <= to; number++) {
      draw(number * spacing, number % 5 === 0)
    }
  }
  for (const strong of [false, true]) {
    context.beginPath()
    lines(left, right, (x, isStrong) => {
      if (isStrong !== strong) return
      const pixel = Math.round(view.toPixel([x, 0])[0]) + 0.5
      context.moveTo(pixel, 0)
      context.lineTo(pixel, view.size[1])
    })
    lines(bottom, top, (z, isStrong) => {
      if (isStrong !== strong) return
      const pixel = Math.round(view.toPixel([0, z])[1]) + 0.5
      context.moveTo(0, pixel)
      context.lineTo(view.size[0], pixel)
    })
    context.strokeStyle = strong ? theme.strongGrid : theme.grid
    context.lineWidth = 1
    context.stroke()
  }
  context.fillStyle = theme.faintInk
  context.font = "10px system-ui, sans-serif"
  context.textAlign = "left"
  context.textBaseline = "top"
  lines(left, right, (x, strong) => {
    if (strong) context.fillText(metres(x), view.toPixel([x, 0])[0] + 3, 3)
  })
  context.textBaseline = "bottom"
  lines(bottom, top, (z, strong) => {
    if (strong) context.fillText(metres(z), 3, view.toPixel([0, z])[1] - 2)
  })
}

function metres(value: number): string {
  return String(Math.round(value * 100) / 100)
}

/** Points of a connected scene from above. */
function drawCloud({ context, view, state, cloud }: MapScene): void {
  const picture = state.cloud && cloud.of(state.cloud, view, context.getTransform().a)
  if (picture) context.drawImage(picture, 0, 0, ...view.size)
}

/** Wedges of the fields of view at the playhead, and where those of two agents overlap. */
function drawViews(scene: MapScene): void {
  const { context, theme, motion, state } = scene
  const areas = motion.agents.map(({ moments }, index) => {
    const area = new Path2D()
    moments[state.playhead]!.cameras.forEach((camera, view) => {
      const field = fieldOfView(camera)
      if (!field) return
      const wedge = wedgePath(scene, [camera.pose[3]!, camera.pose[11]!], field.left, field.right)
      area.addPath(wedge)
      const color = agentColor(index, theme.dark)
      context.fillStyle = translucent(color, view === 0 ? 0.13 : 0.05)
      context.fill(wedge)
      context.strokeStyle = translucent(color, 0.28)
      context.lineWidth = 1
      context.stroke(wedge)
    })
    return area
  })
  drawOverlaps(scene, areas)
}

/** Ground that two agents or more see, in one tint however many they are. */
function drawOverlaps({ context, view, theme, overlaps }: MapScene, areas: readonly Path2D[]): void {
  overlaps.width = context.canvas.width // which clears it
  overlaps.height = context.canvas.height
  const layer = overlaps.getContext("2d")!
  layer.setTransform(context.getTransform())
  layer.fillStyle = theme.overlap
  const before = new Path2D()
  for (const area of areas) {
    layer.save()
    layer.clip(area)
    layer.fill(before)
    layer.restore()
    before.addPath(area)
  }
  context.globalAlpha = theme.overlapOpacity
  context.drawImage(overlaps, 0, 0, ...view.size)
  context.globalAlpha = 1
}

function wedgePath({ view }: MapScene, origin: Ground, left: number, right: number): Path2D {
  const [x, y] = view.toPixel(origin)
  const angle = (bearing: number) => ((bearing - 90) * Math.PI) / 180
  const path = new Path2D()
  path.moveTo(x, y)
  path.arc(x, y, SIGHT * view.scale, angle(left), angle(right))
  path.closePath()
  return path
}

/** The path, thicker up to the playhead, with a dot every second; dotted where it goes on after the last frame. */
function drawPath(scene: MapScene, agent: AgentMotion, index: number): void {
  const { context, view, theme, state } = scene
  const { poses, beyond } = agent
  const color = agentColor(index, theme.dark)
  const pixel = (frame: number) => view.toPixel([poses[frame]![3]!, poses[frame]![11]!])
  context.lineJoin = "round"
  context.lineCap = "round"
  drawSpeedBands(scene, agent)
  context.strokeStyle = translucent(color, index === state.agent ? 0.95 : 0.7)
  context.lineWidth = index === state.agent ? 2.5 : 2
  strokePoses(scene, poses)
  context.lineWidth = index === state.agent ? 4.5 : 4
  strokePoses(scene, poses.slice(0, state.playhead + 1))
  context.lineWidth = 1.5
  context.setLineDash([1, 5])
  strokePoses(scene, beyond)
  context.setLineDash([])
  context.fillStyle = color
  for (let second = 1; second * state.frameRate < poses.length - 1; second++) {
    dot(context, pixel(Math.round(second * state.frameRate)), 2.6)
  }
  drawJumps(scene, agent)
}

function strokePoses(scene: MapScene, poses: readonly Pose[]): void {
  scene.context.beginPath()
  for (const pose of poses) scene.context.lineTo(...middle(scene, pose))
  scene.context.stroke()
}

/** Wide bands where the agent is slower or faster than the limits. */
function drawSpeedBands(scene: MapScene, { poses, speeds }: AgentMotion): void {
  const { context, theme, state } = scene
  const { slowest, fastest } = state.drawing.limits
  const outside = speeds.slice(0, -1).map((speed) => speed > 1e-3 && (speed > fastest || speed < slowest))
  context.strokeStyle = translucent(theme.caution, 0.4)
  context.lineWidth = 11
  context.lineCap = "butt"
  outside.forEach((marked, frame) => {
    if (!marked || outside[frame - 1]) return
    const end = outside.indexOf(false, frame)
    strokePoses(scene, poses.slice(frame, (end < 0 ? outside.length : end) + 1))
  })
  context.lineCap = "round"
}

/** Triangles where the agent moves or turns too much for one frame. */
function drawJumps(scene: MapScene, { poses, speeds, turns }: AgentMotion): void {
  const { context, theme, state } = scene
  const { step, turn } = state.drawing.limits
  context.fillStyle = theme.caution
  let last: Pixel = [Number.NEGATIVE_INFINITY, 0]
  speeds.slice(0, -1).forEach((speed, frame) => {
    const tooMuch = speed / state.frameRate > step || Math.abs(turns[frame]!) > turn
    const place = middle(scene, poses[frame]!)
    if (!tooMuch || Math.hypot(place[0] - last[0], place[1] - last[1]) < APART) return
    triangle(context, place, 5)
    last = place
  })
}

/** Lines between agents: solid where both see each other, dashed where one does, crossed out where something hides. */
function drawSight(scene: MapScene): void {
  const { motion, state } = scene
  const frame = state.playhead
  for (const meeting of motion.meetings) {
    const ends = [meeting.first, meeting.second].map((agent) => middle(scene, motion.agents[agent]!.poses[frame]!))
    const seen = Number(meeting.firstSees[frame]) + Number(meeting.secondSees[frame])
    if (seen > 0 || meeting.hidden[frame]) drawSightLine(scene, ends[0]!, ends[1]!, seen, meeting.hidden[frame]!)
  }
}

type Pixel = readonly [number, number]

function drawSightLine({ context, theme }: MapScene, from: Pixel, to: Pixel, seen: number, hidden: boolean): void {
  context.setLineDash(seen === 2 ? [] : hidden ? [2, 5] : [7, 5])
  context.strokeStyle = translucent(theme.sight, hidden ? 0.55 : 0.8)
  context.lineWidth = seen === 2 ? 1.6 : 1.3
  context.beginPath()
  context.moveTo(...from)
  context.lineTo(...to)
  context.stroke()
  context.setLineDash([])
  if (hidden) cross(context, [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2], 5, theme.sight)
}

function middle({ view }: MapScene, pose: Pose): [number, number] {
  return view.toPixel([pose[3]!, pose[11]!])
}

function drawBody({ context, view, theme, state }: MapScene, { agent, poses }: AgentMotion, index: number): void {
  const body = footprint(poses[state.playhead]!, bodyOf(agent))
  const around = corners(body).map((corner) => view.toPixel(corner))
  context.beginPath()
  for (const corner of around) context.lineTo(...corner)
  context.closePath()
  context.fillStyle = agentColor(index, theme.dark)
  context.fill()
  context.strokeStyle = theme.ground
  context.lineWidth = 1.5
  context.stroke()
  const [x, z] = body.centre
  const [fx, fz] = body.forward
  const at = (along: number, across: number) =>
    view.toPixel([
      x + along * body.halfLength * fx + across * body.halfWidth * fz,
      z + along * body.halfLength * fz - across * body.halfWidth * fx,
    ])
  context.beginPath()
  context.moveTo(...at(0.8, 0))
  context.lineTo(...at(0.2, 0.65))
  context.lineTo(...at(0.2, -0.65))
  context.closePath()
  context.fillStyle = theme.ground
  context.fill()
}

function drawWaypoints({ context, view, theme, state }: MapScene, index: number): void {
  const color = agentColor(index, theme.dark)
  state.drawing.agents[index]!.waypoints.forEach(({ position, yaw }, waypoint) => {
    const [x, y] = view.toPixel([position[0], position[2]])
    const chosen = isChosen(state.selection, { agent: index, waypoint })
    if (yaw !== null) {
      const angle = (yaw * Math.PI) / 180
      context.strokeStyle = color
      context.lineWidth = 2
      context.beginPath()
      context.moveTo(x, y)
      context.lineTo(x + 16 * Math.sin(angle), y - 16 * Math.cos(angle))
      context.stroke()
    }
    context.beginPath()
    context.arc(x, y, chosen ? 6.5 : 5, 0, 2 * Math.PI)
    context.fillStyle = chosen ? theme.selection : theme.ground
    context.fill()
    context.lineWidth = chosen ? 3 : 2
    context.strokeStyle = color
    context.stroke()
  })
}

/** The knob that turns the one chosen waypoint. */
function drawKnob({ context, view, theme, state, motion }: MapScene): void {
  if (state.selection.length !== 1) return
  const place = state.selection[0]!
  const knob = knobOf(state, motion, view, place)
  const waypoint = state.drawing.agents[place.agent]?.waypoints[place.waypoint]
  if (!knob || !waypoint) return
  const from = view.toPixel([waypoint.position[0], waypoint.position[2]])
  context.strokeStyle = theme.selection
  context.lineWidth = 1
  context.setLineDash(waypoint.yaw === null ? [3, 3] : [])
  context.beginPath()
  context.moveTo(...from)
  context.lineTo(...knob)
  context.stroke()
  context.setLineDash([])
  context.beginPath()
  context.arc(...knob, 4.5, 0, 2 * Math.PI)
  context.fillStyle = waypoint.yaw === null ? theme.ground : theme.selection
  context.fill()
  context.stroke()
}

function drawCollisions(scene: MapScene): void {
  const { context, theme, motion, state } = scene
  for (const { first, second, separations } of motion.meetings) {
    if (separations[state.playhead]! > 0) continue
    const places = [first, second].map((agent) => middle(scene, motion.agents[agent]!.poses[state.playhead]!))
    const [x, y] = [(places[0]![0] + places[1]![0]) / 2, (places[0]![1] + places[1]![1]) / 2]
    context.beginPath()
    context.arc(x, y, 11, 0, 2 * Math.PI)
    context.fillStyle = theme.ground
    context.fill()
    context.strokeStyle = theme.danger
    context.lineWidth = 2.5
    context.stroke()
    cross(context, [x, y], 4.5, theme.danger)
  }
}

function drawNames(scene: MapScene): void {
  const { context, view, theme, state, motion } = scene
  context.font = "600 11px system-ui, sans-serif"
  context.textAlign = "left"
  context.textBaseline = "middle"
  motion.agents.forEach(({ agent, poses }, index) => {
    const [x, y] = middle(scene, poses[state.playhead]!)
    const side = Math.max(bodyOf(agent).size[0], bodyOf(agent).size[2]) * view.scale * 0.5 + 8
    const width = context.measureText(agent.name).width + 10
    const flipped = x + side + width > view.size[0]
    const left = flipped ? x - side - width : x + side
    context.fillStyle = translucent(theme.dark ? "#1b1c20" : "#ffffff", 0.85)
    context.beginPath()
    context.roundRect(left, y - 9, width, 18, 4)
    context.fill()
    context.strokeStyle = agentColor(index, theme.dark)
    context.lineWidth = 1.2
    context.stroke()
    context.fillStyle = theme.ink
    context.fillText(agent.name, left + 5, y + 0.5)
  })
}

/** A bar of a round number of metres in the lower right corner. */
function drawScale({ context, view, theme }: MapScene): void {
  const length = view.gridSpacing(60)
  const [right, bottom] = [view.size[0] - 12, view.size[1] - 12]
  const left = right - length * view.scale
  context.strokeStyle = theme.ink
  context.lineWidth = 1.5
  context.beginPath()
  context.moveTo(left, bottom - 5)
  context.lineTo(left, bottom)
  context.lineTo(right, bottom)
  context.lineTo(right, bottom - 5)
  context.stroke()
  context.fillStyle = theme.ink
  context.font = "11px system-ui, sans-serif"
  context.textAlign = "center"
  context.textBaseline = "bottom"
  context.fillText(`${metres(length)} m`, (left + right) / 2, bottom - 3)
}

function drawMarquee(
  { context, theme }: MapScene,
  [left, top, right, bottom]: readonly [number, number, number, number],
): void {
  context.fillStyle = translucent(theme.selection, 0.08)
  context.strokeStyle = translucent(theme.selection, 0.7)
  context.lineWidth = 1
  context.fillRect(left, top, right - left, bottom - top)
  context.strokeRect(left, top, right - left, bottom - top)
}
