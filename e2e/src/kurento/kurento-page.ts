// One Chromium with one page, in which any number of peers meet the media server: each with a colour and a tone of its own,
// told what it saw and heard. The peers themselves are in page-peer.ts.
import { chromium, type Browser, type JSHandle, type Locator, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { findChromium } from '../chromium.ts';
import { COLOURS, type Colour } from '../fake-media.ts';
import { BROWSER_FLAGS } from '../participant.ts';
import { dominantColour, hears, isChanging } from '../seeing-and-hearing.ts';
import { installParley, type Counts, type PageParley, type PagePeer } from './page-peer.ts';

/** A page that may use camera and microphone: `localhost` is trustworthy without TLS. Nothing listens there. */
const PLACE = 'http://localhost/';
/** For whatever takes a connection and a picture, on a machine that is busy with browsers. */
const DEADLINE = { timeout: 20_000, interval: 100 };

export interface PeerOptions {
  /** A colour is a camera, a frequency a microphone; neither: it sends nothing. */
  readonly sends?: { readonly colour?: Colour; readonly hz?: number };
  /** Both unless told otherwise. */
  readonly receives?: readonly ('audio' | 'video')[];
  /** The only video codec, such as `video/H264`. */
  readonly videoCodec?: string;
  readonly configuration?: RTCConfiguration;
}

export class KurentoPage {
  readonly page: Page;
  readonly #browser: Browser;
  readonly #peers = new Map<string, BrowserPeer>();
  #peersEver = 0;

  private constructor(browser: Browser, page: Page) {
    this.#browser = browser;
    this.page = page;
  }

  /** Starts a browser. @param flags such as those that choose Chromium's own fake camera */
  static async open(flags: readonly string[] = []): Promise<KurentoPage> {
    const browser = await chromium.launch({
      executablePath: findChromium(),
      args: [
        ...BROWSER_FLAGS,
        '--use-fake-ui-for-media-stream',
        '--disable-background-timer-throttling',
        ...flags,
      ],
    });
    const context = await browser.newContext({ permissions: ['camera', 'microphone'] });
    // esbuild, which tsx runs, wraps named functions in this helper: those that travel into the page would miss it.
    await context.addInitScript('globalThis.__name = (value) => value');
    await context.addInitScript(installParley);
    const page = await context.newPage();
    await page.route(PLACE, (route) =>
      route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>Parley</title>' }),
    );
    const opened = new KurentoPage(browser, page);
    await page.exposeFunction('candidate', (peer: string, text: string) =>
      opened.#peers.get(peer)?.found(JSON.parse(text) as RTCIceCandidateInit),
    );
    await page.goto(PLACE);
    return opened;
  }

  /** Nothing is negotiated yet. */
  async newPeer({
    sends = {},
    receives = ['audio', 'video'],
    ...rest
  }: PeerOptions = {}): Promise<BrowserPeer> {
    const name = `peer-${++this.#peersEver}`;
    const handle: JSHandle<PagePeer> = await this.page.evaluateHandle(
      ({ name, options }) => (window as unknown as { parley: PageParley }).parley.newPeer(name, options),
      {
        name,
        options: {
          sends: {
            ...(sends.colour === undefined ? {} : { rgb: COLOURS[sends.colour] }),
            ...(sends.hz === undefined ? {} : { hz: sends.hz }),
          },
          receives,
          ...rest,
        },
      },
    );
    const peer = new BrowserPeer(handle, this.page.locator(`video[data-peer="${name}"]`));
    this.#peers.set(name, peer);
    return peer;
  }

  /** Ends all peers; the page stays. */
  async closePeers(): Promise<void> {
    await Promise.all([...this.#peers.values()].map((peer) => peer.close()));
    this.#peers.clear();
  }

  /** Ends the browser. */
  async close(): Promise<void> {
    await this.#browser.close();
  }
}

/** One RTCPeerConnection of the page. */
export class BrowserPeer {
  readonly handle: JSHandle<PagePeer>;
  /** Shows what is received; dominantColour and tones of seeing-and-hearing.ts take it. */
  readonly video: Locator;
  readonly #candidates: RTCIceCandidateInit[] = [];
  readonly #listeners: ((candidate: RTCIceCandidateInit) => void)[] = [];

  constructor(handle: JSHandle<PagePeer>, video: Locator) {
    this.handle = handle;
    this.video = video;
  }

  /** Gives the SDP, which is set as local description. */
  offer(options?: RTCOfferOptions): Promise<string> {
    return this.handle.evaluate((peer, options) => peer.offer(options), options);
  }

  acceptAnswer(sdp: string): Promise<void> {
    return this.handle.evaluate((peer, sdp) => peer.acceptAnswer(sdp), sdp);
  }

  /** Takes an offer; gives the SDP of the answer, which is set as local description. */
  answer(offer: string): Promise<string> {
    return this.handle.evaluate((peer, offer) => peer.answer(offer), offer);
  }

  addCandidate(candidate: RTCIceCandidateInit): Promise<void> {
    return this.handle.evaluate((peer, candidate) => peer.connection.addIceCandidate(candidate), candidate);
  }

  /** Told of each candidate of the browser, of those that came before as well. */
  onCandidate(listener: (candidate: RTCIceCandidateInit) => void): void {
    this.#listeners.push(listener);
    for (const candidate of this.#candidates) listener(candidate);
  }

  /** For KurentoPage. */
  found(candidate: RTCIceCandidateInit): void {
    this.#candidates.push(candidate);
    for (const listener of this.#listeners) listener(candidate);
  }

  state(): Promise<RTCPeerConnectionState> {
    return this.handle.evaluate((peer) => peer.connection.connectionState);
  }

  /** Resolves once the connection is in this state. */
  async reaches(state: RTCPeerConnectionState): Promise<void> {
    await expect.poll(() => this.state(), DEADLINE).toBe(state);
  }

  counts(): Promise<Counts> {
    return this.handle.evaluate((peer) => peer.counts());
  }

  /** Resolves once so many more frames were decoded than until now. */
  async seesFrames(count = 10): Promise<void> {
    const before = (await this.counts()).framesDecoded;
    await expect
      .poll(async () => (await this.counts()).framesDecoded, DEADLINE)
      .toBeGreaterThanOrEqual(before + count);
  }

  /** Resolves once the picture is of this colour, and goes on moving. */
  async sees(colour: Colour): Promise<void> {
    await expect.poll(() => dominantColour(this.video), DEADLINE).toBe(colour);
    expect(await isChanging(this.video)).toBe(true);
  }

  /** Resolves once this tone is the loudest one. */
  async hears(hz: number): Promise<void> {
    await expect.poll(() => hears(this.video, hz), DEADLINE).toBe(true);
  }

  /** Resolves once sound came that is none of silence. */
  async hearsSomething(): Promise<void> {
    const before = (await this.counts()).audioEnergy;
    await expect
      .poll(async () => (await this.counts()).audioEnergy, DEADLINE)
      .toBeGreaterThan(before + 0.001);
  }

  /** To be called before `offer`. */
  openChannel(label: string, init?: RTCDataChannelInit): Promise<void> {
    return this.handle.evaluate((peer, { label, init }) => peer.openChannel(label, init), { label, init });
  }

  /** Resolves once the channel, of either side, is in this state. */
  async channelIs(label: string, state: RTCDataChannelState): Promise<void> {
    await expect
      .poll(
        () => this.handle.evaluate((peer, label) => peer.channels.get(label)?.channel.readyState, label),
        DEADLINE,
      )
      .toBe(state);
  }

  /** @param data text, or the bytes of a binary message */
  send(label: string, data: string | readonly number[]): Promise<void> {
    return this.handle.evaluate(
      (peer, { label, data }) => {
        const channel = peer.channels.get(label)?.channel;
        if (!channel) throw new Error(`no channel ${label}`);
        if (typeof data === 'string') channel.send(data);
        else channel.send(new Uint8Array(data));
      },
      { label, data },
    );
  }

  /** Resolves with the messages of a channel once there are so many. */
  async received(label: string, count = 1): Promise<(string | number[])[]> {
    const read = () => this.handle.evaluate((peer, label) => peer.channels.get(label)?.received ?? [], label);
    await expect.poll(async () => (await read()).length, DEADLINE).toBeGreaterThanOrEqual(count);
    return read();
  }

  close(): Promise<void> {
    return this.handle.evaluate((peer) => peer.close());
  }
}
