import { element } from "../appearance/elements"
import { fileUrl } from "../comfyui/files"
import type { Video, View } from "./description"
import { Follower } from "./follower"
import { text } from "./texts"

/** How a view is compared with its counterpart. */
export const COMPARISONS = ["off", "slider", "blink", "difference"] as const
export type Comparison = (typeof COMPARISONS)[number]

/** Pictures shown this much larger than they are keep their pixels sharp. */
const SHARP_FROM = 2.5
/** Pixels that a pointer may move and still count as a click. */
const CLICK_RADIUS = 4

/** What cells tell the grid. */
export interface CellEvents {
  onPress(cell: ViewCell): void
  onDivide(share: number): void
  onChange(): void
}

/** One view: its video, that of its counterpart where they are compared, and its name. */
export class ViewCell {
  readonly root: HTMLElement
  readonly label: string
  private readonly videos = element("div", "player-videos")
  private readonly trouble = element("div", "player-trouble")
  private readonly counterpartName: HTMLElement
  private followers_: { main?: Follower; other?: Follower } = {}
  private readonly main = makeVideo()
  private readonly other = makeVideo()

  constructor(
    readonly view: View,
    agent: string,
    readonly row: number,
    compareName: string,
    private readonly events: CellEvents,
  ) {
    this.label = [agent, view.name].filter(Boolean).join(" ")
    const chip = element("span", "player-chip")
    const name = element("span", "player-name", {}, chip, this.label)
    this.counterpartName = element("span", "player-name player-counterpart", {}, compareName)
    this.other.classList.add("shared-world-player-other")
    this.videos.append(this.main, this.other, element("div", "player-divider"))
    this.root = element("div", "player-cell", {}, this.videos, this.trouble, name, this.counterpartName)
    this.root.dataset.view = this.label
    this.listen()
  }

  get followers(): Follower[] {
    const { main, other } = this.followers_
    return [main, other].filter((follower) => follower !== undefined)
  }

  /** Load what is needed, and let go of what is not. */
  load(compared: boolean): void {
    this.followers_.main ??= this.follow(this.main, this.view)
    if (compared && this.view.compare) this.followers_.other ??= this.follow(this.other, this.view.compare)
    else this.drop("other")
    this.showState()
  }

  unload(): void {
    this.drop("main")
    this.drop("other")
  }

  /** Size in CSS pixels. */
  resize(width: number, height: number): void {
    this.root.style.width = `${width}px`
    this.root.style.height = `${height}px`
    this.root.classList.toggle("shared-world-player-sharp", width > SHARP_FROM * this.view.width)
  }

  setEnlarged(enlarged: boolean): void {
    this.root.title = text(enlarged ? "shrink" : "enlarge", this.label)
  }

  private follow(video: HTMLVideoElement, source: Video): Follower {
    video.src = fileUrl(source.file)
    const follower = new Follower(video, source)
    follower.onChange = () => {
      this.showState()
      this.events.onChange()
    }
    follower.onFrame = () => {
      video.dataset.frame = String(follower.shownFrame)
    }
    return follower
  }

  private drop(which: "main" | "other"): void {
    const follower = this.followers_[which]
    if (!follower) return
    delete this.followers_[which]
    follower.release()
    follower.video.removeAttribute("src")
    follower.video.load() // frees the decoder
    delete follower.video.dataset.frame
  }

  private showState(): void {
    const failed = this.followers.find((follower) => follower.failed)
    const loaded = this.followers.every((follower) => follower.failed || follower.video.readyState >= 2)
    this.root.dataset.state = failed ? "failed" : loaded ? "ready" : "loading"
    const gone = failed?.video.error?.code === MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED
    this.trouble.textContent = failed ? text(gone ? "missing" : "unplayable") : ""
  }

  private listen(): void {
    let start: [number, number] | null = null
    const divide = (event: PointerEvent) => {
      const place = this.videos.getBoundingClientRect()
      this.events.onDivide((event.clientX - place.left) / place.width)
    }
    this.videos.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return
      start = [event.clientX, event.clientY]
      this.videos.setPointerCapture(event.pointerId)
    })
    this.videos.addEventListener("pointermove", (event) => {
      if (start && Math.hypot(event.clientX - start[0], event.clientY - start[1]) > CLICK_RADIUS) divide(event)
    })
    this.videos.addEventListener("pointerup", (event) => {
      if (start && Math.hypot(event.clientX - start[0], event.clientY - start[1]) <= CLICK_RADIUS)
        this.events.onPress(this)
      start = null
    })
    this.videos.addEventListener("pointercancel", () => {
      start = null
    })
  }
}

function makeVideo(): HTMLVideoElement {
  const video = element("video", "player-video", { muted: true, playsInline: true, preload: "auto" })
  video.disablePictureInPicture = true
  video.tabIndex = -1
  return video
}
