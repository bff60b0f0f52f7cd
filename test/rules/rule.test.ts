import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { purposesOf } from '../../rules/compiled-rule.ts';
import { parseRule } from '../../rules/document/rule.ts';
import { BUILT_IN_DEVICE_TYPES } from '../../rules/readings/device-type.ts';
import { must, rule } from './scenario.ts';

const context = {
  deviceTypes: BUILT_IN_DEVICE_TYPES,
  placeIds: ['cafe', 'mall'],
  tags: ['coffee', 'fuel_station'],
};

const WHOLE = `
id: fuel-when-low
name: Fuel offer at a station when the tank is low
trigger: { place: { tag: fuel_station }, on: dwell, for: PT5M }
when: device.type == "car" && metrics.fuel < 0.15
schedule: { days: [mon, fri], hours: "07:00-22:00", timezone: consumer, until: 2026-12-31 }
limits: { cooldown: PT6H, perConsumer: { count: 2, per: P1D }, quietHours: ignore }
offer:
  title: "5 ct off a litre at {{ place.name }}"
  body: "{% if metrics.fuel < 0.05 %}Soon empty{% else %}{{ metrics.fuel | times: 100 | round }} %{% endif %}"
  url: "https://example.org/{{ place.id | url_encode }}"
  expires: PT30M
`;

