/** The editor as a widget of ComfyUI, which keeps the drawing's text in the graph. */

import { app } from "comfyui"
import { addStyle, element } from "../appearance/elements"
import { chain } from "../comfyui/chain"
import { noteChange } from "../comfyui/changes"
import { inheritPlace } from "../comfyui/element_place"
import { type FileEntry, fileUrl, isFileEntry } from "../comfyui/files"
import { isChinese } from "../comfyui/language"
import type { GraphNode, Widget } from "../comfyui/page"
import { type Drawing, EMPTY_DRAWING } from "../world/drawing"
import { drawingText, NotADrawing, readDrawing } from "../world/drawing_text"
import css from "./editor.css?inline"
import { Panel } from "./panel"
import { readPly } from "./ply"
import { setChinese, text } from "./texts"

/** Type of the input whose widget this is; see nodes/sockets.py. */
export const WIDGET_TYPE = "SHARED_WORLD_DRAWING"
/** Keys of what the node sends after a run, and of the node's properties that keep it; see nodes/drawing.py. */
const SEED = "shared_world_seed"
const SCENE = "shared_world_scene"

const SMALLEST_HEIGHT = 520
const USUAL_SIZE: [number, number] = [980, 860]
const NOTE_AFTER = 250

class EditorWidget {
  /** Stays in the node; the panel leaves it while it is shown large. */
  readonly root = element("div", "editor-host")
  readonly #panel = new Panel({ toggleLarge: () => this.#toggleLarge() })
  readonly #trouble = element("div", "editor-trouble", { hidden: true })
  readonly #dialog = element("dialog", "editor-dialog")
  #text = ""
  #noteTimer = 0
  #sceneFile: string | null = null
  readonly #leavePlace: () => void

