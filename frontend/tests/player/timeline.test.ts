import { expect, test } from "vitest"
import { clipFrame, frameMiddle, isPast, Timeline } from "../../src/player/timeline"

test("equal videos have one frame per frame", () => {
  const clip = { frames: 81, frame_rate: 16 }
  const timeline = new Timeline([clip, clip])
  expect(timeline.frameCount).toBe(81)
  for (let frame = 0; frame < 81; frame++) {
    const time = timeline.timeOf(frame)
    expect(timeline.frameAt(time)).toBe(frame)
    expect(clipFrame(clip, time)).toBe(frame)
  }
})

test("rates that are no binary fractions lose no frame to rounding", () => {
  for (const frame_rate of [30000 / 1001, 29.97, 12.5, 24000 / 1001, 0.1, 1 / 3]) {
    const clip = { frames: 500, frame_rate }
    const timeline = new Timeline([clip])
    expect(timeline.frameCount).toBe(500)
    const frames = Array.from({ length: 500 }, (_, frame) => clipFrame(clip, timeline.timeOf(frame)))
    expect(frames).toEqual(Array.from({ length: 500 }, (_, frame) => frame))
  }
})

test("a shorter video keeps its last frame", () => {
  const [long, short] = [
    { frames: 17, frame_rate: 8 },
    { frames: 9, frame_rate: 8 },
  ]
  const timeline = new Timeline([short, long])
  expect(timeline.frameCount).toBe(17)
  expect([7, 8, 9, 16].map((frame) => clipFrame(short, timeline.timeOf(frame)))).toEqual([7, 8, 8, 8])
  expect(isPast(short, timeline.timeOf(8))).toBe(false)
  expect(isPast(short, timeline.timeOf(9))).toBe(true)
})

test("a slower video shows each frame for longer", () => {
  const [fast, slow] = [
    { frames: 16, frame_rate: 8 },
    { frames: 8, frame_rate: 4 },
  ]
  const timeline = new Timeline([slow, fast])
  expect([timeline.frameRate, timeline.frameCount, timeline.seconds]).toEqual([8, 16, 2])
  expect([0, 1, 2, 3, 15].map((frame) => clipFrame(slow, timeline.timeOf(frame)))).toEqual([0, 0, 1, 1, 7])
})

test("the middle of a frame belongs to it", () => {
  const clip = { frames: 81, frame_rate: 30000 / 1001 }
  for (let frame = 0; frame < 81; frame++) expect(clipFrame(clip, frameMiddle(clip, frame))).toBe(frame)
})

test("the playhead stays on the timeline", () => {
  const timeline = new Timeline([{ frames: 10, frame_rate: 5 }])
  expect([timeline.clamp(-3), timeline.clamp(4.4), timeline.clamp(99)]).toEqual([0, 4, 9])
  expect([timeline.frameAt(-1), timeline.frameAt(99)]).toEqual([0, 9])
})