/** Problems of a document as `path: message`. */
function problemsOf(document: unknown): string[] {
  const parsed = parseRule(document, context);
  return parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path}: ${message}`);
}

const valid = {
  id: 'hello',
  trigger: { place: { id: 'cafe' }, on: 'enter' },
  offer: { title: 'Hello', body: 'Coffee' },
};
const withTrigger = (trigger: unknown) => problemsOf({ ...valid, trigger });
const withOffer = (offer: object) => problemsOf({ ...valid, offer: { ...valid.offer, ...offer } });
const withWhen = (when: unknown, trigger: object = valid.trigger) => problemsOf({ ...valid, trigger, when });

describe('a rule document', () => {
  it('has an id that can be a key of JSON objects', () => {
    expect(problemsOf({ ...valid, id: '__proto__' })).toEqual(['id: must be another name than __proto__']);
    expect(problemsOf({ ...valid, id: 'constructor' })).toEqual([]);
  });

  it('in YAML becomes plain data', () => {
    const parsed = must(parseRule(parseYaml(WHOLE), context));
    expect(JSON.parse(JSON.stringify(parsed))).toEqual(parsed);
    expect(parsed).toMatchObject({
      id: 'fuel-when-low',
      trigger: { kind: 'place', place: { kind: 'tag', tag: 'fuel_station' }, on: 'dwell', forMs: 300_000 },
      schedule: {
        days: ['mon', 'fri'],
        hours: { from: 420, to: 1320 },
        timezone: { kind: 'consumer' },
        until: '2026-12-31',
      },
      limits: {
        cooldownMs: 21_600_000,
        perConsumer: { count: 2, perMs: 86_400_000 },
        ignoreQuietHours: true,
      },
      offer: { expiresMs: 1_800_000 },
    });
  });

  it('tells every problem at once, each with its path and the nearest name', () => {
    const problems = problemsOf({
      id: 'no good',
      trigger: { place: { tag: 'cofee' }, on: 'entr' },
      when: 'metrics.feul < 0.5',
      limit: {},
      limits: { cooldown: '6 hours', perConsumer: { count: 0, per: 'P1Y' } },
      schedule: { days: ['monday'], hours: '7-22', timezone: 'Europe/Rom', until: 'soon' },
      offer: {
        title: '{{ plac.name }}',
        body: '{{ metrics.fuel | rond }}',
        url: 'javascript:alert(1)',
        expire: 'PT5M',
      },
    });
    const has = (path: string, ...words: string[]) =>
      expect(
        problems.find(
          (problem) => problem.startsWith(`${path}: `) && words.every((word) => problem.includes(word)),
        ),
        path,
      ).toBeDefined();
    has('id', 'no good');
    has('trigger.place.tag', 'cofee', 'Did you mean "coffee"?');
    has('trigger.on', 'Did you mean "enter"?');
    has('when', 'metrics.feul', 'Did you mean "fuel"?');
    has('limit', 'Did you mean "limits"?');
    has('limits.cooldown', 'ISO 8601', '6 hours');
    has('limits.perConsumer.count', '1 to 1000');
    has('limits.perConsumer.per', 'P1Y');
    has('schedule.days.0', 'Did you mean "mon"?');
    has('schedule.hours', '07:00-22:00');
    has('schedule.timezone', 'Europe/Rom');
    has('schedule.until', 'soon');
    has('offer.title', 'plac', 'Did you mean "place"?');
    has('offer.body', 'Did you mean "round"?');
    has('offer.url', 'https://');
    has('offer.expire', 'Did you mean "expires"?');
    expect(problems).toHaveLength(16);
  });

  it('ends on a day that the calendar has', () => {
    const until = (day: string) => problemsOf({ ...valid, schedule: { until: day } });
    for (const day of ['2026-02-28', '2028-02-29', '2000-02-29', '2026-12-31'])
      expect(until(day)).toEqual([]);
    for (const day of ['2026-02-29', '2026-02-31', '2100-02-29', '2026-04-31', '2026-13-01', '2026-00-10'])
      expect(until(day)).toEqual([expect.stringContaining(day)]);
  });

  it('of no sensible shape is refused, and throws nothing', () => {
    for (const document of [
      null,
      undefined,
      5,
      'rule',
      [],
      {},
      { trigger: [] },
      { ...valid, offer: null },
      { ...valid, limits: 'none' },
    ]) {
      expect(problemsOf(document).length).toBeGreaterThan(0);
    }
  });

  it('tells what it does not know of what other people declared', () => {
    const known = {
      ...context,
      segments: ['commuters'],
      campaigns: ['spring-2026'],
      codePools: ['fuel-pool'],
      traits: [{ name: 'plan', kind: 'string' }],
    } as const;
    const parsed = parseRule(
      {
        ...valid,
        trigger: { place: { id: 'cafe' }, on: 'aproach', within: 'PT2H' },
        when: '"comuters" in segments && consumer.attributes.plam == "gold"',
        audience: { segment: 'comuters' },
        schedule: { from: '2026-05-01', until: '2026-04-01' },
        limits: { total: 0 },
        weight: 1000,
        campaign: 'spring',
        experiment: {
          holdout: 2,
          variants: [{ name: 'a' }, { name: 'a', weight: 0, offer: { title: '{{ code }}', body: 'x' } }],
        },
        offer: { title: '{{ consumer.attributes.plam }}', body: 'x', code: 'fuel-pol' },
      },
      known,
    );
    expect(parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path}: ${message}`)).toEqual([
      'trigger.on: must be one of enter, exit, dwell, approach, pass; found "aproach". Did you mean "approach"?',
      'when: "consumer.attributes.plam" is not known; consumer.attributes has plan. Did you mean "plan"?',
      'when: there is no segment "comuters". Did you mean "commuters"?',
      'audience.segment: there is no segment "comuters". Did you mean "commuters"?',
      'schedule.until: must not lie before schedule.from, which is 2026-05-01; found 2026-04-01',
      'limits.total: must be a whole number from 1 to 1000000000, found 0',
      'weight: must be a number from 0.01 to 100, found 1000',
      'campaign: there is no campaign "spring". Did you mean "spring-2026"?',
      'offer.code: there is no code pool "fuel-pol". Did you mean "fuel-pool"?',
      'offer.title: "consumer.attributes.plam" is not known; consumer.attributes has plan. Did you mean "plan"?',
      'experiment.holdout: must be a number from 0 to 0.9, found 2',
      'experiment.variants.1.weight: must be a number from 0.01 to 1000, found 0',
      'experiment.variants.1.offer.title: "code" is known only where the offer has a code pool (code)',
    ]);
  });

  it('may have two variants of one name no more than an offer of no text', () => {
    const offer = valid.offer;
    expect(
      problemsOf({
        ...valid,
        experiment: { variants: [{ name: 'a' }, { name: 'b', offer }, { name: 'a' }] },
      }),
    ).toEqual(['experiment.variants: two variants have the name "a"']);
    expect(
      problemsOf({ id: 'x', trigger: { event: 'e' }, experiment: { variants: [{ name: 'a' }] } }),
    ).toEqual(['experiment.variants.0.offer: must be there, for the rule has no offer of its own']);
    expect(problemsOf({ id: 'x', trigger: { event: 'e' }, experiment: {} })).toEqual([
      'offer: must be an object, found nothing',
      'experiment: must have holdout or variants',
    ]);
  });

  it('may have every field of the document', () => {
    const whole = {
      ...valid,
      trigger: { place: { id: 'cafe' }, on: 'approach', within: 'PT2M' },
      audience: { segment: 'commuters' },
      schedule: { from: '2026-01-01', until: '2026-12-31' },
      limits: { total: 10 },
      weight: 2.5,
      campaign: 'spring',
      experiment: { holdout: 0.1, variants: [{ name: 'a' }, { name: 'b', weight: 3, offer: valid.offer }] },
      offer: { title: 'Yours: {{ code }}', body: 'x', code: 'pool' },
    };
    const parsed = must(parseRule(whole, context));
    expect(parsed).toMatchObject({
      trigger: { on: 'approach', withinMs: 120_000 },
      audience: { segment: 'commuters' },
      limits: { total: 10 },
      weight: 2.5,
      campaign: 'spring',
      offer: { code: 'pool' },
    });
    expect(parsed.experiment?.variants).toMatchObject([
      { name: 'a', weight: 1, offer: { code: 'pool' } },
      { name: 'b', weight: 3, offer: { code: null } },
    ]);
  });
});

