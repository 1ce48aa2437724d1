export * from './ids.ts';
export * from './signalling.ts';
export * from './rest.ts';
export * from './json-rpc/peer.ts';
export * from './kurento/errors.ts';
export type * from './kurento/declarations.ts';
export * from './kurento/model.ts';
export * from './kurento/events.ts';
