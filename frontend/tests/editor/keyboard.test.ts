import { describe, expect, it } from "vitest"
import { Commands } from "../../src/editor/commands"
import { addAgent, append } from "../../src/editor/edits"
import { pressKey, SHORTCUTS } from "../../src/editor/keyboard"
import type { GroundMap } from "../../src/editor/map"
import { MapView } from "../../src/editor/map_view"
import { Player } from "../../src/editor/player"
import { EditorState } from "../../src/editor/state"
import { EMPTY_DRAWING } from "../../src/world/drawing"
import { drawingText } from "../../src/world/drawing_text"

/** The editor without a page: a map that has a view and a snapping grid, but no canvas to draw on. */
function editor() {
  const state = new EditorState()
  state.open(append(addAgent(EMPTY_DRAWING, [0, 0, 0]), 0, [0, 0, 6])[0])
  const notes: string[] = []
  const map = { view: new MapView(), canvas: { style: {} }, snapStep: () => 0.5, fit: () => undefined }
  const commands = new Commands(state, map as unknown as GroundMap, new Player(state), (words) => notes.push(words))
  const press = (key: string, held: Partial<Record<"ctrlKey" | "shiftKey" | "altKey" | "metaKey", boolean>> = {}) =>
    pressKey(
      { key, ctrlKey: false, shiftKey: false, altKey: false, metaKey: false, ...held } as KeyboardEvent,
      commands,
      state,
    )
  const position = (waypoint: number) => state.drawing.agents[0]!.waypoints[waypoint]!.position
  return { state, commands, press, position, notes }
}

describe("keys", () => {
  it("have each one meaning", () => {
    const keys = SHORTCUTS.flatMap((shortcut) => shortcut.keys)
    expect(new Set(keys).size).toBe(keys.length)
  })

  it("choose waypoints one after the other and move them by the grid, far, finely, and back", () => {
    const { press, position, state } = editor()
    press("n")
    press("n")
    expect(state.selection).toEqual([{ agent: 0, waypoint: 1 }])
    press("ArrowRight")
    press("ArrowUp", { shiftKey: true })
    press("ArrowLeft", { altKey: true })
    expect(position(1)).toEqual([0.45, 0, 8.5])
    press("z", { ctrlKey: true })
    expect(position(1)).toEqual([0, 0, 6])
    press("Z", { metaKey: true, shiftKey: true })
    expect(position(1)).toEqual([0.45, 0, 8.5])
  })

  it("turn waypoints from where they look, and let them look along the path again", () => {
    const { press, state } = editor()
    press("1")
    press("e")
    expect(state.drawing.agents[0]!.waypoints.map((waypoint) => waypoint.yaw)).toEqual([5, 5])
    press("y")
    expect(state.drawing.agents[0]!.waypoints.map((waypoint) => waypoint.yaw)).toEqual([null, null])
  })

  it("insert at the playhead and remove what is chosen", () => {
    const { press, state } = editor()
    press("1")
    press(".")
    press(".")
    press("i")
    expect(state.drawing.agents[0]!.waypoints[1]).toMatchObject({ time: 0.25, position: [0, 0, 1.5] })
    press("Delete")
    expect(state.drawing.agents[0]!.waypoints).toHaveLength(2)
  })

  it("leave everything else to the page", () => {
    const { press, state } = editor()
    const before = state.drawing
    expect([press("s", { ctrlKey: true }), press("Enter", { ctrlKey: true }), press("F5")]).toEqual([
      false,
      false,
      false,
    ])
    expect(state.drawing).toBe(before)
  })
})

describe("copies", () => {
  it("are pasted beside their originals under new names", () => {
    const { commands, state } = editor()
    const text = commands.copyText()
    commands.paste(text)
    expect(state.drawing.agents.map((agent) => agent.name)).toEqual(["agent 1", "agent 2"])
    expect(state.drawing.agents[1]!.waypoints[0]!.position).toEqual([2, 0, 0])
  })

  it("that are cut take with them the agents of which waypoints are chosen, whole", () => {
    const { commands, press, state } = editor()
    commands.removeChosenAgents()
    expect(state.drawing.agents).toHaveLength(1)
    press("n")
    const text = commands.copyText()
    commands.removeChosenAgents()
    expect(state.drawing.agents).toEqual([])
    commands.paste(text)
    expect(state.drawing.agents[0]!.waypoints).toHaveLength(2)
  })

  it("of something else are refused with the reason and change nothing", () => {
    const { commands, state, notes } = editor()
    const before = drawingText(state.drawing)
    commands.paste("a shopping list")
    expect(notes[0]).toMatch(/Nothing was pasted. This is not JSON/)
    expect(drawingText(state.drawing)).toBe(before)
  })
})
