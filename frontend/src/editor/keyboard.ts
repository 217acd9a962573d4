/** The keys of the editor. They work while its map, timeline or pictures have the keyboard, not in its fields. */

import type { Commands } from "./commands"
import type { EditorState } from "./state"
import type { Words } from "./texts"

interface Shortcut {
  /** `KeyboardEvent.key` in lower case, with "ctrl+" (or the Mac's command key) and "shift+" before it. */
  readonly keys: readonly string[]
  readonly shown: string
  /** Nothing where the line of another key says it. */
  readonly does: Words | null
  readonly run: (commands: Commands, state: EditorState) => void
}

const FINE = 0.1
const COARSE = 5

const ARROWS: Record<string, [number, number]> = {
  arrowleft: [-1, 0],
  arrowright: [1, 0],
  arrowup: [0, 1],
  arrowdown: [0, -1],
}

export const SHORTCUTS: readonly Shortcut[] = [
  { keys: [" "], shown: "Space", does: "play or stop", run: (commands) => commands.play() },
  { keys: [","], shown: ", .", does: "one frame back or on", run: (commands) => commands.step(-1) },
  { keys: ["."], shown: "", does: null, run: (commands) => commands.step(1) },
  { keys: ["home"], shown: "Home End", does: "first or last frame", run: (commands) => commands.goTo(0) },
  { keys: ["end"], shown: "", does: null, run: (commands, state) => commands.goTo(state.frames - 1) },
  { keys: ["a"], shown: "A", does: "add an agent", run: (commands) => commands.addAgent() },
  {
    keys: ["enter"],
    shown: "Enter",
    does: "draw in the middle of the map",
    run: (commands) => commands.placeInMiddle(),
  },
  { keys: ["d"], shown: "D", does: "draw waypoints", run: (commands) => commands.setTool("draw") },
  { keys: ["v"], shown: "V", does: "choose and move", run: (commands) => commands.setTool("select") },
  { keys: ["i"], shown: "I", does: "insert a waypoint at the playhead", run: (commands) => commands.insert() },
  { keys: ["delete", "backspace"], shown: "Delete", does: "remove waypoints", run: (commands) => commands.remove() },
  {
    keys: ["n"],
    shown: "N, Shift N",
    does: "next or previous waypoint",
    run: (commands) => commands.selectNeighbour(1),
  },
  { keys: ["shift+n"], shown: "", does: null, run: (commands) => commands.selectNeighbour(-1) },
  { keys: ["q"], shown: "Q E", does: "turn left or right by 5 degrees", run: (commands) => commands.turn(-5) },
  { keys: ["e"], shown: "", does: null, run: (commands) => commands.turn(5) },
  { keys: ["y"], shown: "Y", does: "look along the path", run: (commands) => commands.lookAlongPath() },
  { keys: ["g"], shown: "G", does: "snap to the grid or not", run: (commands) => commands.toggleSnap() },
  { keys: ["f"], shown: "F", does: "show everything", run: (commands) => commands.fit() },
  { keys: ["+", "="], shown: "+ -", does: "zoom", run: (commands) => commands.zoom(1.25) },
  { keys: ["-"], shown: "", does: null, run: (commands) => commands.zoom(0.8) },
  { keys: ["escape"], shown: "Esc", does: "stop drawing, choose nothing", run: (commands) => commands.cancel() },
  { keys: ["ctrl+a"], shown: "Ctrl A", does: "choose everything", run: (commands) => commands.selectAll() },
  { keys: ["ctrl+d"], shown: "Ctrl D", does: "duplicate agents", run: (commands) => commands.duplicate() },
  { keys: ["ctrl+z"], shown: "Ctrl Z", does: "undo", run: (commands) => commands.undo() },
  { keys: ["ctrl+y", "ctrl+shift+z"], shown: "Ctrl Y", does: "redo", run: (commands) => commands.redo() },
]

/** What the other keys do that take no line of their own above. */
export const MORE_SHORTCUTS: readonly (readonly [shown: string, does: Words])[] = [
  ["Arrows", "move what is chosen; with Shift far, with Alt finely"],
  ["1 to 9", "choose an agent"],
  ["Ctrl C, X, V", "copy, cut, paste agents as JSON"],
]

/** Run what a key stands for; false where it stands for nothing. */
export function pressKey(event: KeyboardEvent, commands: Commands, state: EditorState): boolean {
  const key = event.key.toLowerCase()
  const arrow = ARROWS[key]
  if (arrow && !event.ctrlKey && !event.metaKey) {
    commands.nudge(...arrow, event.altKey ? FINE : event.shiftKey ? COARSE : 1)
    return true
  }
  if (event.altKey) return false
  const control = event.ctrlKey || event.metaKey
  if (!control && /^[1-9]$/.test(key)) {
    commands.selectAgent(Number(key) - 1)
    return true
  }
  // Shift makes other characters of some keys ("+"); only letters are told apart by it.
  const shift = event.shiftKey && /^[a-z]$/.test(key)
  const pressed = `${control ? "ctrl+" : ""}${shift ? "shift+" : ""}${key}`
  const shortcut = SHORTCUTS.find(({ keys }) => keys.includes(pressed))
  shortcut?.run(commands, state)
  return shortcut !== undefined
}
