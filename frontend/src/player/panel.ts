import { element } from "../appearance/elements"
import { onThemeChange } from "../appearance/theme_changes"
import { COMPARISONS, type Comparison } from "./cell"
import { Controls } from "./controls"
import { PlayerCurves } from "./curves"
import type { Description } from "./description"
import { Grid } from "./grid"
import { PlayerMap } from "./map"
import { notesOf } from "./notes"
import { pressKey } from "./shortcuts"
import { Synchroniser } from "./synchroniser"
import { Timeline } from "./timeline"

/** What of a panel is remembered with the graph. */
export interface PanelSettings {
  comparison: Comparison
  map: boolean
  curves: boolean
  loop: boolean
}

export const DEFAULT_SETTINGS: PanelSettings = { comparison: "off", map: true, curves: true, loop: true }

/** Settings from a saved graph, with defaults for what is missing or of another kind. */
export function readSettings(value: unknown): PanelSettings {
  const saved = (value ?? {}) as Partial<PanelSettings>
  const flag = (name: "map" | "curves" | "loop") => (typeof saved[name] === "boolean" ? saved[name] : true)
  const known = COMPARISONS.includes(saved.comparison as Comparison)
  return {
    comparison: known ? (saved.comparison as Comparison) : "off",
    map: flag("map"),
    curves: flag("curves"),
    loop: flag("loop"),
  }
}

/** Videos, map, curves and controls of one run. */
export class Panel {
  readonly root = element("div", "player-panel")
  private readonly synchroniser: Synchroniser
  private readonly grid: Grid
  private readonly map: PlayerMap | null
  private readonly curves: PlayerCurves | null
  private readonly controls: Controls
  private readonly observer: ResizeObserver
  private readonly themeChanged = () => this.layOut()
  private readonly forgetTheme = onThemeChange(this.themeChanged)
  private drawing = 0

  constructor(
    private readonly description: Description,
    private readonly settings: PanelSettings,
    private readonly onSettings: () => void,
  ) {
    const videos = description.rows.flatMap((row) =>
      row.views.flatMap((view) => (view.compare ? [view, view.compare] : [view])),
    )
    const timeline = new Timeline(videos)
    this.synchroniser = new Synchroniser(timeline)
    this.synchroniser.loop = settings.loop
    this.grid = new Grid(description)
    this.map = description.map && new PlayerMap(description.map)
    this.curves = description.curves.length ? this.makeCurves(timeline) : null
    const compared = videos.length > this.grid.cells.length
    this.controls = new Controls(
      this.synchroniser,
      { map: this.map !== null, curves: this.curves !== null, compare: compared ? description.compare_name : null },
      {
        onComparison: (comparison) => this.setComparison(comparison),
        onSwitch: (part) => this.switchPart(part),
        onLoop: () => this.toggleLoop(),
        onFullscreen: () => this.toggleFullscreen(),
        onGrid: () => this.grid.enlarge(null),
      },
    )
    this.assemble(timeline)
    this.synchroniser.onChange = () => this.show()
    this.grid.onFollowers = () => this.synchroniser.setFollowers(this.grid.followers)
    this.grid.onEnlarge = () => this.show()
    this.grid.setComparison(compared ? settings.comparison : "off")
    this.observer = new ResizeObserver(() => this.layOut())
    this.observer.observe(this.root)
    this.showParts()
  }

  /** Fetch the videos. */
  load(): void {
    this.grid.load()
  }

  /** Free the videos' memory while nobody can see them; the playhead stays. */
  unload(): void {
    this.synchroniser.pause()
    this.grid.unload()
  }

  pause(): void {
    this.synchroniser.pause()
  }

