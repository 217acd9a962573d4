import { _ as Points, a as BufferAttribute, b as Vector3, c as DirectionalLight, d as Line, f as LineBasicMaterial, g as PerspectiveCamera, h as MeshLambertMaterial, i as BoxGeometry, l as GridHelper, m as Mesh, n as WebGLRenderer, o as BufferGeometry, p as LineSegments, r as AmbientLight, s as Color, t as OrbitControls, u as Group, v as PointsMaterial, y as Scene } from "./three-B2WBvczY.mjs";
import { r as agentColor, s as element, t as currentTheme } from "./theme-CKs1xqlR.mjs";
import { n as camerasOf, r as toWorld, t as bodyOf } from "./draw_agents.js";
// src/editor/space_view.ts
/** The 3D view: agents' bodies, the frusta of all their cameras, paths, and the points of a connected scene. */
/** Metres from a camera to the far end of its drawn frustum. */
var FRUSTUM = 3;
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
	#points = null;
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
		this.#scene.add(new AmbientLight(16777215, 1.5), this.#sun, this.#agents);
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
		this.#points?.geometry.dispose();
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
	/** Look at all paths from above and behind. */
	#aim(motion) {
		const places = motion.agents.flatMap(({ poses }) => poses.map((pose) => [
			pose[3],
			pose[7],
			pose[11]
		]));
		if (places.length === 0) return;
		const middle = places.reduce((sum, place) => sum.addScaledVector(toThree(place), 1 / places.length), new Vector3());
		const reach = Math.max(10, ...places.map((place) => toThree(place).distanceTo(middle)));
		this.#camera.position.copy(middle).add(new Vector3(.35 * reach, .85 * reach, 1.2 * reach));
		this.#controls.target.copy(middle);
		this.#controls.update();
		this.#aimed = true;
	}
	#showGrid(strong, weak) {
		if (this.#grid?.name === strong) return;
		if (this.#grid) this.#scene.remove(this.#grid);
		this.#grid = new GridHelper(200, 50, strong, weak);
		this.#grid.name = strong;
		this.#scene.add(this.#grid);
	}
	#showCloud() {
		const { cloud } = this.state;
		if (cloud === this.#cloud) return;
		this.#cloud = cloud;
		if (this.#points) {
			this.#scene.remove(this.#points);
			this.#points.geometry.dispose();
			this.#points = null;
		}
		if (!cloud) return;
		const places = cloud.positions.map((value, index) => index % 3 === 0 ? value : -value);
		const geometry = new BufferGeometry();
		geometry.setAttribute("position", new BufferAttribute(places, 3));
		geometry.setAttribute("color", new BufferAttribute(cloud.colors, 3, true));
		this.#points = new Points(geometry, new PointsMaterial({
			size: .12,
			vertexColors: true
		}));
		this.#scene.add(this.#points);
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
	const eye = [
		camera.pose[3],
		camera.pose[7],
		camera.pose[11]
	];
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
