import { own } from '../../rules/memory.ts';
import type { ConsumerFacts, OfferResponse, Purpose } from '../../rules/step.ts';

/** Something that became so at a time, epoch ms. */
export type PersonChange =
  | { readonly at: number; readonly kind: 'consent'; readonly purpose: Purpose; readonly granted: boolean }
  /** One more way to reach them, mostly a browser that is subscribed, or one less. */
  | { readonly at: number; readonly kind: 'subscriptions'; readonly by: 1 | -1 }
  | { readonly at: number; readonly kind: 'seen' | 'taken'; readonly rule: string };

/** A consumer as the records have it: what is known only as it is now, and how the rest came about. */
export interface PersonRecord {
  readonly facts: Pick<ConsumerFacts, 'id' | 'timezone' | 'quietHours' | 'attributes' | 'fewer'>;
  /** In order of time. */
  readonly changes: readonly PersonChange[];
}

/** The facts of one consumer at a time that only goes on. The same object for as long as nothing changes. */
export interface Person {
  at(now: number): ConsumerFacts;
}

export function createPerson({ facts, changes }: PersonRecord): Person {
  const granted = new Set<Purpose>();
  let subscriptions = 0;
  let responses: Readonly<Record<string, OfferResponse>> = {};
  let next = 0;
  let nextAt = changes[0]?.at ?? Infinity;
  const build = (): ConsumerFacts => ({
    ...facts,
    granted: [...granted],
    reachable: subscriptions > 0,
    responses,
  });
  let current = build();

  function apply(change: PersonChange): void {
    switch (change.kind) {
      case 'consent':
        if (change.granted) granted.add(change.purpose);
        else granted.delete(change.purpose);
        return;
      case 'subscriptions':
        subscriptions += change.by;
        return;
      case 'seen':
      case 'taken': {
        const before = own(responses, change.rule) ?? { seen: 0, taken: 0 };
        responses = { ...responses, [change.rule]: { ...before, [change.kind]: before[change.kind] + 1 } };
      }
    }
  }

  return {
    at(now) {
      if (now < nextAt) return current;
      for (let change = changes[next]; change !== undefined && change.at <= now; change = changes[next]) {
        apply(change);
        next += 1;
      }
      nextAt = changes[next]?.at ?? Infinity;
      current = build();
      return current;
    },
  };
}
