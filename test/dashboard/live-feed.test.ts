import { beforeEach, describe, expect, it } from 'vitest';
import type { Decision } from '../../dashboard/api/shapes.ts';
import {
  createLiveFeed,
  type EventStream,
  type LiveFeed,
  OUTAGE_ANNOUNCED_AFTER_MS,
} from '../../dashboard/live/live-feed.ts';

const CLOSED = 2;
const OPEN = 1;

/** A clock with timers that only move when told to. */
class Clock {
  now = 0;
  readonly #timers = new Set<{ at: number; run: () => void }>();

  later = (run: () => void, afterMs: number) => {
    const timer = { at: this.now + afterMs, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  pass(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const [next] = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.now = next.at;
      next.run();
    }
    this.now = end;
  }
}

/** The gateway's end of the stream. */
class Stream implements EventStream {
  readyState = OPEN;
  closed = false;
  readonly #listeners = new Map<string, (event: { data?: unknown }) => void>();

  addEventListener(kind: string, listener: (event: { data?: unknown }) => void): void {
    this.#listeners.set(kind, listener);
  }

  close(): void {
    this.closed = true;
  }

  tell(kind: string, event: object = {}): void {
    this.#listeners.get(kind)?.({ data: JSON.stringify(event) });
  }
}

const decision = (id: string, more: Partial<Decision> = {}): Decision => ({
  id,
  at: 1,
  rule: 'coffee',
  ruleVersion: 1,
  consumer: 'ada',
  device: 'car-1',
  cause: 'v1',
  outcome: 'sent',
  detail: 'entered',
  deliveryId: `delivery-${id}`,
  ...more,
});

describe('the live feed', () => {
  let clock: Clock;
  let streams: Stream[];
  let feed: LiveFeed;
  const stream = () => streams.at(-1) as Stream;
  const position = (device: string, lat = 45) =>
    stream().tell('position', { device, type: 'car', consumer: null, at: 1, lat, lon: 9 });
  const deliver = (id: string, state: string) =>
    stream().tell('delivery', { delivery: { id: `delivery-${id}`, decision: id, state } });

  beforeEach(() => {
    clock = new Clock();
    streams = [];
    feed = createLiveFeed({
      open: () => {
        streams.push(new Stream());
        return stream();
      },
      now: () => clock.now,
      later: clock.later,
    });
    feed.start();
  });

  it('opens one stream, however often it is started', () => {
    feed.start();
    expect(streams).toHaveLength(1);
    feed.stop();
    expect(stream().closed).toBe(true);
  });

  it('has the latest position at once, and tells React of many in one go', () => {
    let told = 0;
    const unsubscribe = feed.subscribe(() => {
      told += 1;
    });
    for (let step = 0; step < 50; step += 1) position('car-1', 45 + step / 1000);
    expect(feed.devices.get('car-1')?.lat).toBe(45.049);
    expect(told).toBe(0);
    clock.pass(1_000);
    expect(told).toBe(1);
    expect(feed.state().counters.positionsPerMinute).toBe(50);
    unsubscribe();
    position('car-1');
    clock.pass(1_000);
    expect(told).toBe(1);
  });

  it('counts the positions of the last minute only', () => {
    position('car-1');
    clock.pass(61_000);
    position('car-1');
    clock.pass(1_000);
    expect(feed.state().counters.positionsPerMinute).toBe(1);
  });

  it('forgets the devices unheard of for longest beyond its bound', () => {
    for (let index = 0; index < 10_001; index += 1) position(`car-${index}`);
    position('car-1');
    position('car-new');
    expect(feed.devices.size).toBe(10_000);
    expect(feed.devices.has('car-0')).toBe(false);
    expect(feed.devices.has('car-1')).toBe(true);
    expect(feed.devices.has('car-2')).toBe(false);
  });

  it('tells each decision once, newest first, and follows its delivery', () => {
    const heard: string[] = [];
    feed.onDecision(({ id }) => heard.push(id));
    stream().tell('decision', { decision: decision('1') });
    stream().tell('decision', {
      decision: decision('2', { outcome: 'suppressed', reason: 'cooldown', deliveryId: '' }),
    });
    stream().tell('decision', { decision: decision('1') });
    deliver('1', 'sent');
    deliver('1', 'shown');
    deliver('1', 'clicked');
    deliver('1', 'clicked');
    clock.pass(1_000);
    expect(heard).toEqual(['1', '2']);
    expect(feed.state().decisions.map(({ id, delivery }) => [id, delivery])).toEqual([
      ['2', null],
      ['1', 'clicked'],
    ]);
    expect(feed.state().counters).toMatchObject({ offers: 1, shown: 1, clicked: 1 });
  });

  it('puts earlier decisions below those heard live, each once, and does not count them', () => {
    stream().tell('decision', { decision: decision('7') });
    feed.seed([decision('7'), decision('6')], new Map([['delivery-6', 'shown' as const]]));
    deliver('6', 'clicked');
    clock.pass(1_000);
    expect(feed.state().decisions.map(({ id, delivery }) => [id, delivery])).toEqual([
      ['7', 'queued'],
      ['6', 'clicked'],
    ]);
    expect(feed.state().counters).toMatchObject({ offers: 1, clicked: 0 });
  });

  it('keeps 200 decisions', () => {
    for (let id = 0; id < 250; id += 1) stream().tell('decision', { decision: decision(String(id)) });
    clock.pass(1_000);
    expect(feed.state().decisions).toHaveLength(200);
    expect(feed.state().decisions[0]?.id).toBe('249');
  });

  it('announces an outage only after five seconds', () => {
    stream().tell('open');
    expect(feed.state().connection).toBe('live');
    stream().tell('error');
    clock.pass(OUTAGE_ANNOUNCED_AFTER_MS - 1);
    expect(feed.state().connection).toBe('live');
    clock.pass(1);
    expect(feed.state().connection).toBe('lost');
    stream().tell('open');
    expect(feed.state().connection).toBe('live');
  });

  it('says nothing of an outage that is over sooner', () => {
    stream().tell('open');
    stream().tell('error');
    clock.pass(3_000);
    stream().tell('open');
    clock.pass(60_000);
    expect(feed.state().connection).toBe('live');
  });

  it('opens a new stream where the browser gave up on the old one, until one works', () => {
    stream().readyState = CLOSED;
    stream().tell('error');
    stream().tell('error');
    clock.pass(3_000);
    expect(streams).toHaveLength(2);
    expect(streams[0]?.closed).toBe(true);
    stream().readyState = CLOSED;
    stream().tell('error');
    clock.pass(3_000);
    expect(streams).toHaveLength(3);
    stream().tell('open');
    clock.pass(60_000);
    expect(streams).toHaveLength(3);
    expect(feed.state().connection).toBe('live');
  });

  it('leaves no timer behind when stopped', () => {
    stream().readyState = CLOSED;
    stream().tell('error');
    position('car-1');
    feed.stop();
    clock.pass(60_000);
    expect(streams).toHaveLength(1);
    expect(feed.state().connection).toBe('connecting');
  });
});
