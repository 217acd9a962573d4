import { app } from "../../../scripts/app.js";
// src/comfyui/pointer.ts
/** Pointers over widgets, which the page scales with its canvas. */
/** Where an event is in an element, in the element's own CSS pixels at any zoom of the canvas. */
function pixelOf(element, event) {
	const box = element.getBoundingClientRect();
	return [(event.clientX - box.left) * element.clientWidth / Math.max(box.width, 1e-6) - element.clientLeft, (event.clientY - box.top) * element.clientHeight / Math.max(box.height, 1e-6) - element.clientTop];
}
/**
* Take the wheel over an element while its widget has the keyboard; otherwise the wheel moves ComfyUI's canvas. The
* widget's root must have the attribute data-capture-wheel="true", by which Vue nodes know it.
*/
function captureWheel(element, turned) {
	element.addEventListener("wheel", (event) => {
		if (element.closest("[data-capture-wheel]")?.contains(document.activeElement)) {
			event.preventDefault();
			event.stopPropagation();
			turned(event);
		} else if (!event.defaultPrevented) app.canvas.processMouseWheel?.(event);
	}, { passive: false });
}
export { pixelOf as n, captureWheel as t };
