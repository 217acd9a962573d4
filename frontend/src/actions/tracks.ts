import { agentColor } from "../appearance/palette"
import { type Theme, translucent } from "../appearance/theme"
import type { Range } from "./edits"
import type { Layout } from "./layout"
import type { Score } from "./score"

export const KEY_HEIGHT = 15
export const AXIS_HEIGHT = 28
export const RULER_HEIGHT = 18
const RIGHT = 6

/** What a place in the picture belongs to. */
export type Hit = { kind: "ruler" } | { kind: "key"; button: number } | { kind: "axis"; axis: number; value: number }

/** Where the tracks of one agent lie: frame numbers above, then keys, then axes. */
export class Tracks {
  readonly left: number
  readonly height: number

  constructor(
    readonly layout: Layout,
    readonly frames: number,
    readonly width: number,
    measure: (words: string) => number,
  ) {
    const names = [...layout.buttons, ...layout.axes].map((channel) => label(channel.name))
    this.left = Math.ceil(Math.max(24, ...names.map(measure)) + 12)
    this.height = RULER_HEIGHT + layout.buttons.length * KEY_HEIGHT + layout.axes.length * AXIS_HEIGHT + 4
  }

  /** Pixels where a frame begins. */
  x(frame: number): number {
    return this.left + ((this.width - RIGHT - this.left) * frame) / this.frames
  }

  /** The frame at a pixel, one of those that there are. */
  frameAt(x: number): number {
    const frame = Math.floor(((x - this.left) / (this.width - RIGHT - this.left)) * this.frames)
    return Math.min(Math.max(frame, 0), this.frames - 1)
  }

  topOfKey(button: number): number {
    return RULER_HEIGHT + button * KEY_HEIGHT
  }

  topOfAxis(axis: number): number {
    return RULER_HEIGHT + this.layout.buttons.length * KEY_HEIGHT + axis * AXIS_HEIGHT
  }

  hit(y: number): Hit | null {
    if (y < RULER_HEIGHT) return { kind: "ruler" }
    const button = Math.floor((y - RULER_HEIGHT) / KEY_HEIGHT)
    if (button < this.layout.buttons.length) return { kind: "key", button }
    const axis = Math.floor((y - this.topOfAxis(0)) / AXIS_HEIGHT)
    const channel = this.layout.axes[axis]
    if (!channel) return null
    const share = 1 - (y - this.topOfAxis(axis) - 3) / (AXIS_HEIGHT - 6)
    const value = channel.low + Math.min(Math.max(share, 0), 1) * (channel.high - channel.low)
    const step = (channel.high - channel.low) / 20
    return { kind: "axis", axis, value: Number((Math.round(value / step) * step).toFixed(6)) }
  }

  draw(context: CanvasRenderingContext2D, score: Score, agent: number, marked: Range, theme: Theme): void {
    const color = agentColor(agent, theme.dark)
    context.font = "11px Inter, system-ui, sans-serif"
    context.fillStyle = theme.ground
    context.fillRect(0, 0, this.width, this.height)
    this.drawRuler(context, marked, theme)
    this.layout.buttons.forEach((button, index) => {
      const top = this.topOfKey(index)
      const keys = score.pressed[agent]![index]!
      if (index % 2 === 0) this.fill(context, theme.grid, 0, this.frames, top, KEY_HEIGHT)
      this.name(context, button.name, top + KEY_HEIGHT / 2, keys.some(Boolean) ? theme.ink : theme.faintInk)
      for (const [first, last] of stretches(keys))
        this.fill(context, color, first, last + 1, top + 2, KEY_HEIGHT - 4, 2)
    })
    this.layout.axes.forEach((_, index) => {
      this.drawAxis(context, score.axes[agent]![index]!, index, color, theme)
    })
    context.fillStyle = translucent(theme.selection, 0.1)
    context.fillRect(this.x(marked[0]), RULER_HEIGHT, this.x(marked[1] + 1) - this.x(marked[0]), this.height)
  }

  private drawRuler(context: CanvasRenderingContext2D, marked: Range, theme: Theme): void {
    this.fill(context, theme.strongGrid, marked[0], marked[1] + 1, 2, RULER_HEIGHT - 4, 3)
    context.textAlign = "left"
    context.textBaseline = "middle"
    const step = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].find((own) => this.x(own) - this.x(0) > 34) ?? 5000
    for (let frame = 0; frame < this.frames; frame += step) {
      context.fillStyle = theme.strongGrid
      context.fillRect(Math.round(this.x(frame)), 3, 1, this.height - 3)
      context.fillStyle = theme.faintInk
      const number = String(frame)
      const fits = this.x(frame) + 3 + context.measureText(number).width <= this.width
      if (fits) context.fillText(number, this.x(frame) + 3, RULER_HEIGHT / 2)
    }
  }

  private drawAxis(
    context: CanvasRenderingContext2D,
    values: readonly number[],
    index: number,
    color: string,
    theme: Theme,
  ): void {
    const axis = this.layout.axes[index]!
    const top = this.topOfAxis(index)
    const [low, high] = [Math.min(axis.low, ...values), Math.max(axis.high, ...values)]
    const y = (value: number) => top + AXIS_HEIGHT - 3 - ((value - low) / (high - low)) * (AXIS_HEIGHT - 6)
    const moves = values.some((value) => value !== axis.idle)
    this.name(context, axis.name, top + AXIS_HEIGHT / 2, moves ? theme.ink : theme.faintInk)
    context.fillStyle = theme.strongGrid
    context.fillRect(this.left, Math.round(y(axis.idle)), this.x(this.frames) - this.left, 1)
    context.strokeStyle = color
    context.lineWidth = 2
    context.beginPath()
    values.forEach((value, frame) => {
      context.lineTo(this.x(frame), y(value))
      context.lineTo(this.x(frame + 1), y(value))
    })
    context.stroke()
  }

  private name(context: CanvasRenderingContext2D, name: string, y: number, color: string): void {
    context.fillStyle = color
    context.textAlign = "right"
    context.textBaseline = "middle"
    context.fillText(label(name), this.left - 7, y)
  }

  private fill(
    context: CanvasRenderingContext2D,
    color: string,
    first: number,
    end: number,
    top: number,
    height: number,
    radius = 0,
  ): void {
    context.fillStyle = color
    context.beginPath()
    context.roundRect(this.x(first), top, Math.max(1, this.x(end) - this.x(first)), height, radius)
    context.fill()
  }
}

function label(name: string): string {
  return name.length === 1 ? name.toUpperCase() : name
}

/** First and last frame of every stretch in which a key is down. */
export function stretches(keys: readonly boolean[]): [number, number][] {
  const found: [number, number][] = []
  keys.forEach((down, frame) => {
    if (!down) return
    if (frame > 0 && keys[frame - 1]) found.at(-1)![1] = frame
    else found.push([frame, frame])
  })
  return found
}
