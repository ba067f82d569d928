// jest's only reporter under the harness, in its main process.
const { tell, end } = require("./main-channel.cjs");

module.exports = class HarnessReporter {
  onRunComplete(_contexts, results) {
    for (const file of results.testResults) {
      if (file.testExecError) tell(file.testFilePath, "(the file could not be run)", "failed", null, file.failureMessage ?? file.testExecError.message);
      for (const test of file.testResults) {
        const status = test.status === "passed" || test.status === "failed" ? test.status : "skipped";
        const text = test.failureMessages.join("\n\n");
        tell(
          file.testFilePath,
          [...test.ancestorTitles, test.title].join(" > "),
          status,
          test.duration,
          status === "failed" ? text : status === "skipped" ? test.status : null,
        );
        process.stderr.write(`${status} ${test.fullName}\n${status === "failed" ? `${text}\n` : ""}`);
      }
    }
    end();
  }
};
