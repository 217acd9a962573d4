/** What a pinhole camera sees, by the same model as the nodes: pixel = K * (world point in the camera's frame). */

import { type Point, type Pose, toLocal } from "./poses"

/** A camera in the world and the size of its picture in pixels. */
export interface Camera {
  readonly pose: Pose
  /** Pinhole matrix in pixels, row after row: 9 numbers. */
  readonly intrinsics: readonly number[]
  readonly width: number
  readonly height: number
}

/** A place in a picture: pixels from its upper left corner, and metres along the camera's axis. */
export interface Pixel {
  readonly u: number
  readonly v: number
  readonly depth: number
}

/** Nearer than this many metres nothing is drawn. */
export const NEAR = 0.05

/** Where a point given in the camera's own frame appears. */
export function projectLocal(camera: Camera, [x, y, z]: Point): Pixel {
  const k = camera.intrinsics
  return {
    u: (k[0]! * x + k[1]! * y + k[2]! * z) / z,
    v: (k[3]! * x + k[4]! * y + k[5]! * z) / z,
    depth: z,
  }
}

/** Where a point of the world appears; behind the camera `depth` is negative. */
export function project(camera: Camera, point: Point): Pixel {
  return projectLocal(camera, toLocal(camera.pose, point))
}

/** Whether a point of the world lies in the picture. */
export function sees(camera: Camera, point: Point): boolean {
  const { pose } = camera
  const [dx, dy, dz] = [point[0] - pose[3]!, point[1] - pose[7]!, point[2] - pose[11]!]
  const z = pose[2]! * dx + pose[6]! * dy + pose[10]! * dz
  if (z <= NEAR) return false // most cameras look elsewhere
  const { u, v } = projectLocal(camera, toLocal(pose, point))
  return u >= 0 && u <= camera.width && v >= 0 && v <= camera.height
}

/** The part of a line in front of the camera, both ends in its own frame; null where none is. */
export function clippedLine(from: Point, to: Point): [Point, Point] | null {
  if (from[2] < NEAR && to[2] < NEAR) return null
  if (from[2] >= NEAR && to[2] >= NEAR) return [from, to]
  const cut = between(from, to)
  return from[2] < NEAR ? [cut, to] : [from, cut]
}

/** The part of a flat polygon in front of the camera, corners in its own frame (Sutherland and Hodgman, 1974). */
export function clippedPolygon(corners: readonly Point[]): Point[] {
  return corners.flatMap((corner, index) => {
    const before = corners.at(index - 1)!
    const kept: Point[] = []
    if (corner[2] >= NEAR !== before[2] >= NEAR) kept.push(between(before, corner))
    if (corner[2] >= NEAR) kept.push(corner)
    return kept
  })
}

function between(from: Point, to: Point): Point {
  const share = (NEAR - from[2]) / (to[2] - from[2])
  return [from[0] + share * (to[0] - from[0]), from[1] + share * (to[1] - from[1]), NEAR]
}

/**
 * Bearings in degrees over the ground of the left and the right edge of the picture, at its middle height; null for a
 * camera that looks straight up or down.
 */
export function fieldOfView(camera: Camera): { left: number; right: number } | null {
  const { pose, intrinsics: k } = camera
  const bearings = [0, camera.width].map((u) => {
    const sideways = (u - k[2]!) / k[0]!
    const x = sideways * pose[0]! + pose[2]!
    const z = sideways * pose[8]! + pose[10]!
    return Math.hypot(x, z) > 1e-3 ? (Math.atan2(x, z) * 180) / Math.PI : null
  })
  const [left, right] = bearings
  if (left == null || right == null) return null
  return { left, right: right < left ? right + 360 : right }
}
