/** Rigs: the cameras of one agent, relative to it. */

import { multiply, type Pose } from "./poses"

/** One camera of a rig. */
export interface View {
  readonly name: string
  /** Pose of the camera in the agent's frame. */
  readonly viewToAgent: Pose
  /** Pinhole matrix in pixels, row after row: 9 numbers. */
  readonly intrinsics: readonly number[]
}

/** The cameras of an agent and the size in pixels of their pictures. */
export interface Rig {
  readonly width: number
  readonly height: number
  readonly views: readonly View[]
}

/** Four views of 90 degrees, 1.6 m above the ground: the rig of `car_rig` in world/encounters.py. */
export const CAR_RIG: Rig = {
  width: 720,
  height: 480,
  views: Object.entries({
    front: [1, 0, 0, 0, 0, 1, 0, -1.6, 0, 0, 1, 0],
    rear: [-1, 0, 0, 0, 0, 1, 0, -1.6, 0, 0, -1, 0],
    left: [0, 0, -1, 0, 0, 1, 0, -1.6, 1, 0, 0, 0],
    right: [0, 0, 1, 0, 0, 1, 0, -1.6, -1, 0, 0, 0],
  }).map(([name, viewToAgent]) => ({ name, viewToAgent, intrinsics: [360, 0, 360, 0, 360, 240, 0, 0, 1] })),
}

/** Camera-to-world poses of all views of an agent. */
export function cameraPoses(rig: Rig, agent: Pose): Pose[] {
  return rig.views.map((view) => multiply(agent, view.viewToAgent))
}
