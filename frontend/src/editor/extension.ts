import { app } from "comfyui"
import { giveRoom, makeDrawingWidget, WIDGET_TYPE } from "./widget"

app.registerExtension({
  name: "SharedWorld.DrawAgents",
  getCustomWidgets: () => ({ [WIDGET_TYPE]: makeDrawingWidget }),
  nodeCreated: giveRoom,
})
