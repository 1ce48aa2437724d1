// Parley's own operations of the media server against a real browser: ICE is restarted under a running picture, which goes
// on, over TCP if that is asked for. No application server takes part.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LegDiagnosis } from '@parley/protocol';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Child } from './src/child.ts';
import { findChromium } from './src/chromium.ts';
import { KurentoObserver } from './src/kurento-observer.ts';
import { MEDIA_SERVER } from './src/parley-server.ts';
import { BROWSER_FLAGS } from './src/participant.ts';

type Leg = 'up' | 'down';

/** What the page keeps under its window. */
interface Legs {
  up: RTCPeerConnection;
  down: RTCPeerConnection;
}

const TIMEOUT_MS = 30_000;

let folder: string;
let mediaServer: Child;
let kurento: KurentoObserver;
let browser: Browser;
let page: Page;
const endpoints: Partial<Record<Leg, string>> = {};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'parley-restart-'));
  const flags = [
    '--listen',
    '127.0.0.1:0',
    '--rtc-port',
    '0',
    '--announce',
    '127.0.0.1',
    '--token',
    'secret',
  ];
  mediaServer = new Child(
    MEDIA_SERVER,
    [...flags, '--data', join(folder, 'data')],
    {},
    join(folder, 'media-server.log'),
  );
  const { url } = (await mediaServer.told()) as { url: string };
  kurento = await KurentoObserver.connect(url, 'secret');
  browser = await chromium.launch({
    executablePath: findChromium(),
    args: [...BROWSER_FLAGS, '--use-fake-ui-for-media-stream'],
  });
  page = await browser.newPage();
  await page.addInitScript('globalThis.__name = (value) => value');
  // An origin that may use a camera: who uses one may speak TCP to any address.
  await page.route('http://localhost/', (route) => route.fulfill({ contentType: 'text/html', body: '' }));
  await page.goto('http://localhost/');
  await page.evaluate(async () => {
    const camera = await navigator.mediaDevices.getUserMedia({ video: { width: 320, height: 240 } });
    const up = new RTCPeerConnection();
    for (const track of camera.getTracks()) up.addTransceiver(track, { direction: 'sendonly' });
    const down = new RTCPeerConnection();
    down.addTransceiver('video', { direction: 'recvonly' });
    Object.assign(window, { legs: { up, down } });
  });
  const pipeline = await kurento.create('MediaPipeline');
  for (const leg of ['up', 'down'] as const) {
    endpoints[leg] = await kurento.create('WebRtcEndpoint', { mediaPipeline: pipeline });
    await negotiate(leg, 'processOffer', {}, (sdp) => sdp.replaceAll(/a=candidate:.* tcp .*\r\n/g, ''));
  }
  await kurento.invoke(endpoint('up'), 'connect', { sink: endpoint('down') });
});

afterAll(async () => {
  await browser?.close();
  kurento?.close();
  await mediaServer?.stop();
  rmSync(folder, { recursive: true });
});

function endpoint(leg: Leg): string {
  return endpoints[leg] ?? '';
}

/** The leg's next offer, answered by the endpoint. `change` alters the answer on its way. */
async function negotiate(
  leg: Leg,
  operation: string,
  params = {},
  change = (sdp: string) => sdp,
): Promise<void> {
  const offer = await page.evaluate(async (name) => {
    const { legs } = window as unknown as { legs: Legs };
    const iceRestart = legs[name].remoteDescription !== null;
    await legs[name].setLocalDescription(await legs[name].createOffer({ iceRestart }));
    return legs[name].localDescription?.sdp ?? '';
  }, leg);
  const sdp = (await kurento.invoke(endpoint(leg), operation, { offer, ...params })) as string;
  await page.evaluate(
    ([name, answer]) => {
      const { legs } = window as unknown as { legs: Legs };
      return legs[name].setRemoteDescription({ type: 'answer', sdp: answer });
    },
    [leg, change(sdp)] as const,
  );
}

async function diagnosis(leg: Leg): Promise<LegDiagnosis> {
  return LegDiagnosis.parse(await kurento.invoke(endpoint(leg), 'getDiagnosis'));
}

function framesDecoded(): Promise<number> {
  return page.evaluate(async () => {
    const { legs } = window as unknown as { legs: Legs };
    for (const report of (await legs.down.getStats()).values() as Iterable<Record<string, unknown>>)
      if (report['type'] === 'inbound-rtp') return Number(report['framesDecoded'] ?? 0);
    return 0;
  });
}

async function expectPictureToGoOn(): Promise<void> {
  const before = await framesDecoded();
  await expect.poll(framesDecoded, { timeout: TIMEOUT_MS }).toBeGreaterThan(before + 5);
}

describe('ICE is restarted', () => {
  it('on the way down, and the picture goes on over a new path and the same DTLS', async () => {
    await expectPictureToGoOn();
    const before = await diagnosis('down');
    await negotiate('down', 'restartIce');
    const port = async () => (await diagnosis('down')).ice.selected?.remotePort;
    await expect.poll(port, { timeout: TIMEOUT_MS }).not.toBe(before.ice.selected?.remotePort);
    await expectPictureToGoOn();
    const after = await diagnosis('down');
    expect(after.ice).toMatchObject({ state: 'connected', restarts: 1 });
    expect(after.dtls).toEqual({ ...before.dtls, state: 'connected', failure: null });
    const [video] = after.tracks;
    expect(video).toMatchObject({ kind: 'video', direction: 'sent' });
    expect(video?.packets).toBeGreaterThan(before.tracks[0]?.packets ?? 0);
    await expect
      .poll(async () => (await diagnosis('down')).roundTripMs, { timeout: TIMEOUT_MS })
      .not.toBeNull();
  });

  it('on the way up, to TCP although UDP works, and the picture goes on', async () => {
    expect((await diagnosis('up')).ice.selected?.protocol).toBe('udp');
    await negotiate('up', 'restartIce', { via: 'tcp' });
    await expect
      .poll(async () => (await diagnosis('up')).ice.selected?.protocol, { timeout: TIMEOUT_MS })
      .toBe('tcp');
    await expectPictureToGoOn();
    await expect
      .poll(async () => (await diagnosis('up')).tracks[0]?.bitrate, { timeout: TIMEOUT_MS })
      .toBeGreaterThan(0);
    expect((await diagnosis('up')).tracks[0]).toMatchObject({ kind: 'video', direction: 'received' });
  });
});
