import { describe, expect, it } from "vitest"
import { CAR } from "../../src/editor/edits"
import encounters from "../../src/editor/encounters.json"
import { type Camera, project } from "../../src/world/cameras"
import { footprint, separation } from "../../src/world/collisions"
import { DEFAULT_LIMITS, type Drawing, pathOf } from "../../src/world/drawing"
import { drawingText, readDrawing } from "../../src/world/drawing_text"
import type { Pose } from "../../src/world/poses"
import { CAR_RIG, cameraPoses } from "../../src/world/rigs"
import { difference, FIXTURES } from "../fixtures"

const TOLERANCE = 1e-6

function posesOf(drawing: Drawing, frames: number, frameRate: number): Pose[][] {
  return drawing.agents.map((agent) => {
    const path = pathOf(agent)
    return Array.from({ length: frames }, (_, frame) => path.poseAt(frame / frameRate))
  })
}

describe("what both languages have by default", () => {
  it("is the same car and the same limits", () => {
    const { drawing } = encounters.crossing
    expect(drawing.agents[0]!.body).toEqual(CAR)
    expect(drawing.limits).toEqual(DEFAULT_LIMITS)
  })
})

describe.each(FIXTURES.cases)("the page agrees with Python on the drawing '$name'", (fixture) => {
  const drawing = readDrawing(JSON.stringify(fixture.drawing))
  const poses = posesOf(drawing, fixture.frames, fixture.frame_rate)

  it("in positions and headings of every frame", () => {
    fixture.poses.forEach((expected, agent) => {
      expected.forEach((pose, frame) => {
        expect(difference(poses[agent]![frame]!, pose), `agent ${agent}, frame ${frame}`).toBeLessThan(TOLERANCE)
      })
    })
  })

  it("in the cameras of every view and in what they project", () => {
    drawing.agents.forEach((agent, index) => {
      const rig = agent.rig ?? CAR_RIG
      cameraPoses(rig, poses[index]!.at(-1)!).forEach((pose, view) => {
        expect(difference(pose, fixture.cameras[index]![view]!)).toBeLessThan(TOLERANCE)
        const camera: Camera = { ...rig, pose, intrinsics: rig.views[view]!.intrinsics }
        FIXTURES.world_points.forEach((point, number) => {
          const { u, v, depth } = project(camera, point)
          const expected = fixture.pixels[index]![view]![number]!
          const scale = Math.max(1, ...expected.map(Math.abs))
          expect(difference([u, v, depth], expected) / scale).toBeLessThan(TOLERANCE)
        })
      })
    })
  })

  it.runIf(fixture.separations)("in how far bodies are apart", () => {
    const [first, second] = drawing.agents.map((agent, index) =>
      poses[index]!.map((pose) => footprint(pose, agent.body!)),
    )
    const apart = first!.map((one, frame) => separation(one, second![frame]!))
    expect(difference(apart, fixture.separations!)).toBeLessThan(TOLERANCE)
  })

  it("and writes a text that it reads back unchanged", () => {
    expect(readDrawing(drawingText(drawing))).toEqual(drawing)
  })
})
