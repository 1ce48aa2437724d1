// Kurento's tutorials with Kurento's library on both sides: kurento-utils in the page, kurento-client in front of the
// media server or in the page as well, and a camera and a microphone as getUserMedia gives them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JSHandle, Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeFakeMedia } from '../src/fake-media.ts';
import { dominantColour, hears, isChanging } from '../src/seeing-and-hearing.ts';
import { DEADLINE } from '../src/kurento/driven-peer.ts';
import {
  connectKurentoClient,
  IceCandidate,
  type KurentoClient,
  type KurentoClientModule,
  type WebRtcEndpoint,
} from '../src/kurento/kurento-client.ts';
import { bundleForPage } from '../src/kurento/page-bundle.ts';
import { bundleKurentoUtils, type KurentoUtils, type WebRtcPeer } from '../src/kurento/kurento-utils.ts';
import { KurentoPage } from '../src/kurento/kurento-page.ts';
import { MediaServerAlone, startMediaServerAlone } from '../src/kurento/media-server-alone.ts';

type Mode = keyof KurentoUtils['WebRtcPeer'];

const folder = mkdtempSync(join(tmpdir(), 'parley-kurento-utils-'));
/** By the id of the page's peer. */
const fromPage = new Map<string, (candidate: object) => void>();
let server: MediaServerAlone;
let page: KurentoPage;
let client: KurentoClient;
MediaServerAlone.showLogOnFailure(() => server);

