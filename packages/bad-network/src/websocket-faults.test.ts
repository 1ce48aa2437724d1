// The fault proxy between a real WebSocket client and a real server that both speak JSON-RPC.
import { once } from 'node:events';
import { createServer, request, type IncomingMessage } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { addressText, type Address } from './direction.ts';
import { isAnswerTo, isMethod } from './message-rules.ts';
import { closeAll, closeLater, HERE, Inbox } from './testing/sockets.ts';
import { startWebSocketFaults, type WebSocketFaults } from './websocket-faults.ts';

afterEach(closeAll);

interface Peer {
  readonly socket: WebSocket;
  readonly inbox: Inbox<unknown>;
  say(message: unknown): void;
}

function peer(socket: WebSocket): Peer {
  const inbox = new Inbox<unknown>();
  socket.on('message', (data: Buffer, isBinary) => {
    const text = data.toString();
    if (isBinary) inbox.add(data);
    else inbox.add(text.startsWith('{') ? JSON.parse(text) : text);
  });
  socket.on('error', () => undefined);
  closeLater(() => socket.terminate());
  return { socket, inbox, say: (message) => socket.send(JSON.stringify(message)) };
}

interface Target {
  readonly address: Address;
  readonly peers: Inbox<Peer>;
  readonly headers: Inbox<Record<string, unknown>>;
}

