// A call goes on undisturbed while nonsense hits the media port and both WebSockets, and the logs do not fill up with it.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { expectAllToMeet } from './src/expectations.ts';
import { badDatagram, mutate, pick, seededRandom } from './src/mutations.ts';
import { health, ParleyServer } from './src/parley-server.ts';
import { Participant } from './src/participant.ts';
import { watchFrames } from './src/frames.ts';

const SEED = 42;
const DATAGRAMS = 100_000;
/** On each of the two WebSockets. */
const MESSAGES = 10_000;
/** Meanwhile the picture has to go on. */
const LOOK_AFTER_DATAGRAMS = 5_000;
const LOOK_AFTER_MESSAGES = 1_000;
/** More than either server takes in one message, in bytes. */
const OVERSIZED = 2 * 1024 * 1024;
/** The log of a flood may say that there was one, and how large, but not each drop. */
const LOG_LINES_AT_MOST = 300;

let server: ParleyServer;
let room: string;
let ada: Participant;
let bob: Participant;

beforeAll(async () => {
  server = await ParleyServer.start();
  [room, ada, bob] = await Promise.all([
    server.newRoom(),
    Participant.arrive({ name: 'Ada', server: server.url, colour: 'red', hz: 440 }),
    Participant.arrive({ name: 'Bob', server: server.url, colour: 'cyan', hz: 660 }),
  ]);
});

afterAll(async () => {
  await Promise.all([ada, bob].map((participant) => participant?.goHome()));
  await server?.stop();
});

ParleyServer.showLogOnFailure(() => server);

/**
 * Runs `attack` while Ada looks at Bob: the picture goes on whenever it asks for that, in the middle of everything, and the
 * logs stay readable.
 */
async function expectUndisturbed(attack: (picture: () => Promise<void>) => Promise<void>): Promise<void> {
  const linesBefore = server.logLines;
  const frames = await watchFrames(ada.picture(bob.name));
  await attack(() => frames.next());
  await frames.next();
  await expectAllToMeet(ada, bob);
  expect(await health(server.url)).toMatchObject({ ready: true });
  expect(server.logLines - linesBefore).toBeLessThan(LOG_LINES_AT_MOST);
}

describe('while two people talk', () => {
  it('they see and hear each other', async () => {
    await Promise.all([ada.join(room), bob.join(room)]);
    await expectAllToMeet(ada, bob);
  });

  it(`${DATAGRAMS} random and mutilated datagrams on the media port change nothing`, async () => {
    const random = seededRandom(SEED);
    const socket = createSocket('udp4');
    await expectUndisturbed(async (picture) => {
      for (let sent = 0; sent < DATAGRAMS; sent += 100) {
        if (sent % LOOK_AFTER_DATAGRAMS === 0) await picture();
        // One batch at a time, so that the kernel drops none of them.
        await Promise.all(
          Array.from({ length: 100 }, () => {
            const datagram = badDatagram(random);
            return new Promise<void>((resolve, reject) => {
              socket.send(datagram, server.rtcPort, '127.0.0.1', (error) =>
                error ? reject(error) : resolve(),
              );
            });
          }),
        );
      }
    });
    socket.close();
  });

  it(`${MESSAGES} mutated messages on the browser's WebSocket are each refused or answered`, async () => {
    const url = server.url.replace('http', 'ws');
    const stream = (await ada.tile(bob.name).getAttribute('data-stream')) ?? '';
    await expectUndisturbed((picture) =>
      flood(() => new WebSocket(`${url}/ws`, { origin: server.url }), signallingMessages(stream), picture),
    );
  });

  it(`${MESSAGES} mutated messages on the media server's WebSocket are each refused or answered`, async () => {
    const { url, token } = server.control;
    const connect = () => new WebSocket(url, { headers: { authorization: `Bearer ${token}` } });
    await expectUndisturbed((picture) => flood(connect, KURENTO_MESSAGES, picture));
  });

  it('oversized messages end their own connection only', async () => {
    const { url, token } = server.control;
    const { url: page } = server;
    await expectUndisturbed(async () => {
      for (const connect of [
        () => new WebSocket(`${page.replace('http', 'ws')}/ws`, { origin: page }),
        () => new WebSocket(url, { headers: { authorization: `Bearer ${token}` } }),
      ]) {
        const socket = connect();
        await once(socket, 'open');
        socket.send('x'.repeat(OVERSIZED));
        // The server says goodbye, but need not read on to hear ours.
        await expect.poll(() => socket.readyState, { timeout: 10_000 }).toBeGreaterThan(WebSocket.OPEN);
        socket.terminate();
      }
    });
  });
});

/**
 * Sends `MESSAGES` mutations; whenever the server closes the connection, which it may, goes on with a new one. What is
 * still a request with its own id on the connection that is left must have been answered in the end.
 */
