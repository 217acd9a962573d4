import { element, nameButton } from "../appearance/elements"

/** A button with a drawn sign, whose name says what it does. */
export function iconButton(path: string, name: string, onPress: () => void): HTMLButtonElement {
  const made = element("button", "player-button", { type: "button", onclick: onPress })
  const drawing = document.createElementNS("http://www.w3.org/2000/svg", "svg")
  drawing.setAttribute("viewBox", "0 0 16 16")
  drawing.setAttribute("aria-hidden", "true")
  const outline = document.createElementNS("http://www.w3.org/2000/svg", "path")
  outline.setAttribute("d", path)
  drawing.append(outline)
  made.append(drawing)
  nameButton(made, name)
  return made
}
