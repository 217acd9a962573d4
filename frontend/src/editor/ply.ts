/** Points of the binary PLY files that the node writes (world/scene/ply.py). */

import type { PointCloud } from "./state"

const BYTES = 15

/** Points in the world frame; the file has glTF's axes, y up and z backwards. Null where it is another kind of file. */
export function readPly(buffer: ArrayBuffer): PointCloud | null {
  const start = new TextDecoder("latin1").decode(buffer.slice(0, 1000))
  const header = /^ply\nformat binary_little_endian 1\.0\nelement vertex (\d+)\n[\s\S]*?end_header\n/.exec(start)
  if (!header) return null
  const count = Number(header[1])
  const view = new DataView(buffer, header[0].length)
  if (view.byteLength < count * BYTES) return null
  const positions = new Float32Array(3 * count)
  const colors = new Uint8Array(3 * count)
  for (let point = 0; point < count; point++) {
    const offset = point * BYTES
    positions[3 * point] = view.getFloat32(offset, true)
    positions[3 * point + 1] = -view.getFloat32(offset + 4, true)
    positions[3 * point + 2] = -view.getFloat32(offset + 8, true)
    for (let channel = 0; channel < 3; channel++) colors[3 * point + channel] = view.getUint8(offset + 12 + channel)
  }
  return { positions, colors }
}
