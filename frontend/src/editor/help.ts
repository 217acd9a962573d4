/** What the keys do and what the signs of map and timeline mean. */

import { element } from "../appearance/elements"
import { MORE_SHORTCUTS, SHORTCUTS } from "./keyboard"
import { text, type Words } from "./texts"

const SIGNS: readonly (readonly [sign: Words, meaning: Words])[] = [
  ["yellow ground", "seen by two agents at once; over time the filled curve of their row"],
  ["line between agents", "each sees the other; dashed: only one does; dotted with a cross: something is in between"],
  ["two thin stripes", "in the row of two agents: when the first sees the second, when the second sees the first"],
  ["ring with a cross", "bodies touch; over time a filled block"],
  ["wide amber band", "speed outside of the limits under Marked motion"],
  ["amber triangle", "too far or too much of a turn for one frame"],
  ["bar of an agent's row", "the thicker, the faster"],
]

const MOUSE: readonly (readonly [action: Words, meaning: Words])[] = [
  ["drag a waypoint", "move it, and all that is chosen; Alt leaves the grid"],
  ["drag a body", "move the whole agent"],
  ["drag the knob", "turn the waypoint"],
  ["double click", "on a path: insert a waypoint; elsewhere: go on with the chosen agent"],
  ["drag on the ground", "choose what is inside; Shift adds"],
  ["right or middle button", "pan; the wheel zooms once the map was clicked"],
  ["drag in the timeline", "waypoints in time, or the playhead"],
]

/** Keys that have a name of their own in other languages. */
const NAMED_KEYS: Readonly<Record<string, Words>> = { Space: "Space", Arrows: "Arrows", "1 to 9": "1 to 9" }

export function helpPage(close: () => void): HTMLElement {
  const keys = SHORTCUTS.flatMap(({ shown, does }) => (does ? [[shown, does] as const] : []))
  const button = element("button", "editor-button editor-plain", {
    type: "button",
    textContent: text("Close"),
    onclick: close,
  })
  return element(
    "div",
    "editor-help",
    { hidden: true },
    element(
      "div",
      "editor-help-columns",
      {},
      table(
        "Mouse",
        MOUSE.map(([action, meaning]) => [text(action), meaning]),
      ),
      table(
        "Signs",
        SIGNS.map(([sign, meaning]) => [text(sign), meaning]),
      ),
      table(
        "Keys",
        [...keys, ...MORE_SHORTCUTS].map(([key, does]) => [NAMED_KEYS[key] ? text(NAMED_KEYS[key]) : key, does]),
      ),
    ),
    button,
  )
}

function table(title: Words, rows: readonly (readonly [string, Words])[]): HTMLElement {
  const items = rows.flatMap(([term, meaning]) => [
    element("dt", "", { textContent: term }),
    element("dd", "", { textContent: text(meaning) }),
  ])
  return element("section", "", {}, element("h4", "", { textContent: text(title) }), element("dl", "", {}, ...items))
}
