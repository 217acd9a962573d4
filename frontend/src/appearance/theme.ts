/** Colours of everything that is no agent, for light and dark pages; marks differ in shape too, never in hue alone. */

import { isDark } from "./palette"

export interface Theme {
  readonly dark: boolean
  readonly ground: string
  readonly grid: string
  readonly strongGrid: string
  readonly ink: string
  readonly faintInk: string
  readonly panel: string
  readonly sky: string
  /** What two agents see together: on the ground, with its opacity, and as a curve. */
  readonly overlap: string
  readonly overlapOpacity: number
  readonly overlapCurve: string
  /** Agents see each other. */
  readonly sight: string
  /** Bodies touch. */
  readonly danger: string
  /** Motion outside of what the model knows. */
  readonly caution: string
  readonly selection: string
}

const LIGHT: Theme = {
  dark: false,
  ground: "#fbfbf9",
  grid: "#e9e9e4",
  strongGrid: "#d3d3cc",
  ink: "#24242a",
  faintInk: "#77777f",
  panel: "#f1f1ee",
  sky: "#dfe9f2",
  overlap: "#debe00",
  overlapOpacity: 0.15,
  overlapCurve: "rgba(205, 172, 0, 0.75)",
  sight: "#3c3c44",
  danger: "#b3124e",
  caution: "#9a6a00",
  selection: "#16161a",
}

const DARK: Theme = {
  dark: true,
  ground: "#1b1c20",
  grid: "#26282d",
  strongGrid: "#363941",
  ink: "#eceef2",
  faintInk: "#969ba6",
  panel: "#232429",
  sky: "#2a3542",
  overlap: "#f0e442",
  overlapOpacity: 0.12,
  overlapCurve: "rgba(240, 228, 66, 0.55)",
  sight: "#d9dce3",
  danger: "#ff5d8f",
  caution: "#f2b134",
  selection: "#ffffff",
}

export function currentTheme(): Theme {
  return isDark() ? DARK : LIGHT
}

/** A colour with an opacity, for canvases; `color` is #rrggbb. */
export function translucent(color: string, opacity: number): string {
  const channels = [1, 3, 5].map((start) => Number.parseInt(color.slice(start, start + 2), 16))
  return `rgba(${channels.join(", ")}, ${opacity})`
}
