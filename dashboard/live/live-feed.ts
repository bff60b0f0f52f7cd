import type { DeliveryState } from '../../gateway/records/schema.ts';
import type { Decision, Delivery, DownlinkEvent, PositionEvent } from '../api/shapes.ts';

/** Bounds of what the page keeps, however long it stays open. */
const MAX_DEVICES = 10_000;
const MAX_DECISIONS = 200;
/** Offers whose fate is followed for the counters; the oldest have had their chance to be looked at. */
const MAX_FOLLOWED = 20_000;
/** React hears of moving devices at most this often; the map reads them itself, frame by frame. */
const PUBLISH_INTERVAL_MS = 500;
/** A blip shorter than this is not announced. */
export const OUTAGE_ANNOUNCED_AFTER_MS = 5_000;
/** The browser gives up on a stream that was refused (not one that broke): then we ask again ourselves. */
const REOPEN_AFTER_MS = 3_000;
const RATE_WINDOW_MS = 60_000;

export interface LiveDevice extends PositionEvent {
  /** When this page heard it, on the page's own clock: domain time may run faster or elsewhere. */
  readonly heardAt: number;
}

export interface LiveDecision extends Decision {
  /** What became of the offer since, where there is one. */
  readonly delivery: DeliveryState | null;
}

export interface LiveState {
  readonly connection: 'connecting' | 'live' | 'lost';
  readonly devices: readonly LiveDevice[];
  /** Newest first. */
  readonly decisions: readonly LiveDecision[];
  readonly counters: {
    readonly positionsPerMinute: number;
    readonly offers: number;
    readonly shown: number;
    readonly clicked: number;
  };
}

/** The part of EventSource that the feed uses. */
export interface EventStream {
  readonly readyState: number;
  addEventListener(kind: string, listener: (event: { data?: unknown }) => void): void;
  close(): void;
}

export interface LiveFeedPorts {
  readonly open: () => EventStream;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** Runs it later; returns the cancel. */
  readonly later: (run: () => void, afterMs: number) => () => void;
}

export interface LiveFeed {
  /** Latest state of every device, current at any moment. */
  readonly devices: ReadonlyMap<string, LiveDevice>;
  subscribe(listener: () => void): () => void;
  state(): LiveState;
  /** Hears of each decision once, as it happens. */
  onDecision(listener: (decision: LiveDecision) => void): () => void;
  /** Hears of presence, commands and configurations as they change. */
  onDownlink(listener: (event: DownlinkEvent) => void): () => void;
  /** Hears when all sending was stopped, or allowed again. */
  onSending(listener: () => void): () => void;
  /** Puts earlier decisions (newest first) under those heard live. */
  seed(decisions: readonly Decision[], deliveries: ReadonlyMap<string, DeliveryState>): void;
  start(): void;
  stop(): void;
}

const SHOWN: ReadonlySet<DeliveryState> = new Set(['shown', 'clicked', 'dismissed', 'redeemed']);
const CLICKED: ReadonlySet<DeliveryState> = new Set(['clicked', 'redeemed']);

