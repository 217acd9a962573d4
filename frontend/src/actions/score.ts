import { axesOf, buttonOf, type Layout } from "./layout"
import { type Entry, type Header, type Item, parseEntries, ScriptError } from "./script_syntax"

/** What all agents do, frame by frame. */
export interface Score {
  names: string[]
  frames: number
  /** [agent][button][frame] */
  pressed: boolean[][][]
  /** [agent][axis][frame] */
  axes: number[][][]
}

const NUMBERED = /^(?:agent|player|robot)\s*(\d{1,9})$/i
const MOST_AGENTS = 16

/**
 * The score of a script, as parse_action_script in world/actions/script.py makes it. Throws `ScriptError`.
 *
 * @param names of the agents; null as the layout or the script says.
 * @param frames how many; null up to the last one that the script names.
 */
export function readScript(text: string, layout: Layout, names: string[] | null, frames: number | null): Score {
  const { headers, entries } = parseEntries(text)
  const known = layout.agent_names ?? names ?? namesOf(headers)
  const count = frames ?? frameCount(entries)
  for (const { header, line } of headers) agentsOf(header, known, line)
  const score: Score = {
    names: known,
    frames: count,
    pressed: known.map(() => layout.buttons.map(() => Array<boolean>(count).fill(false))),
    axes: known.map(() => layout.axes.map((axis) => Array<number>(count).fill(axis.idle))),
  }
  const targets = new Map<number[], Map<number, number>>()
  for (const entry of entries) {
    if (!entry.header && known.length > 1) throw new ScriptError(entry.line)
    const last = entry.last ?? count - 1
    if (Math.max(entry.first, last) >= count) throw new ScriptError(entry.line)
    const agents = entry.header ? agentsOf(entry.header, known, entry.line) : known.map((_, agent) => agent)
    for (const item of entry.items) write(score, layout, targets, item, agents, [entry.first, last], entry.line)
  }
  for (const agent of score.axes)
    agent.forEach((values, axis) => {
      const set = targets.get(values)
      if (set) fillBetween(values, set, layout.axes[axis]!)
    })
  return score
}

function namesOf(headers: { header: Header; line: number }[]): string[] {
  let count = 1
  for (const { header, line } of headers) {
    const number = header.quoted ? 0 : Number(NUMBERED.exec(header.name)?.[1] ?? 0)
    if (number > MOST_AGENTS) throw new ScriptError(line)
    count = Math.max(count, number)
  }
  return Array.from({ length: count }, (_, index) => `agent ${index + 1}`)
}

function frameCount(entries: Entry[]): number {
  if (!entries.length) throw new ScriptError(1)
  return Math.max(
    ...entries.map((entry) => {
      if (entry.last === null) throw new ScriptError(entry.line)
      return entry.last + 1
    }),
  )
}

function agentsOf(header: Header, names: string[], line: number): number[] {
  const exact = names.indexOf(header.name)
  if (exact >= 0) return [exact]
  const folded = header.name.toLowerCase()
  const alike = names.flatMap((name, index) => (name.toLowerCase() === folded ? [index] : []))
  if (alike.length === 1) return alike
  const number = header.quoted ? 0 : Number(NUMBERED.exec(header.name)?.[1] ?? 0)
  if (number >= 1 && number <= names.length) return [number - 1]
  if (folded === "all" && !header.quoted) return names.map((_, index) => index)
  throw new ScriptError(line)
}

function write(
  score: Score,
  layout: Layout,
  targets: Map<number[], Map<number, number>>,
  item: Item,
  agents: number[],
  [first, last]: [number, number],
  line: number,
): void {
  const button = buttonOf(layout, item.word)
  const axes = item.word === "idle" ? layout.axes.map((_, axis) => axis) : axesOf(layout, item.word)
  const expected = item.word === "idle" || button >= 0 ? 0 : axes?.length
  if (item.numbers.length !== expected) throw new ScriptError(line)
  for (const agent of agents) {
    if (button >= 0) score.pressed[agent]![button]!.fill(true, first, last + 1)
    else if (item.word === "idle") for (const keys of score.pressed[agent]!) keys.fill(false, first, last + 1)
    if (button >= 0) continue
    axes!.forEach((axis, index) => {
      const value = item.word === "idle" ? layout.axes[axis]!.idle : item.numbers[index]!
      const values = score.axes[agent]![axis]!
      if (layout.axes[axis]!.between === "idle") values.fill(value, first, last + 1)
      else setTargets(targets, values, first, last, value)
    })
  }
}

