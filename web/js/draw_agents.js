import { _ as setSign, a as filled, c as isChinese, d as chain, f as addStyle, g as nameButton, h as iconButton, l as inheritPlace, m as fitCanvas, n as translucent, o as shortened, p as element, r as agentColor, s as onThemeChange, t as currentTheme, u as noteChange } from "./theme-C5WO8PnV.mjs";
import { n as fileUrl, r as isFileEntry, t as roundStep } from "./scales-BW_efqSK.mjs";
import { n as pixelOf, t as captureWheel } from "./pointer-BxSuUQFU.mjs";
import { app } from "../../../scripts/app.js";
// src/world/poses.ts
var DEGREE$1 = Math.PI / 180;
/** An agent that stands upright at a position, turned by a yaw in degrees: 0 looks along z, +90 along x. */
function uprightPose(position, yaw) {
	const cosine = Math.cos(yaw * DEGREE$1);
	const sine = Math.sin(yaw * DEGREE$1);
	return [
		cosine,
		0,
		sine,
		position[0],
		0,
		1,
		0,
		position[1],
		-sine,
		0,
		cosine,
		position[2]
	];
}
/** The pose `inner`, given in the frame of `outer`, in the frame that `outer` is given in. */
function multiply(outer, inner) {
	const product = [];
	for (let row = 0; row < 12; row += 4) for (let column = 0; column < 4; column++) {
		const sum = outer[row] * inner[column] + outer[row + 1] * inner[column + 4] + outer[row + 2] * inner[column + 8];
		product.push(column === 3 ? sum + outer[row + 3] : sum);
	}
	return product;
}
/** A point of the pose's own frame in the world. */
function toWorld(pose, [x, y, z]) {
	return [
		pose[0] * x + pose[1] * y + pose[2] * z + pose[3],
		pose[4] * x + pose[5] * y + pose[6] * z + pose[7],
		pose[8] * x + pose[9] * y + pose[10] * z + pose[11]
	];
}
/** A point of the world in the pose's own frame. */
function toLocal(pose, point) {
	const x = point[0] - pose[3];
	const y = point[1] - pose[7];
	const z = point[2] - pose[11];
	return [
		pose[0] * x + pose[4] * y + pose[8] * z,
		pose[1] * x + pose[5] * y + pose[9] * z,
		pose[2] * x + pose[6] * y + pose[10] * z
	];
}
/** Where a pose is. */
function positionOf(pose) {
	return [
		pose[3],
		pose[7],
		pose[11]
	];
}
/** Yaw in degrees of the forward axis over the ground. */
function headingOf(pose) {
	return Math.atan2(pose[2], pose[10]) / DEGREE$1;
}
/** An angle in degrees between -180 and 180. */
function wrapped(degrees) {
	return ((degrees + 180) % 360 + 360) % 360 - 180;
}
// src/world/splines.ts
function evaluate([a, b, c, d], along) {
	return ((a * along + b) * along + c) * along + d;
}
function slope([a, b, c], along) {
	return (3 * a * along + 2 * b) * along + c;
}
/** One cubic per interval of `knots` (at least two), twice continuously differentiable, straight at the ends. */
function naturalCubics(knots, values) {
	const bends = naturalBends(knots, values);
	return knots.slice(1).map((end, index) => {
		const step = end - knots[index];
		const from = bends[index];
		const to = bends[index + 1];
		const rise = (values[index + 1] - values[index]) / step;
		return [
			(to - from) / (6 * step),
			from / 2,
			rise - step * (2 * from + to) / 6,
			values[index]
		];
	});
}
/** Second derivatives at the knots: 0 at both ends, between them from a tridiagonal system (Thomas' algorithm). */
function naturalBends(knots, values) {
	const last = knots.length - 1;
	const above = [0];
	const right = [0];
	for (let index = 1; index < last; index++) {
		const before = knots[index] - knots[index - 1];
		const after = knots[index + 1] - knots[index];
		const change = (values[index + 1] - values[index]) / after - (values[index] - values[index - 1]) / before;
		const pivot = 2 * (before + after) - before * above[index - 1];
		above.push(after / pivot);
		right.push((6 * change - before * right[index - 1]) / pivot);
	}
	const bends = new Array(knots.length).fill(0);
	for (let index = last - 1; index > 0; index--) bends[index] = right[index] - above[index] * bends[index + 1];
	return bends;
}
/** Slopes at the knots of a monotone cubic through values (Fritsch and Butland, 1984); at least two knots. */
function monotoneSlopes(knots, values) {
	const steps = knots.slice(1).map((end, index) => end - knots[index]);
	const rises = steps.map((step, index) => (values[index + 1] - values[index]) / step);
	if (steps.length === 1) return [rises[0], rises[0]];
	const last = steps.length - 1;
	const slopes = [endSlope(steps[0], steps[1], rises[0], rises[1])];
	for (let index = 1; index <= last; index++) {
		const before = rises[index - 1];
		const after = rises[index];
		if (before * after <= 0) {
			slopes.push(0);
			continue;
		}
		const first = 2 * steps[index] + steps[index - 1];
		const second = steps[index] + 2 * steps[index - 1];
		slopes.push((first + second) / (first / before + second / after));
	}
	slopes.push(endSlope(steps[last], steps[last - 1], rises[last], rises[last - 1]));
	return slopes;
}
/** Three-point slope at an end, limited so that the cubic keeps the shape of the values. */
function endSlope(step, next, rise, nextRise) {
	const wanted = ((2 * step + next) * rise - step * nextRise) / (step + next);
	if (Math.sign(wanted) !== Math.sign(rise)) return 0;
	if (Math.sign(rise) !== Math.sign(nextRise) && Math.abs(wanted) > 3 * Math.abs(rise)) return 3 * rise;
	return wanted;
}
/** Index of the interval of `knots` that holds `where`; knots belong to the interval after them. */
function intervalOf(knots, where) {
	let low = 0;
	let high = knots.length - 2;
	while (low < high) {
		const middle = low + high + 1 >> 1;
		if (knots[middle] <= where) low = middle;
		else high = middle - 1;
	}
	return low;
}
/** Value at `where` of the cubic that has the given values and slopes at the knots. */
function hermite(knots, values, slopes, where) {
	const index = intervalOf(knots, where);
	const step = knots[index + 1] - knots[index];
	const share = (where - knots[index]) / step;
	const left = 1 - share;
	return values[index] * (1 + 2 * share) * left * left + values[index + 1] * (3 - 2 * share) * share * share + step * share * left * (slopes[index] * left - slopes[index + 1] * share);
}
// src/world/paths.ts
/**
* Paths through waypoints: the same curves, speeds and headings as `path_from_waypoints` in world/paths.py. The fixtures
* in tests/fixtures/drawings.json hold both to it.
*/
var EASINGS = [
	"constant",
	"ease_in",
	"ease_out",
	"ease_in_out"
];
/** Waypoints closer than this many metres are the same place. */
var STANDING = 1e-6;
var DEGREE = Math.PI / 180;
/** The path through waypoints in order of time, at least one. */
function pathThrough(waypoints, easing) {
	const first = waypoints[0];
	if (waypoints.length === 1) {
		const standing = uprightPose(first.position, first.yaw ?? 0);
		return { poseAt: () => standing };
	}
	const times = waypoints.map((waypoint) => waypoint.time);
	const curve = new Curve(waypoints);
	const slopes = travelSlopes(waypoints, times, curve, easing);
	const headings = new Headings(waypoints, times, curve);
	const length = curve.distances.at(-1);
	return { poseAt(time) {
		const clamped = Math.min(Math.max(time, times[0]), times.at(-1));
		const segment = intervalOf(times, clamped);
		const travelled = Math.min(Math.max(hermite(times, curve.distances, slopes, clamped), 0), length);
		return uprightPose(curve.position(segment, travelled), headings.at(segment, clamped, travelled));
	} };
}
/** Shape of the way through the waypoints; segment i leads from waypoint i to i + 1. */
var Curve = class {
	/** Summed straight-line distance from the first waypoint. */
	distances;
	#segments;
	constructor(waypoints) {
		const chords = waypoints.slice(1).map((waypoint, index) => {
			const before = waypoints[index].position;
			const length = Math.hypot(...waypoint.position.map((value, axis) => value - before[axis]));
			return length < STANDING ? 0 : length;
		});
		this.distances = [0];
		for (const chord of chords) this.distances.push(this.distances.at(-1) + chord);
		const moving = chords.flatMap((chord, index) => chord > 0 ? [index] : []);
		this.#segments = moving.length > 0 ? this.#moving(waypoints, moving) : this.#still(waypoints);
	}
	#still(waypoints) {
		return waypoints.slice(1).map(({ position }, index) => {
			const cubics = position.map((value) => [
				0,
				0,
				0,
				value
			]);
			return {
				origin: this.distances[index],
				cubics
			};
		});
	}
	/** Every segment, standing or not, takes the last moving segment up to it, or the first one if there is none. */
	#moving(waypoints, moving) {
		const known = /* @__PURE__ */ new Map();
		for (const piece of splitAtTurns(moving, waypoints)) {
			const ends = [...piece, piece.at(-1) + 1];
			const knots = ends.map((end) => this.distances[end]);
			const [x, y, z] = [
				0,
				1,
				2
			].map((axis) => naturalCubics(knots, ends.map((end) => waypoints[end].position[axis])));
			piece.forEach((segment, index) => {
				known.set(segment, [
					x[index],
					y[index],
					z[index]
				]);
			});
		}
		let used = moving[0];
		return waypoints.slice(1).map((_, index) => {
			if (known.has(index)) used = index;
			return {
				origin: this.distances[used],
				cubics: known.get(used)
			};
		});
	}
	position(segment, travelled) {
		const { origin, cubics } = this.#segments[segment];
		const [x, y, z] = cubics;
		const along = travelled - origin;
		return [
			evaluate(x, along),
			evaluate(y, along),
			evaluate(z, along)
		];
	}
	/** Derivative of the position by the distance; of about unit length, 0 where the agent never moves. */
	tangent(segment, travelled) {
		const { origin, cubics } = this.#segments[segment];
		const [x, y, z] = cubics;
		const along = travelled - origin;
		return [
			slope(x, along),
			slope(y, along),
			slope(z, along)
		];
	}
	/** Degrees of the tangent over the ground; NaN where it is vertical or the agent never moves. */
	heading(segment, travelled) {
		const [x, , z] = this.tangent(segment, travelled);
		return Math.hypot(x, z) > STANDING ? Math.atan2(x, z) / DEGREE : NaN;
	}
};
/** Moving segments in groups that share one smooth spline: cut where the agent stands and a yaw is given. */
function splitAtTurns(moving, waypoints) {
	const pieces = [[]];
	moving.forEach((segment, index) => {
		const before = moving[index - 1];
		const standing = before === void 0 ? [] : waypoints.slice(before + 1, segment + 1);
		if (standing.length > 1 && standing.some((waypoint) => waypoint.yaw !== null)) pieces.push([]);
		pieces.at(-1).push(segment);
	});
	return pieces;
}
/** Speed along the curve at every waypoint: never backwards, as given, and at rest at the eased ends. */
function travelSlopes(waypoints, times, curve, easing) {
	const slopes = monotoneSlopes(times, curve.distances);
	const means = times.slice(1).map((time, index) => {
		return (curve.distances[index + 1] - curve.distances[index]) / (time - times[index]);
	});
	waypoints.forEach((waypoint, index) => {
		if (waypoint.speed === null) return;
		const segment = Math.min(index, waypoints.length - 2);
		const stretch = Math.max(Math.hypot(...curve.tangent(segment, curve.distances[index])), STANDING);
		const slower = Math.min(means[index - 1] ?? Infinity, means[index] ?? Infinity);
		slopes[index] = Math.min(waypoint.speed / stretch, 3 * slower);
	});
	if (easing === "ease_in" || easing === "ease_in_out") slopes[0] = 0;
	if (easing === "ease_out" || easing === "ease_in_out") slopes[slopes.length - 1] = 0;
	return slopes;
}
/** Headings in degrees: the tangent's, and the given yaws where there are some. */
var Headings = class {
	waypoints;
	times;
	curve;
	#ends;
	#givenTimes;
	#givenYaws;
	#givenSlopes;
	constructor(waypoints, times, curve) {
		this.waypoints = waypoints;
		this.times = times;
		this.curve = curve;
		const filled = keepLast(waypoints.slice(1).flatMap((_, index) => [curve.heading(index, curve.distances[index]), curve.heading(index, curve.distances[index + 1])]));
		this.#ends = waypoints.slice(1).map((_, index) => [filled[2 * index], filled[2 * index + 1]]);
		const given = waypoints.filter((waypoint) => waypoint.yaw !== null);
		this.#givenTimes = given.map((waypoint) => waypoint.time);
		this.#givenYaws = unwrapped(given.map((waypoint) => waypoint.yaw));
		this.#givenSlopes = given.length > 1 ? monotoneSlopes(this.#givenTimes, this.#givenYaws) : [];
	}
	at(segment, time, travelled) {
		const from = this.waypoints[segment].yaw;
		const to = this.waypoints[segment + 1].yaw;
		if (from !== null && to !== null) return hermite(this.#givenTimes, this.#givenYaws, this.#givenSlopes, time);
		const [start, end] = this.#ends[segment];
		const tangent = this.curve.heading(segment, travelled);
		const along = Number.isNaN(tangent) ? start : tangent;
		const progress = (time - this.times[segment]) / (this.times[segment + 1] - this.times[segment]);
		const blend = progress * progress * (3 - 2 * progress);
		const awayAtStart = from === null ? 0 : wrapped(from - start);
		const awayAtEnd = to === null ? 0 : wrapped(to - end);
		return along + awayAtStart * (1 - blend) + awayAtEnd * blend;
	}
};
/** NaN filled with the value before it, at the beginning with the first value after it, or with 0 if all are NaN. */
function keepLast(headings) {
	let last = headings.find((heading) => !Number.isNaN(heading)) ?? 0;
	return headings.map((heading) => {
		if (!Number.isNaN(heading)) last = heading;
		return last;
	});
}
/** Angles in degrees with multiples of 360 added so that each is within 180 of the one before, as numpy.unwrap. */
function unwrapped(angles) {
	const result = [];
	for (const angle of angles) {
		const before = result.at(-1);
		if (before === void 0) {
			result.push(angle);
			continue;
		}
		const change = angle - angles[result.length - 1];
		const turn = wrapped(change);
		result.push(before + (turn === -180 && change > 0 ? 180 : turn));
	}
	return result;
}
// src/world/drawing.ts
var DEFAULT_LIMITS = {
	slowest: 0,
	fastest: 15,
	step: 2,
	turn: 20
};
var EMPTY_DRAWING = {
	agents: [],
	limits: DEFAULT_LIMITS
};
/** The path of an agent on a clock that begins at 0 s; until its first waypoint it stands there. */
function pathOf(agent) {
	const first = agent.waypoints[0];
	return pathThrough(first.time > 0 ? [{
		...first,
		time: 0,
		speed: null
	}, ...agent.waypoints] : agent.waypoints, agent.easing);
}
// src/world/drawing_text.ts
var FORMAT = "shared_world_drawing";
var VERSION = 1;
/** A text is not a drawing; the message says where and why. */
var NotADrawing = class extends Error {};
/** The drawing of a text; an empty text is an empty drawing. Raises NotADrawing. */
function readDrawing(text) {
	if (text.trim() === "") return EMPTY_DRAWING;
	const document = new Value(parsed(text), "");
	const format = document.key("format");
	if (format.value !== FORMAT) throw format.wrong(`"${FORMAT}"`);
	const version = document.key("version").number();
	if (version > VERSION) throw new NotADrawing(`The drawing is of version ${version}, this pack reads up to ${VERSION}: update the pack.`);
	const agents = document.key("agents").items().map(readAgent);
	const names = agents.map((agent) => agent.name);
	const twice = names.find((name, index) => names.indexOf(name) !== index);
	if (twice !== void 0) throw new NotADrawing(`Two agents are called "${twice}".`);
	return {
		agents,
		limits: readLimits(document.optional("limits"))
	};
}
/** The text of a drawing; an empty one with no agent and usual limits is the empty text. */
function drawingText(drawing) {
	if (drawing.agents.length === 0 && JSON.stringify(drawing.limits) === JSON.stringify(DEFAULT_LIMITS)) return "";
	const agents = drawing.agents.map((agent) => ({
		...agent,
		rig: agent.rig && rigDocument(agent.rig)
	}));
	return JSON.stringify({
		format: FORMAT,
		version: VERSION,
		limits: drawing.limits,
		agents
	});
}
function parsed(text) {
	try {
		return JSON.parse(text);
	} catch (error) {
		throw new NotADrawing(`This is not JSON: ${error.message}`);
	}
}
function readAgent(item) {
	const name = item.key("name").text();
	const agent = item.called(`agent "${name}"`);
	const waypoints = agent.key("waypoints").items().map(readWaypoint);
	if (waypoints.length === 0) throw new NotADrawing(`agent "${name}" has no waypoint.`);
	waypoints.forEach((waypoint, index) => {
		const before = waypoints[index - 1]?.time ?? Number.NEGATIVE_INFINITY;
		if (waypoint.time < 0 || waypoint.time <= before) throw new NotADrawing(`agent "${name}", waypoint ${index + 1}: its time must be after the one before, from 0 s.`);
	});
	const easing = agent.optional("easing")?.text() ?? "constant";
	if (!EASINGS.includes(easing)) throw agent.key("easing").wrong(`one of ${EASINGS.join(", ")}`);
	const body = agent.optional("body");
	const rig = agent.optional("rig");
	return {
		name,
		waypoints,
		body: body && readBody(body),
		rig: rig && readRig(rig),
		easing
	};
}
function readWaypoint(item) {
	const [x, y, z] = item.key("position").numbers(3);
	const speed = item.optional("speed");
	if (speed && speed.number() < 0) throw speed.wrong("a number from 0");
	return {
		time: item.key("time").number(),
		position: [
			x,
			y,
			z
		],
		yaw: item.optional("yaw")?.number() ?? null,
		speed: speed?.number() ?? null
	};
}
function readBody(item) {
	const size = item.key("size").numbers(3);
	if (size.some((value) => value <= 0)) throw item.key("size").wrong("three positive numbers");
	return {
		size,
		centre: item.key("centre").numbers(3)
	};
}
function readRig(item) {
	const views = item.key("views").items().map((view) => {
		const rows = view.key("view_to_agent").rows(4, 4);
		const intrinsics = view.key("intrinsics").rows(3, 3).flat();
		return {
			name: view.key("name").text(),
			viewToAgent: rows.slice(0, 3).flat(),
			intrinsics
		};
	});
	if (views.length === 0) throw item.key("views").wrong("at least one view");
	return {
		width: item.key("width").number(),
		height: item.key("height").number(),
		views
	};
}
function rigDocument(rig) {
	const rows = (numbers, width) => Array.from({ length: numbers.length / width }, (_, row) => numbers.slice(row * width, (row + 1) * width));
	const views = rig.views.map((view) => ({
		name: view.name,
		view_to_agent: [...rows(view.viewToAgent, 4), [
			0,
			0,
			0,
			1
		]],
		intrinsics: rows(view.intrinsics, 3)
	}));
	return {
		width: rig.width,
		height: rig.height,
		views
	};
}
function readLimits(item) {
	if (item === null) return DEFAULT_LIMITS;
	const limit = (name) => {
		const value = item.optional(name);
		if (value && value.number() < 0) throw value.wrong("a number from 0");
		return value?.number() ?? DEFAULT_LIMITS[name];
	};
	return {
		slowest: limit("slowest"),
		fastest: limit("fastest"),
		step: limit("step"),
		turn: limit("turn")
	};
}
/** A value of a JSON text with its place, so that every complaint names it. */
var Value = class Value {
	value;
	place;
	constructor(value, place) {
		this.value = value;
		this.place = place;
	}
	called(place) {
		return new Value(this.value, place);
	}
	wrong(expected) {
		const shown = JSON.stringify(this.value);
		return new NotADrawing(`${this.place || "The text"}: expected ${expected}, given ${shown.slice(0, 60)}.`);
	}
	optional(key) {
		if (typeof this.value !== "object" || this.value === null || Array.isArray(this.value)) throw this.wrong("an object of a drawing");
		const value = this.value[key];
		return value === void 0 || value === null ? null : new Value(value, this.place ? `${this.place}, ${key}` : key);
	}
	key(key) {
		const found = this.optional(key);
		if (found === null) throw new NotADrawing(`${this.place || "The text"}: "${key}" is missing; is it a drawing?`);
		return found;
	}
	items() {
		if (!Array.isArray(this.value)) throw this.wrong("a list");
		return this.value.map((item, index) => new Value(item, `${this.place} ${index + 1}`));
	}
	text() {
		if (typeof this.value !== "string" || this.value.trim() === "") throw this.wrong("a name");
		return this.value;
	}
	number() {
		if (typeof this.value !== "number" || !Number.isFinite(this.value)) throw this.wrong("a number");
		return this.value;
	}
	numbers(count) {
		const items = this.items();
		if (items.length !== count) throw this.wrong(`${count} numbers`);
		return items.map((item) => item.number());
	}
	rows(count, width) {
		const items = this.items();
		if (items.length !== count) throw this.wrong(`${count} rows of ${width} numbers`);
		return items.map((item) => item.numbers(width));
	}
};
// src/editor/editor.css?inline
var editor_default = ".shared-world-editor-host {\n  box-sizing: border-box;\n  width: 100%;\n  height: 100%;\n  min-height: 520px;\n  position: relative;\n}\n.shared-world-editor {\n  --editor-bg: var(--comfy-menu-bg, #232429);\n  --editor-field: var(--component-node-widget-background, var(--comfy-input-bg, #1b1c20));\n  --editor-ink: var(--input-text, #eceef2);\n  --editor-faint: var(--descrip-text, #969ba6);\n  --editor-line: var(--border-color, #40434c);\n  --editor-accent: var(--p-primary-color, #56b4e9);\n  position: absolute;\n  inset: 0;\n  display: flex;\n  flex-direction: column;\n  overflow: hidden;\n  container-type: inline-size;\n  border: 1px solid var(--editor-line);\n  border-radius: 8px;\n  background: var(--editor-bg);\n  color: var(--editor-ink);\n  font:\n    12px / 1.35 Inter,\n    system-ui,\n    sans-serif;\n  user-select: none;\n}\n.shared-world-editor *,\n.shared-world-editor-trouble * {\n  box-sizing: border-box;\n}\n.shared-world-editor-host [hidden]:not([hidden=\"until-found\"]),\n.shared-world-editor [hidden]:not([hidden=\"until-found\"]) {\n  display: none;\n}\n.shared-world-editor-toolbar {\n  flex: none;\n  display: flex;\n  flex-wrap: wrap;\n  align-items: center;\n  gap: 4px 8px;\n  padding: 5px 8px;\n  border-bottom: 1px solid var(--editor-line);\n}\n.shared-world-editor-group {\n  display: flex;\n  align-items: center;\n  gap: 1px;\n}\n.shared-world-editor-gap {\n  flex: 1;\n}\n.shared-world-editor-button {\n  display: inline-flex;\n  align-items: center;\n  justify-content: center;\n  gap: 5px;\n  min-width: 28px;\n  height: 26px;\n  padding: 0 6px;\n  border: 1px solid transparent;\n  border-radius: 5px;\n  background: none;\n  color: inherit;\n  font: inherit;\n  cursor: pointer;\n}\n.shared-world-editor-button svg {\n  width: 15px;\n  height: 15px;\n  fill: none;\n  stroke: currentcolor;\n  stroke-width: 1.5;\n  stroke-linecap: round;\n  stroke-linejoin: round;\n}\n.shared-world-editor-button:hover:enabled {\n  background: color-mix(in srgb, var(--editor-ink) 12%, transparent);\n}\n.shared-world-editor-button:disabled {\n  opacity: 0.35;\n  cursor: default;\n}\n.shared-world-editor-button[aria-pressed=\"true\"] {\n  background: color-mix(in srgb, var(--editor-accent) 28%, transparent);\n  border-color: color-mix(in srgb, var(--editor-accent) 60%, transparent);\n}\n.shared-world-editor-plain {\n  border-color: var(--editor-line);\n}\n.shared-world-editor :is(button, input, select, summary):focus-visible {\n  outline: 2px solid var(--editor-accent);\n  outline-offset: 1px;\n}\n.shared-world-editor-presets {\n  height: 26px;\n  max-width: 130px;\n  border: 1px solid var(--editor-line);\n  border-radius: 5px;\n  background: var(--editor-field);\n  color: inherit;\n  font: inherit;\n}\n.shared-world-editor-clock {\n  min-width: 104px;\n  padding-left: 6px;\n  white-space: pre;\n  font-variant-numeric: tabular-nums;\n}\n.shared-world-editor-main {\n  flex: 1 1 0;\n  min-height: 180px;\n  display: flex;\n}\n.shared-world-editor-ground {\n  position: relative;\n  flex: 1 1 0;\n  min-width: 0;\n}\n.shared-world-editor-map {\n  position: absolute;\n  inset: 0;\n  width: 100%;\n  height: 100%;\n  touch-action: none;\n}\n.shared-world-editor-keyboard {\n  position: absolute;\n  top: 0;\n  left: 0;\n  width: 1px;\n  height: 1px;\n  padding: 0;\n  border: 0;\n  opacity: 0;\n  resize: none;\n  overflow: hidden;\n}\n.shared-world-editor-keyboard:focus ~ .shared-world-editor-map {\n  box-shadow: inset 0 0 0 1.5px var(--editor-accent);\n}\n.shared-world-editor-empty {\n  position: absolute;\n  inset: 0;\n  display: flex;\n  flex-direction: column;\n  align-items: center;\n  justify-content: center;\n  gap: 4px;\n  padding: 20px;\n  pointer-events: none;\n  text-align: center;\n}\n.shared-world-editor-empty strong {\n  font-size: 14px;\n}\n.shared-world-editor-now,\n.shared-world-editor-note {\n  position: absolute;\n  left: 50%;\n  max-width: 90%;\n  padding: 4px 10px;\n  transform: translateX(-50%);\n  border: 1px solid var(--editor-line);\n  border-radius: 6px;\n  background: var(--editor-bg);\n  pointer-events: none;\n}\n.shared-world-editor-now {\n  top: 22px;\n  color: var(--editor-faint);\n}\n.shared-world-editor-note {\n  bottom: 14px;\n  border-color: var(--editor-accent);\n}\n.shared-world-editor-side {\n  flex: none;\n  width: 236px;\n  display: flex;\n  flex-direction: column;\n  min-height: 0;\n  border-left: 1px solid var(--editor-line);\n}\n.shared-world-editor-space {\n  position: relative;\n  flex: 1 1 50%;\n  min-height: 150px;\n  border-bottom: 1px solid var(--editor-line);\n}\n.shared-world-editor-side:has(.shared-world-editor-space:not([hidden])) {\n  width: 320px;\n}\n.shared-world-editor-space canvas {\n  position: absolute;\n  inset: 0;\n  width: 100%;\n  height: 100%;\n  touch-action: none;\n}\n.shared-world-editor-inspector {\n  flex: 1 1 50%;\n  min-height: 0;\n  padding: 8px 10px;\n  overflow: auto;\n}\n.shared-world-editor-inspector h4,\n.shared-world-editor-help h4 {\n  grid-column: 1 / -1;\n  margin: 0;\n  font-size: 12px;\n  font-weight: 600;\n}\n.shared-world-editor-fields {\n  display: grid;\n  grid-template-columns: repeat(6, 1fr);\n  gap: 6px 8px;\n  margin-bottom: 12px;\n}\n.shared-world-editor-fields label {\n  display: flex;\n  flex-direction: column;\n  gap: 1px;\n  grid-column: span 3;\n  min-width: 0;\n}\n.shared-world-editor-fields label.shared-world-editor-third {\n  grid-column: span 2;\n}\n.shared-world-editor-fields label > span {\n  color: var(--editor-faint);\n  font-size: 10.5px;\n}\n.shared-world-editor-fields > button {\n  grid-column: span 3;\n}\n.shared-world-editor-fields label:has(.shared-world-editor-wide) {\n  grid-column: 1 / -1;\n}\n.shared-world-editor-fields :is(input, select) {\n  width: 100%;\n  height: 24px;\n  padding: 0 5px;\n  border: 1px solid var(--editor-line);\n  border-radius: 4px;\n  background: var(--editor-field);\n  color: inherit;\n  font: inherit;\n  font-variant-numeric: tabular-nums;\n  user-select: text;\n}\n.shared-world-editor-fields input::placeholder {\n  color: var(--editor-faint);\n}\n.shared-world-editor-limits summary {\n  margin-bottom: 6px;\n  color: var(--editor-faint);\n  cursor: pointer;\n}\n.shared-world-editor-hint {\n  margin: 0 0 12px;\n  color: var(--editor-faint);\n}\n.shared-world-editor-time {\n  flex: none;\n  max-height: 190px;\n  overflow: hidden auto;\n  border-top: 1px solid var(--editor-line);\n}\n.shared-world-editor-timeline {\n  display: block;\n  width: 100%;\n  touch-action: none;\n}\n.shared-world-editor-rows {\n  position: relative;\n}\n.shared-world-editor-playhead {\n  position: absolute;\n  top: 11px;\n  bottom: 0;\n  width: 1.5px;\n  margin-left: -0.25px;\n  background: var(--editor-ink);\n  pointer-events: none;\n}\n.shared-world-editor-playhead::before {\n  content: \"\";\n  position: absolute;\n  top: 0;\n  left: -4.25px;\n  border: 5px solid transparent;\n  border-top: 8px solid var(--editor-ink);\n  border-bottom: 0;\n}\n.shared-world-editor-strips {\n  flex: none;\n  display: grid;\n  grid-template-columns: repeat(auto-fit, minmax(min(420px, 100%), 1fr));\n  gap: 6px 14px;\n  max-height: 240px;\n  padding: 6px 8px 8px;\n  overflow: hidden auto;\n  border-top: 1px solid var(--editor-line);\n}\n.shared-world-editor-strips:empty {\n  display: none;\n}\n.shared-world-editor-strip {\n  display: flex;\n  flex-wrap: wrap;\n  gap: 4px;\n  min-width: 0;\n}\n.shared-world-editor-strip-name {\n  flex: 1 0 100%;\n  padding: 0 0 0 6px;\n  border: 0;\n  border-left: 3px solid;\n  background: none;\n  color: inherit;\n  font: inherit;\n  font-weight: 600;\n  text-align: left;\n  cursor: pointer;\n}\n.shared-world-editor-view-frame {\n  position: relative;\n  flex: 1 1 0;\n  min-width: 60px;\n  margin: 0;\n}\n.shared-world-editor-view {\n  display: block;\n  width: 100%;\n  border-radius: 4px;\n}\n.shared-world-editor-view-frame figcaption {\n  position: absolute;\n  top: 2px;\n  left: 5px;\n  color: var(--editor-ink);\n  font-size: 10px;\n  opacity: 0.75;\n}\n.shared-world-editor-help {\n  position: absolute;\n  inset: 36px 0 0;\n  z-index: 2;\n  padding: 14px 18px;\n  overflow: auto;\n  background: var(--editor-bg);\n}\n.shared-world-editor-help-columns {\n  display: grid;\n  grid-template-columns: repeat(auto-fit, minmax(230px, 1fr));\n  gap: 14px 26px;\n  margin-bottom: 12px;\n}\n.shared-world-editor-help dl {\n  display: grid;\n  grid-template-columns: max-content 1fr;\n  gap: 3px 10px;\n  margin: 6px 0 0;\n}\n.shared-world-editor-help dt {\n  max-width: 120px;\n  font-weight: 600;\n}\n.shared-world-editor-help dd {\n  margin: 0;\n  color: var(--editor-faint);\n}\n.shared-world-editor-trouble {\n  position: absolute;\n  inset: 0;\n  z-index: 3;\n  display: flex;\n  flex-direction: column;\n  gap: 8px;\n  padding: 18px;\n  border: 1px solid var(--border-color, #40434c);\n  border-left: 4px solid #e69f00;\n  border-radius: 8px;\n  background: var(--comfy-menu-bg, #232429);\n  color: var(--input-text, #eceef2);\n  font:\n    12px / 1.4 Inter,\n    system-ui,\n    sans-serif;\n}\n.shared-world-editor-trouble p {\n  margin: 0;\n}\n.shared-world-editor-trouble-text {\n  flex: 1;\n  min-height: 80px;\n  padding: 6px;\n  border: 1px solid var(--border-color, #40434c);\n  border-radius: 4px;\n  background: var(--comfy-input-bg, #1b1c20);\n  color: inherit;\n  font: 11px / 1.4 monospace;\n  resize: none;\n}\n.shared-world-editor-trouble .shared-world-editor-group {\n  gap: 6px;\n}\n.shared-world-editor-trouble .shared-world-editor-plain {\n  border-color: var(--border-color, #40434c);\n}\n.shared-world-editor-dialog {\n  position: fixed;\n  inset: 2vh 2vw;\n  width: 96vw;\n  max-width: none;\n  height: 96vh;\n  max-height: none;\n  margin: 0;\n  padding: 0;\n  border: 0;\n  border-radius: 8px;\n  background: none;\n}\n.shared-world-editor-dialog::backdrop {\n  background: rgb(0 0 0 / 55%);\n}\n.shared-world-editor-large .shared-world-editor-side:has(*) {\n  width: 400px;\n}\n@container (width < 620px) {\n  .shared-world-editor-side {\n    display: none;\n  }\n}\n";
// src/editor/edits.ts
/** The car of world/encounters.py. */
var CAR = {
	size: [
		2,
		1.4,
		4.2
	],
	centre: [
		0,
		-.7,
		0
	]
};
/** Shortest time in seconds between two waypoints. */
var SHORTEST_GAP = .01;
function withAgent(drawing, index, change) {
	return {
		...drawing,
		agents: drawing.agents.map((agent, other) => other === index ? change(agent) : agent)
	};
}
/** A name that no agent has: the wanted one, or with a number behind it. */
function freeName(drawing, wanted) {
	const taken = new Set(drawing.agents.map((agent) => agent.name));
	if (!taken.has(wanted)) return wanted;
	const stem = wanted.replace(/ \d+$/, "");
	let number = 2;
	while (taken.has(`${stem} ${number}`)) number++;
	return `${stem} ${number}`;
}
/** A further car with one waypoint at 0 s. */
function addAgent(drawing, position) {
	let number = drawing.agents.length + 1;
	while (drawing.agents.some((agent) => agent.name === `agent ${number}`)) number++;
	const waypoints = [{
		time: 0,
		position,
		yaw: null,
		speed: null
	}];
	const agent = {
		name: `agent ${number}`,
		waypoints,
		body: CAR,
		rig: null,
		easing: "constant"
	};
	return {
		...drawing,
		agents: [...drawing.agents, agent]
	};
}
/** Agents of another drawing behind those there are; names that are taken get a number. */
function addAgents(drawing, agents) {
	let all = drawing;
	for (const agent of agents) all = {
		...all,
		agents: all.agents.concat({
			...agent,
			name: freeName(all, agent.name)
		})
	};
	return all;
}
function removeAgent(drawing, index) {
	return {
		...drawing,
		agents: drawing.agents.filter((_, other) => other !== index)
	};
}
/** Another name; an empty or taken one changes nothing. */
function renameAgent(drawing, index, name) {
	const wanted = name.trim();
	if (wanted === "" || drawing.agents.some((agent, other) => other !== index && agent.name === wanted)) return drawing;
	return withAgent(drawing, index, (agent) => ({
		...agent,
		name: wanted
	}));
}
function setEasing(drawing, index, easing) {
	return withAgent(drawing, index, (agent) => ({
		...agent,
		easing
	}));
}
/** Apply a change to the chosen waypoints. */
function changeWaypoints(drawing, selection, change) {
	const agents = drawing.agents.map((agent, index) => {
		const chosen = new Set(selection.filter((place) => place.agent === index).map((place) => place.waypoint));
		if (chosen.size === 0) return agent;
		const waypoints = agent.waypoints.map((waypoint, number) => chosen.has(number) ? change(waypoint, {
			agent: index,
			waypoint: number
		}) : waypoint);
		return {
			...agent,
			waypoints
		};
	});
	return {
		...drawing,
		agents
	};
}
function moveWaypoints(drawing, selection, dx, dz) {
	return changeWaypoints(drawing, selection, (waypoint) => {
		const [x, y, z] = waypoint.position;
		return {
			...waypoint,
			position: [
				x + dx,
				y,
				z + dz
			]
		};
	});
}
/**
* Move the chosen waypoints in time, all by as much as the others between them leave room for; nothing is before 0 s.
*/
function shiftTimes(drawing, selection, seconds) {
	let least = Number.NEGATIVE_INFINITY;
	let most = Number.POSITIVE_INFINITY;
	for (const { agent, waypoint } of selection) {
		const { waypoints } = drawing.agents[agent];
		const { time } = waypoints[waypoint];
		const free = (neighbour) => !selection.some((place) => place.agent === agent && place.waypoint === neighbour);
		if (waypoint === 0) least = Math.max(least, -time);
		else if (free(waypoint - 1)) least = Math.max(least, waypoints[waypoint - 1].time + SHORTEST_GAP - time);
		if (waypoint < waypoints.length - 1 && free(waypoint + 1)) most = Math.min(most, waypoints[waypoint + 1].time - SHORTEST_GAP - time);
	}
	const shift = Math.min(Math.max(seconds, Math.min(least, 0)), Math.max(most, 0));
	return changeWaypoints(drawing, selection, (waypoint) => ({
		...waypoint,
		time: rounded(waypoint.time + shift)
	}));
}
/**
* A waypoint on the path at a time, so that the path changes little; where one is already, nothing changes.
*
* @param ground x and z of the waypoint, where it is not to lie on the path.
*/
function insertAt(drawing, index, time, ground) {
	const agent = drawing.agents[index];
	const near = agent.waypoints.findIndex((waypoint) => Math.abs(waypoint.time - time) < SHORTEST_GAP);
	if (near >= 0) return [drawing, {
		agent: index,
		waypoint: near
	}];
	const pose = pathOf(agent).poseAt(time);
	const [x, y, z] = positionOf(pose);
	const position = ground ? [
		ground[0],
		y,
		ground[1]
	] : [
		x,
		y,
		z
	];
	const number = agent.waypoints.filter((waypoint) => waypoint.time < time).length;
	const yaw = [agent.waypoints[number - 1], agent.waypoints[number]].some((waypoint) => waypoint?.yaw != null) ? rounded(headingOf(pose)) : null;
	const waypoint = {
		time: rounded(time),
		position,
		yaw,
		speed: null
	};
	const waypoints = [
		...agent.waypoints.slice(0, number),
		waypoint,
		...agent.waypoints.slice(number)
	];
	return [withAgent(drawing, index, (drawn) => ({
		...drawn,
		waypoints
	})), {
		agent: index,
		waypoint: number
	}];
}
/** A waypoint behind the last one, reached at the speed of the agent so far. */
function append(drawing, index, position) {
	const agent = drawing.agents[index];
	const last = agent.waypoints.at(-1);
	const seconds = Math.max(distance(last.position, position) / meanSpeed(agent), .1);
	const waypoint = {
		time: rounded(last.time + seconds),
		position,
		yaw: null,
		speed: null
	};
	return [withAgent(drawing, index, (drawn) => ({
		...drawn,
		waypoints: [...drawn.waypoints, waypoint]
	})), {
		agent: index,
		waypoint: agent.waypoints.length
	}];
}
/** Without the chosen waypoints; an agent that loses all goes. */
function removeWaypoints(drawing, selection) {
	const agents = drawing.agents.flatMap((agent, index) => {
		const gone = new Set(selection.filter((place) => place.agent === index).map((place) => place.waypoint));
		const waypoints = agent.waypoints.filter((_, number) => !gone.has(number));
		return waypoints.length > 0 ? [gone.size > 0 ? {
			...agent,
			waypoints
		} : agent] : [];
	});
	return {
		...drawing,
		agents
	};
}
/** The times between first and last waypoint, so that the agent drives at one speed; given speeds go. */
function evenSpeed(drawing, index) {
	return withAgent(drawing, index, (agent) => {
		const lengths = agent.waypoints.slice(1).map((waypoint, number) => {
			return distance(waypoint.position, agent.waypoints[number].position);
		});
		const total = lengths.reduce((sum, length) => sum + length, 0);
		const first = agent.waypoints[0].time;
		const duration = agent.waypoints.at(-1).time - first;
		if (total === 0) return agent;
		let travelled = 0;
		let before = Number.NEGATIVE_INFINITY;
		const waypoints = agent.waypoints.map((waypoint, number) => {
			travelled += lengths[number - 1] ?? 0;
			before = Math.max(rounded(first + travelled / total * duration), before + SHORTEST_GAP);
			return {
				...waypoint,
				time: before,
				speed: null
			};
		});
		return {
			...agent,
			waypoints
		};
	});
}
/** Metres per second over all of an agent's waypoints; `USUAL_SPEED` where it does not move. */
function meanSpeed(agent) {
	let travelled = 0;
	agent.waypoints.slice(1).forEach((waypoint, number) => {
		travelled += distance(waypoint.position, agent.waypoints[number].position);
	});
	const duration = agent.waypoints.at(-1).time - agent.waypoints[0].time;
	return travelled > 0 && duration > 0 ? travelled / duration : 6;
}
function distance(from, to) {
	return Math.hypot(to[0] - from[0], to[1] - from[1], to[2] - from[2]);
}
/** Times and places are kept to a ten-thousandth, so that the text stays readable. */
function rounded(value) {
	return Math.round(value * 1e4) / 1e4;
}
// src/editor/selection.ts
function isChosen(selection, { agent, waypoint }) {
	return selection.some((place) => place.agent === agent && place.waypoint === waypoint);
}
/** The selection with a place added, or without it where it was chosen. */
function toggled(selection, place) {
	if (!isChosen(selection, place)) return [...selection, place];
	return selection.filter((other) => other.agent !== place.agent || other.waypoint !== place.waypoint);
}
function waypointAt(drawing, place) {
	return drawing.agents[place.agent]?.waypoints[place.waypoint];
}
/** All waypoints of one agent, or of all agents. */
function everyWaypoint(drawing, agent) {
	return drawing.agents.flatMap((drawn, index) => agent === void 0 || agent === index ? drawn.waypoints.map((_, waypoint) => ({
		agent: index,
		waypoint
	})) : []);
}
/** Without places that the drawing no longer has. */
function stillThere(drawing, selection) {
	return selection.filter((place) => waypointAt(drawing, place) !== void 0);
}
/** The waypoint after (or, with -1, before) a place, through all agents and round again. */
function neighbour(drawing, place, step) {
	const every = everyWaypoint(drawing);
	if (every.length === 0) return void 0;
	const index = every.findIndex((other) => other.agent === place?.agent && other.waypoint === place.waypoint);
	if (index < 0) return step > 0 ? every[0] : every.at(-1);
	return every[(index + step + every.length) % every.length];
}
// src/editor/texts.ts
/** The editor's words, by the English ones. */
var CHINESE = {
	"Choose and move (V)": "选择与移动（V）",
	"Draw waypoints (D)": "绘制路径点（D）",
	Agent: "智能体",
	"Add an agent (A)": "添加智能体（A）",
	"Insert a waypoint at the playhead (I)": "在播放头处插入路径点（I）",
	"Undo (Ctrl Z)": "撤销（Ctrl Z）",
	"Redo (Ctrl Y)": "重做（Ctrl Y）",
	"Snap to the grid (G)": "吸附到网格（G）",
	"Show everything (F)": "显示全部（F）",
	"First frame (Home)": "第一帧（Home）",
	"Play (Space)": "播放（空格）",
	"Stop (Space)": "停止（空格）",
	"Copy as JSON (Ctrl C)": "复制为 JSON（Ctrl C）",
	"Paste JSON (Ctrl V)": "粘贴 JSON（Ctrl V）",
	"3D view": "三维视图",
	"Large editor": "放大编辑器",
	"Keys and signs (?)": "按键与标记（?）",
	"Start from…": "从预设开始…",
	"Start from an encounter": "从两车相遇的预设开始",
	"head on": "对向驶过",
	"left turn meeting": "左转相遇",
	"right turn meeting": "右转相遇",
	crossing: "路口横穿",
	"t junction merge": "丁字路口汇入",
	"following then parting": "跟随后分开",
	"Nothing is drawn yet": "尚未绘制任何内容",
	"Press A or “Agent” and click its way, or start from an encounter.": "按 A 或点击“智能体”后在地图上点出路线，或从预设开始。",
	"Click where the new agent starts.": "点击新智能体的起点。",
	"Click where {0} goes next; Esc when it is there.": "点击 {0} 的下一个位置；完成后按 Esc。",
	"These are the connected agents; the first change makes a drawing of them.": "这是所连接的智能体；第一次修改后即成为绘图。",
	"Copied.": "已复制。",
	"Nothing was pasted. {0}": "未粘贴任何内容。{0}",
	"The page may not read the clipboard; click the map and press Ctrl V. ({0})": "网页无法读取剪贴板；请点击地图后按 Ctrl V。（{0}）",
	"Map of the agents. Press ? for the keys.": "智能体地图。按 ? 查看按键。",
	"The 3D view cannot be shown: {0}": "无法显示三维视图：{0}",
	"This value is not a drawing; it is kept as it is.": "该值不是绘图；将原样保留。",
	"Copy the text": "复制文本",
	"Start a new drawing": "开始新的绘图",
	"Choose {0}": "选择 {0}",
	"Choose waypoints on the map to set their time, place, yaw and speed.": "在地图上选择路径点，即可设置时间、位置、朝向和速度。",
	"{0}, waypoint {1}": "{0}，路径点 {1}",
	"{0} waypoints": "{0} 个路径点",
	"time, s": "时间（秒）",
	"When the agent is there": "智能体到达该处的时间",
	"x, m": "x（米）",
	"To the right on the map": "地图上向右",
	"z, m": "z（米）",
	"Upwards on the map": "地图上向上",
	"height, m": "高度（米）",
	"Above the ground": "离地高度",
	"yaw, °": "朝向（度）",
	"Where to look: 0 is up on the map, 90 to the right; empty looks along the path": "看向何处：0 为地图向上，90 为向右；留空则沿路径方向",
	"speed, m/s": "速度（米/秒）",
	"How fast to pass; empty drives smoothly from time to time": "经过时的速度；留空则按时间平滑行驶",
	auto: "自动",
	Delete: "删除",
	agent: "智能体",
	"Name in labels, files and messages": "用于标签、文件和消息的名称",
	drives: "行驶方式",
	"How the agent gets going and stops": "智能体如何起步和停止",
	"at full speed": "匀速进出",
	"starts from rest": "从静止起步",
	"comes to rest": "减速至静止",
	"starts and comes to rest": "起步与停止均平缓",
	"width, m": "宽（米）",
	"length, m": "长（米）",
	"Size of the agent's body": "智能体车身尺寸",
	"Even speed": "匀速",
	"Delete agent": "删除智能体",
	"Marked motion": "运动标记",
	"slowest, m/s": "最慢（米/秒）",
	"Speeds below this are marked": "低于此速度会被标记",
	"fastest, m/s": "最快（米/秒）",
	"Speeds above this are marked": "高于此速度会被标记",
	"step, m": "步长（米）",
	"A longer way from one frame to the next is marked": "相邻帧之间移动更远会被标记",
	"turn, °": "转角（度）",
	"A larger turn from one frame to the next is marked": "相邻帧之间转动更大会被标记",
	Mouse: "鼠标",
	Signs: "标记",
	Keys: "按键",
	Close: "关闭",
	"yellow ground": "黄色地面",
	"seen by two agents at once; over time the filled curve of their row": "两个智能体同时看到的区域；随时间变化见其行中的填充曲线",
	"line between agents": "智能体之间的线",
	"each sees the other; dashed: only one does; dotted with a cross: something is in between": "互相可见；虚线：仅一方可见；点线加叉：中间有遮挡",
	"two thin stripes": "两条细线",
	"in the row of two agents: when the first sees the second, when the second sees the first": "两个智能体的行中：第一个看到第二个、第二个看到第一个的时段",
	"ring with a cross": "带叉的圆环",
	"bodies touch; over time a filled block": "车身相碰；随时间变化显示为填充块",
	"wide amber band": "琥珀色宽带",
	"speed outside of the limits under Marked motion": "速度超出“运动标记”中的范围",
	"amber triangle": "琥珀色三角",
	"too far or too much of a turn for one frame": "一帧之内移动过远或转动过大",
	"bar of an agent's row": "智能体行中的条",
	"the thicker, the faster": "越粗越快",
	"drag a waypoint": "拖动路径点",
	"move it, and all that is chosen; Alt leaves the grid": "移动它和所有选中的点；按住 Alt 不吸附",
	"drag a body": "拖动车身",
	"move the whole agent": "移动整个智能体",
	"drag the knob": "拖动旋钮",
	"turn the waypoint": "转动路径点的朝向",
	"double click": "双击",
	"on a path: insert a waypoint; elsewhere: go on with the chosen agent": "在路径上：插入路径点；其他位置：延长所选智能体的路径",
	"drag on the ground": "在地面上拖动",
	"choose what is inside; Shift adds": "框选；按住 Shift 追加",
	"right or middle button": "右键或中键",
	"pan; the wheel zooms once the map was clicked": "平移；点击地图后可用滚轮缩放",
	"drag in the timeline": "在时间轴上拖动",
	"waypoints in time, or the playhead": "移动路径点的时间或播放头",
	Space: "空格",
	Arrows: "方向键",
	"1 to 9": "1 至 9",
	"play or stop": "播放或停止",
	"one frame back or on": "后退或前进一帧",
	"first or last frame": "第一帧或最后一帧",
	"add an agent": "添加智能体",
	"draw in the middle of the map": "在地图中央绘制",
	"draw waypoints": "绘制路径点",
	"choose and move": "选择与移动",
	"insert a waypoint at the playhead": "在播放头处插入路径点",
	"remove waypoints": "删除路径点",
	"next or previous waypoint": "下一个或上一个路径点",
	"turn left or right by 5 degrees": "左转或右转 5 度",
	"look along the path": "沿路径方向看",
	"snap to the grid or not": "切换网格吸附",
	"show everything": "显示全部",
	zoom: "缩放",
	"stop drawing, choose nothing": "停止绘制，取消选择",
	"choose everything": "全选",
	"duplicate agents": "复制智能体",
	undo: "撤销",
	redo: "重做",
	"move what is chosen; with Shift far, with Alt finely": "移动选中内容；Shift 大步，Alt 小步",
	"choose an agent": "选择智能体",
	"copy, cut, paste agents as JSON": "以 JSON 复制、剪切、粘贴智能体"
};
var chinese = false;
/** Choose the language once, before the editor is built; the page loads anew when its language changes. */
function setChinese(isChinese) {
	chinese = isChinese;
}
/** Words in the page's language, with their numbered gaps filled. */
function text(words, ...gaps) {
	return filled(chinese ? CHINESE[words] : words, gaps);
}
// src/editor/commands.ts
/** What buttons and keys do, each by a name. */
var Commands = class {
	state;
	map;
	player;
	say;
	constructor(state, map, player, say) {
		this.state = state;
		this.map = map;
		this.player = player;
		this.say = say;
	}
	undo() {
		this.state.undo();
	}
	redo() {
		this.state.redo();
	}
	play() {
		this.player.toggle();
	}
	step(frames) {
		this.player.stop();
		this.state.setPlayhead(this.state.playhead + frames);
	}
	goTo(frame) {
		this.player.stop();
		this.state.setPlayhead(frame);
	}
	/** A further agent: the next press on the map, or Enter for its middle, says where it starts. */
	addAgent() {
		this.setTool("draw", true);
	}
	/** A waypoint in the middle of the map, for those who draw with keys; the arrows move it from there. */
	placeInMiddle() {
		if (this.state.tool !== "draw") return;
		const [width, height] = this.map.view.size;
		this.map.addWaypoint([width / 2, height / 2]);
	}
	setTool(tool, startsAgent = false) {
		this.state.tool = tool;
		this.state.startsAgent = startsAgent;
		this.map.canvas.style.cursor = tool === "draw" ? "crosshair" : "default";
		this.state.changed();
	}
	/** A waypoint on the chosen agent's path at the playhead. */
	insert() {
		const { state } = this;
		if (state.agent < 0) return;
		const [drawing, place] = insertAt(state.drawing, state.agent, state.playhead / state.frameRate);
		state.edit(drawing, place ? [place] : state.selection);
	}
	remove() {
		const { state } = this;
		if (state.selection.length > 0) state.edit(removeWaypoints(state.drawing, state.selection), []);
	}
	/** Without the agents of which waypoints are chosen, as `copyText` gives them. */
	removeChosenAgents() {
		const { drawing, selection } = this.state;
		if (selection.length === 0) return;
		const agents = drawing.agents.filter((_, index) => !selection.some(({ agent }) => agent === index));
		this.state.edit({
			...drawing,
			agents
		}, []);
	}
	/** Move the chosen waypoints by steps of the snapping grid, x to the right and z ahead. */
	nudge(x, z, scale) {
		const { state } = this;
		const step = this.map.snapStep() * scale;
		if (state.selection.length === 0) {
			this.map.view.pan(-x * 40, z * 40);
			state.changed();
			return;
		}
		state.edit(moveWaypoints(state.drawing, state.selection, x * step, z * step), state.selection, "nudge");
	}
	/** Turn the chosen waypoints; one that looked along its path begins at the heading that it has there. */
	turn(degrees) {
		const { state } = this;
		const turned = changeWaypoints(state.drawing, state.selection, (waypoint, { agent }) => {
			const yaw = waypoint.yaw ?? Math.round(headingOf(pathOf(state.drawing.agents[agent]).poseAt(waypoint.time)));
			return {
				...waypoint,
				yaw: rounded(yaw + degrees)
			};
		});
		state.edit(turned, state.selection, "turn");
	}
	lookAlongPath() {
		const { state } = this;
		state.edit(changeWaypoints(state.drawing, state.selection, (waypoint) => waypoint.yaw === null ? waypoint : {
			...waypoint,
			yaw: null
		}));
	}
	selectAll() {
		this.state.select(everyWaypoint(this.state.drawing));
	}
	selectAgent(agent) {
		if (agent < this.state.drawing.agents.length) this.state.selectAgent(agent);
	}
	selectNeighbour(step) {
		const next = neighbour(this.state.drawing, this.state.selection.at(-1), step);
		if (next) this.state.select([next]);
	}
	cancel() {
		if (this.state.tool === "draw") this.setTool("select");
		else this.state.select([]);
	}
	zoom(factor) {
		this.map.view.zoom(factor);
		this.state.changed();
	}
	fit() {
		this.map.fit();
		this.state.changed();
	}
	toggleSnap() {
		this.state.snap = !this.state.snap;
		this.state.changed();
	}
	/** The drawing, or the agents of which waypoints are chosen, as text. */
	copyText() {
		const { drawing, selection } = this.state;
		const agents = drawing.agents.filter((_, index) => selection.length === 0 || selection.some(({ agent }) => agent === index));
		return drawingText({
			...drawing,
			agents
		});
	}
	/** Add the agents of a copied drawing; anything else is refused with its reason. */
	paste(pasted) {
		try {
			this.addDrawing(readDrawing(pasted), 2);
		} catch (error) {
			if (!(error instanceof NotADrawing)) throw error;
			this.say(text("Nothing was pasted. {0}", error.message));
		}
	}
	duplicate() {
		this.addDrawing(readDrawing(this.copyText()), 2);
	}
	/** Add agents, moved aside where their places are taken. */
	addDrawing(added, aside) {
		const { state } = this;
		if (added.agents.length === 0) return;
		const first = state.drawing.agents.length;
		const places = state.drawing.agents.map((agent) => agent.waypoints[0].position.join());
		const taken = added.agents.some((agent) => places.includes(agent.waypoints[0].position.join()));
		const joined = addAgents(state.drawing, added.agents);
		const selection = everyWaypoint(joined).filter(({ agent }) => agent >= first);
		state.edit(taken ? moveWaypoints(joined, selection, aside, 0) : joined, selection);
	}
	/** Begin anew with a drawing, which can be undone. */
	replace(drawing) {
		this.state.edit({
			...drawing,
			limits: this.state.drawing.limits
		}, []);
		this.map.fit();
		this.setTool("select");
	}
};
// src/editor/keyboard.ts
var FINE = .1;
var COARSE = 5;
var ARROWS = {
	arrowleft: [-1, 0],
	arrowright: [1, 0],
	arrowup: [0, 1],
	arrowdown: [0, -1]
};
var SHORTCUTS = [
	{
		keys: [" "],
		shown: "Space",
		does: "play or stop",
		run: (commands) => commands.play()
	},
	{
		keys: [","],
		shown: ", .",
		does: "one frame back or on",
		run: (commands) => commands.step(-1)
	},
	{
		keys: ["."],
		shown: "",
		does: null,
		run: (commands) => commands.step(1)
	},
	{
		keys: ["home"],
		shown: "Home End",
		does: "first or last frame",
		run: (commands) => commands.goTo(0)
	},
	{
		keys: ["end"],
		shown: "",
		does: null,
		run: (commands, state) => commands.goTo(state.frames - 1)
	},
	{
		keys: ["a"],
		shown: "A",
		does: "add an agent",
		run: (commands) => commands.addAgent()
	},
	{
		keys: ["enter"],
		shown: "Enter",
		does: "draw in the middle of the map",
		run: (commands) => commands.placeInMiddle()
	},
	{
		keys: ["d"],
		shown: "D",
		does: "draw waypoints",
		run: (commands) => commands.setTool("draw")
	},
	{
		keys: ["v"],
		shown: "V",
		does: "choose and move",
		run: (commands) => commands.setTool("select")
	},
	{
		keys: ["i"],
		shown: "I",
		does: "insert a waypoint at the playhead",
		run: (commands) => commands.insert()
	},
	{
		keys: ["delete", "backspace"],
		shown: "Delete",
		does: "remove waypoints",
		run: (commands) => commands.remove()
	},
	{
		keys: ["n"],
		shown: "N, Shift N",
		does: "next or previous waypoint",
		run: (commands) => commands.selectNeighbour(1)
	},
	{
		keys: ["shift+n"],
		shown: "",
		does: null,
		run: (commands) => commands.selectNeighbour(-1)
	},
	{
		keys: ["q"],
		shown: "Q E",
		does: "turn left or right by 5 degrees",
		run: (commands) => commands.turn(-5)
	},
	{
		keys: ["e"],
		shown: "",
		does: null,
		run: (commands) => commands.turn(5)
	},
	{
		keys: ["y"],
		shown: "Y",
		does: "look along the path",
		run: (commands) => commands.lookAlongPath()
	},
	{
		keys: ["g"],
		shown: "G",
		does: "snap to the grid or not",
		run: (commands) => commands.toggleSnap()
	},
	{
		keys: ["f"],
		shown: "F",
		does: "show everything",
		run: (commands) => commands.fit()
	},
	{
		keys: ["+", "="],
		shown: "+ -",
		does: "zoom",
		run: (commands) => commands.zoom(1.25)
	},
	{
		keys: ["-"],
		shown: "",
		does: null,
		run: (commands) => commands.zoom(.8)
	},
	{
		keys: ["escape"],
		shown: "Esc",
		does: "stop drawing, choose nothing",
		run: (commands) => commands.cancel()
	},
	{
		keys: ["ctrl+a"],
		shown: "Ctrl A",
		does: "choose everything",
		run: (commands) => commands.selectAll()
	},
	{
		keys: ["ctrl+d"],
		shown: "Ctrl D",
		does: "duplicate agents",
		run: (commands) => commands.duplicate()
	},
	{
		keys: ["ctrl+z"],
		shown: "Ctrl Z",
		does: "undo",
		run: (commands) => commands.undo()
	},
	{
		keys: ["ctrl+y", "ctrl+shift+z"],
		shown: "Ctrl Y",
		does: "redo",
		run: (commands) => commands.redo()
	}
];
/** What the other keys do that take no line of their own above. */
var MORE_SHORTCUTS = [
	["Arrows", "move what is chosen; with Shift far, with Alt finely"],
	["1 to 9", "choose an agent"],
	["Ctrl C, X, V", "copy, cut, paste agents as JSON"]
];
/** Run what a key stands for; false where it stands for nothing. */
function pressKey(event, commands, state) {
	const key = event.key.toLowerCase();
	const arrow = ARROWS[key];
	if (arrow && !event.ctrlKey && !event.metaKey) {
		commands.nudge(...arrow, event.altKey ? FINE : event.shiftKey ? COARSE : 1);
		return true;
	}
	if (event.altKey) return false;
	const control = event.ctrlKey || event.metaKey;
	if (!control && /^[1-9]$/.test(key)) {
		commands.selectAgent(Number(key) - 1);
		return true;
	}
	const shift = event.shiftKey && /^[a-z]$/.test(key);
	const pressed = `${control ? "ctrl+" : ""}${shift ? "shift+" : ""}${key}`;
	const shortcut = SHORTCUTS.find(({ keys }) => keys.includes(pressed));
	shortcut?.run(commands, state);
	return shortcut !== void 0;
}
// src/editor/help.ts
/** What the keys do and what the signs of map and timeline mean. */
var SIGNS = [
	["yellow ground", "seen by two agents at once; over time the filled curve of their row"],
	["line between agents", "each sees the other; dashed: only one does; dotted with a cross: something is in between"],
	["two thin stripes", "in the row of two agents: when the first sees the second, when the second sees the first"],
	["ring with a cross", "bodies touch; over time a filled block"],
	["wide amber band", "speed outside of the limits under Marked motion"],
	["amber triangle", "too far or too much of a turn for one frame"],
	["bar of an agent's row", "the thicker, the faster"]
];
var MOUSE = [
	["drag a waypoint", "move it, and all that is chosen; Alt leaves the grid"],
	["drag a body", "move the whole agent"],
	["drag the knob", "turn the waypoint"],
	["double click", "on a path: insert a waypoint; elsewhere: go on with the chosen agent"],
	["drag on the ground", "choose what is inside; Shift adds"],
	["right or middle button", "pan; the wheel zooms once the map was clicked"],
	["drag in the timeline", "waypoints in time, or the playhead"]
];
/** Keys that have a name of their own in other languages. */
var NAMED_KEYS = {
	Space: "Space",
	Arrows: "Arrows",
	"1 to 9": "1 to 9"
};
function helpPage(close) {
	const keys = SHORTCUTS.flatMap(({ shown, does }) => does ? [[shown, does]] : []);
	const button = element("button", "editor-button editor-plain", {
		type: "button",
		textContent: text("Close"),
		onclick: close
	});
	return element("div", "editor-help", { hidden: true }, element("div", "editor-help-columns", {}, table("Mouse", MOUSE.map(([action, meaning]) => [text(action), meaning])), table("Signs", SIGNS.map(([sign, meaning]) => [text(sign), meaning])), table("Keys", [...keys, ...MORE_SHORTCUTS].map(([key, does]) => [NAMED_KEYS[key] ? text(NAMED_KEYS[key]) : key, does]))), button);
}
function table(title, rows) {
	const items = rows.flatMap(([term, meaning]) => [element("dt", "", { textContent: term }), element("dd", "", { textContent: text(meaning) })]);
	return element("section", "", {}, element("h4", "", { textContent: text(title) }), element("dl", "", {}, ...items));
}
// src/editor/inspector.ts
/** Fields for what is chosen: the waypoint's time, place, yaw and speed, the agent's name, body and easing. */
var EASING_NAMES = {
	constant: "at full speed",
	ease_in: "starts from rest",
	ease_out: "comes to rest",
	ease_in_out: "starts and comes to rest"
};
var Inspector = class {
	state;
	root = element("div", "editor-inspector");
	#fields = [];
	#waypoint;
	#agent;
	#hint = element("p", "editor-hint", { textContent: text("Choose waypoints on the map to set their time, place, yaw and speed.") });
	#title = element("h4", "");
	constructor(state) {
		this.state = state;
		this.#waypoint = element("section", "editor-fields", {}, this.#title, ...this.#waypointFields());
		this.#agent = element("section", "editor-fields", {}, ...this.#agentFields());
		this.root.append(this.#waypoint, this.#hint, this.#agent, this.#limitFields());
		this.root.addEventListener("keydown", (event) => {
			event.stopPropagation();
			if (event.key === "Enter" && event.target instanceof HTMLInputElement) event.target.blur();
		});
	}
	draw() {
		const { selection, drawing, agent } = this.state;
		this.#waypoint.hidden = selection.length === 0;
		this.#hint.hidden = selection.length > 0;
		this.#agent.hidden = agent < 0;
		const [first] = selection;
		if (selection.length === 1 && first) this.#title.textContent = text("{0}, waypoint {1}", drawing.agents[first.agent].name, first.waypoint + 1);
		else this.#title.textContent = text("{0} waypoints", selection.length);
		for (const { input, show } of this.#fields) if (input !== document.activeElement) input.value = show();
	}
	#waypointFields() {
		const axis = (index) => (waypoint) => waypoint.position[index];
		const place = (index) => (value) => this.#change((waypoint) => {
			const position = [...waypoint.position];
			position[index] = value;
			return {
				...waypoint,
				position
			};
		});
		const { state } = this;
		return [
			this.#number("time, s", "When the agent is there", (waypoint) => waypoint.time, {
				set: (value) => {
					const [first] = state.selection;
					const now = first && waypointAt(state.drawing, first)?.time;
					if (now !== void 0) state.edit(shiftTimes(state.drawing, state.selection, value - now));
				},
				step: .125
			}),
			this.#number("x, m", "To the right on the map", axis(0), {
				set: place(0),
				step: .5
			}),
			this.#number("z, m", "Upwards on the map", axis(2), {
				set: place(2),
				step: .5
			}),
			this.#number("height, m", "Above the ground", (waypoint) => 0 - waypoint.position[1], {
				set: (value) => place(1)(0 - value),
				step: .1
			}),
			this.#number("yaw, °", "Where to look: 0 is up on the map, 90 to the right; empty looks along the path", yawOf, {
				set: (yaw) => this.#change((waypoint) => ({
					...waypoint,
					yaw
				})),
				clear: () => this.#change((waypoint) => ({
					...waypoint,
					yaw: null
				})),
				step: 5
			}),
			this.#number("speed, m/s", "How fast to pass; empty drives smoothly from time to time", (waypoint) => waypoint.speed, {
				set: (speed) => this.#change((waypoint) => ({
					...waypoint,
					speed: Math.max(0, speed)
				})),
				clear: () => this.#change((waypoint) => ({
					...waypoint,
					speed: null
				})),
				step: .5
			}),
			button("Delete", () => state.edit(removeWaypoints(state.drawing, state.selection), []))
		];
	}
	#agentFields() {
		const { state } = this;
		const agent = () => state.drawing.agents[state.agent];
		const name = element("input", "editor-wide", {
			type: "text",
			spellcheck: false
		});
		name.onchange = () => state.edit(renameAgent(state.drawing, state.agent, name.value));
		this.#fields.push({
			input: name,
			show: () => agent()?.name ?? ""
		});
		const options = EASINGS.map((value) => element("option", "", {
			value,
			textContent: text(EASING_NAMES[value])
		}));
		const easing = element("select", "editor-wide", {}, ...options);
		easing.onchange = () => state.edit(setEasing(state.drawing, state.agent, easing.value));
		this.#fields.push({
			input: easing,
			show: () => agent()?.easing ?? "constant"
		});
		const size = [
			"width, m",
			"height, m",
			"length, m"
		].map((label, index) => {
			const input = numberInput(.1);
			input.min = "0.1";
			input.onchange = () => {
				const value = Number(input.value);
				if (value > 0) state.edit(withAgent(state.drawing, state.agent, (drawn) => resized(drawn, index, value)));
				this.draw();
			};
			this.#fields.push({
				input,
				show: () => shown(agent()?.body?.size[index] ?? null)
			});
			return labelled(label, "Size of the agent's body", input, "editor-third");
		});
		return [
			labelled("agent", "Name in labels, files and messages", name),
			labelled("drives", "How the agent gets going and stops", easing),
			...size,
			button("Even speed", () => state.edit(evenSpeed(state.drawing, state.agent))),
			button("Delete agent", () => state.edit(removeAgent(state.drawing, state.agent), []))
		];
	}
	#limitFields() {
		const fields = [
			[
				"slowest",
				"slowest, m/s",
				"Speeds below this are marked"
			],
			[
				"fastest",
				"fastest, m/s",
				"Speeds above this are marked"
			],
			[
				"step",
				"step, m",
				"A longer way from one frame to the next is marked"
			],
			[
				"turn",
				"turn, °",
				"A larger turn from one frame to the next is marked"
			]
		].map(([limit, label, title]) => {
			const input = numberInput(.5);
			input.onchange = () => {
				const value = Number(input.value);
				const { drawing } = this.state;
				if (value >= 0) this.state.edit({
					...drawing,
					limits: {
						...drawing.limits,
						[limit]: value
					}
				});
				this.draw();
			};
			this.#fields.push({
				input,
				show: () => shown(this.state.drawing.limits[limit])
			});
			return labelled(label, title, input);
		});
		const heading = element("summary", "", { textContent: text("Marked motion") });
		return element("details", "editor-limits", {}, heading, element("section", "editor-fields", {}, ...fields));
	}
	#number(label, title, value, { set, clear, step }) {
		const input = numberInput(step);
		if (clear) input.placeholder = text("auto");
		input.onchange = () => {
			if (input.value.trim() !== "" && Number.isFinite(Number(input.value))) set(Number(input.value));
			else if (input.value.trim() === "") clear?.();
			this.draw();
		};
		this.#fields.push({
			input,
			show: () => this.#common(value)
		});
		return labelled(label, title, input);
	}
	/** The value that all chosen waypoints share, or nothing. */
	#common(value) {
		const { drawing, selection } = this.state;
		const values = selection.map((place) => value(waypointAt(drawing, place)));
		return values.every((other) => other === values[0]) ? shown(values[0] ?? null) : "";
	}
	#change(change) {
		this.state.edit(changeWaypoints(this.state.drawing, this.state.selection, change));
	}
};
function yawOf(waypoint) {
	return waypoint.yaw;
}
function resized(agent, index, value) {
	const size = [...agent.body?.size ?? [
		1,
		1,
		1
	]];
	size[index] = value;
	const [x, , z] = agent.body?.centre ?? [
		0,
		0,
		0
	];
	return {
		...agent,
		body: {
			size,
			centre: [
				x,
				0 - size[1] / 2,
				z
			]
		}
	};
}
function shown(value) {
	return value === null ? "" : String(rounded(value) + 0);
}
function numberInput(step) {
	return element("input", "", {
		type: "number",
		step: String(step)
	});
}
function labelled(label, title, input, classes = "") {
	return element("label", classes, { title: text(title) }, element("span", "", { textContent: text(label) }), input);
}
function button(words, press) {
	return element("button", "editor-button editor-plain", {
		type: "button",
		onclick: press,
		textContent: text(words)
	});
}
// src/editor/map_cloud.ts
var OPACITY = 150;
var CloudPicture = class {
	#canvas = document.createElement("canvas");
	#drawn = [];
	/** The points as the view shows them, in pixels of the screen; null where nothing can be drawn. */
	of(cloud, view, ratio) {
		const [width, height] = view.size.map((side) => Math.max(1, Math.round(side * ratio)));
		const basis = [
			cloud,
			width,
			height,
			...view.toPixel([0, 0]),
			view.scale
		];
		if (basis.every((value, index) => value === this.#drawn[index])) return this.#canvas;
		this.#drawn = basis;
		this.#canvas.width = width;
		this.#canvas.height = height;
		const context = this.#canvas.getContext("2d");
		if (!context) return null;
		const picture = context.createImageData(width, height);
		const size = Math.min(Math.max(Math.round(view.scale * .08 * ratio), 1), 4);
		const pixels = new Uint32Array(picture.data.buffer);
		for (let index = 0; index < cloud.positions.length; index += 3) {
			const [x, y] = view.toPixel([cloud.positions[index], cloud.positions[index + 2]]);
			const [red, green, blue] = [
				cloud.colors[index],
				cloud.colors[index + 1],
				cloud.colors[index + 2]
			];
			const color = (OPACITY << 24 | blue << 16 | green << 8 | red) >>> 0;
			fillSquare(pixels, width, height, Math.round(x * ratio), Math.round(y * ratio), size, color);
		}
		context.putImageData(picture, 0, 0);
		return this.#canvas;
	}
};
function fillSquare(pixels, width, height, left, top, size, color) {
	for (let y = Math.max(top, 0); y < Math.min(top + size, height); y++) for (let x = Math.max(left, 0); x < Math.min(left + size, width); x++) pixels[y * width + x] = color;
}
// src/world/collisions.ts
/** How far apart bodies are over the ground, as world/collisions.py computes it. */
/** The footprint of a body at an agent's pose; pitch and roll are ignored. */
function footprint(pose, body) {
	const [x, , z] = toWorld(pose, body.centre);
	const length = Math.hypot(pose[2], pose[10]);
	return {
		centre: [x, z],
		forward: length > 1e-9 ? [pose[2] / length, pose[10] / length] : [0, 1],
		halfWidth: body.size[0] / 2,
		halfLength: body.size[2] / 2
	};
}
/** Corners in order around the rectangle, from the rear left one. */
function corners({ centre, forward, halfWidth, halfLength }) {
	return [
		[-1, -1],
		[1, -1],
		[1, 1],
		[-1, 1]
	].map(([across, along]) => [centre[0] + across * halfWidth * forward[1] + along * halfLength * forward[0], centre[1] - across * halfWidth * forward[0] + along * halfLength * forward[1]]);
}
/** Metres between two footprints; where they overlap, minus the shortest way to push them apart. */
function separation(first, second) {
	const gap = Math.max(axisGap(first, second), axisGap(second, first));
	if (gap <= 0) return gap;
	return Math.min(cornerDistance(first, second), cornerDistance(second, first));
}
/** Distance of the nearest corner of the first to the second rectangle. */
function cornerDistance(first, second) {
	const distances = corners(first).map(([x, z]) => {
		const offset = [x - second.centre[0], z - second.centre[1]];
		const across = Math.max(Math.abs(offset[0] * second.forward[1] - offset[1] * second.forward[0]) - second.halfWidth, 0);
		const along = Math.max(Math.abs(offset[0] * second.forward[0] + offset[1] * second.forward[1]) - second.halfLength, 0);
		return Math.hypot(across, along);
	});
	return Math.min(...distances);
}
/** Largest gap along the two axes of the first; negative where the projections overlap on both. */
function axisGap(first, second) {
	const offset = [second.centre[0] - first.centre[0], second.centre[1] - first.centre[1]];
	const gaps = [[[first.forward[1], -first.forward[0]], first.halfWidth], [first.forward, first.halfLength]].map(([axis, half]) => {
		const across = Math.abs(axis[0] * second.forward[1] - axis[1] * second.forward[0]) * second.halfWidth;
		const along = Math.abs(axis[0] * second.forward[0] + axis[1] * second.forward[1]) * second.halfLength;
		return Math.abs(axis[0] * offset[0] + axis[1] * offset[1]) - half - across - along;
	});
	return Math.max(...gaps);
}
// src/world/rigs.ts
/** Rigs: the cameras of one agent, relative to it. */
/** Four views of 90 degrees, 1.6 m above the ground: the rig of `car_rig` in world/encounters.py. */
var CAR_RIG = {
	width: 720,
	height: 480,
	views: Object.entries({
		front: [
			1,
			0,
			0,
			0,
			0,
			1,
			0,
			-1.6,
			0,
			0,
			1,
			0
		],
		rear: [
			-1,
			0,
			0,
			0,
			0,
			1,
			0,
			-1.6,
			0,
			0,
			-1,
			0
		],
		left: [
			0,
			0,
			-1,
			0,
			0,
			1,
			0,
			-1.6,
			1,
			0,
			0,
			0
		],
		right: [
			0,
			0,
			1,
			0,
			0,
			1,
			0,
			-1.6,
			-1,
			0,
			0,
			0
		]
	}).map(([name, viewToAgent]) => ({
		name,
		viewToAgent,
		intrinsics: [
			360,
			0,
			360,
			0,
			360,
			240,
			0,
			0,
			1
		]
	}))
};
/** Camera-to-world poses of all views of an agent. */
function cameraPoses(rig, agent) {
	return rig.views.map((view) => multiply(agent, view.viewToAgent));
}
// src/world/cameras.ts
/** What a pinhole camera sees, by the same model as the nodes: pixel = K * (world point in the camera's frame). */
/** Nearer than this many metres nothing is drawn. */
var NEAR = .05;
/** Where a point given in the camera's own frame appears. */
function projectLocal(camera, [x, y, z]) {
	const k = camera.intrinsics;
	return {
		u: (k[0] * x + k[1] * y + k[2] * z) / z,
		v: (k[3] * x + k[4] * y + k[5] * z) / z,
		depth: z
	};
}
/** Whether a point of the world lies in the picture. */
function sees(camera, point) {
	const { pose } = camera;
	const [dx, dy, dz] = [
		point[0] - pose[3],
		point[1] - pose[7],
		point[2] - pose[11]
	];
	if (pose[2] * dx + pose[6] * dy + pose[10] * dz <= .05) return false;
	const { u, v } = projectLocal(camera, toLocal(pose, point));
	return u >= 0 && u <= camera.width && v >= 0 && v <= camera.height;
}
/** The part of a line in front of the camera, both ends in its own frame; null where none is. */
function clippedLine(from, to) {
	if (from[2] < .05 && to[2] < .05) return null;
	if (from[2] >= .05 && to[2] >= .05) return [from, to];
	const cut = between$1(from, to);
	return from[2] < .05 ? [cut, to] : [from, cut];
}
/** The part of a flat polygon in front of the camera, corners in its own frame (Sutherland and Hodgman, 1974). */
function clippedPolygon(corners) {
	return corners.flatMap((corner, index) => {
		const before = corners.at(index - 1);
		const kept = [];
		if (corner[2] >= .05 !== before[2] >= .05) kept.push(between$1(before, corner));
		if (corner[2] >= .05) kept.push(corner);
		return kept;
	});
}
function between$1(from, to) {
	const share = (NEAR - from[2]) / (to[2] - from[2]);
	return [
		from[0] + share * (to[0] - from[0]),
		from[1] + share * (to[1] - from[1]),
		NEAR
	];
}
/**
* Bearings in degrees over the ground of the left and the right edge of the picture, at its middle height; null for a
* camera that looks straight up or down.
*/
function fieldOfView(camera) {
	const { pose, intrinsics: k } = camera;
	const [left, right] = [0, camera.width].map((u) => {
		const sideways = (u - k[2]) / k[0];
		const x = sideways * pose[0] + pose[2];
		const z = sideways * pose[8] + pose[10];
		return Math.hypot(x, z) > .001 ? Math.atan2(x, z) * 180 / Math.PI : null;
	});
	if (left == null || right == null) return null;
	return {
		left,
		right: right < left ? right + 360 : right
	};
}
/** Cameras that have a body in their picture, whatever stands before it: its middle or one of its corners. */
function camerasOn(cameras, middle, corners) {
	return cameras.filter((camera) => sees(camera, middle) || corners.some((corner) => sees(camera, corner)));
}
/** The eight corners of a body in the world: rear ones first, below and above in turn. */
function boxCorners(pose, { size, centre }) {
	const signs = [-.5, .5];
	return signs.flatMap((along) => signs.flatMap((across) => signs.map((up) => toWorld(pose, [
		centre[0] + across * size[0],
		centre[1] + up * size[1],
		centre[2] + along * size[2]
	]))));
}
/** Whether the line from a camera to a point passes over a footprint, heights left aside. */
function crosses(footprint, camera, to) {
	const x = camera.pose[3];
	const z = camera.pose[11];
	if (isApart(footprint, x, z, to[0] - x, to[2] - z)) return false;
	const around = corners(footprint);
	return around.some((corner, index) => {
		const next = around[(index + 1) % around.length];
		return side(x, z, to[0], to[2], corner) !== side(x, z, to[0], to[2], next) && side(...corner, ...next, [x, z]) !== side(...corner, ...next, [to[0], to[2]]);
	});
}
/** Whether a line from (x, z) by (dx, dz) keeps out of the circle around a footprint, as nearly all do. */
function isApart({ centre, halfWidth, halfLength }, x, z, dx, dz) {
	const cx = centre[0] - x;
	const cz = centre[1] - z;
	const along = Math.min(Math.max((cx * dx + cz * dz) / (dx * dx + dz * dz || 1), 0), 1);
	const missX = cx - along * dx;
	const missZ = cz - along * dz;
	return missX * missX + missZ * missZ > halfWidth * halfWidth + halfLength * halfLength;
}
/** On which side of the line from a to b a point lies. */
function side(ax, az, bx, bz, [x, z]) {
	return Math.sign((bx - ax) * (z - az) - (bz - az) * (x - ax));
}
var BEARINGS = Array.from({ length: 24 }, (_, step) => step * 15);
var DIRECTIONS = BEARINGS.map((bearing) => {
	const angle = bearing * Math.PI / 180;
	return [Math.sin(angle), Math.cos(angle)];
});
var RINGS = Array.from({ length: 6 }, (_, ring) => 30 * (ring + .5) / 6);
/** The ground that an agent's cameras see, heights left aside. */
var Coverage = class {
	#x;
	#z;
	#fields;
	/** Which of `BEARINGS` are in view. */
	#around;
	constructor(cameras) {
		this.#x = cameras[0].pose[3];
		this.#z = cameras[0].pose[11];
		this.#fields = cameras.flatMap((camera) => {
			const field = fieldOfView(camera);
			return field ? [{
				left: field.left,
				width: field.right - field.left
			}] : [];
		});
		this.#around = BEARINGS.map((bearing) => this.#isAt(bearing));
	}
	/** Share of the ground within `SIGHT` of either that is seen by one of both, and is seen by both. */
	overlapWith(other) {
		if (Math.hypot(other.#x - this.#x, other.#z - this.#z) >= 60) return 0;
		const [here, there] = [this.#seenBy(other), other.#seenBy(this)];
		const either = here.seen + there.seen;
		return either > 0 ? (here.both + there.both) / either : 0;
	}
	/** How much ground around here is in view, and how much of it in view from the other. */
	#seenBy(other) {
		let [seen, both] = [0, 0];
		this.#around.forEach((isInView, index) => {
			if (!isInView) return;
			const [sine, cosine] = DIRECTIONS[index];
			for (const distance of RINGS) {
				seen += distance;
				if (other.#holds(this.#x + distance * sine, this.#z + distance * cosine)) both += distance;
			}
		});
		return {
			seen,
			both
		};
	}
	#holds(x, z) {
		const [dx, dz] = [x - this.#x, z - this.#z];
		return dx * dx + dz * dz <= 900 && this.#isAt(Math.atan2(dx, dz) * 180 / Math.PI);
	}
	#isAt(bearing) {
		return this.#fields.some(({ left, width }) => ((bearing - left) % 360 + 360) % 360 <= width);
	}
};
// src/editor/meetings.ts
/** Frames for which the overlap of views is computed at most; it changes slowly, and long clips must stay quick. */
var FINEST_OVERLAPS = 160;
function meetingsOf(agents, walls) {
	return agents.flatMap((one, first) => agents.slice(first + 1).map((two, offset) => {
		const second = first + 1 + offset;
		const { separations, overlaps, there, back } = pairOf(one, two, walls);
		const others = agents.filter((_, index) => index !== first && index !== second);
		const firstSees = there.map((view, frame) => isFree(view, two, others, frame));
		const secondSees = back.map((view, frame) => isFree(view, one, others, frame));
		return {
			first,
			second,
			separations,
			firstSees,
			secondSees,
			hidden: there.map(({ isInPicture }, frame) => isInPicture && !firstSees[frame] || back[frame].isInPicture && !secondSees[frame]),
			overlaps
		};
	}));
}
/** Pairs by both agents' motions, of which a drag changes few; they go with the motions. */
var pairs = /* @__PURE__ */ new WeakMap();
function pairOf(one, two, walls) {
	let known = pairs.get(one);
	if (!known) pairs.set(one, known = /* @__PURE__ */ new WeakMap());
	const before = known.get(two);
	if (before?.walls === walls) return before.pair;
	const pair = newPair(one, two, walls);
	known.set(two, {
		walls,
		pair
	});
	return pair;
}
function newPair(one, two, walls) {
	const stride = Math.ceil(one.moments.length / FINEST_OVERLAPS);
	const overlaps = [];
	one.moments.forEach(({ coverage }, frame) => {
		overlaps.push(frame % stride === 0 ? coverage.overlapWith(two.moments[frame].coverage) : overlaps.at(-1));
	});
	return {
		separations: one.moments.map(({ footprint }, frame) => separation(footprint, two.moments[frame].footprint)),
		overlaps,
		there: looks(one, two, walls),
		back: looks(two, one, walls)
	};
}
function looks(from, to, walls) {
	return from.moments.map(({ cameras }, frame) => {
		const { middle, corners } = to.moments[frame];
		const showing = camerasOn(cameras, middle, corners);
		const isOpen = ({ pose }) => !walls?.hides(positionOf(pose), middle);
		return {
			isInPicture: showing.length > 0,
			cameras: showing.filter(isOpen)
		};
	});
}
/** Whether a look reaches the other past all further agents. */
function isFree({ cameras }, to, others, frame) {
	const { middle } = to.moments[frame];
	return cameras.some((camera) => !others.some((agent) => crosses(agent.moments[frame].footprint, camera, middle)));
}
// src/editor/motion.ts
/** Stands in for an agent's body where none is given, as in Python's pictures. */
var UNKNOWN_BODY = {
	size: [
		1,
		1,
		1
	],
	centre: [
		0,
		-.5,
		0
	]
};
function bodyOf(agent) {
	return agent.body ?? UNKNOWN_BODY;
}
/** The cameras of an agent at a pose, in the order of its views. */
function camerasOf(agent, pose) {
	const rig = agent.rig ?? CAR_RIG;
	return cameraPoses(rig, pose).map((camera, index) => ({
		pose: camera,
		intrinsics: rig.views[index].intrinsics,
		width: rig.width,
		height: rig.height
	}));
}
/** @param before motion with the same frames and rate: agents that did not change since are taken from it. */
function motionOf(drawing, frames, frameRate, walls, before = null) {
	const known = new Map(before?.agents.map((motion) => [motion.agent, motion]));
	const agents = drawing.agents.map((agent) => known.get(agent) ?? agentMotion(agent, frames, frameRate));
	return {
		agents,
		meetings: meetingsOf(agents, walls)
	};
}
function agentMotion(agent, frames, frameRate) {
	const path = pathOf(agent);
	const poses = Array.from({ length: frames }, (_, frame) => path.poseAt(frame / frameRate));
	const speeds = [];
	const turns = [];
	poses.slice(1).forEach((pose, index) => {
		const before = poses[index];
		speeds.push(Math.hypot(pose[3] - before[3], pose[7] - before[7], pose[11] - before[11]) * frameRate);
		turns.push(wrapped(headingOf(pose) - headingOf(before)));
	});
	const end = (frames - 1) / frameRate;
	const left = Math.ceil((agent.waypoints.at(-1).time - end) * frameRate);
	const beyond = left > 0 ? Array.from({ length: left + 1 }, (_, frame) => path.poseAt(end + frame / frameRate)) : [];
	const moments = poses.map((pose) => momentOf(agent, pose));
	return {
		agent,
		poses,
		speeds: [...speeds, speeds.at(-1) ?? 0],
		turns: [...turns, 0],
		beyond,
		moments
	};
}
function momentOf(agent, pose) {
	const body = bodyOf(agent);
	const cameras = camerasOf(agent, pose);
	return {
		cameras,
		coverage: new Coverage(cameras),
		footprint: footprint(pose, body),
		middle: toWorld(pose, body.centre),
		corners: boxCorners(pose, body)
	};
}
// src/editor/map_hits.ts
/** What lies under the pointer on the map. */
var REACH$2 = 9;
function hitAt(state, motion, view, pixel) {
	return knobAt(state, motion, view, pixel) ?? waypointNear(state, view, pixel) ?? bodyAt(state, motion, view, pixel) ?? pathAt(state, motion, view, pixel) ?? { kind: "nothing" };
}
/** Where the knob is that turns a waypoint, in pixels. */
function knobOf(state, motion, view, place) {
	const waypoint = waypointAt(state.drawing, place);
	if (!waypoint) return null;
	const yaw = (waypoint.yaw ?? headingAt(motion, place.agent, waypoint.time * state.frameRate)) * (Math.PI / 180);
	const [x, y] = view.toPixel([waypoint.position[0], waypoint.position[2]]);
	return [x + 34 * Math.sin(yaw), y - 34 * Math.cos(yaw)];
}
function headingAt(motion, agent, frame) {
	const poses = motion.agents[agent]?.poses;
	if (!poses) return 0;
	return headingOf(poses[Math.min(Math.max(Math.round(frame), 0), poses.length - 1)]);
}
function knobAt(state, motion, view, pixel) {
	if (state.selection.length !== 1) return null;
	const place = state.selection[0];
	const knob = knobOf(state, motion, view, place);
	return knob && apart(knob, pixel) < REACH$2 ? {
		kind: "yaw",
		place
	} : null;
}
function waypointNear(state, view, pixel) {
	let nearest = REACH$2;
	let hit = null;
	state.drawing.agents.forEach((agent, index) => {
		agent.waypoints.forEach(({ position }, waypoint) => {
			const distance = apart(view.toPixel([position[0], position[2]]), pixel);
			if (distance < nearest || distance === nearest && index === state.agent) {
				nearest = distance;
				hit = {
					kind: "waypoint",
					place: {
						agent: index,
						waypoint
					}
				};
			}
		});
	});
	return hit;
}
function bodyAt(state, motion, view, pixel) {
	const [x, z] = view.toGround(pixel);
	const agent = motion.agents.findIndex(({ agent, poses }) => {
		return contains(corners(footprint(poses[state.playhead] ?? poses.at(-1), bodyOf(agent))), [x, z]);
	});
	return agent >= 0 ? {
		kind: "body",
		agent
	} : null;
}
function pathAt(state, motion, view, pixel) {
	let nearest = REACH$2;
	let hit = null;
	motion.agents.forEach(({ poses }, agent) => {
		for (let frame = 0; frame + 1 < poses.length; frame++) {
			const { distance, share } = toSegment(pixel, view.toPixel([poses[frame][3], poses[frame][11]]), view.toPixel([poses[frame + 1][3], poses[frame + 1][11]]));
			if (distance < nearest) {
				nearest = distance;
				hit = {
					kind: "path",
					agent,
					time: (frame + share) / state.frameRate
				};
			}
		}
	});
	return hit;
}
function toSegment(point, from, to) {
	const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
	const length = dx * dx + dy * dy;
	const along = length > 0 ? ((point[0] - from[0]) * dx + (point[1] - from[1]) * dy) / length : 0;
	const share = Math.min(Math.max(along, 0), 1);
	return {
		distance: apart(point, [from[0] + share * dx, from[1] + share * dy]),
		share
	};
}
function contains(around, [x, z]) {
	const sides = around.map((corner, index) => {
		const next = around[(index + 1) % around.length];
		return Math.sign((next[0] - corner[0]) * (z - corner[1]) - (next[1] - corner[1]) * (x - corner[0]));
	});
	return sides.every((side) => side >= 0) || sides.every((side) => side <= 0);
}
function apart(first, second) {
	return Math.hypot(first[0] - second[0], first[1] - second[1]);
}
// src/appearance/shapes.ts
function dot(context, [x, y], radius) {
	context.beginPath();
	context.arc(x, y, radius, 0, 2 * Math.PI);
	context.fill();
}
function triangle(context, [x, y], size) {
	context.beginPath();
	context.moveTo(x, y - size);
	context.lineTo(x + size, y + size * .8);
	context.lineTo(x - size, y + size * .8);
	context.closePath();
	context.fill();
}
function cross(context, [x, y], size, color) {
	context.strokeStyle = color;
	context.lineWidth = 2.2;
	context.beginPath();
	context.moveTo(x - size, y - size);
	context.lineTo(x + size, y + size);
	context.moveTo(x + size, y - size);
	context.lineTo(x - size, y + size);
	context.stroke();
}
/** The outline of a diamond, to be filled or stroked. */
function diamond(context, [x, y], size) {
	context.beginPath();
	context.moveTo(x, y - size);
	context.lineTo(x + size, y);
	context.lineTo(x, y + size);
	context.lineTo(x - size, y);
	context.closePath();
}
// src/editor/map_picture.ts
/** The map's picture: grid, paths, views, bodies, and how agents meet. */
/** Pixels between marks of jumps, so that many of them leave the path to be seen. */
var APART$1 = 18;
function drawMap(scene) {
	const { context, view, theme, motion } = scene;
	context.fillStyle = theme.ground;
	context.fillRect(0, 0, ...view.size);
	drawGrid(scene);
	drawCloud(scene);
	drawViews(scene);
	motion.agents.forEach((agent, index) => {
		drawPath(scene, agent, index);
	});
	drawSight(scene);
	motion.agents.forEach((agent, index) => {
		drawBody(scene, agent, index);
		drawWaypoints(scene, index);
	});
	drawKnob(scene);
	drawCollisions(scene);
	drawNames(scene);
	drawScale(scene);
	if (scene.marquee) drawMarquee(scene, scene.marquee);
}
function drawGrid({ context, view, theme }) {
	const spacing = view.gridSpacing(14);
	const [left, top] = view.toGround([0, 0]);
	const [right, bottom] = view.toGround([...view.size]);
	const lines = (from, to, draw) => {
		for (let number = Math.ceil(from / spacing); number * spacing <= to; number++) draw(number * spacing, number % 5 === 0);
	};
	for (const strong of [false, true]) {
		context.beginPath();
		lines(left, right, (x, isStrong) => {
			if (isStrong !== strong) return;
			const pixel = Math.round(view.toPixel([x, 0])[0]) + .5;
			context.moveTo(pixel, 0);
			context.lineTo(pixel, view.size[1]);
		});
		lines(bottom, top, (z, isStrong) => {
			if (isStrong !== strong) return;
			const pixel = Math.round(view.toPixel([0, z])[1]) + .5;
			context.moveTo(0, pixel);
			context.lineTo(view.size[0], pixel);
		});
		context.strokeStyle = strong ? theme.strongGrid : theme.grid;
		context.lineWidth = 1;
		context.stroke();
	}
	context.fillStyle = theme.faintInk;
	context.font = "10px system-ui, sans-serif";
	context.textAlign = "left";
	context.textBaseline = "top";
	lines(left, right, (x, strong) => {
		if (strong) context.fillText(metres(x), view.toPixel([x, 0])[0] + 3, 3);
	});
	context.textBaseline = "bottom";
	lines(bottom, top, (z, strong) => {
		if (strong) context.fillText(metres(z), 3, view.toPixel([0, z])[1] - 2);
	});
}
function metres(value) {
	return String(Math.round(value * 100) / 100);
}
/** Points of a connected scene from above. */
function drawCloud({ context, view, state, cloud }) {
	const picture = state.cloud && cloud.of(state.cloud, view, context.getTransform().a);
	if (picture) context.drawImage(picture, 0, 0, ...view.size);
}
/** Wedges of the fields of view at the playhead, and where those of two agents overlap. */
function drawViews(scene) {
	const { context, theme, motion, state } = scene;
	drawOverlaps(scene, motion.agents.map(({ moments }, index) => {
		const area = new Path2D();
		moments[state.playhead].cameras.forEach((camera, view) => {
			const field = fieldOfView(camera);
			if (!field) return;
			const wedge = wedgePath(scene, [camera.pose[3], camera.pose[11]], field.left, field.right);
			area.addPath(wedge);
			const color = agentColor(index, theme.dark);
			context.fillStyle = translucent(color, view === 0 ? .13 : .05);
			context.fill(wedge);
			context.strokeStyle = translucent(color, .28);
			context.lineWidth = 1;
			context.stroke(wedge);
		});
		return area;
	}));
}
/** Ground that two agents or more see, in one tint however many they are. */
function drawOverlaps({ context, view, theme, overlaps }, areas) {
	overlaps.width = context.canvas.width;
	overlaps.height = context.canvas.height;
	const layer = overlaps.getContext("2d");
	layer.setTransform(context.getTransform());
	layer.fillStyle = theme.overlap;
	const before = new Path2D();
	for (const area of areas) {
		layer.save();
		layer.clip(area);
		layer.fill(before);
		layer.restore();
		before.addPath(area);
	}
	context.globalAlpha = theme.overlapOpacity;
	context.drawImage(overlaps, 0, 0, ...view.size);
	context.globalAlpha = 1;
}
function wedgePath({ view }, origin, left, right) {
	const [x, y] = view.toPixel(origin);
	const angle = (bearing) => (bearing - 90) * Math.PI / 180;
	const path = new Path2D();
	path.moveTo(x, y);
	path.arc(x, y, 30 * view.scale, angle(left), angle(right));
	path.closePath();
	return path;
}
/** The path, thicker up to the playhead, with a dot every second; dotted where it goes on after the last frame. */
function drawPath(scene, agent, index) {
	const { context, view, theme, state } = scene;
	const { poses, beyond } = agent;
	const color = agentColor(index, theme.dark);
	const pixel = (frame) => view.toPixel([poses[frame][3], poses[frame][11]]);
	context.lineJoin = "round";
	context.lineCap = "round";
	drawSpeedBands(scene, agent);
	context.strokeStyle = translucent(color, index === state.agent ? .95 : .7);
	context.lineWidth = index === state.agent ? 2.5 : 2;
	strokePoses(scene, poses);
	context.lineWidth = index === state.agent ? 4.5 : 4;
	strokePoses(scene, poses.slice(0, state.playhead + 1));
	context.lineWidth = 1.5;
	context.setLineDash([1, 5]);
	strokePoses(scene, beyond);
	context.setLineDash([]);
	context.fillStyle = color;
	for (let second = 1; second * state.frameRate < poses.length - 1; second++) dot(context, pixel(Math.round(second * state.frameRate)), 2.6);
	drawJumps(scene, agent);
}
function strokePoses(scene, poses) {
	scene.context.beginPath();
	for (const pose of poses) scene.context.lineTo(...middle(scene, pose));
	scene.context.stroke();
}
/** Wide bands where the agent is slower or faster than the limits. */
function drawSpeedBands(scene, { poses, speeds }) {
	const { context, theme, state } = scene;
	const { slowest, fastest } = state.drawing.limits;
	const outside = speeds.slice(0, -1).map((speed) => speed > .001 && (speed > fastest || speed < slowest));
	context.strokeStyle = translucent(theme.caution, .4);
	context.lineWidth = 11;
	context.lineCap = "butt";
	outside.forEach((marked, frame) => {
		if (!marked || outside[frame - 1]) return;
		const end = outside.indexOf(false, frame);
		strokePoses(scene, poses.slice(frame, (end < 0 ? outside.length : end) + 1));
	});
	context.lineCap = "round";
}
/** Triangles where the agent moves or turns too much for one frame. */
function drawJumps(scene, { poses, speeds, turns }) {
	const { context, theme, state } = scene;
	const { step, turn } = state.drawing.limits;
	context.fillStyle = theme.caution;
	let last = [Number.NEGATIVE_INFINITY, 0];
	speeds.slice(0, -1).forEach((speed, frame) => {
		const tooMuch = speed / state.frameRate > step || Math.abs(turns[frame]) > turn;
		const place = middle(scene, poses[frame]);
		if (!tooMuch || Math.hypot(place[0] - last[0], place[1] - last[1]) < APART$1) return;
		triangle(context, place, 5);
		last = place;
	});
}
/** Lines between agents: solid where both see each other, dashed where one does, crossed out where something hides. */
function drawSight(scene) {
	const { motion, state } = scene;
	const frame = state.playhead;
	for (const meeting of motion.meetings) {
		const ends = [meeting.first, meeting.second].map((agent) => middle(scene, motion.agents[agent].poses[frame]));
		const seen = Number(meeting.firstSees[frame]) + Number(meeting.secondSees[frame]);
		if (seen > 0 || meeting.hidden[frame]) drawSightLine(scene, ends[0], ends[1], seen, meeting.hidden[frame]);
	}
}
function drawSightLine({ context, theme }, from, to, seen, hidden) {
	context.setLineDash(seen === 2 ? [] : hidden ? [2, 5] : [7, 5]);
	context.strokeStyle = translucent(theme.sight, hidden ? .55 : .8);
	context.lineWidth = seen === 2 ? 1.6 : 1.3;
	context.beginPath();
	context.moveTo(...from);
	context.lineTo(...to);
	context.stroke();
	context.setLineDash([]);
	if (hidden) cross(context, [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2], 5, theme.sight);
}
function middle({ view }, pose) {
	return view.toPixel([pose[3], pose[11]]);
}
function drawBody({ context, view, theme, state }, { agent, poses }, index) {
	const body = footprint(poses[state.playhead], bodyOf(agent));
	const around = corners(body).map((corner) => view.toPixel(corner));
	context.beginPath();
	for (const corner of around) context.lineTo(...corner);
	context.closePath();
	context.fillStyle = agentColor(index, theme.dark);
	context.fill();
	context.strokeStyle = theme.ground;
	context.lineWidth = 1.5;
	context.stroke();
	const [x, z] = body.centre;
	const [fx, fz] = body.forward;
	const at = (along, across) => view.toPixel([x + along * body.halfLength * fx + across * body.halfWidth * fz, z + along * body.halfLength * fz - across * body.halfWidth * fx]);
	context.beginPath();
	context.moveTo(...at(.8, 0));
	context.lineTo(...at(.2, .65));
	context.lineTo(...at(.2, -.65));
	context.closePath();
	context.fillStyle = theme.ground;
	context.fill();
}
function drawWaypoints({ context, view, theme, state }, index) {
	const color = agentColor(index, theme.dark);
	state.drawing.agents[index].waypoints.forEach(({ position, yaw }, waypoint) => {
		const [x, y] = view.toPixel([position[0], position[2]]);
		const chosen = isChosen(state.selection, {
			agent: index,
			waypoint
		});
		if (yaw !== null) {
			const angle = yaw * Math.PI / 180;
			context.strokeStyle = color;
			context.lineWidth = 2;
			context.beginPath();
			context.moveTo(x, y);
			context.lineTo(x + 16 * Math.sin(angle), y - 16 * Math.cos(angle));
			context.stroke();
		}
		context.beginPath();
		context.arc(x, y, chosen ? 6.5 : 5, 0, 2 * Math.PI);
		context.fillStyle = chosen ? theme.selection : theme.ground;
		context.fill();
		context.lineWidth = chosen ? 3 : 2;
		context.strokeStyle = color;
		context.stroke();
	});
}
/** The knob that turns the one chosen waypoint. */
function drawKnob({ context, view, theme, state, motion }) {
	if (state.selection.length !== 1) return;
	const place = state.selection[0];
	const knob = knobOf(state, motion, view, place);
	const waypoint = state.drawing.agents[place.agent]?.waypoints[place.waypoint];
	if (!knob || !waypoint) return;
	const from = view.toPixel([waypoint.position[0], waypoint.position[2]]);
	context.strokeStyle = theme.selection;
	context.lineWidth = 1;
	context.setLineDash(waypoint.yaw === null ? [3, 3] : []);
	context.beginPath();
	context.moveTo(...from);
	context.lineTo(...knob);
	context.stroke();
	context.setLineDash([]);
	context.beginPath();
	context.arc(...knob, 4.5, 0, 2 * Math.PI);
	context.fillStyle = waypoint.yaw === null ? theme.ground : theme.selection;
	context.fill();
	context.stroke();
}
function drawCollisions(scene) {
	const { context, theme, motion, state } = scene;
	for (const { first, second, separations } of motion.meetings) {
		if (separations[state.playhead] > 0) continue;
		const places = [first, second].map((agent) => middle(scene, motion.agents[agent].poses[state.playhead]));
		const [x, y] = [(places[0][0] + places[1][0]) / 2, (places[0][1] + places[1][1]) / 2];
		context.beginPath();
		context.arc(x, y, 11, 0, 2 * Math.PI);
		context.fillStyle = theme.ground;
		context.fill();
		context.strokeStyle = theme.danger;
		context.lineWidth = 2.5;
		context.stroke();
		cross(context, [x, y], 4.5, theme.danger);
	}
}
function drawNames(scene) {
	const { context, view, theme, state, motion } = scene;
	context.font = "600 11px system-ui, sans-serif";
	context.textAlign = "left";
	context.textBaseline = "middle";
	motion.agents.forEach(({ agent, poses }, index) => {
		const [x, y] = middle(scene, poses[state.playhead]);
		const side = Math.max(bodyOf(agent).size[0], bodyOf(agent).size[2]) * view.scale * .5 + 8;
		const width = context.measureText(agent.name).width + 10;
		const left = x + side + width > view.size[0] ? x - side - width : x + side;
		context.fillStyle = translucent(theme.dark ? "#1b1c20" : "#ffffff", .85);
		context.beginPath();
		context.roundRect(left, y - 9, width, 18, 4);
		context.fill();
		context.strokeStyle = agentColor(index, theme.dark);
		context.lineWidth = 1.2;
		context.stroke();
		context.fillStyle = theme.ink;
		context.fillText(agent.name, left + 5, y + .5);
	});
}
/** A bar of a round number of metres in the lower right corner. */
function drawScale({ context, view, theme }) {
	const length = view.gridSpacing(60);
	const [right, bottom] = [view.size[0] - 12, view.size[1] - 12];
	const left = right - length * view.scale;
	context.strokeStyle = theme.ink;
	context.lineWidth = 1.5;
	context.beginPath();
	context.moveTo(left, bottom - 5);
	context.lineTo(left, bottom);
	context.lineTo(right, bottom);
	context.lineTo(right, bottom - 5);
	context.stroke();
	context.fillStyle = theme.ink;
	context.font = "11px system-ui, sans-serif";
	context.textAlign = "center";
	context.textBaseline = "bottom";
	context.fillText(`${metres(length)} m`, (left + right) / 2, bottom - 3);
}
function drawMarquee({ context, theme }, [left, top, right, bottom]) {
	context.fillStyle = translucent(theme.selection, .08);
	context.strokeStyle = translucent(theme.selection, .7);
	context.lineWidth = 1;
	context.fillRect(left, top, right - left, bottom - top);
	context.strokeRect(left, top, right - left, bottom - top);
}
// src/editor/map_view.ts
/** Which part of the ground the map shows: x to the right, z upwards. */
var NEAREST = 400;
var FARTHEST = .5;
var MapView = class {
	#middle = [0, 0];
	/** Pixels per metre. */
	#scale = 10;
	#size = [1, 1];
	get scale() {
		return this.#scale;
	}
	get size() {
		return this.#size;
	}
	resize(width, height) {
		this.#size = [Math.max(1, width), Math.max(1, height)];
	}
	toPixel([x, z]) {
		return [this.#size[0] / 2 + (x - this.#middle[0]) * this.#scale, this.#size[1] / 2 - (z - this.#middle[1]) * this.#scale];
	}
	toGround([x, y]) {
		return [this.#middle[0] + (x - this.#size[0] / 2) / this.#scale, this.#middle[1] - (y - this.#size[1] / 2) / this.#scale];
	}
	pan(dx, dy) {
		this.#middle = [this.#middle[0] - dx / this.#scale, this.#middle[1] + dy / this.#scale];
	}
	/** Zoom by a factor; the ground under a pixel stays where it is. */
	zoom(factor, pixel = [this.#size[0] / 2, this.#size[1] / 2]) {
		const fixed = this.toGround(pixel);
		this.#scale = Math.min(Math.max(this.#scale * factor, FARTHEST), NEAREST);
		const moved = this.toGround(pixel);
		this.#middle = [this.#middle[0] + fixed[0] - moved[0], this.#middle[1] + fixed[1] - moved[1]];
	}
	/** Show all waypoints with room around them; an empty drawing shows 40 m. */
	fit(drawing) {
		const points = drawing.agents.flatMap((agent) => agent.waypoints.map(({ position }) => [position[0], position[2]]));
		const [low, high] = [Math.min, Math.max].map((extreme) => {
			return points.length > 0 ? [extreme(...points.map(([x]) => x)), extreme(...points.map(([, z]) => z))] : [extreme(-16, 16), extreme(-16, 16)];
		});
		const [width, height] = [high[0] - low[0] + 10, high[1] - low[1] + 10];
		this.#middle = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2];
		this.#scale = Math.min(Math.max(Math.min(this.#size[0] / width, this.#size[1] / height), FARTHEST), 40);
	}
	/** Metres between grid lines: 1, 2 or 5 times a power of ten, so that lines are at least `pixels` apart. */
	gridSpacing(pixels) {
		return roundStep(pixels / this.#scale);
	}
};
// src/editor/map.ts
/** The map: a picture of the ground that waypoints are set and dragged on. */
var MARQUEE_LEAST = 4;
var GroundMap = class {
	state;
	keyboard;
	view = new MapView();
	canvas = element("canvas", "editor-map");
	#motion = {
		agents: [],
		meetings: []
	};
	#cloud = new CloudPicture();
	#overlaps = document.createElement("canvas");
	#drag = null;
	#fitted = false;
	#gesture = 0;
	constructor(state, keyboard) {
		this.state = state;
		this.keyboard = keyboard;
		this.canvas.addEventListener("pointerdown", (event) => this.#press(event));
		this.canvas.addEventListener("pointermove", (event) => this.#move(event));
		this.canvas.addEventListener("pointerup", (event) => this.#release(event));
		this.canvas.addEventListener("pointercancel", (event) => this.#release(event));
		this.canvas.addEventListener("dblclick", (event) => this.#doublePress(event));
		this.canvas.addEventListener("contextmenu", (event) => event.preventDefault());
		captureWheel(this.canvas, (event) => {
			const step = event.deltaMode === 1 ? 24 * event.deltaY : event.deltaY;
			this.view.zoom(Math.exp(-step * .0015), pixelOf(this.canvas, event));
			this.state.changed();
		});
	}
	draw(motion) {
		this.#motion = motion;
		if (this.canvas.clientWidth === 0) return;
		const { context, size } = fitCanvas(this.canvas);
		this.view.resize(...size);
		if (!this.#fitted) this.view.fit(this.state.drawing);
		this.#fitted = true;
		drawMap({
			context,
			view: this.view,
			theme: currentTheme(),
			state: this.state,
			motion,
			cloud: this.#cloud,
			overlaps: this.#overlaps,
			marquee: this.#drag?.kind === "marquee" ? [...this.#drag.from, ...this.#drag.to] : null
		});
	}
	/** Show all waypoints when the map is drawn next, at the size that it has then. */
	fit() {
		this.#fitted = false;
	}
	/** A place on the ground, on the grid if the editor snaps to it. */
	snapped([x, z], free = false) {
		if (!this.state.snap || free) return [rounded(x), rounded(z)];
		const step = this.snapStep();
		return [rounded(Math.round(x / step) * step), rounded(Math.round(z / step) * step)];
	}
	/** Metres between the places that waypoints snap to: half a grid cell at most, so that it follows the zoom. */
	snapStep() {
		return Math.min(Math.max(this.view.gridSpacing(14) / 2, .05), 1);
	}
	#press(event) {
		event.preventDefault();
		this.keyboard.focus({ preventScroll: true });
		this.canvas.setPointerCapture(event.pointerId);
		const pixel = pixelOf(this.canvas, event);
		this.#gesture++;
		if (event.button === 1 || event.button === 2) {
			this.#drag = {
				kind: "pan",
				last: pixel
			};
			return;
		}
		if (this.state.tool === "draw") {
			this.addWaypoint(pixel, event.altKey);
			return;
		}
		this.#pressOn(hitAt(this.state, this.#motion, this.view, pixel), pixel, event.shiftKey);
	}
	#pressOn(hit, pixel, adding) {
		const { state } = this;
		if (hit.kind === "yaw") {
			this.#drag = { kind: "yaw" };
			return;
		}
		if (hit.kind === "nothing") {
			this.#drag = {
				kind: "marquee",
				from: pixel,
				to: pixel,
				before: adding ? state.selection : []
			};
			if (!adding) state.select([]);
			return;
		}
		const chosen = hit.kind === "waypoint" ? [hit.place] : everyWaypoint(state.drawing, agentOf(hit));
		const already = chosen.every((place) => isChosen(state.selection, place));
		let onRelease = null;
		if (adding) state.select(chosen.reduce((all, place) => already ? toggled(all, place) : merged(all, place), state.selection));
		else if (already) {
			onRelease = chosen;
			state.select(state.selection, agentOf(hit));
		} else state.select(chosen);
		const [x, z] = this.#placeOf(hit.kind === "waypoint" ? hit.place : {
			agent: agentOf(hit),
			waypoint: 0
		});
		this.#drag = {
			kind: "move",
			from: pixel,
			moved: false,
			handle: {
				x,
				z
			},
			onRelease
		};
	}
	#placeOf(place) {
		const [x, , z] = this.state.drawing.agents[place.agent].waypoints[place.waypoint].position;
		return [x, z];
	}
	#move(event) {
		const pixel = pixelOf(this.canvas, event);
		const drag = this.#drag;
		if (!drag) {
			this.#point(pixel);
			return;
		}
		if (drag.kind === "pan") {
			this.view.pan(pixel[0] - drag.last[0], pixel[1] - drag.last[1]);
			drag.last = pixel;
			this.state.changed();
		} else if (drag.kind === "marquee") {
			drag.to = pixel;
			this.#chooseInMarquee(drag);
		} else if (drag.kind === "yaw") this.#turn(pixel, event.altKey);
		else this.#dragTo(drag, pixel, event.altKey);
	}
	#dragTo(drag, pixel, free) {
		if (!drag.moved && Math.hypot(pixel[0] - drag.from[0], pixel[1] - drag.from[1]) < 3) return;
		drag.moved = true;
		const [fromX, fromZ] = this.view.toGround(drag.from);
		const [toX, toZ] = this.view.toGround(pixel);
		const { handle } = drag;
		const [x, z] = this.snapped([handle.x + toX - fromX, handle.z + toZ - fromZ], free);
		const [dx, dz] = [rounded(x - handle.x), rounded(z - handle.z)];
		if (dx === 0 && dz === 0) return;
		const { state } = this;
		state.edit(moveWaypoints(state.drawing, state.selection, dx, dz), state.selection, `drag ${this.#gesture}`);
		drag.from = this.view.toPixel([fromX + dx, fromZ + dz]);
		drag.handle = {
			x,
			z
		};
	}
	#turn(pixel, free) {
		const { state } = this;
		const [place] = state.selection;
		if (!place) return;
		const [x, z] = this.#placeOf(place);
		const [toX, toZ] = this.view.toGround(pixel);
		const degrees = Math.atan2(toX - x, toZ - z) * 180 / Math.PI;
		const yaw = state.snap && !free ? Math.round(degrees / 5) * 5 : rounded(degrees);
		const turned = changeWaypoints(state.drawing, [place], (waypoint) => ({
			...waypoint,
			yaw
		}));
		state.edit(turned, state.selection, `yaw ${this.#gesture}`);
	}
	#chooseInMarquee({ from, to, before }) {
		const inside = everyWaypoint(this.state.drawing).filter((place) => {
			const [x, y] = this.view.toPixel(this.#placeOf(place));
			return between(from[0], x, to[0]) && between(from[1], y, to[1]);
		});
		this.state.select(inside.reduce(merged, before));
	}
	#release(event) {
		const drag = this.#drag;
		this.#drag = null;
		if (this.canvas.hasPointerCapture(event.pointerId)) this.canvas.releasePointerCapture(event.pointerId);
		if (drag?.kind === "move" && !drag.moved && drag.onRelease) this.state.select(drag.onRelease);
		if (drag?.kind === "marquee" && Math.hypot(drag.to[0] - drag.from[0], drag.to[1] - drag.from[1]) < MARQUEE_LEAST) this.state.select(drag.before);
		this.state.endMerge();
		this.state.changed();
	}
	#doublePress(event) {
		if (this.state.tool === "draw") return;
		const pixel = pixelOf(this.canvas, event);
		const hit = hitAt(this.state, this.#motion, this.view, pixel);
		if (hit.kind === "path") this.#insertOnPath(hit.agent, hit.time, pixel);
		else if (hit.kind === "nothing") this.addWaypoint(pixel, event.altKey);
	}
	#insertOnPath(agent, time, pixel) {
		const [drawing, place] = insertAt(this.state.drawing, agent, time, this.snapped(this.view.toGround(pixel)));
		this.state.edit(drawing, place ? [place] : []);
	}
	/** A waypoint at a place of the map: behind the last one of the chosen agent, or the first of a new agent. */
	addWaypoint(pixel, free = false) {
		const { state } = this;
		const [x, z] = this.snapped(this.view.toGround(pixel), free);
		if (state.agent < 0 || state.startsAgent) {
			state.startsAgent = false;
			state.edit(addAgent(state.drawing, [
				x,
				0,
				z
			]), [{
				agent: state.drawing.agents.length,
				waypoint: 0
			}]);
			return;
		}
		const y = state.drawing.agents[state.agent].waypoints.at(-1).position[1];
		const [drawing, place] = append(state.drawing, state.agent, [
			x,
			y,
			z
		]);
		state.edit(drawing, [place]);
	}
	#point(pixel) {
		const { kind } = hitAt(this.state, this.#motion, this.view, pixel);
		const shapes = {
			waypoint: "move",
			body: "move",
			path: "pointer",
			yaw: "grab",
			nothing: "default"
		};
		this.canvas.style.cursor = this.state.tool === "draw" ? "crosshair" : shapes[kind];
	}
};
function agentOf(hit) {
	return "place" in hit ? hit.place.agent : hit.agent;
}
function merged(all, place) {
	return isChosen(all, place) ? all : [...all, place];
}
function between(first, value, second) {
	return value >= Math.min(first, second) && value <= Math.max(first, second);
}
// src/editor/occupancy.ts
/** Side of a cell in metres. */
var CELL = .5;
/** Metres above the ground between which points count: the ground itself and roofs hide nobody. */
var LOWEST = .4;
var HIGHEST = 2.2;
/** Points that make a cell a wall; single ones are noise. */
var ENOUGH = 3;
/** Metres around both ends that count as the agents themselves. */
var OWN = 2.5;
var Occupancy = class {
	#cells = /* @__PURE__ */ new Map();
	/** `positions` holds x, y, z of every point in metres, up is -y. */
	constructor(positions) {
		for (let index = 0; index < positions.length; index += 3) {
			const height = -positions[index + 1];
			if (height < LOWEST || height > HIGHEST) continue;
			const key = cellOf(positions[index], positions[index + 2]);
			this.#cells.set(key, (this.#cells.get(key) ?? 0) + 1);
		}
	}
	/** Whether a wall stands on the straight way between two places. */
	hides(from, to) {
		const dx = to[0] - from[0];
		const dz = to[2] - from[2];
		const length = Math.hypot(dx, dz);
		for (let along = OWN; along < length - OWN; along += CELL / 2) {
			const key = cellOf(from[0] + dx * along / length, from[2] + dz * along / length);
			if ((this.#cells.get(key) ?? 0) >= ENOUGH) return true;
		}
		return false;
	}
};
/** One number for a cell, the same for no other within a hundred kilometres. */
function cellOf(x, z) {
	return Math.floor(x / CELL) * 2 ** 20 + Math.floor(z / CELL);
}
// src/editor/player.ts
var Player = class {
	state;
	#timer = 0;
	#since = 0;
	#from = 0;
	constructor(state) {
		this.state = state;
	}
	toggle() {
		if (this.state.playing) this.stop();
		else this.start();
	}
	start() {
		if (this.state.frames < 2) return;
		this.state.playing = true;
		this.#from = this.state.playhead === this.state.frames - 1 ? 0 : this.state.playhead;
		this.#since = performance.now();
		this.#timer = requestAnimationFrame(this.#tick);
		this.state.changed();
	}
	stop() {
		if (!this.state.playing) return;
		cancelAnimationFrame(this.#timer);
		this.state.playing = false;
		this.state.changed();
	}
	#tick = (now) => {
		const { state } = this;
		const passed = (now - this.#since) / 1e3 * state.frameRate;
		state.setPlayhead((this.#from + Math.max(0, Math.floor(passed))) % state.frames);
		this.#timer = requestAnimationFrame(this.#tick);
	};
};
// \0vite/preload-helper.js
var scriptRel = /* @__PURE__ */ (function detectScriptRel() {
	const relList = typeof document !== "undefined" && document.createElement("link").relList;
	return relList && relList.supports && relList.supports("modulepreload") ? "modulepreload" : "preload";
})();
var assetsURL = function(dep, importerUrl) {
	return new URL(dep, importerUrl).href;
};
var seen = {};
var isCssPreloadUrl = function isCssPreloadUrl(url) {
	return url.pathname.endsWith(".css");
};
var preloadOnce = function preloadOnce(seen, href, preload) {
	if (href in seen) return seen[href];
	const promise = preload();
	if (!promise) {
		seen[href] = void 0;
		return;
	}
	const preloadPromise = promise.then(() => {
		seen[href] = void 0;
	}, (err) => {
		seen[href] = void 0;
		throw err;
	});
	seen[href] = preloadPromise;
	return preloadPromise;
};
var __vitePreload = function preload(baseModule, deps, importerUrl) {
	let promise = Promise.resolve();
	if (deps && deps.length > 0) {
		let preloadedHrefs;
		const cspNonceMeta = document.querySelector("meta[property=csp-nonce]");
		const cspNonce = cspNonceMeta?.nonce || cspNonceMeta?.getAttribute("nonce");
		function allSettled(promises) {
			return Promise.all(promises.map((p) => Promise.resolve(p).then((value) => ({
				status: "fulfilled",
				value
			}), (reason) => ({
				status: "rejected",
				reason
			}))));
		}
		function importMetaResolve(specifier) {
			if (import.meta.resolve) return new URL(import.meta.resolve(specifier));
			return new URL(
				specifier,
				/** #__KEEP__ */
				import.meta.url
			);
		}
		promise = allSettled(deps.map((depString) => {
			depString = assetsURL(depString, importerUrl);
			const dep = importMetaResolve(depString);
			const isCss = isCssPreloadUrl(dep);
			return preloadOnce(seen, dep.href, () => {
				if (preloadedHrefs === void 0) {
					preloadedHrefs = {
						all: /* @__PURE__ */ new Set(),
						styles: /* @__PURE__ */ new Set()
					};
					const links = document.getElementsByTagName("link");
					for (let i = links.length - 1; i >= 0; i--) {
						const link = links[i];
						preloadedHrefs.all.add(link.href);
						if (link.rel === "stylesheet") preloadedHrefs.styles.add(link.href);
					}
				}
				if ((isCss ? preloadedHrefs.styles : preloadedHrefs.all).has(dep.href)) return;
				const link = document.createElement("link");
				link.rel = isCss ? "stylesheet" : scriptRel;
				if (!isCss) link.as = "script";
				link.crossOrigin = "";
				link.href = dep.href;
				if (cspNonce) link.setAttribute("nonce", cspNonce);
				document.head.appendChild(link);
				if (isCss) return new Promise((res, rej) => {
					const handleSettle = (e) => {
						link.removeEventListener("load", handleSettle);
						link.removeEventListener("error", handleSettle);
						if (e.type === "error") rej(/* @__PURE__ */ new Error(`Unable to preload CSS for ${dep}`));
						else res(e);
					};
					link.addEventListener("load", handleSettle);
					link.addEventListener("error", handleSettle);
				});
			});
		}).filter((p) => p !== void 0));
	}
	function handlePreloadError(err) {
		const e = new Event("vite:preloadError", { cancelable: true });
		e.payload = err;
		window.dispatchEvent(e);
		if (!e.defaultPrevented) throw err;
	}
	return promise.then((res) => {
		for (const item of res || []) {
			if (item.status !== "rejected") continue;
			handlePreloadError(item.reason);
		}
		return baseModule().catch(handlePreloadError);
	});
};
// src/editor/space_pane.ts
/** The place of the 3D view, which is loaded when it is first shown. */
var SpacePane = class {
	state;
	root = element("div", "editor-space", { hidden: true });
	#view = null;
	#loading = false;
	#disposed = false;
	#motion = {
		agents: [],
		meetings: []
	};
	constructor(state) {
		this.state = state;
	}
	show(shown) {
		this.root.hidden = !shown;
		if (shown && !this.#view && !this.#loading) this.#load();
	}
	draw(motion) {
		this.#motion = motion;
		if (!this.root.hidden) this.#view?.draw(motion);
	}
	dispose() {
		this.#disposed = true;
		this.#view?.dispose();
		this.#view = null;
	}
	async #load() {
		this.#loading = true;
		try {
			const { SpaceView } = await __vitePreload(async () => {
				const { SpaceView } = await import("./space_view-9mP0t-wu.mjs");
				return { SpaceView };
			}, [], import.meta.url);
			if (this.#disposed) return;
			this.#view = new SpaceView(this.root, this.state);
			this.#view.draw(this.#motion);
		} catch (error) {
			const words = text("The 3D view cannot be shown: {0}", error.message);
			this.root.replaceChildren(element("p", "editor-hint", { textContent: words }));
		} finally {
			this.#loading = false;
		}
	}
};
// src/editor/history.ts
/** Undo and redo over values that never change in place. */
var LONGEST = 200;
var History = class {
	present;
	#past = [];
	#future = [];
	#merging = null;
	constructor(present) {
		this.present = present;
	}
	get value() {
		return this.present;
	}
	get canUndo() {
		return this.#past.length > 0;
	}
	get canRedo() {
		return this.#future.length > 0;
	}
	/**
	* Take a new value. Changes with the same `merge` one after another, such as the moves of one drag or one held arrow
	* key, are undone together.
	*/
	push(value, merge = null) {
		if (value === this.present) return;
		if (merge === null || merge !== this.#merging) {
			this.#past.push(this.present);
			if (this.#past.length > LONGEST) this.#past.shift();
		}
		this.#merging = merge;
		this.#future = [];
		this.present = value;
	}
	/** Let the next change be undone by itself. */
	endMerge() {
		this.#merging = null;
	}
	undo() {
		return this.#step(this.#past, this.#future);
	}
	redo() {
		return this.#step(this.#future, this.#past);
	}
	/** Forget all steps and begin with a value that came from outside. */
	reset(value) {
		this.#past = [];
		this.#future = [];
		this.#merging = null;
		this.present = value;
	}
	#step(from, to) {
		if (from.length === 0) return false;
		to.push(this.present);
		this.present = from.pop();
		this.#merging = null;
		return true;
	}
};
// src/editor/state.ts
var EditorState = class {
	#history = new History(EMPTY_DRAWING);
	#listeners = /* @__PURE__ */ new Set();
	#seed = null;
	#selection = [];
	#agent = 0;
	frames = 49;
	frameRate = 8;
	playhead = 0;
	playing = false;
	snap = true;
	tool = "select";
	/** Whether the next waypoint that is drawn begins a new agent. */
	startsAgent = false;
	cloud = null;
	/** Called after a change by the user, with what the graph should hold. */
	onEdit = () => void 0;
	/** What is drawn; while nothing is, the agents that are connected. */
	get drawing() {
		return this.isSeeded ? this.#seed : this.#history.value;
	}
	/** Whether what is shown comes from the connected agents and nothing of it was changed yet. */
	get isSeeded() {
		return this.#seed !== null && this.#history.value.agents.length === 0;
	}
	get seed() {
		return this.#seed;
	}
	get selection() {
		return this.#selection;
	}
	/** The agent that new waypoints go to; -1 where there is none. */
	get agent() {
		return Math.min(this.#agent, this.drawing.agents.length - 1);
	}
	get canUndo() {
		return this.#history.canUndo;
	}
	get canRedo() {
		return this.#history.canRedo;
	}
	get duration() {
		return (this.frames - 1) / this.frameRate;
	}
	listen(listener) {
		this.#listeners.add(listener);
	}
	/** Tell every part that something is to be drawn anew. */
	changed() {
		for (const listener of this.#listeners) listener();
	}
	/** A drawing from the graph: shown, and not a step to undo. */
	open(drawing) {
		this.#history.reset(drawing);
		this.#selection = [];
		this.changed();
	}
	/** Agents that came over the node's input. */
	openSeed(seed) {
		this.#seed = seed;
		this.#selection = stillThere(this.drawing, this.#selection);
		this.changed();
	}
	/** A change by the user; see `History.push` for `merge`. */
	edit(drawing, selection = this.#selection, merge = null) {
		if (drawing !== this.drawing) {
			this.#history.push(drawing, merge);
			this.onEdit(this.#history.value);
		}
		this.select(selection);
	}
	endMerge() {
		this.#history.endMerge();
	}
	undo() {
		if (this.#history.undo()) this.#afterStep();
	}
	redo() {
		if (this.#history.redo()) this.#afterStep();
	}
	select(selection, agent = selection.at(-1)?.agent) {
		this.#selection = stillThere(this.drawing, selection);
		if (agent !== void 0) this.#agent = agent;
		this.changed();
	}
	selectAgent(agent) {
		this.select(everyWaypoint(this.drawing, agent), agent);
	}
	setPlayhead(frame) {
		const kept = Math.min(Math.max(Math.round(frame), 0), this.frames - 1);
		if (kept === this.playhead) return;
		this.playhead = kept;
		this.changed();
	}
	setClock(frames, frameRate) {
		if (frames === this.frames && frameRate === this.frameRate) return;
		this.frames = Math.max(1, frames);
		this.frameRate = frameRate > 0 ? frameRate : this.frameRate;
		this.playhead = Math.min(this.playhead, this.frames - 1);
		this.changed();
	}
	#afterStep() {
		this.#selection = stillThere(this.drawing, this.#selection);
		this.onEdit(this.#history.value);
		this.changed();
	}
};
// src/editor/timeline.ts
/** The timeline: a ruler with the playhead, a row of waypoints per agent, and a row per two agents of how they meet. */
var NAMES = 132;
var RULER = 20;
var ROW = 22;
var RIGHT = 14;
var REACH$1 = 7;
/** Pixels between marks of jumps. */
var APART = 12;
var Timeline = class {
	state;
	keyboard;
	stop;
	canvas = element("canvas", "editor-timeline");
	#playhead = element("div", "editor-playhead");
	root = element("div", "editor-rows", {}, this.canvas, this.#playhead);
	/** What the rows were drawn from; while it plays only the playhead moves, since many agents have many rows. */
	#drawn = [];
	#motion = {
		agents: [],
		meetings: []
	};
	#drag = null;
	#gestures = 0;
	/** The span when a drag began, so that the last waypoint does not run away from the pointer. */
	#draggedSpan = 0;
	/** Pixels per second, as drawn last. */
	#perSecond = 1;
	constructor(state, keyboard, stop) {
		this.state = state;
		this.keyboard = keyboard;
		this.stop = stop;
		this.canvas.addEventListener("pointerdown", (event) => this.#press(event));
		this.canvas.addEventListener("pointermove", (event) => this.#move(event));
		const release = (event) => {
			this.#drag = null;
			this.#draggedSpan = 0;
			if (this.canvas.hasPointerCapture(event.pointerId)) this.canvas.releasePointerCapture(event.pointerId);
			this.state.endMerge();
			this.state.changed();
		};
		this.canvas.addEventListener("pointerup", release);
		this.canvas.addEventListener("pointercancel", release);
		this.canvas.addEventListener("dblclick", (event) => this.#doublePress(event));
	}
	/** Pixels that all rows need. */
	heightOf(motion) {
		return RULER + ROW * (motion.agents.length + motion.meetings.length) + 4;
	}
	draw(motion) {
		this.#motion = motion;
		this.canvas.style.height = `${this.heightOf(motion)}px`;
		const { clientWidth, clientHeight } = this.canvas;
		if (clientWidth === 0) return;
		const span = this.#span;
		this.#perSecond = Math.max(clientWidth - NAMES - RIGHT, 1) / span;
		this.#playhead.style.left = `${Math.round(this.#x(this.state.playhead / this.state.frameRate))}px`;
		const theme = currentTheme();
		const { selection, agent } = this.state;
		const basis = [
			motion,
			selection,
			agent,
			theme,
			span,
			clientWidth,
			clientHeight,
			window.devicePixelRatio
		];
		if (basis.every((value, index) => value === this.#drawn[index])) return;
		this.#drawn = basis;
		this.#drawRows(motion, theme);
	}
	#drawRows(motion, theme) {
		const { context, size } = fitCanvas(this.canvas);
		context.fillStyle = theme.panel;
		context.fillRect(0, 0, ...size);
		this.#drawRuler(context, theme, size[1]);
		motion.agents.forEach((agent, index) => {
			this.#drawAgent(context, theme, agent, index);
		});
		motion.meetings.forEach((meeting, index) => {
			this.#drawMeeting(context, theme, meeting, motion.agents.length + index);
		});
		this.#drawEnd(context, theme, size);
	}
	/** Seconds from the left to the right end: all frames, and all waypoints. */
	get #span() {
		const last = this.state.drawing.agents.map((agent) => agent.waypoints.at(-1).time);
		return Math.max(this.#draggedSpan, this.state.duration, ...last, 1e-6);
	}
	#x(seconds) {
		return NAMES + seconds * this.#perSecond;
	}
	#seconds(x) {
		return (x - NAMES) / this.#perSecond;
	}
	#top(row) {
		return RULER + row * ROW;
	}
	#drawRuler(context, theme, height) {
		const { frames, frameRate } = this.state;
		const span = this.#span;
		context.font = "10px system-ui, sans-serif";
		context.textBaseline = "middle";
		if (this.#perSecond / frameRate > 5) {
			context.fillStyle = theme.strongGrid;
			for (let frame = 0; frame < frames; frame++) context.fillRect(Math.round(this.#x(frame / frameRate)), 16, 1, 4);
		}
		const step = [
			.5,
			1,
			2,
			5,
			10,
			20,
			60
		].find((seconds) => seconds * this.#perSecond > 38) ?? 120;
		context.textAlign = "center";
		for (let second = 0; second <= span + 1e-9; second += step) {
			const x = Math.round(this.#x(second));
			context.fillStyle = theme.strongGrid;
			context.fillRect(x, 13, 1, height - RULER + 7);
			context.fillStyle = theme.faintInk;
			context.fillText(`${second} s`, x, 7);
		}
	}
	#drawName(context, theme, row, words, strong) {
		context.font = `${strong ? "600 " : ""}11px system-ui, sans-serif`;
		context.textAlign = "left";
		context.textBaseline = "middle";
		context.fillStyle = strong ? theme.ink : theme.faintInk;
		context.fillText(shortened(context, words, 100), 24, this.#top(row) + ROW / 2);
	}
	/** The speed along the row: as thick as it is fast, hatched where it is outside of the limits; jumps as triangles. */
	#drawAgent(context, theme, motion, index) {
		const { state } = this;
		const { limits } = state.drawing;
		const color = agentColor(index, theme.dark);
		const top = this.#top(index);
		const middle = top + ROW / 2;
		if (index === state.agent) {
			context.fillStyle = translucent(color, .14);
			context.fillRect(0, top, this.canvas.clientWidth, ROW);
		}
		context.fillStyle = color;
		context.beginPath();
		context.roundRect(8, middle - 5, 10, 10, 2);
		context.fill();
		this.#drawName(context, theme, index, motion.agent.name, true);
		let marked = Number.NEGATIVE_INFINITY;
		motion.speeds.slice(0, -1).forEach((speed, frame) => {
			const [from, to] = [this.#x(frame / state.frameRate), this.#x((frame + 1) / state.frameRate)];
			const outside = speed > .001 && (speed > limits.fastest || speed < limits.slowest);
			const thickness = 1.5 + 8 * Math.min(speed / Math.max(limits.fastest, 1e-6), 1);
			context.fillStyle = outside ? theme.caution : translucent(color, .55);
			context.fillRect(from, middle - thickness / 2, to - from + .5, thickness);
			if ((speed / state.frameRate > limits.step || Math.abs(motion.turns[frame]) > limits.turn) && from - marked > APART) {
				context.fillStyle = theme.caution;
				triangle(context, [(from + to) / 2, top + 5], 4);
				marked = from;
			}
		});
		motion.agent.waypoints.forEach((waypoint, number) => {
			const chosen = isChosen(state.selection, {
				agent: index,
				waypoint: number
			});
			diamond(context, [this.#x(waypoint.time), middle], chosen ? 6.5 : 5);
			context.fillStyle = chosen ? theme.selection : theme.panel;
			context.fill();
			context.strokeStyle = color;
			context.lineWidth = chosen ? 2.5 : 1.8;
			context.stroke();
		});
	}
	/** Overlap of the views as a filled curve, below it who sees whom; collisions as crosses. */
	#drawMeeting(context, theme, meeting, row) {
		const { state } = this;
		const top = this.#top(row);
		const colors = [agentColor(meeting.first, theme.dark), agentColor(meeting.second, theme.dark)];
		context.lineWidth = 2.5;
		colors.forEach((color, index) => {
			context.fillStyle = color;
			context.beginPath();
			context.arc(9 + 7 * index, top + ROW / 2, 4, 0, 2 * Math.PI);
			context.fill();
		});
		const names = [meeting.first, meeting.second].map((agent) => this.#motion.agents[agent].agent.name);
		this.#drawName(context, theme, row, names.join(" + "), false);
		const floor = top + ROW - 7;
		context.beginPath();
		context.moveTo(this.#x(0), floor);
		meeting.overlaps.forEach((overlap, frame) => {
			context.lineTo(this.#x(frame / state.frameRate), floor - overlap * 12);
		});
		context.lineTo(this.#x(state.duration), floor);
		context.closePath();
		context.fillStyle = theme.overlapCurve;
		context.fill();
		meeting.separations.forEach((apart, frame) => {
			const from = Math.max(this.#x((frame - .5) / state.frameRate), NAMES);
			const width = Math.min(this.#x((frame + .5) / state.frameRate), this.#x(state.duration)) - from + .5;
			[meeting.firstSees[frame], meeting.secondSees[frame]].forEach((seen, index) => {
				if (!seen) return;
				context.fillStyle = colors[index];
				context.fillRect(from, top + ROW - 6 + 3 * index, width, 2);
			});
			if (apart <= 0) {
				context.fillStyle = theme.danger;
				context.fillRect(from, top + 1, width, 14);
			}
		});
		const touching = meeting.separations.findIndex((apart) => apart <= 0);
		if (touching >= 0) cross(context, [this.#x(touching / state.frameRate), top + ROW / 2 - 3], 4, theme.ground);
	}
	/** What lies after the last frame is not generated. */
	#drawEnd(context, theme, [width, height]) {
		const end = this.#x(this.state.duration);
		if (end >= width - RIGHT - 1) return;
		context.fillStyle = translucent(theme.dark ? "#000000" : "#9a9aa2", .4);
		context.fillRect(end + 1, RULER, width - end, height);
	}
	#waypointAt(x, y) {
		const agent = Math.floor((y - RULER) / ROW);
		const waypoints = this.#motion.agents[agent]?.agent.waypoints ?? [];
		let nearest = REACH$1;
		let place = null;
		waypoints.forEach((waypoint, number) => {
			const distance = Math.abs(this.#x(waypoint.time) - x);
			if (distance < nearest) {
				nearest = distance;
				place = {
					agent,
					waypoint: number
				};
			}
		});
		return place;
	}
	#press(event) {
		event.preventDefault();
		this.keyboard.focus({ preventScroll: true });
		const [x, y] = pixelOf(this.canvas, event);
		this.#draggedSpan = this.#span;
		const place = this.#waypointAt(x, y);
		const row = Math.floor((y - RULER) / ROW);
		this.canvas.setPointerCapture(event.pointerId);
		if (place) {
			const { state } = this;
			if (event.shiftKey) state.select(toggled(state.selection, place));
			else if (!isChosen(state.selection, place)) state.select([place]);
			this.#drag = {
				kind: "time",
				from: this.#seconds(x),
				selection: state.selection,
				gesture: this.#gestures++
			};
		} else if (x < NAMES && row >= 0 && row < this.#motion.agents.length) this.state.selectAgent(row);
		else {
			this.#drag = { kind: "scrub" };
			this.#scrub(x);
		}
	}
	#move(event) {
		const [x, y] = pixelOf(this.canvas, event);
		if (!this.#drag) {
			this.canvas.style.cursor = this.#waypointAt(x, y) ? "ew-resize" : "default";
			return;
		}
		if (this.#drag.kind === "scrub") this.#scrub(x);
		else this.#dragTime(this.#drag, x, event.altKey);
	}
	#scrub(x) {
		this.stop();
		this.state.setPlayhead(this.#seconds(x) * this.state.frameRate);
	}
	#dragTime(drag, x, free) {
		const { state } = this;
		const snapped = (seconds) => state.snap && !free ? Math.round(seconds * state.frameRate) / state.frameRate : seconds;
		const [handle] = drag.selection;
		if (!handle) return;
		const { time } = state.drawing.agents[handle.agent].waypoints[handle.waypoint];
		const wanted = snapped(Math.max(0, time + this.#seconds(x) - drag.from));
		if (wanted === time) return;
		const shifted = shiftTimes(state.drawing, drag.selection, wanted - time);
		const moved = shifted.agents[handle.agent].waypoints[handle.waypoint].time - time;
		drag.from += moved;
		state.edit(shifted, drag.selection, `time ${drag.gesture}`);
	}
	#doublePress(event) {
		const [x, y] = pixelOf(this.canvas, event);
		const agent = Math.floor((y - RULER) / ROW);
		if (x < NAMES || !this.#motion.agents[agent] || this.#waypointAt(x, y)) return;
		const [drawing, place] = insertAt(this.state.drawing, agent, Math.max(0, this.#seconds(x)));
		this.state.edit(drawing, place ? [place] : []);
	}
};
var encounters_default = {
	head_on: {
		"summary": "The cars pass each other on a straight road.",
		"drawing": {
			"format": "shared_world_drawing",
			"version": 1,
			"limits": {
				"slowest": 0,
				"fastest": 15,
				"step": 2,
				"turn": 20
			},
			"agents": [{
				"name": "agent 1",
				"easing": "constant",
				"waypoints": [{
					"time": 0,
					"position": [
						1.75,
						0,
						-18
					],
					"yaw": null,
					"speed": null
				}, {
					"time": 6,
					"position": [
						1.75,
						0,
						18
					],
					"yaw": null,
					"speed": null
				}],
				"body": {
					"size": [
						2,
						1.4,
						4.2
					],
					"centre": [
						0,
						-.7,
						0
					]
				},
				"rig": null
			}, {
				"name": "agent 2",
				"easing": "constant",
				"waypoints": [{
					"time": 0,
					"position": [
						-1.7500000000000022,
						0,
						18
					],
					"yaw": null,
					"speed": null
				}, {
					"time": 6,
					"position": [
						-1.7499999999999978,
						0,
						-18
					],
					"yaw": null,
					"speed": null
				}],
				"body": {
					"size": [
						2,
						1.4,
						4.2
					],
					"centre": [
						0,
						-.7,
						0
					]
				},
				"rig": null
			}]
		}
	},
	left_turn_meeting: {
		"summary": "Agent 1 turns left in front of the oncoming agent 2.",
		"drawing": {
			"format": "shared_world_drawing",
			"version": 1,
			"limits": {
				"slowest": 0,
				"fastest": 15,
				"step": 2,
				"turn": 20
			},
			"agents": [{
				"name": "agent 1",
				"easing": "constant",
				"waypoints": [
					{
						"time": 0,
						"position": [
							1.75,
							0,
							-17.966814692820414
						],
						"yaw": null,
						"speed": null
					},
					{
						"time": 1.5,
						"position": [
							1.75,
							0,
							-8.966814692820414
						],
						"yaw": null,
						"speed": null
					},
					{
						"time": 3,
						"position": [
							-.5931457505076194,
							0,
							-.5931457505076203
						],
						"yaw": null,
						"speed": null
					},
					{
						"time": 3.75,
						"position": [
							-4.481543896832902,
							0,
							1.5520870932828634
						],
						"yaw": null,
						"speed": null
					},
					{
						"time": 4.5,
						"position": [
							-8.966814692820414,
							0,
							1.75
						],
						"yaw": null,
						"speed": null
					},
					{
						"time": 6,
						"position": [
							-17.966814692820414,
							0,
							1.75
						],
						"yaw": null,
						"speed": null
					}
				],
				"body": {
					"size": [
						2,
						1.4,
						4.2
					],
					"centre": [
						0,
						-.7,
						0
					]
				},
				"rig": null
			}, {
				"name": "agent 2",
				"easing": "constant",
				"waypoints": [{
					"time": 0,
					"position": [
						-1.7500000000000033,
						0,
						29.25
					],
					"yaw": null,
					"speed": null
				}, {
					"time": 6,
					"position": [
						-1.749999999999999,
						0,
						-6.75
					],
					"yaw": null,
					"speed": null
				}],
				"body": {
					"size": [
						2,
						1.4,
						4.2
					],
					"centre": [
						0,
						-.7,
						0
					]
				},
				"rig": null
			}]
		}
	},
	right_turn_meeting: {
		"summary": "Agent 1 turns right and passes agent 2, coming out of that road.",
		"drawing": {
			"format": "shared_world_drawing",
			"version": 1,
			"limits": {
				"slowest": 0,
				"fastest": 15,
				"step": 2,
				"turn": 20
			},
			"agents": [{
				"name": "agent 1",
				"easing": "constant",
				"waypoints": [
					{
						"time": 0,
						"position": [
							1.75,
							0,
							-21.466814692820414
						],
						"yaw": null,
						"speed": null
					},
					{
						"time": 1.5,
						"position": [
							1.75,
							0,
							-12.466814692820414
						],
						"yaw": null,
						"speed": null
					},
					{
						"time": 3,
						"position": [
							4.093145750507619,
							0,
							-4.09314575050762
						],
						"yaw": null,
						"speed": null
					},
					{
						"time": 3.75,
						"position": [
							7.981543896832902,
							0,
							-1.9479129067171366
						],
						"yaw": null,
						"speed": null
					},
					{
						"time": 4.5,
						"position": [
							12.466814692820414,
							0,
							-1.75
						],
						"yaw": null,
						"speed": null
					},
					{
						"time": 6,
						"position": [
							21.466814692820414,
							0,
							-1.75
						],
						"yaw": null,
						"speed": null
					}
				],
				"body": {
					"size": [
						2,
						1.4,
						4.2
					],
					"centre": [
						0,
						-.7,
						0
					]
				},
				"rig": null
			}, {
				"name": "agent 2",
				"easing": "constant",
				"waypoints": [{
					"time": 0,
					"position": [
						22.09314575050762,
						0,
						1.749999999999999
					],
					"yaw": null,
					"speed": null
				}, {
					"time": 6,
					"position": [
						-13.90685424949238,
						0,
						1.750000000000001
					],
					"yaw": null,
					"speed": null
				}],
				"body": {
					"size": [
						2,
						1.4,
						4.2
					],
					"centre": [
						0,
						-.7,
						0
					]
				},
				"rig": null
			}]
		}
	},
	crossing: {
		"summary": "Agent 2 crosses the road of agent 1 from the right, behind it.",
		"drawing": {
			"format": "shared_world_drawing",
			"version": 1,
			"limits": {
				"slowest": 0,
				"fastest": 15,
				"step": 2,
				"turn": 20
			},
			"agents": [{
				"name": "agent 1",
				"easing": "constant",
				"waypoints": [{
					"time": 0,
					"position": [
						1.75,
						0,
						-16.25
					],
					"yaw": null,
					"speed": null
				}, {
					"time": 6,
					"position": [
						1.75,
						0,
						19.75
					],
					"yaw": null,
					"speed": null
				}],
				"body": {
					"size": [
						2,
						1.4,
						4.2
					],
					"centre": [
						0,
						-.7,
						0
					]
				},
				"rig": null
			}, {
				"name": "agent 2",
				"easing": "constant",
				"waypoints": [{
					"time": 0,
					"position": [
						27.75,
						0,
						1.7499999999999984
					],
					"yaw": null,
					"speed": null
				}, {
					"time": 6,
					"position": [
						-8.25,
						0,
						1.7500000000000007
					],
					"yaw": null,
					"speed": null
				}],
				"body": {
					"size": [
						2,
						1.4,
						4.2
					],
					"centre": [
						0,
						-.7,
						0
					]
				},
				"rig": null
			}]
		}
	},
	t_junction_merge: {
		"summary": "Agent 2 turns right out of a side road and follows agent 1.",
		"drawing": {
			"format": "shared_world_drawing",
			"version": 1,
			"limits": {
				"slowest": 0,
				"fastest": 15,
				"step": 2,
				"turn": 20
			},
			"agents": [{
				"name": "agent 1",
				"easing": "constant",
				"waypoints": [{
					"time": 0,
					"position": [
						1.75,
						0,
						-16.25
					],
					"yaw": null,
					"speed": null
				}, {
					"time": 6,
					"position": [
						1.75,
						0,
						19.75
					],
					"yaw": null,
					"speed": null
				}],
				"body": {
					"size": [
						2,
						1.4,
						4.2
					],
					"centre": [
						0,
						-.7,
						0
					]
				},
				"rig": null
			}, {
				"name": "agent 2",
				"easing": "constant",
				"waypoints": [
					{
						"time": 0,
						"position": [
							31.466814692820414,
							0,
							1.7499999999999987
						],
						"yaw": null,
						"speed": null
					},
					{
						"time": 2.25,
						"position": [
							17.966814692820414,
							0,
							1.7499999999999996
						],
						"yaw": null,
						"speed": null
					},
					{
						"time": 3.25,
						"position": [
							11.966814692820414,
							0,
							1.7499999999999998
						],
						"yaw": null,
						"speed": null
					},
					{
						"time": 4.125,
						"position": [
							6.788965884752896,
							0,
							2.318157902084921
						],
						"yaw": null,
						"speed": null
					},
					{
						"time": 5.125,
						"position": [
							2.5176126652060034,
							0,
							6.3305594844314985
						],
						"yaw": null,
						"speed": null
					},
					{
						"time": 6,
						"position": [
							1.7500000000000007,
							0,
							11.466814692820414
						],
						"yaw": null,
						"speed": null
					}
				],
				"body": {
					"size": [
						2,
						1.4,
						4.2
					],
					"centre": [
						0,
						-.7,
						0
					]
				},
				"rig": null
			}]
		}
	},
	following_then_parting: {
		"summary": "Agent 2 follows agent 1 and then turns off to the right.",
		"drawing": {
			"format": "shared_world_drawing",
			"version": 1,
			"limits": {
				"slowest": 0,
				"fastest": 15,
				"step": 2,
				"turn": 20
			},
			"agents": [{
				"name": "agent 1",
				"easing": "constant",
				"waypoints": [{
					"time": 0,
					"position": [
						1.75,
						0,
						-18
					],
					"yaw": null,
					"speed": null
				}, {
					"time": 6,
					"position": [
						1.75,
						0,
						18
					],
					"yaw": null,
					"speed": null
				}],
				"body": {
					"size": [
						2,
						1.4,
						4.2
					],
					"centre": [
						0,
						-.7,
						0
					]
				},
				"rig": null
			}, {
				"name": "agent 2",
				"easing": "constant",
				"waypoints": [
					{
						"time": 0,
						"position": [
							1.75,
							0,
							-26.466814692820414
						],
						"yaw": null,
						"speed": null
					},
					{
						"time": 1.875,
						"position": [
							1.75,
							0,
							-15.216814692820414
						],
						"yaw": null,
						"speed": null
					},
					{
						"time": 3.5,
						"position": [
							2.8694755116099984,
							0,
							-5.668531788110374
						],
						"yaw": null,
						"speed": null
					},
					{
						"time": 4.625,
						"position": [
							8.226182870655329,
							0,
							-1.896466950708378
						],
						"yaw": null,
						"speed": null
					},
					{
						"time": 5.25,
						"position": [
							11.966814692820414,
							0,
							-1.75
						],
						"yaw": null,
						"speed": null
					},
					{
						"time": 6,
						"position": [
							16.466814692820414,
							0,
							-1.75
						],
						"yaw": null,
						"speed": null
					}
				],
				"body": {
					"size": [
						2,
						1.4,
						4.2
					],
					"centre": [
						0,
						-.7,
						0
					]
				},
				"rig": null
			}]
		}
	}
};
// src/editor/toolbar.ts
/** The row of buttons above the map. */
var ICONS = {
	select: "M3 1.5 12.5 8 8 8.6l2.6 4.7-1.8 1L6.300 9.600 3 12.700Z",
	draw: "M2 13.500c3 0 2.200-4.300 5-5.500s3.200-3.500 2.700-5.500M11.500 1.500l2.500 2.500-4 4L7.200 8.800 8 6Z",
	add: "M8 2.500v11M2.500 8h11",
	insert: "M2 11c3 0 4-6 12-6M8 3v8M5.500 8.500 8 11l2.500-2.500",
	undo: "M5.500 3 2.500 6l3 3M3 6h6.500a3.500 3.500 0 0 1 0 7H6",
	redo: "M10.500 3l3 3-3 3M13 6H6.500a3.500 3.500 0 0 0 0 7H10",
	snap: "M3 2v6a5 5 0 0 0 10 0V2h-3v6a2 2 0 0 1-4 0V2ZM3 5h3M10 5h3",
	fit: "M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4",
	play: "M4 2.500v11L13 8Z",
	pause: "M4.500 2.500v11M11.500 2.500v11",
	first: "M3.500 3v10M12.500 3 6 8l6.500 5Z",
	copy: "M5.500 5.500h8v8h-8ZM10.500 5.500v-3h-8v8h3",
	paste: "M4 3H2.500v11h11V3H12M5.500 1.500h5v3h-5Z",
	space: "M8 1.500 14 4.800v6.400L8 14.500 2 11.200V4.800ZM2 4.800 8 8l6-3.200M8 8v6.500",
	large: "M9.500 2H14v4.500M6.500 14H2V9.500M14 2 9 7M2 14l5-5",
	help: "M5.500 6a2.500 2.500 0 1 1 3.700 2.200C8.300 8.700 8 9.200 8 10.200M8 12.500v.6"
};
var Toolbar = class {
	root = element("div", "editor-toolbar");
	#updates = [];
	#clock = element("span", "editor-clock");
	constructor(state, commands, actions) {
		const button = (icon, name, press, pressed, enabled) => {
			const made = editorButton(icon, text(name), press);
			this.#updates.push(() => {
				if (pressed) made.setAttribute("aria-pressed", String(pressed()));
				if (enabled) made.disabled = !enabled();
			});
			return made;
		};
		const play = editorButton("play", text("Play (Space)"), () => commands.play());
		this.#updates.push(() => setSign(play, ICONS[state.playing ? "pause" : "play"]));
		this.#updates.push(() => nameButton(play, text(state.playing ? "Stop (Space)" : "Play (Space)")));
		this.root.append(group(button("select", "Choose and move (V)", () => commands.setTool("select"), () => state.tool === "select"), button("draw", "Draw waypoints (D)", () => commands.setTool("draw"), () => state.tool === "draw")), group(labelledButton("add", "Agent", "Add an agent (A)", () => commands.addAgent()), button("insert", "Insert a waypoint at the playhead (I)", () => commands.insert(), void 0, () => state.agent >= 0), presets(commands)), group(button("undo", "Undo (Ctrl Z)", () => commands.undo(), void 0, () => state.canUndo), button("redo", "Redo (Ctrl Y)", () => commands.redo(), void 0, () => state.canRedo)), group(button("snap", "Snap to the grid (G)", () => commands.toggleSnap(), () => state.snap), button("fit", "Show everything (F)", () => commands.fit())), group(button("first", "First frame (Home)", () => commands.goTo(0)), play, this.#clock), element("span", "editor-gap"), group(button("copy", "Copy as JSON (Ctrl C)", actions.copy, void 0, () => state.drawing.agents.length > 0), button("paste", "Paste JSON (Ctrl V)", actions.paste)), group(button("space", "3D view", actions.toggleSpace, () => this.spaceShown), button("large", "Large editor", actions.toggleLarge, () => this.isLarge), button("help", "Keys and signs (?)", actions.toggleHelp)));
		this.#updates.push(() => {
			const seconds = (state.playhead / state.frameRate).toFixed(2);
			this.#clock.textContent = `${state.playhead} / ${state.frames - 1}   ${seconds} s`;
		});
		this.#updates.push(() => this.root.classList.toggle("shared-world-editor-playing", state.playing));
	}
	spaceShown = false;
	isLarge = false;
	draw() {
		for (const update of this.#updates) update();
	}
};
function editorButton(icon, name, press) {
	return iconButton("editor-button", ICONS[icon], name, press);
}
function labelledButton(icon, words, name, press) {
	const made = editorButton(icon, text(name), press);
	made.append(text(words));
	return made;
}
function group(...buttons) {
	return element("div", "editor-group", {}, ...buttons);
}
/** A menu of encounters to start from. */
function presets(commands) {
	const title = element("option", "", {
		value: "",
		textContent: text("Start from…"),
		selected: true
	});
	const options = Object.entries(encounters_default).map(([name, { summary }]) => element("option", "", {
		value: name,
		textContent: text(name.replaceAll("_", " ")),
		title: summary
	}));
	const menu = element("select", "editor-presets", { title: text("Start from an encounter") }, title, ...options);
	menu.setAttribute("aria-label", text("Start from an encounter"));
	menu.onchange = () => {
		const chosen = encounters_default[menu.value];
		menu.value = "";
		if (chosen) commands.replace(readDrawing(JSON.stringify(chosen.drawing)));
	};
	return menu;
}
// src/editor/view_picture.ts
/** Schematic picture of one camera: horizon, ground grid, paths on the ground and other agents' boxes. */
/** Metres between lines of the ground grid, and how far they reach. */
var GRID = 4;
var REACH = 60;
/** Faces of a box by its corners in the order of `boxCorners`, and how much light falls on each. */
var FACES = [
	[[
		0,
		1,
		3,
		2
	], .72],
	[[
		4,
		5,
		7,
		6
	], .72],
	[[
		0,
		1,
		5,
		4
	], .86],
	[[
		2,
		3,
		7,
		6
	], .86],
	[[
		0,
		2,
		6,
		4
	], 1],
	[[
		1,
		3,
		7,
		5
	], .5]
];
/** Draw what a camera of an agent sees into a canvas of any size; the picture is stretched to it. */
function drawView(context, size, camera, motion, owner, frame, theme) {
	context.save();
	context.beginPath();
	context.rect(0, 0, ...size);
	context.clip();
	context.fillStyle = theme.sky;
	context.fillRect(0, 0, ...size);
	context.scale(size[0] / camera.width, size[1] / camera.height);
	const thin = camera.width / size[0];
	drawGround(context, camera, theme, thin);
	drawPaths(context, camera, motion, theme, thin);
	drawBoxes(context, camera, motion, owner, frame, theme, thin);
	context.restore();
}
function drawGround(context, camera, theme, thin) {
	const [x, z] = [camera.pose[3], camera.pose[11]];
	const far = 4e3;
	fillPolygon(context, camera, [
		[
			x - far,
			0,
			z - far
		],
		[
			x + far,
			0,
			z - far
		],
		[
			x + far,
			0,
			z + far
		],
		[
			x - far,
			0,
			z + far
		]
	], theme.ground);
	context.strokeStyle = theme.strongGrid;
	context.lineWidth = thin;
	const [firstX, firstZ] = [x, z].map((value) => Math.round(value / GRID) * GRID);
	context.beginPath();
	for (let step = -60; step <= REACH; step += GRID) {
		addLine(context, camera, [
			firstX + step,
			0,
			z - REACH
		], [
			firstX + step,
			0,
			z + REACH
		]);
		addLine(context, camera, [
			x - REACH,
			0,
			firstZ + step
		], [
			x + REACH,
			0,
			firstZ + step
		]);
	}
	context.stroke();
}
function drawPaths(context, camera, motion, theme, thin) {
	motion.agents.forEach(({ poses }, index) => {
		context.strokeStyle = translucent(agentColor(index, theme.dark), .55);
		context.lineWidth = 1.5 * thin;
		context.beginPath();
		poses.slice(1).forEach((pose, before) => {
			addLine(context, camera, positionOf(poses[before]), positionOf(pose));
		});
		context.stroke();
	});
}
/** Boxes of the others, the farthest first. */
function drawBoxes(context, camera, motion, owner, frame, theme, thin) {
	const eye = positionOf(camera.pose);
	const faces = motion.agents.flatMap(({ moments }, index) => {
		if (index === owner) return [];
		const { corners } = moments[frame];
		return FACES.map(([numbers, light]) => {
			const points = numbers.map((number) => corners[number]);
			const middle = points.reduce((sum, point) => sum.map((v, i) => v + point[i] / 4), [
				0,
				0,
				0
			]);
			return {
				points,
				distance: Math.hypot(middle[0] - eye[0], middle[1] - eye[1], middle[2] - eye[2]),
				color: shaded(agentColor(index, theme.dark), light)
			};
		});
	});
	faces.sort((first, second) => second.distance - first.distance);
	context.lineWidth = .8 * thin;
	for (const { points, color } of faces) {
		context.strokeStyle = theme.ground;
		fillPolygon(context, camera, points, color, true);
	}
}
/** Add the visible part of a line to the path. */
function addLine(context, camera, from, to) {
	const line = clippedLine(toLocal(camera.pose, from), toLocal(camera.pose, to));
	if (!line) return;
	const start = projectLocal(camera, line[0]);
	const end = projectLocal(camera, line[1]);
	context.moveTo(start.u, start.v);
	context.lineTo(end.u, end.v);
}
function fillPolygon(context, camera, corners, color, outlined = false) {
	const visible = clippedPolygon(corners.map((corner) => toLocal(camera.pose, corner)));
	if (visible.length < 3) return;
	context.beginPath();
	for (const corner of visible) {
		const { u, v } = projectLocal(camera, corner);
		context.lineTo(u, v);
	}
	context.closePath();
	context.fillStyle = color;
	context.fill();
	if (outlined) context.stroke();
}
function shaded(color, light) {
	return `rgb(${[
		1,
		3,
		5
	].map((start) => Math.round(Number.parseInt(color.slice(start, start + 2), 16) * light)).join(", ")})`;
}
// src/editor/view_strips.ts
/** One row per agent with the schematic pictures of its views at the playhead. */
var ViewStrips = class {
	state;
	root = element("div", "editor-strips");
	#pictures = [];
	#shape = "";
	constructor(state) {
		this.state = state;
		this.root.addEventListener("scroll", () => state.changed());
	}
	draw(motion) {
		const theme = currentTheme();
		this.#arrange(motion, theme.dark);
		const frame = this.state.playhead;
		for (const { canvas, agent, view } of this.#pictures.filter(({ canvas }) => this.#isInSight(canvas))) {
			const { context, size } = fitCanvas(canvas);
			drawView(context, size, motion.agents[agent].moments[frame].cameras[view], motion, agent, frame, theme);
		}
	}
	/** Whether a picture is in the part that is scrolled to; many agents have more of them than can be drawn in time. */
	#isInSight(canvas) {
		const { scrollTop, clientHeight } = this.root;
		const top = canvas.parentElement.offsetTop - this.root.offsetTop;
		return top < scrollTop + clientHeight && top + canvas.clientHeight > scrollTop;
	}
	/** Make the rows anew where agents, names or rigs changed. */
	#arrange(motion, dark) {
		const rigs = motion.agents.map(({ agent }) => agent.rig ?? CAR_RIG);
		const shape = JSON.stringify([dark, motion.agents.map(({ agent }, index) => [agent.name, rigs[index].views.map((view) => view.name)])]);
		if (shape === this.#shape) return;
		this.#shape = shape;
		this.#pictures = [];
		const rows = motion.agents.map(({ agent }, index) => {
			const rig = rigs[index];
			const pictures = rig.views.map((view, number) => {
				const canvas = element("canvas", "editor-view");
				canvas.style.aspectRatio = `${rig.width} / ${rig.height}`;
				this.#pictures.push({
					canvas,
					agent: index,
					view: number
				});
				return element("figure", "editor-view-frame", {}, canvas, element("figcaption", "", {}, view.name));
			});
			const name = element("button", "editor-strip-name", {
				type: "button",
				title: text("Choose {0}", agent.name),
				onclick: () => this.state.selectAgent(index),
				textContent: agent.name
			});
			name.style.borderColor = agentColor(index, dark);
			return element("div", "editor-strip", {}, name, ...pictures);
		});
		this.root.replaceChildren(...rows);
	}
};
// src/editor/panel.ts
/** The World Editor: map, fields, timeline and pictures of all views around one drawing. */
var NOTE_MILLISECONDS = 6e3;
var Panel = class {
	host;
	root = element("div", "editor");
	state = new EditorState();
	#keyboard = element("textarea", "editor-keyboard", {
		spellcheck: false,
		autocomplete: "off"
	});
	#note = element("div", "editor-note", { hidden: true });
	#empty = element("div", "editor-empty");
	#hint = element("div", "editor-now", { hidden: true });
	#player = new Player(this.state);
	#map = new GroundMap(this.state, this.#keyboard);
	#timeline = new Timeline(this.state, this.#keyboard, () => this.#player.stop());
	#strips = new ViewStrips(this.state);
	#inspector = new Inspector(this.state);
	#space = new SpacePane(this.state);
	#commands = new Commands(this.state, this.#map, this.#player, (words) => this.say(words));
	#help = helpPage(() => this.#toggleHelp());
	#toolbar;
	#sizes;
	#themeChanged = () => this.requestDraw();
	#forgetTheme = onThemeChange(this.#themeChanged);
	#frame = 0;
	#noteTimer = 0;
	#motion = {
		agents: [],
		meetings: []
	};
	#motionOf = [];
	constructor(host) {
		this.host = host;
		this.#toolbar = new Toolbar(this.state, this.#commands, {
			toggleSpace: () => this.toggleSpace(),
			toggleLarge: () => this.host.toggleLarge(),
			toggleHelp: () => this.#toggleHelp(),
			copy: () => {
				this.#keyboard.focus({ preventScroll: true });
				document.execCommand("copy");
			},
			paste: () => void this.#pasteFromClipboard()
		});
		this.#build();
		this.state.listen(() => this.requestDraw());
		const sizes = new ResizeObserver(() => this.requestDraw());
		sizes.observe(this.root);
		sizes.observe(this.#map.canvas);
		this.#sizes = sizes;
	}
	requestDraw() {
		if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#draw());
	}
	/** Show the whole drawing when there is room to. */
	fit() {
		this.#map.fit();
		this.requestDraw();
	}
	say(words) {
		this.#note.textContent = words;
		this.#note.hidden = false;
		window.clearTimeout(this.#noteTimer);
		this.#noteTimer = window.setTimeout(() => {
			this.#note.hidden = true;
		}, NOTE_MILLISECONDS);
	}
	setLarge(isLarge) {
		this.#toolbar.isLarge = isLarge;
		this.root.classList.toggle("shared-world-editor-large", isLarge);
		if (isLarge && !this.#toolbar.spaceShown) this.toggleSpace();
		this.#keyboard.focus({ preventScroll: true });
		this.requestDraw();
	}
	toggleSpace() {
		this.#toolbar.spaceShown = !this.#toolbar.spaceShown;
		this.#space.show(this.#toolbar.spaceShown);
		this.requestDraw();
	}
	dispose() {
		this.#player.stop();
		cancelAnimationFrame(this.#frame);
		window.clearTimeout(this.#noteTimer);
		this.#sizes.disconnect();
		this.#forgetTheme();
		this.#space.dispose();
	}
	#build() {
		this.root.dataset.captureWheel = "true";
		this.root.setAttribute("title", "");
		this.#keyboard.setAttribute("aria-label", text("Map of the agents. Press ? for the keys."));
		this.#keyboard.setAttribute("inputmode", "none");
		this.#empty.append(element("strong", "", { textContent: text("Nothing is drawn yet") }), element("span", "", { textContent: text("Press A or “Agent” and click its way, or start from an encounter.") }));
		const ground = element("div", "editor-ground", {}, this.#keyboard, this.#map.canvas, this.#empty, this.#hint, this.#note);
		const side = element("div", "editor-side", {}, this.#space.root, this.#inspector.root);
		const time = element("div", "editor-time", {}, this.#timeline.root);
		this.root.append(this.#toolbar.root, element("div", "editor-main", {}, ground, side), time, this.#strips.root, this.#help);
		this.#listen();
	}
	#listen() {
		this.root.addEventListener("keydown", (event) => this.#pressKey(event));
		this.#keyboard.addEventListener("beforeinput", (event) => event.preventDefault());
		this.#keyboard.addEventListener("copy", (event) => this.#copy(event));
		this.#keyboard.addEventListener("cut", (event) => {
			this.#copy(event);
			this.#commands.removeChosenAgents();
		});
		this.#keyboard.addEventListener("paste", (event) => {
			event.preventDefault();
			event.stopPropagation();
			this.#commands.paste(event.clipboardData?.getData("text/plain") ?? "");
		});
		const takeBack = (event) => {
			if (event.target.closest(event.type === "click" ? "button" : "select")) this.#keyboard.focus({ preventScroll: true });
		};
		this.root.addEventListener("click", takeBack);
		this.root.addEventListener("change", takeBack);
	}
	#pressKey(event) {
		const { target } = event;
		if (target instanceof HTMLInputElement || target instanceof HTMLSelectElement) return;
		if (target instanceof HTMLButtonElement && (event.key === " " || event.key === "Enter")) return;
		if (event.key === "?") this.#toggleHelp();
		else if (event.key === "Escape" && this.#closesOnEscape()) this.#escape();
		else if (!pressKey(event, this.#commands, this.state)) return;
		event.preventDefault();
		event.stopPropagation();
	}
	/** Whether Escape has nothing to cancel in the drawing, and so is about what lies over it. */
	#closesOnEscape() {
		const { tool, selection } = this.state;
		return !this.#help.hidden || this.#toolbar.isLarge && tool === "select" && selection.length === 0;
	}
	#escape() {
		if (this.#help.hidden) this.host.toggleLarge();
		else this.#toggleHelp();
	}
	#copy(event) {
		event.stopPropagation();
		const copied = this.#commands.copyText();
		if (copied === "") return;
		event.preventDefault();
		event.clipboardData?.setData("text/plain", copied);
		this.say(text("Copied."));
	}
	async #pasteFromClipboard() {
		try {
			this.#commands.paste(await navigator.clipboard.readText());
		} catch (error) {
			this.say(text("The page may not read the clipboard; click the map and press Ctrl V. ({0})", error.message));
		}
	}
	#toggleHelp() {
		this.#help.hidden = !this.#help.hidden;
	}
	#draw() {
		this.#frame = 0;
		const { state } = this;
		this.#updateMotion();
		this.#empty.hidden = state.drawing.agents.length > 0 || state.tool === "draw";
		this.#hint.textContent = hintFor(state);
		this.#hint.hidden = this.#hint.textContent === "";
		this.#toolbar.draw();
		this.#inspector.draw();
		this.#timeline.draw(this.#motion);
		this.#strips.draw(this.#motion);
		this.#map.draw(this.#motion);
		this.#space.draw(this.#motion);
	}
	#updateMotion() {
		const { drawing, frames, frameRate, cloud } = this.state;
		const basis = [
			drawing,
			frames,
			frameRate,
			cloud
		];
		if (basis.every((value, index) => value === this.#motionOf[index])) return;
		if (cloud !== this.#motionOf[3]) this.#walls = cloud && new Occupancy(cloud.positions);
		const isSameClock = frames === this.#motionOf[1] && frameRate === this.#motionOf[2];
		this.#motionOf = basis;
		this.#motion = motionOf(drawing, frames, frameRate, this.#walls, isSameClock ? this.#motion : null);
	}
	#walls = null;
};
/** What is going on on the map that is not plain to see. */
function hintFor(state) {
	const { tool, startsAgent, isSeeded } = state;
	if (tool === "draw" && (startsAgent || state.agent < 0)) return text("Click where the new agent starts.");
	if (tool === "draw") return text("Click where {0} goes next; Esc when it is there.", state.drawing.agents[state.agent].name);
	return isSeeded ? text("These are the connected agents; the first change makes a drawing of them.") : "";
}
// src/editor/ply.ts
var BYTES = 15;
/** Points in the world frame; the file has glTF's axes, y up and z backwards. Null where it is another kind of file. */
function readPly(buffer) {
	const start = new TextDecoder("latin1").decode(buffer.slice(0, 1e3));
	const header = /^ply\nformat binary_little_endian 1\.0\nelement vertex (\d+)\n[\s\S]*?end_header\n/.exec(start);
	if (!header) return null;
	const count = Number(header[1]);
	const view = new DataView(buffer, header[0].length);
	if (view.byteLength < count * BYTES) return null;
	const positions = new Float32Array(3 * count);
	const colors = new Uint8Array(3 * count);
	for (let point = 0; point < count; point++) {
		const offset = point * BYTES;
		positions[3 * point] = view.getFloat32(offset, true);
		positions[3 * point + 1] = -view.getFloat32(offset + 4, true);
		positions[3 * point + 2] = -view.getFloat32(offset + 8, true);
		for (let channel = 0; channel < 3; channel++) colors[3 * point + channel] = view.getUint8(offset + 12 + channel);
	}
	return {
		positions,
		colors
	};
}
// src/editor/widget.ts
/** The editor as a widget of ComfyUI, which keeps the drawing's text in the graph. */
/** Type of the input whose widget this is; see nodes/sockets.py. */
var WIDGET_TYPE = "SHARED_WORLD_DRAWING";
/** Keys of what the node sends after a run, and of the node's properties that keep it; see nodes/drawing.py. */
var SEED = "shared_world_seed";
var SCENE = "shared_world_scene";
var SMALLEST_HEIGHT = 520;
var USUAL_SIZE = [980, 860];
var NOTE_AFTER = 250;
var EditorWidget = class {
	node;
	/** Stays in the node; the panel leaves it while it is shown large. */
	root = element("div", "editor-host");
	#panel = new Panel({ toggleLarge: () => this.#toggleLarge() });
	#trouble = element("div", "editor-trouble", { hidden: true });
	#dialog = element("dialog", "editor-dialog");
	#text = "";
	#noteTimer = 0;
	#sceneFile = null;
	#leavePlace;
	constructor(node) {
		this.node = node;
		addStyle("editor", editor_default);
		this.#leavePlace = inheritPlace(node, this.root);
		this.root.append(this.#panel.root, this.#trouble);
		this.#panel.state.onEdit = (drawing) => this.#keep(drawing);
		this.#dialog.addEventListener("close", () => this.#leaveLarge());
		this.root.addEventListener("pointerenter", () => this.readClock());
		this.root.addEventListener("focusin", () => this.readClock());
	}
	get value() {
		return this.#text;
	}
	/** A text from the graph. One that is no drawing stays as it is, and is shown with what is wrong. */
	set value(text) {
		if (text === this.#text) return;
		this.#text = text;
		try {
			const drawing = readDrawing(text);
			this.#hideTrouble();
			this.#panel.state.open(drawing);
			this.#panel.fit();
		} catch (error) {
			if (!(error instanceof NotADrawing)) throw error;
			this.#panel.state.open(EMPTY_DRAWING);
			this.#showTrouble(error.message);
		}
	}
	/** Follow the node's own widgets, or those of the nodes that are connected to them. */
	readClock() {
		const [frames, frameRate] = [this.#number("frames"), this.#number("frame_rate")];
		if (frames > 0 && frameRate > 0) this.#panel.state.setClock(Math.round(frames), frameRate);
	}
	#number(name) {
		const slot = this.node.inputs?.findIndex((input) => input.name === name && input.link !== null) ?? -1;
		const widget = (slot < 0 ? null : this.node.getInputNode(slot))?.widgets?.find((other) => other.name === "value" || other.name === name) ?? this.node.widgets?.find((other) => other.name === name);
		return Number(widget?.value);
	}
	/** What the node sent after a run: the connected agents as a drawing, and the points of the scene. */
	receive(output) {
		const [seed] = output[SEED] ?? [];
		const [scene] = output[SCENE] ?? [];
		this.node.properties[SEED] = typeof seed === "string" ? seed : null;
		this.node.properties[SCENE] = isFileEntry(scene) ? scene : null;
		this.restore();
		noteChange();
	}
	/** What the node's properties keep of the last run. */
	restore() {
		this.readClock();
		const seed = this.node.properties[SEED];
		const { state } = this.#panel;
		const before = state.drawing;
		try {
			state.openSeed(typeof seed === "string" && this.#isConnected("agents") ? readDrawing(seed) : null);
		} catch (error) {
			if (!(error instanceof NotADrawing)) throw error;
			state.openSeed(null);
		}
		if (state.isSeeded && before.agents.length === 0) this.#panel.fit();
		const scene = this.node.properties[SCENE];
		this.#loadScene(isFileEntry(scene) && this.#isConnected("scene") ? scene : null);
	}
	dispose() {
		this.#leavePlace();
		window.clearTimeout(this.#noteTimer);
		this.#dialog.remove();
		this.#panel.dispose();
	}
	#isConnected(name) {
		return this.node.inputs?.some((input) => input.name === name && input.link !== null) ?? false;
	}
	#keep(drawing) {
		this.#text = drawingText(drawing);
		window.clearTimeout(this.#noteTimer);
		this.#noteTimer = window.setTimeout(noteChange, NOTE_AFTER);
		app.canvas.setDirty(true, true);
	}
	async #loadScene(file) {
		const name = file && fileUrl(file);
		if (name === this.#sceneFile) return;
		this.#sceneFile = name;
		const { state } = this.#panel;
		state.cloud = null;
		if (name !== null) {
			const answer = await fetch(name).catch(() => null);
			if (answer?.ok && this.#sceneFile === name) state.cloud = readPly(await answer.arrayBuffer());
		}
		state.changed();
	}
	#showTrouble(reason) {
		const kept = element("textarea", "editor-trouble-text", {
			readOnly: true,
			value: this.#text
		});
		const copy = element("button", "editor-button editor-plain", {
			type: "button",
			textContent: text("Copy the text")
		});
		copy.onclick = () => {
			kept.select();
			navigator.clipboard?.writeText(this.#text);
		};
		const anew = element("button", "editor-button editor-plain", {
			type: "button",
			textContent: text("Start a new drawing")
		});
		anew.onclick = () => {
			this.#hideTrouble();
			this.#keep(EMPTY_DRAWING);
		};
		this.#trouble.replaceChildren(element("strong", "", { textContent: text("This value is not a drawing; it is kept as it is.") }), element("p", "", { textContent: reason }), kept, element("div", "editor-group", {}, copy, anew));
		this.#trouble.hidden = false;
		this.#panel.root.inert = true;
	}
	#hideTrouble() {
		this.#trouble.hidden = true;
		this.#panel.root.inert = false;
	}
	#toggleLarge() {
		if (this.#dialog.open) {
			this.#dialog.close();
			return;
		}
		document.body.append(this.#dialog);
		this.#dialog.append(this.#panel.root);
		this.#dialog.showModal();
		this.#panel.setLarge(true);
		this.#panel.fit();
	}
	#leaveLarge() {
		this.root.prepend(this.#panel.root);
		this.#dialog.remove();
		this.#panel.setLarge(false);
		this.#panel.fit();
	}
};
/** The widget of an input of type `WIDGET_TYPE`. */
function makeDrawingWidget(node, inputName) {
	setChinese(isChinese());
	const editor = new EditorWidget(node);
	const widget = node.addDOMWidget(inputName, WIDGET_TYPE, editor.root, {
		hideOnZoom: false,
		getMinHeight: () => SMALLEST_HEIGHT,
		getValue: () => editor.value,
		setValue: (value) => {
			editor.value = typeof value === "string" ? value : JSON.stringify(value);
		}
	});
	chain(node, "onExecuted", (output) => editor.receive(output));
	chain(node, "onConfigure", () => editor.restore());
	chain(node, "onConnectionsChange", () => editor.restore());
	chain(node, "onRemoved", () => editor.dispose());
	for (const name of ["frames", "frame_rate"]) {
		const clock = node.widgets?.find((other) => other.name === name);
		if (clock) chain(clock, "callback", () => editor.readClock());
	}
	editor.readClock();
	return { widget };
}
/** Room for the editor in a node that was just made; one from a saved graph gets its own size after this. */
function giveRoom(node) {
	if (!node.widgets?.some((widget) => widget.type === "SHARED_WORLD_DRAWING")) return;
	node.setSize([Math.max(node.size[0], USUAL_SIZE[0]), Math.max(node.size[1], USUAL_SIZE[1])]);
}
// src/editor/extension.ts
app.registerExtension({
	name: "SharedWorld.DrawAgents",
	getCustomWidgets: () => ({ [WIDGET_TYPE]: makeDrawingWidget }),
	nodeCreated: giveRoom
});
export { toWorld as i, camerasOf as n, positionOf as r, bodyOf as t };
