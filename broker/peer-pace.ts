import type { BrokerLimits } from './limits.ts';
import { Buckets } from './pace.ts';
import { addressKey, isLocalAddress } from './peer-address.ts';

/** How fast users and addresses may connect and publish. */
export class PeerPace {
  readonly #limits: BrokerLimits;
  readonly #now: () => number;
  readonly #connects: Buckets;
  readonly #byUser: Buckets;
  readonly #byAddress: Buckets;
  /** Times that a connection had to wait. */
  paced = 0;

  /** @param now ms, on a clock that never goes back */
  constructor(limits: BrokerLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
    this.#connects = new Buckets(limits.connectRate);
    this.#byUser = new Buckets(limits.userRate);
    this.#byAddress = new Buckets(limits.addressRate);
  }

  /** Whether an address may open one more connection. */
  mayConnect(address: string): boolean {
    const now = this.#now();
    return this.#isFree(address) || this.#connects.of(addressKey(address), now).admits(now);
  }

  /** What counts the messages of one connection, and gives the ms for which it is not to be read. */
  of(userId: string, address: string): (publishes: number) => number {
    const isFree = this.#isFree(address);
    const place = addressKey(address);
    return (publishes) => {
      const now = this.#now();
      const forUser = this.#byUser.of(userId, now).take(publishes, now);
      const forAddress = isFree ? 0 : this.#byAddress.of(place, now).take(publishes, now);
      const waitMs = Math.max(forUser, forAddress);
      if (waitMs > 0) this.paced += 1;
      return waitMs;
    };
  }

  #isFree(address: string): boolean {
    return address === '' || (this.#limits.localIsFree && isLocalAddress(address));
  }
}
