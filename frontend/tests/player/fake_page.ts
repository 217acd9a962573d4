import type { Ticker } from "../../src/player/synchroniser"

/** A page whose time goes on only when a test says so: animation frames, and videos with delays and drift. */
export class FakePage implements Ticker {
  time = 100
  readonly videos: FakeVideo[] = []
  private callbacks = new Map<number, () => void>()
  private handle = 0

  now = () => this.time

  request = (callback: () => void) => {
    this.callbacks.set(++this.handle, callback)
    return this.handle
  }

  cancel = (handle: number) => void this.callbacks.delete(handle)

  video(settings: Partial<FakeVideo> = {}): FakeVideo {
    const made = Object.assign(new FakeVideo(this), settings)
    this.videos.push(made)
    return made
  }

  /** Let so many seconds pass, picture by picture. */
  async advance(seconds: number): Promise<void> {
    const end = this.time + seconds
    while (this.time < end - 1e-9) {
      const step = Math.min(1 / 60, end - this.time)
      this.time += step
      for (const video of this.videos) video.advance(step)
      const callbacks = [...this.callbacks.values()]
      this.callbacks.clear()
      for (const callback of callbacks) callback()
      await Promise.resolve()
      await Promise.resolve()
    }
  }
}

/** The parts of HTMLVideoElement that the player uses. */
export class FakeVideo extends EventTarget {
  duration = 10
  readyState = 4
  seeking = false
  paused = true
  playbackRate = 1
  /** Seconds that a seek takes, and how much faster than real time it runs. */
  seekDelay = 0.02
  drift = 1
  seeks = 0
  private position = 0
  private target: { time: number; at: number } | null = null

  constructor(private readonly page: FakePage) {
    super()
  }

  get ended(): boolean {
    return this.position >= this.duration
  }

  get currentTime(): number {
    return this.target?.time ?? this.position
  }

  set currentTime(time: number) {
    this.seeks++
    this.seeking = true
    this.target = { time, at: this.page.time + this.seekDelay }
  }

  async play(): Promise<void> {
    this.paused = false
  }

  pause(): void {
    this.paused = true
  }

  advance(seconds: number): void {
    if (this.target && this.page.time >= this.target.at) {
      this.position = Math.min(this.target.time, this.duration)
      this.target = null
      this.seeking = false
      this.dispatchEvent(new Event("seeked"))
    } else if (!this.target && !this.paused && this.readyState >= 3)
      this.position = Math.min(this.position + seconds * this.playbackRate * this.drift, this.duration)
  }
}