/** One stream of the gateway's live events, turned into one state that any number of components read. */
export function createLiveFeed(ports: LiveFeedPorts): LiveFeed {
  const devices = new Map<string, LiveDevice>();
  const deliveryStates = new Map<string, DeliveryState>();
  const listeners = new Set<() => void>();
  const decisionListeners = new Set<(decision: LiveDecision) => void>();
  const sendingListeners = new Set<() => void>();
  const downlinkListeners = new Set<(event: DownlinkEvent) => void>();
  /** Positions heard in each of the last 60 seconds. */
  const perSecond = new Map<number, number>();
  let decisions: readonly LiveDecision[] = [];
  const known = new Set<string>();
  /** By decision id, oldest first: what is counted of an offer so far. */
  const followed = new Map<string, { shown: boolean; clicked: boolean }>();
  const counts = { offers: 0, shown: 0, clicked: 0 };
  let connection: LiveState['connection'] = 'connecting';
  let stream: EventStream | null = null;
  let cancelPublish: (() => void) | null = null;
  let cancelOutage: (() => void) | null = null;
  let cancelReopen: (() => void) | null = null;
  let current: LiveState = build();

  function build(): LiveState {
    const oldest = Math.floor((ports.now() - RATE_WINDOW_MS) / 1000);
    for (const second of perSecond.keys()) if (second <= oldest) perSecond.delete(second);
    let positionsPerMinute = 0;
    for (const count of perSecond.values()) positionsPerMinute += count;
    return {
      connection,
      devices: [...devices.values()],
      decisions,
      counters: { positionsPerMinute, ...counts },
    };
  }

  function publish(): void {
    cancelPublish?.();
    cancelPublish = null;
    current = build();
    for (const listener of listeners) listener();
  }

  function publishSoon(): void {
    cancelPublish ??= ports.later(publish, PUBLISH_INTERVAL_MS);
  }

  function position(event: PositionEvent): void {
    const heardAt = ports.now();
    // Deleting first moves the device to the end, so that the front of the map is the one unheard of for longest.
    devices.delete(event.device);
    devices.set(event.device, { ...event, heardAt });
    if (devices.size > MAX_DEVICES) devices.delete(devices.keys().next().value as string);
    const second = Math.floor(heardAt / 1000);
    perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
    publishSoon();
  }

  function decision(event: Decision): void {
    const id = event.id;
    if (known.has(id)) return;
    const entry: LiveDecision = {
      ...event,
      delivery: event.deliveryId ? (deliveryStates.get(event.deliveryId) ?? 'queued') : null,
    };
    keep([entry, ...decisions]);
    if (event.outcome === 'sent') follow(id);
    for (const listener of decisionListeners) listener(entry);
    publishSoon();
  }

  function follow(id: string): void {
    if (followed.has(id)) return;
    counts.offers += 1;
    followed.set(id, { shown: false, clicked: false });
    if (followed.size > MAX_FOLLOWED) followed.delete(followed.keys().next().value as string);
  }

  function keep(all: readonly LiveDecision[]): void {
    for (const dropped of all.slice(MAX_DECISIONS)) {
      known.delete(dropped.id);
      if (dropped.deliveryId) deliveryStates.delete(dropped.deliveryId);
    }
    decisions = all.slice(0, MAX_DECISIONS);
    for (const { id } of decisions) known.add(id);
  }

  function delivery(event: Delivery): void {
    const decisionId = event.decision;
    // Those of an offer decided before this page was opened are not counted: the counters say "since then".
    const counted = followed.get(decisionId);
    if (counted !== undefined && !counted.shown && SHOWN.has(event.state)) {
      counted.shown = true;
      counts.shown += 1;
    }
    if (counted !== undefined && !counted.clicked && CLICKED.has(event.state)) {
      counted.clicked = true;
      counts.clicked += 1;
    }
    if (known.has(decisionId)) deliveryStates.set(event.id, event.state);
    decisions = decisions.map((entry) =>
      entry.id === decisionId ? { ...entry, delivery: event.state } : entry,
    );
    publishSoon();
  }

  function lost(): void {
    cancelOutage ??= ports.later(() => {
      connection = 'lost';
      publish();
    }, OUTAGE_ANNOUNCED_AFTER_MS);
    const CLOSED = 2;
    if (stream?.readyState !== CLOSED || cancelReopen !== null) return;
    cancelReopen = ports.later(() => {
      cancelReopen = null;
      stream?.close();
      listen();
    }, REOPEN_AFTER_MS);
  }

  function opened(): void {
    cancelOutage?.();
    cancelOutage = null;
    if (connection === 'live') return;
    connection = 'live';
    publish();
  }

  function listen(): void {
    const opening = ports.open();
    stream = opening;
    const hear = <Event>(kind: string, take: (event: Event) => void) =>
      opening.addEventListener(kind, ({ data }) => take(JSON.parse(String(data)) as Event));
    opening.addEventListener('open', opened);
    opening.addEventListener('error', lost);
    hear<PositionEvent>('position', position);
    hear<{ decision: Decision }>('decision', (event) => decision(event.decision));
    hear<{ delivery: Delivery }>('delivery', (event) => delivery(event.delivery));
    for (const kind of ['presence', 'command', 'config'])
      hear<DownlinkEvent>(kind, (event) => {
        for (const listener of downlinkListeners) listener(event);
      });
    hear('sending', () => {
      for (const listener of sendingListeners) listener();
    });
  }

  return {
    devices,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    state: () => current,
    onDecision(listener) {
      decisionListeners.add(listener);
      return () => decisionListeners.delete(listener);
    },
    onDownlink(listener) {
      downlinkListeners.add(listener);
      return () => downlinkListeners.delete(listener);
    },
    onSending(listener) {
      sendingListeners.add(listener);
      return () => sendingListeners.delete(listener);
    },
    seed(earlier, states) {
      const added = earlier.filter(({ id }) => !known.has(id));
      const entries = added.map(
        (entry): LiveDecision => ({
          ...entry,
          delivery: entry.deliveryId ? (states.get(entry.deliveryId) ?? null) : null,
        }),
      );
      keep([...decisions, ...entries]);
      publishSoon();
    },
    start() {
      if (stream === null) listen();
    },
    stop() {
      for (const cancel of [cancelPublish, cancelOutage, cancelReopen]) cancel?.();
      cancelPublish = cancelOutage = cancelReopen = null;
      stream?.close();
      stream = null;
      connection = 'connecting';
    },
  };
}
