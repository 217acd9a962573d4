/** Undo and redo over values that never change in place. */

const LONGEST = 200

export class History<Value> {
  #past: Value[] = []
  #future: Value[] = []
  #merging: string | null = null

  constructor(private present: Value) {}

  get value(): Value {
    return this.present
  }

  get canUndo(): boolean {
    return this.#past.length > 0
  }

  get canRedo(): boolean {
    return this.#future.length > 0
  }

  /**
   * Take a new value. Changes with the same `merge` one after another, such as the moves of one drag or one held arrow
   * key, are undone together.
   */
  push(value: Value, merge: string | null = null): void {
    if (value === this.present) return
    if (merge === null || merge !== this.#merging) {
      this.#past.push(this.present)
      if (this.#past.length > LONGEST) this.#past.shift()
    }
    this.#merging = merge
    this.#future = []
    this.present = value
  }

  /** Let the next change be undone by itself. */
  endMerge(): void {
    this.#merging = null
  }

  undo(): boolean {
    return this.#step(this.#past, this.#future)
  }

  redo(): boolean {
    return this.#step(this.#future, this.#past)
  }

  /** Forget all steps and begin with a value that came from outside. */
  reset(value: Value): void {
    this.#past = []
    this.#future = []
    this.#merging = null
    this.present = value
  }

  #step(from: Value[], to: Value[]): boolean {
    if (from.length === 0) return false
    to.push(this.present)
    this.present = from.pop()!
    this.#merging = null
    return true
  }
}
