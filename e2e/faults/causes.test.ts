// Every cause of the closed list, provoked for real: the participant's screen says its sentence. With UPDATE_DOCS=1 the
// pictures in docs/images/causes are taken anew.
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isMethod } from '@parley/bad-network';
import { causeTexts, FailureCause } from '@parley/protocol';
import { startTurnServer, type RunningTurnServer } from '@parley/turn-server';
import type { Locator, Page } from 'playwright-core';
import { pino } from 'pino';
import { afterAll, beforeAll, it, vi } from 'vitest';
import { ControlTap } from '../src/control-tap.ts';
import { Crowd, joinRoom, joinRoomUntouched, type CrowdNature } from '../src/joins/crowd.ts';
import { routeSignalling } from '../src/joins/faulty-signalling.ts';
import { routeMedia, type MediaFaults } from '../src/joins/media-network.ts';
import { Line } from '../src/line.ts';
import {
  breakDtls,
  cameraOfAnotherProgram,
  garbleReceivedPictures,
  speakOfUnknownCodecs,
} from '../src/page-faults.ts';
import { ParleyServer } from '../src/parley-server.ts';
import { listenToSignalling, type Conversation } from '../src/signalling-tap.ts';

const IMAGES = fileURLToPath(new URL('../../docs/images/causes/', import.meta.url));
/** Some are known only after every remedy has been tried, on a machine that is busy with a dozen browsers' pages. */
const SAID_MS = 40_000;

let server: ParleyServer;
let tap: ControlTap;
let turn: RunningTurnServer;
let crowd: Crowd;

beforeAll(async () => {
  server = await ParleyServer.start({
    controlThrough: async (url) => (tap = await ControlTap.before(url)).url,
  });
  turn = await startTurnServer({
    udp: { host: ['127.0.0.1'], port: 0 },
    relayAddress: ['127.0.0.1'],
    permittedPeers: [{ address: '127.0.0.1', port: server.rtcPort }],
    secret: 'not what the browser was given',
    realm: 'parley',
    log: pino({ level: 'silent' }),
  });
  crowd = await Crowd.gather();
  mkdirSync(IMAGES, { recursive: true });
});

afterAll(async () => {
  await crowd?.disperse();
  await turn?.close();
  await server?.stop();
  tap?.close();
});

ParleyServer.showLogOnFailure(() => server);

interface Guest {
  readonly page: Page;
  /** In the same room, in another browser. */
  readonly host: Page;
}

/** Opens what one provocation needs, and remembers it. */
class Stage {
  readonly ends: (() => Promise<unknown>)[] = [];

  async browser(nature: CrowdNature): Promise<Crowd> {
    const gathered = await Crowd.gather(nature);
    this.ends.push(() => gathered.disperse());
    return gathered;
  }

  /** A room with a host, and a page of a guest that is prepared and then joins. */
  async guest(
    prepare: (page: Page) => Promise<unknown> = () => Promise.resolve(),
    {
      browser = crowd,
      at = server,
      url = at.url,
      join = joinRoom,
    }: { browser?: Crowd; at?: ParleyServer; url?: string; join?: typeof joinRoom } = {},
  ): Promise<Guest> {
    const room = await at.newRoom();
    const [host, page] = await Promise.all([crowd.newPage(), browser.newPage()]);
    this.ends.push(
      () => host.close(),
      () => page.close(),
    );
    await joinRoom(host, `${at.url}${room}`, 'Host');
    await tileOf(host, 'Host').locator('video.shown').waitFor();
    await prepare(page);
    await join(page, `${url}${room}`, 'Guest');
    return { page, host };
  }

  media(faults: MediaFaults, at = server): (page: Page) => Promise<void> {
    return async (page) => {
      const proxy = await routeMedia(page, at.rtcPort, faults);
      this.ends.push(() => proxy.close());
    };
  }
}

const tileOf = (page: Page, name: string) => page.getByRole('figure', { name, exact: true });
const NO_WAY: MediaFaults = { udpDeadMs: 600_000, tcp: 'blocked' };

