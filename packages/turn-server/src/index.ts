// What the other packages may use of @parley/turn-server.
export * from './credentials.ts';
export type { PermittedPeer } from './node/peer-aliases.ts';
export type { StreamLimits } from './node/stream-connection.ts';
export {
  startTurnServer,
  type ListenerOptions,
  type RelayAddress,
  type RunningTurnServer,
  type TurnServerOptions,
} from './node/turn-server.ts';
export { canonicalAddress, PeerPolicy } from './peer-policy.ts';
export type { AllocationSummary } from './protocol/allocation.ts';
export type { ClientTransport } from './protocol/five-tuple.ts';
export { DEFAULT_QUOTAS, type TurnQuotas } from './protocol/quotas.ts';
export { probeTurn, type TurnProbeRequest, type TurnProbeResult } from './probe.ts';
export { parseTurnUrl, type TurnUrl } from './probe/turn-url.ts';
export { addressText, type TurnEvent } from './turn-event.ts';
