import { app } from "comfyui"

/** Whether the page is in Chinese; it loads anew when its language changes. */
export function isChinese(): boolean {
  return String(app.extensionManager?.setting.get("Comfy.Locale") ?? "en").startsWith("zh")
}
