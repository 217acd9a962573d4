import { expect, test } from "vitest"
import fixtures from "../../../tests/fixtures/action_scripts.json"
import { findLayout } from "../../src/actions/layout"
import { isEditable, readScript, writeScript } from "../../src/actions/score"
import { ScriptError } from "../../src/actions/script_syntax"

const layout = findLayout("it_takes_two")!

test.each(fixtures.cases)("Python and the page read alike: $text", (known) => {
  const own = findLayout(known.layout)!
  const score = readScript(known.text, own, known.given.names, known.given.frames)
  expect(score.names).toEqual(known.names)
  expect(score.frames).toBe(known.discrete[0]!.length)
  score.names.forEach((_, agent) => {
    for (let frame = 0; frame < score.frames; frame++) {
      expect(score.pressed[agent]!.map((keys) => Number(keys[frame]))).toEqual(known.discrete[agent]![frame])
      const values = score.axes[agent]!.map((axis) => axis[frame])
      for (const [axis, value] of known.continuous[agent]![frame]!.entries())
        expect(values[axis]).toBeCloseTo(value, 12)
    }
  })
})

test.each(fixtures.cases.filter((known) => isEditable(findLayout(known.layout)!)))(
  "the page writes what Python writes: $text",
  (known) => {
    const own = findLayout(known.layout)!
    const score = readScript(known.text, own, known.given.names, known.given.frames)
    expect(writeScript(score, own, known.layout)).toBe(known.written)
  },
)

test.each(fixtures.broken)("a script that Python refuses is refused: %s", (text) => {
  expect(() => readScript(text, layout, null, 5)).toThrow(ScriptError)
})

test("comments at the beginning are kept", () => {
  const text = "# mine\n  # too\nleft: 0: w # not this one\n"
  const written = writeScript(readScript(text, layout, null, 3), layout, "it_takes_two", text)
  expect(written).toBe("# mine\n  # too\nleft:\n  0: W\nright:\n  2: idle\n")
})

test("only layouts without targets can be drawn into", () => {
  expect([isEditable(layout), isEditable(findLayout("panda")!)]).toEqual([true, false])
  expect(findLayout("no such layout")).toBe(null)
})
