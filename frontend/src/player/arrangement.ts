/** Where the views of a grid lie, in pixels of the place that they share. */
export interface Arrangement {
  columns: number
  width: number
  height: number
}

/** How much larger views must be to give up one row per agent. */
const PREFERENCE = 1.4

/**
 * Columns and size of equal cells, as large as they can be.
 *
 * @param views of each agent in turn; where agents have several, each keeps its views side by side.
 * @param aspect width over height of a view.
 */
export function arrange(
  views: readonly number[],
  aspect: number,
  place: readonly [number, number],
  gap: number,
): Arrangement {
  const total = views.reduce((sum, count) => sum + count, 0)
  const most = Math.max(...views)
  const equal = views.every((count) => count === most)
  let best: Arrangement = { columns: 1, width: 0, height: 0 }
  let bestWorth = 0
  for (let columns = 1; columns <= total; columns++) {
    if (equal && most > 1 && columns % most !== 0 && most % columns !== 0) continue
    const rows = Math.ceil(total / columns)
    const width = Math.min((place[0] - gap * (columns - 1)) / columns, ((place[1] - gap * (rows - 1)) / rows) * aspect)
    // One row per agent is easier to read: another arrangement must be clearly larger.
    const worth = columns === most && most > 1 ? PREFERENCE * width : width
    if (worth > bestWorth + 1e-6) {
      best = { columns, width, height: width / aspect }
      bestWorth = worth
    }
  }
  return best
}
