import layouts from "./layouts.json"

/** A key, with other words for it. */
export interface Button {
  name: string
  meaning: string
  aliases: string[]
}

/** A channel with a number per frame; `between` says what frames mean that nobody names. */
export interface Axis {
  name: string
  meaning: string
  low: number
  high: number
  idle: number
  between: "idle" | "hold" | "linear"
  aliases: string[]
}

/** Channels of a kind of action; see world/actions/layout.py. */
export interface Layout {
  title: string
  agent_names: string[] | null
  frame_rate: number
  buttons: Button[]
  axes: Axis[]
  groups: [string, string[]][]
}

export function findLayout(name: unknown): Layout | null {
  return (layouts as unknown as Record<string, Layout>)[String(name)] ?? null
}

/** Index of the button that a word means; -1 for none. */
export function buttonOf(layout: Layout, word: string): number {
  return layout.buttons.findIndex((button) => button.name === word || button.aliases.includes(word))
}

/** Indices of the axes that a word means, in the order of their numbers; null for none. */
export function axesOf(layout: Layout, word: string): number[] | null {
  const single = layout.axes.findIndex((axis) => axis.name === word || axis.aliases.includes(word))
  if (single >= 0) return [single]
  const group = layout.groups.find(([name]) => name === word)
  return group ? group[1].map((member) => layout.axes.findIndex((axis) => axis.name === member)) : null
}
