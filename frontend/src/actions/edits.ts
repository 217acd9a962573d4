import type { Layout } from "./layout"
import type { Score } from "./score"

/** First and last frame, both included. */
export type Range = readonly [number, number]

/** A score in which a key is down, or not, in some frames. */
export function press(score: Score, agent: number, button: number, range: Range, down: boolean): Score {
  const pressed = score.pressed.map((keys, index) =>
    index === agent ? keys.map((values, key) => (key === button ? filled(values, range, down) : values)) : keys,
  )
  return { ...score, pressed }
}

/** A score in which an axis has a value in some frames. */
export function setAxis(score: Score, agent: number, axis: number, range: Range, value: number): Score {
  const axes = score.axes.map((all, index) =>
    index === agent ? all.map((values, place) => (place === axis ? filled(values, range, value) : values)) : all,
  )
  return { ...score, axes }
}

/** A score in which an agent does nothing in some frames. */
export function clear(score: Score, layout: Layout, agent: number, range: Range): Score {
  return perform(score, layout, agent, range, new Set(), new Map())
}

/** A score in which an agent presses just these keys in some frames, and axes have these values or are idle. */
export function perform(
  score: Score,
  layout: Layout,
  agent: number,
  range: Range,
  keys: ReadonlySet<number>,
  values: ReadonlyMap<number, number>,
): Score {
  const pressed = score.pressed.map((all, index) =>
    index === agent ? all.map((track, key) => filled(track, range, keys.has(key))) : all,
  )
  const axes = score.axes.map((all, index) =>
    index === agent ? all.map((track, axis) => filled(track, range, values.get(axis) ?? layout.axes[axis]!.idle)) : all,
  )
  return { ...score, pressed, axes }
}

/** Whether a key is down in all of some frames. */
export function isDown(score: Score, agent: number, button: number, [first, last]: Range): boolean {
  return score.pressed[agent]![button]!.slice(first, last + 1).every(Boolean)
}

function filled<Value>(values: Value[], [first, last]: Range, value: Value): Value[] {
  return values.map((before, frame) => (frame >= first && frame <= last ? value : before))
}

/** How far the arrow keys turn a look, as a share of its usual range. */
const LOOK = 0.3

/** What a key of the keyboard does in a layout; null for nothing. Control is left to the browser, C stands for it. */
export function meaningOfKey(
  event: { key: string; code: string },
  layout: Layout,
): { button: number } | { axis: number; value: number } | null {
  const words: Record<string, string> = { " ": "space", c: "ctrl" }
  const key = event.key.toLowerCase()
  const button = layout.buttons.findIndex((known) => known.name === (words[key] ?? key))
  if (button >= 0 && key !== "control") return { button }
  const looks: Record<string, [string, number]> = {
    ArrowLeft: ["look_x", -LOOK],
    ArrowRight: ["look_x", LOOK],
    ArrowUp: ["look_y", LOOK],
    ArrowDown: ["look_y", -LOOK],
  }
  const [name, value] = looks[event.key] ?? ["", 0]
  const axis = layout.axes.findIndex((known) => known.name === name)
  return axis >= 0 ? { axis, value } : null
}
