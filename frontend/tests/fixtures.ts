import text from "../../tests/fixtures/drawings.json?raw"
import type { Pose } from "../src/world/poses"

interface Case {
  name: string
  drawing: unknown
  frames: number
  frame_rate: number
  poses: Pose[][]
  cameras: Pose[][]
  pixels: [number, number, number][][][]
  separations: number[] | null
}

interface Fixtures {
  world_points: [number, number, number][]
  cases: Case[]
}

/** What Python computes of some drawings, rounded to ten digits. */
export const FIXTURES: Fixtures = JSON.parse(text)

/** Largest difference of two lists of numbers of one length. */
export function difference(first: readonly number[], second: readonly number[]): number {
  if (first.length !== second.length) return Number.POSITIVE_INFINITY
  return Math.max(0, ...first.map((value, index) => Math.abs(value - second[index]!)))
}
