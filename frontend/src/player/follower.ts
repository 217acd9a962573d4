import { type Clip, clipFrame, frameMiddle, isPast } from "./timeline"

/** Seconds that a video may be off the clock before its speed is changed a little. */
const TOLERATED = 0.01
/** Seconds beyond which it is sent to the right place at once, or a frame and a half where that is more. */
const FAR_OFF = 0.2
/** Largest change of speed to catch up, and the share of it per second of drift. */
const LARGEST_CORRECTION = 0.12
const CORRECTION_PER_SECOND = 4
/** HTMLMediaElement's readyState from which on it can go on playing. */
const HAVE_FUTURE_DATA = 3
const HAVE_CURRENT_DATA = 2

/** The speed at which a video comes back to the clock from `drift` seconds ahead of it. */
export function correctedSpeed(speed: number, drift: number): number {
  if (Math.abs(drift) < TOLERATED) return speed
  const change = Math.min(Math.max(drift * CORRECTION_PER_SECOND, -LARGEST_CORRECTION), LARGEST_CORRECTION)
  return speed * (1 - change)
}

/** One video that follows the clock. */
export class Follower {
  /** Frame that is on the screen, as the browser reports it; -1 before the first. */
  shownFrame = -1
  failed = false
  onFrame: (() => void) | null = null
  onChange: (() => void) | null = null
  private stopped = new AbortController()

  constructor(
    readonly video: HTMLVideoElement,
    readonly clip: Clip,
  ) {
    const { signal } = this.stopped
    video.addEventListener("error", () => this.fail(), { signal })
    video.addEventListener("loadeddata", () => this.onChange?.(), { signal })
    this.watchFrames()
  }

  /** Whether the video can take part now; one that failed or has ended does not hold up the others. */
  isReady(time: number): boolean {
    if (this.failed) return true
    if (this.video.seeking) return false
    const nearEnd = isPast(this.clip, time + 1.5 / this.clip.frame_rate)
    return this.video.readyState >= (nearEnd ? HAVE_CURRENT_DATA : HAVE_FUTURE_DATA)
  }

  /** Show the frame of a time and resolve when it is there; at once if nothing has to change. */
  seek(time: number): Promise<void> {
    const target = frameMiddle(this.clip, clipFrame(this.clip, time))
    return this.seekTo(target, 0.25 / this.clip.frame_rate)
  }

  /** Go to the time itself, within a frame too, to play on from there. */
  cue(time: number): Promise<void> {
    const last = frameMiddle(this.clip, this.clip.frames - 1)
    return this.seekTo(Math.min(Math.max(time, 0.1 / this.clip.frame_rate), last), TOLERATED)
  }

  /** While the clock runs: keep with it. Returns whether the video had to jump. */
  follow(time: number, speed: number): boolean {
    const { video, clip } = this
    if (this.failed || video.seeking) return false
    if (isPast(clip, time + 0.5 / clip.frame_rate)) return false
    const drift = video.currentTime - time
    if (Math.abs(drift) > Math.max(FAR_OFF, 1.5 / clip.frame_rate)) {
      void this.cue(time)
      return true
    }
    const wanted = correctedSpeed(speed, drift)
    if (Math.abs(video.playbackRate - wanted) > 0.005) video.playbackRate = wanted
    if (video.paused && !video.ended) this.play(speed)
    return false
  }

  play(speed: number): void {
    this.video.playbackRate = speed
    this.video.play().catch(() => undefined) // refused or taken back by a pause: the next turn tries again
  }

  pause(): void {
    this.video.pause()
  }

  /** Take no further part; the video may be given to another follower. */
  release(): void {
    this.stopped.abort()
    this.pause()
  }

  private seekTo(target: number, tolerance: number): Promise<void> {
    const { video } = this
    if (this.failed) return Promise.resolve()
    if (video.readyState >= HAVE_CURRENT_DATA && !video.seeking && Math.abs(video.currentTime - target) < tolerance) {
      return Promise.resolve()
    }
    return new Promise((resolve) => {
      const finish = new AbortController()
      const done = () => {
        finish.abort()
        resolve()
      }
      for (const event of ["seeked", "error", "emptied"]) video.addEventListener(event, done, { signal: finish.signal })
      this.stopped.signal.addEventListener("abort", done, { signal: finish.signal })
      video.currentTime = target
    })
  }

  private fail(): void {
    this.failed = true
    this.onChange?.()
  }

  private watchFrames(): void {
    const { video, clip } = this
    const show = (time: number) => {
      this.shownFrame = clipFrame(clip, time + 0.25 / clip.frame_rate)
      this.onFrame?.()
    }
    if (!("requestVideoFrameCallback" in video)) {
      const element = video as HTMLVideoElement
      for (const event of ["seeked", "timeupdate"])
        element.addEventListener(event, () => show(element.currentTime), { signal: this.stopped.signal })
      return
    }
    const next = (_: number, frame: VideoFrameCallbackMetadata) => {
      if (this.stopped.signal.aborted) return
      show(frame.mediaTime)
      video.requestVideoFrameCallback(next)
    }
    video.requestVideoFrameCallback(next)
  }
}
