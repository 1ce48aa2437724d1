// Requests and responses of the Kurento Protocol as values: text is read and judged here, answers get their shape here.
import { KurentoError } from '@parley/protocol';

export type Params = Readonly<Record<string, unknown>>;

export interface Request {
  /** A string, number or boolean; undefined for a notification. Sent back as it came. */
  readonly id: string | number | boolean | undefined;
  readonly method: string;
  /** Undefined: none were sent. */
  readonly params: unknown;
}

export type Result = Params | null;

export interface ErrorBody {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

export interface Response {
  readonly jsonrpc: '2.0';
  readonly id: Request['id'] | null;
  readonly result?: Result;
  readonly error?: ErrorBody;
}

/** Twice what any message of the original's clients needs. What is nested deeper would overflow the stack somewhere. */
const MAX_DEPTH = 32;

export function isRecord(value: unknown): value is Params {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws KurentoError PARSE_ERROR, INVALID_REQUEST */
export function readRequest(text: string): Request {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new KurentoError('PARSE_ERROR', 'The message is not JSON');
  }
  if (!isRecord(json)) throw new KurentoError('INVALID_REQUEST', 'A message is one JSON object');
  if (isDeeper(json, MAX_DEPTH))
    throw new KurentoError('INVALID_REQUEST', 'The message is nested too deeply');
  const { jsonrpc, id, method, params } = json;
  if (jsonrpc !== '2.0') throw new KurentoError('INVALID_REQUEST', `'jsonrpc' must be "2.0"`);
  if (typeof method !== 'string') throw new KurentoError('INVALID_REQUEST', `'method' must be a string`);
  if (typeof id === 'object' && id !== null)
    throw new KurentoError('INVALID_REQUEST', `'id' must be a string or a number`);
  return { id: (id ?? undefined) as Request['id'], method, params: params ?? undefined };
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  for (const item of Object.values(value)) if (isDeeper(item, levels - 1)) return true;
  return false;
}

export function success(id: Request['id'], result: Result): Response {
  return { jsonrpc: '2.0', id, result };
}

export function failure(id: Request['id'] | null, error: KurentoError): Response {
  const data = error.type === undefined ? {} : { data: { type: error.type } };
  return { jsonrpc: '2.0', id: id ?? null, error: { code: error.code, message: error.message, ...data } };
}

/** The answer as text, or a refusal when it is longer than a string can be. */
export function writeResponse(response: Response): string {
  try {
    return JSON.stringify(response);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return JSON.stringify(
      failure(response.id, new KurentoError('NOT_ENOUGH_RESOURCES', 'The answer is too long')),
    );
  }
}

/** About as long as the value is as text, for those who count and do not send it. */
export function roughLength(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 4;
  let length = 2;
  for (const [key, item] of Object.entries(value)) length += key.length + 4 + roughLength(item);
  return length;
}

/** As the original answers what asks for no answer: executed, and the answer sent inside of an error. */
export function answerToNotification(response: Response): Response {
  const { code, message } = new KurentoError('PROTOCOL_FIELD_ERROR', 'The request has no id to answer to');
  return { jsonrpc: '2.0', id: null, error: { code, message, data: response.result ?? response.error } };
}

/**
 * A field of the protocol itself. Numbers and booleans pass as text, as everywhere in this protocol.
 * @throws KurentoError PROTOCOL_FIELD_ERROR
 */
export function requiredField(params: Params, name: string): string {
  const value = optionalField(params, name);
  if (value === undefined) throw new KurentoError('PROTOCOL_FIELD_ERROR', `'${name}' parameter is required`);
  return value;
}

export function optionalField(params: Params, name: string): string | undefined {
  const value = Object.hasOwn(params, name) ? params[name] : undefined;
  if (value === undefined) return undefined;
  if (value === null) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new KurentoError('PROTOCOL_FIELD_ERROR', `'${name}' parameter should be a string`);
}
