/** The World Editor: map, fields, timeline and pictures of all views around one drawing. */

import { element } from "../appearance/elements"
import { onThemeChange } from "../appearance/theme_changes"
import { Commands } from "./commands"
import { helpPage } from "./help"
import { Inspector } from "./inspector"
import { pressKey } from "./keyboard"
import { GroundMap } from "./map"
import { type Motion, motionOf } from "./motion"
import { Occupancy } from "./occupancy"
import { Player } from "./player"
import { SpacePane } from "./space_pane"
import { EditorState } from "./state"
import { text } from "./texts"
import { Timeline } from "./timeline"
import { Toolbar } from "./toolbar"
import { ViewStrips } from "./view_strips"

const NOTE_MILLISECONDS = 6000

export class Panel {
  readonly root = element("div", "editor")
  readonly state = new EditorState()
  readonly #keyboard = element("textarea", "editor-keyboard", { spellcheck: false, autocomplete: "off" })
  readonly #note = element("div", "editor-note", { hidden: true })
  readonly #empty = element("div", "editor-empty")
  readonly #hint = element("div", "editor-now", { hidden: true })
  readonly #player = new Player(this.state)
  readonly #map = new GroundMap(this.state, this.#keyboard)
  readonly #timeline = new Timeline(this.state, this.#keyboard, () => this.#player.stop())
  readonly #strips = new ViewStrips(this.state)
  readonly #inspector = new Inspector(this.state)
  readonly #space = new SpacePane(this.state)
  readonly #commands = new Commands(this.state, this.#map, this.#player, (words) => this.say(words))
  readonly #help = helpPage(() => this.#toggleHelp())
  readonly #toolbar: Toolbar
  readonly #sizes: ResizeObserver
  readonly #themeChanged = () => this.requestDraw()
  readonly #forgetTheme = onThemeChange(this.#themeChanged)
  #frame = 0
  #noteTimer = 0
  #motion: Motion = { agents: [], meetings: [] }
  #motionOf: readonly unknown[] = []

