/** Pointers over widgets, which the page scales with its canvas. */

import { app } from "comfyui"

/** Where an event is in an element, in the element's own CSS pixels at any zoom of the canvas. */
export function pixelOf(element: HTMLElement, event: MouseEvent): [number, number] {
  const box = element.getBoundingClientRect()
  return [
    ((event.clientX - box.left) * element.clientWidth) / Math.max(box.width, 1e-6) - element.clientLeft,
    ((event.clientY - box.top) * element.clientHeight) / Math.max(box.height, 1e-6) - element.clientTop,
  ]
}

/**
 * Take the wheel over an element while its widget has the keyboard; otherwise the wheel moves ComfyUI's canvas. The
 * widget's root must have the attribute data-capture-wheel="true", by which Vue nodes know it.
 */
export function captureWheel(element: HTMLElement, turned: (event: WheelEvent) => void): void {
  element.addEventListener(
    "wheel",
    (event) => {
      const widget = element.closest("[data-capture-wheel]")
      if (widget?.contains(document.activeElement)) {
        event.preventDefault()
        event.stopPropagation()
        turned(event)
      } else if (!event.defaultPrevented) app.canvas.processMouseWheel?.(event)
    },
    { passive: false },
  )
}