  constructor(private readonly node: GraphNode) {
    addStyle("editor", css)
    this.#leavePlace = inheritPlace(node, this.root)
    this.root.append(this.#panel.root, this.#trouble)
    this.#panel.state.onEdit = (drawing) => this.#keep(drawing)
    this.#dialog.addEventListener("close", () => this.#leaveLarge())
    this.root.addEventListener("pointerenter", () => this.readClock())
    this.root.addEventListener("focusin", () => this.readClock())
  }

  get value(): string {
    return this.#text
  }

  /** A text from the graph. One that is no drawing stays as it is, and is shown with what is wrong. */
  set value(text: string) {
    if (text === this.#text) return
    this.#text = text
    try {
      const drawing = readDrawing(text)
      this.#hideTrouble()
      this.#panel.state.open(drawing)
      this.#panel.fit()
    } catch (error) {
      if (!(error instanceof NotADrawing)) throw error
      this.#panel.state.open(EMPTY_DRAWING)
      this.#showTrouble(error.message)
    }
  }

  /** Follow the node's own widgets, or those of the nodes that are connected to them. */
  readClock(): void {
    const [frames, frameRate] = [this.#number("frames"), this.#number("frame_rate")]
    if (frames > 0 && frameRate > 0) this.#panel.state.setClock(Math.round(frames), frameRate)
  }

  #number(name: string): number {
    const slot = this.node.inputs?.findIndex((input) => input.name === name && input.link !== null) ?? -1
    const source = slot < 0 ? null : this.node.getInputNode(slot)
    const widget =
      source?.widgets?.find((other) => other.name === "value" || other.name === name) ??
      this.node.widgets?.find((other) => other.name === name)
    return Number(widget?.value)
  }

  /** What the node sent after a run: the connected agents as a drawing, and the points of the scene. */
  receive(output: Record<string, unknown>): void {
    const [seed] = (output[SEED] as unknown[] | undefined) ?? []
    const [scene] = (output[SCENE] as unknown[] | undefined) ?? []
    this.node.properties[SEED] = typeof seed === "string" ? seed : null
    this.node.properties[SCENE] = isFileEntry(scene) ? scene : null
    this.restore()
    noteChange()
  }

  /** What the node's properties keep of the last run. */
  restore(): void {
    this.readClock()
    const seed = this.node.properties[SEED]
    const { state } = this.#panel
    const before = state.drawing
    try {
      state.openSeed(typeof seed === "string" && this.#isConnected("agents") ? readDrawing(seed) : null)
    } catch (error) {
      if (!(error instanceof NotADrawing)) throw error
      state.openSeed(null)
    }
    if (state.isSeeded && before.agents.length === 0) this.#panel.fit()
    const scene = this.node.properties[SCENE]
    void this.#loadScene(isFileEntry(scene) && this.#isConnected("scene") ? scene : null)
  }

  dispose(): void {
    this.#leavePlace()
    window.clearTimeout(this.#noteTimer)
    this.#dialog.remove()
    this.#panel.dispose()
  }

  #isConnected(name: string): boolean {
    return this.node.inputs?.some((input) => input.name === name && input.link !== null) ?? false
  }

  #keep(drawing: Drawing): void {
    this.#text = drawingText(drawing)
    window.clearTimeout(this.#noteTimer)
    this.#noteTimer = window.setTimeout(noteChange, NOTE_AFTER)
    app.canvas.setDirty(true, true)
  }

  async #loadScene(file: FileEntry | null): Promise<void> {
    const name = file && fileUrl(file)
    if (name === this.#sceneFile) return
    this.#sceneFile = name
    const { state } = this.#panel
    state.cloud = null
    if (name !== null) {
      const answer = await fetch(name).catch(() => null)
      // The folder of temporary files is emptied when ComfyUI starts; the next run makes the file anew.
      if (answer?.ok && this.#sceneFile === name) state.cloud = readPly(await answer.arrayBuffer())
    }
    state.changed()
  }

  #showTrouble(reason: string): void {
    const kept = element("textarea", "editor-trouble-text", { readOnly: true, value: this.#text })
    const copy = element("button", "editor-button editor-plain", { type: "button", textContent: text("Copy the text") })
    copy.onclick = () => {
      kept.select()
      void navigator.clipboard?.writeText(this.#text)
    }
    const anew = element("button", "editor-button editor-plain", {
      type: "button",
      textContent: text("Start a new drawing"),
    })
    anew.onclick = () => {
      this.#hideTrouble()
      this.#keep(EMPTY_DRAWING)
    }
    this.#trouble.replaceChildren(
      element("strong", "", { textContent: text("This value is not a drawing; it is kept as it is.") }),
      element("p", "", { textContent: reason }),
      kept,
      element("div", "editor-group", {}, copy, anew),
    )
    this.#trouble.hidden = false
    this.#panel.root.inert = true // Tab would reach what lies below and overwrite the text
  }

  #hideTrouble(): void {
    this.#trouble.hidden = true
    this.#panel.root.inert = false
  }

  #toggleLarge(): void {
    if (this.#dialog.open) {
      this.#dialog.close()
      return
    }
    document.body.append(this.#dialog)
    this.#dialog.append(this.#panel.root)
    this.#dialog.showModal()
    this.#panel.setLarge(true)
    this.#panel.fit()
  }

  #leaveLarge(): void {
    this.root.prepend(this.#panel.root)
    this.#dialog.remove()
    this.#panel.setLarge(false)
    this.#panel.fit()
  }
}

/** The widget of an input of type `WIDGET_TYPE`. */
export function makeDrawingWidget(node: GraphNode, inputName: string): { widget: Widget } {
  setChinese(isChinese())
  const editor = new EditorWidget(node)
  const widget = node.addDOMWidget<string>(inputName, WIDGET_TYPE, editor.root, {
    hideOnZoom: false,
    getMinHeight: () => SMALLEST_HEIGHT,
    getValue: () => editor.value,
    setValue: (value) => {
      editor.value = typeof value === "string" ? value : JSON.stringify(value)
    },
  })
  chain(node, "onExecuted", (output) => editor.receive(output as Record<string, unknown>))
  chain(node, "onConfigure", () => editor.restore())
  chain(node, "onConnectionsChange", () => editor.restore())
  chain(node, "onRemoved", () => editor.dispose())
  for (const name of ["frames", "frame_rate"]) {
    const clock = node.widgets?.find((other) => other.name === name)
    if (clock) chain(clock, "callback", () => editor.readClock())
  }
  editor.readClock()
  return { widget }
}

/** Room for the editor in a node that was just made; one from a saved graph gets its own size after this. */
export function giveRoom(node: GraphNode): void {
  if (!node.widgets?.some((widget) => widget.type === WIDGET_TYPE)) return
  node.setSize([Math.max(node.size[0], USUAL_SIZE[0]), Math.max(node.size[1], USUAL_SIZE[1])])
}
