// What clients and the operator are told of a peer that sends more than is taken.
import { KURENTO_ERRORS } from '@parley/protocol';
import type { Flood } from '../transport/flood-gate.ts';

const { code, type } = KURENTO_ERRORS.NOT_ENOUGH_RESOURCES;

/** The fields of an `Error` event. */
export function floodError({ maxBitrate }: Flood): { description: string; errorCode: number; type: string } {
  const description =
    `The peer sends more than ${maxBitrate / 1e6} Mbit/s, or as many packets: what is above is dropped. ` +
    'If it is meant to, raise --max-receive-mbits.';
  return { description, errorCode: code, type };
}
