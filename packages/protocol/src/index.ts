export * from './ids.ts';
export * from './signalling.ts';
export * from './rest.ts';
export * from './json-rpc/peer.ts';
