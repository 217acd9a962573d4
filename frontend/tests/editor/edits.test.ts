import { describe, expect, it } from "vitest"
import {
  addAgent,
  addAgents,
  append,
  changeWaypoints,
  evenSpeed,
  insertAt,
  moveWaypoints,
  removeWaypoints,
  renameAgent,
  shiftTimes,
} from "../../src/editor/edits"
import { type Drawing, EMPTY_DRAWING, pathOf } from "../../src/world/drawing"
import { drawingText, NotADrawing, readDrawing } from "../../src/world/drawing_text"
import { positionOf } from "../../src/world/poses"

function driving(...times: number[]): Drawing {
  const waypoints = times.map((time) => ({ time, position: [0, 0, 4 * time] as const, yaw: null, speed: null }))
  const agent = { name: "car", waypoints, body: null, rig: null, easing: "constant" as const }
  return { ...EMPTY_DRAWING, agents: [agent] }
}

const timesOf = (drawing: Drawing) => drawing.agents[0]!.waypoints.map((waypoint) => waypoint.time)

describe("changes of a drawing", () => {
  it("leave the drawing that they are made from as it was", () => {
    const before = driving(0, 1, 2)
    const text = drawingText(before)
    moveWaypoints(before, [{ agent: 0, waypoint: 1 }], 5, 5)
    shiftTimes(before, [{ agent: 0, waypoint: 1 }], 0.5)
    removeWaypoints(before, [{ agent: 0, waypoint: 1 }])
    expect(drawingText(before)).toBe(text)
  })

  it("give new agents names of their own", () => {
    const two = addAgent(addAgent(EMPTY_DRAWING, [0, 0, 0]), [3, 0, 0])
    expect(two.agents.map((agent) => agent.name)).toEqual(["agent 1", "agent 2"])
    expect(addAgents(two, two.agents).agents.map((agent) => agent.name)).toEqual([
      "agent 1",
      "agent 2",
      "agent 3",
      "agent 4",
    ])
    expect(renameAgent(two, 0, "agent 2")).toBe(two)
    expect(renameAgent(two, 0, " red ").agents[0]!.name).toBe("red")
  })

  it("put an inserted waypoint on the path, where it changes nothing", () => {
    const before = driving(0, 1, 3)
    const [after, place] = insertAt(before, 0, 2)
    expect(place).toEqual({ agent: 0, waypoint: 2 })
    for (const time of [0.5, 1.5, 2.2, 2.9]) {
      const moved = positionOf(pathOf(after.agents[0]!).poseAt(time))
      expect(moved[2]).toBeCloseTo(4 * time, 6)
    }
    expect(insertAt(after, 0, 2.001)[0]).toBe(after)
  })

  it("keep height and gaze of the path where a waypoint is inserted", () => {
    const sideways = changeWaypoints(
      driving(0, 2),
      [0, 1].map((waypoint) => ({ agent: 0, waypoint })),
      (waypoint) => ({
        ...waypoint,
        position: [0, -waypoint.time, waypoint.position[2]],
        yaw: 90,
      }),
    )
    const [after] = insertAt(sideways, 0, 1, [0.5, 4])
    expect(after.agents[0]!.waypoints[1]).toEqual({ time: 1, position: [0.5, -1, 4], yaw: 90, speed: null })
  })

  it("append at the speed that the agent has", () => {
    const [after] = append(driving(0, 1), 0, [0, 0, 12])
    expect(timesOf(after)).toEqual([0, 1, 3])
  })

  it("never change the order of times, nor go before 0 s", () => {
    const drawing = driving(0.5, 1, 2, 3)
    expect(timesOf(shiftTimes(drawing, [{ agent: 0, waypoint: 1 }], 50))).toEqual([0.5, 1.99, 2, 3])
    expect(timesOf(shiftTimes(drawing, [{ agent: 0, waypoint: 1 }], -50))).toEqual([0.5, 0.51, 2, 3])
    const firstTwo = [0, 1].map((waypoint) => ({ agent: 0, waypoint }))
    expect(timesOf(shiftTimes(drawing, firstTwo, -50))).toEqual([0, 0.5, 2, 3])
    expect(timesOf(shiftTimes(drawing, [{ agent: 0, waypoint: 3 }], 5))).toEqual([0.5, 1, 2, 8])
  })

  it("leave waypoints where they are that are closer in time than a drag could bring them", () => {
    const dense = driving(0, 0.0042, 0.0083)
    for (const seconds of [-1, 0, 1]) {
      const times = timesOf(shiftTimes(dense, [{ agent: 0, waypoint: 1 }], seconds))
      expect(times).toEqual([0, 0.0042, 0.0083])
    }
  })

  it("remove an agent with its last waypoint", () => {
    const drawing = driving(0, 1)
    expect(removeWaypoints(drawing, [{ agent: 0, waypoint: 0 }]).agents[0]!.waypoints).toHaveLength(1)
    expect(
      removeWaypoints(
        drawing,
        [0, 1].map((waypoint) => ({ agent: 0, waypoint })),
      ).agents,
    ).toEqual([])
  })

  it("spread times so that the speed is even", () => {
    const uneven = changeWaypoints(driving(0, 1, 4), [{ agent: 0, waypoint: 1 }], (waypoint) => ({
      ...waypoint,
      position: [0, 0, 12],
      speed: 1,
    }))
    const even = evenSpeed(uneven, 0)
    expect(timesOf(even)).toEqual([0, 3, 4])
    expect(even.agents[0]!.waypoints[1]!.speed).toBeNull()
  })
})

describe("the text of a drawing", () => {
  it("is empty for an empty drawing, so that connected agents can seed it", () => {
    expect(drawingText(EMPTY_DRAWING)).toBe("")
    expect(readDrawing("  ")).toBe(EMPTY_DRAWING)
  })

  it.each([
    ["{", /not JSON/],
    ["[1, 2]", /expected an object/],
    ['{"points": []}', /"format" is missing/],
    ['{"format": "shared_world_drawing", "version": 2, "agents": []}', /version 2.*update the pack/],
    ['{"format": "shared_world_drawing", "version": 1, "agents": [{"name": "a", "waypoints": []}]}', /no waypoint/],
    [drawingText(driving(0, 1)).replace('"time":1', '"time":0'), /waypoint 2: its time must be after/],
    [drawingText(driving(0, 1)).replace("[0,0,4]", "[0,0]"), /waypoints 2, position: expected 3 numbers/],
    [drawingText(driving(0, 1)).replace('"yaw":null', '"yaw":"left"'), /yaw: expected a number, given "left"/],
    [drawingText(addAgents(driving(0), [])).replace('"constant"', '"fast"'), /one of constant/],
  ])("that is none is refused with the place: %s", (text, message) => {
    expect(() => readDrawing(text)).toThrow(NotADrawing)
    expect(() => readDrawing(text)).toThrow(message)
  })
})
