import { expect, test } from "vitest"
import { clear, isDown, meaningOfKey, perform, press, setAxis } from "../../src/actions/edits"
import { findLayout } from "../../src/actions/layout"
import { readScript, type Score, writeScript } from "../../src/actions/score"
import { stretches, Tracks } from "../../src/actions/tracks"

const layout = findLayout("it_takes_two")!
const score = readScript("left: 2-5: W; right: 0: jump, look 0.5 0", layout, null, 10)
const written = (changed: Score) => writeScript(changed, layout, "it_takes_two").split("\n").slice(1, -1)

test("a key is pressed and released in the track of one agent only, and the score before stays", () => {
  const pressed = press(score, 0, 3, [4, 6], true)
  expect(written(pressed)).toEqual([
    "left:",
    "  2-3: W",
    "  4-5: W+D",
    "  6: D",
    "right:",
    "  0: SPACE, look 0.5 0",
    "  9: idle",
  ])
  expect(isDown(pressed, 0, 3, [4, 6])).toBe(true)
  expect(isDown(pressed, 0, 3, [3, 6])).toBe(false)
  expect(written(press(pressed, 0, 3, [0, 9], false))).toEqual(written(score))
})

test("an axis is set, and clearing takes back keys and axes", () => {
  const turned = setAxis(score, 0, 0, [0, 1], -0.25)
  expect(written(turned)[1]).toBe("  0-1: look -0.25 0")
  const cleared = clear(clear(turned, layout, 0, [0, 3]), layout, 1, [0, 0])
  expect(written(cleared)).toEqual(["left:", "  4-5: W", "right:", "  9: idle"])
})

test("a recording replaces what was there", () => {
  const played = perform(score, layout, 0, [3, 4], new Set([1]), new Map([[1, 0.3]]))
  expect(written(played).slice(1, 4)).toEqual(["  2: W", "  3-4: A, look 0 0.3", "  5: W"])
})

test("keys of the keyboard are those of the layout; control is left to the browser", () => {
  const key = (name: string) => meaningOfKey({ key: name, code: "" }, layout)
  expect([key("W"), key("w"), key(" "), key("Shift"), key("c")]).toEqual([0, 0, 4, 5, 6].map((button) => ({ button })))
  expect(key("ArrowLeft")).toEqual({ axis: 0, value: -0.3 })
  expect([key("Control"), key("Enter"), key("z")]).toEqual([null, null, null])
})

test("places in the picture are the frames and channels that are drawn there", () => {
  const tracks = new Tracks(layout, 81, 600, (words) => 6 * words.length)
  for (let frame = 0; frame < 81; frame++)
    expect(tracks.frameAt((tracks.x(frame) + tracks.x(frame + 1)) / 2)).toBe(frame)
  expect([tracks.frameAt(-50), tracks.frameAt(9999)]).toEqual([0, 80])
  expect(tracks.hit(3)).toEqual({ kind: "ruler" })
  layout.buttons.forEach((_, button) => {
    expect(tracks.hit(tracks.topOfKey(button) + 7)).toEqual({ kind: "key", button })
  })
  expect(tracks.hit(tracks.topOfAxis(1) + 14)).toEqual({ kind: "axis", axis: 1, value: 0 })
  expect(tracks.hit(tracks.topOfAxis(0) + 3)).toEqual({ kind: "axis", axis: 0, value: 1 })
  expect(tracks.hit(tracks.height + 10)).toBe(null)
})

test("stretches of a key", () => {
  expect(stretches([true, true, false, true])).toEqual([
    [0, 1],
    [3, 3],
  ])
  expect(stretches([false])).toEqual([])
})
