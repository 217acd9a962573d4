/** The splines of world/paths.py: natural cubic, and monotone cubic slopes (PCHIP) as scipy has them. */

/** Coefficients of a cubic in powers of the distance from the beginning of its segment, highest power first. */
export type Cubic = readonly [number, number, number, number]

export function evaluate([a, b, c, d]: Cubic, along: number): number {
  return ((a * along + b) * along + c) * along + d
}

export function slope([a, b, c]: Cubic, along: number): number {
  return (3 * a * along + 2 * b) * along + c
}

/** One cubic per interval of `knots` (at least two), twice continuously differentiable, straight at the ends. */
export function naturalCubics(knots: readonly number[], values: readonly number[]): Cubic[] {
  const bends = naturalBends(knots, values)
  return knots.slice(1).map((end, index) => {
    const step = end - knots[index]!
    const from = bends[index]!
    const to = bends[index + 1]!
    const rise = (values[index + 1]! - values[index]!) / step
    return [(to - from) / (6 * step), from / 2, rise - (step * (2 * from + to)) / 6, values[index]!]
  })
}

/** Second derivatives at the knots: 0 at both ends, between them from a tridiagonal system (Thomas' algorithm). */
function naturalBends(knots: readonly number[], values: readonly number[]): number[] {
  const last = knots.length - 1
  const above: number[] = [0]
  const right: number[] = [0]
  for (let index = 1; index < last; index++) {
    const before = knots[index]! - knots[index - 1]!
    const after = knots[index + 1]! - knots[index]!
    const change = (values[index + 1]! - values[index]!) / after - (values[index]! - values[index - 1]!) / before
    const pivot = 2 * (before + after) - before * above[index - 1]!
    above.push(after / pivot)
    right.push((6 * change - before * right[index - 1]!) / pivot)
  }
  const bends = new Array<number>(knots.length).fill(0)
  for (let index = last - 1; index > 0; index--) bends[index] = right[index]! - above[index]! * bends[index + 1]!
  return bends
}

/** Slopes at the knots of a monotone cubic through values (Fritsch and Butland, 1984); at least two knots. */
export function monotoneSlopes(knots: readonly number[], values: readonly number[]): number[] {
  const steps = knots.slice(1).map((end, index) => end - knots[index]!)
  const rises = steps.map((step, index) => (values[index + 1]! - values[index]!) / step)
  if (steps.length === 1) return [rises[0]!, rises[0]!]
  const last = steps.length - 1
  const slopes = [endSlope(steps[0]!, steps[1]!, rises[0]!, rises[1]!)]
  for (let index = 1; index <= last; index++) {
    const before = rises[index - 1]!
    const after = rises[index]!
    if (before * after <= 0) {
      slopes.push(0)
      continue
    }
    const first = 2 * steps[index]! + steps[index - 1]!
    const second = steps[index]! + 2 * steps[index - 1]!
    slopes.push((first + second) / (first / before + second / after))
  }
  slopes.push(endSlope(steps[last]!, steps[last - 1]!, rises[last]!, rises[last - 1]!))
  return slopes
}

/** Three-point slope at an end, limited so that the cubic keeps the shape of the values. */
function endSlope(step: number, next: number, rise: number, nextRise: number): number {
  const wanted = ((2 * step + next) * rise - step * nextRise) / (step + next)
  if (Math.sign(wanted) !== Math.sign(rise)) return 0
  if (Math.sign(rise) !== Math.sign(nextRise) && Math.abs(wanted) > 3 * Math.abs(rise)) return 3 * rise
  return wanted
}

/** Index of the interval of `knots` that holds `where`; knots belong to the interval after them. */
export function intervalOf(knots: readonly number[], where: number): number {
  let low = 0
  let high = knots.length - 2
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (knots[middle]! <= where) low = middle
    else high = middle - 1
  }
  return low
}

/** Value at `where` of the cubic that has the given values and slopes at the knots. */
export function hermite(
  knots: readonly number[],
  values: readonly number[],
  slopes: readonly number[],
  where: number,
): number {
  const index = intervalOf(knots, where)
  const step = knots[index + 1]! - knots[index]!
  const share = (where - knots[index]!) / step
  const left = 1 - share
  return (
    values[index]! * (1 + 2 * share) * left * left +
    values[index + 1]! * (3 - 2 * share) * share * share +
    step * share * left * (slopes[index]! * left - slopes[index + 1]! * share)
  )
}
