/** What became of an offer, to be told to the gateway. */
export interface PendingReceipt {
  readonly token: string;
  readonly kind: 'shown' | 'clicked' | 'dismissed';
  /** Epoch ms. */
  readonly at: number;
}

const DATABASE = 'wayside';
const VERSION = 2;
/** Ids are kept this long after their offer's end: a push service may hold a message for 4 weeks at most. */
const KEEP_SHOWN_MS = 28 * 24 * 3_600_000;
const MAX_RECEIPTS = 100;

/** What page and worker both know of this browser; like all here, in IndexedDB, for a worker's lives are short. */
export interface Facts {
  /** Who has turned on offers here, and not turned them off; null for nobody any more. */
  readonly pushFor: string | null;
  /** What notifications are to be worded in. */
  readonly language: string;
  /** Token of an offer on which everything was stopped, until the gateway knows it; null where it does. */
  readonly stopping: string | null;
}

function open(): Promise<IDBDatabase> {
  const opening = indexedDB.open(DATABASE, VERSION);
  opening.onupgradeneeded = ({ oldVersion }) => {
    if (oldVersion < 1) {
      opening.result.createObjectStore('shown', { keyPath: 'id' }).createIndex('until', 'until');
      opening.result.createObjectStore('receipts', { autoIncrement: true });
    }
    opening.result.createObjectStore('facts');
  };
  return result(opening);
}

function result<Value>(request: IDBRequest<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function committed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
    transaction.onerror = () => reject(transaction.error);
  });
}

/** Does something in a store, in one transaction, and waits until that is on its way to the disk. */
async function inStore<Value>(
  name: 'shown' | 'receipts' | 'facts',
  mode: IDBTransactionMode,
  act: (store: IDBObjectStore) => Promise<Value>,
): Promise<Value> {
  const database = await open();
  try {
    const transaction = database.transaction(name, mode);
    const [value] = await Promise.all([act(transaction.objectStore(name)), committed(transaction)]);
    return value;
  } finally {
    database.close();
  }
}

/**
 * Says whether this id may be shown now, and remembers it: true once for each id, also when two pushes race, for
 * read-write transactions of one store run one after the other.
 */
export function claimShowing(id: string, expiresAt: number, now: number): Promise<boolean> {
  return inStore('shown', 'readwrite', async (shown) => {
    shown.index('until').openCursor(IDBKeyRange.upperBound(now)).onsuccess = deleteAll;
    const isNew = (await result(shown.getKey(id))) === undefined;
    if (isNew) shown.add({ id, until: Math.max(expiresAt, now) + KEEP_SHOWN_MS });
    return isNew;
  });
}

function deleteAll(this: IDBRequest<IDBCursorWithValue | null>): void {
  this.result?.delete();
  this.result?.continue();
}

/** Takes the claim back, where the notification could not be shown after all. */
export function releaseShowing(id: string): Promise<void> {
  return inStore('shown', 'readwrite', (shown) => result(shown.delete(id)));
}

/** Keeps a receipt for later; beyond a hundred the oldest go. */
export function keepReceipt(receipt: PendingReceipt): Promise<void> {
  return inStore('receipts', 'readwrite', async (receipts) => {
    receipts.add(receipt);
    const keys = await result(receipts.getAllKeys());
    for (const key of keys.slice(0, Math.max(0, keys.length - MAX_RECEIPTS))) receipts.delete(key);
  });
}

/** The receipt that has been kept for longest, and its key; null where none is. */
export function oldestReceipt(): Promise<{
  readonly key: IDBValidKey;
  readonly receipt: PendingReceipt;
} | null> {
  return inStore('receipts', 'readonly', async (receipts) => {
    const cursor = await result(receipts.openCursor());
    return cursor === null ? null : { key: cursor.key, receipt: cursor.value as PendingReceipt };
  });
}

/** Lets a receipt go that was told. */
export function dropReceipt(key: IDBValidKey): Promise<void> {
  return inStore('receipts', 'readwrite', (receipts) => result(receipts.delete(key)));
}

/** Remembers a fact. */
export async function remember<Name extends keyof Facts>(name: Name, fact: Facts[Name]): Promise<void> {
  await inStore('facts', 'readwrite', (facts) => result(facts.put(fact, name)));
}

/** What was remembered; undefined where nothing was. */
export function recall<Name extends keyof Facts>(name: Name): Promise<Facts[Name] | undefined> {
  return inStore('facts', 'readonly', (facts) => result(facts.get(name)));
}
