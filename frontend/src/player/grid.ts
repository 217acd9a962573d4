import { element } from "../appearance/elements"
import { agentColor, isDark } from "../appearance/palette"
import { arrange } from "./arrangement"
import { type Comparison, ViewCell } from "./cell"
import type { Description } from "./description"
import type { Follower } from "./follower"

const GAP = 4
/** Milliseconds that each of two pictures is shown when they blink. */
const BLINK_MILLISECONDS = 500

/** All views, or one of them enlarged. */
export class Grid {
  readonly root = element("div", "player-grid")
  readonly cells: ViewCell[]
  onFollowers: (() => void) | null = null
  onEnlarge: (() => void) | null = null
  private enlarged_: number | null = null
  private comparison_: Comparison = "off"
  private loaded = false
  private blinking: number | undefined

  constructor(private readonly description: Description) {
    this.cells = description.rows.flatMap((row, index) =>
      row.views.map(
        (view) =>
          new ViewCell(view, row.name, index, description.compare_name, {
            onPress: (cell) => this.enlarge(this.enlarged_ === null ? this.cells.indexOf(cell) : null),
            onDivide: (share) => this.divide(share),
            onChange: () => this.onFollowers?.(),
          }),
      ),
    )
    this.root.append(...this.cells.map((cell) => cell.root))
    this.divide(0.5)
    this.setComparison("off")
    this.enlarge(null)
  }

  get enlarged(): number | null {
    return this.enlarged_
  }

  get comparison(): Comparison {
    return this.comparison_
  }

  /** Those of the visible views. */
  get followers(): Follower[] {
    return this.cells.filter((_, index) => this.isShown(index)).flatMap((cell) => cell.followers)
  }

  /** Fetch the videos. */
  load(): void {
    this.loaded = true
    for (const cell of this.cells) cell.load(this.comparison_ !== "off")
    this.onFollowers?.()
  }

  /** Free the videos' memory. */
  unload(): void {
    this.loaded = false
    for (const cell of this.cells) cell.unload()
    this.onFollowers?.()
  }

  enlarge(index: number | null): void {
    this.enlarged_ = index !== null && index < this.cells.length ? index : null
    this.cells.forEach((cell, place) => {
      cell.root.hidden = !this.isShown(place)
      cell.setEnlarged(this.enlarged_ === place)
    })
    this.layOut()
    this.onFollowers?.()
    this.onEnlarge?.()
  }

  setComparison(comparison: Comparison): void {
    this.comparison_ = comparison
    this.root.dataset.comparison = comparison
    window.clearInterval(this.blinking)
    this.root.classList.remove("shared-world-player-other-shown")
    if (comparison === "blink")
      this.blinking = window.setInterval(
        () => this.root.classList.toggle("shared-world-player-other-shown"),
        BLINK_MILLISECONDS,
      )
    if (this.loaded) this.load()
  }

  /** Give the cells their size and colours for the place that there is. */
  layOut(): void {
    const place = [this.root.clientWidth, this.root.clientHeight] as const
    if (!place[0] || !place[1]) return
    const [first] = this.cells
    const aspect = first!.view.width / first!.view.height
    const views = this.enlarged_ === null ? this.description.rows.map((row) => row.views.length) : [1]
    const { columns, width, height } = arrange(views, aspect, place, GAP)
    this.root.style.gridTemplateColumns = `repeat(${columns}, ${width}px)`
    const dark = isDark()
    for (const cell of this.cells) {
      cell.resize(width, height)
      cell.root.style.setProperty("--agent", agentColor(cell.row, dark))
    }
  }

  dispose(): void {
    window.clearInterval(this.blinking)
    for (const cell of this.cells) cell.unload()
  }

  private divide(share: number): void {
    if (this.comparison_ !== "slider" && this.loaded) return
    this.root.style.setProperty("--divide", `${(100 * Math.min(Math.max(share, 0), 1)).toFixed(2)}%`)
  }

  private isShown(index: number): boolean {
    return this.enlarged_ === null || this.enlarged_ === index
  }
}
