import type { Reporter, TestModule, TestRunEndReason } from 'vitest/node';

/**
 * Closes a run with what was skipped and why, and with one line that machines read:
 * `N passed, N failed, N skipped`. A file that could not be loaded counts as one failure.
 */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(
    modules: ReadonlyArray<TestModule>,
    unhandled: readonly unknown[],
    reason: TestRunEndReason,
  ): void {
    let passed = 0;
    let failed = unhandled.length;
    const skipped: string[] = [];
    for (const module of modules) {
      if (module.state() === 'failed' && module.errors().length > 0) failed += 1;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') passed += 1;
        else if (state === 'failed') failed += 1;
        else {
          const result = test.result();
          const note = result.state === 'skipped' && result.note !== undefined ? ` (${result.note})` : '';
          skipped.push(`${module.relativeModuleId}: ${test.fullName}${note}`);
        }
      }
    }
    if (reason === 'interrupted') failed += 1;
    const lines = skipped.length > 0 ? ['', 'Skipped:', ...skipped.map((line) => `  ${line}`), ''] : [''];
    process.stdout.write(
      `${lines.join('\n')}\n${passed} passed, ${failed} failed, ${skipped.length} skipped\n`,
    );
  }
}
