/** What follows from a drawing at every frame: poses, speeds, jumps, and for every two agents how they meet. */

import type { Camera } from "../world/cameras"
import { type Body, footprint, separation } from "../world/collisions"
import { type Drawing, type DrawnAgent, pathOf } from "../world/drawing"
import { headingOf, type Pose, wrapped } from "../world/poses"
import { CAR_RIG, cameraPoses } from "../world/rigs"
import type { Occupancy } from "./occupancy"
import { overlapOfViews, sights } from "./sight"

/** Stands in for an agent's body where none is given, as in Python's pictures. */
export const UNKNOWN_BODY: Body = { size: [1, 1, 1], centre: [0, -0.5, 0] }

/** Frames for which the overlap of views is computed at most; it changes slowly, and long clips must stay quick. */
const FINEST_OVERLAPS = 160

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
}

/** Two agents at every frame. */
export interface Meeting {
  readonly first: number
  readonly second: number
  /** Metres between the bodies, negative where they overlap. */
  readonly separations: readonly number[]
  /** Whether the first sees the second, and the second the first. */
  readonly firstSees: readonly boolean[]
  readonly secondSees: readonly boolean[]
  /** Whether something stands between them. */
  readonly hidden: readonly boolean[]
  /** Share of the ground that either sees nearby which both see, 0 to 1. */
  readonly overlaps: readonly number[]
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

export function motionOf(drawing: Drawing, frames: number, frameRate: number, walls: Occupancy | null): Motion {
  const agents = drawing.agents.map((agent) => agentMotion(agent, frames, frameRate))
  const meetings = agents.flatMap((_, first) =>
    agents.slice(first + 1).map((__, offset) => meeting(agents, first, first + 1 + offset, walls)),
  )
  return { agents, meetings }
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
  return { agent, poses, speeds: [...speeds, speeds.at(-1) ?? 0], turns: [...turns, 0], beyond }
}

function meeting(agents: readonly AgentMotion[], first: number, second: number, walls: Occupancy | null): Meeting {
  const one = agents[first]!
  const two = agents[second]!
  const bodies = [bodyOf(one.agent), bodyOf(two.agent)] as const
  const others = agents.filter((_, index) => index !== first && index !== second)
  const stride = Math.ceil(one.poses.length / FINEST_OVERLAPS)
  let overlap = 0
  const frames = one.poses.map((pose, frame) => {
    const other = two.poses[frame]!
    const between = others.map((agent) => footprint(agent.poses[frame]!, bodyOf(agent.agent)))
    const cameras = camerasOf(one.agent, pose)
    const otherCameras = camerasOf(two.agent, other)
    const there = sights(cameras, other, bodies[1], between, walls)
    const back = sights(otherCameras, pose, bodies[0], between, walls)
    if (frame % stride === 0) overlap = overlapOfViews(cameras, otherCameras)
    return {
      separation: separation(footprint(pose, bodies[0]), footprint(other, bodies[1])),
      firstSees: there === "seen",
      secondSees: back === "seen",
      hidden: there === "hidden" || back === "hidden",
      overlap,
    }
  })
  return {
    first,
    second,
    separations: frames.map((frame) => frame.separation),
    firstSees: frames.map((frame) => frame.firstSees),
    secondSees: frames.map((frame) => frame.secondSees),
    hidden: frames.map((frame) => frame.hidden),
    overlaps: frames.map((frame) => frame.overlap),
  }
}
