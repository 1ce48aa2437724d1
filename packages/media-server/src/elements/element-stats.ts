// What `getStats` says of an element itself, in Kurento's shapes (ElementStats, EndpointStats). What it says of RTP is in
// rtp-stats.ts, of data channels in data/.
import type { MediaType } from '@parley/protocol';
import type { LatencyProbe } from '../forwarding/latency-probe.ts';

/** One entry of `getStats`: a Kurento type derived from `Stats`, by its name in `__type__`. */
export interface StatsRecord {
  readonly __type__: string;
  readonly id: string;
  readonly type: string;
  /** In ms since 1970. */
  readonly timestampMillis: number;
  readonly [field: string]: unknown;
}

/** Where an element is fed from: which media, by what name, and how late it comes. */
export interface MeasuredInput {
  readonly type: MediaType;
  readonly sinkDescription: string;
  readonly probe: LatencyProbe | undefined;
}

/** Latencies are those of the inputs that are measured at present. `isEndpoint`: media leaves the server there. */
export function elementStats(id: string, isEndpoint: boolean, inputs: readonly MeasuredInput[]): StatsRecord {
  const latencies = (which: 'input' | 'endToEnd') =>
    inputs.flatMap(({ type, sinkDescription, probe }) => {
      const avg = probe?.[which].averageNs;
      const name = `sink_${type.toLowerCase()}_${sinkDescription}`;
      return avg === undefined ? [] : [{ name, type, avg }];
    });
  return {
    __type__: isEndpoint ? 'EndpointStats' : 'ElementStats',
    id,
    type: isEndpoint ? 'endpoint' : 'element',
    timestampMillis: Date.now(),
    inputLatency: latencies('input'),
    ...(isEndpoint ? { E2ELatency: latencies('endToEnd') } : {}),
  };
}
