import fc from 'fast-check';
import { expect, it, onTestFinished } from 'vitest';
import { createSubjects } from '../../../gateway/engine/subjects.ts';
import { migrate } from '../../../gateway/records/migrate.ts';
import { openRecords } from '../../../gateway/records/open.ts';
import { emptyMemory } from '../../../rules/memory.ts';

const SUBJECTS = ['c:ann', 'c:ben', 'd:van'];

const action = fc.oneof(
  { weight: 4, arbitrary: fc.record({ subject: fc.constantFrom(...SUBJECTS), inMs: fc.nat(60) }) },
  { weight: 1, arbitrary: fc.record({ subject: fc.constantFrom(...SUBJECTS), inMs: fc.constant(null) }) },
  { weight: 2, arbitrary: fc.record({ passMs: fc.nat(40) }) },
);

it('each subject is given when it is due, once, however often its time was put off or brought forward', async () => {
  const db = openRecords(':memory:');
  onTestFinished(() => db.destroy());
  await migrate(db);
  let given = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 20, maxLength: 60 }), async (actions) => {
      const subjects = createSubjects(db);
      await subjects.prepare(SUBJECTS);
      const wanted = new Map<string, number>();
      let now = 0;
      for (const one of actions) {
        if ('passMs' in one) {
          now += one.passMs;
          const due = [...wanted].filter(([, at]) => at <= now).map(([subject]) => subject);
          for (const subject of due) wanted.delete(subject);
          given += due.length;
          expect(subjects.takeDue(now).toSorted()).toEqual(due.toSorted());
        } else if (one.inMs === null) {
          wanted.delete(one.subject);
          subjects.set(one.subject, emptyMemory, null);
        } else {
          wanted.set(one.subject, now + one.inMs);
          subjects.set(one.subject, emptyMemory, now + one.inMs);
        }
        expect(subjects.nextWakeAt()).toBe(wanted.size === 0 ? null : Math.min(...wanted.values()));
      }
    }),
    { numRuns: 500, seed: 11 },
  );
  expect(given).toBeGreaterThan(500);
});
