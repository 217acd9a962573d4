/** What the node says about the files of a run; see nodes/player_files.py. */

import type { FileEntry } from "../comfyui/files"

export const VERSION = 1

/** A video with the size of its pictures in pixels. */
export interface Video {
  file: FileEntry
  frames: number
  frame_rate: number
  width: number
  height: number
}

/** A view of an agent, and the video that it is compared with. */
export interface View extends Video {
  name: string
  compare?: Video
}

export interface Row {
  name: string
  views: View[]
}

/** Numbers per frame; null where nothing was measured. `agent` is null for what belongs to all. */
export interface Curve {
  title: string
  unit: string
  values: (number | null)[]
  agent: number | null
}

/** Per frame x and z of a camera in metres and the bearings of its left and right edge in radians. */
export type Wedge = [number, number, number, number]

export interface MapAgent {
  name: string
  /** Width and length, and the centre's x and z in the agent's frame, in metres. */
  body: [number, number, number, number]
  /** x, z and bearing per frame. */
  track: [number, number, number][]
  views: { name: string; wedges: (Wedge | null)[] }[]
}

/** The ground from above, x to the right and z upwards; see world/ground_plan.py. */
export interface GroundPlan {
  low: [number, number]
  high: [number, number]
  reach: number
  frame_rate: number
  agents: MapAgent[]
}

export interface Description {
  version: number
  compare_name: string
  rows: Row[]
  map: GroundPlan | null
  curves: Curve[]
}

export class UnreadableDescription extends Error {}

function isVideo(value: unknown): value is Video {
  const video = value as Video | null
  return (
    typeof video?.file?.filename === "string" &&
    [video.frames, video.frame_rate, video.width, video.height].every((number) => Number.isFinite(number) && number > 0)
  )
}

/** The description in what a file holds. Throws `UnreadableDescription` where it is of another kind or version. */
export function readDescription(value: unknown): Description {
  const description = value as Description | null
  if (description?.version !== VERSION) throw new UnreadableDescription(`version ${String(description?.version)}`)
  const views = Array.isArray(description.rows) ? description.rows.flatMap((row) => row?.views ?? []) : []
  const whole = views.every((view) => isVideo(view) && (view.compare === undefined || isVideo(view.compare)))
  if (!views.length || !whole) throw new UnreadableDescription("rows")
  return description
}
