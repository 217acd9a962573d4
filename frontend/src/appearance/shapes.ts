/** Small signs on canvases, in the colours that the context has. */

type Place = readonly [x: number, y: number]

export function dot(context: CanvasRenderingContext2D, [x, y]: Place, radius: number): void {
  context.beginPath()
  context.arc(x, y, radius, 0, 2 * Math.PI)
  context.fill()
}

export function triangle(context: CanvasRenderingContext2D, [x, y]: Place, size: number): void {
  context.beginPath()
  context.moveTo(x, y - size)
  context.lineTo(x + size, y + size * 0.8)
  context.lineTo(x - size, y + size * 0.8)
  context.closePath()
  context.fill()
}

export function cross(context: CanvasRenderingContext2D, [x, y]: Place, size: number, color: string): void {
  context.strokeStyle = color
  context.lineWidth = 2.2
  context.beginPath()
  context.moveTo(x - size, y - size)
  context.lineTo(x + size, y + size)
  context.moveTo(x + size, y - size)
  context.lineTo(x - size, y + size)
  context.stroke()
}

/** The outline of a diamond, to be filled or stroked. */
export function diamond(context: CanvasRenderingContext2D, [x, y]: Place, size: number): void {
  context.beginPath()
  context.moveTo(x, y - size)
  context.lineTo(x + size, y)
  context.lineTo(x, y + size)
  context.lineTo(x - size, y)
  context.closePath()
}
