import { describe, expect, it } from "vitest"
import { motionOf } from "../../src/editor/motion"
import { Occupancy } from "../../src/editor/occupancy"
import { readPly } from "../../src/editor/ply"
import { type Drawing, type DrawnAgent, EMPTY_DRAWING } from "../../src/world/drawing"
import { CAR_RIG, type Rig } from "../../src/world/rigs"

const FRONT: Rig = { ...CAR_RIG, views: CAR_RIG.views.slice(0, 1) }
const CAR = { size: [2, 1.4, 4.2], centre: [0, -0.7, 0] } as const

function standing(name: string, x: number, z: number, yaw: number, rig: Rig | null = FRONT): DrawnAgent {
  const waypoints = [{ time: 0, position: [x, 0, z] as const, yaw, speed: null }]
  return { name, waypoints, body: CAR, rig, easing: "constant" }
}

function meetings(agents: DrawnAgent[], walls: Occupancy | null = null) {
  const drawing: Drawing = { ...EMPTY_DRAWING, agents }
  return motionOf(drawing, 1, 8, walls).meetings.map((meeting) => ({
    sees: [meeting.firstSees[0], meeting.secondSees[0]],
    hidden: meeting.hidden[0],
    overlap: meeting.overlaps[0]!,
    apart: meeting.separations[0]!,
  }))
}

/** A wall of points across the z axis, at a height. */
function wall(z: number, height: number): Occupancy {
  const points = Array.from({ length: 400 }, (_, index) => [(index - 200) / 20, -height, z]).flat()
  return new Occupancy(new Float32Array(points))
}

describe("two agents", () => {
  it("see each other face to face, and one the other from behind", () => {
    expect(meetings([standing("a", 0, 0, 0), standing("b", 0, 12, 180)])[0]!.sees).toEqual([true, true])
    expect(meetings([standing("a", 0, 0, 0), standing("b", 0, 12, 0)])[0]!.sees).toEqual([true, false])
    expect(meetings([standing("a", 0, 0, 180), standing("b", 0, 12, 0)])[0]!.sees).toEqual([false, false])
  })

  it("are hidden by a third one between them, and by a wall of the scene but not by its ground or roof", () => {
    const facing = [standing("a", 0, 0, 0), standing("b", 0, 20, 180)]
    const between = meetings([...facing, standing("c", 0, 10, 90)])[0]!
    expect(between).toMatchObject({ sees: [false, false], hidden: true })
    expect(meetings([...facing, standing("c", 5, 10, 90)])[0]!.hidden).toBe(false)
    expect(meetings(facing, wall(10, 1.2))[0]).toMatchObject({ sees: [false, false], hidden: true })
    expect(meetings(facing, wall(10, 0.1))[0]!.hidden).toBe(false)
    expect(meetings(facing, wall(10, 4))[0]!.hidden).toBe(false)
  })

  it("are computed anew where others or walls come between them", () => {
    const facing = [standing("a", 0, 0, 0), standing("b", 0, 20, 180)]
    let before = motionOf({ ...EMPTY_DRAWING, agents: facing }, 1, 8, null)
    const [first] = before.agents
    const sees = (agents: DrawnAgent[], walls: Occupancy | null = null) => {
      before = motionOf({ ...EMPTY_DRAWING, agents }, 1, 8, walls, before)
      return before.meetings[0]!.firstSees[0]
    }
    expect(sees([...facing, standing("c", 0, 10, 90)])).toBe(false)
    expect(sees([...facing, standing("c", 5, 10, 90)])).toBe(true)
    expect(sees(facing, wall(10, 1.2))).toBe(false)
    expect(sees(facing)).toBe(true)
    expect(before.agents[0]).toBe(first)
    expect(sees([facing[0]!, standing("b", 0, -20, 0)])).toBe(false)
  })

  it("share all of what they see side by side in one place, less farther away, nothing back to back", () => {
    const around = (x: number) => meetings([standing("a", 0, 0, 0, null), standing("b", x, 0, 90, null)])[0]!.overlap
    expect(around(0.01)).toBeGreaterThan(0.95)
    expect(around(10)).toBeGreaterThan(around(20))
    expect(around(70)).toBe(0)
    expect(meetings([standing("a", 0, 1, 0), standing("b", 0, -1, 180)])[0]!.overlap).toBe(0)
  })

  it("touch where their bodies overlap", () => {
    expect(meetings([standing("a", 0, 0, 0), standing("b", 1.9, 0, 0)])[0]!.apart).toBeCloseTo(-0.1, 9)
    expect(meetings([standing("a", 0, 0, 0), standing("b", 3, 0, 0)])[0]!.apart).toBeCloseTo(1, 9)
  })
})

describe("a moving agent", () => {
  it("has the speed and turns of its path", () => {
    const waypoints = [0, 1, 2].map((time) => ({
      time,
      position: [0, 0, 6 * time] as const,
      yaw: 30 * time,
      speed: null,
    }))
    const drawing: Drawing = { ...EMPTY_DRAWING, agents: [{ ...standing("a", 0, 0, 0), waypoints }] }
    const [agent] = motionOf(drawing, 17, 8, null).agents
    for (const speed of agent!.speeds) expect(speed).toBeCloseTo(6, 6)
    expect(agent!.turns.reduce((sum, turn) => sum + turn, 0)).toBeCloseTo(60, 6)
  })
})

describe("a PLY file of the node", () => {
  it("is read into the world frame, and another file not at all", () => {
    const header = "ply\nformat binary_little_endian 1.0\nelement vertex 1\nproperty float x\nend_header\n"
    const bytes = new Uint8Array(header.length + 15)
    bytes.set(new TextEncoder().encode(header))
    const view = new DataView(bytes.buffer, header.length)
    for (const [index, value] of [1, 2, -3].entries()) view.setFloat32(4 * index, value, true)
    bytes.set([10, 20, 30], header.length + 12)
    const cloud = readPly(bytes.buffer)!
    expect([...cloud.positions]).toEqual([1, -2, 3])
    expect([...cloud.colors]).toEqual([10, 20, 30])
    expect(readPly(new TextEncoder().encode("solid cube").buffer)).toBeNull()
  })
})
