/**
 * Rigid poses, camera-to-world or agent-to-world, as world/poses.py has them: OpenCV axes (x right, y down, z forward),
 * metres, the ground plane is x-z and up is -y.
 */

/** The upper three rows of a 4x4 matrix, row after row: 12 numbers. */
export type Pose = readonly number[]

/** x, y and z in metres. */
export type Point = readonly [number, number, number]

const DEGREE = Math.PI / 180

/** An agent that stands upright at a position, turned by a yaw in degrees: 0 looks along z, +90 along x. */
export function uprightPose(position: Point, yaw: number): Pose {
  const cosine = Math.cos(yaw * DEGREE)
  const sine = Math.sin(yaw * DEGREE)
  return [cosine, 0, sine, position[0], 0, 1, 0, position[1], -sine, 0, cosine, position[2]]
}

/** The pose `inner`, given in the frame of `outer`, in the frame that `outer` is given in. */
export function multiply(outer: Pose, inner: Pose): Pose {
  const product: number[] = []
  for (let row = 0; row < 12; row += 4) {
    for (let column = 0; column < 4; column++) {
      const sum =
        outer[row]! * inner[column]! + outer[row + 1]! * inner[column + 4]! + outer[row + 2]! * inner[column + 8]!
      product.push(column === 3 ? sum + outer[row + 3]! : sum)
    }
  }
  return product
}

/** A point of the pose's own frame in the world. */
export function toWorld(pose: Pose, [x, y, z]: Point): Point {
  return [
    pose[0]! * x + pose[1]! * y + pose[2]! * z + pose[3]!,
    pose[4]! * x + pose[5]! * y + pose[6]! * z + pose[7]!,
    pose[8]! * x + pose[9]! * y + pose[10]! * z + pose[11]!,
  ]
}

/** A point of the world in the pose's own frame. */
export function toLocal(pose: Pose, point: Point): Point {
  const x = point[0] - pose[3]!
  const y = point[1] - pose[7]!
  const z = point[2] - pose[11]!
  return [
    pose[0]! * x + pose[4]! * y + pose[8]! * z,
    pose[1]! * x + pose[5]! * y + pose[9]! * z,
    pose[2]! * x + pose[6]! * y + pose[10]! * z,
  ]
}

/** Where a pose is. */
export function positionOf(pose: Pose): Point {
  return [pose[3]!, pose[7]!, pose[11]!]
}

/** Yaw in degrees of the forward axis over the ground. */
export function headingOf(pose: Pose): number {
  return Math.atan2(pose[2]!, pose[10]!) / DEGREE
}

/** An angle in degrees between -180 and 180. */
export function wrapped(degrees: number): number {
  return ((((degrees + 180) % 360) + 360) % 360) - 180
}
