/** The form of action scripts, as in world/actions/script_syntax.py. */

export interface Header {
  name: string
  quoted: boolean
}

export interface Item {
  word: string
  numbers: number[]
}

/** What happens in some frames; `last` belongs to it, null is the end. */
export interface Entry {
  line: number
  header: Header | null
  first: number
  last: number | null
  items: Item[]
}

/** A script that cannot be read, with its line from 1. */
export class ScriptError extends Error {
  constructor(readonly line: number) {
    super(`line ${line}`)
  }
}

const HEADER = /(?:("(?:[^"\\]|\\.)*")\s*:|([\p{L}_][^:;#"+,]*):)/uy
const FRAMES = /(\d+)\s*(?:-\s*(\d+|end\b)\s*)?/iy
const WORD = /[\p{L}_][\p{L}\p{N}_]*/uy
const NUMBER = /[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])/y
const SPACE = /\s*/y
const LAST_FRAME = 1e6
const LINE_ENDS = /\r\n|[\n\r\v\f\x85\u2028\u2029]/

class Line {
  private position = 0

  constructor(
    readonly number: number,
    private readonly text: string,
  ) {
    this.skipSpace()
  }

  get ended(): boolean {
    return this.position >= this.text.length || this.text[this.position] === "#"
  }

  get next(): string {
    return this.text[this.position] ?? ""
  }

  take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.position
    const match = pattern.exec(this.text)
    if (match) this.goTo(this.position + match[0].length)
    return match
  }

  takeMark(marks: string): boolean {
    if (!this.next || !marks.includes(this.next)) return false
    this.goTo(this.position + 1)
    return true
  }

  fail(): never {
    throw new ScriptError(this.number)
  }

  private goTo(position: number): void {
    this.position = position
    this.skipSpace()
  }

  private skipSpace(): void {
    SPACE.lastIndex = this.position
    this.position += SPACE.exec(this.text)![0].length
  }
}

/** Headers and entries of a script, in the order of the text. Throws `ScriptError`. */
export function parseEntries(text: string): { headers: { header: Header; line: number }[]; entries: Entry[] } {
  const headers: { header: Header; line: number }[] = []
  const entries: Entry[] = []
  text.split(LINE_ENDS).forEach((content, index) => {
    const line = new Line(index + 1, content)
    while (!line.ended) {
      if (line.takeMark(";")) continue
      const header = takeHeader(line)
      if (header) headers.push({ header, line: line.number })
      else if (/\d/.test(line.next)) entries.push(takeEntry(line, headers.at(-1)?.header ?? null))
      else line.fail()
    }
  })
  return { headers, entries }
}

function takeHeader(line: Line): Header | null {
  const match = line.take(HEADER)
  if (!match) return null
  if (match[2] !== undefined) return { name: match[2].trim(), quoted: false }
  try {
    return { name: JSON.parse(match[1]!) as string, quoted: true }
  } catch {
    return line.fail()
  }
}

function takeEntry(line: Line, header: Header | null): Entry {
  const match = line.take(FRAMES)!
  const first = Number(match[1])
  const last = match[2] === undefined ? first : match[2].toLowerCase() === "end" ? null : Number(match[2])
  if (first > LAST_FRAME || (last !== null && (last > LAST_FRAME || last < first))) line.fail()
  if (!line.takeMark(":")) line.fail()
  const items = [takeItem(line)]
  while (line.takeMark("+,")) items.push(takeItem(line))
  if (!line.ended && !line.takeMark(";")) line.fail()
  return { line: line.number, header, first, last, items }
}

function takeItem(line: Line): Item {
  const match = line.take(WORD)
  if (!match) return line.fail()
  const numbers: number[] = []
  for (let number = line.take(NUMBER); number; number = line.take(NUMBER)) {
    numbers.push(Number(number[0]))
    if (!Number.isFinite(numbers.at(-1))) line.fail()
  }
  return { word: match[0].toLowerCase(), numbers }
}
