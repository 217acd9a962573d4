import { app } from "comfyui"

/** Have the page notice that the graph changed by something else than a key or the mouse, so that a reload keeps it. */
export function noteChange(): void {
  const tracker = app.extensionManager?.workflow?.activeWorkflow?.changeTracker
  if (tracker?.captureCanvasState) tracker.captureCanvasState()
  else tracker?.checkState?.()
}
