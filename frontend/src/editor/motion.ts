/** What follows from a drawing at every frame: poses, speeds, jumps, and for every two agents how they meet. */

import type { Camera } from "../world/cameras"
import { type Body, type Footprint, footprint } from "../world/collisions"
import { type Drawing, type DrawnAgent, pathOf } from "../world/drawing"
import { headingOf, type Point, type Pose, toWorld, wrapped } from "../world/poses"
import { CAR_RIG, cameraPoses } from "../world/rigs"
import { type Meeting, meetingsOf } from "./meetings"
import type { Occupancy } from "./occupancy"
import { boxCorners, Coverage } from "./sight"

/** Stands in for an agent's body where none is given, as in Python's pictures. */
export const UNKNOWN_BODY: Body = { size: [1, 1, 1], centre: [0, -0.5, 0] }

/** An agent at one frame. */
export interface Moment {
  readonly cameras: readonly Camera[]
  readonly coverage: Coverage
  readonly footprint: Footprint
  /** Middle and corners of its body. */
  readonly middle: Point
  readonly corners: readonly Point[]
}

export interface AgentMotion {
  readonly agent: DrawnAgent
  /** Agent-to-world poses, one per frame. */
  readonly poses: readonly Pose[]
  /** Metres per second from this frame to the next; the last frame repeats the one before. */
  readonly speeds: readonly number[]
  /** Degrees turned from this frame to the next, to the right positive. */
  readonly turns: readonly number[]
  /** The way that is drawn beyond the last frame, to the last waypoint; empty where there is none. */
  readonly beyond: readonly Pose[]
  readonly moments: readonly Moment[]
}

export interface Motion {
  readonly agents: readonly AgentMotion[]
  readonly meetings: readonly Meeting[]
}

export function bodyOf(agent: DrawnAgent): Body {
  return agent.body ?? UNKNOWN_BODY
}

/** The cameras of an agent at a pose, in the order of its views. */
export function camerasOf(agent: DrawnAgent, pose: Pose): Camera[] {
  const rig = agent.rig ?? CAR_RIG
  return cameraPoses(rig, pose).map((camera, index) => ({
    pose: camera,
    intrinsics: rig.views[index]!.intrinsics,
    width: rig.width,
    height: rig.height,
  }))
}

/** @param before motion with the same frames and rate: agents that did not change since are taken from it. */
export function motionOf(
  drawing: Drawing,
  frames: number,
  frameRate: number,
  walls: Occupancy | null,
  before: Motion | null = null,
): Motion {
  const known = new Map(before?.agents.map((motion) => [motion.agent, motion]))
  const agents = drawing.agents.map((agent) => known.get(agent) ?? agentMotion(agent, frames, frameRate))
  return { agents, meetings: meetingsOf(agents, walls) }
}

function agentMotion(agent: DrawnAgent, frames: number, frameRate: number): AgentMotion {
  const path = pathOf(agent)
  const poses = Array.from({ length: frames }, (_, frame) => path.poseAt(frame / frameRate))
  const speeds: number[] = []
  const turns: number[] = []
  poses.slice(1).forEach((pose, index) => {
    const before = poses[index]!
    speeds.push(Math.hypot(pose[3]! - before[3]!, pose[7]! - before[7]!, pose[11]! - before[11]!) * frameRate)
    turns.push(wrapped(headingOf(pose) - headingOf(before)))
  })
  const end = (frames - 1) / frameRate
  const left = Math.ceil((agent.waypoints.at(-1)!.time - end) * frameRate)
  const beyond = left > 0 ? Array.from({ length: left + 1 }, (_, frame) => path.poseAt(end + frame / frameRate)) : []
  const moments = poses.map((pose) => momentOf(agent, pose))
  return { agent, poses, speeds: [...speeds, speeds.at(-1) ?? 0], turns: [...turns, 0], beyond, moments }
}

function momentOf(agent: DrawnAgent, pose: Pose): Moment {
  const body = bodyOf(agent)
  const cameras = camerasOf(agent, pose)
  return {
    cameras,
    coverage: new Coverage(cameras),
    footprint: footprint(pose, body),
    middle: toWorld(pose, body.centre),
    corners: boxCorners(pose, body),
  }
}
