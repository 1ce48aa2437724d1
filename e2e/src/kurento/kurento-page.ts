// One Chromium with one page, in which any number of peers meet the media server: each with a colour and a tone of its own,
// told what it saw and heard. The peers themselves are in page-peer.ts, what drives them in driven-peer.ts.
import { chromium, type Browser, type JSHandle, type Locator, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { findChromium } from '../chromium.ts';
import { COLOURS, type Colour } from '../fake-media.ts';
import { BROWSER_FLAGS } from '../participant.ts';
import { dominantColour, hears, isChanging } from '../seeing-and-hearing.ts';
import { DEADLINE, DrivenPeer } from './driven-peer.ts';
import { openEmptyPlace, type Place } from './empty-place.ts';
import { installParley, type PageParley, type PagePeer } from './page-peer.ts';

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
  readonly #place: Place;
  readonly #peers = new Map<string, BrowserPeer>();
  #peersEver = 0;

  private constructor(browser: Browser, page: Page, place: Place) {
    this.#browser = browser;
    this.#place = place;
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
    const place = await openEmptyPlace();
    const opened = new KurentoPage(browser, page, place);
    await page.exposeFunction('candidate', (peer: string, text: string) =>
      opened.#peers.get(peer)?.found(JSON.parse(text) as RTCIceCandidateInit),
    );
    await page.goto(place.url);
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
    this.#place.close();
  }
}

/** One RTCPeerConnection of Chromium's page, whose picture and sound can be looked at. */
export class BrowserPeer extends DrivenPeer {
  /** Shows what is received; dominantColour and tones of seeing-and-hearing.ts take it. */
  readonly video: Locator;

  constructor(handle: JSHandle<PagePeer>, video: Locator) {
    super(handle);
    this.video = video;
  }

  /** Resolves once the picture is of this colour, and goes on moving. */
  async sees(colour: Colour): Promise<void> {
    await expect.poll(() => dominantColour(this.video), DEADLINE).toBe(colour);
    await expect.poll(() => isChanging(this.video), DEADLINE).toBe(true);
  }

  /** Resolves once this tone is the loudest one. */
  async hears(hz: number): Promise<void> {
    await expect.poll(() => hears(this.video, hz), DEADLINE).toBe(true);
  }
}
