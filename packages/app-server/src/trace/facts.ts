// What a trace may tell of a message: short, and nothing that opens a door. Every fact of every trace goes through here.
import type { TraceFact, TraceFacts } from '@parley/protocol';
import { isObject } from '../kurento/kurento-connection.ts';

export type Facts = Readonly<Record<string, unknown>>;

/** As `TraceFacts` has them. */
const MAX_NAME_LENGTH = 64;
const MAX_VALUE_LENGTH = 256;
const MAX_FACTS = 16;

const SECRET_NAME = /sdp|ufrag|pwd|passw|credential|secret|token|fingerprint|authorization|cookie|username/i;
/** What only session descriptions, candidates with their user fragment, and keys look like. */
const SECRET_VALUE = /(^|\s)[vmacb]=|\bufrag\b|\bice-(ufrag|pwd)|-----BEGIN|[0-9A-F]{2}(:[0-9A-F]{2}){15}/i;

/** Drops what is named or looks like a secret, and what is neither text, number nor truth; cuts what is too long. */
export function safeFacts(facts: Facts): TraceFacts {
  const safe: TraceFacts = {};
  for (const [name, value] of Object.entries(facts).slice(0, MAX_FACTS)) {
    const fact = safeValue(value);
    if (fact !== undefined && !SECRET_NAME.test(name)) safe[name.slice(0, MAX_NAME_LENGTH)] = fact;
  }
  return safe;
}

function safeValue(value: unknown): TraceFact | undefined {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'string' || SECRET_VALUE.test(value)) return undefined;
  return value.slice(0, MAX_VALUE_LENGTH);
}

/** Members of messages that are told as they are; everything else is not. */
const TOLD = [
  'type',
  'kind',
  'audio',
  'video',
  'muted',
  'state',
  'newState',
  'step',
  'via',
  'cause',
  'reason',
  'seconds',
  'mediaType',
  'mediaState',
  'componentId',
  'key',
] as const;

/** The facts of a message between two parties. */
export function factsOf(message: Facts): TraceFacts {
  const facts: Record<string, unknown> = {};
  for (const name of TOLD) if (message[name] !== undefined) facts[name] = message[name];
  const { candidate, candidatePair } = message;
  if (isObject(candidate)) Object.assign(facts, candidateFacts(candidate['candidate']));
  if (isObject(candidatePair))
    for (const end of ['local', 'remote'] as const) {
      const { candidateType, protocol, address } = candidateFacts(candidatePair[`${end}Candidate`]);
      if (address !== undefined) facts[end] = [candidateType, protocol, address].join(' ');
    }
  return safeFacts(facts);
}

/** RFC 8839, section 5.1: `candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host …`. */
const CANDIDATE = /^(?:a=)?candidate:\S+ \d+ (\S+) \d+ (\S+) (\d+) typ (\S+)/;

interface CandidateFacts {
  candidateType?: string;
  protocol?: string;
  /** With its port. */
  address?: string;
}

function candidateFacts(line: unknown): CandidateFacts {
  if (line === '') return { candidateType: 'end' };
  const [, protocol, host = '', port = '', candidateType] = CANDIDATE.exec(String(line)) ?? [];
  if (protocol === undefined || candidateType === undefined) return {};
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return { candidateType, protocol: protocol.toLowerCase(), address };
}
