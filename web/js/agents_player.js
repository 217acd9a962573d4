import { _ as setSign, a as filled, c as isChinese, d as chain, f as addStyle, g as nameButton, h as iconButton, i as isDark, l as inheritPlace, m as fitCanvas, n as translucent, o as shortened, p as element, r as agentColor, s as onThemeChange, t as currentTheme, u as noteChange } from "./theme-C5WO8PnV.mjs";
import { t as forwardCanvasEvents } from "./canvas_events-DdEzyozM.mjs";
import { n as fileUrl, r as isFileEntry, t as roundStep } from "./scales-BW_efqSK.mjs";
import { app } from "../../../scripts/app.js";
var UnreadableDescription = class extends Error {};
function isVideo(value) {
	const video = value;
	return typeof video?.file?.filename === "string" && [
		video.frames,
		video.frame_rate,
		video.width,
		video.height
	].every((number) => Number.isFinite(number) && number > 0);
}
/** The description in what a file holds. Throws `UnreadableDescription` where it is of another kind or version. */
function readDescription(value) {
	const description = value;
	if (description?.version !== 1) throw new UnreadableDescription(`version ${String(description?.version)}`);
	const views = Array.isArray(description.rows) ? description.rows.flatMap((row) => row?.views ?? []) : [];
	const whole = views.every((view) => isVideo(view) && (view.compare === void 0 || isVideo(view.compare)));
	if (!views.length || !whole) throw new UnreadableDescription("rows");
	return description;
}
// src/player/timeline.ts
/**
* One time for all videos: frames at the highest of their rates, as long as the longest. A shorter video shows its last
* frame from its end on, a slower one each of its frames for longer.
*/
var Timeline = class {
	frameRate;
	frameCount;
	constructor(clips) {
		this.frameRate = Math.max(...clips.map((clip) => clip.frame_rate));
		const seconds = Math.max(...clips.map((clip) => clip.frames / clip.frame_rate));
		this.frameCount = Math.max(1, Math.round(seconds * this.frameRate));
	}
	get lastFrame() {
		return this.frameCount - 1;
	}
	get seconds() {
		return this.frameCount / this.frameRate;
	}
	clamp(frame) {
		return Math.min(Math.max(Math.round(frame), 0), this.lastFrame);
	}
	/** The frame that is shown at a time in seconds; times a rounding error before a frame belong to it. */
	frameAt(time) {
		return Math.min(Math.max(Math.floor(time * this.frameRate + 1e-6), 0), this.lastFrame);
	}
	/** When a frame begins, in seconds. */
	timeOf(frame) {
		return frame / this.frameRate;
	}
};
/** Frame of a clip that belongs to a time in seconds. */
function clipFrame(clip, time) {
	return Math.min(Math.max(Math.floor(time * clip.frame_rate + 1e-6), 0), clip.frames - 1);
}
/** Seconds of the middle of a clip's frame: where a video is sent to, so that rounding cannot show its neighbour. */
function frameMiddle(clip, frame) {
	return (frame + .5) / clip.frame_rate;
}
/** Whether a clip has no frames of its own any more at a time in seconds. */
function isPast(clip, time) {
	return time >= clip.frames / clip.frame_rate - 1e-6;
}
// src/player/follower.ts
/** Seconds that a video may be off the clock before its speed is changed a little. */
var TOLERATED = .01;
/** Seconds beyond which it is sent to the right place at once, or a frame and a half where that is more. */
var FAR_OFF = .2;
/** Largest change of speed to catch up, and the share of it per second of drift. */
var LARGEST_CORRECTION = .12;
var CORRECTION_PER_SECOND = 4;
/** HTMLMediaElement's readyState from which on it can go on playing. */
var HAVE_FUTURE_DATA = 3;
var HAVE_CURRENT_DATA = 2;
/** The speed at which a video comes back to the clock from `drift` seconds ahead of it. */
function correctedSpeed(speed, drift) {
	if (Math.abs(drift) < TOLERATED) return speed;
	return speed * (1 - Math.min(Math.max(drift * CORRECTION_PER_SECOND, -.12), LARGEST_CORRECTION));
}
/** One video that follows the clock. */
var Follower = class {
	video;
	clip;
	/** Frame that is on the screen, as the browser reports it; -1 before the first. */
	shownFrame = -1;
	failed = false;
	onFrame = null;
	onChange = null;
	stopped = new AbortController();
	constructor(video, clip) {
		this.video = video;
		this.clip = clip;
		const { signal } = this.stopped;
		video.addEventListener("error", () => this.fail(), { signal });
		video.addEventListener("loadeddata", () => this.onChange?.(), { signal });
		this.watchFrames();
	}
	/** Whether the video can take part now; one that failed or has ended does not hold up the others. */
	isReady(time) {
		if (this.failed) return true;
		if (this.video.seeking) return false;
		const nearEnd = isPast(this.clip, time + 1.5 / this.clip.frame_rate);
		return this.video.readyState >= (nearEnd ? HAVE_CURRENT_DATA : HAVE_FUTURE_DATA);
	}
	/** Show the frame of a time and resolve when it is there; at once if nothing has to change. */
	seek(time) {
		const target = frameMiddle(this.clip, clipFrame(this.clip, time));
		return this.seekTo(target, .25 / this.clip.frame_rate);
	}
	/** Go to the time itself, within a frame too, to play on from there. */
	cue(time) {
		const last = frameMiddle(this.clip, this.clip.frames - 1);
		return this.seekTo(Math.min(Math.max(time, .1 / this.clip.frame_rate), last), TOLERATED);
	}
	/** While the clock runs: keep with it. Returns whether the video had to jump. */
	follow(time, speed) {
		const { video, clip } = this;
		if (this.failed || video.seeking) return false;
		if (isPast(clip, time + .5 / clip.frame_rate)) return false;
		const drift = video.currentTime - time;
		if (Math.abs(drift) > Math.max(FAR_OFF, 1.5 / clip.frame_rate)) {
			this.cue(time);
			return true;
		}
		const wanted = correctedSpeed(speed, drift);
		if (Math.abs(video.playbackRate - wanted) > .005) video.playbackRate = wanted;
		if (video.paused && !video.ended) this.play(speed);
		return false;
	}
	play(speed) {
		this.video.playbackRate = speed;
		this.video.play().catch(() => void 0);
	}
	pause() {
		this.video.pause();
	}
	/** Take no further part; the video may be given to another follower. */
	release() {
		this.stopped.abort();
		this.pause();
	}
	seekTo(target, tolerance) {
		const { video } = this;
		if (this.failed) return Promise.resolve();
		if (video.readyState >= HAVE_CURRENT_DATA && !video.seeking && Math.abs(video.currentTime - target) < tolerance) return Promise.resolve();
		return new Promise((resolve) => {
			const finish = new AbortController();
			const done = () => {
				finish.abort();
				resolve();
			};
			for (const event of [
				"seeked",
				"error",
				"emptied"
			]) video.addEventListener(event, done, { signal: finish.signal });
			this.stopped.signal.addEventListener("abort", done, { signal: finish.signal });
			video.currentTime = target;
		});
	}
	fail() {
		this.failed = true;
		this.onChange?.();
	}
	watchFrames() {
		const { video, clip } = this;
		const show = (time) => {
			this.shownFrame = clipFrame(clip, time + .25 / clip.frame_rate);
			this.onFrame?.();
		};
		if (!("requestVideoFrameCallback" in video)) {
			const element = video;
			for (const event of ["seeked", "timeupdate"]) element.addEventListener(event, () => show(element.currentTime), { signal: this.stopped.signal });
			return;
		}
		const next = (_, frame) => {
			if (this.stopped.signal.aborted) return;
			show(frame.mediaTime);
			video.requestVideoFrameCallback(next);
		};
		video.requestVideoFrameCallback(next);
	}
};
// src/player/texts.ts
var ENGLISH = {
	title: "Agents Player",
	empty: "Run the graph: the videos of all agents appear here and play in step.",
	loading: "Loading the videos …",
	gone: "The files of the last run are gone; ComfyUI empties its temporary folder when it starts. Run the graph again, and switch keep on for files that stay.",
	unreadable: "The description of the last run cannot be read ({0}). Run the graph again.",
	unreachable: "The files of the last run cannot be fetched ({0}). Is ComfyUI running?",
	missing: "file is missing",
	unplayable: "cannot be played",
	play: "Play (space)",
	pause: "Pause (space)",
	first: "First frame (home)",
	back: "One frame back (left arrow; with shift ten)",
	forward: "One frame on (right arrow; with shift ten)",
	last: "Last frame (end)",
	loop: "Begin again at the end (L)",
	speed: "Speed",
	compare: "Compare with {0} (C changes)",
	off: "no comparison",
	slider: "slider",
	blink: "blink",
	difference: "difference",
	map: "Map (M)",
	curves: "Curves (G)",
	fullscreen: "Whole screen (F)",
	grid: "All views (escape)",
	enlarge: "{0}: click to enlarge",
	shrink: "{0}: click for all views",
	frame: "frame {0} / {1}",
	shorter: "{0} ends at frame {1} of {2}; its last frame stays.",
	severalShorter: "{0} views end before the others; their last frames stay.",
	rates: "The videos run at different rates ({0} frames per second); each keeps its own.",
	help: "Space plays, arrows step, home and end jump, 1 to 9 enlarge a view"
};
var CHINESE = {
	title: "智能体播放器",
	empty: "运行工作流后，所有智能体的视频会在此同步播放。",
	loading: "正在加载视频……",
	gone: "上次运行的文件已不存在：ComfyUI 启动时会清空临时文件夹。请重新运行；若要保留文件，请打开 keep。",
	unreadable: "无法读取上次运行的说明文件（{0}）。请重新运行。",
	unreachable: "无法获取上次运行的文件（{0}）。ComfyUI 在运行吗？",
	missing: "文件缺失",
	unplayable: "无法播放",
	play: "播放（空格）",
	pause: "暂停（空格）",
	first: "第一帧（Home）",
	back: "后退一帧（左箭头；加 Shift 为十帧）",
	forward: "前进一帧（右箭头；加 Shift 为十帧）",
	last: "最后一帧（End）",
	loop: "循环播放（L）",
	speed: "速度",
	compare: "与 {0} 比较（按 C 切换）",
	off: "不比较",
	slider: "滑块",
	blink: "闪烁",
	difference: "差异",
	map: "地图（M）",
	curves: "曲线（G）",
	fullscreen: "全屏（F）",
	grid: "所有视角（Esc）",
	enlarge: "{0}：点击放大",
	shrink: "{0}：点击返回所有视角",
	frame: "第 {0} / {1} 帧",
	shorter: "{0} 在第 {1} 帧结束（共 {2} 帧），之后停在最后一帧。",
	severalShorter: "有 {0} 个视角提前结束，之后停在最后一帧。",
	rates: "视频帧率不同（每秒 {0} 帧），各自按自己的帧率播放。",
	help: "空格播放，方向键逐帧，Home 和 End 跳转，1 到 9 放大视角"
};
/** A text in the page's language, with its numbered gaps filled. */
function text(key, ...gaps) {
	return filled((isChinese() ? CHINESE : ENGLISH)[key], gaps);
}
// src/player/cell.ts
/** How a view is compared with its counterpart. */
var COMPARISONS = [
	"off",
	"slider",
	"blink",
	"difference"
];
/** Pictures shown this much larger than they are keep their pixels sharp. */
var SHARP_FROM = 2.5;
/** Pixels that a pointer may move and still count as a click. */
var CLICK_RADIUS = 4;
/** One view: its video, that of its counterpart where they are compared, and its name. */
var ViewCell = class {
	view;
	row;
	events;
	root;
	label;
	videos = element("div", "player-videos");
	trouble = element("div", "player-trouble");
	counterpartName;
	followers_ = {};
	main = makeVideo();
	other = makeVideo();
	constructor(view, agent, row, compareName, events) {
		this.view = view;
		this.row = row;
		this.events = events;
		this.label = [agent, view.name].filter(Boolean).join(" ");
		const chip = element("span", "player-chip");
		const name = element("span", "player-name", {}, chip, this.label);
		this.counterpartName = element("span", "player-name player-counterpart", {}, compareName);
		this.other.classList.add("shared-world-player-other");
		this.videos.append(this.main, this.other, element("div", "player-divider"));
		this.root = element("div", "player-cell", {}, this.videos, this.trouble, name, this.counterpartName);
		this.root.dataset.view = this.label;
		this.listen();
	}
	get followers() {
		const { main, other } = this.followers_;
		return [main, other].filter((follower) => follower !== void 0);
	}
	/** Load what is needed, and let go of what is not. */
	load(compared) {
		this.followers_.main ??= this.follow(this.main, this.view);
		if (compared && this.view.compare) this.followers_.other ??= this.follow(this.other, this.view.compare);
		else this.drop("other");
		this.showState();
	}
	unload() {
		this.drop("main");
		this.drop("other");
	}
	/** Size in CSS pixels. */
	resize(width, height) {
		this.root.style.width = `${width}px`;
		this.root.style.height = `${height}px`;
		this.root.classList.toggle("shared-world-player-sharp", width > SHARP_FROM * this.view.width);
	}
	setEnlarged(enlarged) {
		this.root.title = text(enlarged ? "shrink" : "enlarge", this.label);
	}
	follow(video, source) {
		video.src = fileUrl(source.file);
		const follower = new Follower(video, source);
		follower.onChange = () => {
			this.showState();
			this.events.onChange();
		};
		follower.onFrame = () => {
			video.dataset.frame = String(follower.shownFrame);
		};
		return follower;
	}
	drop(which) {
		const follower = this.followers_[which];
		if (!follower) return;
		delete this.followers_[which];
		follower.release();
		follower.video.removeAttribute("src");
		follower.video.load();
		delete follower.video.dataset.frame;
	}
	showState() {
		const failed = this.followers.find((follower) => follower.failed);
		const loaded = this.followers.every((follower) => follower.failed || follower.video.readyState >= 2);
		this.root.dataset.state = failed ? "failed" : loaded ? "ready" : "loading";
		const gone = failed?.video.error?.code === MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED;
		this.trouble.textContent = failed ? text(gone ? "missing" : "unplayable") : "";
	}
	listen() {
		let start = null;
		const divide = (event) => {
			const place = this.videos.getBoundingClientRect();
			this.events.onDivide((event.clientX - place.left) / place.width);
		};
		this.videos.addEventListener("pointerdown", (event) => {
			if (event.button !== 0) return;
			start = [event.clientX, event.clientY];
			this.videos.setPointerCapture(event.pointerId);
		});
		this.videos.addEventListener("pointermove", (event) => {
			if (start && Math.hypot(event.clientX - start[0], event.clientY - start[1]) > CLICK_RADIUS) divide(event);
		});
		this.videos.addEventListener("pointerup", (event) => {
			if (start && Math.hypot(event.clientX - start[0], event.clientY - start[1]) <= CLICK_RADIUS) this.events.onPress(this);
			start = null;
		});
		this.videos.addEventListener("pointercancel", () => {
			start = null;
		});
	}
};
function makeVideo() {
	const video = element("video", "player-video", {
		muted: true,
		playsInline: true,
		preload: "auto"
	});
	video.disablePictureInPicture = true;
	video.tabIndex = -1;
	return video;
}
// src/player/controls.ts
var SIGNS = {
	play: "M4 2.5v11l9-5.5z",
	pause: "M4 2.5h3v11H4zM9 2.5h3v11H9z",
	first: "M3 3h2v10H3zM13 3v10L6 8z",
	back: "M11 3v10L4 8z",
	forward: "M5 3v10l7-5z",
	last: "M11 3h2v10h-2zM3 3v10l7-5z",
	loop: "M4 5h7V3l4 3-4 3V7H5v3H3V6a1 1 0 0 1 1-1zM12 11H5v2l-4-3 4-3v2h6V6h2v4a1 1 0 0 1-1 1z",
	map: "M1.5 3.5 6 2l4 1.5L14.5 2v10.5L10 14l-4-1.5L1.5 14zM6 3.6v7.5l4 1.4V5z",
	curves: "M1.5 2H3v10.5h11.500V14H1.5zM4 9.5l3-4 2.500 2 4-5 1 1-5 6.300L7.200 8 5 11z",
	fullscreen: "M2 2h4v1.500H3.500V6H2zM10 2h4v4h-1.500V3.500H10zM2 10h1.500v2.500H6V14H2zM12.500 10H14v4h-4v-1.500h2.500z",
	grid: "M2 2h5v5H2zM9 2h5v5H9zM2 9h5v5H2zM9 9h5v5H9z"
};
var SPEEDS = [
	.1,
	.25,
	.5,
	1,
	1.5,
	2
];
function playerButton(sign, name, onPress) {
	return iconButton("player-button", sign, name, onPress);
}
/** The bar with playhead, buttons and choices. */
var Controls = class {
	synchroniser;
	root = element("div", "player-controls");
	playhead;
	play;
	loop;
	grid;
	clock = element("span", "player-clock");
	speed;
	comparison;
	switches = {};
	constructor(synchroniser, parts, events) {
		this.synchroniser = synchroniser;
		this.playhead = this.makePlayhead();
		this.play = playerButton(SIGNS.play, text("play"), () => synchroniser.toggle());
		this.loop = playerButton(SIGNS.loop, text("loop"), events.onLoop);
		this.grid = playerButton(SIGNS.grid, text("grid"), events.onGrid);
		this.speed = this.choice(SPEEDS.map((speed) => [String(speed), `${speed}×`]), text("speed"), (value) => synchroniser.setSpeed(Number(value)));
		this.speed.value = "1";
		this.comparison = this.choice(COMPARISONS.map((name) => [name, text(name)]), text("compare", parts.compare ?? ""), (value) => events.onComparison(value));
		this.root.append(this.playhead, this.makeButtons(parts, events));
	}
	makePlayhead() {
		const { synchroniser } = this;
		const { lastFrame } = synchroniser.timeline;
		const playhead = element("input", "player-playhead", {
			type: "range",
			min: "0",
			max: String(lastFrame),
			step: "1"
		});
		playhead.value = "0";
		playhead.setAttribute("aria-label", text("frame", 0, lastFrame));
		playhead.addEventListener("input", () => void synchroniser.seek(Number(playhead.value)));
		return playhead;
	}
	makeButtons(parts, events) {
		const { synchroniser } = this;
		const { timeline } = synchroniser;
		const buttons = element("div", "player-buttons", {}, playerButton(SIGNS.first, text("first"), () => void synchroniser.step(-timeline.frameCount)), playerButton(SIGNS.back, text("back"), () => void synchroniser.step(-1)), this.play, playerButton(SIGNS.forward, text("forward"), () => void synchroniser.step(1)), playerButton(SIGNS.last, text("last"), () => void synchroniser.step(timeline.frameCount)), this.loop, this.speed, this.clock, element("span", "player-space"), this.grid);
		if (parts.compare !== null) buttons.append(this.comparison);
		for (const part of ["curves", "map"]) if (parts[part]) {
			const button = playerButton(SIGNS[part], text(part), () => events.onSwitch(part));
			this.switches[part] = button;
			buttons.append(button);
		}
		buttons.append(playerButton(SIGNS.fullscreen, text("fullscreen"), events.onFullscreen));
		return buttons;
	}
	/** Show the state of what is controlled. */
	show(state) {
		const { synchroniser } = this;
		const { timeline, frame, isPlaying } = synchroniser;
		this.playhead.value = String(frame);
		this.playhead.style.setProperty("--done", `${100 * frame / Math.max(1, timeline.lastFrame)}%`);
		setSign(this.play, isPlaying ? SIGNS.pause : SIGNS.play);
		nameButton(this.play, text(isPlaying ? "pause" : "play"));
		this.loop.setAttribute("aria-pressed", String(synchroniser.loop));
		this.grid.hidden = !state.enlarged;
		this.comparison.value = state.comparison;
		for (const part of ["map", "curves"]) this.switches[part]?.setAttribute("aria-pressed", String(state[part]));
		const seconds = timeline.timeOf(frame).toFixed(2);
		this.clock.textContent = `${text("frame", frame, timeline.lastFrame)}  ${seconds} s`;
	}
	choice(options, name, onChange) {
		const made = element("select", "player-choice");
		made.append(...options.map(([value, label]) => new Option(label, value)));
		nameButton(made, name);
		made.addEventListener("change", () => onChange(made.value));
		return made;
	}
};
// src/player/curves.ts
/** Curves of agents with one unit share a chart, others have their own. */
function groupCurves(curves) {
	const charts = /* @__PURE__ */ new Map();
	for (const curve of curves) {
		const key = curve.agent === null ? curve.title : `agents ${curve.unit} ${curve.title.split(" ")[0]}`;
		charts.set(key, [...charts.get(key) ?? [], curve]);
	}
	return [...charts.values()].map((members) => {
		const values = members.flatMap((curve) => curve.values).filter((value) => value !== null);
		const [low, high] = values.length ? [Math.min(...values), Math.max(...values)] : [0, 1];
		const [first] = members;
		const title = members.length > 1 ? first.title.split(" ")[0] : first.title;
		const room = high > low ? 0 : Math.abs(high) * .1 || 1;
		return {
			title,
			unit: first.unit,
			curves: members,
			low: low - room,
			high: high + room
		};
	});
}
/** At most three digits that tell values of a chart apart. */
function shortNumber(value) {
	return String(Number(value.toPrecision(3)));
}
var TOP = 17;
var BOTTOM = 4;
/** Charts side by side under the videos; a click moves the playhead. */
var PlayerCurves = class {
	frames;
	toTimeline;
	root = element("div", "player-curves");
	charts;
	canvases;
	/** @param frames of the timeline that the charts are as wide as. */
	constructor(curves, frames, toTimeline, onSeek) {
		this.frames = frames;
		this.toTimeline = toTimeline;
		this.charts = groupCurves(curves);
		this.canvases = this.charts.map((chart) => {
			const canvas = element("canvas", "player-chart", { title: chart.title });
			const seek = (event) => {
				const place = canvas.getBoundingClientRect();
				onSeek(Math.floor((event.clientX - place.left) / place.width * this.frames));
			};
			canvas.addEventListener("pointerdown", (event) => {
				canvas.setPointerCapture(event.pointerId);
				seek(event);
			});
			canvas.addEventListener("pointermove", (event) => {
				if (canvas.hasPointerCapture(event.pointerId)) seek(event);
			});
			return canvas;
		});
		this.root.append(...this.canvases);
	}
	draw(frame) {
		this.charts.forEach((chart, index) => {
			const canvas = this.canvases[index];
			if (canvas.clientWidth) this.drawChart(chart, canvas, frame);
		});
	}
	drawChart(chart, canvas, frame) {
		const { context, size } = fitCanvas(canvas);
		const theme = currentTheme();
		const [width, height] = size;
		context.fillStyle = theme.ground;
		context.fillRect(0, 0, width, height);
		const x = (at) => (at + .5) / this.frames * width;
		const y = (value) => height - BOTTOM - (value - chart.low) / (chart.high - chart.low) * (height - TOP - BOTTOM);
		context.strokeStyle = theme.strongGrid;
		context.beginPath();
		context.moveTo(x(frame), 14);
		context.lineTo(x(frame), height);
		context.stroke();
		const shown = [];
		for (const curve of chart.curves) {
			const color = curve.agent === null ? theme.ink : agentColor(curve.agent, theme.dark);
			this.drawCurve(context, curve, color, x, y);
			const value = curve.values[Math.min(Math.floor(frame / this.toTimeline), curve.values.length - 1)] ?? null;
			if (value === null) continue;
			context.fillStyle = color;
			context.beginPath();
			context.arc(x(frame), y(value), 3, 0, 2 * Math.PI);
			context.fill();
			shown.push([shortNumber(value), color]);
		}
		context.font = "11px sans-serif";
		context.textBaseline = "top";
		context.fillStyle = theme.faintInk;
		context.textAlign = "right";
		let right = width - 4;
		for (const [words, color] of [...shown, ...chart.unit ? [[chart.unit, theme.ink]] : []].reverse()) {
			context.fillStyle = color;
			context.fillText(words, right, 2);
			right -= context.measureText(words).width + 6;
		}
		context.fillStyle = theme.faintInk;
		context.textAlign = "left";
		context.fillText(shortened(context, chart.title, right - 8), 4, 2);
	}
	drawCurve(context, curve, color, x, y) {
		context.strokeStyle = color;
		context.lineWidth = 1.5;
		context.lineJoin = "round";
		context.beginPath();
		let open = false;
		curve.values.forEach((value, index) => {
			if (value === null) {
				open = false;
				return;
			}
			const at = [x(index * this.toTimeline), y(value)];
			if (open) context.lineTo(...at);
			else context.moveTo(...at);
			open = true;
		});
		context.stroke();
		context.lineWidth = 1;
	}
};
// src/player/arrangement.ts
/** How much larger views must be to give up one row per agent. */
var PREFERENCE = 1.4;
/**
* Columns and size of equal cells, as large as they can be.
*
* @param views of each agent in turn; where agents have several, each keeps its views side by side.
* @param aspect width over height of a view.
*/
function arrange(views, aspect, place, gap) {
	const total = views.reduce((sum, count) => sum + count, 0);
	const most = Math.max(...views);
	const equal = views.every((count) => count === most);
	let best = {
		columns: 1,
		width: 0,
		height: 0
	};
	let bestWorth = 0;
	for (let columns = 1; columns <= total; columns++) {
		if (equal && most > 1 && columns % most !== 0 && most % columns !== 0) continue;
		const rows = Math.ceil(total / columns);
		const width = Math.min((place[0] - gap * (columns - 1)) / columns, (place[1] - gap * (rows - 1)) / rows * aspect);
		const worth = columns === most && most > 1 ? PREFERENCE * width : width;
		if (worth > bestWorth + 1e-6) {
			best = {
				columns,
				width,
				height: width / aspect
			};
			bestWorth = worth;
		}
	}
	return best;
}
// src/player/grid.ts
var GAP = 4;
/** Milliseconds that each of two pictures is shown when they blink. */
var BLINK_MILLISECONDS = 500;
/** All views, or one of them enlarged. */
var Grid = class {
	description;
	root = element("div", "player-grid");
	cells;
	onFollowers = null;
	onEnlarge = null;
	enlarged_ = null;
	comparison_ = "off";
	loaded = false;
	blinking;
	constructor(description) {
		this.description = description;
		this.cells = description.rows.flatMap((row, index) => row.views.map((view) => new ViewCell(view, row.name, index, description.compare_name, {
			onPress: (cell) => this.enlarge(this.enlarged_ === null ? this.cells.indexOf(cell) : null),
			onDivide: (share) => this.divide(share),
			onChange: () => this.onFollowers?.()
		})));
		this.root.append(...this.cells.map((cell) => cell.root));
		this.divide(.5);
		this.setComparison("off");
		this.enlarge(null);
	}
	get enlarged() {
		return this.enlarged_;
	}
	get comparison() {
		return this.comparison_;
	}
	/** Those of the visible views. */
	get followers() {
		return this.cells.filter((_, index) => this.isShown(index)).flatMap((cell) => cell.followers);
	}
	/** Fetch the videos. */
	load() {
		this.loaded = true;
		for (const cell of this.cells) cell.load(this.comparison_ !== "off");
		this.onFollowers?.();
	}
	/** Free the videos' memory. */
	unload() {
		this.loaded = false;
		for (const cell of this.cells) cell.unload();
		this.onFollowers?.();
	}
	enlarge(index) {
		this.enlarged_ = index !== null && index < this.cells.length ? index : null;
		this.cells.forEach((cell, place) => {
			cell.root.hidden = !this.isShown(place);
			cell.setEnlarged(this.enlarged_ === place);
		});
		this.layOut();
		this.onFollowers?.();
		this.onEnlarge?.();
	}
	setComparison(comparison) {
		this.comparison_ = comparison;
		this.root.dataset.comparison = comparison;
		window.clearInterval(this.blinking);
		this.root.classList.remove("shared-world-player-other-shown");
		if (comparison === "blink") this.blinking = window.setInterval(() => this.root.classList.toggle("shared-world-player-other-shown"), BLINK_MILLISECONDS);
		if (this.loaded) this.load();
	}
	/** Give the cells their size and colours for the place that there is. */
	layOut() {
		const place = [this.root.clientWidth, this.root.clientHeight];
		if (!place[0] || !place[1]) return;
		const [first] = this.cells;
		const aspect = first.view.width / first.view.height;
		const { columns, width, height } = arrange(this.enlarged_ === null ? this.description.rows.map((row) => row.views.length) : [1], aspect, place, GAP);
		this.root.style.gridTemplateColumns = `repeat(${columns}, ${width}px)`;
		const dark = isDark();
		for (const cell of this.cells) {
			cell.resize(width, height);
			cell.root.style.setProperty("--agent", agentColor(cell.row, dark));
		}
	}
	dispose() {
		window.clearInterval(this.blinking);
		for (const cell of this.cells) cell.unload();
	}
	divide(share) {
		if (this.comparison_ !== "slider" && this.loaded) return;
		this.root.style.setProperty("--divide", `${(100 * Math.min(Math.max(share, 0), 1)).toFixed(2)}%`);
	}
	isShown(index) {
		return this.enlarged_ === null || this.enlarged_ === index;
	}
};
// src/player/map.ts
/** Pixels around the ground for its scale. */
var MARGIN = {
	left: 30,
	right: 8,
	top: 8,
	bottom: 20
};
/** An agent that moves less in metres has no path to draw. */
var STANDING_STILL = .05;
var WEDGE_STEPS = 24;
/** Lines of the grid along the longer side, at most. */
var MOST_LINES = 8;
/** Pixels of points (x, z) in metres: x to the right, z upwards, one scale for both. */
var MapScale = class {
	size;
	scale;
	middle;
	centre;
	constructor(plan, size) {
		this.size = size;
		const { low, high } = plan;
		const inner = [size[0] - MARGIN.left - MARGIN.right, size[1] - MARGIN.top - MARGIN.bottom];
		this.scale = Math.max(.001, Math.min(inner[0] / (high[0] - low[0]), inner[1] / (high[1] - low[1])));
		this.middle = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2];
		this.centre = [MARGIN.left + inner[0] / 2, MARGIN.top + inner[1] / 2];
	}
	at(x, z) {
		return [this.centre[0] + (x - this.middle[0]) * this.scale, this.centre[1] - (z - this.middle[1]) * this.scale];
	}
	/** Ends of what is visible along x (0) or z (1), in metres. */
	range(axis) {
		const pixels = axis === 0 ? this.size[0] - MARGIN.left - MARGIN.right : this.size[1] - MARGIN.top - MARGIN.bottom;
		return [this.middle[axis] - pixels / 2 / this.scale, this.middle[axis] + pixels / 2 / this.scale];
	}
};
/** Corners (x, z) of an agent's body at a frame, in order around it. */
function bodyCorners(agent, frame) {
	const [x, z, bearing] = agent.track[frame];
	const [width, length, right, ahead] = agent.body;
	const [sin, cos] = [Math.sin(bearing), Math.cos(bearing)];
	return [
		[-1, -1],
		[1, -1],
		[1, 1],
		[-1, 1]
	].map(([side, end]) => {
		const [across, along] = [right + side * width / 2, ahead + end * length / 2];
		return [x + across * cos + along * sin, z - across * sin + along * cos];
	});
}
/** The map beside the videos: paths, bodies and fields of view at the playhead. */
var PlayerMap = class {
	plan;
	canvas = element("canvas", "player-map");
	constructor(plan) {
		this.plan = plan;
	}
	/**
	* @param time of the playhead in seconds.
	* @param marked agent and view that is looked at, if any.
	*/
	draw(time, marked) {
		if (!this.canvas.clientWidth) return;
		const { context, size } = fitCanvas(this.canvas);
		const scale = new MapScale(this.plan, size);
		const frame = Math.floor(time * this.plan.frame_rate + 1e-6);
		const theme = currentTheme();
		this.drawGrid(context, scale, theme);
		const agents = this.plan.agents.map((agent, index) => ({
			agent,
			index,
			color: agentColor(index, theme.dark),
			frame: Math.min(frame, agent.track.length - 1)
		}));
		context.save();
		context.beginPath();
		context.rect(MARGIN.left, MARGIN.top, size[0] - MARGIN.left - MARGIN.right, size[1] - MARGIN.top - MARGIN.bottom);
		context.clip();
		for (const { agent, index, color, frame } of agents) this.drawViews(context, scale, agent, frame, color, marked?.agent === index ? marked.view : null);
		for (const { agent, color, frame } of agents) drawPath(context, scale, agent, frame, color);
		for (const { agent, color, frame } of agents) drawBody(context, scale, agent, frame, color, theme);
		context.restore();
		for (const { agent, color, frame } of agents) drawName(context, scale, agent, frame, color, theme);
	}
	drawGrid(context, scale, theme) {
		const [width, height] = scale.size;
		const bottom = height - MARGIN.bottom;
		context.fillStyle = theme.ground;
		context.fillRect(0, 0, width, height);
		context.strokeStyle = theme.strongGrid;
		context.fillStyle = theme.faintInk;
		context.font = "10px sans-serif";
		context.lineWidth = 1;
		const [x, z] = [scale.range(0), scale.range(1)];
		const spacing = roundStep(Math.max(x[1] - x[0], z[1] - z[0]) / MOST_LINES);
		context.textAlign = "center";
		context.textBaseline = "top";
		for (let value = Math.ceil(x[0] / spacing) * spacing; value <= x[1]; value += spacing) {
			const across = Math.round(scale.at(value, 0)[0]) + .5;
			line(context, [[across, MARGIN.top], [across, bottom]]);
			context.fillText(metres(value), across, bottom + 4);
		}
		context.textAlign = "right";
		context.textBaseline = "middle";
		for (let value = Math.ceil(z[0] / spacing) * spacing; value <= z[1]; value += spacing) {
			const down = Math.round(scale.at(0, value)[1]) + .5;
			line(context, [[MARGIN.left, down], [width - MARGIN.right, down]]);
			context.fillText(metres(value), MARGIN.left - 4, down);
		}
		context.textAlign = "right";
		context.textBaseline = "bottom";
		context.fillText("m", width - MARGIN.right - 3, bottom - 2);
	}
	drawViews(context, scale, agent, frame, color, marked) {
		agent.views.forEach(({ wedges }, view) => {
			const wedge = wedges[frame];
			if (!wedge) return;
			const [x, z, left, right] = wedge;
			const points = [scale.at(x, z)];
			for (let step = 0; step <= WEDGE_STEPS; step++) {
				const bearing = left + (right - left) * step / WEDGE_STEPS;
				points.push(scale.at(x + this.plan.reach * Math.sin(bearing), z + this.plan.reach * Math.cos(bearing)));
			}
			const strong = marked === null ? view === 0 : view === marked;
			context.fillStyle = translucent(color, strong ? .38 : .11);
			context.strokeStyle = translucent(color, strong ? .75 : .38);
			context.lineWidth = 1;
			line(context, points, true);
		});
	}
};
function metres(value) {
	return String(Number(value.toPrecision(6)));
}
function line(context, points, filled = false) {
	context.beginPath();
	points.forEach(([x, y], index) => {
		if (index) context.lineTo(x, y);
		else context.moveTo(x, y);
	});
	if (filled) {
		context.closePath();
		context.fill();
	}
	context.stroke();
}
function drawPath(context, scale, agent, frame, color) {
	const [first] = agent.track;
	if (!agent.track.some(([x, z]) => Math.hypot(x - first[0], z - first[1]) > STANDING_STILL)) return;
	const points = agent.track.map(([x, z]) => scale.at(x, z));
	context.strokeStyle = color;
	context.lineJoin = context.lineCap = "round";
	context.lineWidth = 1;
	line(context, points);
	context.lineWidth = 3;
	line(context, points.slice(0, frame + 1));
}
function drawBody(context, scale, agent, frame, color, theme) {
	const corners = bodyCorners(agent, frame);
	context.fillStyle = color;
	context.strokeStyle = theme.ground;
	context.lineWidth = 1;
	line(context, corners.map(([x, z]) => scale.at(x, z)), true);
	const [x, z, bearing] = agent.track[frame];
	const reach = Math.max(agent.body[1] / 2, 7 / scale.scale);
	const tip = (angle, distance) => scale.at(x + distance * Math.sin(bearing + angle), z + distance * Math.cos(bearing + angle));
	context.fillStyle = theme.ground;
	line(context, [
		tip(0, .8 * reach),
		tip(2.5, .45 * reach),
		tip(-2.5, .45 * reach)
	], true);
}
function drawName(context, scale, agent, frame, color, theme) {
	const [x, z] = agent.track[frame];
	const [left, top] = scale.at(x, z);
	context.font = "11px sans-serif";
	context.textAlign = "left";
	context.textBaseline = "middle";
	const width = context.measureText(agent.name).width;
	const [width_, height] = scale.size;
	const at = [Math.min(Math.max(left + 10, MARGIN.left), width_ - MARGIN.right - width - 8), Math.min(Math.max(top - 14, 10), height - MARGIN.bottom - 10)];
	context.fillStyle = translucent(theme.ground, .9);
	context.strokeStyle = color;
	context.lineWidth = 1;
	context.beginPath();
	context.roundRect(at[0] - 4, at[1] - 8, width + 8, 16, 4);
	context.fill();
	context.stroke();
	context.fillStyle = theme.ink;
	context.fillText(agent.name, at[0], at[1] + .5);
}
// src/player/notes.ts
/** What a person should know about videos that do not fit together. */
function notesOf(description, timeline) {
	const clips = description.rows.flatMap((row) => row.views.flatMap((view) => {
		const name = [row.name, view.name].filter(Boolean).join(" ");
		const own = {
			...view,
			name
		};
		return view.compare ? [own, {
			...view.compare,
			name: `${name} (${description.compare_name})`
		}] : [own];
	}));
	const notes = [];
	const tolerance = .5 / timeline.frameRate;
	const shorter = clips.filter((clip) => clip.frames / clip.frame_rate < timeline.seconds - tolerance);
	const [first] = shorter;
	if (first && shorter.length === 1) {
		const last = Math.round(first.frames / first.frame_rate * timeline.frameRate) - 1;
		notes.push(text("shorter", first.name, last, timeline.lastFrame));
	} else if (first) notes.push(text("severalShorter", shorter.length));
	const rates = [...new Set(clips.map((clip) => clip.frame_rate))].sort((a, b) => a - b);
	if (rates.length > 1) notes.push(text("rates", rates.map((rate) => Number(rate.toFixed(3))).join(", ")));
	return notes;
}
// src/player/shortcuts.ts
/** Do what a key stands for. Returns whether it stands for anything, so that the page does not take it as well. */
function pressKey(event, actions) {
	if (event.ctrlKey || event.metaKey || event.altKey) return false;
	const steps = event.shiftKey ? 10 : 1;
	if (/^[0-9]$/.test(event.key)) return actions.enlarge(event.key === "0" ? null : Number(event.key) - 1);
	const action = {
		" ": () => actions.toggle(),
		ArrowLeft: () => actions.step(-steps),
		ArrowRight: () => actions.step(steps),
		Home: () => actions.jump("first"),
		End: () => actions.jump("last"),
		l: () => actions.loop(),
		c: () => actions.nextComparison(),
		m: () => actions.switchPart("map"),
		g: () => actions.switchPart("curves"),
		f: () => actions.fullscreen(),
		Escape: () => actions.enlarge(null)
	}[event.key.length === 1 ? event.key.toLowerCase() : event.key];
	if (!action) return false;
	return action() !== false;
}
// src/player/clock.ts
/** The one clock that all videos follow: seconds of media time over seconds of the computer's time. */
var Clock = class {
	now;
	position = 0;
	since = null;
	/**
	* @param now seconds of the computer's time, never going back.
	*/
	constructor(now) {
		this.now = now;
	}
	speed = 1;
	get running() {
		return this.since !== null;
	}
	/** Media time in seconds. */
	get time() {
		return this.since === null ? this.position : this.position + (this.now() - this.since) * this.speed;
	}
	/** Go to a media time, and go on from there if the clock runs. */
	set(time) {
		this.position = time;
		if (this.since !== null) this.since = this.now();
	}
	start() {
		this.since ??= this.now();
	}
	/** Stop; also while a video has to catch up, so that no other gets ahead of it. */
	stop() {
		this.position = this.time;
		this.since = null;
	}
	/** Change the speed from now on. */
	setSpeed(speed) {
		this.set(this.time);
		this.speed = speed;
	}
};
// src/player/synchroniser.ts
var pageTicker = {
	now: () => performance.now() / 1e3,
	request: (callback) => requestAnimationFrame(callback),
	cancel: (handle) => cancelAnimationFrame(handle)
};
/**
* Keeps videos in step with one clock. While it plays, videos run by themselves and are corrected; the clock waits for
* one that has to load. While it stands, all show exactly the frame of the playhead.
*/
var Synchroniser = class {
	timeline;
	ticker;
	loop = true;
	onChange = null;
	clock;
	followers = [];
	handle = null;
	wanted = null;
	playing = false;
	frame_ = 0;
	settled = Promise.resolve();
	constructor(timeline, ticker = pageTicker) {
		this.timeline = timeline;
		this.ticker = ticker;
		this.clock = new Clock(ticker.now);
	}
	get isPlaying() {
		return this.playing;
	}
	/** Frame of the playhead. */
	get frame() {
		return this.frame_;
	}
	get speed() {
		return this.clock.speed;
	}
	setSpeed(speed) {
		this.clock.setSpeed(speed);
	}
	/** The videos that take part from now on. */
	setFollowers(followers) {
		for (const follower of this.followers) if (!followers.includes(follower)) follower.pause();
		this.followers = followers;
		if (this.playing) this.startAgain();
		else this.seek(this.frame_);
	}
	/** Show a frame in all videos; while they play, go on from there. Resolves when all show the latest wanted frame. */
	seek(frame) {
		this.frame_ = this.timeline.clamp(frame);
		this.clock.set(this.timeline.timeOf(this.frame_));
		this.onChange?.();
		if (this.playing) {
			this.startAgain();
			return this.settled;
		}
		const busy = this.wanted !== null;
		this.wanted = this.frame_;
		if (!busy) this.settled = this.settle();
		return this.settled;
	}
	/** Pause, and go so many frames on, or back if negative. */
	step(frames) {
		this.pause();
		return this.seek(this.frame_ + frames);
	}
	toggle() {
		if (this.playing) this.pause();
		else this.play();
	}
	play() {
		if (this.playing) return;
		this.playing = true;
		if (this.frame_ >= this.timeline.lastFrame) this.clock.set(0);
		this.startAgain();
		this.onChange?.();
	}
	pause() {
		if (!this.playing) return;
		this.halt();
		this.frame_ = this.timeline.frameAt(this.clock.time);
		this.seek(this.frame_);
	}
	/** Stop for good. */
	dispose() {
		this.halt();
		this.followers = [];
		this.onChange = null;
	}
	halt() {
		this.playing = false;
		this.clock.stop();
		if (this.handle !== null) this.ticker.cancel(this.handle);
		this.handle = null;
		for (const follower of this.followers) follower.pause();
	}
	/** Bring all videos to the clock's time, then let clock and videos run. */
	startAgain() {
		this.clock.stop();
		const time = this.clock.time;
		for (const follower of this.followers) {
			follower.pause();
			follower.cue(time);
		}
		if (this.handle === null) this.handle = this.ticker.request(this.tick);
	}
	tick = () => {
		if (!this.playing) return;
		this.handle = this.ticker.request(this.tick);
		const { time, speed } = this.clock;
		if (!this.followers.every((follower) => follower.isReady(time))) {
			this.clock.stop();
			for (const follower of this.followers) follower.pause();
			return;
		}
		this.clock.start();
		if (time >= this.timeline.seconds) {
			this.reachEnd();
			return;
		}
		for (const follower of this.followers) follower.follow(time, speed);
		const frame = this.timeline.frameAt(time);
		if (frame !== this.frame_) {
			this.frame_ = frame;
			this.onChange?.();
		}
	};
	reachEnd() {
		if (this.loop) {
			this.clock.set(0);
			this.startAgain();
			return;
		}
		this.halt();
		this.seek(this.timeline.lastFrame);
	}
	async settle() {
		while (this.wanted !== null) {
			const frame = this.wanted;
			const time = this.timeline.timeOf(frame);
			await Promise.all(this.followers.map((follower) => follower.seek(time)));
			if (this.wanted === frame) this.wanted = null;
		}
		this.onChange?.();
	}
};
// src/player/panel.ts
/** Settings from a saved graph, with defaults for what is missing or of another kind. */
function readSettings(value) {
	const saved = value ?? {};
	const flag = (name) => typeof saved[name] === "boolean" ? saved[name] : true;
	return {
		comparison: COMPARISONS.includes(saved.comparison) ? saved.comparison : "off",
		map: flag("map"),
		curves: flag("curves"),
		loop: flag("loop")
	};
}
/** Videos, map, curves and controls of one run. */
var Panel = class {
	description;
	settings;
	onSettings;
	root = element("div", "player-panel");
	synchroniser;
	grid;
	map;
	curves;
	controls;
	observer;
	themeChanged = () => this.layOut();
	forgetTheme = onThemeChange(this.themeChanged);
	drawing = 0;
	constructor(description, settings, onSettings) {
		this.description = description;
		this.settings = settings;
		this.onSettings = onSettings;
		const videos = description.rows.flatMap((row) => row.views.flatMap((view) => view.compare ? [view, view.compare] : [view]));
		const timeline = new Timeline(videos);
		this.synchroniser = new Synchroniser(timeline);
		this.synchroniser.loop = settings.loop;
		this.grid = new Grid(description);
		this.map = description.map && new PlayerMap(description.map);
		this.curves = description.curves.length ? this.makeCurves(timeline) : null;
		const compared = videos.length > this.grid.cells.length;
		this.controls = new Controls(this.synchroniser, {
			map: this.map !== null,
			curves: this.curves !== null,
			compare: compared ? description.compare_name : null
		}, {
			onComparison: (comparison) => this.setComparison(comparison),
			onSwitch: (part) => this.switchPart(part),
			onLoop: () => this.toggleLoop(),
			onFullscreen: () => this.toggleFullscreen(),
			onGrid: () => this.grid.enlarge(null)
		});
		this.assemble(timeline);
		this.synchroniser.onChange = () => this.show();
		this.grid.onFollowers = () => this.synchroniser.setFollowers(this.grid.followers);
		this.grid.onEnlarge = () => this.show();
		this.grid.setComparison(compared ? settings.comparison : "off");
		this.observer = new ResizeObserver(() => this.layOut());
		this.observer.observe(this.root);
		this.showParts();
	}
	/** Fetch the videos. */
	load() {
		this.grid.load();
	}
	/** Free the videos' memory while nobody can see them; the playhead stays. */
	unload() {
		this.synchroniser.pause();
		this.grid.unload();
	}
	pause() {
		this.synchroniser.pause();
	}
	/** Do what a key stands for; false if it stands for nothing. */
	press(event) {
		const { synchroniser, grid } = this;
		return pressKey(event, {
			toggle: () => synchroniser.toggle(),
			step: (frames) => void synchroniser.step(frames),
			jump: (end) => void synchroniser.step((end === "first" ? -1 : 1) * synchroniser.timeline.frameCount),
			loop: () => this.toggleLoop(),
			nextComparison: () => this.nextComparison(),
			switchPart: (part) => this.switchPart(part),
			enlarge: (index) => {
				if (index === null && grid.enlarged === null) return false;
				grid.enlarge(index);
				return true;
			},
			fullscreen: () => this.toggleFullscreen()
		});
	}
	dispose() {
		this.observer.disconnect();
		this.forgetTheme();
		cancelAnimationFrame(this.drawing);
		this.synchroniser.dispose();
		this.grid.onFollowers = null;
		this.grid.dispose();
	}
	makeCurves(timeline) {
		const [first] = this.grid.cells;
		const toTimeline = timeline.frameRate / first.view.frame_rate;
		return new PlayerCurves(this.description.curves, timeline.frameCount, toTimeline, (frame) => void this.synchroniser.seek(frame));
	}
	assemble(timeline) {
		const notes = notesOf(this.description, timeline).map((note) => element("div", "player-note", {}, note));
		const stage = element("div", "player-stage", {}, this.grid.root);
		if (this.map) stage.append(element("div", "player-side", {}, this.map.canvas));
		this.root.append(...notes, stage);
		if (this.curves) this.root.append(this.curves.root);
		this.root.append(this.controls.root);
		this.root.dataset.frames = String(timeline.frameCount);
	}
	setComparison(comparison) {
		this.settings.comparison = comparison;
		this.grid.setComparison(comparison);
		this.onSettings();
		this.show();
	}
	nextComparison() {
		if (!this.description.rows.some((row) => row.views.some((view) => view.compare))) return;
		const next = COMPARISONS.indexOf(this.grid.comparison) + 1;
		this.setComparison(COMPARISONS[next % COMPARISONS.length]);
	}
	switchPart(part) {
		this.settings[part] = !this.settings[part];
		this.onSettings();
		this.showParts();
	}
	toggleLoop() {
		this.synchroniser.loop = this.settings.loop = !this.synchroniser.loop;
		this.onSettings();
		this.show();
	}
	toggleFullscreen() {
		if (document.fullscreenElement) document.exitFullscreen();
		else this.root.requestFullscreen?.();
	}
	showParts() {
		this.root.classList.toggle("shared-world-player-mapless", !this.settings.map || !this.map);
		this.root.classList.toggle("shared-world-player-curveless", !this.settings.curves);
		this.layOut();
	}
	layOut() {
		this.grid.layOut();
		this.show();
	}
	/** Bring numbers, map and curves to the playhead, once per picture of the page. */
	show() {
		if (this.drawing) return;
		this.drawing = requestAnimationFrame(() => {
			this.drawing = 0;
			this.showNow();
		});
	}
	showNow() {
		const { synchroniser, grid, settings } = this;
		const { frame, timeline, isPlaying } = synchroniser;
		this.root.dataset.frame = String(frame);
		this.root.dataset.playing = String(isPlaying);
		this.controls.show({
			comparison: grid.comparison,
			enlarged: grid.enlarged !== null,
			map: settings.map,
			curves: settings.curves
		});
		this.map?.draw(timeline.timeOf(frame), this.markedView());
		this.curves?.draw(frame);
	}
	markedView() {
		const { enlarged, cells } = this.grid;
		if (enlarged === null) return null;
		const cell = cells[enlarged];
		return {
			agent: cell.row,
			view: this.description.rows[cell.row].views.indexOf(cell.view)
		};
	}
};
/** A line of text where the videos would be. */
function message(words, kind) {
	return element("div", kind === "trouble" ? "player-message player-alarm" : "player-message", {}, words);
}
// src/player/player.css?inline
var player_default = ".shared-world-player {\n  position: relative;\n  box-sizing: border-box;\n  width: 100%;\n  height: 100%;\n  min-height: 260px;\n  outline: none;\n  color: var(--fg-color, #fff);\n  font:\n    12px / 1.4 Inter,\n    system-ui,\n    sans-serif;\n}\n.shared-world-player *,\n.shared-world-player-panel * {\n  box-sizing: border-box;\n}\n.shared-world-player [hidden] {\n  display: none !important;\n}\n.shared-world-player-panel {\n  container: player / inline-size;\n  position: absolute;\n  inset: 0;\n  display: flex;\n  flex-direction: column;\n  gap: 4px;\n  padding: 6px;\n  overflow: hidden;\n  border-radius: 8px;\n  background: var(--comfy-input-bg, #222);\n  color: var(--fg-color, #fff);\n}\n.shared-world-player:focus-visible .shared-world-player-panel {\n  box-shadow: inset 0 0 0 2px var(--p-primary-color, #5aa0ff);\n}\n.shared-world-player-message {\n  position: absolute;\n  inset: 0;\n  display: flex;\n  align-items: center;\n  justify-content: center;\n  padding: 24px;\n  border: 1px dashed var(--border-color, #4e4e4e);\n  border-radius: 8px;\n  background: var(--comfy-input-bg, #222);\n  color: var(--descrip-text, #999);\n  text-align: center;\n}\n.shared-world-player-alarm {\n  border-style: solid;\n  color: var(--fg-color, #fff);\n}\n.shared-world-player-note {\n  flex: none;\n  padding: 2px 8px;\n  border-left: 3px solid #e69f00;\n  border-radius: 3px;\n  background: color-mix(in srgb, #e69f00 14%, transparent);\n  font-size: 11px;\n}\n.shared-world-player-stage {\n  flex: 1;\n  display: flex;\n  gap: 6px;\n  min-height: 0;\n}\n.shared-world-player-grid {\n  flex: 1;\n  display: grid;\n  gap: 4px;\n  align-content: center;\n  justify-content: center;\n  min-width: 0;\n  min-height: 0;\n  overflow: hidden;\n}\n.shared-world-player-side {\n  flex: 0 1 30%;\n  min-width: 150px;\n  min-height: 0;\n}\n@container player (max-width: 420px) {\n  .shared-world-player-side {\n    display: none;\n  }\n}\n.shared-world-player-mapless .shared-world-player-side,\n.shared-world-player-curveless .shared-world-player-curves {\n  display: none;\n}\n.shared-world-player-map,\n.shared-world-player-chart {\n  display: block;\n  width: 100%;\n  height: 100%;\n  border-radius: 4px;\n  background: color-mix(in srgb, var(--fg-color, #fff) 4%, transparent);\n}\n.shared-world-player-curves {\n  flex: none;\n  display: flex;\n  gap: 6px;\n  height: 76px;\n}\n.shared-world-player-chart {\n  flex: 1;\n  min-width: 0;\n  cursor: ew-resize;\n}\n.shared-world-player-cell {\n  position: relative;\n  overflow: hidden;\n  border-radius: 4px;\n  background: #000;\n  box-shadow: 0 0 0 1px color-mix(in srgb, var(--agent) 55%, transparent);\n  cursor: zoom-in;\n}\n.shared-world-player-videos {\n  position: absolute;\n  inset: 0;\n  touch-action: none;\n}\n.shared-world-player-video {\n  position: absolute;\n  inset: 0;\n  width: 100%;\n  height: 100%;\n  object-fit: fill;\n  pointer-events: none;\n}\n.shared-world-player-sharp .shared-world-player-video {\n  image-rendering: pixelated;\n}\n.shared-world-player-name {\n  position: absolute;\n  left: 4px;\n  top: 4px;\n  display: flex;\n  align-items: center;\n  gap: 5px;\n  max-width: calc(100% - 8px);\n  padding: 1px 6px 1px 5px;\n  overflow: hidden;\n  border-radius: 4px;\n  background: #000000a6;\n  color: #fff;\n  font-size: 11px;\n  white-space: nowrap;\n  text-overflow: ellipsis;\n  pointer-events: none;\n}\n.shared-world-player-chip {\n  flex: none;\n  width: 8px;\n  height: 8px;\n  border-radius: 2px;\n  background: var(--agent);\n}\n.shared-world-player-counterpart {\n  left: auto;\n  right: 4px;\n  top: auto;\n  bottom: 4px;\n  display: none;\n}\n.shared-world-player-other,\n.shared-world-player-divider {\n  display: none;\n}\n.shared-world-player-trouble {\n  display: none;\n}\n.shared-world-player-cell[data-state=\"failed\"] .shared-world-player-trouble {\n  position: absolute;\n  inset: 0;\n  display: flex;\n  align-items: center;\n  justify-content: center;\n  background: #2a1a12;\n  color: #ffb27d;\n  pointer-events: none;\n}\n.shared-world-player-cell[data-state=\"loading\"]::after {\n  content: \"\";\n  position: absolute;\n  inset: 0;\n  background: linear-gradient(100deg, transparent 30%, #ffffff14 50%, transparent 70%) 0 0 / 200% 100%;\n  animation: shared-world-player-loading 1.2s linear infinite;\n  pointer-events: none;\n}\n@keyframes shared-world-player-loading {\n  from {\n    background-position: 150% 0;\n  }\n  to {\n    background-position: -50% 0;\n  }\n}\n[data-comparison=\"slider\"] .shared-world-player-cell,\n[data-comparison=\"slider\"] .shared-world-player-divider {\n  cursor: ew-resize;\n}\n[data-comparison=\"slider\"] .shared-world-player-other {\n  display: block;\n  clip-path: inset(0 0 0 var(--divide));\n}\n[data-comparison=\"slider\"] .shared-world-player-divider {\n  position: absolute;\n  top: 0;\n  bottom: 0;\n  left: var(--divide);\n  display: block;\n  width: 2px;\n  margin-left: -1px;\n  background: #fff;\n  box-shadow: 0 0 3px #000;\n  pointer-events: none;\n}\n[data-comparison=\"slider\"] .shared-world-player-divider::after {\n  content: \"\";\n  position: absolute;\n  top: 50%;\n  left: -4px;\n  width: 10px;\n  height: 22px;\n  margin-top: -11px;\n  border-radius: 5px;\n  background: #fff;\n  box-shadow: 0 0 3px #000;\n}\n[data-comparison=\"slider\"] .shared-world-player-counterpart,\n[data-comparison=\"difference\"] .shared-world-player-counterpart {\n  display: flex;\n}\n[data-comparison=\"blink\"] .shared-world-player-other {\n  display: block;\n  visibility: hidden;\n}\n.shared-world-player-other-shown[data-comparison=\"blink\"] .shared-world-player-other {\n  visibility: visible;\n}\n.shared-world-player-other-shown[data-comparison=\"blink\"] .shared-world-player-counterpart {\n  display: flex;\n}\n[data-comparison=\"difference\"] .shared-world-player-videos {\n  isolation: isolate;\n}\n[data-comparison=\"difference\"] .shared-world-player-other {\n  display: block;\n  mix-blend-mode: difference;\n}\n.shared-world-player-controls {\n  flex: none;\n  display: flex;\n  flex-direction: column;\n  gap: 3px;\n}\n.shared-world-player-playhead {\n  appearance: none;\n  width: 100%;\n  height: 14px;\n  margin: 0;\n  background: transparent;\n  cursor: pointer;\n}\n.shared-world-player-playhead::-webkit-slider-runnable-track {\n  height: 4px;\n  border-radius: 2px;\n  background: linear-gradient(\n    to right,\n    var(--p-primary-color, #5aa0ff) var(--done, 0%),\n    color-mix(in srgb, var(--fg-color, #fff) 22%, transparent) var(--done, 0%)\n  );\n}\n.shared-world-player-playhead::-webkit-slider-thumb {\n  appearance: none;\n  width: 12px;\n  height: 12px;\n  margin-top: -4px;\n  border-radius: 50%;\n  background: var(--fg-color, #fff);\n}\n.shared-world-player-playhead::-moz-range-track {\n  height: 4px;\n  border-radius: 2px;\n  background: color-mix(in srgb, var(--fg-color, #fff) 22%, transparent);\n}\n.shared-world-player-playhead::-moz-range-progress {\n  height: 4px;\n  border-radius: 2px;\n  background: var(--p-primary-color, #5aa0ff);\n}\n.shared-world-player-playhead::-moz-range-thumb {\n  width: 12px;\n  height: 12px;\n  border: 0;\n  border-radius: 50%;\n  background: var(--fg-color, #fff);\n}\n.shared-world-player-buttons {\n  display: flex;\n  flex-wrap: wrap;\n  align-items: center;\n  gap: 2px;\n}\n.shared-world-player-button {\n  display: inline-flex;\n  align-items: center;\n  justify-content: center;\n  width: 26px;\n  height: 24px;\n  padding: 0;\n  border: 0;\n  border-radius: 5px;\n  background: transparent;\n  color: inherit;\n  cursor: pointer;\n}\n.shared-world-player-button svg {\n  width: 14px;\n  height: 14px;\n  fill: currentColor;\n  fill-rule: evenodd;\n}\n.shared-world-player-button:hover,\n.shared-world-player-choice:hover {\n  background: color-mix(in srgb, var(--fg-color, #fff) 14%, transparent);\n}\n.shared-world-player-button:focus-visible,\n.shared-world-player-choice:focus-visible,\n.shared-world-player-playhead:focus-visible {\n  outline: 2px solid var(--p-primary-color, #5aa0ff);\n}\n.shared-world-player-button[aria-pressed=\"false\"] {\n  opacity: 0.4;\n}\n.shared-world-player-choice {\n  height: 24px;\n  padding: 0 4px;\n  border: 1px solid var(--border-color, #4e4e4e);\n  border-radius: 5px;\n  background: var(--comfy-input-bg, #222);\n  color: inherit;\n  font: inherit;\n}\n.shared-world-player-clock {\n  margin-left: 6px;\n  font-variant-numeric: tabular-nums;\n  white-space: pre;\n}\n.shared-world-player-space {\n  flex: 1;\n}\n";
// src/player/host.ts
/** Property of the node that keeps where the last result is, and the panel's settings. */
var PROPERTY = "shared_world_player";
/** Key of what the node sends; see nodes/player.py. */
var OUTPUT = "shared_world_player";
/** Milliseconds out of sight after which the videos' memory is freed. */
var UNLOAD_AFTER = 3e3;
/** The place of the player in a node: fetches the last result when it comes into sight, and says what is wrong. */
var PlayerHost = class {
	node;
	root = element("div", "player", { tabIndex: 0 });
	panel = null;
	file = null;
	settings = readSettings(null);
	inSight = false;
	fetched = false;
	leaving;
	observer;
	constructor(node) {
		this.node = node;
		addStyle("player", player_default);
		this.root.setAttribute("role", "group");
		this.root.setAttribute("aria-label", text("title"));
		this.root.title = text("help");
		this.say(text("empty"), "hint", "empty");
		this.listen();
		this.observer = new IntersectionObserver((entries) => this.changeSight(entries.at(-1).isIntersecting));
		this.observer.observe(this.root);
	}
	/** Show the result of a run. */
	receive(output) {
		const [file] = output[OUTPUT] ?? [];
		if (!isFileEntry(file) || this.isShown(file)) return;
		this.show(file);
		this.remember();
		noteChange();
	}
	/** Show what a saved graph says was shown last. */
	restore() {
		const saved = this.node.properties[PROPERTY];
		this.settings = readSettings(saved?.settings);
		if (isFileEntry(saved?.file) && !this.isShown(saved.file)) this.show(saved.file);
	}
	dispose() {
		this.file = null;
		window.clearTimeout(this.leaving);
		this.observer.disconnect();
		this.clear();
	}
	isShown(file) {
		const shown = this.file;
		return shown?.filename === file.filename && shown.subfolder === file.subfolder && shown.type === file.type && this.root.dataset.state !== "trouble";
	}
	show(file) {
		this.file = file;
		this.fetched = false;
		this.say(text("loading"), "hint", "loading");
		if (this.inSight) this.fetchResult();
	}
	async fetchResult() {
		const { file } = this;
		if (!file || this.fetched) return;
		this.fetched = true;
		try {
			const description = await fetchDescription(file);
			if (this.file === file) this.open(description);
		} catch (error) {
			if (this.file === file) this.say(error instanceof Error ? error.message : String(error), "trouble", "trouble");
		}
	}
	open(description) {
		this.clear();
		this.panel = new Panel(description, this.settings, () => {
			this.remember();
			noteChange();
		});
		this.root.append(this.panel.root);
		this.root.dataset.state = "open";
		if (this.inSight) this.panel.load();
	}
	say(words, kind, state) {
		this.clear();
		this.root.append(message(words, kind));
		this.root.dataset.state = state;
	}
	clear() {
		this.panel?.dispose();
		this.panel = null;
		this.root.replaceChildren();
	}
	remember() {
		this.node.properties[PROPERTY] = {
			file: this.file,
			settings: { ...this.settings }
		};
	}
	changeSight(inSight) {
		this.inSight = inSight;
		window.clearTimeout(this.leaving);
		if (!inSight) {
			this.panel?.pause();
			this.leaving = window.setTimeout(() => this.panel?.unload(), UNLOAD_AFTER);
		} else if (this.panel) this.panel.load();
		else this.fetchResult();
	}
	listen() {
		forwardCanvasEvents(this.root);
		this.root.addEventListener("keydown", (event) => {
			const { target } = event;
			if (target instanceof HTMLSelectElement) {
				event.stopPropagation();
				return;
			}
			if (target instanceof HTMLButtonElement && (event.key === " " || event.key === "Enter") || !this.panel?.press(event)) return;
			event.preventDefault();
			event.stopPropagation();
		});
		this.root.addEventListener("mousedown", (event) => {
			if (event.target.closest("button")) event.preventDefault();
			if (!(event.target instanceof HTMLSelectElement)) this.root.focus({ preventScroll: true });
		});
	}
};
async function fetchDescription(file) {
	let answer;
	try {
		answer = await fetch(fileUrl(file));
	} catch (error) {
		throw new Error(text("unreachable", String(error)));
	}
	if (answer.status === 404) throw new Error(text("gone"));
	if (!answer.ok) throw new Error(text("unreachable", answer.status));
	try {
		return readDescription(await answer.json());
	} catch (error) {
		if (error instanceof UnreadableDescription || error instanceof SyntaxError) throw new Error(text("unreadable", error.message));
		throw error;
	}
}
/** Add the player to a node. */
function addPlayer(node) {
	const host = new PlayerHost(node);
	const widget = node.addDOMWidget("player", "shared_world_player", host.root, {
		serialize: false,
		hideInPanel: true,
		hideOnZoom: false,
		getMinHeight: () => 260,
		getValue: () => "",
		setValue: () => void 0
	});
	widget.serialize = false;
	chain(node, "onExecuted", (output) => host.receive(output));
	chain(node, "onConfigure", () => host.restore());
	const leavePlace = inheritPlace(node, host.root);
	chain(node, "onRemoved", () => {
		leavePlace();
		host.dispose();
	});
	node.setSize([Math.max(node.size[0], 960), Math.max(node.size[1], 660)]);
	app.canvas.setDirty(true, true);
}
// src/player/extension.ts
var NODE = "SharedWorldAgentsPlayer";
app.registerExtension({
	name: "SharedWorld.AgentsPlayer",
	nodeCreated(node) {
		if (node.constructor.comfyClass !== NODE) return;
		addPlayer(node);
	}
});
