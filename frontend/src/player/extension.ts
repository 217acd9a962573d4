import { app } from "comfyui"
import type { GraphNode } from "../comfyui/page"
import { addPlayer } from "./host"

const NODE = "SharedWorldAgentsPlayer"

app.registerExtension({
  name: "SharedWorld.AgentsPlayer",
  nodeCreated(node: GraphNode) {
    if ((node.constructor as { comfyClass?: string }).comfyClass !== NODE) return
    addPlayer(node)
  },
})