function setTargets(
  targets: Map<number[], Map<number, number>>,
  values: number[],
  first: number,
  last: number,
  value: number,
): void {
  const set = targets.get(values) ?? new Map<number, number>()
  for (const frame of [...set.keys()]) if (frame >= first && frame <= last) set.delete(frame)
  set.set(first, value).set(last, value)
  targets.set(values, set)
}

function fillBetween(values: number[], set: Map<number, number>, axis: Layout["axes"][number]): void {
  const times = [...set.keys()].sort((a, b) => a - b)
  for (let frame = 0; frame < values.length; frame++) {
    const after = times.findIndex((time) => time > frame)
    const before = after < 0 ? times.at(-1)! : times[after - 1]
    if (before === undefined) values[frame] = axis.between === "hold" ? axis.idle : set.get(times[0]!)!
    else if (after < 0 || axis.between === "hold") values[frame] = set.get(before)!
    else {
      const [from, to] = [set.get(before)!, set.get(times[after]!)!]
      values[frame] = from + ((to - from) * (frame - before)) / (times[after]! - before)
    }
  }
}

/** Whether tracks can be drawn into: axes that move between targets are written as text. */
export function isEditable(layout: Layout): boolean {
  return layout.axes.every((axis) => axis.between === "idle")
}

/** A script that `readScript` reads back, after the comment lines that `before` begins with. */
export function writeScript(score: Score, layout: Layout, layoutName: string, before = ""): string {
  const comments = before.split("\n").slice(
    0,
    before.split("\n").findIndex((line) => !line.trim().startsWith("#")),
  )
  const lines = comments.length ? comments : [`# ${layoutName}, ${score.frames} frames`]
  let reached = false
  score.names.forEach((name, agent) => {
    lines.push(`${writtenName(name)}:`)
    for (const [first, last] of runs(score, agent)) {
      const items = itemsAt(score, layout, agent, first)
      if (!items.length) continue
      lines.push(`  ${first === last ? first : `${first}-${last}`}: ${items.join(", ")}`)
      reached ||= last === score.frames - 1
    }
  })
  if (!reached) lines.push(`  ${score.frames - 1}: idle`)
  return `${lines.join("\n")}\n`
}

function writtenName(name: string): string {
  return /^[\p{L}_][\p{L}\p{N}_]*(?: [\p{L}\p{N}_]+)*$/u.test(name) ? name : JSON.stringify(name)
}

/** First and last frame of every stretch in which an agent does the same. */
function runs(score: Score, agent: number): [number, number][] {
  const channels: (boolean | number)[][] = [...score.pressed[agent]!, ...score.axes[agent]!]
  const found: [number, number][] = []
  let first = 0
  for (let frame = 1; frame <= score.frames; frame++) {
    if (frame < score.frames && channels.every((values) => values[frame] === values[frame - 1])) continue
    found.push([first, frame - 1])
    first = frame
  }
  return found
}

function itemsAt(score: Score, layout: Layout, agent: number, frame: number): string[] {
  const keys = layout.buttons.filter((_, button) => score.pressed[agent]![button]![frame])
  const items = keys.length ? [keys.map((key) => key.name.toUpperCase()).join("+")] : []
  const grouped = layout.groups.flatMap(([, members]) => members)
  const single = layout.axes.filter((axis) => !grouped.includes(axis.name)).map((axis) => axis.name)
  for (const [word, members] of [...layout.groups, ...single.map((name) => [name, [name]] as const)]) {
    const axes = members.map((member) => layout.axes.findIndex((axis) => axis.name === member))
    const values = axes.map((axis) => score.axes[agent]![axis]![frame]!)
    if (axes.some((axis, index) => layout.axes[axis]!.between !== "idle" || values[index] !== layout.axes[axis]!.idle))
      items.push([word, ...values].join(" "))
  }
  return items
}
