import { describe, expect, it } from 'vitest';
import { KnownDevices } from '../../../broker/known-devices.ts';
import type { AcceptedPublish, DeviceAnswer } from '../../../broker/ports.ts';
import { type Arrived, BridgeIntake } from '../../../gateway/bridge/bridge-intake.ts';

const MIB = 1024 * 1024;

/** An intake to which car-1 is known, and car-2 as `owntracks/ada/phone`; it keeps what it is given in lists. */
function intakeWith(over: { shedding?: boolean; accept?: () => Promise<void> } = {}) {
  const accepted: AcceptedPublish[] = [];
  const answers: DeviceAnswer[] = [];
  const heard: string[] = [];
  const asked: string[] = [];
  const known = new Set(['car-1']);
  let registrations = 0;
  let now = 1_000;
  const intake = new BridgeIntake(
    {
      accept: async (message) => {
        accepted.push(message);
        await over.accept?.();
      },
      answer: async (answer) => void answers.push(answer),
      heard: (deviceId) => heard.push(deviceId),
      now: () => 5,
      shedding: () => over.shedding ?? false,
      findDevice: async (id) => {
        asked.push(id);
        return known.has(id) ? id : null;
      },
      findByAliases: async (aliases) => {
        asked.push(aliases.join());
        return aliases.includes('owntracks/ada/phone') ? 'car-2' : null;
      },
    },
    new KnownDevices(
      () => now,
      () => registrations,
    ),
    'bridge:test',
  );
  const message = (part: Partial<Arrived>): Arrived => ({
    topic: 'devices/car-1/telemetry',
    payload: Buffer.from('{"metrics":{"n":1}}'),
    qos: 1,
    packetId: 7,
    dup: false,
    retain: false,
    ...part,
  });
  /** As the link does: again once it is ready. */
  async function take(part: Partial<Arrived>) {
    let handling = intake.take(message(part));
    while (handling.kind === 'not_yet') {
      await handling.ready;
      handling = intake.take(message(part));
    }
    return handling;
  }
  function later(ms: number): void {
    now += ms;
  }
  function register(id: string): void {
    known.add(id);
    registrations += 1;
  }
  return { intake, take, accepted, answers, heard, asked, later, register };
}

describe('what comes over the bridge', () => {
  it('goes to the journal under its device, with what it is known again by', async () => {
    const { take, accepted, heard } = intakeWith();
    const handling = await take({ dup: true });
    expect(handling.kind).toBe('taken');
    expect(accepted).toMatchObject([
      {
        receivedAt: 5,
        topic: 'devices/car-1/telemetry',
        userId: 'car-1',
        clientId: 'bridge:test',
        packetId: 7,
        qos: 1,
        dup: true,
        truncatedFrom: 0,
        span: 1,
      },
    ]);
    expect(heard).toEqual(['car-1']);
  });

  it('is of the device that has the alias in a dialect', async () => {
    const { take, accepted } = intakeWith();
    await take({ topic: 'owntracks/ada/phone' });
    expect(accepted).toMatchObject([{ topic: 'owntracks/ada/phone', userId: 'car-2' }]);
    expect((await take({ topic: 'owntracks/bob/phone' })).kind).toBe('passed_over');
  });

  it('is an answer where the topic says so', async () => {
    const { take, answers, intake } = intakeWith();
    await take({ topic: 'devices/car-1/commands/c1/reply' });
    await take({ topic: 'devices/car-1/config/reported' });
    expect(answers).toMatchObject([
      { kind: 'reply', deviceId: 'car-1', commandId: 'c1', topic: 'devices/car-1/commands/c1/reply' },
      { kind: 'config-reported', deviceId: 'car-1', topic: 'devices/car-1/config/reported' },
    ]);
    expect(intake.counts.answers).toBe(2);
  });

  it.each([
    ['unknownDevice', { topic: 'devices/nobody/telemetry' }],
    ['badTopic', { topic: 'devices/bad id/telemetry' }],
    ['badTopic', { topic: 'devices/car-1/commands' }],
    ['badTopic', { topic: 'spBv1.0/group/NCMD/node' }],
    ['badTopic', { topic: '' }],
    ['badTopic', { topic: 'v1/devices/me/telemetry' }],
    ['retained', { retain: true }],
  ] as const)('is passed over and counted as %s: %o', async (count, part) => {
    const { take, accepted, intake, heard } = intakeWith();
    expect((await take(part)).kind).toBe('passed_over');
    expect([accepted, heard]).toEqual([[], []]);
    expect(Object.entries(intake.counts).filter(([, n]) => n > 0)).toEqual([[count, 1]]);
  });

  it('is shed at QoS 0 alone while too much waits', async () => {
    const { take, intake } = intakeWith({ shedding: true });
    expect((await take({ qos: 0, packetId: 0 })).kind).toBe('passed_over');
    expect((await take({ qos: 1 })).kind).toBe('taken');
    expect(intake.counts.shed).toBe(1);
  });

  it('is kept with its head alone where it is too large', async () => {
    const { take, accepted, intake } = intakeWith();
    await take({ payload: Buffer.alloc(2 * MIB, '[') });
    expect(accepted).toMatchObject([{ truncatedFrom: 2 * MIB, span: 1 }]);
    expect(accepted[0]?.payload.length).toBe(4096);
    expect(intake.counts.truncated).toBe(1);
  });

  it('costs a question to the records once in a while, also for those who are unknown', async () => {
    const { take, asked, later } = intakeWith();
    for (let n = 0; n < 5; n++) {
      await take({});
      await take({ topic: 'devices/nobody/telemetry' });
    }
    expect(asked).toEqual(['car-1', 'nobody']);
    later(10_000);
    await take({});
    expect(asked).toEqual(['car-1', 'nobody', 'car-1']);
  });

  it('is taken from a device that was registered a moment after it had been refused', async () => {
    const { take, register } = intakeWith();
    expect((await take({ topic: 'devices/car-3/telemetry' })).kind).toBe('passed_over');
    register('car-3');
    expect((await take({ topic: 'devices/car-3/telemetry' })).kind).toBe('taken');
  });

  it('is counted when it could not be kept', async () => {
    const { take, intake } = intakeWith({ accept: () => Promise.reject(new Error('disk full')) });
    const handling = await take({});
    if (handling.kind !== 'taken') throw new Error('it was not taken');
    await expect(handling.kept).rejects.toThrow('disk full');
    expect(intake.counts).toMatchObject({ accepted: 0, unkept: 1 });
  });
});
