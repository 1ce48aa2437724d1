import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { HttpIntake } from './http-intake.ts';

const intakes: HttpIntake[] = [];

afterEach(() => Promise.all(intakes.splice(0).map((intake) => intake.close())));

function intakeAt(port: number, announcedHost = '127.0.0.1'): HttpIntake {
  const intake = new HttpIntake({ host: '127.0.0.1', port, announcedHost, log: pino({ level: 'silent' }) });
  intakes.push(intake);
  return intake;
}

describe('the HTTP server for posts', () => {
  it('says that its port is taken, and listens as soon as it is free', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const address = intakeAt(port).open((post) => post.answer(200));
    await expect(address.url()).rejects.toThrow(
      expect.objectContaining({
        code: 40300,
        message: expect.stringContaining('--http-port') as string,
      }) as Error,
    );
    await new Promise((resolve) => other.close(resolve));
    const url = await address.url();
    expect(new URL(url).port).toBe(String(port));
    expect((await fetch(url, { method: 'POST', body: 'x' })).status).toBe(200);
  });

  it('lets its port go with the last address, and takes it again for the next', async () => {
    const intake = intakeAt(0, '::1');
    const first = intake.open((post) => post.answer(200));
    const url = new URL(await first.url());
    expect(url.hostname).toBe('[::1]');
    await Promise.all([first.close(), first.close()]);
    await expect(fetch(`http://127.0.0.1:${url.port}/`)).rejects.toThrow();
    const second = intake.open((post) => post.answer(200));
    const { port } = new URL(await second.url());
    expect((await fetch(`http://127.0.0.1:${port}/`, { method: 'POST' })).status).toBe(404);
  });
});
