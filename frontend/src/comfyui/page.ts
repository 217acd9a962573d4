/**
 * The parts of ComfyUI's page that the pack uses, as it loads them at run time. Everything else of the page is left
 * untyped on purpose: what is not named here is not relied on.
 */

/** A widget of a node. DOM widgets have an `element` that the page places in both of its renderers. */
export interface Widget {
  name: string
  type: string
  value: unknown
  hidden?: boolean
  element?: HTMLElement
  serialize?: boolean
  serializeValue?: (node: GraphNode, index: number) => unknown
  callback?: (value: unknown) => void
  options: Record<string, unknown>
  computeLayoutSize?: (node: GraphNode) => { minHeight: number; minWidth: number; maxHeight?: number }
  onRemove?: () => void
}

/** Choices of a DOM widget. `getValue` and `setValue` make its value the node's own: saved, copied, undone. */
export interface DomWidgetOptions<Value> {
  getValue?: () => Value
  setValue?: (value: Value) => void
  getMinHeight?: () => number
  getMaxHeight?: () => number
  getHeight?: () => number | string
  hideOnZoom?: boolean
  /** Keep the widget out of the page's side panel, which would give the element in the node its own width. */
  hideInPanel?: boolean
  serialize?: boolean
  margin?: number
  afterResize?: (node: GraphNode) => void
  onDraw?: (widget: Widget) => void
}

/** An input socket of a node; `link` is null where nothing is connected. */
export interface NodeInput {
  name: string
  type: string
  link: number | null
}

/** A node on the canvas. */
export interface GraphNode {
  id: number | string
  type: string
  title: string
  size: [number, number]
  widgets?: Widget[]
  inputs?: NodeInput[]
  properties: Record<string, unknown>
  graph?: { setDirtyCanvas(foreground: boolean, background: boolean): void } | null
  addDOMWidget<Value>(name: string, type: string, element: HTMLElement, options?: DomWidgetOptions<Value>): Widget
  setSize(size: [number, number]): void
  getInputNode(slot: number): GraphNode | null
  onExecuted?: (output: Record<string, unknown>) => void
  onRemoved?: () => void
  onConfigure?: (data: unknown) => void
  onResize?: (size: [number, number]) => void
  onConnectionsChange?: (...change: unknown[]) => void
}

/** What ComfyUI says about a node type when it registers it. */
export interface NodeDefinition {
  name: string
  python_module: string
}

/** A constructor that makes the DOM widget of an input type; see `getCustomWidgets`. */
export type WidgetConstructor = (
  node: GraphNode,
  inputName: string,
  inputData: [string, Record<string, unknown>],
) => { widget: Widget }

/** An extension of the page. */
export interface Extension {
  name: string
  getCustomWidgets?: () => Record<string, WidgetConstructor>
  beforeRegisterNodeDef?: (type: { prototype: GraphNode }, definition: NodeDefinition) => void | Promise<void>
  nodeCreated?: (node: GraphNode) => void
  setup?: () => void | Promise<void>
}

/** The page's application object. */
export interface ComfyApp {
  registerExtension(extension: Extension): void
  graph: { nodes: GraphNode[]; getNodeById(id: number | string): GraphNode | null }
  canvas: {
    setDirty(foreground: boolean, background: boolean): void
    processMouseWheel?(event: WheelEvent): void
    processMouseDown?(event: PointerEvent): void
    processMouseMove?(event: PointerEvent): void
    processMouseUp?(event: PointerEvent): void
  }
  api: EventTarget & {
    apiURL(route: string): string
    fetchApi(route: string, options?: RequestInit): Promise<Response>
  }
  extensionManager?: {
    setting: { get(id: string): unknown }
    workflow?: {
      activeWorkflow?: { changeTracker?: { captureCanvasState?(): void; checkState?(): void } | null } | null
    }
  }
}
