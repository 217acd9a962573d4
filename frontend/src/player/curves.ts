import { element, fitCanvas } from "../appearance/elements"
import { agentColor } from "../appearance/palette"
import { currentTheme } from "../appearance/theme"
import { shortened } from "../appearance/words"
import type { Curve } from "./description"

/** Curves of one unit, drawn over each other on one scale. */
export interface Chart {
  title: string
  unit: string
  curves: Curve[]
  low: number
  high: number
}

/** Curves of agents with one unit share a chart, others have their own. */
export function groupCurves(curves: readonly Curve[]): Chart[] {
  const charts = new Map<string, Curve[]>()
  for (const curve of curves) {
    const key = curve.agent === null ? curve.title : `agents ${curve.unit} ${curve.title.split(" ")[0]}`
    charts.set(key, [...(charts.get(key) ?? []), curve])
  }
  return [...charts.values()].map((members) => {
    const values = members.flatMap((curve) => curve.values).filter((value) => value !== null)
    const [low, high] = values.length ? [Math.min(...values), Math.max(...values)] : [0, 1]
    const [first] = members
    const title = members.length > 1 ? first!.title.split(" ")[0]! : first!.title
    const room = high > low ? 0 : Math.abs(high) * 0.1 || 1
    return { title, unit: first!.unit, curves: members, low: low - room, high: high + room }
  })
}

/** At most three digits that tell values of a chart apart. */
export function shortNumber(value: number): string {
  return String(Number(value.toPrecision(3)))
}

const TOP = 17
const BOTTOM = 4

/** Charts side by side under the videos; a click moves the playhead. */
export class PlayerCurves {
  readonly root = element("div", "player-curves")
  private readonly charts: Chart[]
  private readonly canvases: HTMLCanvasElement[]

  /** @param frames of the timeline that the charts are as wide as. */
  constructor(
    curves: readonly Curve[],
    private readonly frames: number,
    private readonly toTimeline: number,
    onSeek: (frame: number) => void,
  ) {
    this.charts = groupCurves(curves)
    this.canvases = this.charts.map((chart) => {
      const canvas = element("canvas", "player-chart", { title: chart.title })
      const seek = (event: PointerEvent) => {
        const place = canvas.getBoundingClientRect()
        onSeek(Math.floor(((event.clientX - place.left) / place.width) * this.frames))
      }
      canvas.addEventListener("pointerdown", (event) => {
        canvas.setPointerCapture(event.pointerId)
        seek(event)
      })
      canvas.addEventListener("pointermove", (event) => {
        if (canvas.hasPointerCapture(event.pointerId)) seek(event)
      })
      return canvas
    })
    this.root.append(...this.canvases)
  }

  draw(frame: number): void {
    this.charts.forEach((chart, index) => {
      const canvas = this.canvases[index]!
      if (canvas.clientWidth) this.drawChart(chart, canvas, frame)
    })
  }

  private drawChart(chart: Chart, canvas: HTMLCanvasElement, frame: number): void {
    const { context, size } = fitCanvas(canvas)
    const theme = currentTheme()
    const [width, height] = size
    context.fillStyle = theme.ground
    context.fillRect(0, 0, width, height)
    const x = (at: number) => ((at + 0.5) / this.frames) * width
    const y = (value: number) =>
      height - BOTTOM - ((value - chart.low) / (chart.high - chart.low)) * (height - TOP - BOTTOM)
    context.strokeStyle = theme.strongGrid
    context.beginPath()
    context.moveTo(x(frame), TOP - 3)
    context.lineTo(x(frame), height)
    context.stroke()
    const shown: [string, string][] = []
    for (const curve of chart.curves) {
      const color = curve.agent === null ? theme.ink : agentColor(curve.agent, theme.dark)
      this.drawCurve(context, curve, color, x, y)
      const value = curve.values[Math.min(Math.floor(frame / this.toTimeline), curve.values.length - 1)] ?? null
      if (value === null) continue
      context.fillStyle = color
      context.beginPath()
      context.arc(x(frame), y(value), 3, 0, 2 * Math.PI)
      context.fill()
      shown.push([shortNumber(value), color])
    }
    context.font = "11px sans-serif"
    context.textBaseline = "top"
    context.fillStyle = theme.faintInk
    context.textAlign = "right"
    let right = width - 4
    for (const [words, color] of [...shown, ...(chart.unit ? [[chart.unit, theme.ink] as const] : [])].reverse()) {
      context.fillStyle = color
      context.fillText(words, right, 2)
      right -= context.measureText(words).width + 6
    }
    context.fillStyle = theme.faintInk
    context.textAlign = "left"
    context.fillText(shortened(context, chart.title, right - 8), 4, 2)
  }

  private drawCurve(
    context: CanvasRenderingContext2D,
    curve: Curve,
    color: string,
    x: (frame: number) => number,
    y: (value: number) => number,
  ): void {
    context.strokeStyle = color
    context.lineWidth = 1.5
    context.lineJoin = "round"
    context.beginPath()
    let open = false
    curve.values.forEach((value, index) => {
      if (value === null) {
        open = false
        return
      }
      const at = [x(index * this.toTimeline), y(value)] as const
      if (open) context.lineTo(...at)
      else context.moveTo(...at)
      open = true
    })
    context.stroke()
    context.lineWidth = 1
  }
}
