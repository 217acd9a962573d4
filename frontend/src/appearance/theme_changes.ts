/** Changes of the page between light and dark. */

/** Held weakly: the page makes widgets, such as those of a node that is copied, which it never says goodbye to. */
const listeners = new Set<WeakRef<() => void>>()

/**
 * Call something whenever the page's theme changes, for as long as somebody else holds it.
 *
 * @returns what to call when it is needed no more.
 */
export function onThemeChange(listener: () => void): () => void {
  observer ??= observe()
  const reference = new WeakRef(listener)
  listeners.add(reference)
  return () => listeners.delete(reference)
}

let observer: MutationObserver | undefined

function observe(): MutationObserver {
  const made = new MutationObserver(() => {
    for (const reference of listeners) {
      const listener = reference.deref()
      if (listener) listener()
      else listeners.delete(reference)
    }
  })
  // ComfyUI has put its class on either.
  for (const place of [document.documentElement, document.body])
    made.observe(place, { attributes: true, attributeFilter: ["class"] })
  return made
}
