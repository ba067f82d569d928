/** A built file of a graph's components. */
export interface UiFile {
  readonly name: string;
  readonly contents: Buffer;
}

/** React components that a project brings for its graphs. */
export interface UiService {
  /** The bundle of a graph's components, script and styles. `not_found` for a graph without; `graph_load_failed` with the compiler's words. */
  files(graphId: string): Promise<readonly UiFile[]>;
  /** Under which the script of a graph's bundle can be asked to render. */
  globalName(graphId: string): string;
}
