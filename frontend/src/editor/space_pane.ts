/** The place of the 3D view, which is loaded when it is first shown. */

import { element } from "../appearance/elements"
import type { Motion } from "./motion"
import type { SpaceView } from "./space_view"
import type { EditorState } from "./state"
import { text } from "./texts"

export class SpacePane {
  readonly root = element("div", "editor-space", { hidden: true })
  #view: SpaceView | null = null
  #loading = false
  #disposed = false
  #motion: Motion = { agents: [], meetings: [] }

  constructor(private readonly state: EditorState) {}

  show(shown: boolean): void {
    this.root.hidden = !shown
    if (shown && !this.#view && !this.#loading) void this.#load()
  }

  draw(motion: Motion): void {
    this.#motion = motion
    if (!this.root.hidden) this.#view?.draw(motion)
  }

  dispose(): void {
    this.#disposed = true
    this.#view?.dispose()
    this.#view = null
  }

  async #load(): Promise<void> {
    this.#loading = true
    try {
      const { SpaceView } = await import("./space_view")
      if (this.#disposed) return
      this.#view = new SpaceView(this.root, this.state)
      this.#view.draw(this.#motion)
    } catch (error) {
      const words = text("The 3D view cannot be shown: {0}", (error as Error).message)
      this.root.replaceChildren(element("p", "editor-hint", { textContent: words }))
    } finally {
      this.#loading = false
    }
  }
}
