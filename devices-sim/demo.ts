import { existsSync } from 'node:fs';
import { DemoError, readDemoSettings } from './demo/settings.ts';
import { type Demo, type DemoStatus, startDemo } from './demo/start-demo.ts';

const STATUS_MS = 5000;
/** Stopping takes a second or two; whatever hangs longer is cut off. */
const STOP_WITHIN_MS = 20_000;

let signalled = false;
const stopSignal = new Promise<'signal'>((resolve) => {
  // `on`, not `once`: a terminal and npm may both pass on the same Ctrl-C.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      signalled = true;
      resolve('signal');
    });
  }
});

try {
  await main();
} catch (error) {
  if (error instanceof DemoError) console.error(`\n${error.message}`);
  else console.error(error);
  process.exit(1);
}
process.exit(0);

async function main(): Promise<void> {
  if (existsSync('.env')) process.loadEnvFile('.env');
  const settings = readDemoSettings(process.env);
  console.log(`Starting Wayside with a city of ${settings.people} people …`);
  const demo = await startDemo(settings, process.env);
  let timer: NodeJS.Timeout | undefined;
  try {
    if (!signalled) {
      console.log(banner(demo));
      timer = setInterval(() => console.log(statusLine(demo.status())), STATUS_MS);
    }
    const end = await Promise.race([stopSignal, demo.died.then((complaint) => ({ complaint }))]);
    if (end !== 'signal') {
      throw new DemoError(`The gateway left unexpectedly: ${end.complaint} Its log is ${demo.logFile}.`);
    }
    console.log('\nStopping …');
  } finally {
    clearInterval(timer);
    setTimeout(() => {
      console.error('Stopping took too long.');
      process.exit(1);
    }, STOP_WITHIN_MS).unref();
    await demo.stop();
  }
  console.log('Stopped.');
}

function banner({ consoleUrl, password, adminToken, invitationUrl, mqttUrl, logFile, people }: Demo): string {
  return `
  Wayside is running.

    Console      ${consoleUrl}
    Sign in      admin / ${password}
    As consumer  ${invitationUrl}
                 (you are one of ${people} people in this city; the link works once)
    Commands     export WAYSIDE_ADMIN_TOKEN=${adminToken}
                 (in another terminal; then, for example, npm run backtest -- fuel-when-low)
    MQTT         ${mqttUrl}
    Log          ${logFile}

  Press Ctrl-C to stop.
`;
}

function statusLine({ devices, decisions, audience, gateway }: DemoStatus): string {
  const errors = devices.errors + audience.failures + gateway.errors;
  const lastError = gateway.lastError || devices.lastError || audience.lastFailure;
  return [
    `devices ${devices.connected}`,
    `readings ${devices.acked}`,
    `offers sent ${decisions.sent}`,
    `suppressed ${decisions.suppressed}`,
    `shown ${audience.shown}`,
    `clicked ${audience.clicked}`,
    ...(errors > 0 ? [`errors ${errors} (${lastError})`] : []),
  ].join('   ');
}
