// Many people in one browser process, a page each, with a camera so small that two cores carry them all.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { findChromium } from '../chromium.ts';
import { BROWSER_FLAGS } from '../participant.ts';

const WIDTH = 160;
const HEIGHT = 90;
const FRAMES = 5;

export interface CrowdNature {
  readonly devices?: 'working' | 'refused' | 'none';
  /** After those that every browser gets; of two that contradict, the later one counts. */
  readonly flags?: readonly string[];
}

export class Crowd {
  readonly #context: BrowserContext;
  readonly #profile: string;

  private constructor(context: BrowserContext, profile: string) {
    this.#context = context;
    this.#profile = profile;
  }

  static async gather(nature: CrowdNature = {}): Promise<Crowd> {
    const { devices = 'working', flags = [] } = nature;
    const profile = mkdtempSync(join(tmpdir(), 'parley-crowd-'));
    const camera = join(profile, 'camera.y4m');
    writeFileSync(camera, smallCamera());
    const context = await chromium.launchPersistentContext(join(profile, 'profile'), {
      executablePath: findChromium(),
      args: [
        ...BROWSER_FLAGS.filter((flag) => devices !== 'none' || !flag.startsWith('--use-fake-device')),
        '--disable-background-timer-throttling',
        `--use-fake-ui-for-media-stream${devices === 'refused' ? '=deny' : ''}`,
        ...(devices === 'none' ? [] : [`--use-file-for-fake-video-capture=${camera}`]),
        ...flags,
      ],
      permissions: devices === 'refused' ? [] : ['camera', 'microphone'],
      viewport: { width: 720, height: 450 },
    });
    await context.addInitScript('globalThis.__name = (value) => value');
    return new Crowd(context, profile);
  }

  newPage(): Promise<Page> {
    return this.#context.newPage();
  }

  async disperse(): Promise<void> {
    await this.#context.close();
    rmSync(this.#profile, { recursive: true, force: true });
  }
}

/** A picture whose brightness changes from frame to frame, five times a second (YUV4MPEG2, 4:2:0). */
function smallCamera(): Buffer {
  const frame = (brightness: number) =>
    Buffer.concat([
      Buffer.from('FRAME\n'),
      Buffer.alloc(WIDTH * HEIGHT, brightness),
      Buffer.alloc((WIDTH * HEIGHT) / 2, 128),
    ]);
  const frames = Array.from({ length: FRAMES }, (_, index) => frame(60 + index * 30));
  return Buffer.concat([
    Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F${FRAMES}:1 Ip A1:1 C420jpeg\n`),
    ...frames,
  ]);
}

/** Opens a room's link and writes the name; gives the press of "Join". */
export async function goToLobby(page: Page, url: string, name: string): Promise<() => Promise<void>> {
  await page.goto(url);
  await page.getByRole('textbox', { name: 'Your name' }).fill(name);
  return () => page.getByRole('button', { name: 'Join', exact: true }).click();
}

/** Opens a room's link, writes the name and presses "Join". */
export async function joinRoom(page: Page, url: string, name: string): Promise<void> {
  const join = await goToLobby(page, url, name);
  await join();
}

/** The same without a gesture: nobody touches the page, and no test looks into it, which would count as one. */
export async function joinRoomUntouched(page: Page, url: string, name: string): Promise<void> {
  await page.addInitScript((name) => {
    localStorage.setItem('parley.name', JSON.stringify(name));
    const observer = new MutationObserver(() => {
      const button = document.querySelector<HTMLButtonElement>('.lobby-form button[type=submit]');
      if (!button) return;
      observer.disconnect();
      button.click();
    });
    observer.observe(document, { childList: true, subtree: true });
  }, name);
  await page.goto(url);
}
