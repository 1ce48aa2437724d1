// One person in front of one browser: a Chromium process with a camera, a microphone and a profile of its own. Speaks of
// the page in the words a person would use; what is seen and heard is measured in seeing-and-hearing.ts.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Locator, type Page } from 'playwright-core';
import { findChromium } from './chromium.ts';
import { writeFakeMedia, type FakeMedia } from './fake-media.ts';
import { Line } from './line.ts';

export const BROWSER_FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--use-fake-device-for-media-stream',
  '--autoplay-policy=no-user-gesture-required',
  // So that tests need no network card.
  '--allow-loopback-in-peer-connection',
  // Windows of other participants cover this one, in a manner of speaking.
  '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
];

export interface ParticipantOptions extends FakeMedia {
  readonly name: string;
  /** Base URL of the server. */
  readonly server: string;
  /** A camera file of one's own, in place of the colour. */
  readonly camera?: string;
  readonly colourScheme?: 'light' | 'dark';
  /** Whether the browser lets the page have camera and microphone; it does if not told otherwise. */
  readonly devices?: 'allowed' | 'refused';
  readonly viewport?: { readonly width: number; readonly height: number };
  /** A browser on another host: started by this program, with these flags more, it goes to the server without a `Line`. */
  readonly elsewhere?: { readonly executable: string; readonly flags: readonly string[] };
}

export class Participant {
  readonly name: string;
  readonly media: FakeMedia;
  readonly line: Line;
  readonly #context: BrowserContext;
  readonly #profile: string;
  readonly #base: string;
  #page: Page;

  private constructor(
    options: ParticipantOptions,
    line: Line,
    context: BrowserContext,
    page: Page,
    profile: string,
  ) {
    this.name = options.name;
    this.media = { colour: options.colour, hz: options.hz };
    this.line = line;
    this.#context = context;
    this.#page = page;
    this.#profile = profile;
    this.#base = options.elsewhere ? options.server : line.url;
  }

  /** Starts the browser; no page is open yet. */
  static async arrive(options: ParticipantOptions): Promise<Participant> {
    const profile = mkdtempSync(join(tmpdir(), 'parley-participant-'));
    const { video, audio } = writeFakeMedia(join(profile, 'media'), options);
    const context = await chromium.launchPersistentContext(join(profile, 'profile'), {
      executablePath: options.elsewhere?.executable ?? findChromium(),
      args: [
        ...BROWSER_FLAGS,
        ...(options.elsewhere?.flags ?? []),
        options.devices === 'refused'
          ? '--use-fake-ui-for-media-stream=deny'
          : '--use-fake-ui-for-media-stream',
        `--use-file-for-fake-video-capture=${options.camera ?? video}`,
        `--use-file-for-fake-audio-capture=${audio}`,
      ],
      permissions: options.devices === 'refused' ? [] : ['camera', 'microphone'],
      colorScheme: options.colourScheme ?? 'light',
      viewport: options.viewport ?? { width: 1280, height: 800 },
    });
    // esbuild, which tsx runs, wraps named functions in this helper: those that travel into the page would miss it.
    await context.addInitScript('globalThis.__name = (value) => value');
    const page = context.pages()[0] ?? (await context.newPage());
    return new Participant(options, await Line.to(options.server), context, page, profile);
  }

  get page(): Page {
    return this.#page;
  }

  /** @param path such as `/r/<room>` */
  async open(path: string): Promise<void> {
    await this.#page.goto(`${this.#base}${path}`);
  }

  /** Opens the room's link, writes the name and presses "Join". */
  async join(room: string): Promise<void> {
    await this.open(room);
    await this.#page.getByRole('textbox', { name: 'Your name' }).fill(this.name);
    await this.press('Join');
    await this.button('Leave').waitFor();
  }

  button(name: string): Locator {
    return this.#page.getByRole('button', { name, exact: true });
  }

  async press(name: string): Promise<void> {
    await this.button(name).click();
  }

  /** The tile of a participant's camera. */
  tile(name: string): Locator {
    return this.#page.getByRole('figure', { name, exact: true });
  }

  /** The picture in the tile of a participant's camera. */
  picture(name: string): Locator {
    return this.tile(name).locator('video');
  }

  /** Closes the tab without a farewell, as a crash does, and opens an empty one. */
  async closeTab(): Promise<void> {
    const closed = this.#page;
    this.#page = await this.#context.newPage();
    await closed.close();
  }

  /**
   * Stops the page's scripts, not its media: the page notices nothing and does nothing any more, until the function that
   * this gives is called.
   */
  async stun(): Promise<() => Promise<void>> {
    const debugging = await this.#context.newCDPSession(this.#page);
    await debugging.send('Debugger.enable');
    await debugging.send('Debugger.pause');
    return async () => {
      await debugging.send('Debugger.disable');
      await debugging.detach();
    };
  }

  /** Ends the browser. */
  async goHome(): Promise<void> {
    await this.#context.close();
    await this.line.close();
    rmSync(this.#profile, { recursive: true, force: true });
  }
}
