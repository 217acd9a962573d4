import { element, fitCanvas, nameButton } from "../appearance/elements"
import { agentColor } from "../appearance/palette"
import { currentTheme } from "../appearance/theme"
import { onThemeChange } from "../appearance/theme_changes"
import { forwardCanvasEvents } from "../comfyui/canvas_events"
import { pixelOf } from "../comfyui/pointer"
import { clear, isDown, meaningOfKey, perform, press, type Range, setAxis } from "./edits"
import type { Layout } from "./layout"
import { isEditable, type Score } from "./score"
import { text } from "./texts"
import { Tracks } from "./tracks"

const SPEEDS = [0.05, 0.1, 0.25, 0.5, 1]

/** A score with what its channels are and how fast its frames follow each other. */
export interface Piece {
  score: Score
  layout: Layout
  frameRate: number
}

/** Tracks of one agent at a time, to draw and to record into. */
export class TrackPanel {
  readonly root = element("div", "tracks", { tabIndex: 0 })
  private readonly bar = element("div", "tracks-bar")
  private readonly canvas = element("canvas", "tracks-canvas")
  private readonly status = element("span", "tracks-status")
  private readonly record = element("button", "tracks-record", {
    type: "button",
    onclick: () => this.toggleRecording(),
  })
  private readonly speed = element("select", "tracks-speed")
  private readonly agents = element("span", "tracks-agents")
  private readonly observer = new ResizeObserver(() => this.draw())
  private readonly themeChanged = () => this.showAgents()
  private readonly forgetTheme = onThemeChange(this.themeChanged)
  private piece: Piece | null = null
  private agent = 0
  private marked: Range = [0, 0]
  private shiftAlone = false
  private recording: { start: number; from: number; done: number; before: Score } | null = null
  private readonly held = new Map<string, NonNullable<ReturnType<typeof meaningOfKey>>>()

  /** @param onEdit takes a score that a person has changed. */
  constructor(private readonly onEdit: (score: Score) => void) {
    nameButton(this.speed, text("speed"))
    this.speed.append(...SPEEDS.map((speed) => new Option(`${speed}×`, String(speed))))
    this.speed.value = "0.25"
    this.bar.append(this.agents, this.record, this.speed, this.status)
    this.root.append(this.bar, this.canvas)
    this.canvas.title = text("help")
    this.observer.observe(this.canvas)
    this.listen()
  }

  /** Show a score, or why there is none. */
  show(piece: Piece | null, trouble = ""): void {
    if (this.recording) return
    this.piece = piece
    this.root.dataset.state = piece ? (isEditable(piece.layout) ? "open" : "fixed") : "trouble"
    if (piece) {
      const last = piece.score.frames - 1
      this.agent = Math.min(this.agent, piece.score.names.length - 1)
      this.marked = [Math.min(this.marked[0], last), Math.min(this.marked[1], last)]
      this.canvas.style.height = `${this.makeTracks(piece, 400).height}px`
    }
    this.canvas.hidden = !piece
    this.record.hidden = this.speed.hidden = !piece || !isEditable(piece.layout)
    this.status.textContent = trouble
    this.showAgents()
  }

  /** Height in pixels that the panel needs. */
  get height(): number {
    return 34 + (this.piece ? this.makeTracks(this.piece, 400).height : 0)
  }

  dispose(): void {
    this.observer.disconnect()
    this.forgetTheme()
    this.recording = null
  }

  private makeTracks({ layout, score }: Piece, width: number): Tracks {
    const context = this.canvas.getContext("2d")!
    context.font = "11px Inter, system-ui, sans-serif"
    return new Tracks(layout, score.frames, width, (words) => context.measureText(words).width)
  }

