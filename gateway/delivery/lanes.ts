import type { ServiceHealth, ServiceHolds } from './service-holds.ts';

/**
 * Names the lane of a consumer's deliveries: the origins of all their push services (or another channel's name), in order, with a
 * space between. Deliveries to two services have a lane of their own, for each waits for the slower of the two.
 */
export type LaneName = string;

/**
 * A lane for each push service: deliveries of one never wait for, and never take the places of, deliveries of another. How many
 * may be under way in a lane goes by how its services do.
 */
export interface Lanes {
  /** Places that are free now; 0 while it is full, or left alone. @param now real time, epoch ms */
  room(lane: LaneName, now: number): number;
  /** For how long it is left alone; 0 where only its own deliveries fill it. */
  waitMs(lane: LaneName, now: number): number;
  /** A delivery of this lane begins; call what is returned, once, when it has ended. */
  enter(lane: LaneName): () => void;
}

export interface LaneSettings {
  /** Places of a lane by how its services do. */
  readonly places: Readonly<Record<ServiceHealth, number>>;
  /** Under way in all lanes. It binds where eight that do well have a backlog, or where many hang at once of which nothing is known. */
  readonly total: number;
}

/**
 * A service that does not answer keeps each place until the timeout, so those of which nothing good is known get few. A held
 * one proves with one message that it is back.
 */
export const LANE_SETTINGS: LaneSettings = {
  places: { well: 64, new: 16, troubled: 4, trying: 1, held: 0 },
  total: 512,
};

export function createLanes(holds: ServiceHolds, settings: LaneSettings = LANE_SETTINGS): Lanes {
  const underWay = new Map<LaneName, number>();
  let inAll = 0;
  return {
    room(lane, now) {
      // One that is held is left out of a delivery to several, and is no reason to wait.
      const open = lane.split(' ').map((origin) => settings.places[holds.health(origin, now)]);
      const reachable = open.filter((places) => places > 0);
      const places = reachable.length === 0 ? 0 : Math.min(...reachable);
      return Math.max(0, Math.min(places - (underWay.get(lane) ?? 0), settings.total - inAll));
    },
    waitMs(lane, now) {
      return Math.min(...lane.split(' ').map((origin) => holds.waitMs(origin, now)));
    },
    enter(lane) {
      underWay.set(lane, (underWay.get(lane) ?? 0) + 1);
      inAll += 1;
      return () => {
        inAll -= 1;
        const left = (underWay.get(lane) ?? 1) - 1;
        if (left === 0) underWay.delete(lane);
        else underWay.set(lane, left);
      };
    },
  };
}
