// Kurento's RembParams as an application sets and reads them.
import { KurentoError } from '@parley/protocol';
import { HIGH_LOSS, START_BITRATE } from '../forwarding/receive-bandwidth.ts';
import type { RembParameters } from '../forwarding/remb-growth.ts';

/** The original's, in bits per second; its model names no default. */
const LINEAL_FACTOR_MIN = 50;

export interface RembParams extends RembParameters {
  /** Kept and read, and without effect: what is lost is counted per report here, not over so many packets. */
  readonly packetsRecvIntervalTop: number;
}

/** What holds as long as nothing was set, as far as it can be said in these words; the rest has no counterpart. */
export const OWN_REMB_PARAMS: Partial<RembParams> = {
  exponentialFactor: 0.04,
  upLosses: Math.round(HIGH_LOSS * 256),
  rembOnConnect: START_BITRATE,
};

/**
 * `given`: with the model's defaults filled in.
 * @throws KurentoError MEDIA_OBJECT_ILLEGAL_PARAM_ERROR for values that make no bitrate
 */
export function checkedRembParams(given: Partial<RembParams>): RembParams {
  const params = { linealFactorMin: LINEAL_FACTOR_MIN, ...withoutUndefined(given) } as RembParams;
  const { decrementFactor, exponentialFactor, linealFactorGrade, linealFactorMin, rembOnConnect } = params;
  const { thresholdFactor, upLosses } = params;
  const isSound =
    exponentialFactor >= 0 &&
    linealFactorGrade > 0 &&
    linealFactorMin >= 0 &&
    isShare(decrementFactor) &&
    isShare(thresholdFactor) &&
    upLosses >= 0 &&
    rembOnConnect > 0;
  if (isSound) return params;
  throw new KurentoError(
    'MEDIA_OBJECT_ILLEGAL_PARAM_ERROR',
    'RembParams: factors of growth and losses are at least 0, decrementFactor and thresholdFactor above 0 and at most 1, linealFactorGrade and rembOnConnect above 0',
  );
}

function isShare(factor: number): boolean {
  return factor > 0 && factor <= 1;
}

function withoutUndefined(given: Partial<RembParams>): Partial<RembParams> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