/** Where a person looks when the cause has been provoked. */
const provocations: Record<FailureCause, (stage: Stage) => Promise<Locator>> = {
  'no-permission': async (stage) => {
    const { page } = await stage.guest(undefined, { browser: await stage.browser({ devices: 'refused' }) });
    return tileOf(page, 'Guest');
  },
  'camera-busy': async (stage) => {
    const { page } = await stage.guest((page) => page.addInitScript(cameraOfAnotherProgram));
    return tileOf(page, 'Guest');
  },
  'device-gone': async (stage) => {
    const { page } = await stage.guest(undefined, { browser: await stage.browser({ devices: 'none' }) });
    return tileOf(page, 'Guest');
  },
  'autoplay-blocked': async (stage) => {
    // A page that captures may always play, and so may one in which somebody pressed something.
    const flags = ['--autoplay-policy=document-user-activation-required'];
    const browser = await stage.browser({ devices: 'refused', flags });
    let said: Conversation | undefined;
    const { page } = await stage.guest((page) => Promise.resolve((said = listenToSignalling(page))), {
      browser,
      join: joinRoomUntouched,
    });
    const isBlocked = ({ params }: { params?: unknown }) =>
      JSON.stringify(params ?? {}).includes('"autoplay-blocked"');
    await vi.waitUntil(() => said?.requests.some(isBlocked), { timeout: SAID_MS });
    return tileOf(page, 'Host');
  },
  'signalling-lost': async (stage) => {
    const line = await Line.to(server.url);
    stage.ends.push(() => line.close());
    const { page } = await stage.guest(undefined, { url: line.url });
    await tileOf(page, 'Host').locator('video.shown').waitFor();
    line.cut();
    return tileOf(page, 'Host');
  },
  'media-server-unreachable': async (stage) => {
    const { page } = await stage.guest();
    await tileOf(page, 'Host').locator('video.shown').waitFor();
    server.mediaServer.process.kill('SIGKILL');
    return page.getByRole('alert');
  },
  'endpoint-refused': async (stage) => {
    stage.ends.push(() => Promise.resolve(tap.allowAll()));
    const { page } = await stage.guest(() => Promise.resolve(tap.refuse('create WebRtcEndpoint')));
    return tileOf(page, 'Host');
  },
  'sdp-refused': async (stage) => {
    const { page } = await stage.guest((page) => page.addInitScript(speakOfUnknownCodecs));
    return tileOf(page, 'Host');
  },
  'no-candidate-pair': async (stage) => {
    const { page } = await stage.guest(stage.media(NO_WAY));
    return tileOf(page, 'Host');
  },
  'relay-refused': async (stage) => {
    const settings = {
      TURN_URL: `turn:127.0.0.1:${turn.udpPort}?transport=udp`,
      TURN_SECRET: 'not-the-one-of-the-relay',
    };
    const misconfigured = await ParleyServer.start({ settings });
    stage.ends.push(() => misconfigured.stop());
    const { page } = await stage.guest(stage.media(NO_WAY, misconfigured), { at: misconfigured });
    return tileOf(page, 'Host');
  },
  'dtls-failed': async (stage) => {
    const { page } = await stage.guest((page) => page.addInitScript(breakDtls));
    return tileOf(page, 'Host');
  },
  'sender-sends-nothing': async (stage) => {
    const { host } = await stage.guest(stage.media({ mediaCut: 'up', tcp: 'blocked' }));
    return tileOf(host, 'Guest');
  },
  'nothing-arrives': async (stage) => {
    const { page } = await stage.guest(stage.media({ mediaCut: 'down', tcp: 'blocked' }));
    return tileOf(page, 'Host');
  },
  'viewer-cannot-decode': async (stage) => {
    const { page } = await stage.guest((page) => page.addInitScript(garbleReceivedPictures));
    return tileOf(page, 'Host');
  },
  'permission-withdrawn': async (stage) => {
    const { page } = await stage.guest(undefined, { browser: await stage.browser({}) });
    await tileOf(page, 'Host').locator('video.shown').waitFor();
    const browser = await page.context().newCDPSession(page);
    for (const name of ['camera', 'microphone'])
      await browser.send('Browser.setPermission', {
        permission: { name },
        setting: 'denied',
        origin: server.url,
      });
    return tileOf(page, 'Guest');
  },
  'stream-ended': async (stage) => {
    const { page, host } = await stage.guest((page) =>
      routeSignalling(page, [
        { direction: 'up', matches: isMethod('watch'), fault: { do: 'delay', ms: 4_000 } },
        { direction: 'down', matches: isMethod('streamStopped'), fault: { do: 'delay', ms: 10_000 } },
        { direction: 'down', matches: isMethod('participantLeft'), fault: { do: 'delay', ms: 10_000 } },
      ]),
    );
    await host.getByRole('button', { name: 'Leave', exact: true }).click();
    return tileOf(page, 'Host');
  },
};

/** These disturb everybody, so they come last, one after the other. */
const DISTURBING: readonly FailureCause[] = [
  'permission-withdrawn',
  'endpoint-refused',
  'media-server-unreachable',
];
const others = FailureCause.options.filter((cause) => !DISTURBING.includes(cause));

it.concurrent.each(others)('says on the screen: %s', says, 2 * SAID_MS);
it.each(DISTURBING)('says on the screen: %s', says, 2 * SAID_MS);

async function says(cause: FailureCause): Promise<void> {
  const stage = new Stage();
  try {
    const place = await provocations[cause](stage);
    await place.getByText(causeTexts[cause].participant).first().waitFor({ timeout: SAID_MS });
    if (process.env['UPDATE_DOCS'])
      await place.page().screenshot({ path: `${IMAGES}${cause}.png`, animations: 'disabled' });
  } finally {
    await Promise.all(stage.ends.map((end) => end()));
  }
}