describe('a trigger', () => {
  it('is exactly one of place, metric, event', () => {
    expect(withTrigger({})[0]).toContain('exactly one of place, metric, event; found none');
    expect(withTrigger({ event: 'x', metric: { name: 'fuel', below: 1 } })[0]).toContain(
      'found metric and event',
    );
    expect(withTrigger({ event: 'x', on: 'enter' })[0]).toContain('belongs to a place trigger');
  });

  it('names things that exist', () => {
    expect(withTrigger({ place: { id: 'caffe' }, on: 'enter' })[0]).toContain('Did you mean "cafe"?');
    expect(withTrigger({ place: { id: 'cafe', tag: 'coffee' }, on: 'enter' })[0]).toContain(
      'either id or tag',
    );
    expect(withTrigger({ metric: { name: 'fule', below: 1 } })[0]).toContain('Did you mean "fuel"?');
    expect(withTrigger({ metric: { name: 'door', below: 1 } })[0]).toContain('is a boolean');
  });

  it('names whatever a reading may carry', () => {
    expect(withTrigger({ event: 'e'.repeat(256) })).toEqual([]);
    expect(withTrigger({ event: 'e'.repeat(257) })[0]).toContain('1 to 256');
    const deviceTypes = [
      {
        id: 'probe',
        name: 'Probe',
        mobile: false,
        metrics: { ['m'.repeat(128)]: { unit: '', kind: 'number', sensitivity: 'none' } },
        unknownMetrics: 'keep',
      },
    ] as const;
    const named = { ...valid, trigger: { metric: { name: 'm'.repeat(128), below: 1 } } };
    expect(parseRule(named, { deviceTypes })).toMatchObject({ ok: true });
  });

  it('has its own fields only', () => {
    expect(withTrigger({ place: { id: 'cafe' }, on: 'dwell' })[0]).toContain('trigger.for');
    expect(withTrigger({ place: { id: 'cafe' }, on: 'enter', for: 'PT5M' })[0]).toContain('belongs to dwell');
    expect(withTrigger({ metric: { name: 'fuel' } })[0]).toContain('either below or above');
    expect(withTrigger({ metric: { name: 'fuel', below: 0.2, rearm: 0.1 } })[0]).toContain('at or above');
  });
});

describe('a condition', () => {
  it('is checked against the types of the metrics', () => {
    expect(withWhen('metrics.fuel < 0.5 && metrics.door && metrics.network == "wifi"')).toEqual([]);
    expect(withWhen('metrics.fuel == "low"')[0]).toContain(
      'metrics.fuel == "low": a number cannot be compared with a text',
    );
    expect(withWhen('metrics.fuel')[0]).toContain('must be true or false, but gives a number');
    expect(withWhen('1')[0]).toContain('must be true or false, but gives a number');
    expect(withWhen('place.name')[0]).toContain('must be true or false, but gives a text');
    expect(withWhen('metrics.fuel <')[0]).toContain('is not a CEL expression');
    expect(withWhen('metrics["fuel"] + 1 < 2 && now.getHours() > 3 && size(place.tags) > 0')).toEqual([]);
    expect(withWhen('place.tags.exists(t, t.startsWith("chain:"))')).toEqual([]);
    expect(withWhen('consumer.attributes.plan == "gold" && has(position.speed)')).toEqual([]);
  });

  it('knows place and visit only where the trigger is a place', () => {
    expect(withWhen('place.name == "x"', { event: 'purchase' })[0]).toContain(
      '"place" is known only where the trigger is a place',
    );
  });

  it('cannot stall the thread', () => {
    expect(withWhen('place.name.matches("(a+)+$")')[0]).toContain('matches() is not allowed');
    expect(withWhen(Array.from({ length: 400 }, () => 'true').join(' && '))[0]).toContain('when: ');
    expect(withWhen('x'.repeat(3000))[0]).toContain('1 to 2000');
  });
});

