import { expect, test } from "vitest"
import { correctedSpeed, Follower } from "../../src/player/follower"
import { Synchroniser } from "../../src/player/synchroniser"
import { type Clip, clipFrame, Timeline } from "../../src/player/timeline"
import { FakePage, type FakeVideo } from "./fake_page"

const CLIP: Clip = { frames: 81, frame_rate: 16 }

function player(settings: Partial<FakeVideo>[], clips: Clip[] = settings.map(() => CLIP)) {
  const page = new FakePage()
  const videos = settings.map((own, index) =>
    page.video({ duration: clips[index]!.frames / clips[index]!.frame_rate, ...own }),
  )
  const synchroniser = new Synchroniser(new Timeline(clips), page)
  const followers = videos.map((video, index) => new Follower(video as unknown as HTMLVideoElement, clips[index]!))
  synchroniser.setFollowers(followers)
  const frames = () => videos.map((video, index) => clipFrame(clips[index]!, video.currentTime))
  return { page, videos, synchroniser, frames }
}

const spread = (videos: FakeVideo[]) => {
  const times = videos.map((video) => video.currentTime)
  return Math.max(...times) - Math.min(...times)
}

test("steps show one frame in all videos, forwards and backwards", async () => {
  const { page, synchroniser, frames } = player([{}, { seekDelay: 0.2 }, { seekDelay: 0.05 }])
  for (const step of [1, 1, 10, -3, 100, -1]) {
    void synchroniser.step(step)
    await page.advance(0.3)
    expect(frames()).toEqual(Array(3).fill(synchroniser.frame))
  }
  expect(synchroniser.frame).toBe(79)
})

test("of many quick seeks the last one counts", async () => {
  const { page, synchroniser, videos, frames } = player([{ seekDelay: 0.5 }, {}])
  await page.advance(1)
  const before = videos[0]!.seeks
  let done = false
  for (let frame = 0; frame < 40; frame++) void synchroniser.seek(frame).then(() => (done = true))
  await page.advance(0.4)
  expect(done).toBe(false)
  await page.advance(1)
  expect(done).toBe(true)
  expect(frames()).toEqual([39, 39])
  expect(videos[0]!.seeks - before).toBeLessThan(5)
})

test("videos that run fast and slow stay within half a frame of the clock", async () => {
  const { page, synchroniser, videos } = player([{ drift: 1.03 }, { drift: 0.97 }, {}])
  synchroniser.play()
  await page.advance(1)
  const seeks = videos.map((video) => video.seeks)
  for (let turn = 0; turn < 30; turn++) {
    await page.advance(0.1)
    expect(spread(videos)).toBeLessThan(0.5 / CLIP.frame_rate)
    expect(Math.abs(videos[2]!.currentTime - synchroniser.timeline.timeOf(synchroniser.frame))).toBeLessThan(0.1)
  }
  expect(videos.map((video) => video.seeks)).toEqual(seeks) // by speed alone, without a jump
})

test("the clock waits for a video that has to load", async () => {
  const { page, synchroniser, videos } = player([{}, {}])
  synchroniser.play()
  await page.advance(0.5)
  videos[1]!.readyState = 2
  await page.advance(0.05)
  const frame = synchroniser.frame
  await page.advance(2)
  expect(synchroniser.frame).toBeLessThanOrEqual(frame + 1)
  expect(videos[0]!.paused).toBe(true)
  videos[1]!.readyState = 4
  await page.advance(1)
  expect(synchroniser.frame).toBeGreaterThan(frame + 10)
  expect(spread(videos)).toBeLessThan(0.5 / CLIP.frame_rate)
})

test("a video that was left behind is sent to the right place", async () => {
  const { page, synchroniser, videos } = player([{}, {}])
  synchroniser.play()
  await page.advance(1)
  videos[1]!.currentTime = 3
  await page.advance(0.5)
  expect(spread(videos)).toBeLessThan(0.5 / CLIP.frame_rate)
})

test("it plays at the chosen speed, begins again at the end, or stops there", async () => {
  const { page, synchroniser, frames } = player([{}, {}])
  synchroniser.setSpeed(2)
  synchroniser.play()
  await page.advance(2)
  expect(synchroniser.frame).toBeGreaterThan(58)
  expect(synchroniser.frame).toBeLessThan(66)
  await page.advance(1)
  expect(synchroniser.frame).toBeLessThan(20)
  synchroniser.loop = false
  await page.advance(4)
  expect([synchroniser.isPlaying, synchroniser.frame, ...frames()]).toEqual([false, 80, 80, 80])
  synchroniser.play()
  await page.advance(0.5)
  expect(synchroniser.frame).toBeLessThan(20)
})

test("a shorter video waits at its last frame and does not hold up the others", async () => {
  const short = { frames: 9, frame_rate: 16 }
  const { page, synchroniser, frames } = player([{}, {}], [CLIP, short])
  synchroniser.play()
  await page.advance(3)
  expect(synchroniser.frame).toBeGreaterThan(40)
  synchroniser.pause()
  await page.advance(0.2)
  expect(frames()).toEqual([synchroniser.frame, 8])
})

test("a video that fails does not hold up the others", async () => {
  const { page, synchroniser, videos } = player([{}, { readyState: 0 }])
  videos[1]!.dispatchEvent(new Event("error"))
  synchroniser.play()
  await page.advance(1)
  expect(synchroniser.frame).toBeGreaterThan(12)
  void synchroniser.step(1)
  await page.advance(0.2)
  expect(clipFrame(CLIP, videos[0]!.currentTime)).toBe(synchroniser.frame)
})

test("pausing shows the frame of the playhead in all videos", async () => {
  const { page, synchroniser, frames } = player([{ drift: 1.05 }, { drift: 0.95 }, {}])
  synchroniser.play()
  await page.advance(1.234)
  synchroniser.pause()
  await page.advance(0.2)
  expect(frames()).toEqual(Array(3).fill(synchroniser.frame))
})

test("videos that come in late begin where the others are", async () => {
  const { page, synchroniser, videos } = player([{}])
  synchroniser.play()
  await page.advance(2)
  const late = page.video({ duration: 81 / 16 })
  synchroniser.setFollowers([videos[0]!, late].map((video) => new Follower(video as unknown as HTMLVideoElement, CLIP)))
  await page.advance(0.5)
  expect(late.currentTime).toBeGreaterThan(2)
  expect(spread([videos[0]!, late])).toBeLessThan(0.5 / CLIP.frame_rate)
})

test("speed is corrected against the drift, and never by much", () => {
  expect(correctedSpeed(1, 0.001)).toBe(1)
  expect(correctedSpeed(1, 0.05)).toBeLessThan(1)
  expect(correctedSpeed(2, -0.05)).toBeGreaterThan(2)
  expect(correctedSpeed(1, 100)).toBeGreaterThan(0.85)
})
