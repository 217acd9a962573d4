/** One row per agent with the schematic pictures of its views at the playhead. */

import { element, fitCanvas } from "../appearance/elements"
import { agentColor } from "../appearance/palette"
import { currentTheme } from "../appearance/theme"
import { CAR_RIG } from "../world/rigs"
import type { Motion } from "./motion"
import type { EditorState } from "./state"
import { text } from "./texts"
import { drawView } from "./view_picture"

interface Picture {
  readonly canvas: HTMLCanvasElement
  readonly agent: number
  readonly view: number
}

export class ViewStrips {
  readonly root = element("div", "editor-strips")
  #pictures: Picture[] = []
  #shape = ""

  constructor(private readonly state: EditorState) {
    this.root.addEventListener("scroll", () => state.changed())
  }

  draw(motion: Motion): void {
    const theme = currentTheme()
    this.#arrange(motion, theme.dark)
    const frame = this.state.playhead
    for (const { canvas, agent, view } of this.#pictures.filter(({ canvas }) => this.#isInSight(canvas))) {
      const { context, size } = fitCanvas(canvas)
      drawView(context, size, motion.agents[agent]!.moments[frame]!.cameras[view]!, motion, agent, frame, theme)
    }
  }

  /** Whether a picture is in the part that is scrolled to; many agents have more of them than can be drawn in time. */
  #isInSight(canvas: HTMLCanvasElement): boolean {
    const { scrollTop, clientHeight } = this.root
    const top = canvas.parentElement!.offsetTop - this.root.offsetTop
    return top < scrollTop + clientHeight && top + canvas.clientHeight > scrollTop
  }

  /** Make the rows anew where agents, names or rigs changed. */
  #arrange(motion: Motion, dark: boolean): void {
    const rigs = motion.agents.map(({ agent }) => agent.rig ?? CAR_RIG)
    const shape = JSON.stringify([
      dark,
      motion.agents.map(({ agent }, index) => [agent.name, rigs[index]!.views.map((view) => view.name)]),
    ])
    if (shape === this.#shape) return
    this.#shape = shape
    this.#pictures = []
    const rows = motion.agents.map(({ agent }, index) => {
      const rig = rigs[index]!
      const pictures = rig.views.map((view, number) => {
        const canvas = element("canvas", "editor-view")
        canvas.style.aspectRatio = `${rig.width} / ${rig.height}`
        this.#pictures.push({ canvas, agent: index, view: number })
        return element("figure", "editor-view-frame", {}, canvas, element("figcaption", "", {}, view.name))
      })
      const name = element("button", "editor-strip-name", {
        type: "button",
        title: text("Choose {0}", agent.name),
        onclick: () => this.state.selectAgent(index),
        textContent: agent.name,
      })
      name.style.borderColor = agentColor(index, dark)
      return element("div", "editor-strip", {}, name, ...pictures)
    })
    this.root.replaceChildren(...rows)
  }
}
