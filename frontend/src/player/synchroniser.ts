import { Clock } from "./clock"
import type { Follower } from "./follower"
import type { Timeline } from "./timeline"

/** What tells the synchroniser that time goes on: the page's animation frames, or a test. */
export interface Ticker {
  now: () => number
  request: (callback: () => void) => number
  cancel: (handle: number) => void
}

export const pageTicker: Ticker = {
  now: () => performance.now() / 1000,
  request: (callback) => requestAnimationFrame(callback),
  cancel: (handle) => cancelAnimationFrame(handle),
}

/**
 * Keeps videos in step with one clock. While it plays, videos run by themselves and are corrected; the clock waits for
 * one that has to load. While it stands, all show exactly the frame of the playhead.
 */
export class Synchroniser {
  loop = true
  onChange: (() => void) | null = null
  private readonly clock: Clock
  private followers: readonly Follower[] = []
  private handle: number | null = null
  private wanted: number | null = null
  private playing = false
  private frame_ = 0
  private settled: Promise<void> = Promise.resolve()

  constructor(
    readonly timeline: Timeline,
    private readonly ticker: Ticker = pageTicker,
  ) {
    this.clock = new Clock(ticker.now)
  }

  get isPlaying(): boolean {
    return this.playing
  }

  /** Frame of the playhead. */
  get frame(): number {
    return this.frame_
  }

  get speed(): number {
    return this.clock.speed
  }

  setSpeed(speed: number): void {
    this.clock.setSpeed(speed)
  }

  /** The videos that take part from now on. */
  setFollowers(followers: readonly Follower[]): void {
    for (const follower of this.followers) if (!followers.includes(follower)) follower.pause()
    this.followers = followers
    if (this.playing) this.startAgain()
    else void this.seek(this.frame_)
  }

  /** Show a frame in all videos; while they play, go on from there. Resolves when all show the latest wanted frame. */
  seek(frame: number): Promise<void> {
    this.frame_ = this.timeline.clamp(frame)
    this.clock.set(this.timeline.timeOf(this.frame_))
    this.onChange?.()
    if (this.playing) {
      this.startAgain()
      return this.settled
    }
    const busy = this.wanted !== null
    this.wanted = this.frame_
    if (!busy) this.settled = this.settle()
    return this.settled
  }

  /** Pause, and go so many frames on, or back if negative. */
  step(frames: number): Promise<void> {
    this.pause()
    return this.seek(this.frame_ + frames)
  }

  toggle(): void {
    if (this.playing) this.pause()
    else this.play()
  }

  play(): void {
    if (this.playing) return
    this.playing = true
    if (this.frame_ >= this.timeline.lastFrame) this.clock.set(0)
    this.startAgain()
    this.onChange?.()
  }

  pause(): void {
    if (!this.playing) return
    this.halt()
    this.frame_ = this.timeline.frameAt(this.clock.time)
    void this.seek(this.frame_)
  }

  /** Stop for good. */
  dispose(): void {
    this.halt()
    this.followers = []
    this.onChange = null
  }

  private halt(): void {
    this.playing = false
    this.clock.stop()
    if (this.handle !== null) this.ticker.cancel(this.handle)
    this.handle = null
    for (const follower of this.followers) follower.pause()
  }

  /** Bring all videos to the clock's time, then let clock and videos run. */
  private startAgain(): void {
    this.clock.stop()
    const time = this.clock.time
    for (const follower of this.followers) {
      follower.pause()
      void follower.cue(time)
    }
    if (this.handle === null) this.handle = this.ticker.request(this.tick)
  }

  private readonly tick = (): void => {
    if (!this.playing) return
    this.handle = this.ticker.request(this.tick)
    const { time, speed } = this.clock
    if (!this.followers.every((follower) => follower.isReady(time))) {
      this.clock.stop()
      for (const follower of this.followers) follower.pause()
      return
    }
    this.clock.start()
    if (time >= this.timeline.seconds) {
      this.reachEnd()
      return
    }
    for (const follower of this.followers) follower.follow(time, speed)
    const frame = this.timeline.frameAt(time)
    if (frame !== this.frame_) {
      this.frame_ = frame
      this.onChange?.()
    }
  }

  private reachEnd(): void {
    if (this.loop) {
      this.clock.set(0)
      this.startAgain()
      return
    }
    this.halt()
    void this.seek(this.timeline.lastFrame)
  }

  private async settle(): Promise<void> {
    while (this.wanted !== null) {
      const frame = this.wanted
      const time = this.timeline.timeOf(frame)
      await Promise.all(this.followers.map((follower) => follower.seek(time)))
      if (this.wanted === frame) this.wanted = null
    }
    this.onChange?.()
  }
}