beforeAll(async () => {
  const { video, audio } = writeFakeMedia(folder, { colour: 'red', hz: 440 });
  const devices = [
    `--use-file-for-fake-video-capture=${video}`,
    `--use-file-for-fake-audio-capture=${audio}`,
  ];
  [server, page] = await Promise.all([startMediaServerAlone(), KurentoPage.open(devices)]);
  client = await connectKurentoClient(server.url);
  await page.page.exposeFunction('toServer', (id: string, candidate: object) =>
    fromPage.get(id)?.(candidate),
  );
  await page.page.addScriptTag({ content: await bundleKurentoUtils() });
});
afterAll(async () => {
  client?.close();
  await page?.close();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** As the script of a tutorial's page does: a peer with two videos, whose candidates go to the server. */
async function newPeer(id: string, mode: Mode): Promise<{ peer: JSHandle<WebRtcPeer>; remote: Locator }> {
  const peer = await page.page.evaluateHandle(
    ({ id, mode }) => {
      const { kurentoUtils, toServer } = window as unknown as {
        kurentoUtils: KurentoUtils;
        toServer: (id: string, candidate: unknown) => void;
      };
      const [localVideo, remoteVideo] = ['local', 'remote'].map((name) => {
        const video = document.createElement('video');
        video.id = `${name}-${id}`;
        video.autoplay = true;
        document.body.append(video);
        return video;
      });
      if (!localVideo || !remoteVideo) throw new Error('two were made');
      return new Promise<WebRtcPeer>((resolve, reject) => {
        const peer = new kurentoUtils.WebRtcPeer[mode](
          {
            localVideo,
            remoteVideo,
            onicecandidate: (candidate) => toServer(id, candidate.toJSON()),
            // Its default asks public STUN servers.
            configuration: { iceServers: [] },
          },
          (error) => (error ? reject(error) : resolve(peer)),
        );
      });
    },
    { id, mode },
  );
  return { peer, remote: page.page.locator(`#remote-${id}`) };
}

/** Offer, answer and candidates, in the order of the tutorials. */
async function negotiate(id: string, peer: JSHandle<WebRtcPeer>, endpoint: WebRtcEndpoint): Promise<void> {
  fromPage.set(id, (candidate) => void endpoint.addIceCandidate(IceCandidate(candidate)));
  endpoint.on('IceCandidateFound', ({ candidate }) => {
    // kurento-utils itself keeps those that come before the answer.
    void peer.evaluate(
      (peer, candidate) =>
        new Promise<void>((resolve, reject) => {
          peer.addIceCandidate(candidate, (error) => (error ? reject(error) : resolve()));
        }),
      candidate as RTCIceCandidateInit,
    );
  });
  const offer = await peer.evaluate(
    (peer) =>
      new Promise<string>((resolve, reject) => {
        peer.generateOffer((error, offer) => (error ? reject(error) : resolve(offer)));
      }),
  );
  const answer = await endpoint.processOffer(offer);
  await endpoint.gatherCandidates();
  await peer.evaluate(
    (peer, answer) =>
      new Promise<void>((resolve, reject) => {
        peer.processAnswer(answer, (error) => (error ? reject(error) : resolve()));
      }),
    answer,
  );
}

async function isSeenAndHeard(remote: Locator): Promise<void> {
  await expect.poll(() => dominantColour(remote), DEADLINE).toBe('red');
  await expect.poll(() => isChanging(remote), DEADLINE).toBe(true);
  await expect.poll(() => hears(remote, 440), DEADLINE).toBe(true);
}

describe('WebRtcPeerSendrecv', () => {
  it('shows the camera that went to the media server and back, and plays the microphone', async () => {
    const { peer, remote } = await newPeer('alice', 'WebRtcPeerSendrecv');
    const pipeline = await client.create('MediaPipeline');
    const endpoint = await pipeline.create('WebRtcEndpoint');
    await endpoint.connect(endpoint);
    await negotiate('alice', peer, endpoint);
    await isSeenAndHeard(remote);
    await peer.evaluate((peer) => peer.dispose());
    await pipeline.release();
  });
});

describe('WebRtcPeerSendonly and WebRtcPeerRecvonly', () => {
  it('make a presenter and a viewer', async () => {
    const presenter = await newPeer('presenter', 'WebRtcPeerSendonly');
    const viewer = await newPeer('viewer', 'WebRtcPeerRecvonly');
    const pipeline = await client.create('MediaPipeline');
    const source = await pipeline.create('WebRtcEndpoint');
    await negotiate('presenter', presenter.peer, source);
    const sink = await pipeline.create('WebRtcEndpoint');
    await source.connect(sink);
    await negotiate('viewer', viewer.peer, sink);
    await isSeenAndHeard(viewer.remote);
    for (const { peer } of [presenter, viewer]) await peer.evaluate((peer) => peer.dispose());
    await pipeline.release();
  });
});

describe('kurento-client in the page, which speaks to the media server itself', () => {
  it('shows the camera that went to the media server and back', async () => {
    await page.page.addScriptTag({ content: await bundleForPage('kurento-client', 'kurentoClient') });
    const { peer, remote } = await newPeer('carol', 'WebRtcPeerSendrecv');
    const leave = await peer.evaluateHandle(async (peer, url) => {
      const { kurentoClient } = window as unknown as { kurentoClient: KurentoClientModule };
      const client = await kurentoClient(url);
      const pipeline = await client.create('MediaPipeline');
      const endpoint = await pipeline.create('WebRtcEndpoint');
      await endpoint.connect(endpoint);
      const ofServer = (event: Record<string, unknown>) =>
        peer.addIceCandidate(event['candidate'] as RTCIceCandidateInit, () => undefined);
      endpoint.on('IceCandidateFound', ofServer);
      const IceCandidate = kurentoClient.getComplexType('IceCandidate');
      peer.peerConnection.addEventListener('icecandidate', ({ candidate }) => {
        if (candidate) void endpoint.addIceCandidate(IceCandidate(candidate.toJSON()));
      });
      const offer = await new Promise<string>((resolve, reject) => {
        peer.generateOffer((error, offer) => (error ? reject(error) : resolve(offer)));
      });
      const answer = await endpoint.processOffer(offer);
      await new Promise<void>((resolve, reject) => {
        peer.processAnswer(answer, (error) => (error ? reject(error) : resolve()));
      });
      await endpoint.gatherCandidates();
      return async () => {
        await pipeline.release();
        client.close();
      };
    }, server.url);
    await isSeenAndHeard(remote);
    const manager = await client.getServerManager();
    expect(await manager.getPipelines()).toHaveLength(1);
    await leave.evaluate((leave) => leave());
    expect(await manager.getPipelines()).toEqual([]);
    await peer.evaluate((peer) => peer.dispose());
  });
});
