/** The run's abort signal as an option, absent where there is none; pass it to every model call, request and process. */
export function signalOf(runtime: { signal?: AbortSignal | undefined }): { signal?: AbortSignal } {
  return runtime.signal === undefined ? {} : { signal: runtime.signal };
}
