/** The one clock that all videos follow: seconds of media time over seconds of the computer's time. */
export class Clock {
  private position = 0
  private since: number | null = null

  /**
   * @param now seconds of the computer's time, never going back.
   */
  constructor(private readonly now: () => number) {}

  speed = 1

  get running(): boolean {
    return this.since !== null
  }

  /** Media time in seconds. */
  get time(): number {
    return this.since === null ? this.position : this.position + (this.now() - this.since) * this.speed
  }

  /** Go to a media time, and go on from there if the clock runs. */
  set(time: number): void {
    this.position = time
    if (this.since !== null) this.since = this.now()
  }

  start(): void {
    this.since ??= this.now()
  }

  /** Stop; also while a video has to catch up, so that no other gets ahead of it. */
  stop(): void {
    this.position = this.time
    this.since = null
  }

  /** Change the speed from now on. */
  setSpeed(speed: number): void {
    this.set(this.time)
    this.speed = speed
  }
}
