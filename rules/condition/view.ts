import { purposesOfMetric } from '../document/purposes.ts';
import type { DeviceType } from '../readings/device-type.ts';
import { PURPOSES, type Purpose } from '../step.ts';

/**
 * What of a device a person's consents let any rule see. Rules say beforehand what they read, and are not asked where a purpose is
 * lacking (`no_consent`); this holds even where a text finds a way to read what it did not say.
 */
export interface View {
  readonly position: boolean;
  metric(name: string): boolean;
}

/** For samples, where nobody's consent is asked. */
export const EVERYTHING: View = { position: true, metric: () => true };

/** Made once for the same device types, and for each set of purposes. */
const known = new WeakMap<readonly DeviceType[], Map<string, View>>();

export function viewOf(granted: readonly Purpose[], deviceTypes: readonly DeviceType[]): View {
  const views = known.get(deviceTypes) ?? new Map<string, View>();
  known.set(deviceTypes, views);
  const key = PURPOSES.filter((purpose) => granted.includes(purpose)).join();
  const view = views.get(key) ?? makeView(granted, deviceTypes);
  views.set(key, view);
  return view;
}

function makeView(granted: readonly Purpose[], deviceTypes: readonly DeviceType[]): View {
  if (PURPOSES.every((purpose) => granted.includes(purpose))) return EVERYTHING;
  const isGranted = (name: string) =>
    purposesOfMetric(name, deviceTypes).every((purpose) => granted.includes(purpose));
  const described = new Map(
    deviceTypes.flatMap((type) => Object.keys(type.metrics)).map((name) => [name, isGranted(name)]),
  );
  const seesOthers = granted.includes('device_offers');
  return {
    position: granted.includes('location_offers'),
    metric: (name) => described.get(name) ?? seesOthers,
  };
}