  private showAgents(): void {
    const { dark } = currentTheme()
    const names = this.piece?.score.names ?? []
    this.agents.replaceChildren(
      ...names.map((name, index) => {
        const button = element("button", "tracks-agent", { type: "button" }, name)
        button.setAttribute("aria-pressed", String(index === this.agent))
        button.style.setProperty("--agent", agentColor(index, dark))
        button.onclick = () => {
          this.agent = index
          this.showAgents()
        }
        return button
      }),
    )
    this.draw()
  }

  private draw(): void {
    const { piece } = this
    this.record.classList.toggle("shared-world-tracks-recording", this.recording !== null)
    nameButton(this.record, text(this.recording ? "stop" : "record"))
    if (!piece || !this.canvas.clientWidth) return
    const { context, size } = fitCanvas(this.canvas)
    this.makeTracks(piece, size[0]).draw(context, piece.score, this.agent, this.marked, currentTheme())
    this.showStatus(piece)
  }

  private showStatus({ score, layout }: Piece): void {
    const [first, last] = this.marked
    const end = score.frames - 1
    const place = first === last ? text("frame", first, end) : text("frames", first, last, end)
    const recorded = this.recording && text("recording", score.names[this.agent]!)
    this.status.textContent = isEditable(layout) ? [recorded, place].filter(Boolean).join(", ") : text("targets")
  }

  private edit(score: Score): void {
    if (!this.piece) return
    this.piece = { ...this.piece, score }
    this.draw()
  }

  private commit(): void {
    if (this.piece) this.onEdit(this.piece.score)
  }

  private listen(): void {
    forwardCanvasEvents(this.root)
    this.root.addEventListener("mousedown", (event) => {
      if ((event.target as Element).closest("button")) event.preventDefault()
      if (!(event.target instanceof HTMLSelectElement)) this.root.focus({ preventScroll: true })
    })
    this.canvas.addEventListener("pointerdown", (event) => this.beginDrag(event))
    this.root.addEventListener("keydown", (event) => {
      if (event.target instanceof HTMLSelectElement || event.ctrlKey || event.metaKey || event.altKey) return
      if (!this.pressKey(event)) return
      event.preventDefault()
      event.stopPropagation()
    })
    this.root.addEventListener("keyup", (event) => this.releaseKey(event))
    this.root.addEventListener("blur", () => this.held.clear())
  }

  private beginDrag(down: PointerEvent): void {
    const { piece, canvas } = this
    if (!piece || down.button !== 0 || this.recording) return
    const tracks = this.makeTracks(piece, canvas.clientWidth)
    const [x, y] = pixelOf(canvas, down)
    const hit = tracks.hit(y)
    if (!hit || (hit.kind !== "ruler" && !isEditable(piece.layout))) return
    const start = tracks.frameAt(x)
    const before = piece.score
    const down_ = hit.kind === "key" && !before.pressed[this.agent]![hit.button]![start]
    const move = (event: PointerEvent) => {
      const [across, along] = pixelOf(canvas, event)
      const here = tracks.frameAt(across)
      const range: Range = [Math.min(start, here), Math.max(start, here)]
      this.marked = range
      const at = tracks.hit(along)
      if (hit.kind === "key") this.edit(press(before, this.agent, hit.button, range, down_))
      else if (hit.kind === "axis") {
        const value = at?.kind === "axis" && at.axis === hit.axis ? at.value : hit.value
        this.edit(setAxis(before, this.agent, hit.axis, range, value))
      } else this.draw()
    }
    const end = new AbortController()
    canvas.setPointerCapture(down.pointerId)
    canvas.addEventListener("pointermove", move, { signal: end.signal })
    for (const event of ["pointerup", "pointercancel"])
      canvas.addEventListener(
        event,
        () => {
          end.abort()
          if (hit.kind !== "ruler") this.commit()
        },
        { signal: end.signal },
      )
    move(down)
  }

