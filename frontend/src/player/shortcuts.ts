/** What a key does. */
export interface Actions {
  toggle(): void
  step(frames: number): void
  jump(end: "first" | "last"): void
  loop(): void
  nextComparison(): void
  switchPart(part: "map" | "curves"): void
  enlarge(index: number | null): boolean
  fullscreen(): void
}

/** Do what a key stands for. Returns whether it stands for anything, so that the page does not take it as well. */
export function pressKey(
  event: Pick<KeyboardEvent, "key" | "shiftKey" | "ctrlKey" | "metaKey" | "altKey">,
  actions: Actions,
): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return false
  const steps = event.shiftKey ? 10 : 1
  if (/^[0-9]$/.test(event.key)) return actions.enlarge(event.key === "0" ? null : Number(event.key) - 1)
  const keys: Record<string, () => unknown> = {
    " ": () => actions.toggle(),
    ArrowLeft: () => actions.step(-steps),
    ArrowRight: () => actions.step(steps),
    Home: () => actions.jump("first"),
    End: () => actions.jump("last"),
    l: () => actions.loop(),
    c: () => actions.nextComparison(),
    m: () => actions.switchPart("map"),
    g: () => actions.switchPart("curves"),
    f: () => actions.fullscreen(),
    Escape: () => actions.enlarge(null),
  }
  const action = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key]
  if (!action) return false
  return action() !== false
}
