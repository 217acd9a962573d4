import { app } from "../../../scripts/app.js";
// src/appearance/elements.ts
/** An element with classes, properties and children; classes get the pack's prefix. */
function element(tag, classes, properties = {}, ...children) {
	const made = document.createElement(tag);
	made.className = classes.split(" ").filter(Boolean).map((name) => `shared-world-${name}`).join(" ");
	Object.assign(made, properties);
	made.append(...children);
	return made;
}
/** Say what a button does that shows no words. */
function nameButton(button, name) {
	button.title = name;
	button.setAttribute("aria-label", name);
}
/** A canvas that fills its parent, sharp on every screen; `draw` gets its size in CSS pixels. */
function fitCanvas(canvas) {
	const ratio = window.devicePixelRatio || 1;
	const size = [canvas.clientWidth, canvas.clientHeight];
	const [width, height] = size.map((side) => Math.max(1, Math.round(side * ratio)));
	if (canvas.width !== width) canvas.width = width;
	if (canvas.height !== height) canvas.height = height;
	const context = canvas.getContext("2d");
	context.setTransform(ratio, 0, 0, ratio, 0, 0);
	context.clearRect(0, 0, ...size);
	return {
		context,
		size
	};
}
// src/comfyui/changes.ts
/** Have the page notice that the graph changed by something else than a key or the mouse, so that a reload keeps it. */
function noteChange() {
	const tracker = app.extensionManager?.workflow?.activeWorkflow?.changeTracker;
	if (tracker?.captureCanvasState) tracker.captureCanvasState();
	else tracker?.checkState?.();
}
// src/comfyui/element_place.ts
/** Milliseconds after a node was made when its element may have found its place, or not. */
var SETTLING = [
	0,
	50,
	200,
	800,
	2e3
];
/**
* Have the element of a DOM widget shown where the one before it was. Where a graph is opened, or a step undone, whose
* node has the same id, Vue nodes keep the element of the node that is gone.
*
* @returns what to call when the node is removed.
*/
function inheritPlace(node, root) {
	const takePlace = () => {
		if (root.isConnected || root.dataset.gone !== void 0) return;
		for (const gone of document.querySelectorAll(`.${root.classList[0]}[data-gone]`)) if (gone.dataset.gone === String(node.id)) {
			gone.replaceWith(root);
			return;
		}
	};
	for (const delay of SETTLING) window.setTimeout(takePlace, delay);
	return () => {
		root.dataset.gone = String(node.id);
	};
}
// src/appearance/palette.ts
/**
* The one palette. Agents take the colours of Okabe and Ito, distinct for colour-blind readers, in the order of
* `PALETTE` in world/palette.py, so that pictures made by Python and by the page agree.
*/
var AGENT_COLORS = [
	"#0072b2",
	"#d55e00",
	"#009e73",
	"#cc79a7",
	"#e69f00",
	"#56b4e9",
	"#5a5a5a"
];
/**
* The same hues for dark backgrounds: each has a contrast of at least 4.2 to the page's dark grey, and any two are
* farther apart than in the first set, for readers with each kind of colour blindness too.
*/
var AGENT_COLORS_DARK = [
	"#607ed4",
	"#fc752a",
	"#22b67b",
	"#c396cf",
	"#e4c43c",
	"#9fd3fa",
	"#f4f4f4"
];
/** Agents beyond the palette begin again at its first colour. */
function agentColor(index, dark = false) {
	const colors = dark ? AGENT_COLORS_DARK : AGENT_COLORS;
	return colors[index % colors.length];
}
/** Whether the page has one of ComfyUI's dark themes. */
function isDark() {
	return document.querySelector(".dark-theme") !== null;
}
// src/appearance/theme.ts
/** Colours of everything that is no agent, for light and dark pages; marks differ in shape too, never in hue alone. */
var LIGHT = {
	dark: false,
	ground: "#fbfbf9",
	grid: "#e9e9e4",
	strongGrid: "#d3d3cc",
	ink: "#24242a",
	faintInk: "#77777f",
	panel: "#f1f1ee",
	sky: "#dfe9f2",
	overlap: "rgba(222, 190, 0, 0.15)",
	overlapCurve: "rgba(205, 172, 0, 0.75)",
	sight: "#3c3c44",
	danger: "#b3124e",
	caution: "#9a6a00",
	selection: "#16161a"
};
var DARK = {
	dark: true,
	ground: "#1b1c20",
	grid: "#26282d",
	strongGrid: "#363941",
	ink: "#eceef2",
	faintInk: "#969ba6",
	panel: "#232429",
	sky: "#2a3542",
	overlap: "rgba(240, 228, 66, 0.12)",
	overlapCurve: "rgba(240, 228, 66, 0.55)",
	sight: "#d9dce3",
	danger: "#ff5d8f",
	caution: "#f2b134",
	selection: "#ffffff"
};
function currentTheme() {
	return isDark() ? DARK : LIGHT;
}
/** A colour with an opacity, for canvases; `color` is #rrggbb. */
function translucent(color, opacity) {
	return `rgba(${[
		1,
		3,
		5
	].map((start) => Number.parseInt(color.slice(start, start + 2), 16)).join(", ")}, ${opacity})`;
}
export { inheritPlace as a, fitCanvas as c, isDark as i, nameButton as l, translucent as n, noteChange as o, agentColor as r, element as s, currentTheme as t };
