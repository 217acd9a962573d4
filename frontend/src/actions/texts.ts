import { filled } from "../appearance/words"
import { isChinese } from "../comfyui/language"

const ENGLISH = {
  open: "Tracks: press or draw keys",
  close: "Hide the tracks",
  record:
    "Record (R): keys that you press go into the track of the agent, from the playhead on; arrow keys look around, C crouches",
  stop: "Stop recording (R)",
  speed: "Speed of the recording",
  clear: "Clear the marked frames (delete)",
  linked: "The script comes from another node; unlink it to edit it here.",
  unread: "The script cannot be read ({0}); correct the text above.",
  layout: "This layout is not known to the page; edit the text above.",
  targets: "Joints move between targets, which the text above names; the tracks only show them.",
  help: "Draw in a track to press a key, again to release it. Drag along the frame numbers to mark frames, then press keys.",
  frame: "frame {0} / {1}",
  frames: "frames {0} to {1} of {2}",
  recording: "recording {0}",
}

const CHINESE: typeof ENGLISH = {
  open: "轨道：按键或绘制",
  close: "隐藏轨道",
  record: "录制（R）：从播放头开始，按下的键写入该智能体的轨道；方向键转动视角，C 为下蹲",
  stop: "停止录制（R）",
  speed: "录制速度",
  clear: "清除标记的帧（Delete）",
  linked: "脚本来自其他节点；断开连接后可在此编辑。",
  unread: "无法读取脚本（{0}），请修改上方文字。",
  layout: "页面不认识此布局，请编辑上方文字。",
  targets: "关节在目标之间移动，目标由上方文字给出；轨道仅供查看。",
  help: "在轨道中拖动即按下按键，再次拖动即松开。沿帧号拖动可标记帧，然后按键。",
  frame: "第 {0} / {1} 帧",
  frames: "第 {0} 至 {1} 帧，共 {2} 帧",
  recording: "正在录制 {0}",
}

/** A text in the page's language, with its numbered gaps filled. */
export function text(key: keyof typeof ENGLISH, ...gaps: (string | number)[]): string {
  return filled((isChinese() ? CHINESE : ENGLISH)[key], gaps)
}
