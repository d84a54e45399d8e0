// Its own declarations of these are not where its package says they are.
declare module 'fake-indexeddb/lib/FDBDatabase' {
  const Connection: { prototype: IDBDatabase };
  export default Connection;
}
declare module 'fake-indexeddb/lib/FDBTransaction' {
  const Transaction: { prototype: IDBTransaction };
  export default Transaction;
}
