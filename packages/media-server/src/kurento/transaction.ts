// Several requests in one, the later ones naming results of earlier ones. Reads and rewrites; executes nothing.
import { KurentoError } from '@parley/protocol';
import { isRecord, type Params, type Response } from './messages.ts';

export interface TransactionStep {
  readonly id: number;
  readonly method: string;
  readonly params: Params;
}

/** Clients put together what belongs to one object or one call; bounds the size of the answer. */
const MAX_STEPS = 1_000;

const REFERENCE = /^newref:(\d{1,9})$/;

/**
 * The steps in order: each is numbered with its place.
 * @throws KurentoError PROTOCOL_FIELD_ERROR, MALFORMED_TRANSACTION, NOT_ENOUGH_RESOURCES
 */
export function readSteps(operations: unknown): TransactionStep[] {
  if (operations === undefined)
    throw new KurentoError('PROTOCOL_FIELD_ERROR', `'operations' parameter is required`);
  if (!Array.isArray(operations))
    throw new KurentoError('PROTOCOL_FIELD_ERROR', `'operations' parameter should be a list`);
  if (operations.length > MAX_STEPS)
    throw new KurentoError('NOT_ENOUGH_RESOURCES', `A transaction has at most ${MAX_STEPS} operations`);
  return operations.map((operation: unknown, index) => {
    if (!isRecord(operation) || operation.id !== index || typeof operation.method !== 'string')
      throw malformed(`Operation ${index} of the transaction is no request with the id ${index}`);
    if (operation.method === 'transaction') throw malformed('A transaction cannot be part of another one');
    return {
      id: index,
      method: operation.method,
      params: isRecord(operation.params) ? operation.params : {},
    };
  });
}

/**
 * Puts the values of earlier steps in the place of the references to them, wherever in `params`.
 * @throws KurentoError MALFORMED_TRANSACTION for a reference to what is not there
 */
export function resolveReferences(params: Params, earlier: readonly Response[]): Params {
  return replace(params, earlier) as Params;
}

function replace(value: unknown, earlier: readonly Response[]): unknown {
  if (Array.isArray(value)) return value.map((item) => replace(item, earlier));
  if (isRecord(value))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, replace(item, earlier)]));
  const step = typeof value === 'string' ? REFERENCE.exec(value)?.[1] : undefined;
  if (step === undefined) return value;
  const result = earlier[Number(step)]?.result?.value;
  if (result === undefined) throw malformed(`'newref:${step}' refers to no earlier result`);
  return result;
}

function malformed(message: string): KurentoError {
  return new KurentoError('MALFORMED_TRANSACTION', message);
}
