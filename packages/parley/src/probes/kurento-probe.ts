// Tries whether a control socket of the Kurento Protocol lets a stranger in: connects without a token and pings.
import { once } from 'node:events';
import { JsonRpcPeer } from '@parley/protocol';
import { WebSocket } from 'ws';

/**
 * `open`: a ping without a token was answered; whoever does this can do anything. `asks-for-token`: refused with 401.
 * `refused`: something speaks HTTP there, but lets no stranger in. `nothing`: nobody there who speaks it.
 */
export type ControlSocketAnswer = 'open' | 'asks-for-token' | 'refused' | 'nothing';

const TIMEOUT_MS = 3_000;

/** @param url `ws://HOST:PORT/kurento` or `wss://…`, whose certificate is not judged here. Never rejects. */
export async function tryControlSocket(url: string): Promise<ControlSocketAnswer> {
  const socket = new WebSocket(url, { handshakeTimeout: TIMEOUT_MS, rejectUnauthorized: false });
  const ended = new AbortController();
  // The socket's own limit counts anew behind a TLS handshake that hangs.
  const deadline = setTimeout(() => ended.abort(), TIMEOUT_MS);
  let refusedWith: number | undefined;
  socket.on('unexpected-response', (_request, response) => {
    refusedWith = response.statusCode;
    ended.abort();
  });
  // Also that it is no server at all: the answer is given by what is known so far.
  socket.on('error', () => ended.abort());
  try {
    await once(socket, 'open', { signal: ended.signal });
    return (await answersPing(socket)) ? 'open' : 'refused';
  } catch {
    if (refusedWith === undefined) return 'nothing';
    return refusedWith === 401 || refusedWith === 403 ? 'asks-for-token' : 'refused';
  } finally {
    clearTimeout(deadline);
    socket.terminate();
  }
}

/** https://doc-kurento.readthedocs.io, "Kurento Protocol", method `ping`. */
async function answersPing(socket: WebSocket): Promise<boolean> {
  const peer = new JsonRpcPeer({ send: (text) => socket.send(text), deadlineMs: TIMEOUT_MS });
  socket.on('message', (data: Buffer) => peer.handleText(data.toString('utf8')));
  socket.on('close', () => peer.close('the connection was closed'));
  try {
    const result = await peer.request('ping', { interval: 240_000 });
    return typeof result === 'object' && result !== null && 'value' in result && result.value === 'pong';
  } catch {
    return false;
  } finally {
    peer.close('done');
  }
}
