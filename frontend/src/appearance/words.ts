/** Words with their gaps, {0}, {1}, ..., filled. */
export function filled(words: string, gaps: readonly (string | number)[]): string {
  return words.replace(/\{(\d)\}/g, (_, gap) => String(gaps[Number(gap)] ?? ""))
}

/** Words that fit into a width in pixels of a canvas, with dots for what had to go. */
export function shortened(context: CanvasRenderingContext2D, words: string, width: number): string {
  if (context.measureText(words).width <= width) return words
  let length = words.length
  while (length > 0 && context.measureText(`${words.slice(0, length)}…`).width > width) length--
  return length > 0 ? `${words.slice(0, length).trimEnd()}…` : ""
}
