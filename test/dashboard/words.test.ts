import { describe, expect, it } from 'vitest';
import type { PlaceFeature } from '../../dashboard/api/shapes.ts';
import { shapeInWords } from '../../dashboard/console/shape-in-words.ts';
import { readPushMessage, webAddress } from '../../dashboard/consumer/worker/push-message.ts';
import { DELIVERY_LABELS, PURPOSE_WORDS, REASON_LABELS, REASON_WORDS } from '../../dashboard/look/reasons.ts';
import { DELIVERY_STATES } from '../../gateway/http/routes/outcomes.ts';
import { PURPOSES, SUPPRESSION_REASONS } from '../../rules/step.ts';

describe('words', () => {
  it('explain every suppression reason, each in its own, and none that is not there', () => {
    expect(Object.keys(REASON_WORDS).sort()).toEqual([...SUPPRESSION_REASONS].sort());
    expect(Object.keys(REASON_LABELS).sort()).toEqual([...SUPPRESSION_REASONS].sort());
    expect(new Set(Object.values(REASON_WORDS)).size).toBe(SUPPRESSION_REASONS.length);
    for (const words of Object.values(REASON_WORDS)) expect(words.split(' ').length).toBeGreaterThan(3);
  });

  it('name every state of a delivery', () => {
    expect(Object.keys(DELIVERY_LABELS).sort()).toEqual([...DELIVERY_STATES].sort());
  });

  it('name every purpose that a person can agree to', () => {
    expect(Object.keys(PURPOSE_WORDS).sort()).toEqual([...PURPOSES].sort());
  });
});

describe('the shape of a place, in words', () => {
  const corner = [9.19, 45.46];
  const ring = [corner, [9.2, 45.46], [9.2, 45.47], corner];
  it.each([
    ['Circle, radius 75 m', { type: 'Point', coordinates: corner }, { radiusMetres: 75 }],
    ['Circle, radius 1.5 km', { type: 'Point', coordinates: corner }, { radiusMetres: 1_500 }],
    ['Circle, radius 50 km', { type: 'Point', coordinates: corner }, { radiusMetres: 50_000 }],
    [
      'Corridor, 20 m to either side',
      { type: 'LineString', coordinates: [corner, corner] },
      { corridorMetres: 20 },
    ],
    ['Polygon', { type: 'Polygon', coordinates: [ring] }, {}],
    ['Polygon with holes', { type: 'Polygon', coordinates: [ring, ring] }, {}],
    ['2 polygons', { type: 'MultiPolygon', coordinates: [[ring], [ring]] }, {}],
  ] as const)('is %s', (words, geometry, properties) => {
    const feature = { type: 'Feature', geometry, properties } as unknown as PlaceFeature;
    expect(shapeInWords(feature)).toBe(words);
  });
});

describe('a push message', () => {
  const message = {
    id: 'd1',
    title: 'Coffee',
    body: 'Here',
    url: 'https://example.com/a',
    image: 'https://example.com/i.png',
    expiresAt: 5,
    token: 't',
  };
  const payloadOf = ({ title, body, image, ...data }: Record<string, unknown>) => ({
    web_push: 8030,
    notification: { title, body, image, data },
  });

  it('is read with its links', () => {
    expect(readPushMessage(payloadOf(message))).toEqual(message);
    expect(readPushMessage(payloadOf({ id: 'd1', title: 'Coffee', expiresAt: 5 }))).toEqual({
      ...message,
      body: '',
      url: null,
      image: null,
      token: null,
    });
  });

  it.each([
    ['no id', { ...message, id: undefined }],
    ['a token that is none', { ...message, token: 1 }],
    ['no title', { ...message, title: null }],
    ['no end', { ...message, expiresAt: 'soon' }],
    ['an end that never comes', { ...message, expiresAt: Number.POSITIVE_INFINITY }],
  ])('is refused with %s', (_, changed) => {
    expect(readPushMessage(payloadOf(changed))).toBeNull();
  });

  it.each([null, 'hello', {}, { notification: null }, { notification: { title: 'Coffee' } }])(
    'is refused where it is %j',
    (payload) => {
      expect(readPushMessage(payload)).toBeNull();
    },
  );

  it.each(['javascript:alert(1)', 'data:text/html,x', '/relative', 'not a link', 7, null])(
    'never keeps %s as a link',
    (link) => {
      expect(webAddress(link)).toBeNull();
      expect(readPushMessage(payloadOf({ ...message, url: link }))?.url).toBeNull();
    },
  );

  it('is read in a browser of iOS 16, too, which has push, and no URL.canParse', () => {
    const { canParse } = URL;
    Reflect.deleteProperty(URL, 'canParse');
    try {
      expect(readPushMessage(payloadOf(message))).toEqual(message);
      expect(webAddress('/relative')).toBeNull();
    } finally {
      Object.assign(URL, { canParse });
    }
  });
});
