import { app } from "comfyui"
import type { GraphNode } from "../comfyui/page"
import { addTracks } from "./host"

const NODE = "SharedWorldActionScript"

app.registerExtension({
  name: "SharedWorld.ActionScript",
  nodeCreated(node: GraphNode) {
    if ((node.constructor as { comfyClass?: string }).comfyClass === NODE) addTracks(node)
  },
})
