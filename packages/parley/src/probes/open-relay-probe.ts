// Tries whether a TURN server wants to know who asks: one Allocate without credentials (RFC 8656, section 7.1).
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { connect as connectTcp, isIP, isIPv6 } from 'node:net';
import { connect as connectTls } from 'node:tls';
import {
  REQUESTED_TRANSPORT,
  STUN_ATTRIBUTE,
  STUN_TRANSACTION_ID_LENGTH,
  TURN_ATTRIBUTE,
  TURN_METHOD,
  buildStun,
  parseStun,
  requestedTransportAttribute,
  uint32Attribute,
} from '@parley/rtc';
import { parseTurnUrl, type TurnUrl } from '@parley/turn-server';

/** `software`: the name that the server gives itself, if it does. */
export interface StrangerAnswer {
  readonly outcome: 'allocated' | 'refused' | 'no-answer';
  /** Of the refusal; 401 asks for credentials. */
  readonly code?: number | undefined;
  readonly software?: string | undefined;
}

const TIMEOUT_MS = 3_000;
const RETRANSMISSION_MS = 700;

interface Way {
  send(bytes: Buffer): void;
  close(): void;
}

/** @throws TypeError when the address is none of a TURN server; not because of the server */
export async function allocateAsStranger(address: string): Promise<StrangerAnswer> {
  const url = parseTurnUrl(address);
  if (url === undefined) throw new TypeError(`"${address}" is no TURN address`);
  const transactionId = randomBytes(STUN_TRANSACTION_ID_LENGTH);
  const bytes = buildStun({
    messageClass: 'request',
    method: TURN_METHOD.ALLOCATE,
    transactionId,
    attributes: [requestedTransportAttribute(REQUESTED_TRANSPORT.UDP)],
  });
  const { host } = url;
  let target: string;
  try {
    target = isIP(host) ? host : (await lookup(host)).address;
  } catch {
    return { outcome: 'no-answer' };
  }
  return new Promise((resolve) => {
    const settle = (answer: StrangerAnswer) => {
      clearTimeout(deadline);
      clearInterval(again);
      way.close();
      resolve(answer);
    };
    const way = open(url, target, {
      onMessage: (message) => {
        const answer = parseStun(message);
        if (!answer?.transactionId.equals(transactionId)) return;
        const software = answer.attribute(STUN_ATTRIBUTE.SOFTWARE)?.toString('utf8');
        const allocated = answer.messageClass === 'success';
        // Given back at once: a name and a password are as little needed for that.
        if (allocated) way.send(release());
        settle({ outcome: allocated ? 'allocated' : 'refused', code: answer.errorCode?.code, software });
      },
      onBroken: () => settle({ outcome: 'no-answer' }),
    });
    const deadline = setTimeout(() => settle({ outcome: 'no-answer' }), TIMEOUT_MS);
    way.send(bytes);
    const again = setInterval(() => {
      if (url.transport === 'udp') way.send(bytes);
    }, RETRANSMISSION_MS);
  });
}

function release(): Buffer {
  return buildStun({
    messageClass: 'request',
    method: TURN_METHOD.REFRESH,
    transactionId: randomBytes(STUN_TRANSACTION_ID_LENGTH),
    attributes: [uint32Attribute(TURN_ATTRIBUTE.LIFETIME, 0)],
  });
}

interface WayEvents {
  onMessage(bytes: Buffer): void;
  onBroken(): void;
}

function open({ transport, port }: TurnUrl, host: string, events: WayEvents): Way {
  if (transport === 'udp') {
    const family = isIPv6(host) ? 6 : 4;
    const socket = createSocket({
      type: `udp${family}`,
      // A literal address: what is sent last leaves before the socket is closed.
      lookup: (literal, _options, callback) => callback(null, literal, family),
    });
    let closed = false;
    socket.on('message', (bytes) => events.onMessage(bytes));
    socket.on('error', () => events.onBroken());
    return {
      send: (bytes) => {
        if (!closed)
          socket.send(bytes, port, host, (error) => (error && !closed ? events.onBroken() : undefined));
      },
      close: () => {
        if (!closed) socket.close();
        closed = true;
      },
    };
  }
  const place = { host, port };
  const socket =
    transport === 'tls' ? connectTls({ ...place, rejectUnauthorized: false }) : connectTcp(place);
  let received = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    // The one answer that is waited for comes first; its header says how long it is (RFC 8489, section 5).
    const length = received.length < 20 ? Infinity : 20 + received.readUInt16BE(2);
    if (received.length >= length) events.onMessage(received.subarray(0, length));
  });
  socket.on('error', () => events.onBroken());
  socket.on('close', () => events.onBroken());
  return {
    send: (bytes) => void socket.write(bytes),
    // Not left to the server to hang up: one that never does would keep this process. What was sent to one that answers leaves.
    close: () => (received.length > 0 ? socket.destroySoon() : socket.destroy()),
  };
}
