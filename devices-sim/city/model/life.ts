import { type Car, createCar } from './car.ts';
import type { City } from './city.ts';
import { createErrandChooser, type Errand, type ErrandKind, LOW_FUEL, RESERVE_FUEL } from './errands.ts';
import { CAR_AGILITY, createMover, type Mover, WALKER_AGILITY } from './mover.ts';
import { drivingPath, lengthOf, type Spot, walkingPath } from './path.ts';
import type { Resident } from './people.ts';
import { distance, type Point } from './plane.ts';
import type { Random } from './random.ts';

/** What a person is at, as their body knows it. */
export type Activity = 'driving' | 'walking' | ErrandKind;

/** One person's way through the day, with their car. */
export interface Life {
  readonly car: Car;
  readonly carState: { readonly spot: Spot; readonly speed: number; readonly running: boolean };
  readonly body: { readonly spot: Spot; readonly speed: number; readonly activity: Activity };
  /** How often groceries were brought home. */
  readonly shoppingTrips: number;
  step(seconds: number): void;
}

type Doing =
  | { readonly kind: 'driving'; readonly mover: Mover; readonly errand: Errand }
  | { readonly kind: 'walking'; readonly mover: Mover; readonly to: 'door' | 'car'; readonly errand: Errand }
  | { readonly kind: 'refuelling'; readonly errand: Errand }
  | { readonly kind: 'staying'; secondsLeft: number; readonly errand: Errand };

/** Nearer than this nobody takes the car. */
const WALKABLE_METRES = 350;

export function createLife(city: City, resident: Resident, random: Random): Life {
  const inNeed = resident.beginsNearFuel === true;
  const car = createCar(random.fork('car'), inNeed ? RESERVE_FUEL / 2 : undefined);
  const errands = createErrandChooser(city, resident, random.fork('errands'));
  const nodeAt = (node: number): Point => city.graph.nodes[node] as Point;

  let carNode = resident.homeNode;
  let carSpot: Spot = { point: nodeAt(carNode), heading: 0 };
  let bodySpot: Spot = carSpot;
  let bodyNode = carNode;
  let last: ErrandKind | null = null;
  let shoppingTrips = 0;

  const drive = (errand: Errand): Doing => {
    const path = drivingPath(city, carNode, errand.parkingNode, random);
    return { kind: 'driving', mover: createMover(path, CAR_AGILITY), errand };
  };
  const walk = (to: 'door' | 'car', errand: Errand): Doing => {
    const goal = to === 'door' ? errand.door : { point: carSpot.point, node: carNode };
    const path = walkingPath(city, { point: bodySpot.point, node: bodyNode }, goal, resident.walkingSpeed);
    return { kind: 'walking', mover: createMover(path, WALKER_AGILITY), to, errand };
  };
  const leave = (): Doing => {
    const errand = errands.next(bodySpot.point, last, car.fuel);
    const near = distance(bodySpot.point, errand.door.point) < WALKABLE_METRES;
    return near && errand.kind !== 'fuel_station' ? walk('door', errand) : walk('car', errand);
  };
  const arriveByCar = (errand: Errand): Doing => {
    carNode = errand.parkingNode;
    bodyNode = carNode;
    bodySpot = carSpot;
    return errand.kind === 'fuel_station' ? { kind: 'refuelling', errand } : walk('door', errand);
  };
  const arriveOnFoot = (to: 'door' | 'car', errand: Errand): Doing => {
    if (to === 'car') return drive(errand);
    bodyNode = errand.door.node;
    if (errand.kind === 'home' && last === 'supermarket') shoppingTrips += 1;
    last = errand.kind;
    return { kind: 'staying', secondsLeft: errand.staySeconds, errand };
  };

  let doing = begin();

  /** Puts the person somewhere in the midst of life: many are about to arrive, so that a run has something to show at once. */
  function begin(): Doing {
    const errand = errands.next(nodeAt(resident.homeNode), null, car.fuel);
    const luck = inNeed ? 0 : random.next();
    if (luck < 0.6 || car.fuel < LOW_FUEL) {
      const path = drivingPath(city, carNode, errand.parkingNode, random);
      const metresLeft = luck < 0.35 ? random.between(60, 320) : random.between(320, 2500);
      const mover = createMover(path, CAR_AGILITY, Math.max(0, lengthOf(path) - metresLeft));
      carSpot = mover.spot;
      bodySpot = carSpot;
      return { kind: 'driving', mover, errand };
    }
    carNode = errand.parkingNode;
    bodyNode = carNode;
    carSpot = { point: nodeAt(carNode), heading: 0 };
    bodySpot = carSpot;
    if (luck < 0.85 && errand.kind !== 'fuel_station') {
      const path = walkingPath(
        city,
        { point: bodySpot.point, node: bodyNode },
        errand.door,
        resident.walkingSpeed,
      );
      const mover = createMover(path, WALKER_AGILITY, Math.max(0, lengthOf(path) - random.between(50, 90)));
      bodySpot = mover.spot;
      return { kind: 'walking', mover, to: 'door', errand };
    }
    bodySpot = { point: errand.door.point, heading: 0 };
    bodyNode = errand.door.node;
    last = errand.kind;
    return { kind: 'staying', secondsLeft: random.between(5, 90), errand };
  }

  return {
    car,
    get carState() {
      const running = doing.kind === 'driving';
      return { spot: carSpot, speed: doing.kind === 'driving' ? doing.mover.speed : 0, running };
    },
    get body() {
      const speed = doing.kind === 'walking' || doing.kind === 'driving' ? doing.mover.speed : 0;
      const activity: Activity =
        doing.kind === 'driving' || doing.kind === 'walking' ? doing.kind : doing.errand.kind;
      return { spot: bodySpot, speed, activity };
    },
    get shoppingTrips() {
      return shoppingTrips;
    },
    step(seconds) {
      switch (doing.kind) {
        case 'driving': {
          car.drive(seconds, doing.mover.advance(seconds));
          carSpot = doing.mover.spot;
          bodySpot = carSpot;
          if (doing.mover.arrived) doing = arriveByCar(doing.errand);
          return;
        }
        case 'walking': {
          car.stand(seconds);
          doing.mover.advance(seconds);
          bodySpot = doing.mover.spot;
          if (doing.mover.arrived) doing = arriveOnFoot(doing.to, doing.errand);
          return;
        }
        case 'refuelling': {
          if (!car.refuel(seconds)) return;
          last = 'fuel_station';
          doing = drive(errands.next(bodySpot.point, last, car.fuel));
          return;
        }
        case 'staying': {
          car.stand(seconds);
          doing.secondsLeft -= seconds;
          if (doing.secondsLeft <= 0) doing = leave();
          return;
        }
        default:
          doing satisfies never;
      }
    },
  };
}
