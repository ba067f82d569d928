// vitest's only reporter under the harness, in its main process.
import { createRequire } from "node:module";

const { tell, end } = createRequire(import.meta.url)("./main-channel.cjs");
const describe = (errors) => errors.map((error) => error.stack ?? error.message ?? String(error)).join("\n\n");

export default class HarnessReporter {
  onTestRunEnd(modules, unhandled) {
    for (const module of modules) {
      const errors = module.errors();
      if (errors.length > 0) tell(module.moduleId, "(the file could not be run)", "failed", null, describe(errors));
      for (const test of module.children.allTests()) {
        const { state, errors: why } = test.result();
        const hidden = state === "skipped" || state === "pending" || test.options.fails === true;
        const status = hidden ? "skipped" : state === "passed" ? "passed" : "failed";
        tell(
          module.moduleId,
          test.fullName,
          status,
          test.diagnostic()?.duration,
          status === "failed" ? describe(why ?? []) : hidden ? (test.options.fails === true ? "expected failure" : "skipped") : null,
        );
        if (status !== "skipped") process.stderr.write(`${status} ${test.fullName}\n${status === "failed" ? `${describe(why ?? [])}\n` : ""}`);
      }
    }
    for (const error of unhandled) tell(".", "(an error outside of the tests)", "failed", null, error.stack ?? error.message ?? String(error));
    end();
  }
}
