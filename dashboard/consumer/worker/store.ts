/** What the service worker remembers between its short lives, in IndexedDB. */
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

/** What page and worker both know of this browser. */
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

/**
 * Says whether this id may be shown now, and remembers it: true once for each id, also when two pushes race, for
 * read-write transactions of one store run one after the other.
 */
export async function claimShowing(id: string, expiresAt: number, now: number): Promise<boolean> {
  const database = await open();
  try {
    const transaction = database.transaction('shown', 'readwrite');
    const done = committed(transaction);
    const shown = transaction.objectStore('shown');
    shown.index('until').openCursor(IDBKeyRange.upperBound(now)).onsuccess = deleteAll;
    const isNew = (await result(shown.getKey(id))) === undefined;
    if (isNew) shown.add({ id, until: Math.max(expiresAt, now) + KEEP_SHOWN_MS });
    await done;
    return isNew;
  } finally {
    database.close();
  }
}

function deleteAll(this: IDBRequest<IDBCursorWithValue | null>): void {
  this.result?.delete();
  this.result?.continue();
}

/** Takes the claim back, where the notification could not be shown after all. */
export async function releaseShowing(id: string): Promise<void> {
  const database = await open();
  try {
    const transaction = database.transaction('shown', 'readwrite');
    transaction.objectStore('shown').delete(id);
    await committed(transaction);
  } finally {
    database.close();
  }
}

/** Keeps a receipt for later; beyond a hundred the oldest go. */
export async function keepReceipt(receipt: PendingReceipt): Promise<void> {
  const database = await open();
  try {
    const transaction = database.transaction('receipts', 'readwrite');
    const done = committed(transaction);
    const receipts = transaction.objectStore('receipts');
    receipts.add(receipt);
    const keys = await result(receipts.getAllKeys());
    for (const key of keys.slice(0, Math.max(0, keys.length - MAX_RECEIPTS))) receipts.delete(key);
    await done;
  } finally {
    database.close();
  }
}

/** Takes all kept receipts out, oldest first. */
export async function takeReceipts(): Promise<readonly PendingReceipt[]> {
  const database = await open();
  try {
    const transaction = database.transaction('receipts', 'readwrite');
    const done = committed(transaction);
    const receipts = transaction.objectStore('receipts');
    const all = (await result(receipts.getAll())) as PendingReceipt[];
    receipts.clear();
    await done;
    return all;
  } finally {
    database.close();
  }
}

/** Remembers a fact. */
export async function remember<Name extends keyof Facts>(name: Name, fact: Facts[Name]): Promise<void> {
  const database = await open();
  try {
    const transaction = database.transaction('facts', 'readwrite');
    transaction.objectStore('facts').put(fact, name);
    await committed(transaction);
  } finally {
    database.close();
  }
}

/** What was remembered; undefined where nothing was. */
export async function recall<Name extends keyof Facts>(name: Name): Promise<Facts[Name] | undefined> {
  const database = await open();
  try {
    return (await result(database.transaction('facts').objectStore('facts').get(name))) as
      | Facts[Name]
      | undefined;
  } finally {
    database.close();
  }
}
