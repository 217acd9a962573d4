import { expect, test } from "vitest"
import { roundStep } from "../../src/appearance/scales"
import { arrange } from "../../src/player/arrangement"
import { groupCurves, shortNumber } from "../../src/player/curves"
import type { MapAgent } from "../../src/player/description"
import { bodyCorners, MapScale } from "../../src/player/map"

test("two agents with four views lie in two rows of four", () => {
  const { columns, width, height } = arrange([4, 4], 1.5, [812, 400], 4)
  expect(columns).toBe(4)
  expect(width).toBeCloseTo(200)
  expect(height).toBeCloseTo(200 / 1.5)
})

test("one row per agent is kept while its views are not much smaller", () => {
  expect(arrange([4, 4], 832 / 480, [740, 480], 4).columns).toBe(4)
})

test.each([
  [[1], 1.5],
  [[1, 1], 1.5],
  [[4, 4], 1.5],
  [[4, 4, 4], 0.5],
  [[1, 1, 1, 1, 1, 1, 1], 1.78],
  [[2, 3], 1],
])("views %j fit into any place", (views, aspect) => {
  const total = views.reduce((sum, count) => sum + count, 0)
  for (const place of [
    [800, 400],
    [300, 900],
    [1600, 120],
  ] as const) {
    const { columns, width, height } = arrange(views, aspect, place, 4)
    const rows = Math.ceil(total / columns)
    expect(width * columns + 4 * (columns - 1)).toBeLessThanOrEqual(place[0] + 1e-6)
    expect(height * rows + 4 * (rows - 1)).toBeLessThanOrEqual(place[1] + 1e-6)
    expect(width / height).toBeCloseTo(aspect)
    expect(width).toBeGreaterThan(10)
  }
})

test("in a narrow place the views of an agent lie in two rows", () => {
  expect(arrange([4, 4], 1.5, [400, 900], 4).columns).toBe(2)
})

test("grid lines have round distances, and there are not too many", () => {
  for (const extent of [0.7, 3, 18, 20, 44, 99, 1234]) {
    const spacing = roundStep(extent / 8)
    expect(extent / spacing).toBeLessThanOrEqual(8.01)
    expect([1, 2, 5]).toContain(Math.round(spacing / 10 ** Math.floor(Math.log10(spacing * 1.0000001))))
  }
})

test("on the map x is right, z is up, and both have one scale", () => {
  const scale = new MapScale({ low: [-10, 0], high: [10, 20] }, [340, 628])
  const [middle, right, up] = [scale.at(0, 10), scale.at(5, 10), scale.at(0, 15)]
  expect(right[0] - middle[0]).toBeCloseTo(middle[1] - up[1])
  expect(right[0]).toBeGreaterThan(middle[0])
  expect(right[1]).toBeCloseTo(middle[1])
  expect(scale.range(0)[0]).toBeLessThanOrEqual(-10)
  expect(scale.range(1)[1]).toBeGreaterThanOrEqual(20)
})

test("a body turns with its agent: bearing 90 degrees looks along x", () => {
  const agent: MapAgent = { name: "car", body: [2, 4, 0, 1], track: [[10, 5, Math.PI / 2]], views: [] }
  const corners = bodyCorners(agent, 0)
  expect(Math.min(...corners.map(([x]) => x))).toBeCloseTo(10 + 1 - 2)
  expect(Math.max(...corners.map(([x]) => x))).toBeCloseTo(10 + 1 + 2)
  expect(Math.min(...corners.map(([, z]) => z))).toBeCloseTo(4)
  expect(Math.max(...corners.map(([, z]) => z))).toBeCloseTo(6)
})

test("curves of agents share a chart, others have their own, and what was not measured does not count", () => {
  const curve = (title: string, agent: number | null, values: (number | null)[], unit = "") => ({
    title,
    agent,
    values,
    unit,
  })
  const charts = groupCurves([
    curve("PSNR left", 0, [null, 20, 25], "dB"),
    curve("PSNR right", 1, [null, 10, null], "dB"),
    curve("other car hit", null, [null, null, null]),
    curve("flat", null, [3, 3]),
  ])
  expect(charts.map(({ title, curves }) => [title, curves.length])).toEqual([
    ["PSNR", 2],
    ["other car hit", 1],
    ["flat", 1],
  ])
  expect([charts[0]!.low, charts[0]!.high]).toEqual([10, 25])
  for (const { low, high } of charts) expect(high).toBeGreaterThan(low)
})

test("numbers beside a chart are short", () => {
  expect([25.66192, 0.01623, 1, -0].map(shortNumber)).toEqual(["25.7", "0.0162", "1", "0"])
})