async function flood(
  connect: () => WebSocket,
  messages: readonly object[],
  picture: () => Promise<void>,
): Promise<void> {
  const random = seededRandom(SEED);
  let socket: WebSocket | undefined;
  let unanswered = new Set<number>();
  let answers = 0;
  for (let sent = 0; sent < MESSAGES; sent++) {
    if (sent % LOOK_AFTER_MESSAGES === 0) await picture();
    if (socket?.readyState !== WebSocket.OPEN) {
      socket = connect();
      await once(socket, 'open');
      const waiting = new Set<number>();
      unanswered = waiting;
      // A connection that is closed for its nonsense may break while it is written to.
      socket.on('error', () => undefined);
      socket.on('message', (data: Buffer) => {
        if (waiting.delete((JSON.parse(data.toString('utf8')) as { id: number }).id)) answers++;
      });
    }
    const { resolve, promise } = withResolver();
    const message = mutate({ jsonrpc: '2.0', id: sent, ...pick(random, messages) }, random);
    if (isRequest(message, sent)) unanswered.add(sent);
    socket.send(message, resolve);
    await promise;
  }
  await expect
    .poll(() => [...unanswered], { timeout: 20_000, message: 'every request is answered' })
    .toEqual([]);
  expect(answers).toBeGreaterThan(0);
  socket?.close();
}

/** Whether the mutation left a request of JSON-RPC 2.0 under this id. */
function isRequest(message: string | Buffer, id: number): boolean {
  try {
    const { jsonrpc, method, id: own } = JSON.parse(message.toString()) as Record<string, unknown>;
    return jsonrpc === '2.0' && typeof method === 'string' && own === id;
  } catch {
    // No JSON any more.
    return false;
  }
}

function withResolver(): { resolve: () => void; promise: Promise<void> } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { resolve, promise };
}

const OFFER = [
  'v=0',
  'o=- 1 2 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'a=group:BUNDLE 0',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111',
  'c=IN IP4 0.0.0.0',
  'a=mid:0',
  'a=sendrecv',
  'a=rtcp-mux',
  'a=ice-ufrag:abcd',
  'a=ice-pwd:abcdefghijklmnopqrstuvwx',
  `a=fingerprint:sha-256 ${Array.from({ length: 32 }, () => 'AA').join(':')}`,
  'a=setup:actpass',
  'a=rtpmap:111 opus/48000/2',
  '',
].join('\r\n');

/** Among them, messages that speak of a stream that is someone else's. */
function signallingMessages(stream: string): object[] {
  return [
    { method: 'join', params: { room: 'nosuchroom0', name: 'Mallory' } },
    { method: 'leave', params: {} },
    { method: 'requestBroadcast', params: { kind: 'camera', audio: true, video: true, muted: false } },
    { method: 'startBroadcast', params: { stream, sdpOffer: OFFER } },
    { method: 'stopBroadcast', params: { stream } },
    { method: 'setMuted', params: { stream, muted: true } },
    { method: 'watch', params: { stream, sdpOffer: OFFER } },
    { method: 'unwatch', params: { stream } },
    {
      method: 'addCandidate',
      params: { leg: { kind: 'up', stream }, candidate: { candidate: '', sdpMid: '0', sdpMLineIndex: 0 } },
    },
    { method: 'startTestPlayback', params: { sdpOffer: OFFER } },
    { method: 'startRecording', params: {} },
    { method: 'stopRecording', params: {} },
  ];
}

/** None that would release or silence what is in use when it stays unchanged: any Kurento client may do that. */
const KURENTO_MESSAGES: readonly object[] = [
  { method: 'ping', params: { interval: 240_000 } },
  { method: 'connect', params: { sessionId: 'no-such-session' } },
  { method: 'describe', params: { object: 'manager_ServerManager' } },
  {
    method: 'create',
    params: { type: 'WebRtcEndpoint', constructorParams: { mediaPipeline: 'no-such-pipeline' } },
  },
  {
    method: 'create',
    params: { type: 'PlayerEndpoint', constructorParams: { mediaPipeline: 'x', uri: 'file:///etc/passwd' } },
  },
  {
    method: 'invoke',
    params: {
      object: 'x/y_kurento.WebRtcEndpoint',
      operation: 'processOffer',
      operationParams: { offer: OFFER },
    },
  },
  {
    method: 'invoke',
    params: { object: 'manager_ServerManager', operation: 'getInfo', operationParams: {} },
  },
  { method: 'subscribe', params: { object: 'manager_ServerManager', type: 'ObjectCreated' } },
  { method: 'unsubscribe', params: { object: 'manager_ServerManager', subscription: 'x' } },
  { method: 'release', params: { object: 'x_kurento.MediaPipeline' } },
  {
    method: 'transaction',
    params: {
      operations: [
        { id: 0, jsonrpc: '2.0', method: 'create', params: { type: 'MediaPipeline', constructorParams: {} } },
        { id: 1, jsonrpc: '2.0', method: 'release', params: { object: 'newref:0' } },
      ],
    },
  },
];