  /** Do what a key stands for. Returns whether it stands for anything. */
  private pressKey(event: KeyboardEvent): boolean {
    const { piece } = this
    if (!piece) return false
    if (!isEditable(piece.layout)) return this.moveMark(event, piece)
    if (event.key.toLowerCase() === "r" || (event.key === "Escape" && this.recording)) {
      if (!event.repeat) this.toggleRecording()
      return true
    }
    const meaning = meaningOfKey(event, piece.layout)
    if (this.recording) {
      if (meaning) this.held.set(event.code, meaning)
      return meaning !== null
    }
    this.shiftAlone = event.key === "Shift"
    return this.shiftAlone || this.moveMark(event, piece) || this.editMarked(event, piece, meaning)
  }

  /** Shift also widens the mark, so outside of a recording it counts as a key only if it was pressed alone. */
  private releaseKey(event: KeyboardEvent): void {
    this.held.delete(event.code)
    const { piece, shiftAlone } = this
    if (!piece || event.key !== "Shift" || !shiftAlone || this.recording) return
    this.shiftAlone = false
    this.editMarked(event, piece, meaningOfKey(event, piece.layout))
  }

  /** Clear the marked frames, or press a key in all of them, or release it. */
  private editMarked(
    event: KeyboardEvent,
    { score, layout }: Piece,
    meaning: ReturnType<typeof meaningOfKey>,
  ): boolean {
    if (event.key === "Delete" || event.key === "Backspace") this.edit(clear(score, layout, this.agent, this.marked))
    else if (meaning && "button" in meaning && !event.repeat) {
      const down = !isDown(score, this.agent, meaning.button, this.marked)
      this.edit(press(score, this.agent, meaning.button, this.marked, down))
    } else return meaning !== null
    this.commit()
    return true
  }

  private moveMark(event: KeyboardEvent, { score }: Piece): boolean {
    const last = score.frames - 1
    const targets: Record<string, number> = {
      ArrowLeft: this.marked[0] - 1,
      ArrowRight: this.marked[1] + 1,
      Home: 0,
      End: last,
    }
    const wanted = targets[event.key]
    if (wanted === undefined) return false
    const frame = Math.min(Math.max(wanted, 0), last)
    const [first, end] = this.marked
    this.marked = event.shiftKey ? [Math.min(first, frame), Math.max(end, frame)] : [frame, frame]
    this.draw()
    return true
  }

  private toggleRecording(): void {
    const { piece } = this
    if (!piece || !isEditable(piece.layout)) return
    if (this.recording) {
      this.stopRecording()
      return
    }
    const from = this.marked[0] >= piece.score.frames - 1 ? 0 : this.marked[0]
    this.recording = { start: performance.now(), from, done: from - 1, before: piece.score }
    this.held.clear()
    requestAnimationFrame(this.recordOn)
    this.draw()
  }

  /** Write what is held into the frames that have passed since the last turn. */
  private readonly recordOn = (): void => {
    const { recording, piece } = this
    if (!recording || !piece || !this.root.isConnected) {
      this.stopRecording()
      return
    }
    const seconds = ((performance.now() - recording.start) / 1000) * Number(this.speed.value)
    const last = piece.score.frames - 1
    const frame = Math.min(recording.from + Math.floor(seconds * piece.frameRate), last)
    if (frame > recording.done) {
      const keys = new Set<number>()
      const values = new Map<number, number>()
      for (const meaning of this.held.values())
        if ("button" in meaning) keys.add(meaning.button)
        else values.set(meaning.axis, meaning.value)
      const range: Range = [recording.done + 1, frame]
      recording.done = frame
      this.marked = [frame, frame]
      this.edit(perform(piece.score, piece.layout, this.agent, range, keys, values))
    }
    if (frame === last) this.stopRecording()
    else requestAnimationFrame(this.recordOn)
  }

  private stopRecording(): void {
    const { recording } = this
    if (!recording) return
    this.recording = null
    this.held.clear()
    if (this.piece && this.piece.score !== recording.before) this.commit()
    this.draw()
  }
}
