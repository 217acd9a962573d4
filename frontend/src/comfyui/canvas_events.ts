import { app } from "comfyui"

/**
 * Let wheel and middle button over a DOM widget move the canvas, as they do over the page's own widgets. Its Vue nodes
 * do so by themselves.
 */
export function forwardCanvasEvents(element: HTMLElement): void {
  element.addEventListener("wheel", (event) => {
    if (drawsVueNodes()) return
    event.preventDefault()
    app.canvas.processMouseWheel?.(event)
  })
  const middle = (event: PointerEvent) => !drawsVueNodes() && (event.button === 1 || (event.buttons & 4) !== 0)
  element.addEventListener("pointerdown", (event) => middle(event) && app.canvas.processMouseDown?.(event))
  element.addEventListener("pointermove", (event) => middle(event) && app.canvas.processMouseMove?.(event))
  element.addEventListener("pointerup", (event) => middle(event) && app.canvas.processMouseUp?.(event))
}

function drawsVueNodes(): boolean {
  return (window as { LiteGraph?: { vueNodesMode?: boolean } }).LiteGraph?.vueNodesMode === true
}
