import { expect, test } from "vitest"
import { readDescription, UnreadableDescription } from "../../src/player/description"
import { pressKey } from "../../src/player/shortcuts"

const video = {
  file: { filename: "a.mp4", subfolder: "", type: "temp" },
  frames: 9,
  frame_rate: 8,
  width: 48,
  height: 32,
}
const good = {
  version: 1,
  compare_name: "ground truth",
  rows: [{ name: "left", views: [{ name: "front", ...video, compare: video }] }],
  map: null,
  curves: [],
}

test("a description of this version is taken as it is", () => {
  expect(readDescription(structuredClone(good))).toEqual(good)
})

test.each([
  ["another version", { ...good, version: 2 }],
  ["no videos", { ...good, rows: [] }],
  ["no rows", { ...good, rows: undefined }],
  ["no file", { ...good, rows: [{ name: "", views: [{ ...video, file: undefined }] }] }],
  ["no frames", { ...good, rows: [{ name: "", views: [{ ...video, frames: 0 }] }] }],
  ["a bad counterpart", { ...good, rows: [{ name: "", views: [{ ...video, compare: { frames: 3 } }] }] }],
  ["nothing", null],
  ["text", "hello"],
])("%s is refused", (_, value) => {
  expect(() => readDescription(value)).toThrow(UnreadableDescription)
})

function pressed(key: string, more: Partial<KeyboardEvent> = {}) {
  const calls: unknown[] = []
  const note =
    (name: string) =>
    (...values: unknown[]) => {
      calls.push([name, ...values])
      return true
    }
  const names = ["toggle", "step", "jump", "loop", "nextComparison", "switchPart", "enlarge", "fullscreen"]
  const actions = Object.fromEntries(names.map((name) => [name, note(name)]))
  const event = { key, shiftKey: false, ctrlKey: false, metaKey: false, altKey: false, ...more }
  const taken = pressKey(event, actions as unknown as Parameters<typeof pressKey>[1])
  return { taken, calls }
}

test("keys do what the help says", () => {
  expect(pressed(" ").calls).toEqual([["toggle"]])
  expect(pressed("ArrowLeft").calls).toEqual([["step", -1]])
  expect(pressed("ArrowRight", { shiftKey: true }).calls).toEqual([["step", 10]])
  expect(pressed("Home").calls).toEqual([["jump", "first"]])
  expect(pressed("End").calls).toEqual([["jump", "last"]])
  expect(pressed("3").calls).toEqual([["enlarge", 2]])
  expect(pressed("0").calls).toEqual([["enlarge", null]])
  expect(pressed("Escape").calls).toEqual([["enlarge", null]])
})

test("keys of the page are left to it", () => {
  for (const [key, more] of [
    ["z", { ctrlKey: true }],
    ["Enter", {}],
    ["x", {}],
    ["c", { metaKey: true }],
  ] as const)
    expect(pressed(key, more)).toEqual({ taken: false, calls: [] })
})
