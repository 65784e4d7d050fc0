import { type Executor, type Supports, supportsNothing } from "../../lib/index.js";

/** Unknown until it is loaded; `prepare` tells what holds for a request. */
const anything = Object.fromEntries(Object.keys(supportsNothing).map((ability) => [ability, true])) as unknown as Supports;

/** An executor that is loaded when the first request for it is judged, or a run that waited for it begins. */
export function laterExecutor(kind: string, load: () => Promise<Executor>): Executor {
  let loading: Promise<Executor> | undefined;
  const loaded = (): Promise<Executor> => (loading ??= load());
  return {
    kind,
    supports: anything,
    async prepare(request, profile) {
      const executor = await loaded();
      return executor.prepare ? executor.prepare(request, profile) : { supports: executor.supports, request };
    },
    execute: async (context) => (await loaded()).execute(context),
    // What could not be loaded has nothing to free.
    close: async () => (await loading?.catch(() => undefined))?.close?.(),
  };
}
