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
/** A button with a drawn sign, an SVG path in a square of 16 units, whose name says what it does. */
function iconButton(classes, path, name, onPress) {
	const made = element("button", classes, {
		type: "button",
		onclick: onPress
	});
	const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
	picture.setAttribute("viewBox", "0 0 16 16");
	picture.setAttribute("aria-hidden", "true");
	picture.append(document.createElementNS("http://www.w3.org/2000/svg", "path"));
	made.append(picture);
	setSign(made, path);
	nameButton(made, name);
	return made;
}
/** Draw another sign on an `iconButton`. */
function setSign(button, path) {
	button.querySelector("path")?.setAttribute("d", path);
}
/** Add a style sheet to the page, once. */
function addStyle(name, css) {
	const id = `shared-world-${name}-style`;
	if (!document.getElementById(id)) document.head.append(Object.assign(document.createElement("style"), {
		id,
		textContent: css
	}));
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
// src/comfyui/chain.ts
/** Run something after what an object does already. */
function chain(owner, name, then) {
	const before = owner[name];
	owner[name] = function(...values) {
		const result = before?.apply(this, values);
		then(values[0]);
		return result;
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
// src/comfyui/language.ts
/** Whether the page is in Chinese; it loads anew when its language changes. */
function isChinese() {
	return String(app.extensionManager?.setting.get("Comfy.Locale") ?? "en").startsWith("zh");
}
// src/appearance/theme_changes.ts
/** Changes of the page between light and dark. */
/** Held weakly: the page makes widgets, such as those of a node that is copied, which it never says goodbye to. */
var listeners = /* @__PURE__ */ new Set();
/**
* Call something whenever the page's theme changes, for as long as somebody else holds it.
*
* @returns what to call when it is needed no more.
*/
function onThemeChange(listener) {
	observer ??= observe();
	const reference = new WeakRef(listener);
	listeners.add(reference);
	return () => listeners.delete(reference);
}
var observer;
function observe() {
	const made = new MutationObserver(() => {
		for (const reference of listeners) {
			const listener = reference.deref();
			if (listener) listener();
			else listeners.delete(reference);
		}
	});
	for (const place of [document.documentElement, document.body]) made.observe(place, {
		attributes: true,
		attributeFilter: ["class"]
	});
	return made;
}
// src/appearance/words.ts
/** Words with their gaps, {0}, {1}, ..., filled. */
function filled(words, gaps) {
	return words.replace(/\{(\d)\}/g, (_, gap) => String(gaps[Number(gap)] ?? ""));
}
/** Words that fit into a width in pixels of a canvas, with dots for what had to go. */
function shortened(context, words, width) {
	if (context.measureText(words).width <= width) return words;
	let length = words.length;
	while (length > 0 && context.measureText(`${words.slice(0, length)}…`).width > width) length--;
	return length > 0 ? `${words.slice(0, length).trimEnd()}…` : "";
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
	overlap: "#debe00",
	overlapOpacity: .15,
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
	overlap: "#f0e442",
	overlapOpacity: .12,
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
export { setSign as _, filled as a, isChinese as c, chain as d, addStyle as f, nameButton as g, iconButton as h, isDark as i, inheritPlace as l, fitCanvas as m, translucent as n, shortened as o, element as p, agentColor as r, onThemeChange as s, currentTheme as t, noteChange as u };
