import { describe, expect, it } from "vitest"
import { addAgent, moveWaypoints } from "../../src/editor/edits"
import { History } from "../../src/editor/history"
import { EditorState } from "../../src/editor/state"
import { EMPTY_DRAWING } from "../../src/world/drawing"
import { drawingText, readDrawing } from "../../src/world/drawing_text"

describe("undo and redo", () => {
  it("go back and forth through all steps", () => {
    const history = new History(0)
    history.push(1)
    history.push(2)
    expect([history.undo(), history.value]).toEqual([true, 1])
    expect([history.undo(), history.value]).toEqual([true, 0])
    expect(history.undo()).toBe(false)
    history.redo()
    history.redo()
    expect(history.value).toBe(2)
    expect(history.canRedo).toBe(false)
  })

  it("take the moves of one drag as one step, and a new change forgets what was undone", () => {
    const history = new History(0)
    for (const value of [1, 2, 3]) history.push(value, "drag 1")
    history.endMerge()
    for (const value of [4, 5]) history.push(value, "drag 1")
    history.undo()
    expect(history.value).toBe(3)
    history.push(9)
    expect(history.canRedo).toBe(false)
    history.undo()
    history.undo()
    expect(history.value).toBe(0)
  })
})

describe("the editor's state", () => {
  const one = addAgent(EMPTY_DRAWING, [1, 0, 2])
  const other = addAgent(EMPTY_DRAWING, [7, 0, 7])

  it("shows connected agents until something is changed, and never again over it", () => {
    const state = new EditorState()
    const texts: string[] = []
    state.onEdit = (drawing) => texts.push(drawingText(drawing))
    state.openSeed(one)
    expect(state.drawing).toBe(one)
    expect(texts).toEqual([])
    const moved = moveWaypoints(state.drawing, [{ agent: 0, waypoint: 0 }], 1, 0)
    state.edit(moved)
    state.openSeed(other)
    expect(state.drawing).toBe(moved)
    expect(texts).toEqual([drawingText(moved)])
    state.undo()
    expect(texts.at(-1)).toBe("")
    expect(state.drawing).toBe(other)
  })

  it("forgets chosen waypoints that an undo takes away", () => {
    const state = new EditorState()
    state.edit(one, [{ agent: 0, waypoint: 0 }])
    expect(state.agent).toBe(0)
    state.undo()
    expect(state.selection).toEqual([])
    expect(state.agent).toBe(-1)
    state.redo()
    expect(state.drawing).toEqual(readDrawing(drawingText(one)))
  })

  it("keeps the playhead within the frames of the node", () => {
    const state = new EditorState()
    state.setPlayhead(48)
    state.setClock(17, 8)
    expect(state.playhead).toBe(16)
    state.setPlayhead(99)
    expect(state.playhead).toBe(16)
    expect(state.duration).toBe(2)
  })
})