describe('an offer', () => {
  it('has templates that neither loop nor read files, the clock or dice', () => {
    expect(withOffer({ title: '{% for i in (1..9) %}{% endfor %}' })[0]).toContain(
      'the tag "for" is not known',
    );
    expect(withOffer({ title: "{% include 'x' %}" })[0]).toContain('the tag "include" is not known');
    expect(withOffer({ title: '{{ "now" | date: "%Y" }}' })[0]).toContain('the filter "date" is not known');
    expect(withOffer({ title: '{{ place.name' })[0]).toContain('offer.title');
    expect(withOffer({ title: 'x'.repeat(2001) })[0]).toContain('1 to 2000');
    expect(withOffer({ title: '{% assign a = place.name %}{{ a | upcase }}' })).toEqual([]);
  });

  it('leads to a host that the author chose', () => {
    for (const url of [
      'http://example.org',
      'ftp://x',
      '{{ place.name }}',
      'https://{{ place.name }}',
      'https://example.org@evil.org',
      '//x.org',
    ]) {
      expect(withOffer({ url })[0], url).toContain('offer.url');
    }
    for (const url of [
      'https://example.org',
      'https://example.org:8443/a?b={{ place.id }}',
      'http://localhost:8080/',
    ]) {
      expect(withOffer({ url })).toEqual([]);
    }
  });
});

describe('the purposes of a rule', () => {
  const purposes = (document: object) => purposesOf(rule({ ...valid, ...document }), BUILT_IN_DEVICE_TYPES);

  it('are derived from its trigger and its condition, as a union', () => {
    expect(purposes({})).toEqual(['location_offers']);
    expect(purposes({ when: 'metrics.fuel < 0.5' })).toEqual(['location_offers', 'device_offers']);
    expect(purposes({ when: 'metrics["heartRate"] > 100.0' })).toEqual(['location_offers', 'health_offers']);
    expect(purposes({ trigger: { event: 'purchase' } })).toEqual(['device_offers']);
    expect(
      purposes({
        trigger: { event: 'purchase' },
        offer: { title: 'Well done', body: 'Your pulse was {{ metrics.heartRate }}', expires: 'PT30M' },
      }),
    ).toEqual(['device_offers', 'health_offers']);
    expect(purposes({ trigger: { event: 'purchase' }, when: 'position.lat > 50' })).toEqual([
      'location_offers',
      'device_offers',
    ]);
    expect(purposes({ trigger: { metric: { name: 'heartRate', above: 150 } } })).toEqual(['health_offers']);
    expect(purposes({ trigger: { metric: { name: 'fuel', below: 0.1 } } })).toEqual(['device_offers']);
  });

  it('cover every text that a consumer may get, whatever the variant', () => {
    const pulse = { title: '{{ metrics.heartRate }}', body: 'x' };
    expect(
      purposes({
        trigger: { event: 'purchase' },
        experiment: { variants: [{ name: 'a' }, { name: 'b', offer: pulse }] },
      }),
    ).toEqual(['device_offers', 'health_offers']);
  });

  it('cannot be hidden: a health metric that is read at all needs its own', () => {
    const event = { trigger: { event: 'purchase' } };
    for (const when of [
      'metrics["heartRate"] > 100.0',
      'metrics[device.type] == 1.0',
      '[metrics].exists(m, m.heartRate > 100.0)',
      '[1].exists(x, metrics.heartRate > 100.0)',
      '[metrics.heartRate].exists(metrics, metrics > 100.0)',
      'has(metrics.heartRate)',
      'device.type == "car" ? true : metrics.heartRate > 1',
    ]) {
      expect(problemsOf({ ...valid, ...event, when }), when).toEqual([]);
      expect(purposes({ ...event, when }), when).toContain('health_offers');
    }
    for (const title of [
      '{{ metrics["heartRate"] }}',
      '{{ metrics[device.type] }}',
      '{{ metrics[device.type].battery }}',
      '{% assign m = metrics %}{{ m.heartRate }}',
      '{% capture x %}{{ metrics.heartRate }}{% endcapture %}{{ x }}',
      '{% if metrics.heartRate > 100 %}a{% else %}b{% endif %}',
      '{% case metrics.heartRate %}{% when 1 %}a{% else %}b{% endcase %}',
      '{{ device.id | append: metrics.heartRate }}',
      '{{ device[metrics.heartRate] }}',
    ]) {
      const document = { ...event, offer: { title, body: 'x' } };
      expect(problemsOf({ ...valid, ...document }), title).toEqual([]);
      expect(purposes(document), title).toContain('health_offers');
    }
  });
});
