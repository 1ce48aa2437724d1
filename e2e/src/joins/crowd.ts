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

export class Crowd {
  readonly #context: BrowserContext;
  readonly #profile: string;

  private constructor(context: BrowserContext, profile: string) {
    this.#context = context;
    this.#profile = profile;
  }

  static async gather(): Promise<Crowd> {
    const profile = mkdtempSync(join(tmpdir(), 'parley-crowd-'));
    const camera = join(profile, 'camera.y4m');
    writeFileSync(camera, smallCamera());
    const context = await chromium.launchPersistentContext(join(profile, 'profile'), {
      executablePath: findChromium(),
      args: [
        ...BROWSER_FLAGS,
        '--disable-background-timer-throttling',
        '--use-fake-ui-for-media-stream',
        `--use-file-for-fake-video-capture=${camera}`,
      ],
      permissions: ['camera', 'microphone'],
      viewport: { width: 480, height: 360 },
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

/** Opens a room's link, writes the name and presses "Join". */
export async function joinRoom(page: Page, url: string, name: string): Promise<void> {
  await page.goto(url);
  await page.getByRole('textbox', { name: 'Your name' }).fill(name);
  await page.getByRole('button', { name: 'Join', exact: true }).click();
}
