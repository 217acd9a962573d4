/**
 * The one palette. Agents take the colours of Okabe and Ito, distinct for colour-blind readers, in the order of
 * `PALETTE` in world/palette.py, so that pictures made by Python and by the page agree.
 */

export const AGENT_COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#5a5a5a"] as const

/**
 * The same hues for dark backgrounds: each has a contrast of at least 4.2 to the page's dark grey, and any two are
 * farther apart than in the first set, for readers with each kind of colour blindness too.
 */
export const AGENT_COLORS_DARK = ["#607ed4", "#fc752a", "#22b67b", "#c396cf", "#e4c43c", "#9fd3fa", "#f4f4f4"] as const

/** Agents beyond the palette begin again at its first colour. */
export function agentColor(index: number, dark = false): string {
  const colors = dark ? AGENT_COLORS_DARK : AGENT_COLORS
  return colors[index % colors.length]!
}

/** Whether the page has one of ComfyUI's dark themes. */
export function isDark(): boolean {
  return document.querySelector(".dark-theme") !== null
}
