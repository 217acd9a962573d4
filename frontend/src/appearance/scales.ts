/** The smallest of 1, 2, 5, 10, ... (or 0.5, 0.2, ...) that is at least so much, for lines of a grid. */
export function roundStep(least: number): number {
  const decade = 10 ** Math.floor(Math.log10(least))
  return [1, 2, 5, 10].map((step) => step * decade).find((step) => step >= least * 0.999)!
}
