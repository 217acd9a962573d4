import { element, iconButton, nameButton, setSign } from "../appearance/elements"
import { COMPARISONS, type Comparison } from "./cell"
import type { Synchroniser } from "./synchroniser"
import { text } from "./texts"

const SIGNS = {
  play: "M4 2.5v11l9-5.5z",
  pause: "M4 2.5h3v11H4zM9 2.5h3v11H9z",
  first: "M3 3h2v10H3zM13 3v10L6 8z",
  back: "M11 3v10L4 8z",
  forward: "M5 3v10l7-5z",
  last: "M11 3h2v10h-2zM3 3v10l7-5z",
  loop: "M4 5h7V3l4 3-4 3V7H5v3H3V6a1 1 0 0 1 1-1zM12 11H5v2l-4-3 4-3v2h6V6h2v4a1 1 0 0 1-1 1z",
  map: "M1.5 3.5 6 2l4 1.5L14.5 2v10.5L10 14l-4-1.5L1.5 14zM6 3.6v7.5l4 1.4V5z",
  curves: "M1.5 2H3v10.5h11.500V14H1.5zM4 9.5l3-4 2.500 2 4-5 1 1-5 6.300L7.200 8 5 11z",
  fullscreen:
    "M2 2h4v1.500H3.500V6H2zM10 2h4v4h-1.500V3.500H10zM2 10h1.500v2.500H6V14H2zM12.500 10H14v4h-4v-1.500h2.500z",
  grid: "M2 2h5v5H2zM9 2h5v5H9zM2 9h5v5H2zM9 9h5v5H9z",
}
const SPEEDS = [0.1, 0.25, 0.5, 1, 1.5, 2]

/** What the bar under the videos asks of the panel. */
export interface ControlEvents {
  onComparison(comparison: Comparison): void
  onSwitch(part: "map" | "curves"): void
  onLoop(): void
  onFullscreen(): void
  onGrid(): void
}

/** What of the panel there is to control. */
export interface Parts {
  map: boolean
  curves: boolean
  /** Name of the second set, or null. */
  compare: string | null
}

function playerButton(sign: string, name: string, onPress: () => void): HTMLButtonElement {
  return iconButton("player-button", sign, name, onPress)
}

/** The bar with playhead, buttons and choices. */
export class Controls {
  readonly root = element("div", "player-controls")
  private readonly playhead: HTMLInputElement
  private readonly play: HTMLButtonElement
  private readonly loop: HTMLButtonElement
  private readonly grid: HTMLButtonElement
  private readonly clock = element("span", "player-clock")
  private readonly speed: HTMLSelectElement
  private readonly comparison: HTMLSelectElement
  private readonly switches: Partial<Record<"map" | "curves", HTMLButtonElement>> = {}

  constructor(
    private readonly synchroniser: Synchroniser,
    parts: Parts,
    events: ControlEvents,
  ) {
    this.playhead = this.makePlayhead()
    this.play = playerButton(SIGNS.play, text("play"), () => synchroniser.toggle())
    this.loop = playerButton(SIGNS.loop, text("loop"), events.onLoop)
    this.grid = playerButton(SIGNS.grid, text("grid"), events.onGrid)
    this.speed = this.choice(
      SPEEDS.map((speed) => [String(speed), `${speed}×`]),
      text("speed"),
      (value) => synchroniser.setSpeed(Number(value)),
    )
    this.speed.value = "1"
    this.comparison = this.choice(
      COMPARISONS.map((name) => [name, text(name)]),
      text("compare", parts.compare ?? ""),
      (value) => events.onComparison(value as Comparison),
    )
    this.root.append(this.playhead, this.makeButtons(parts, events))
  }

  private makePlayhead(): HTMLInputElement {
    const { synchroniser } = this
    const { lastFrame } = synchroniser.timeline
    const playhead = element("input", "player-playhead", { type: "range", min: "0", max: String(lastFrame), step: "1" })
    playhead.value = "0"
    playhead.setAttribute("aria-label", text("frame", 0, lastFrame))
    playhead.addEventListener("input", () => void synchroniser.seek(Number(playhead.value)))
    return playhead
  }

  private makeButtons(parts: Parts, events: ControlEvents): HTMLElement {
    const { synchroniser } = this
    const { timeline } = synchroniser
    const buttons = element(
      "div",
      "player-buttons",
      {},
      playerButton(SIGNS.first, text("first"), () => void synchroniser.step(-timeline.frameCount)),
      playerButton(SIGNS.back, text("back"), () => void synchroniser.step(-1)),
      this.play,
      playerButton(SIGNS.forward, text("forward"), () => void synchroniser.step(1)),
      playerButton(SIGNS.last, text("last"), () => void synchroniser.step(timeline.frameCount)),
      this.loop,
      this.speed,
      this.clock,
      element("span", "player-space"),
      this.grid,
    )
    if (parts.compare !== null) buttons.append(this.comparison)
    for (const part of ["curves", "map"] as const)
      if (parts[part]) {
        const button = playerButton(SIGNS[part], text(part), () => events.onSwitch(part))
        this.switches[part] = button
        buttons.append(button)
      }
    buttons.append(playerButton(SIGNS.fullscreen, text("fullscreen"), events.onFullscreen))
    return buttons
  }

  /** Show the state of what is controlled. */
  show(state: { comparison: Comparison; enlarged: boolean; map: boolean; curves: boolean }): void {
    const { synchroniser } = this
    const { timeline, frame, isPlaying } = synchroniser
    this.playhead.value = String(frame)
    this.playhead.style.setProperty("--done", `${(100 * frame) / Math.max(1, timeline.lastFrame)}%`)
    setSign(this.play, isPlaying ? SIGNS.pause : SIGNS.play)
    nameButton(this.play, text(isPlaying ? "pause" : "play"))
    this.loop.setAttribute("aria-pressed", String(synchroniser.loop))
    this.grid.hidden = !state.enlarged
    this.comparison.value = state.comparison
    for (const part of ["map", "curves"] as const)
      this.switches[part]?.setAttribute("aria-pressed", String(state[part]))
    const seconds = timeline.timeOf(frame).toFixed(2)
    this.clock.textContent = `${text("frame", frame, timeline.lastFrame)}  ${seconds} s`
  }

  private choice(
    options: readonly (readonly [string, string])[],
    name: string,
    onChange: (value: string) => void,
  ): HTMLSelectElement {
    const made = element("select", "player-choice")
    made.append(...options.map(([value, label]) => new Option(label, value)))
    nameButton(made, name)
    made.addEventListener("change", () => onChange(made.value))
    return made
  }
}
