import { app } from "../../../scripts/app.js";
// src/comfyui/files.ts
/** Whether a value, as it stands in a saved graph, names a file. */
function isFileEntry(value) {
	const entry = value;
	return [
		entry?.filename,
		entry?.subfolder,
		entry?.type
	].every((part) => typeof part === "string");
}
/** Address of a file on the server. */
function fileUrl(file) {
	const { filename, subfolder, type } = file;
	return app.api.apiURL(`/view?${new URLSearchParams({
		filename,
		subfolder,
		type
	})}`);
}
// src/appearance/scales.ts
/** The smallest of 1, 2, 5, 10, ... (or 0.5, 0.2, ...) that is at least so much, for lines of a grid. */
function roundStep(least) {
	const decade = 10 ** Math.floor(Math.log10(least));
	return [
		1,
		2,
		5,
		10
	].map((step) => step * decade).find((step) => step >= least * .999);
}
export { fileUrl as n, isFileEntry as r, roundStep as t };
