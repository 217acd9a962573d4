import { app } from "../../../scripts/app.js";
// src/comfyui/canvas_events.ts
/**
* Let wheel and middle button over a DOM widget move the canvas, as they do over the page's own widgets. Its Vue nodes
* do so by themselves.
*/
function forwardCanvasEvents(element) {
	element.addEventListener("wheel", (event) => {
		if (drawsVueNodes()) return;
		event.preventDefault();
		app.canvas.processMouseWheel?.(event);
	});
	const middle = (event) => !drawsVueNodes() && (event.button === 1 || (event.buttons & 4) !== 0);
	element.addEventListener("pointerdown", (event) => middle(event) && app.canvas.processMouseDown?.(event));
	element.addEventListener("pointermove", (event) => middle(event) && app.canvas.processMouseMove?.(event));
	element.addEventListener("pointerup", (event) => middle(event) && app.canvas.processMouseUp?.(event));
}
function drawsVueNodes() {
	return window.LiteGraph?.vueNodesMode === true;
}
export { forwardCanvasEvents as t };
