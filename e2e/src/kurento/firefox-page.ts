// One Firefox with one page of peers, as kurento-page.ts is one Chromium; driven over WebDriver BiDi. What is seen is counted,
// not looked at.
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { COLOURS, type Colour } from '../fake-media.ts';
import { ensureFfmpeg } from '../ffprobe.ts';
import { ensureFirefox } from '../firefox.ts';
import { DrivenPeer } from './driven-peer.ts';
import { openEmptyPlace, type Place } from './empty-place.ts';
import { installParley, type PageParley } from './page-peer.ts';

/** Of the tone of its fake microphone: without a sound device its Web Audio makes none. */
export const FAKE_HZ = 440;

/** What a test machine needs of Firefox: fake devices, and nobody there to be asked or to touch the page. */
const PREFERENCES = {
  'media.peerconnection.ice.loopback': true,
  'media.peerconnection.ice.obfuscate_host_addresses': false,
  'media.autoplay.default': 0,
  'media.navigator.permission.disabled': true,
  'media.navigator.streams.fake': true,
  'media.navigator.audio.fake_frequency': FAKE_HZ,
  // H.264 by the system's libavcodec instead of Cisco's plugin, which would have to be downloaded: offered only where the
  // hardware is said to have it (1: it has).
  'gfx.blacklist.webrtc.hw.acceleration.h264': 1,
  'media.webrtc.hw.h264.enabled': true,
  'media.navigator.mediadatadecoder_h264_enabled': true,
};

export class FirefoxPage {
  readonly #browser: Browser;
  readonly #page: Page;
  readonly #place: Place;
  readonly #peers = new Map<string, DrivenPeer>();

  private constructor(browser: Browser, page: Page, place: Place) {
    this.#browser = browser;
    this.#place = place;
    this.#page = page;
  }

  static async open(): Promise<FirefoxPage> {
    // For its libavcodec.
    ensureFfmpeg();
    const browser = await puppeteer.launch({
      browser: 'firefox',
      executablePath: ensureFirefox(),
      headless: true,
      extraPrefsFirefox: PREFERENCES,
    });
    const page = await browser.newPage();
    const place = await openEmptyPlace();
    const opened = new FirefoxPage(browser, page, place);
    await page.exposeFunction('candidate', (peer: string, text: string) =>
      opened.#peers.get(peer)?.found(JSON.parse(text) as RTCIceCandidateInit),
    );
    // esbuild, which tsx runs, wraps named functions in this helper: those that travel into the page would miss it.
    await page.evaluateOnNewDocument('globalThis.__name = (value) => value');
    await page.evaluateOnNewDocument(installParley);
    await page.goto(place.url);
    await page.evaluate(async () => {
      const devices = await navigator.mediaDevices.getUserMedia({ audio: true });
      const [microphone] = devices.getAudioTracks();
      if (microphone) (window as unknown as { parley: PageParley }).parley.microphone = microphone;
    });
    return opened;
  }

  version(): Promise<string> {
    return this.#browser.version();
  }

  /**
   * Sends the tone of FAKE_HZ, and a picture if there is a colour, and receives both. Nothing is negotiated yet.
   * @param videoCodec the only one, such as `video/H264`
   */
  async newPeer(colour: Colour | undefined, videoCodec?: string): Promise<DrivenPeer> {
    const name = `firefox-${this.#peers.size + 1}`;
    const handle = await this.#page.evaluateHandle(
      (name, rgb, hz, videoCodec) =>
        (window as unknown as { parley: PageParley }).parley.newPeer(name, {
          sends: { hz, ...(rgb ? { rgb } : {}) },
          receives: ['audio', 'video'],
          videoCodec,
        }),
      name,
      colour && COLOURS[colour],
      FAKE_HZ,
      videoCodec,
    );
    const peer = new DrivenPeer(handle);
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
