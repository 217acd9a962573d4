/** Plays the frames at their rate, over and over. */

import type { EditorState } from "./state"

export class Player {
  #timer = 0
  #since = 0
  #from = 0

  constructor(private readonly state: EditorState) {}

  toggle(): void {
    if (this.state.playing) this.stop()
    else this.start()
  }

  start(): void {
    if (this.state.frames < 2) return
    this.state.playing = true
    this.#from = this.state.playhead === this.state.frames - 1 ? 0 : this.state.playhead
    this.#since = performance.now()
    this.#timer = requestAnimationFrame(this.#tick)
    this.state.changed()
  }

  stop(): void {
    if (!this.state.playing) return
    cancelAnimationFrame(this.#timer)
    this.state.playing = false
    this.state.changed()
  }

  readonly #tick = (now: number): void => {
    const { state } = this
    const passed = ((now - this.#since) / 1000) * state.frameRate
    state.setPlayhead((this.#from + Math.max(0, Math.floor(passed))) % state.frames)
    this.#timer = requestAnimationFrame(this.#tick)
  }
}
