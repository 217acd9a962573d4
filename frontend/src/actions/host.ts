import { app } from "comfyui"
import { addStyle, element } from "../appearance/elements"
import { chain } from "../comfyui/chain"
import { noteChange } from "../comfyui/changes"
import { inheritPlace } from "../comfyui/element_place"
import type { GraphNode, Widget } from "../comfyui/page"
import { findLayout } from "./layout"
import { type Piece, TrackPanel } from "./panel"
import { readScript, type Score, writeScript } from "./score"
import { text } from "./texts"
import css from "./tracks.css?inline"

/** Property of the node that says whether the tracks are shown. */
const PROPERTY = "shared_world_tracks"
const CLOSED_HEIGHT = 26
/** Pixels that the page leaves around a widget, above and below. */
const MARGINS = 20

/** The tracks of an Action Script node. Its text stays the only value: tracks are read from it and written into it. */
class TrackHost {
  readonly root = element("div", "tracks-host")
  private readonly switch = element("button", "tracks-switch", { type: "button" })
  private panel: TrackPanel | null = null

  constructor(private readonly node: GraphNode) {
    addStyle("tracks", css)
    this.switch.onclick = () => this.setOpen(!this.isOpen)
    this.root.append(this.switch)
    this.root.addEventListener("pointerenter", () => this.refresh())
    this.setOpen(false, false)
    for (const name of ["script", "layout", "frames", "frame_rate", "agents"]) this.watch(this.widget(name))
  }

  get isOpen(): boolean {
    return this.panel !== null
  }

  get height(): number {
    return MARGINS + CLOSED_HEIGHT + (this.panel ? this.panel.height + 4 : 0)
  }

  /** Show the tracks if the saved graph had them shown. */
  restore(): void {
    this.setOpen(this.node.properties[PROPERTY] === true, false)
  }

  dispose(): void {
    this.panel?.dispose()
  }

  refresh(): void {
    if (!this.panel) return
    try {
      this.panel.show(this.read())
    } catch (error) {
      this.panel.show(null, error instanceof Error ? error.message : String(error))
    }
  }

  private setOpen(open: boolean, byHand = true): void {
    this.panel?.dispose()
    this.panel?.root.remove()
    this.panel = open ? new TrackPanel((score) => this.write(score)) : null
    if (this.panel) this.root.append(this.panel.root)
    this.switch.textContent = text(open ? "close" : "open")
    this.switch.setAttribute("aria-expanded", String(open))
    this.refresh()
    if (!byHand) return
    this.node.properties[PROPERTY] = open
    this.resize(open)
    noteChange()
  }

  /** Make room when the tracks open, and give it back when they close. */
  private resize(open: boolean): void {
    const panel = this.panel
    const before = Number(this.node.properties[`${PROPERTY}_height`] ?? 0)
    const room = open ? (panel?.height ?? 0) + 4 : -before
    this.node.properties[`${PROPERTY}_height`] = open ? room : 0
    this.node.setSize([Math.max(this.node.size[0], open ? 420 : 0), this.node.size[1] + room])
    app.canvas.setDirty(true, true)
  }

  private widget(name: string): Widget | undefined {
    return this.node.widgets?.find((widget) => widget.name === name)
  }

  private watch(widget: Widget | undefined): void {
    if (widget) chain(widget, "callback", () => this.refresh())
  }

  private read(): Piece {
    if (this.node.inputs?.some((input) => input.name === "script" && input.link !== null))
      throw new Error(text("linked"))
    const layout = findLayout(this.widget("layout")?.value)
    if (!layout) throw new Error(text("layout"))
    const frames = Number(this.widget("frames")?.value) || null
    const names = String(this.widget("agents")?.value ?? "")
      .split(/[,\n]/)
      .map((name) => name.trim())
      .filter(Boolean)
    const frameRate = Number(this.widget("frame_rate")?.value) || layout.frame_rate
    const script = String(this.widget("script")?.value ?? "")
    try {
      return { score: readScript(script, layout, names.length ? names : null, frames), layout, frameRate }
    } catch (error) {
      throw new Error(text("unread", error instanceof Error ? error.message : String(error)))
    }
  }

  private write(score: Score): void {
    const [script, layout] = [this.widget("script"), this.widget("layout")]
    const known = findLayout(layout?.value)
    if (!script || !known) return
    const written = writeScript(score, known, String(layout?.value), String(script.value))
    script.value = written
    script.callback?.(written)
    noteChange()
  }
}

/** Add the tracks to an Action Script node. */
export function addTracks(node: GraphNode): void {
  const host = new TrackHost(node)
  const widget = node.addDOMWidget("tracks", "shared_world_tracks", host.root, {
    serialize: false,
    hideInPanel: true,
    getMinHeight: () => host.height,
    getMaxHeight: () => host.height,
    getValue: () => "",
    setValue: () => undefined,
  })
  widget.serialize = false
  const leavePlace = inheritPlace(node, host.root)
  chain(node, "onConfigure", () => host.restore())
  chain(node, "onRemoved", () => {
    leavePlace()
    host.dispose()
  })
}