  constructor(private readonly host: { toggleLarge: () => void }) {
    this.#toolbar = new Toolbar(this.state, this.#commands, {
      toggleSpace: () => this.toggleSpace(),
      toggleLarge: () => this.host.toggleLarge(),
      toggleHelp: () => this.#toggleHelp(),
      copy: () => {
        // Where a page may not use the clipboard by itself, such as on plain http, this still asks the copy handler.
        this.#keyboard.focus({ preventScroll: true })
        document.execCommand("copy")
      },
      paste: () => void this.#pasteFromClipboard(),
    })
    this.#build()
    this.state.listen(() => this.requestDraw())
    const sizes = new ResizeObserver(() => this.requestDraw())
    sizes.observe(this.root)
    sizes.observe(this.#map.canvas)
    this.#sizes = sizes
  }

  requestDraw(): void {
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#draw())
  }

  /** Show the whole drawing when there is room to. */
  fit(): void {
    this.#map.fit()
    this.requestDraw()
  }

  say(words: string): void {
    this.#note.textContent = words
    this.#note.hidden = false
    window.clearTimeout(this.#noteTimer)
    this.#noteTimer = window.setTimeout(() => {
      this.#note.hidden = true
    }, NOTE_MILLISECONDS)
  }

  setLarge(isLarge: boolean): void {
    this.#toolbar.isLarge = isLarge
    this.root.classList.toggle("shared-world-editor-large", isLarge)
    if (isLarge && !this.#toolbar.spaceShown) this.toggleSpace()
    this.#keyboard.focus({ preventScroll: true })
    this.requestDraw()
  }

  toggleSpace(): void {
    this.#toolbar.spaceShown = !this.#toolbar.spaceShown
    this.#space.show(this.#toolbar.spaceShown)
    this.requestDraw()
  }

  dispose(): void {
    this.#player.stop()
    cancelAnimationFrame(this.#frame)
    window.clearTimeout(this.#noteTimer)
    this.#sizes.disconnect()
    this.#forgetTheme()
    this.#space.dispose()
  }

  #build(): void {
    this.root.dataset.captureWheel = "true"
    // The page would show the input's tooltip over all of the editor.
    this.root.setAttribute("title", "")
    this.#keyboard.setAttribute("aria-label", text("Map of the agents. Press ? for the keys."))
    this.#keyboard.setAttribute("inputmode", "none")
    this.#empty.append(
      element("strong", "", { textContent: text("Nothing is drawn yet") }),
      element("span", "", { textContent: text("Press A or “Agent” and click its way, or start from an encounter.") }),
    )
    const ground = element(
      "div",
      "editor-ground",
      {},
      this.#keyboard,
      this.#map.canvas,
      this.#empty,
      this.#hint,
      this.#note,
    )
    const side = element("div", "editor-side", {}, this.#space.root, this.#inspector.root)
    const time = element("div", "editor-time", {}, this.#timeline.root)
    this.root.append(
      this.#toolbar.root,
      element("div", "editor-main", {}, ground, side),
      time,
      this.#strips.root,
      this.#help,
    )
    this.#listen()
  }

  #listen(): void {
    this.root.addEventListener("keydown", (event) => this.#pressKey(event))
    this.#keyboard.addEventListener("beforeinput", (event) => event.preventDefault())
    this.#keyboard.addEventListener("copy", (event) => this.#copy(event))
    this.#keyboard.addEventListener("cut", (event) => {
      this.#copy(event)
      this.#commands.removeChosenAgents()
    })
    this.#keyboard.addEventListener("paste", (event) => {
      event.preventDefault()
      event.stopPropagation()
      this.#commands.paste(event.clipboardData?.getData("text/plain") ?? "")
    })
    // Buttons leave the keyboard with the map, so that Space plays instead of pressing the last one again.
    const takeBack = (event: Event) => {
      if ((event.target as Element).closest(event.type === "click" ? "button" : "select")) {
        this.#keyboard.focus({ preventScroll: true })
      }
    }
    this.root.addEventListener("click", takeBack)
    this.root.addEventListener("change", takeBack)
  }

  #pressKey(event: KeyboardEvent): void {
    const { target } = event
    if (target instanceof HTMLInputElement || target instanceof HTMLSelectElement) return
    if (target instanceof HTMLButtonElement && (event.key === " " || event.key === "Enter")) return
    if (event.key === "?") this.#toggleHelp()
    else if (event.key === "Escape" && this.#closesOnEscape()) this.#escape()
    else if (!pressKey(event, this.#commands, this.state)) return
    event.preventDefault()
    event.stopPropagation()
  }

  /** Whether Escape has nothing to cancel in the drawing, and so is about what lies over it. */
  #closesOnEscape(): boolean {
    const { tool, selection } = this.state
    return !this.#help.hidden || (this.#toolbar.isLarge && tool === "select" && selection.length === 0)
  }

  #escape(): void {
    if (this.#help.hidden) this.host.toggleLarge()
    else this.#toggleHelp()
  }

  #copy(event: ClipboardEvent): void {
    event.stopPropagation()
    const copied = this.#commands.copyText()
    if (copied === "") return
    event.preventDefault()
    event.clipboardData?.setData("text/plain", copied)
    this.say(text("Copied."))
  }

  async #pasteFromClipboard(): Promise<void> {
    try {
      this.#commands.paste(await navigator.clipboard.readText())
    } catch (error) {
      this.say(
        text("The page may not read the clipboard; click the map and press Ctrl V. ({0})", (error as Error).message),
      )
    }
  }

  #toggleHelp(): void {
    this.#help.hidden = !this.#help.hidden
  }

  #draw(): void {
    this.#frame = 0
    const { state } = this
    this.#updateMotion()
    this.#empty.hidden = state.drawing.agents.length > 0 || state.tool === "draw"
    this.#hint.textContent = hintFor(state)
    this.#hint.hidden = this.#hint.textContent === ""
    this.#toolbar.draw()
    this.#inspector.draw()
    this.#timeline.draw(this.#motion)
    this.#strips.draw(this.#motion)
    this.#map.draw(this.#motion)
    this.#space.draw(this.#motion)
  }

  #updateMotion(): void {
    const { drawing, frames, frameRate, cloud } = this.state
    const basis = [drawing, frames, frameRate, cloud]
    if (basis.every((value, index) => value === this.#motionOf[index])) return
    if (cloud !== this.#motionOf[3]) this.#walls = cloud && new Occupancy(cloud.positions)
    const isSameClock = frames === this.#motionOf[1] && frameRate === this.#motionOf[2]
    this.#motionOf = basis
    this.#motion = motionOf(drawing, frames, frameRate, this.#walls, isSameClock ? this.#motion : null)
  }

  #walls: Occupancy | null = null
}

/** What is going on on the map that is not plain to see. */
function hintFor(state: EditorState): string {
  const { tool, startsAgent, isSeeded } = state
  if (tool === "draw" && (startsAgent || state.agent < 0)) return text("Click where the new agent starts.")
  if (tool === "draw")
    return text("Click where {0} goes next; Esc when it is there.", state.drawing.agents[state.agent]!.name)
  return isSeeded ? text("These are the connected agents; the first change makes a drawing of them.") : ""
}
