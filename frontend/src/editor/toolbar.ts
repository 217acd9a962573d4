/** The row of buttons above the map. */

import { element, iconButton, nameButton, setSign } from "../appearance/elements"
import { readDrawing } from "../world/drawing_text"
import type { Commands } from "./commands"
import encounters from "./encounters.json"
import type { EditorState } from "./state"
import { text, type Words } from "./texts"

const ICONS = {
  select: "M3 1.5 12.5 8 8 8.6l2.6 4.7-1.8 1L6.300 9.600 3 12.700Z",
  draw: "M2 13.500c3 0 2.200-4.300 5-5.500s3.200-3.500 2.700-5.500M11.500 1.500l2.500 2.500-4 4L7.200 8.800 8 6Z",
  add: "M8 2.500v11M2.500 8h11",
  insert: "M2 11c3 0 4-6 12-6M8 3v8M5.500 8.500 8 11l2.500-2.500",
  undo: "M5.500 3 2.500 6l3 3M3 6h6.500a3.500 3.500 0 0 1 0 7H6",
  redo: "M10.500 3l3 3-3 3M13 6H6.500a3.500 3.500 0 0 0 0 7H10",
  snap: "M3 2v6a5 5 0 0 0 10 0V2h-3v6a2 2 0 0 1-4 0V2ZM3 5h3M10 5h3",
  fit: "M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4",
  play: "M4 2.500v11L13 8Z",
  pause: "M4.500 2.500v11M11.500 2.500v11",
  first: "M3.500 3v10M12.500 3 6 8l6.500 5Z",
  copy: "M5.500 5.500h8v8h-8ZM10.500 5.500v-3h-8v8h3",
  paste: "M4 3H2.500v11h11V3H12M5.500 1.500h5v3h-5Z",
  space: "M8 1.500 14 4.800v6.400L8 14.500 2 11.200V4.800ZM2 4.800 8 8l6-3.200M8 8v6.500",
  large: "M9.500 2H14v4.500M6.500 14H2V9.500M14 2 9 7M2 14l5-5",
  help: "M5.500 6a2.500 2.500 0 1 1 3.700 2.200C8.300 8.700 8 9.200 8 10.200M8 12.500v.6",
}

type Icon = keyof typeof ICONS

interface Actions {
  toggleSpace: () => void
  toggleLarge: () => void
  toggleHelp: () => void
  copy: () => void
  paste: () => void
}

export class Toolbar {
  readonly root = element("div", "editor-toolbar")
  readonly #updates: (() => void)[] = []
  readonly #clock = element("span", "editor-clock")

  constructor(state: EditorState, commands: Commands, actions: Actions) {
    const button = (icon: Icon, name: Words, press: () => void, pressed?: () => boolean, enabled?: () => boolean) => {
      const made = editorButton(icon, text(name), press)
      this.#updates.push(() => {
        if (pressed) made.setAttribute("aria-pressed", String(pressed()))
        if (enabled) made.disabled = !enabled()
      })
      return made
    }
    const play = editorButton("play", text("Play (Space)"), () => commands.play())
    this.#updates.push(() => setSign(play, ICONS[state.playing ? "pause" : "play"]))
    this.#updates.push(() => nameButton(play, text(state.playing ? "Stop (Space)" : "Play (Space)")))
    this.root.append(
      group(
        button(
          "select",
          "Choose and move (V)",
          () => commands.setTool("select"),
          () => state.tool === "select",
        ),
        button(
          "draw",
          "Draw waypoints (D)",
          () => commands.setTool("draw"),
          () => state.tool === "draw",
        ),
      ),
      group(
        labelledButton("add", "Agent", "Add an agent (A)", () => commands.addAgent()),
        button(
          "insert",
          "Insert a waypoint at the playhead (I)",
          () => commands.insert(),
          undefined,
          () => state.agent >= 0,
        ),
        presets(commands),
      ),
      group(
        button(
          "undo",
          "Undo (Ctrl Z)",
          () => commands.undo(),
          undefined,
          () => state.canUndo,
        ),
        button(
          "redo",
          "Redo (Ctrl Y)",
          () => commands.redo(),
          undefined,
          () => state.canRedo,
        ),
      ),
      group(
        button(
          "snap",
          "Snap to the grid (G)",
          () => commands.toggleSnap(),
          () => state.snap,
        ),
        button("fit", "Show everything (F)", () => commands.fit()),
      ),
      group(
        button("first", "First frame (Home)", () => commands.goTo(0)),
        play,
        this.#clock,
      ),
      element("span", "editor-gap"),
      group(
        button("copy", "Copy as JSON (Ctrl C)", actions.copy, undefined, () => state.drawing.agents.length > 0),
        button("paste", "Paste JSON (Ctrl V)", actions.paste),
      ),
      group(
        button("space", "3D view", actions.toggleSpace, () => this.spaceShown),
        button("large", "Large editor", actions.toggleLarge, () => this.isLarge),
        button("help", "Keys and signs (?)", actions.toggleHelp),
      ),
    )
    this.#updates.push(() => {
      const seconds = (state.playhead / state.frameRate).toFixed(2)
      this.#clock.textContent = `${state.playhead} / ${state.frames - 1}   ${seconds} s`
    })
    this.#updates.push(() => this.root.classList.toggle("shared-world-editor-playing", state.playing))
  }

  spaceShown = false
  isLarge = false

  draw(): void {
    for (const update of this.#updates) update()
  }
}

function editorButton(icon: Icon, name: string, press: () => void): HTMLButtonElement {
  return iconButton("editor-button", ICONS[icon], name, press)
}

function labelledButton(icon: Icon, words: Words, name: Words, press: () => void): HTMLButtonElement {
  const made = editorButton(icon, text(name), press)
  made.append(text(words))
  return made
}

function group(...buttons: HTMLElement[]): HTMLElement {
  return element("div", "editor-group", {}, ...buttons)
}

/** A menu of encounters to start from. */
function presets(commands: Commands): HTMLSelectElement {
  const title = element("option", "", { value: "", textContent: text("Start from…"), selected: true })
  const options = Object.entries(encounters).map(([name, { summary }]) =>
    element("option", "", { value: name, textContent: text(name.replaceAll("_", " ") as Words), title: summary }),
  )
  const menu = element("select", "editor-presets", { title: text("Start from an encounter") }, title, ...options)
  menu.setAttribute("aria-label", text("Start from an encounter"))
  menu.onchange = () => {
    const chosen = encounters[menu.value as keyof typeof encounters]
    menu.value = ""
    if (chosen) commands.replace(readDrawing(JSON.stringify(chosen.drawing)))
  }
  return menu
}
