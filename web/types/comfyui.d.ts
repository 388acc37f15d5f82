/** The few members of ComfyUI's frontend that the editor uses (frontends 1.42 to 1.58). */

interface HostLink { id?: number; origin_id: number | string; origin_slot: number; target_id: number | string; target_slot: number }
interface HostGraph {
  id?: string;
  _nodes?: HostNode[];
  nodes?: HostNode[];
  _links?: Map<number, HostLink>;
  links?: Record<number, HostLink>;
  subgraphs?: Map<string, HostGraph>;
  getNodeById(id: number | string): HostNode | null;
}
/** Where an input comes from. */
type Origin = { node: HostNode; slot: number } | { value: unknown };
interface HostWidget {
  name: string;
  element?: HTMLElement;
  value: unknown;
  onRemove?: () => void;
}
interface HostNode {
  id: number | string;
  graph: HostGraph | null;
  comfyClass?: string;
  widgets?: HostWidget[];
  type?: string;
  subgraph?: HostGraph;
  inputs?: { name: string; type?: unknown; link?: number | null }[];
  outputs?: { name: string; type?: unknown }[];
  imgs?: HTMLImageElement[];
  size: [number, number];
  hideOutputImages?: boolean;
  onExecuted?: (output: Record<string, unknown>) => void;
  onConnectionsChange?: (...args: unknown[]) => void;
  onRemoved?: () => void;
  getInputNode(slot: number): HostNode | null;
  isInputConnected(slot: number): boolean;
  setSize(size: [number, number]): void;
  addDOMWidget(
    name: string,
    type: string,
    element: HTMLElement,
    options: Record<string, unknown>,
  ): HostWidget & { computeLayoutSize?: unknown };
}
/** A node, its editor and what is behind the drawing: an address, or a file of one's `own`. */
interface Binding {
  node: HostNode; editor: Editor; element: HTMLElement; source: string; own: string | null;
  /** The video that it draws for, as text; and what its own last run was for. */
  frame: string; lastRun: readonly number[] | null;
  /** What its mask input held last. */
  masks: string;
}
interface HostImage { filename: string; subfolder: string; type: string }
interface HostApp {
  rootGraph: HostGraph;
  canvasEl?: HTMLCanvasElement;
  canvas: {
    processMouseWheel(event: Event): void;
    processMouseDown(event: Event): void;
    processMouseMove(event: Event): void;
    processMouseUp(event: Event): void;
  };
  nodeOutputs: Record<string, { images?: HostImage[] } | undefined>;
  nodePreviewImages: Record<string, string[] | undefined>;
  getPreviewFormatParam(): string;
  getRandParam(): string;
  registerExtension(extension: Record<string, unknown>): void;
  extensionManager: {
    toast: { add(message: { severity: string; summary: string; detail?: string; life?: number }): void };
    setting: { get(id: string): unknown };
    command: { execute(id: string): unknown };
    workflow?: {
      activeWorkflow?: {
        changeTracker?: { captureCanvasState?: () => void; checkState?: () => void } | null;
      } | null;
    };
  };
}
interface HostApi {
  apiURL(path: string): string;
  fetchApi(path: string, options?: RequestInit): Promise<Response>;
  addEventListener(type: string, listener: (event: CustomEvent) => void): void;
}
declare module "*/scripts/app.js" {
  export const app: HostApp;
}
declare module "*/scripts/api.js" {
  export const api: HostApi;
}
declare const LiteGraph: { vueNodesMode?: boolean };
