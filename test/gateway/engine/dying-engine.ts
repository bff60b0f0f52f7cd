import { startEngine } from '../../support/engine.ts';

/** What the test hands over, as JSON in the first argument. */
export interface DyingEngineSettings {
  readonly dir: string;
  readonly devices: readonly string[];
  readonly at: number;
  /** The process kills itself with SIGKILL before it carries out this statement, counted from 1. */
  readonly dieAtStatement: number;
}

const settings: DyingEngineSettings = JSON.parse(process.argv[2] ?? '');
let statements = 0;
const engine = await startEngine({
  dir: settings.dir,
  plugin: {
    transformQuery({ node }) {
      statements += 1;
      if (statements === settings.dieAtStatement) {
        process.kill(process.pid, 'SIGKILL');
        // The signal takes a moment; nothing may be written in it.
        for (;;);
      }
      return node;
    },
    transformResult: async ({ result }) => result,
  },
});
// One by one, so that each has a commit of its own; what came before the last crash is known by its time.
for (const device of settings.devices) {
  await engine.send(device, { at: settings.at, event: 'purchase' });
  await engine.engine.drain();
}
await engine.close();
