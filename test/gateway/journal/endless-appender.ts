import { createSqliteJournal } from '../../../gateway/journal/sqlite-journal.ts';
import { entryOf } from '../../conformance/journal-entry.ts';

/** A process that appends until it is killed, and says of each entry when it is kept. */
const journal = createSqliteJournal({ file: process.argv[2] ?? '' });
await journal.start();
for (let n = 0; ; n += 10) {
  await Promise.all(
    Array.from({ length: 10 }, (_, m) =>
      journal.append(entryOf(n + m)).then(() => process.stdout.write(`${n + m}\n`)),
    ),
  );
}
