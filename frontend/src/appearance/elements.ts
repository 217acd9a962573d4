/** An element with classes, properties and children; classes get the pack's prefix. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  classes: string,
  properties: Partial<HTMLElementTagNameMap[Tag]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag)
  made.className = classes
    .split(" ")
    .filter(Boolean)
    .map((name) => `shared-world-${name}`)
    .join(" ")
  Object.assign(made, properties)
  made.append(...children)
  return made
}

/** Say what a button does that shows no words. */
export function nameButton(button: HTMLElement, name: string): void {
  button.title = name
  button.setAttribute("aria-label", name)
}

/** A button with a drawn sign, an SVG path in a square of 16 units, whose name says what it does. */
export function iconButton(classes: string, path: string, name: string, onPress: () => void): HTMLButtonElement {
  const made = element("button", classes, { type: "button", onclick: onPress })
  const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg")
  picture.setAttribute("viewBox", "0 0 16 16")
  picture.setAttribute("aria-hidden", "true")
  picture.append(document.createElementNS("http://www.w3.org/2000/svg", "path"))
  made.append(picture)
  setSign(made, path)
  nameButton(made, name)
  return made
}

/** Draw another sign on an `iconButton`. */
export function setSign(button: HTMLElement, path: string): void {
  button.querySelector("path")?.setAttribute("d", path)
}

/** Add a style sheet to the page, once. */
export function addStyle(name: string, css: string): void {
  const id = `shared-world-${name}-style`
  if (!document.getElementById(id))
    document.head.append(Object.assign(document.createElement("style"), { id, textContent: css }))
}

/** A canvas that fills its parent, sharp on every screen; `draw` gets its size in CSS pixels. */
export function fitCanvas(canvas: HTMLCanvasElement): { context: CanvasRenderingContext2D; size: [number, number] } {
  const ratio = window.devicePixelRatio || 1
  const size: [number, number] = [canvas.clientWidth, canvas.clientHeight]
  const [width, height] = size.map((side) => Math.max(1, Math.round(side * ratio))) as [number, number]
  if (canvas.width !== width) canvas.width = width
  if (canvas.height !== height) canvas.height = height
  const context = canvas.getContext("2d")!
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  context.clearRect(0, 0, ...size)
  return { context, size }
}
