/** A phone's disk as data: every database with its schema and rows, to be copied, kept as a file and put back. */
import { IDBFactory } from 'fake-indexeddb';

export interface StoreShape {
  name: string;
  keyPath: string | string[] | null;
  autoIncrement: boolean;
  indexes: string[];
}
export interface DatabaseShape {
  name: string;
  version: number;
  stores: StoreShape[];
}
/** Rows by database and store. */
export interface Disk {
  shape: DatabaseShape[];
  rows: Record<string, Record<string, unknown[]>>;
}

const settled = <T>(request: IDBRequest<T>) =>
  new Promise<T>((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

export async function read(factory: IDBFactory): Promise<Disk> {
  const disk: Disk = { shape: [], rows: {} };
  const names = (await factory.databases()).map(({ name }) => name as string);
  for (const name of names.sort()) {
    const db = await settled(factory.open(name));
    const stores = [...db.objectStoreNames].sort();
    const tx = db.transaction(stores, 'readonly');
    const shapes = stores.map((store) => shapeOf(tx.objectStore(store)));
    disk.shape.push({ name, version: db.version, stores: shapes });
    const rows = await Promise.all(stores.map((store) => settled(tx.objectStore(store).getAll())));
    disk.rows[name] = Object.fromEntries(stores.map((store, i) => [store, rows[i] as unknown[]]));
    db.close();
  }
  return disk;
}

function shapeOf(store: IDBObjectStore): StoreShape {
  const { name, keyPath, autoIncrement } = store;
  return { name, keyPath, autoIncrement, indexes: [...store.indexNames] };
}

/** A disk with this on it, as the app that wrote it left it. */
export async function write(disk: Disk): Promise<IDBFactory> {
  const factory = new IDBFactory();
  for (const { name, version, stores } of disk.shape) {
    const request = factory.open(name, version);
    request.onupgradeneeded = () => {
      for (const { name: store, keyPath, autoIncrement } of stores)
        request.result.createObjectStore(store, { keyPath, autoIncrement });
    };
    const db = await settled(request as unknown as IDBRequest<IDBDatabase>);
    const names = stores.map((store) => store.name);
    const tx = db.transaction(names, 'readwrite');
    for (const store of names)
      for (const row of disk.rows[name]?.[store] ?? []) tx.objectStore(store).put(row);
    await new Promise((resolve) => {
      tx.oncomplete = resolve;
    });
    db.close();
  }
  return factory;
}

export const copy = async (factory: IDBFactory): Promise<IDBFactory> => write(await read(factory));
