import { _ as Points, a as BufferAttribute, b as Vector3, c as DirectionalLight, d as Line, f as LineBasicMaterial, g as PerspectiveCamera, h as MeshLambertMaterial, i as BoxGeometry, l as GridHelper, m as Mesh, n as WebGLRenderer, o as BufferGeometry, p as LineSegments, r as AmbientLight, s as Color, t as OrbitControls, u as Group, v as PointsMaterial, y as Scene } from "./three-B2WBvczY.mjs";
import { p as element, r as agentColor, t as currentTheme } from "./theme-C5WO8PnV.mjs";
import { i as toWorld, n as camerasOf, r as positionOf, t as bodyOf } from "./draw_agents.js";
// src/editor/space_view.ts
/** The 3D view: agents' bodies, the frusta of all their cameras, paths, and the points of a connected scene. */
/** Metres from a camera to the far end of its drawn frustum. */
var FRUSTUM = 3;
/** From the middle of all paths to where they are looked at from first; of length 1. */
var VIEWED_FROM = new Vector3(.35, .85, 1.2).normalize();
/** Three's axes have y up and z backwards: a point of the world frame there. */
function toThree([x, y, z]) {
	return new Vector3(x, -y, -z);
}
var SpaceView = class {
	root;
	state;
	#canvas = element("canvas", "");
	#renderer;
	#scene = new Scene();
	#camera = new PerspectiveCamera(45, 1, .1, 2e3);
	#controls;
	#sun = new DirectionalLight(16777215, 1.6);
	#agents = new Group();
	#grid = null;
	#points = new Group();
	#cloud = null;
	#aimed = false;
	#frame = 0;
	constructor(root, state) {
		this.root = root;
		this.state = state;
		this.#renderer = new WebGLRenderer({
			canvas: this.#canvas,
			antialias: true
		});
		root.replaceChildren(this.#canvas);
		this.#sun.position.set(20, 40, 10);
		this.#scene.add(new AmbientLight(16777215, 1.5), this.#sun, this.#points, this.#agents);
		this.#controls = new OrbitControls(this.#camera, this.#canvas);
		this.#controls.maxPolarAngle = Math.PI / 2 - .02;
		this.#controls.addEventListener("change", () => this.#request());
	}
	draw(motion) {
		const { clientWidth: width, clientHeight: height } = this.root;
		if (width === 0 || height === 0) return;
		const theme = currentTheme();
		this.#scene.background = new Color(theme.ground);
		this.#renderer.setPixelRatio(window.devicePixelRatio || 1);
		this.#renderer.setSize(width, height, false);
		this.#camera.aspect = width / height;
		this.#camera.updateProjectionMatrix();
		this.#showGrid(theme.strongGrid, theme.grid);
		this.#showCloud();
		clear(this.#agents);
		motion.agents.forEach((agent, index) => {
			this.#agents.add(...agentParts(agent, this.state.playhead, agentColor(index, theme.dark)));
		});
		if (!this.#aimed) this.#aim(motion);
		this.#renderer.render(this.#scene, this.#camera);
	}
	dispose() {
		cancelAnimationFrame(this.#frame);
		clear(this.#agents);
		clear(this.#points);
		this.#grid?.dispose();
		this.#controls.dispose();
		this.#renderer.dispose();
		this.#renderer.forceContextLoss();
	}
	#request() {
		if (this.#frame !== 0) return;
		this.#frame = requestAnimationFrame(() => {
			this.#frame = 0;
			this.#renderer.render(this.#scene, this.#camera);
		});
	}
	/** Look at all paths from above and behind, from as far away as they need. */
	#aim(motion) {
		const places = motion.agents.flatMap(({ poses }) => poses.map(positionOf));
		if (places.length === 0) return;
		const middle = places.reduce((sum, place) => sum.addScaledVector(toThree(place), 1 / places.length), new Vector3());
		const reach = Math.max(10, ...places.map((place) => toThree(place).distanceTo(middle)));
		const upwards = this.#camera.fov / 2 * Math.PI / 180;
		const halfAngle = Math.min(upwards, Math.atan(Math.tan(upwards) * this.#camera.aspect));
		const away = reach / Math.sin(halfAngle);
		this.#camera.position.copy(middle).addScaledVector(VIEWED_FROM, away);
		this.#controls.target.copy(middle);
		this.#controls.update();
		this.#aimed = true;
	}
	#showGrid(strong, weak) {
		if (this.#grid?.name === strong) return;
		if (this.#grid) {
			this.#scene.remove(this.#grid);
			this.#grid.dispose();
		}
		this.#grid = new GridHelper(200, 50, strong, weak);
		this.#grid.name = strong;
		this.#scene.add(this.#grid);
	}
	#showCloud() {
		const { cloud } = this.state;
		if (cloud === this.#cloud) return;
		this.#cloud = cloud;
		clear(this.#points);
		if (!cloud) return;
		const places = cloud.positions.map((value, index) => index % 3 === 0 ? value : -value);
		const geometry = new BufferGeometry();
		geometry.setAttribute("position", new BufferAttribute(places, 3));
		geometry.setAttribute("color", new BufferAttribute(cloud.colors, 3, true));
		this.#points.add(new Points(geometry, new PointsMaterial({
			size: .12,
			vertexColors: true
		})));
	}
};
/** Path, body and frusta of one agent at a frame. */
function agentParts({ agent, poses }, frame, color) {
	const pose = poses[frame];
	const path = new BufferGeometry().setFromPoints(poses.map((place) => toThree([
		place[3],
		place[7] - .03,
		place[11]
	])));
	const rays = camerasOf(agent, pose).flatMap(frustumLines);
	const frusta = new BufferGeometry().setFromPoints(rays.map(toThree));
	return [
		bodyMesh(agent, pose, color),
		new Line(path, new LineBasicMaterial({ color })),
		new LineSegments(frusta, new LineBasicMaterial({
			color,
			transparent: true,
			opacity: .75
		}))
	];
}
function bodyMesh(agent, pose, color) {
	const { size, centre } = bodyOf(agent);
	const mesh = new Mesh(new BoxGeometry(...size), new MeshLambertMaterial({ color }));
	mesh.position.copy(toThree(toWorld(pose, centre)));
	mesh.lookAt(mesh.position.clone().add(new Vector3(pose[2], -pose[6], -pose[10])));
	return mesh;
}
/** Ends of the lines from a camera to the corners of its picture, and around the picture. */
function frustumLines(camera) {
	const k = camera.intrinsics;
	const corners = [
		[0, 0],
		[camera.width, 0],
		[camera.width, camera.height],
		[0, camera.height]
	].map(([u, v]) => {
		const local = [
			(u - k[2]) / k[0] * FRUSTUM,
			(v - k[5]) / k[4] * FRUSTUM,
			FRUSTUM
		];
		return toWorld(camera.pose, local);
	});
	const eye = positionOf(camera.pose);
	return corners.flatMap((corner, index) => [
		eye,
		corner,
		corner,
		corners[(index + 1) % 4]
	]);
}
function clear(group) {
	for (const part of [...group.children]) {
		group.remove(part);
		part.geometry.dispose();
		for (const material of [part.material].flat()) material.dispose();
	}
}
export { SpaceView };
