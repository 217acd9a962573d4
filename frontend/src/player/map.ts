import { element, fitCanvas } from "../appearance/elements"
import { agentColor } from "../appearance/palette"
import { roundStep } from "../appearance/scales"
import { currentTheme, type Theme, translucent } from "../appearance/theme"
import type { GroundPlan, MapAgent } from "./description"

/** Pixels around the ground for its scale. */
const MARGIN = { left: 30, right: 8, top: 8, bottom: 20 }
/** An agent that moves less in metres has no path to draw. */
const STANDING_STILL = 0.05
const WEDGE_STEPS = 24
/** Lines of the grid along the longer side, at most. */
const MOST_LINES = 8

type Point = readonly [number, number]

/** Pixels of points (x, z) in metres: x to the right, z upwards, one scale for both. */
export class MapScale {
  readonly scale: number
  private readonly middle: Point
  private readonly centre: Point

  constructor(
    plan: Pick<GroundPlan, "low" | "high">,
    readonly size: Point,
  ) {
    const { low, high } = plan
    const inner = [size[0] - MARGIN.left - MARGIN.right, size[1] - MARGIN.top - MARGIN.bottom] as const
    this.scale = Math.max(0.001, Math.min(inner[0] / (high[0] - low[0]), inner[1] / (high[1] - low[1])))
    this.middle = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2]
    this.centre = [MARGIN.left + inner[0] / 2, MARGIN.top + inner[1] / 2]
  }

  at(x: number, z: number): [number, number] {
    return [this.centre[0] + (x - this.middle[0]) * this.scale, this.centre[1] - (z - this.middle[1]) * this.scale]
  }

  /** Ends of what is visible along x (0) or z (1), in metres. */
  range(axis: 0 | 1): [number, number] {
    const pixels = axis === 0 ? this.size[0] - MARGIN.left - MARGIN.right : this.size[1] - MARGIN.top - MARGIN.bottom
    return [this.middle[axis] - pixels / 2 / this.scale, this.middle[axis] + pixels / 2 / this.scale]
  }
}

/** Corners (x, z) of an agent's body at a frame, in order around it. */
export function bodyCorners(agent: MapAgent, frame: number): [number, number][] {
  const [x, z, bearing] = agent.track[frame]!
  const [width, length, right, ahead] = agent.body
  const [sin, cos] = [Math.sin(bearing), Math.cos(bearing)]
  const signs = [
    [-1, -1],
    [1, -1],
    [1, 1],
    [-1, 1],
  ] as const
  return signs.map(([side, end]) => {
    const [across, along] = [right + (side * width) / 2, ahead + (end * length) / 2]
    return [x + across * cos + along * sin, z - across * sin + along * cos]
  })
}

/** The map beside the videos: paths, bodies and fields of view at the playhead. */
export class PlayerMap {
  readonly canvas = element("canvas", "player-map")

  constructor(private readonly plan: GroundPlan) {}

  /**
   * @param time of the playhead in seconds.
   * @param marked agent and view that is looked at, if any.
   */
  draw(time: number, marked: { agent: number; view: number } | null): void {
    if (!this.canvas.clientWidth) return
    const { context, size } = fitCanvas(this.canvas)
    const scale = new MapScale(this.plan, size)
    const frame = Math.floor(time * this.plan.frame_rate + 1e-6)
    const theme = currentTheme()
    this.drawGrid(context, scale, theme)
    const agents = this.plan.agents.map((agent, index) => ({
      agent,
      index,
      color: agentColor(index, theme.dark),
      frame: Math.min(frame, agent.track.length - 1),
    }))
    context.save()
    context.beginPath()
    context.rect(MARGIN.left, MARGIN.top, size[0] - MARGIN.left - MARGIN.right, size[1] - MARGIN.top - MARGIN.bottom)
    context.clip()
    for (const { agent, index, color, frame } of agents)
      this.drawViews(context, scale, agent, frame, color, marked?.agent === index ? marked.view : null)
    for (const { agent, color, frame } of agents) drawPath(context, scale, agent, frame, color)
    for (const { agent, color, frame } of agents) drawBody(context, scale, agent, frame, color, theme)
    context.restore()
    for (const { agent, color, frame } of agents) drawName(context, scale, agent, frame, color, theme)
  }

