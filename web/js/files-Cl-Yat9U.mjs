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
export { isFileEntry as n, fileUrl as t };
