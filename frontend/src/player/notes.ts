import type { Description } from "./description"
import { text } from "./texts"
import type { Timeline } from "./timeline"

/** What a person should know about videos that do not fit together. */
export function notesOf(description: Description, timeline: Timeline): string[] {
  const clips = description.rows.flatMap((row) =>
    row.views.flatMap((view) => {
      const name = [row.name, view.name].filter(Boolean).join(" ")
      const own = { ...view, name }
      return view.compare ? [own, { ...view.compare, name: `${name} (${description.compare_name})` }] : [own]
    }),
  )
  const notes: string[] = []
  const tolerance = 0.5 / timeline.frameRate
  const shorter = clips.filter((clip) => clip.frames / clip.frame_rate < timeline.seconds - tolerance)
  const [first] = shorter
  if (first && shorter.length === 1) {
    const last = Math.round((first.frames / first.frame_rate) * timeline.frameRate) - 1
    notes.push(text("shorter", first.name, last, timeline.lastFrame))
  } else if (first) notes.push(text("severalShorter", shorter.length))
  const rates = [...new Set(clips.map((clip) => clip.frame_rate))].sort((a, b) => a - b)
  if (rates.length > 1) notes.push(text("rates", rates.map((rate) => Number(rate.toFixed(3))).join(", ")))
  return notes
}
