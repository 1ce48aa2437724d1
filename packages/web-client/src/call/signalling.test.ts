import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  parseNotification,
  signallingUrl,
  Signalling,
  HEARTBEAT_MS,
  type CloseReason,
} from './signalling.ts';
import { TAKEN_OVER_CODE } from '@parley/protocol';

describe('a notification', () => {
  it('is taken when its name is known and its contents are as agreed', () => {
    expect(parseNotification('mediaServer', { available: false })).toEqual({
      name: 'mediaServer',
      params: { available: false },
    });
  });

  it('is refused when it is malformed, unknown, or named like something every object has', () => {
    expect(parseNotification('mediaServer', { available: 'no' })).toBeUndefined();
    expect(parseNotification('somethingNew', {})).toBeUndefined();
    expect(parseNotification('constructor', {})).toBeUndefined();
  });
});

it('goes to the page’s own host, encrypted when the page is', () => {
  expect(signallingUrl({ protocol: 'https:', host: 'parley.example' })).toBe('wss://parley.example/ws');
  expect(signallingUrl({ protocol: 'http:', host: 'localhost:8080' })).toBe('ws://localhost:8080/ws');
});

describe('the heartbeat', () => {
  class FakeSocket extends EventTarget {
    static latest: FakeSocket;
    readonly sent: string[] = [];

    constructor() {
      super();
      FakeSocket.latest = this;
    }

    send(text: string): void {
      this.sent.push(text);
    }

    close(): void {
      this.dispatchEvent(Object.assign(new Event('close'), { code: 1000 }));
    }

    says(text: string): void {
      this.dispatchEvent(Object.assign(new Event('message'), { data: text }));
    }
  }

  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal('WebSocket', FakeSocket);
  });

  afterEach(() => {
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  async function open() {
    const reasons: CloseReason[] = [];
    const opening = Signalling.open(
      { notification: () => undefined, closed: (reason) => reasons.push(reason) },
      'ws://x/ws',
    );
    FakeSocket.latest.dispatchEvent(new Event('open'));
    return { signalling: await opening, socket: FakeSocket.latest, reasons };
  }

  it('finds out that nobody is there any more, though the page has nothing to say', async () => {
    const { socket, reasons } = await open();
    await vi.advanceTimersByTimeAsync(HEARTBEAT_MS);
    const pings = () => socket.sent.filter((text) => text.includes('"attempt"') === false);
    expect(pings()).toMatchObject([expect.stringContaining('"ping"')]);
    expect(reasons).toEqual([]);
    await vi.advanceTimersByTimeAsync(HEARTBEAT_MS);
    expect(reasons).toEqual(['no-answer']);
    await vi.advanceTimersByTimeAsync(10 * HEARTBEAT_MS);
    expect(pings()).toHaveLength(1);
  });

  it('asks nothing while the server says something, and goes on while it answers', async () => {
    const { socket, reasons, signalling } = await open();
    for (let beat = 0; beat < 3; beat++) {
      socket.says('{"jsonrpc":"2.0","method":"mediaServer","params":{"available":true}}');
      await vi.advanceTimersByTimeAsync(HEARTBEAT_MS);
    }
    expect(socket.sent).toEqual([]);
    await vi.advanceTimersByTimeAsync(HEARTBEAT_MS);
    socket.says('{"jsonrpc":"2.0","id":1,"result":{}}');
    await vi.advanceTimersByTimeAsync(2 * HEARTBEAT_MS - 1);
    expect(socket.sent).toHaveLength(1);
    expect(reasons).toEqual([]);
    signalling.close();
    expect(reasons).toEqual(['closed-here']);
  });

  it('is told when another page has taken over', async () => {
    const { socket, reasons } = await open();
    socket.dispatchEvent(Object.assign(new Event('close'), { code: TAKEN_OVER_CODE }));
    expect(reasons).toEqual(['taken-over']);
  });
});
