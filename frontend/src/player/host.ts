import { app } from "comfyui"
import { addStyle, element } from "../appearance/elements"
import { forwardCanvasEvents } from "../comfyui/canvas_events"
import { chain } from "../comfyui/chain"
import { noteChange } from "../comfyui/changes"
import { inheritPlace } from "../comfyui/element_place"
import { type FileEntry, fileUrl, isFileEntry } from "../comfyui/files"
import type { GraphNode } from "../comfyui/page"
import { type Description, readDescription, UnreadableDescription } from "./description"
import { message, Panel, type PanelSettings, readSettings } from "./panel"
import css from "./player.css?inline"
import { text } from "./texts"

/** Property of the node that keeps where the last result is, and the panel's settings. */
const PROPERTY = "shared_world_player"
/** Key of what the node sends; see nodes/player.py. */
const OUTPUT = "shared_world_player"
/** Milliseconds out of sight after which the videos' memory is freed. */
const UNLOAD_AFTER = 3000

/** The place of the player in a node: fetches the last result when it comes into sight, and says what is wrong. */
export class PlayerHost {
  readonly root = element("div", "player", { tabIndex: 0 })
  private panel: Panel | null = null
  private file: FileEntry | null = null
  private settings: PanelSettings = readSettings(null)
  private inSight = false
  private fetched = false
  private leaving: number | undefined
  private readonly observer: IntersectionObserver

  constructor(private readonly node: GraphNode) {
    addStyle("player", css)
    this.root.setAttribute("role", "group")
    this.root.setAttribute("aria-label", text("title"))
    this.root.title = text("help")
    this.say(text("empty"), "hint", "empty")
    this.listen()
    this.observer = new IntersectionObserver((entries) => this.changeSight(entries.at(-1)!.isIntersecting))
    this.observer.observe(this.root)
  }

  /** Show the result of a run. */
  receive(output: Record<string, unknown>): void {
    const [file] = (output[OUTPUT] as unknown[] | undefined) ?? []
    if (!isFileEntry(file) || this.isShown(file)) return
    this.show(file)
    this.remember()
    noteChange()
  }

  /** Show what a saved graph says was shown last. */
  restore(): void {
    const saved = this.node.properties[PROPERTY] as { file?: unknown; settings?: unknown } | undefined
    this.settings = readSettings(saved?.settings)
    if (isFileEntry(saved?.file) && !this.isShown(saved.file)) this.show(saved.file)
  }

  dispose(): void {
    this.file = null // what is still on its way is not opened any more
    window.clearTimeout(this.leaving)
    this.observer.disconnect()
    this.clear()
  }

  private isShown(file: FileEntry): boolean {
    const shown = this.file
    const same = shown?.filename === file.filename && shown.subfolder === file.subfolder && shown.type === file.type
    return same && this.root.dataset.state !== "trouble"
  }

  private show(file: FileEntry): void {
    this.file = file
    this.fetched = false
    this.say(text("loading"), "hint", "loading")
    if (this.inSight) void this.fetchResult()
  }

  private async fetchResult(): Promise<void> {
    const { file } = this
    if (!file || this.fetched) return
    this.fetched = true
    try {
      const description = await fetchDescription(file)
      if (this.file === file) this.open(description)
    } catch (error) {
      if (this.file === file) this.say(error instanceof Error ? error.message : String(error), "trouble", "trouble")
    }
  }

  private open(description: Description): void {
    this.clear()
    this.panel = new Panel(description, this.settings, () => {
      this.remember()
      noteChange()
    })
    this.root.append(this.panel.root)
    this.root.dataset.state = "open"
    if (this.inSight) this.panel.load()
  }

  private say(words: string, kind: "hint" | "trouble", state: string): void {
    this.clear()
    this.root.append(message(words, kind))
    this.root.dataset.state = state
  }

  private clear(): void {
    this.panel?.dispose()
    this.panel = null
    this.root.replaceChildren()
  }

  private remember(): void {
    this.node.properties[PROPERTY] = { file: this.file, settings: { ...this.settings } }
  }

  private changeSight(inSight: boolean): void {
    this.inSight = inSight
    window.clearTimeout(this.leaving)
    if (!inSight) {
      this.panel?.pause()
      this.leaving = window.setTimeout(() => this.panel?.unload(), UNLOAD_AFTER)
    } else if (this.panel) this.panel.load()
    else void this.fetchResult()
  }

  private listen(): void {
    forwardCanvasEvents(this.root)
    this.root.addEventListener("keydown", (event) => {
      const { target } = event
      if (target instanceof HTMLSelectElement) {
        event.stopPropagation()
        return
      }
      const pressesButton = target instanceof HTMLButtonElement && (event.key === " " || event.key === "Enter")
      if (pressesButton || !this.panel?.press(event)) return
      event.preventDefault()
      event.stopPropagation()
    })
    // A click leaves the keyboard with the panel, so that space plays instead of pressing the last button again.
    this.root.addEventListener("mousedown", (event) => {
      if ((event.target as Element).closest("button")) event.preventDefault()
      if (!(event.target instanceof HTMLSelectElement)) this.root.focus({ preventScroll: true })
    })
  }
}

async function fetchDescription(file: FileEntry): Promise<Description> {
  let answer: Response
  try {
    answer = await fetch(fileUrl(file))
  } catch (error) {
    throw new Error(text("unreachable", String(error)))
  }
  if (answer.status === 404) throw new Error(text("gone"))
  if (!answer.ok) throw new Error(text("unreachable", answer.status))
  try {
    return readDescription(await answer.json())
  } catch (error) {
    if (error instanceof UnreadableDescription || error instanceof SyntaxError)
      throw new Error(text("unreadable", error.message))
    throw error
  }
}

/** Smallest height in pixels at which the panel can be used. */
export const SMALLEST_HEIGHT = 260

/** Add the player to a node. */
export function addPlayer(node: GraphNode): void {
  const host = new PlayerHost(node)
  const widget = node.addDOMWidget("player", "shared_world_player", host.root, {
    serialize: false,
    hideInPanel: true,
    hideOnZoom: false,
    getMinHeight: () => SMALLEST_HEIGHT,
    getValue: () => "",
    setValue: () => undefined,
  })
  widget.serialize = false
  chain(node, "onExecuted", (output) => host.receive(output as Record<string, unknown>))
  chain(node, "onConfigure", () => host.restore())
  const leavePlace = inheritPlace(node, host.root)
  chain(node, "onRemoved", () => {
    leavePlace()
    host.dispose()
  })
  node.setSize([Math.max(node.size[0], 960), Math.max(node.size[1], 660)])
  app.canvas.setDirty(true, true)
}
