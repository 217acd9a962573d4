/** Schematic picture of one camera: horizon, ground grid, paths on the ground and other agents' boxes. */

import { agentColor } from "../appearance/palette"
import { type Theme, translucent } from "../appearance/theme"
import { type Camera, clippedLine, clippedPolygon, projectLocal } from "../world/cameras"
import { type Point, positionOf, toLocal } from "../world/poses"
import type { Motion } from "./motion"

/** Metres between lines of the ground grid, and how far they reach. */
const GRID = 4
const REACH = 60

/** Faces of a box by its corners in the order of `boxCorners`, and how much light falls on each. */
const FACES: readonly (readonly [corners: readonly [number, number, number, number], light: number])[] = [
  [[0, 1, 3, 2], 0.72],
  [[4, 5, 7, 6], 0.72],
  [[0, 1, 5, 4], 0.86],
  [[2, 3, 7, 6], 0.86],
  [[0, 2, 6, 4], 1],
  [[1, 3, 7, 5], 0.5],
]

/** Draw what a camera of an agent sees into a canvas of any size; the picture is stretched to it. */
export function drawView(
  context: CanvasRenderingContext2D,
  size: readonly [number, number],
  camera: Camera,
  motion: Motion,
  owner: number,
  frame: number,
  theme: Theme,
): void {
  context.save()
  context.beginPath()
  context.rect(0, 0, ...size)
  context.clip()
  context.fillStyle = theme.sky
  context.fillRect(0, 0, ...size)
  context.scale(size[0] / camera.width, size[1] / camera.height)
  const thin = camera.width / size[0]
  drawGround(context, camera, theme, thin)
  drawPaths(context, camera, motion, theme, thin)
  drawBoxes(context, camera, motion, owner, frame, theme, thin)
  context.restore()
}

function drawGround(context: CanvasRenderingContext2D, camera: Camera, theme: Theme, thin: number): void {
  const [x, z] = [camera.pose[3]!, camera.pose[11]!]
  const far = 4000
  const corners: Point[] = [
    [x - far, 0, z - far],
    [x + far, 0, z - far],
    [x + far, 0, z + far],
    [x - far, 0, z + far],
  ]
  fillPolygon(context, camera, corners, theme.ground)
  context.strokeStyle = theme.strongGrid
  context.lineWidth = thin
  const [firstX, firstZ] = [x, z].map((value) => Math.round(value / GRID) * GRID) as [number, number]
  context.beginPath()
  for (let step = -REACH; step <= REACH; step += GRID) {
    addLine(context, camera, [firstX + step, 0, z - REACH], [firstX + step, 0, z + REACH])
    addLine(context, camera, [x - REACH, 0, firstZ + step], [x + REACH, 0, firstZ + step])
  }
  context.stroke()
}

function drawPaths(
  context: CanvasRenderingContext2D,
  camera: Camera,
  motion: Motion,
  theme: Theme,
  thin: number,
): void {
  motion.agents.forEach(({ poses }, index) => {
    context.strokeStyle = translucent(agentColor(index, theme.dark), 0.55)
    context.lineWidth = 1.5 * thin
    context.beginPath()
    poses.slice(1).forEach((pose, before) => {
      addLine(context, camera, positionOf(poses[before]!), positionOf(pose))
    })
    context.stroke()
  })
}

/** Boxes of the others, the farthest first. */
function drawBoxes(
  context: CanvasRenderingContext2D,
  camera: Camera,
  motion: Motion,
  owner: number,
  frame: number,
  theme: Theme,
  thin: number,
): void {
  const eye = positionOf(camera.pose)
  const faces = motion.agents.flatMap(({ moments }, index) => {
    if (index === owner) return []
    const { corners } = moments[frame]!
    return FACES.map(([numbers, light]) => {
      const points = numbers.map((number) => corners[number]!)
      const middle = points.reduce((sum, point) => sum.map((v, i) => v + point[i]! / 4) as unknown as Point, [0, 0, 0])
      const distance = Math.hypot(middle[0]! - eye[0], middle[1]! - eye[1], middle[2]! - eye[2])
      return { points, distance, color: shaded(agentColor(index, theme.dark), light) }
    })
  })
  faces.sort((first, second) => second.distance - first.distance)
  context.lineWidth = 0.8 * thin
  for (const { points, color } of faces) {
    context.strokeStyle = theme.ground
    fillPolygon(context, camera, points, color, true)
  }
}

/** Add the visible part of a line to the path. */
function addLine(context: CanvasRenderingContext2D, camera: Camera, from: Point, to: Point): void {
  const line = clippedLine(toLocal(camera.pose, from), toLocal(camera.pose, to))
  if (!line) return
  const start = projectLocal(camera, line[0])
  const end = projectLocal(camera, line[1])
  context.moveTo(start.u, start.v)
  context.lineTo(end.u, end.v)
}

function fillPolygon(
  context: CanvasRenderingContext2D,
  camera: Camera,
  corners: readonly Point[],
  color: string,
  outlined = false,
): void {
  const visible = clippedPolygon(corners.map((corner) => toLocal(camera.pose, corner)))
  if (visible.length < 3) return
  context.beginPath()
  for (const corner of visible) {
    const { u, v } = projectLocal(camera, corner)
    context.lineTo(u, v)
  }
  context.closePath()
  context.fillStyle = color
  context.fill()
  if (outlined) context.stroke()
}

function shaded(color: string, light: number): string {
  const channels = [1, 3, 5].map((start) => Math.round(Number.parseInt(color.slice(start, start + 2), 16) * light))
  return `rgb(${channels.join(", ")})`
}