/** Refuses WebSockets at /no with 403; answers pages with the method, path and body it was asked with. */
async function openTarget(): Promise<Target> {
  const server = createServer((asked, response) => {
    const chunks: Buffer[] = [];
    asked.on('data', (chunk: Buffer) => chunks.push(chunk));
    asked.on('end', () => {
      response.writeHead(201, { 'x-page': 'yes' });
      response.end(`${asked.method} ${asked.url} ${asked.headers.host} ${Buffer.concat(chunks).toString()}`);
    });
  });
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => [...offered].at(-1) ?? false,
  });
  const peers = new Inbox<Peer>();
  const headers = new Inbox<Record<string, unknown>>();
  server.on('upgrade', (asked, socket, head) => {
    headers.add(asked.headers);
    if (asked.url === '/no') socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
    else sockets.handleUpgrade(asked, socket, head, (webSocket) => peers.add(peer(webSocket)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closeLater(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('not a port');
  return { address: { host: '127.0.0.1', port: address.port }, peers, headers };
}

async function open(proxy: WebSocketFaults, target: Target): Promise<{ browser: Peer; server: Peer }> {
  const browser = peer(new WebSocket(`ws://${addressText(proxy.address)}/ws`));
  await once(browser.socket, 'open');
  return { browser, server: await target.peers.next() };
}

async function start(): Promise<{ proxy: WebSocketFaults; target: Target }> {
  const target = await openTarget();
  const proxy = await startWebSocketFaults({ listen: HERE, target: target.address });
  closeLater(() => proxy.close());
  return { proxy, target };
}

async function connected(): Promise<{ proxy: WebSocketFaults; target: Target; browser: Peer; server: Peer }> {
  const { proxy, target } = await start();
  return { proxy, target, ...(await open(proxy, target)) };
}

const ask = (id: number): unknown => ({ jsonrpc: '2.0', id, method: 'startBroadcast' });
const answer = (id: number): unknown => ({ jsonrpc: '2.0', id, result: { sdpAnswer: 'v=0' } });
const candidate = (number: number): unknown => ({ jsonrpc: '2.0', method: 'candidate', params: { number } });

describe('message faults', () => {
  it('pass what no rule takes, unchanged: JSON, other text, and bytes', async () => {
    const { proxy, browser, server } = await connected();
    proxy.addRule({ direction: 'down', matches: () => true, fault: { do: 'swallow' } });
    browser.say(ask(1));
    browser.socket.send(Buffer.of(1, 2, 3));
    browser.socket.send('no { JSON');
    expect(await server.inbox.take(3)).toEqual([ask(1), Buffer.of(1, 2, 3), 'no { JSON']);
  });

  it('swallow the answer to one request, once', async () => {
    const { proxy, browser, server } = await connected();
    const rule = proxy.addRule({
      direction: 'down',
      matches: isAnswerTo('startBroadcast'),
      fault: { do: 'swallow' },
      times: 1,
    });
    for (const id of [1, 2]) browser.say(ask(id));
    await server.inbox.take(2);
    server.say(answer(1));
    server.say(candidate(1));
    server.say(answer(2));
    expect(await browser.inbox.take(2)).toEqual([candidate(1), answer(2)]);
    await rule.hasTaken();
    expect(rule.taken).toBe(1);
  });

  it('duplicate a message', async () => {
    const { proxy, browser, server } = await connected();
    proxy.addRule({ direction: 'up', matches: isMethod('startBroadcast'), fault: { do: 'duplicate' } });
    browser.say(ask(1));
    expect(await server.inbox.take(2)).toEqual([ask(1), ask(1)]);
  });

  it('hold candidates back behind the answer, in their order', async () => {
    const { proxy, browser, server } = await connected();
    proxy.addRule({
      direction: 'down',
      matches: isMethod('candidate'),
      fault: { do: 'hold', behind: isAnswerTo('startBroadcast') },
    });
    browser.say(ask(1));
    await server.inbox.next();
    for (const number of [1, 2]) server.say(candidate(number));
    server.say(answer(1));
    expect(await browser.inbox.take(3)).toEqual([answer(1), candidate(1), candidate(2)]);
  });

  it('hold back behind messages of the same direction only', async () => {
    const { proxy, browser, server } = await connected();
    const rule = proxy.addRule({
      direction: 'down',
      matches: isMethod('candidate'),
      fault: { do: 'hold', behind: isMethod('startBroadcast') },
    });
    server.say(candidate(1));
    await rule.hasTaken();
    browser.say(ask(1));
    await server.inbox.next();
    server.say(answer(1));
    server.say(ask(2));
    expect(await browser.inbox.take(3)).toEqual([answer(1), ask(2), candidate(1)]);
  });

  it('hold a message until the test releases it, and go on holding until removed', async () => {
    const { proxy, browser, server } = await connected();
    const rule = proxy.addRule({ direction: 'both', matches: isMethod('candidate'), fault: { do: 'hold' } });
    server.say(candidate(1));
    browser.say(candidate(2));
    await rule.hasTaken(2);
    expect(browser.inbox.waiting + server.inbox.waiting).toBe(0);
    rule.release();
    expect(await browser.inbox.next()).toEqual(candidate(1));
    expect(await server.inbox.next()).toEqual(candidate(2));
    server.say(candidate(3));
    await rule.hasTaken(3);
    rule.remove();
    server.say(candidate(4));
    expect(await browser.inbox.take(2)).toEqual([candidate(3), candidate(4)]);
    await expect(rule.hasTaken(9)).rejects.toThrow('removed');
  });

  it('delay a message, so that the next one overtakes it', async () => {
    const { proxy, browser, server } = await connected();
    proxy.addRule({
      direction: 'up',
      matches: isMethod('startBroadcast'),
      fault: { do: 'delay', ms: 30 },
      times: 1,
    });
    for (const id of [1, 2]) browser.say(ask(id));
    expect(await server.inbox.take(2)).toEqual([ask(2), ask(1)]);
  });

  it('cut the connection instead of delivering', async () => {
    const { proxy, browser, server } = await connected();
    proxy.addRule({ direction: 'up', matches: isMethod('startBroadcast'), fault: { do: 'cut' }, times: 1 });
    const closes = Promise.all([once(browser.socket, 'close'), once(server.socket, 'close')]);
    browser.say(ask(1));
    expect((await closes).map(([code]) => code as number)).toEqual([1006, 1006]);
    expect(server.inbox.waiting).toBe(0);
  });
});

describe('a WebSocket through the proxy', () => {
  it('shows the target what the browser sent: path, origin, host, cookie and protocol', async () => {
    const { proxy, target } = await start();
    const url = `ws://${addressText(proxy.address)}/ws?room=1`;
    const socket = new WebSocket(url, ['first', 'second'], {
      origin: 'http://page',
      headers: { cookie: 'a=b' },
    });
    closeLater(() => socket.terminate());
    await once(socket, 'open');
    expect(socket.protocol).toBe('second');
    expect(await target.headers.next()).toMatchObject({
      origin: 'http://page',
      host: addressText(proxy.address),
      cookie: 'a=b',
    });
  });

  it('is refused with the status of the target, and with 502 without one', async () => {
    const { proxy } = await start();
    const refused = peer(new WebSocket(`ws://${addressText(proxy.address)}/no`));
    const [, response] = (await once(refused.socket, 'unexpected-response')) as [
      unknown,
      { statusCode: number },
    ];
    expect(response.statusCode).toBe(403);
    const { address } = await openTarget();
    await closeAll();
    const lonely = await startWebSocketFaults({ listen: HERE, target: address });
    closeLater(() => lonely.close());
    const lost = peer(new WebSocket(`ws://${addressText(lonely.address)}/ws`));
    const [, second] = (await once(lost.socket, 'unexpected-response')) as [unknown, { statusCode: number }];
    expect(second.statusCode).toBe(502);
  });

  it('passes a close on with code and reason, and pings up to the other end', async () => {
    const { proxy, browser, server } = await connected();
    browser.socket.ping('beat');
    const [pinged] = (await once(server.socket, 'ping')) as [Buffer];
    expect(pinged.toString()).toBe('beat');
    const [answered] = (await once(browser.socket, 'pong')) as [Buffer];
    expect(answered.toString()).toBe('beat');
    server.socket.close(4001, 'enough');
    const [code, reason] = (await once(browser.socket, 'close')) as [number, Buffer];
    expect([code, reason.toString()]).toEqual([4001, 'enough']);
    await proxy.close();
    expect(proxy.connections).toBe(0);
  });

  it('passes on that an end vanished', async () => {
    const { browser, server } = await connected();
    browser.socket.terminate();
    expect((await once(server.socket, 'close'))[0]).toBe(1006);
  });

  it('goes silent without a close, while new ones work', async () => {
    const { proxy, target, browser, server } = await connected();
    proxy.silence();
    let heard = 0;
    for (const event of ['message', 'ping', 'close']) server.socket.on(event, () => heard++);
    browser.say(ask(1));
    browser.socket.ping();
    browser.socket.close();
    // A later connection has been through the whole proxy: what was to come before it has come.
    const second = await open(proxy, target);
    second.browser.say(ask(2));
    expect(await second.server.inbox.next()).toEqual(ask(2));
    expect(heard).toBe(0);
    expect(browser.socket.readyState).toBe(WebSocket.CLOSING);
  });

  it('is cut, and refused while told so; then a new one works', async () => {
    const { proxy, target, browser } = await connected();
    const closes = once(browser.socket, 'close');
    proxy.refuse(true);
    proxy.cut();
    expect((await closes)[0]).toBe(1006);
    const refused = peer(new WebSocket(`ws://${addressText(proxy.address)}/ws`));
    const [, response] = (await once(refused.socket, 'unexpected-response')) as [
      unknown,
      { statusCode: number },
    ];
    expect(response.statusCode).toBe(503);
    proxy.refuse(false);
    await open(proxy, target);
  });

  it('ends with the proxy, and so does who waits for a rule', async () => {
    const { proxy, browser } = await connected();
    const rule = proxy.addRule({ direction: 'up', matches: () => true, fault: { do: 'swallow' } });
    const waiting = expect(rule.hasTaken()).rejects.toThrow('closed');
    const closes = once(browser.socket, 'close');
    await Promise.all([proxy.close(), proxy.close()]);
    await Promise.all([waiting, closes]);
  });
});

describe('pages through the proxy', () => {
  it('come with status, headers and body', async () => {
    const { proxy } = await start();
    const { host, port } = proxy.address;
    const asked = request({ host, port, method: 'POST', path: '/api/rooms', agent: false });
    asked.end('a room');
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    expect(response.statusCode).toBe(201);
    expect(response.headers['x-page']).toBe('yes');
    expect(Buffer.concat(chunks).toString()).toBe(`POST /api/rooms ${addressText(proxy.address)} a room`);
  });

  it('are a 502 when the target is gone', async () => {
    const { address } = await openTarget();
    await closeAll();
    const proxy = await startWebSocketFaults({ listen: HERE, target: address });
    closeLater(() => proxy.close());
    const asked = request({ ...proxy.address, path: '/', agent: false }).end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(502);
  });
});
