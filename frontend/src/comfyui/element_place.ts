import type { GraphNode } from "./page"

/** Milliseconds after a node was made when its element may have found its place, or not. */
const SETTLING = [0, 50, 200, 800, 2000]

/**
 * Have the element of a DOM widget shown where the one before it was. Where a graph is opened, or a step undone, whose
 * node has the same id, Vue nodes keep the element of the node that is gone.
 *
 * @returns what to call when the node is removed.
 */
export function inheritPlace(node: GraphNode, root: HTMLElement): () => void {
  const takePlace = () => {
    if (root.isConnected || root.dataset.gone !== undefined) return
    for (const gone of document.querySelectorAll<HTMLElement>(`.${root.classList[0]}[data-gone]`))
      if (gone.dataset.gone === String(node.id)) {
        gone.replaceWith(root)
        return
      }
  }
  for (const delay of SETTLING) window.setTimeout(takePlace, delay)
  return () => {
    root.dataset.gone = String(node.id)
  }
}
