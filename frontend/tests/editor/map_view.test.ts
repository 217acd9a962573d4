import { describe, expect, it } from "vitest"
import encounters from "../../src/editor/encounters.json"
import { MapView } from "../../src/editor/map_view"
import { EMPTY_DRAWING } from "../../src/world/drawing"
import { readDrawing } from "../../src/world/drawing_text"

function view(width = 600, height = 400): MapView {
  const made = new MapView()
  made.resize(width, height)
  return made
}

describe("the map", () => {
  it("has x to the right and z upwards, and pixels and ground are each other's inverse", () => {
    const map = view()
    const [x, y] = map.toPixel([3, 5])
    expect([x > 300, y < 200]).toEqual([true, true])
    expect(map.toGround([x, y])[0]).toBeCloseTo(3, 9)
    expect(map.toGround([x, y])[1]).toBeCloseTo(5, 9)
  })

  it("keeps the ground under the pointer in place when it zooms, also at its limits", () => {
    const map = view()
    const before = map.toGround([120, 90])
    for (const factor of [1.7, 1e9, 1e-9, 3]) {
      map.zoom(factor, [120, 90])
      expect(map.toGround([120, 90])[0]).toBeCloseTo(before[0], 6)
      expect(map.toGround([120, 90])[1]).toBeCloseTo(before[1], 6)
    }
  })

  it("moves with the pointer when it is panned", () => {
    const map = view()
    const under = map.toGround([100, 100])
    map.pan(40, -25)
    expect(map.toGround([140, 75])[0]).toBeCloseTo(under[0], 9)
    expect(map.toGround([140, 75])[1]).toBeCloseTo(under[1], 9)
  })

  it.each(Object.entries(encounters))("shows all waypoints of %s after a fit", (_, { drawing }) => {
    const map = view(300, 500)
    const read = readDrawing(JSON.stringify(drawing))
    map.fit(read)
    for (const agent of read.agents) {
      for (const { position } of agent.waypoints) {
        const [x, y] = map.toPixel([position[0], position[2]])
        expect(x).toBeGreaterThan(0)
        expect(x).toBeLessThan(300)
        expect(y).toBeGreaterThan(0)
        expect(y).toBeLessThan(500)
      }
    }
  })

  it("has a place for an empty drawing, and grid lines of round metres at every zoom", () => {
    const map = view()
    map.fit(EMPTY_DRAWING)
    expect(map.toGround([300, 200])).toEqual([0, 0])
    for (const factor of [1, 0.13, 2.7, 11]) {
      map.zoom(factor)
      const spacing = map.gridSpacing(14)
      expect(spacing * map.scale).toBeGreaterThanOrEqual(13.9)
      expect(spacing * map.scale).toBeLessThan(14 * 2.6)
      expect([1, 2, 5]).toContain(Math.round(spacing / 10 ** Math.floor(Math.log10(spacing * 1.0000001))))
    }
  })
})
