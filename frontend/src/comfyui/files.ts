import { app } from "comfyui"

/** A file below one of ComfyUI's folders, as its /view route takes it. */
export interface FileEntry {
  filename: string
  subfolder: string
  type: string
}

/** Whether a value, as it stands in a saved graph, names a file. */
export function isFileEntry(value: unknown): value is FileEntry {
  const entry = value as FileEntry | null
  return [entry?.filename, entry?.subfolder, entry?.type].every((part) => typeof part === "string")
}

/** Address of a file on the server. */
export function fileUrl(file: FileEntry): string {
  const { filename, subfolder, type } = file
  return app.api.apiURL(`/view?${new URLSearchParams({ filename, subfolder, type })}`)
}