  /** Do what a key stands for; false if it stands for nothing. */
  press(event: KeyboardEvent): boolean {
    const { synchroniser, grid } = this
    return pressKey(event, {
      toggle: () => synchroniser.toggle(),
      step: (frames) => void synchroniser.step(frames),
      jump: (end) => void synchroniser.step((end === "first" ? -1 : 1) * synchroniser.timeline.frameCount),
      loop: () => this.toggleLoop(),
      nextComparison: () => this.nextComparison(),
      switchPart: (part) => this.switchPart(part),
      enlarge: (index) => {
        if (index === null && grid.enlarged === null) return false
        grid.enlarge(index)
        return true
      },
      fullscreen: () => this.toggleFullscreen(),
    })
  }

  dispose(): void {
    this.observer.disconnect()
    this.forgetTheme()
    cancelAnimationFrame(this.drawing)
    this.synchroniser.dispose()
    this.grid.onFollowers = null
    this.grid.dispose()
  }

  private makeCurves(timeline: Timeline): PlayerCurves {
    const [first] = this.grid.cells
    const toTimeline = timeline.frameRate / first!.view.frame_rate
    return new PlayerCurves(
      this.description.curves,
      timeline.frameCount,
      toTimeline,
      (frame) => void this.synchroniser.seek(frame),
    )
  }

  private assemble(timeline: Timeline): void {
    const notes = notesOf(this.description, timeline).map((note) => element("div", "player-note", {}, note))
    const stage = element("div", "player-stage", {}, this.grid.root)
    if (this.map) stage.append(element("div", "player-side", {}, this.map.canvas))
    this.root.append(...notes, stage)
    if (this.curves) this.root.append(this.curves.root)
    this.root.append(this.controls.root)
    this.root.dataset.frames = String(timeline.frameCount)
  }

  private setComparison(comparison: Comparison): void {
    this.settings.comparison = comparison
    this.grid.setComparison(comparison)
    this.onSettings()
    this.show()
  }

  private nextComparison(): void {
    if (!this.description.rows.some((row) => row.views.some((view) => view.compare))) return
    const next = COMPARISONS.indexOf(this.grid.comparison) + 1
    this.setComparison(COMPARISONS[next % COMPARISONS.length]!)
  }

  private switchPart(part: "map" | "curves"): void {
    this.settings[part] = !this.settings[part]
    this.onSettings()
    this.showParts()
  }

  private toggleLoop(): void {
    this.synchroniser.loop = this.settings.loop = !this.synchroniser.loop
    this.onSettings()
    this.show()
  }

  private toggleFullscreen(): void {
    if (document.fullscreenElement) void document.exitFullscreen()
    else void this.root.requestFullscreen?.()
  }

  private showParts(): void {
    this.root.classList.toggle("shared-world-player-mapless", !this.settings.map || !this.map)
    this.root.classList.toggle("shared-world-player-curveless", !this.settings.curves)
    this.layOut()
  }

  private layOut(): void {
    this.grid.layOut()
    this.show()
  }

  /** Bring numbers, map and curves to the playhead, once per picture of the page. */
  private show(): void {
    if (this.drawing) return
    this.drawing = requestAnimationFrame(() => {
      this.drawing = 0
      this.showNow()
    })
  }

  private showNow(): void {
    const { synchroniser, grid, settings } = this
    const { frame, timeline, isPlaying } = synchroniser
    this.root.dataset.frame = String(frame)
    this.root.dataset.playing = String(isPlaying)
    this.controls.show({
      comparison: grid.comparison,
      enlarged: grid.enlarged !== null,
      map: settings.map,
      curves: settings.curves,
    })
    this.map?.draw(timeline.timeOf(frame), this.markedView())
    this.curves?.draw(frame)
  }

  private markedView(): { agent: number; view: number } | null {
    const { enlarged, cells } = this.grid
    if (enlarged === null) return null
    const cell = cells[enlarged]!
    return { agent: cell.row, view: this.description.rows[cell.row]!.views.indexOf(cell.view) }
  }
}

/** A line of text where the videos would be. */
export function message(words: string, kind: "hint" | "trouble"): HTMLElement {
  return element("div", kind === "trouble" ? "player-message player-alarm" : "player-message", {}, words)
}
