/** The common time of videos that may differ in length and frame rate. */

/** Length and rate of a video. */
export interface Clip {
  frames: number
  frame_rate: number
}

/**
 * One time for all videos: frames at the highest of their rates, as long as the longest. A shorter video shows its last
 * frame from its end on, a slower one each of its frames for longer.
 */
export class Timeline {
  readonly frameRate: number
  readonly frameCount: number

  constructor(clips: readonly Clip[]) {
    this.frameRate = Math.max(...clips.map((clip) => clip.frame_rate))
    const seconds = Math.max(...clips.map((clip) => clip.frames / clip.frame_rate))
    this.frameCount = Math.max(1, Math.round(seconds * this.frameRate))
  }

  get lastFrame(): number {
    return this.frameCount - 1
  }

  get seconds(): number {
    return this.frameCount / this.frameRate
  }

  clamp(frame: number): number {
    return Math.min(Math.max(Math.round(frame), 0), this.lastFrame)
  }

  /** The frame that is shown at a time in seconds; times a rounding error before a frame belong to it. */
  frameAt(time: number): number {
    return Math.min(Math.max(Math.floor(time * this.frameRate + 1e-6), 0), this.lastFrame)
  }

  /** When a frame begins, in seconds. */
  timeOf(frame: number): number {
    return frame / this.frameRate
  }
}

/** Frame of a clip that belongs to a time in seconds. */
export function clipFrame(clip: Clip, time: number): number {
  return Math.min(Math.max(Math.floor(time * clip.frame_rate + 1e-6), 0), clip.frames - 1)
}

/** Seconds of the middle of a clip's frame: where a video is sent to, so that rounding cannot show its neighbour. */
export function frameMiddle(clip: Clip, frame: number): number {
  return (frame + 0.5) / clip.frame_rate
}

/** Whether a clip has no frames of its own any more at a time in seconds. */
export function isPast(clip: Clip, time: number): boolean {
  return time >= clip.frames / clip.frame_rate - 1e-6
}
