import { a as filled$1, c as isChinese, d as chain, f as addStyle, g as nameButton, l as inheritPlace, m as fitCanvas, n as translucent, p as element, r as agentColor, s as onThemeChange, t as currentTheme, u as noteChange } from "./theme-C5WO8PnV.mjs";
import { t as forwardCanvasEvents } from "./canvas_events-DdEzyozM.mjs";
import { n as pixelOf } from "./pointer-BxSuUQFU.mjs";
import { app } from "../../../scripts/app.js";
var layouts_default = {
	it_takes_two: {
		"title": "It Takes Two, keyboard layout",
		"agent_names": ["left", "right"],
		"frame_rate": 60,
		"buttons": [
			{
				"name": "w",
				"meaning": "walk forward",
				"aliases": ["forward", "up"]
			},
			{
				"name": "a",
				"meaning": "walk left",
				"aliases": ["left"]
			},
			{
				"name": "s",
				"meaning": "walk back",
				"aliases": [
					"back",
					"backward",
					"down"
				]
			},
			{
				"name": "d",
				"meaning": "walk right",
				"aliases": ["right"]
			},
			{
				"name": "space",
				"meaning": "jump",
				"aliases": ["jump"]
			},
			{
				"name": "shift",
				"meaning": "dash",
				"aliases": ["dash"]
			},
			{
				"name": "ctrl",
				"meaning": "crouch",
				"aliases": ["crouch", "control"]
			},
			{
				"name": "e",
				"meaning": "throw",
				"aliases": ["throw"]
			},
			{
				"name": "q",
				"meaning": "aim",
				"aliases": ["aim"]
			},
			{
				"name": "f",
				"meaning": "ability",
				"aliases": ["ability"]
			}
		],
		"axes": [{
			"name": "look_x",
			"meaning": "turning the camera sideways, -1 to 1",
			"low": -1,
			"high": 1,
			"idle": 0,
			"between": "idle",
			"aliases": []
		}, {
			"name": "look_y",
			"meaning": "turning the camera up and down, -1 to 1",
			"low": -1,
			"high": 1,
			"idle": 0,
			"between": "idle",
			"aliases": []
		}],
		"groups": [["look", ["look_x", "look_y"]]]
	},
	panda: {
		"title": "Franka Panda arms",
		"agent_names": null,
		"frame_rate": 20,
		"buttons": [],
		"axes": [
			{
				"name": "joint_1",
				"meaning": "position of the joint in radians",
				"low": -2.8973,
				"high": 2.8973,
				"idle": 0,
				"between": "linear",
				"aliases": ["j1"]
			},
			{
				"name": "joint_2",
				"meaning": "position of the joint in radians",
				"low": -1.7628,
				"high": 1.7628,
				"idle": -.7853981633974483,
				"between": "linear",
				"aliases": ["j2"]
			},
			{
				"name": "joint_3",
				"meaning": "position of the joint in radians",
				"low": -2.8973,
				"high": 2.8973,
				"idle": 0,
				"between": "linear",
				"aliases": ["j3"]
			},
			{
				"name": "joint_4",
				"meaning": "position of the joint in radians",
				"low": -3.0718,
				"high": -.0698,
				"idle": -2.356194490192345,
				"between": "linear",
				"aliases": ["j4"]
			},
			{
				"name": "joint_5",
				"meaning": "position of the joint in radians",
				"low": -2.8973,
				"high": 2.8973,
				"idle": 0,
				"between": "linear",
				"aliases": ["j5"]
			},
			{
				"name": "joint_6",
				"meaning": "position of the joint in radians",
				"low": -.0175,
				"high": 3.7525,
				"idle": 1.5707963267948966,
				"between": "linear",
				"aliases": ["j6"]
			},
			{
				"name": "joint_7",
				"meaning": "position of the joint in radians",
				"low": -2.8973,
				"high": 2.8973,
				"idle": .7853981633974483,
				"between": "linear",
				"aliases": ["j7"]
			},
			{
				"name": "gripper",
				"meaning": "1 open, -1 closed",
				"low": -1,
				"high": 1,
				"idle": 1,
				"between": "hold",
				"aliases": []
			}
		],
		"groups": [["joints", [
			"joint_1",
			"joint_2",
			"joint_3",
			"joint_4",
			"joint_5",
			"joint_6",
			"joint_7"
		]]]
	}
};
// src/actions/layout.ts
function findLayout(name) {
	return layouts_default[String(name)] ?? null;
}
/** Index of the button that a word means; -1 for none. */
function buttonOf(layout, word) {
	return layout.buttons.findIndex((button) => button.name === word || button.aliases.includes(word));
}
/** Indices of the axes that a word means, in the order of their numbers; null for none. */
function axesOf(layout, word) {
	const single = layout.axes.findIndex((axis) => axis.name === word || axis.aliases.includes(word));
	if (single >= 0) return [single];
	const group = layout.groups.find(([name]) => name === word);
	return group ? group[1].map((member) => layout.axes.findIndex((axis) => axis.name === member)) : null;
}
// src/actions/edits.ts
/** A score in which a key is down, or not, in some frames. */
function press(score, agent, button, range, down) {
	const pressed = score.pressed.map((keys, index) => index === agent ? keys.map((values, key) => key === button ? filled(values, range, down) : values) : keys);
	return {
		...score,
		pressed
	};
}
/** A score in which an axis has a value in some frames. */
function setAxis(score, agent, axis, range, value) {
	const axes = score.axes.map((all, index) => index === agent ? all.map((values, place) => place === axis ? filled(values, range, value) : values) : all);
	return {
		...score,
		axes
	};
}
/** A score in which an agent does nothing in some frames. */
function clear(score, layout, agent, range) {
	return perform(score, layout, agent, range, /* @__PURE__ */ new Set(), /* @__PURE__ */ new Map());
}
/** A score in which an agent presses just these keys in some frames, and axes have these values or are idle. */
function perform(score, layout, agent, range, keys, values) {
	const pressed = score.pressed.map((all, index) => index === agent ? all.map((track, key) => filled(track, range, keys.has(key))) : all);
	const axes = score.axes.map((all, index) => index === agent ? all.map((track, axis) => filled(track, range, values.get(axis) ?? layout.axes[axis].idle)) : all);
	return {
		...score,
		pressed,
		axes
	};
}
/** Whether a key is down in all of some frames. */
function isDown(score, agent, button, [first, last]) {
	return score.pressed[agent][button].slice(first, last + 1).every(Boolean);
}
function filled(values, [first, last], value) {
	return values.map((before, frame) => frame >= first && frame <= last ? value : before);
}
/** How far the arrow keys turn a look, as a share of its usual range. */
var LOOK = .3;
/** What a key of the keyboard does in a layout; null for nothing. Control is left to the browser, C stands for it. */
function meaningOfKey(event, layout) {
	const words = {
		" ": "space",
		c: "ctrl"
	};
	const key = event.key.toLowerCase();
	const button = layout.buttons.findIndex((known) => known.name === (words[key] ?? key));
	if (button >= 0 && key !== "control") return { button };
	const [name, value] = {
		ArrowLeft: ["look_x", -.3],
		ArrowRight: ["look_x", LOOK],
		ArrowUp: ["look_y", LOOK],
		ArrowDown: ["look_y", -.3]
	}[event.key] ?? ["", 0];
	const axis = layout.axes.findIndex((known) => known.name === name);
	return axis >= 0 ? {
		axis,
		value
	} : null;
}
// src/actions/script_syntax.ts
/** A script that cannot be read, with its line from 1. */
var ScriptError = class extends Error {
	line;
	constructor(line) {
		super(`line ${line}`);
		this.line = line;
	}
};
var HEADER = /(?:("(?:[^"\\]|\\.)*")\s*:|([\p{L}_][^:;#"+,]*):)/uy;
var FRAMES = /(\d+)\s*(?:-\s*(\d+|end\b)\s*)?/iy;
var WORD = /[\p{L}_][\p{L}\p{N}_]*/uy;
var NUMBER = /[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])/y;
var SPACE = /\s*/y;
var LAST_FRAME = 1e6;
var LINE_ENDS = /\r\n|[\n\r\v\f\x85\u2028\u2029]/;
var Line = class {
	number;
	text;
	position = 0;
	constructor(number, text) {
		this.number = number;
		this.text = text;
		this.skipSpace();
	}
	get ended() {
		return this.position >= this.text.length || this.text[this.position] === "#";
	}
	get next() {
		return this.text[this.position] ?? "";
	}
	take(pattern) {
		pattern.lastIndex = this.position;
		const match = pattern.exec(this.text);
		if (match) this.goTo(this.position + match[0].length);
		return match;
	}
	takeMark(marks) {
		if (!this.next || !marks.includes(this.next)) return false;
		this.goTo(this.position + 1);
		return true;
	}
	fail() {
		throw new ScriptError(this.number);
	}
	goTo(position) {
		this.position = position;
		this.skipSpace();
	}
	skipSpace() {
		SPACE.lastIndex = this.position;
		this.position += SPACE.exec(this.text)[0].length;
	}
};
/** Headers and entries of a script, in the order of the text. Throws `ScriptError`. */
function parseEntries(text) {
	const headers = [];
	const entries = [];
	text.split(LINE_ENDS).forEach((content, index) => {
		const line = new Line(index + 1, content);
		while (!line.ended) {
			if (line.takeMark(";")) continue;
			const header = takeHeader(line);
			if (header) headers.push({
				header,
				line: line.number
			});
			else if (/\d/.test(line.next)) entries.push(takeEntry(line, headers.at(-1)?.header ?? null));
			else line.fail();
		}
	});
	return {
		headers,
		entries
	};
}
function takeHeader(line) {
	const match = line.take(HEADER);
	if (!match) return null;
	if (match[2] !== void 0) return {
		name: match[2].trim(),
		quoted: false
	};
	try {
		return {
			name: JSON.parse(match[1]),
			quoted: true
		};
	} catch {
		return line.fail();
	}
}
function takeEntry(line, header) {
	const match = line.take(FRAMES);
	const first = Number(match[1]);
	const last = match[2] === void 0 ? first : match[2].toLowerCase() === "end" ? null : Number(match[2]);
	if (first > LAST_FRAME || last !== null && (last > LAST_FRAME || last < first)) line.fail();
	if (!line.takeMark(":")) line.fail();
	const items = [takeItem(line)];
	while (line.takeMark("+,")) items.push(takeItem(line));
	if (!line.ended && !line.takeMark(";")) line.fail();
	return {
		line: line.number,
		header,
		first,
		last,
		items
	};
}
function takeItem(line) {
	const match = line.take(WORD);
	if (!match) return line.fail();
	const numbers = [];
	for (let number = line.take(NUMBER); number; number = line.take(NUMBER)) {
		numbers.push(Number(number[0]));
		if (!Number.isFinite(numbers.at(-1))) line.fail();
	}
	return {
		word: match[0].toLowerCase(),
		numbers
	};
}
// src/actions/score.ts
var NUMBERED = /^(?:agent|player|robot)\s*(\d{1,9})$/i;
var MOST_AGENTS = 16;
/**
* The score of a script, as parse_action_script in world/actions/script.py makes it. Throws `ScriptError`.
*
* @param names of the agents; null as the layout or the script says.
* @param frames how many; null up to the last one that the script names.
*/
function readScript(text, layout, names, frames) {
	const { headers, entries } = parseEntries(text);
	const known = layout.agent_names ?? names ?? namesOf(headers);
	const count = frames ?? frameCount(entries);
	for (const { header, line } of headers) agentsOf(header, known, line);
	const score = {
		names: known,
		frames: count,
		pressed: known.map(() => layout.buttons.map(() => Array(count).fill(false))),
		axes: known.map(() => layout.axes.map((axis) => Array(count).fill(axis.idle)))
	};
	const targets = /* @__PURE__ */ new Map();
	for (const entry of entries) {
		if (!entry.header && known.length > 1) throw new ScriptError(entry.line);
		const last = entry.last ?? count - 1;
		if (Math.max(entry.first, last) >= count) throw new ScriptError(entry.line);
		const agents = entry.header ? agentsOf(entry.header, known, entry.line) : known.map((_, agent) => agent);
		for (const item of entry.items) write(score, layout, targets, item, agents, [entry.first, last], entry.line);
	}
	for (const agent of score.axes) agent.forEach((values, axis) => {
		const set = targets.get(values);
		if (set) fillBetween(values, set, layout.axes[axis]);
	});
	return score;
}
function namesOf(headers) {
	let count = 1;
	for (const { header, line } of headers) {
		const number = header.quoted ? 0 : Number(NUMBERED.exec(header.name)?.[1] ?? 0);
		if (number > MOST_AGENTS) throw new ScriptError(line);
		count = Math.max(count, number);
	}
	return Array.from({ length: count }, (_, index) => `agent ${index + 1}`);
}
function frameCount(entries) {
	if (!entries.length) throw new ScriptError(1);
	return Math.max(...entries.map((entry) => {
		if (entry.last === null) throw new ScriptError(entry.line);
		return entry.last + 1;
	}));
}
function agentsOf(header, names, line) {
	const exact = names.indexOf(header.name);
	if (exact >= 0) return [exact];
	const folded = header.name.toLowerCase();
	const alike = names.flatMap((name, index) => name.toLowerCase() === folded ? [index] : []);
	if (alike.length === 1) return alike;
	const number = header.quoted ? 0 : Number(NUMBERED.exec(header.name)?.[1] ?? 0);
	if (number >= 1 && number <= names.length) return [number - 1];
	if (folded === "all" && !header.quoted) return names.map((_, index) => index);
	throw new ScriptError(line);
}
function write(score, layout, targets, item, agents, [first, last], line) {
	const button = buttonOf(layout, item.word);
	const axes = item.word === "idle" ? layout.axes.map((_, axis) => axis) : axesOf(layout, item.word);
	const expected = item.word === "idle" || button >= 0 ? 0 : axes?.length;
	if (item.numbers.length !== expected) throw new ScriptError(line);
	for (const agent of agents) {
		if (button >= 0) score.pressed[agent][button].fill(true, first, last + 1);
		else if (item.word === "idle") for (const keys of score.pressed[agent]) keys.fill(false, first, last + 1);
		if (button >= 0) continue;
		axes.forEach((axis, index) => {
			const value = item.word === "idle" ? layout.axes[axis].idle : item.numbers[index];
			const values = score.axes[agent][axis];
			if (layout.axes[axis].between === "idle") values.fill(value, first, last + 1);
			else setTargets(targets, values, first, last, value);
		});
	}
}
function setTargets(targets, values, first, last, value) {
	const set = targets.get(values) ?? /* @__PURE__ */ new Map();
	for (const frame of [...set.keys()]) if (frame >= first && frame <= last) set.delete(frame);
	set.set(first, value).set(last, value);
	targets.set(values, set);
}
function fillBetween(values, set, axis) {
	const times = [...set.keys()].sort((a, b) => a - b);
	for (let frame = 0; frame < values.length; frame++) {
		const after = times.findIndex((time) => time > frame);
		const before = after < 0 ? times.at(-1) : times[after - 1];
		if (before === void 0) values[frame] = axis.between === "hold" ? axis.idle : set.get(times[0]);
		else if (after < 0 || axis.between === "hold") values[frame] = set.get(before);
		else {
			const [from, to] = [set.get(before), set.get(times[after])];
			values[frame] = from + (to - from) * (frame - before) / (times[after] - before);
		}
	}
}
/** Whether tracks can be drawn into: axes that move between targets are written as text. */
function isEditable(layout) {
	return layout.axes.every((axis) => axis.between === "idle");
}
/** A script that `readScript` reads back, after the comment lines that `before` begins with. */
function writeScript(score, layout, layoutName, before = "") {
	const comments = before.split("\n").slice(0, before.split("\n").findIndex((line) => !line.trim().startsWith("#")));
	const lines = comments.length ? comments : [`# ${layoutName}, ${score.frames} frames`];
	let reached = false;
	score.names.forEach((name, agent) => {
		lines.push(`${writtenName(name)}:`);
		for (const [first, last] of runs(score, agent)) {
			const items = itemsAt(score, layout, agent, first);
			if (!items.length) continue;
			lines.push(`  ${first === last ? first : `${first}-${last}`}: ${items.join(", ")}`);
			reached ||= last === score.frames - 1;
		}
	});
	if (!reached) lines.push(`  ${score.frames - 1}: idle`);
	return `${lines.join("\n")}\n`;
}
function writtenName(name) {
	return /^[\p{L}_][\p{L}\p{N}_]*(?: [\p{L}\p{N}_]+)*$/u.test(name) ? name : JSON.stringify(name);
}
/** First and last frame of every stretch in which an agent does the same. */
function runs(score, agent) {
	const channels = [...score.pressed[agent], ...score.axes[agent]];
	const found = [];
	let first = 0;
	for (let frame = 1; frame <= score.frames; frame++) {
		if (frame < score.frames && channels.every((values) => values[frame] === values[frame - 1])) continue;
		found.push([first, frame - 1]);
		first = frame;
	}
	return found;
}
function itemsAt(score, layout, agent, frame) {
	const keys = layout.buttons.filter((_, button) => score.pressed[agent][button][frame]);
	const items = keys.length ? [keys.map((key) => key.name.toUpperCase()).join("+")] : [];
	const grouped = layout.groups.flatMap(([, members]) => members);
	const single = layout.axes.filter((axis) => !grouped.includes(axis.name)).map((axis) => axis.name);
	for (const [word, members] of [...layout.groups, ...single.map((name) => [name, [name]])]) {
		const axes = members.map((member) => layout.axes.findIndex((axis) => axis.name === member));
		const values = axes.map((axis) => score.axes[agent][axis][frame]);
		if (axes.some((axis, index) => layout.axes[axis].between !== "idle" || values[index] !== layout.axes[axis].idle)) items.push([word, ...values].join(" "));
	}
	return items;
}
// src/actions/texts.ts
var ENGLISH = {
	open: "Tracks: press or draw keys",
	close: "Hide the tracks",
	record: "Record (R): keys that you press go into the track of the agent, from the playhead on; arrow keys look around, C crouches",
	stop: "Stop recording (R)",
	speed: "Speed of the recording",
	clear: "Clear the marked frames (delete)",
	linked: "The script comes from another node; unlink it to edit it here.",
	unread: "The script cannot be read ({0}); correct the text above.",
	layout: "This layout is not known to the page; edit the text above.",
	targets: "Joints move between targets, which the text above names; the tracks only show them.",
	help: "Draw in a track to press a key, again to release it. Drag along the frame numbers to mark frames, then press keys.",
	frame: "frame {0} / {1}",
	frames: "frames {0} to {1} of {2}",
	recording: "recording {0}"
};
var CHINESE = {
	open: "轨道：按键或绘制",
	close: "隐藏轨道",
	record: "录制（R）：从播放头开始，按下的键写入该智能体的轨道；方向键转动视角，C 为下蹲",
	stop: "停止录制（R）",
	speed: "录制速度",
	clear: "清除标记的帧（Delete）",
	linked: "脚本来自其他节点；断开连接后可在此编辑。",
	unread: "无法读取脚本（{0}），请修改上方文字。",
	layout: "页面不认识此布局，请编辑上方文字。",
	targets: "关节在目标之间移动，目标由上方文字给出；轨道仅供查看。",
	help: "在轨道中拖动即按下按键，再次拖动即松开。沿帧号拖动可标记帧，然后按键。",
	frame: "第 {0} / {1} 帧",
	frames: "第 {0} 至 {1} 帧，共 {2} 帧",
	recording: "正在录制 {0}"
};
/** A text in the page's language, with its numbered gaps filled. */
function text(key, ...gaps) {
	return filled$1((isChinese() ? CHINESE : ENGLISH)[key], gaps);
}
var RIGHT = 6;
/** Where the tracks of one agent lie: frame numbers above, then keys, then axes. */
var Tracks = class {
	layout;
	frames;
	width;
	left;
	height;
	constructor(layout, frames, width, measure) {
		this.layout = layout;
		this.frames = frames;
		this.width = width;
		const names = [...layout.buttons, ...layout.axes].map((channel) => label(channel.name));
		this.left = Math.ceil(Math.max(24, ...names.map(measure)) + 12);
		this.height = 18 + layout.buttons.length * 15 + layout.axes.length * 28 + 4;
	}
	/** Pixels where a frame begins. */
	x(frame) {
		return this.left + (this.width - RIGHT - this.left) * frame / this.frames;
	}
	/** The frame at a pixel, one of those that there are. */
	frameAt(x) {
		const frame = Math.floor((x - this.left) / (this.width - RIGHT - this.left) * this.frames);
		return Math.min(Math.max(frame, 0), this.frames - 1);
	}
	topOfKey(button) {
		return 18 + button * 15;
	}
	topOfAxis(axis) {
		return 18 + this.layout.buttons.length * 15 + axis * 28;
	}
	hit(y) {
		if (y < 18) return { kind: "ruler" };
		const button = Math.floor((y - 18) / 15);
		if (button < this.layout.buttons.length) return {
			kind: "key",
			button
		};
		const axis = Math.floor((y - this.topOfAxis(0)) / 28);
		const channel = this.layout.axes[axis];
		if (!channel) return null;
		const share = 1 - (y - this.topOfAxis(axis) - 3) / 22;
		const value = channel.low + Math.min(Math.max(share, 0), 1) * (channel.high - channel.low);
		const step = (channel.high - channel.low) / 20;
		return {
			kind: "axis",
			axis,
			value: Number((Math.round(value / step) * step).toFixed(6))
		};
	}
	draw(context, score, agent, marked, theme) {
		const color = agentColor(agent, theme.dark);
		context.font = "11px Inter, system-ui, sans-serif";
		context.fillStyle = theme.ground;
		context.fillRect(0, 0, this.width, this.height);
		this.drawRuler(context, marked, theme);
		this.layout.buttons.forEach((button, index) => {
			const top = this.topOfKey(index);
			const keys = score.pressed[agent][index];
			if (index % 2 === 0) this.fill(context, theme.grid, 0, this.frames, top, 15);
			this.name(context, button.name, top + 15 / 2, keys.some(Boolean) ? theme.ink : theme.faintInk);
			for (const [first, last] of stretches(keys)) this.fill(context, color, first, last + 1, top + 2, 11, 2);
		});
		this.layout.axes.forEach((_, index) => {
			this.drawAxis(context, score.axes[agent][index], index, color, theme);
		});
		context.fillStyle = translucent(theme.selection, .1);
		context.fillRect(this.x(marked[0]), 18, this.x(marked[1] + 1) - this.x(marked[0]), this.height);
	}
	drawRuler(context, marked, theme) {
		this.fill(context, theme.strongGrid, marked[0], marked[1] + 1, 2, 14, 3);
		context.textAlign = "left";
		context.textBaseline = "middle";
		const step = [
			1,
			2,
			5,
			10,
			20,
			50,
			100,
			200,
			500,
			1e3
		].find((own) => this.x(own) - this.x(0) > 34) ?? 5e3;
		for (let frame = 0; frame < this.frames; frame += step) {
			context.fillStyle = theme.strongGrid;
			context.fillRect(Math.round(this.x(frame)), 3, 1, this.height - 3);
			context.fillStyle = theme.faintInk;
			const number = String(frame);
			if (this.x(frame) + 3 + context.measureText(number).width <= this.width) context.fillText(number, this.x(frame) + 3, 9);
		}
	}
	drawAxis(context, values, index, color, theme) {
		const axis = this.layout.axes[index];
		const top = this.topOfAxis(index);
		const [low, high] = [Math.min(axis.low, ...values), Math.max(axis.high, ...values)];
		const y = (value) => top + 28 - 3 - (value - low) / (high - low) * 22;
		const moves = values.some((value) => value !== axis.idle);
		this.name(context, axis.name, top + 14, moves ? theme.ink : theme.faintInk);
		context.fillStyle = theme.strongGrid;
		context.fillRect(this.left, Math.round(y(axis.idle)), this.x(this.frames) - this.left, 1);
		context.strokeStyle = color;
		context.lineWidth = 2;
		context.beginPath();
		values.forEach((value, frame) => {
			context.lineTo(this.x(frame), y(value));
			context.lineTo(this.x(frame + 1), y(value));
		});
		context.stroke();
	}
	name(context, name, y, color) {
		context.fillStyle = color;
		context.textAlign = "right";
		context.textBaseline = "middle";
		context.fillText(label(name), this.left - 7, y);
	}
	fill(context, color, first, end, top, height, radius = 0) {
		context.fillStyle = color;
		context.beginPath();
		context.roundRect(this.x(first), top, Math.max(1, this.x(end) - this.x(first)), height, radius);
		context.fill();
	}
};
function label(name) {
	return name.length === 1 ? name.toUpperCase() : name;
}
/** First and last frame of every stretch in which a key is down. */
function stretches(keys) {
	const found = [];
	keys.forEach((down, frame) => {
		if (!down) return;
		if (frame > 0 && keys[frame - 1]) found.at(-1)[1] = frame;
		else found.push([frame, frame]);
	});
	return found;
}
// src/actions/panel.ts
var SPEEDS = [
	.05,
	.1,
	.25,
	.5,
	1
];
/** Tracks of one agent at a time, to draw and to record into. */
var TrackPanel = class {
	onEdit;
	root = element("div", "tracks", { tabIndex: 0 });
	bar = element("div", "tracks-bar");
	canvas = element("canvas", "tracks-canvas");
	status = element("span", "tracks-status");
	record = element("button", "tracks-record", {
		type: "button",
		onclick: () => this.toggleRecording()
	});
	speed = element("select", "tracks-speed");
	agents = element("span", "tracks-agents");
	observer = new ResizeObserver(() => this.draw());
	themeChanged = () => this.showAgents();
	forgetTheme = onThemeChange(this.themeChanged);
	piece = null;
	agent = 0;
	marked = [0, 0];
	shiftAlone = false;
	recording = null;
	held = /* @__PURE__ */ new Map();
	/** @param onEdit takes a score that a person has changed. */
	constructor(onEdit) {
		this.onEdit = onEdit;
		nameButton(this.speed, text("speed"));
		this.speed.append(...SPEEDS.map((speed) => new Option(`${speed}×`, String(speed))));
		this.speed.value = "0.25";
		this.bar.append(this.agents, this.record, this.speed, this.status);
		this.root.append(this.bar, this.canvas);
		this.canvas.title = text("help");
		this.observer.observe(this.canvas);
		this.listen();
	}
	/** Show a score, or why there is none. */
	show(piece, trouble = "") {
		if (this.recording) return;
		this.piece = piece;
		this.root.dataset.state = piece ? isEditable(piece.layout) ? "open" : "fixed" : "trouble";
		if (piece) {
			const last = piece.score.frames - 1;
			this.agent = Math.min(this.agent, piece.score.names.length - 1);
			this.marked = [Math.min(this.marked[0], last), Math.min(this.marked[1], last)];
			this.canvas.style.height = `${this.makeTracks(piece, 400).height}px`;
		}
		this.canvas.hidden = !piece;
		this.record.hidden = this.speed.hidden = !piece || !isEditable(piece.layout);
		this.status.textContent = trouble;
		this.showAgents();
	}
	/** Height in pixels that the panel needs. */
	get height() {
		return 34 + (this.piece ? this.makeTracks(this.piece, 400).height : 0);
	}
	dispose() {
		this.observer.disconnect();
		this.forgetTheme();
		this.recording = null;
	}
	makeTracks({ layout, score }, width) {
		const context = this.canvas.getContext("2d");
		context.font = "11px Inter, system-ui, sans-serif";
		return new Tracks(layout, score.frames, width, (words) => context.measureText(words).width);
	}
	showAgents() {
		const { dark } = currentTheme();
		const names = this.piece?.score.names ?? [];
		this.agents.replaceChildren(...names.map((name, index) => {
			const button = element("button", "tracks-agent", { type: "button" }, name);
			button.setAttribute("aria-pressed", String(index === this.agent));
			button.style.setProperty("--agent", agentColor(index, dark));
			button.onclick = () => {
				this.agent = index;
				this.showAgents();
			};
			return button;
		}));
		this.draw();
	}
	draw() {
		const { piece } = this;
		this.record.classList.toggle("shared-world-tracks-recording", this.recording !== null);
		nameButton(this.record, text(this.recording ? "stop" : "record"));
		if (!piece || !this.canvas.clientWidth) return;
		const { context, size } = fitCanvas(this.canvas);
		this.makeTracks(piece, size[0]).draw(context, piece.score, this.agent, this.marked, currentTheme());
		this.showStatus(piece);
	}
	showStatus({ score, layout }) {
		const [first, last] = this.marked;
		const end = score.frames - 1;
		const place = first === last ? text("frame", first, end) : text("frames", first, last, end);
		const recorded = this.recording && text("recording", score.names[this.agent]);
		this.status.textContent = isEditable(layout) ? [recorded, place].filter(Boolean).join(", ") : text("targets");
	}
	edit(score) {
		if (!this.piece) return;
		this.piece = {
			...this.piece,
			score
		};
		this.draw();
	}
	commit() {
		if (this.piece) this.onEdit(this.piece.score);
	}
	listen() {
		forwardCanvasEvents(this.root);
		this.root.addEventListener("mousedown", (event) => {
			if (event.target.closest("button")) event.preventDefault();
			if (!(event.target instanceof HTMLSelectElement)) this.root.focus({ preventScroll: true });
		});
		this.canvas.addEventListener("pointerdown", (event) => this.beginDrag(event));
		this.root.addEventListener("keydown", (event) => {
			if (event.target instanceof HTMLSelectElement || event.ctrlKey || event.metaKey || event.altKey) return;
			if (!this.pressKey(event)) return;
			event.preventDefault();
			event.stopPropagation();
		});
		this.root.addEventListener("keyup", (event) => this.releaseKey(event));
		this.root.addEventListener("blur", () => this.held.clear());
	}
	beginDrag(down) {
		const { piece, canvas } = this;
		if (!piece || down.button !== 0 || this.recording) return;
		const tracks = this.makeTracks(piece, canvas.clientWidth);
		const [x, y] = pixelOf(canvas, down);
		const hit = tracks.hit(y);
		if (!hit || hit.kind !== "ruler" && !isEditable(piece.layout)) return;
		const start = tracks.frameAt(x);
		const before = piece.score;
		const down_ = hit.kind === "key" && !before.pressed[this.agent][hit.button][start];
		const move = (event) => {
			const [across, along] = pixelOf(canvas, event);
			const here = tracks.frameAt(across);
			const range = [Math.min(start, here), Math.max(start, here)];
			this.marked = range;
			const at = tracks.hit(along);
			if (hit.kind === "key") this.edit(press(before, this.agent, hit.button, range, down_));
			else if (hit.kind === "axis") {
				const value = at?.kind === "axis" && at.axis === hit.axis ? at.value : hit.value;
				this.edit(setAxis(before, this.agent, hit.axis, range, value));
			} else this.draw();
		};
		const end = new AbortController();
		canvas.setPointerCapture(down.pointerId);
		canvas.addEventListener("pointermove", move, { signal: end.signal });
		for (const event of ["pointerup", "pointercancel"]) canvas.addEventListener(event, () => {
			end.abort();
			if (hit.kind !== "ruler") this.commit();
		}, { signal: end.signal });
		move(down);
	}
	/** Do what a key stands for. Returns whether it stands for anything. */
	pressKey(event) {
		const { piece } = this;
		if (!piece) return false;
		if (!isEditable(piece.layout)) return this.moveMark(event, piece);
		if (event.key.toLowerCase() === "r" || event.key === "Escape" && this.recording) {
			if (!event.repeat) this.toggleRecording();
			return true;
		}
		const meaning = meaningOfKey(event, piece.layout);
		if (this.recording) {
			if (meaning) this.held.set(event.code, meaning);
			return meaning !== null;
		}
		this.shiftAlone = event.key === "Shift";
		return this.shiftAlone || this.moveMark(event, piece) || this.editMarked(event, piece, meaning);
	}
	/** Shift also widens the mark, so outside of a recording it counts as a key only if it was pressed alone. */
	releaseKey(event) {
		this.held.delete(event.code);
		const { piece, shiftAlone } = this;
		if (!piece || event.key !== "Shift" || !shiftAlone || this.recording) return;
		this.shiftAlone = false;
		this.editMarked(event, piece, meaningOfKey(event, piece.layout));
	}
	/** Clear the marked frames, or press a key in all of them, or release it. */
	editMarked(event, { score, layout }, meaning) {
		if (event.key === "Delete" || event.key === "Backspace") this.edit(clear(score, layout, this.agent, this.marked));
		else if (meaning && "button" in meaning && !event.repeat) {
			const down = !isDown(score, this.agent, meaning.button, this.marked);
			this.edit(press(score, this.agent, meaning.button, this.marked, down));
		} else return meaning !== null;
		this.commit();
		return true;
	}
	moveMark(event, { score }) {
		const last = score.frames - 1;
		const wanted = {
			ArrowLeft: this.marked[0] - 1,
			ArrowRight: this.marked[1] + 1,
			Home: 0,
			End: last
		}[event.key];
		if (wanted === void 0) return false;
		const frame = Math.min(Math.max(wanted, 0), last);
		const [first, end] = this.marked;
		this.marked = event.shiftKey ? [Math.min(first, frame), Math.max(end, frame)] : [frame, frame];
		this.draw();
		return true;
	}
	toggleRecording() {
		const { piece } = this;
		if (!piece || !isEditable(piece.layout)) return;
		if (this.recording) {
			this.stopRecording();
			return;
		}
		const from = this.marked[0] >= piece.score.frames - 1 ? 0 : this.marked[0];
		this.recording = {
			start: performance.now(),
			from,
			done: from - 1,
			before: piece.score
		};
		this.held.clear();
		requestAnimationFrame(this.recordOn);
		this.draw();
	}
	/** Write what is held into the frames that have passed since the last turn. */
	recordOn = () => {
		const { recording, piece } = this;
		if (!recording || !piece || !this.root.isConnected) {
			this.stopRecording();
			return;
		}
		const seconds = (performance.now() - recording.start) / 1e3 * Number(this.speed.value);
		const last = piece.score.frames - 1;
		const frame = Math.min(recording.from + Math.floor(seconds * piece.frameRate), last);
		if (frame > recording.done) {
			const keys = /* @__PURE__ */ new Set();
			const values = /* @__PURE__ */ new Map();
			for (const meaning of this.held.values()) if ("button" in meaning) keys.add(meaning.button);
			else values.set(meaning.axis, meaning.value);
			const range = [recording.done + 1, frame];
			recording.done = frame;
			this.marked = [frame, frame];
			this.edit(perform(piece.score, piece.layout, this.agent, range, keys, values));
		}
		if (frame === last) this.stopRecording();
		else requestAnimationFrame(this.recordOn);
	};
	stopRecording() {
		const { recording } = this;
		if (!recording) return;
		this.recording = null;
		this.held.clear();
		if (this.piece && this.piece.score !== recording.before) this.commit();
		this.draw();
	}
};
// src/actions/tracks.css?inline
var tracks_default = ".shared-world-tracks-host {\n  display: flex;\n  flex-direction: column;\n  gap: 4px;\n  box-sizing: border-box;\n  width: 100%;\n  height: 100%;\n  overflow: hidden;\n  color: var(--fg-color, #fff);\n  font:\n    12px / 1.4 Inter,\n    system-ui,\n    sans-serif;\n}\n.shared-world-tracks-switch {\n  flex: none;\n  height: 24px;\n  padding: 0 8px;\n  border: 1px solid var(--border-color, #4e4e4e);\n  border-radius: 6px;\n  background: var(--comfy-input-bg, #222);\n  color: inherit;\n  font: inherit;\n  text-align: left;\n  cursor: pointer;\n}\n.shared-world-tracks-switch::before {\n  content: \"▸\";\n  display: inline-block;\n  width: 14px;\n}\n.shared-world-tracks-switch[aria-expanded=\"true\"]::before {\n  content: \"▾\";\n}\n.shared-world-tracks {\n  display: flex;\n  flex: 1;\n  flex-direction: column;\n  gap: 4px;\n  min-height: 0;\n  padding: 5px;\n  overflow: hidden;\n  border-radius: 6px;\n  outline: none;\n  background: var(--comfy-input-bg, #222);\n}\n.shared-world-tracks:focus-within {\n  box-shadow: inset 0 0 0 1px var(--p-primary-color, #5aa0ff);\n}\n.shared-world-tracks [hidden],\n.shared-world-tracks-host > [hidden] {\n  display: none;\n}\n.shared-world-tracks-bar {\n  display: flex;\n  flex: none;\n  align-items: center;\n  gap: 6px;\n  min-height: 24px;\n}\n.shared-world-tracks-agents {\n  display: flex;\n  gap: 4px;\n}\n.shared-world-tracks-agent {\n  height: 22px;\n  padding: 0 8px;\n  border: 1px solid transparent;\n  border-radius: 5px;\n  background: transparent;\n  color: inherit;\n  font: inherit;\n  opacity: 0.65;\n  cursor: pointer;\n}\n.shared-world-tracks-agent::before {\n  content: \"\";\n  display: inline-block;\n  width: 8px;\n  height: 8px;\n  margin-right: 5px;\n  border-radius: 2px;\n  background: var(--agent);\n}\n.shared-world-tracks-agent[aria-pressed=\"true\"] {\n  border-color: var(--agent);\n  opacity: 1;\n}\n.shared-world-tracks-record {\n  width: 24px;\n  height: 22px;\n  padding: 0;\n  border: 0;\n  border-radius: 5px;\n  background: transparent;\n  cursor: pointer;\n}\n.shared-world-tracks-record::before {\n  content: \"\";\n  display: inline-block;\n  width: 10px;\n  height: 10px;\n  border-radius: 50%;\n  background: #e5484d;\n}\n.shared-world-tracks-record.shared-world-tracks-recording::before {\n  border-radius: 2px;\n}\n.shared-world-tracks-record:hover,\n.shared-world-tracks-agent:hover {\n  background: color-mix(in srgb, var(--fg-color, #fff) 14%, transparent);\n}\n.shared-world-tracks-speed {\n  height: 22px;\n  border: 1px solid var(--border-color, #4e4e4e);\n  border-radius: 5px;\n  background: var(--comfy-input-bg, #222);\n  color: inherit;\n  font: inherit;\n}\n.shared-world-tracks-status {\n  flex: 1;\n  overflow: hidden;\n  color: var(--descrip-text, #999);\n  font-variant-numeric: tabular-nums;\n  text-align: right;\n  text-overflow: ellipsis;\n  white-space: nowrap;\n}\n.shared-world-tracks-canvas {\n  flex: none;\n  width: 100%;\n  border-radius: 4px;\n  cursor: crosshair;\n  touch-action: none;\n}\n";
// src/actions/host.ts
/** Property of the node that says whether the tracks are shown. */
var PROPERTY = "shared_world_tracks";
/** The tracks of an Action Script node. Its text stays the only value: tracks are read from it and written into it. */
var TrackHost = class {
	node;
	root = element("div", "tracks-host");
	switch = element("button", "tracks-switch", { type: "button" });
	panel = null;
	constructor(node) {
		this.node = node;
		addStyle("tracks", tracks_default);
		this.switch.onclick = () => this.setOpen(!this.isOpen);
		this.root.append(this.switch);
		this.root.addEventListener("pointerenter", () => this.refresh());
		this.setOpen(false, false);
		for (const name of [
			"script",
			"layout",
			"frames",
			"frame_rate",
			"agents"
		]) this.watch(this.widget(name));
	}
	get isOpen() {
		return this.panel !== null;
	}
	get height() {
		return 46 + (this.panel ? this.panel.height + 4 : 0);
	}
	/** Show the tracks if the saved graph had them shown. */
	restore() {
		this.setOpen(this.node.properties[PROPERTY] === true, false);
	}
	dispose() {
		this.panel?.dispose();
	}
	refresh() {
		if (!this.panel) return;
		try {
			this.panel.show(this.read());
		} catch (error) {
			this.panel.show(null, error instanceof Error ? error.message : String(error));
		}
	}
	setOpen(open, byHand = true) {
		this.panel?.dispose();
		this.panel?.root.remove();
		this.panel = open ? new TrackPanel((score) => this.write(score)) : null;
		if (this.panel) this.root.append(this.panel.root);
		this.switch.textContent = text(open ? "close" : "open");
		this.switch.setAttribute("aria-expanded", String(open));
		this.refresh();
		if (!byHand) return;
		this.node.properties[PROPERTY] = open;
		this.resize(open);
		noteChange();
	}
	/** Make room when the tracks open, and give it back when they close. */
	resize(open) {
		const panel = this.panel;
		const before = Number(this.node.properties[`${PROPERTY}_height`] ?? 0);
		const room = open ? (panel?.height ?? 0) + 4 : -before;
		this.node.properties[`${PROPERTY}_height`] = open ? room : 0;
		this.node.setSize([Math.max(this.node.size[0], open ? 420 : 0), this.node.size[1] + room]);
		app.canvas.setDirty(true, true);
	}
	widget(name) {
		return this.node.widgets?.find((widget) => widget.name === name);
	}
	watch(widget) {
		if (widget) chain(widget, "callback", () => this.refresh());
	}
	read() {
		if (this.node.inputs?.some((input) => input.name === "script" && input.link !== null)) throw new Error(text("linked"));
		const layout = findLayout(this.widget("layout")?.value);
		if (!layout) throw new Error(text("layout"));
		const frames = Number(this.widget("frames")?.value) || null;
		const names = String(this.widget("agents")?.value ?? "").split(/[,\n]/).map((name) => name.trim()).filter(Boolean);
		const frameRate = Number(this.widget("frame_rate")?.value) || layout.frame_rate;
		const script = String(this.widget("script")?.value ?? "");
		try {
			return {
				score: readScript(script, layout, names.length ? names : null, frames),
				layout,
				frameRate
			};
		} catch (error) {
			throw new Error(text("unread", error instanceof Error ? error.message : String(error)));
		}
	}
	write(score) {
		const [script, layout] = [this.widget("script"), this.widget("layout")];
		const known = findLayout(layout?.value);
		if (!script || !known) return;
		const written = writeScript(score, known, String(layout?.value), String(script.value));
		script.value = written;
		script.callback?.(written);
		noteChange();
	}
};
/** Add the tracks to an Action Script node. */
function addTracks(node) {
	const host = new TrackHost(node);
	const widget = node.addDOMWidget("tracks", "shared_world_tracks", host.root, {
		serialize: false,
		hideInPanel: true,
		getMinHeight: () => host.height,
		getMaxHeight: () => host.height,
		getValue: () => "",
		setValue: () => void 0
	});
	widget.serialize = false;
	const leavePlace = inheritPlace(node, host.root);
	chain(node, "onConfigure", () => host.restore());
	chain(node, "onRemoved", () => {
		leavePlace();
		host.dispose();
	});
}
// src/actions/extension.ts
var NODE = "SharedWorldActionScript";
app.registerExtension({
	name: "SharedWorld.ActionScript",
	nodeCreated(node) {
		if (node.constructor.comfyClass === NODE) addTracks(node);
	}
});
