// A TURN server as it should not be: takes one fixed user, or everybody, over UDP. For tests only.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import {
  STUN_ATTRIBUTE,
  TURN_ATTRIBUTE,
  buildStun,
  errorCodeAttribute,
  longTermKey,
  parseStun,
  textAttribute,
  uint32Attribute,
  verifyIntegrity,
  xorAddressAttribute,
  type StunAttribute,
} from '@parley/rtc';
import { onTestFinished } from 'vitest';

const REALM = 'lax';

export interface LaxTurnServerOptions {
  /** How it calls itself. */
  readonly software?: string;
  /** How many requests it answers before it falls silent. */
  readonly answers?: number;
  /** Told the method of each request. */
  readonly onRequest?: (method: number) => void;
}

/** @param user undefined: nobody is asked for credentials. @returns its port; it ends with the test */
export async function laxTurnServer(
  user: { readonly name: string; readonly password: string } | undefined,
  { software, answers = Infinity, onRequest }: LaxTurnServerOptions = {},
): Promise<number> {
  const socket = createSocket('udp4');
  let left = answers;
  // A client that is kept waiting asks once more: the same request.
  const known = new Set<string>();
  const key = user && longTermKey(user.name, REALM, user.password);
  socket.on('message', (bytes, from) => {
    const request = parseStun(bytes);
    if (request?.messageClass !== 'request') return;
    const { transactionId, method } = request;
    const transaction = transactionId.toString('hex');
    if (!known.has(transaction)) {
      known.add(transaction);
      onRequest?.(method);
      left--;
    }
    if (left < 0) return;
    const named = software === undefined ? [] : [textAttribute(STUN_ATTRIBUTE.SOFTWARE, software)];
    const send = (messageClass: 'success' | 'error', attributes: StunAttribute[]) =>
      socket.send(
        buildStun({
          messageClass,
          method,
          transactionId,
          attributes: [...attributes, ...named],
          ...(key && messageClass === 'success' && { integrityKey: key }),
        }),
        from.port,
        from.address,
      );
    if (key && !(request.username === user.name && verifyIntegrity(request, key)))
      return send('error', [
        errorCodeAttribute(401, 'Unauthenticated'),
        textAttribute(STUN_ATTRIBUTE.REALM, REALM),
        textAttribute(STUN_ATTRIBUTE.NONCE, 'once'),
      ]);
    const relayed = { address: '127.0.0.1', port: 50_000 };
    send('success', [
      xorAddressAttribute(TURN_ATTRIBUTE.XOR_RELAYED_ADDRESS, relayed, transactionId),
      uint32Attribute(TURN_ATTRIBUTE.LIFETIME, 600),
    ]);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  onTestFinished(() => {
    socket.close();
  });
  return socket.address().port;
}