  private drawGrid(context: CanvasRenderingContext2D, scale: MapScale, theme: Theme): void {
    const [width, height] = scale.size
    const bottom = height - MARGIN.bottom
    context.fillStyle = theme.ground
    context.fillRect(0, 0, width, height)
    context.strokeStyle = theme.strongGrid
    context.fillStyle = theme.faintInk
    context.font = "10px sans-serif"
    context.lineWidth = 1
    const [x, z] = [scale.range(0), scale.range(1)]
    const spacing = roundStep(Math.max(x[1] - x[0], z[1] - z[0]) / MOST_LINES)
    context.textAlign = "center"
    context.textBaseline = "top"
    for (let value = Math.ceil(x[0] / spacing) * spacing; value <= x[1]; value += spacing) {
      const across = Math.round(scale.at(value, 0)[0]) + 0.5
      line(context, [
        [across, MARGIN.top],
        [across, bottom],
      ])
      context.fillText(metres(value), across, bottom + 4)
    }
    context.textAlign = "right"
    context.textBaseline = "middle"
    for (let value = Math.ceil(z[0] / spacing) * spacing; value <= z[1]; value += spacing) {
      const down = Math.round(scale.at(0, value)[1]) + 0.5
      line(context, [
        [MARGIN.left, down],
        [width - MARGIN.right, down],
      ])
      context.fillText(metres(value), MARGIN.left - 4, down)
    }
    context.textAlign = "right"
    context.textBaseline = "bottom"
    context.fillText("m", width - MARGIN.right - 3, bottom - 2)
  }

  private drawViews(
    context: CanvasRenderingContext2D,
    scale: MapScale,
    agent: MapAgent,
    frame: number,
    color: string,
    marked: number | null,
  ): void {
    agent.views.forEach(({ wedges }, view) => {
      const wedge = wedges[frame]
      if (!wedge) return
      const [x, z, left, right] = wedge
      const points: Point[] = [scale.at(x, z)]
      for (let step = 0; step <= WEDGE_STEPS; step++) {
        const bearing = left + ((right - left) * step) / WEDGE_STEPS
        points.push(scale.at(x + this.plan.reach * Math.sin(bearing), z + this.plan.reach * Math.cos(bearing)))
      }
      const strong = marked === null ? view === 0 : view === marked
      context.fillStyle = translucent(color, strong ? 0.38 : 0.11)
      context.strokeStyle = translucent(color, strong ? 0.75 : 0.38)
      context.lineWidth = 1
      line(context, points, true)
    })
  }
}

function metres(value: number): string {
  return String(Number(value.toPrecision(6)))
}

function line(context: CanvasRenderingContext2D, points: readonly Point[], filled = false): void {
  context.beginPath()
  points.forEach(([x, y], index) => {
    if (index) context.lineTo(x, y)
    else context.moveTo(x, y)
  })
  if (filled) {
    context.closePath()
    context.fill()
  }
  context.stroke()
}

function drawPath(
  context: CanvasRenderingContext2D,
  scale: MapScale,
  agent: MapAgent,
  frame: number,
  color: string,
): void {
  const [first] = agent.track
  if (!agent.track.some(([x, z]) => Math.hypot(x - first![0], z - first![1]) > STANDING_STILL)) return
  const points = agent.track.map(([x, z]) => scale.at(x, z))
  context.strokeStyle = color
  context.lineJoin = context.lineCap = "round"
  context.lineWidth = 1
  line(context, points)
  context.lineWidth = 3
  line(context, points.slice(0, frame + 1))
}

function drawBody(
  context: CanvasRenderingContext2D,
  scale: MapScale,
  agent: MapAgent,
  frame: number,
  color: string,
  theme: Theme,
): void {
  const corners = bodyCorners(agent, frame)
  context.fillStyle = color
  context.strokeStyle = theme.ground
  context.lineWidth = 1
  line(
    context,
    corners.map(([x, z]) => scale.at(x, z)),
    true,
  )
  const [x, z, bearing] = agent.track[frame]!
  const reach = Math.max(agent.body[1] / 2, 7 / scale.scale)
  const tip = (angle: number, distance: number) =>
    scale.at(x + distance * Math.sin(bearing + angle), z + distance * Math.cos(bearing + angle))
  context.fillStyle = theme.ground
  line(context, [tip(0, 0.8 * reach), tip(2.5, 0.45 * reach), tip(-2.5, 0.45 * reach)], true)
}

function drawName(
  context: CanvasRenderingContext2D,
  scale: MapScale,
  agent: MapAgent,
  frame: number,
  color: string,
  theme: Theme,
): void {
  const [x, z] = agent.track[frame]!
  const [left, top] = scale.at(x, z)
  context.font = "11px sans-serif"
  context.textAlign = "left"
  context.textBaseline = "middle"
  const width = context.measureText(agent.name).width
  const [width_, height] = scale.size
  const at = [
    Math.min(Math.max(left + 10, MARGIN.left), width_ - MARGIN.right - width - 8),
    Math.min(Math.max(top - 14, 10), height - MARGIN.bottom - 10),
  ] as const
  context.fillStyle = translucent(theme.ground, 0.9)
  context.strokeStyle = color
  context.lineWidth = 1
  context.beginPath()
  context.roundRect(at[0] - 4, at[1] - 8, width + 8, 16, 4)
  context.fill()
  context.stroke()
  context.fillStyle = theme.ink
  context.fillText(agent.name, at[0], at[1] + 0.5)
}
