import type { City } from './city.ts';
import type { Random } from './random.ts';

export type ConsentPurpose = 'location_offers' | 'device_offers' | 'health_offers';

/** Who somebody is: does not change while the city runs. */
export interface Resident {
  /** For use as a consumer id: `mira-koval`. */
  readonly id: string;
  readonly name: string;
  readonly homeNode: number;
  readonly workNode: number;
  /** Metres per second. */
  readonly walkingSpeed: number;
  readonly restingHeartRate: number;
  /** What this person agrees to; a few agree to nothing. */
  readonly agreesTo: readonly ConsentPurpose[];
  /** Chances, 0 to 1, of looking at an offer and of following it once seen. */
  readonly curiosity: { readonly looks: number; readonly clicks: number };
  /** Begins with a nearly empty tank, on the last stretch to a filling station: for whom something is to happen at once. */
  readonly beginsNearFuel?: boolean;
}

const FIRST_NAMES = [
  'Ada',
  'Aldo',
  'Amira',
  'Anouk',
  'Bela',
  'Bruno',
  'Carla',
  'Ciro',
  'Dario',
  'Edda',
  'Elio',
  'Emre',
  'Fadi',
  'Freya',
  'Gino',
  'Greta',
  'Hana',
  'Hugo',
  'Ida',
  'Ivo',
  'Jana',
  'Jonas',
  'Kaja',
  'Kenji',
  'Lara',
  'Leon',
  'Lia',
  'Luca',
  'Maja',
  'Marek',
  'Mira',
  'Nadia',
  'Nico',
  'Nora',
  'Olga',
  'Omar',
  'Paola',
  'Pavel',
  'Rania',
  'Remo',
  'Rosa',
  'Sami',
  'Selma',
  'Silvio',
  'Tara',
  'Teo',
  'Uma',
  'Vera',
  'Viktor',
  'Yara',
  'Zeno',
  'Zoe',
] as const;
const LAST_NAMES = [
  'Albrecht',
  'Amato',
  'Berg',
  'Bianchi',
  'Conti',
  'Dahl',
  'Dietz',
  'Esposito',
  'Farkas',
  'Fontana',
  'Gallo',
  'Haddad',
  'Hansen',
  'Horvat',
  'Ito',
  'Jansen',
  'Kaya',
  'Koval',
  'Kuhn',
  'Lang',
  'Leone',
  'Lund',
  'Marino',
  'Mele',
  'Moretti',
  'Nagy',
  'Nowak',
  'Okafor',
  'Orsi',
  'Peeters',
  'Quast',
  'Ricci',
  'Rossi',
  'Sala',
  'Santos',
  'Testa',
  'Urban',
  'Vitale',
  'Weber',
  'Zeman',
] as const;

/** The people of a city; the n-th is the same whatever their number. */
export function createResidents(city: City, count: number, random: Random): Resident[] {
  const taken = new Set<string>();
  return Array.from({ length: count }, (_, index) => {
    const own = random.fork(`resident ${index}`);
    const name = `${own.pick(FIRST_NAMES)} ${own.pick(LAST_NAMES)}`;
    const base = name.toLowerCase().replace(' ', '-');
    const id = taken.has(base) ? `${base}-${index}` : base;
    taken.add(id);
    return {
      id,
      name,
      homeNode: own.pick(city.corners),
      workNode: own.pick(city.corners),
      walkingSpeed: own.between(1.2, 1.6),
      restingHeartRate: own.between(56, 72),
      agreesTo: consents(own),
      curiosity: { looks: own.between(0.75, 1), clicks: own.between(0.15, 0.6) },
    };
  });
}

function consents(random: Random): ConsentPurpose[] {
  if (random.chance(0.12)) return [];
  const purposes: ConsentPurpose[] = ['location_offers'];
  if (random.chance(0.85)) purposes.push('device_offers');
  if (random.chance(0.6)) purposes.push('health_offers');
  return purposes;
}
