import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startMediaServer } from '@parley/media-server';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { tryControlSocket } from '../../probes/kurento-probe.ts';
import { found } from '../testing/found.ts';
import { ISSUED_CERT, ISSUED_KEY } from '../testing/issued-certificate.fixture.ts';
import { serve, subjectOf } from '../testing/subject.ts';
import { judgeAnswers, judgeControlSocket } from './control-socket.ts';

const issued = { cert: ISSUED_CERT, key: ISSUED_KEY };

/** The address of a real media server's control socket; it ends with the test. */
async function mediaServer(options: { token?: string; tls?: typeof issued }): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'parley-audit-'));
  const server = await startMediaServer({
    listen: { host: '127.0.0.1', port: 0 },
    rtcPort: 0,
    announcedIps: ['127.0.0.1'],
    token: options.token,
    tls: options.tls,
    dataDir,
    log: pino({ level: 'silent' }),
  });
  onTestFinished(async () => {
    await server.close();
    await rm(dataDir, { recursive: true });
  });
  return server.url;
}

/** As if other machines reached it there. */
const judge = async (url: string) => found(judgeAnswers([[url, await tryControlSocket(url)]]));

describe('a control socket that other machines reach', () => {
  it('is found when it answers a ping without a token', async () => {
    expect(await judge(await mediaServer({}))).toEqual(['control-socket-open', 'control-socket-without-tls']);
    expect(await judge(await mediaServer({ tls: issued }))).toEqual(['control-socket-open']);
  });

  it('is found when it asks for a token that then crosses the network in clear', async () => {
    expect(await judge(await mediaServer({ token: 'secret' }))).toEqual(['control-socket-without-tls']);
  });

  it('is in order when it asks for a token over TLS', async () => {
    expect(await judge(await mediaServer({ token: 'secret', tls: issued }))).toEqual([]);
  });

  it('is none where something else answers, or nobody', async () => {
    const url = (await serve({ upgrade: () => 404 })).replace('http', 'ws');
    expect(await judge(`${url}/kurento`)).toEqual([]);
    expect(await judge('ws://127.0.0.1:9/kurento')).toEqual([]);
  });
});

describe('the places that are tried', () => {
  it('are not those of loopback, which other machines do not reach', async () => {
    const { port } = new URL(await mediaServer({}));
    const listening = [{ address: '127.0.0.1', port: Number(port) }];
    expect(await found(judgeControlSocket(subjectOf(), listening))).toEqual([]);
  });

  it('include MEDIA_SERVER_URL, wherever that is', async () => {
    const { port } = new URL(await mediaServer({}));
    // A name of this machine that does not look like one.
    const flags = ['--media-server-url', `ws://[::ffff:127.0.0.1]:${port}/kurento`];
    expect(await found(judgeControlSocket(subjectOf({ flags }), []))).toContain('control-socket-open');
  });
});
