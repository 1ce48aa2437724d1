import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { patientOf } from '../testing.ts';
import { checkPorts } from './ports.ts';

/** A TCP port that somebody else has. */
async function takenTcp(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** A UDP port that somebody else has. */
async function takenUdp(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  onTestFinished(() => void socket.close());
  return socket.address().port;
}

const levels = async (settings: Parameters<typeof patientOf>[0]) =>
  Object.fromEntries((await checkPorts(patientOf(settings))).map(({ name, level }) => [name, level]));

describe('ports', () => {
  const quiet = ['--host', '127.0.0.1', '--rtc-port', '0'];

  it('that another program has are problems, over TCP and UDP', async () => {
    const port = String(await takenTcp());
    expect(await levels({ flags: [...quiet, '--port', port] })).toEqual({
      PORT: 'problem',
      RTC_PORT: 'skipped',
    });
    const rtcPort = String(await takenUdp());
    const flags = ['--host', '127.0.0.1', '--port', '0', '--rtc-port', rtcPort];
    expect(await levels({ flags })).toEqual({ PORT: 'skipped', RTC_PORT: 'problem' });
  });

  it('for other clients of the media server are among them when there are any', async () => {
    const listen = `127.0.0.1:${await takenTcp()}`;
    expect(await levels({ flags: [...quiet, '--port', '0', '--kurento-listen', listen] })).toEqual({
      PORT: 'skipped',
      RTC_PORT: 'skipped',
      KURENTO_LISTEN: 'problem',
    });
  });

  it('are in order while it is Parley itself that has them', async () => {
    const port = String(await takenTcp());
    const url = `http://127.0.0.1:${port}`;
    expect(await levels({ flags: [...quiet, '--port', port], url })).toMatchObject({ PORT: 'ok' });
    const behindProxy = { flags: [...quiet, '--port', port], url: 'https://meet.example', outside: true };
    expect(await levels(behindProxy)).toMatchObject({ PORT: 'skipped' });
  });

  it('are a problem on an address that this machine does not have', async () => {
    expect(
      await checkPorts(
        patientOf({
          flags: ['--host', '192.0.2.99', '--port', '1', '--turn-port', 'off', '--rtc-port', '0'],
        }),
      ),
    ).toMatchObject([
      { name: 'PORT', level: 'problem', text: expect.stringContaining('does not have') as string },
      {},
    ]);
  });

  it('of the relay are looked at where it would be started', async () => {
    const turnPort = String(await takenUdp());
    const flags = ['--port', '0', '--rtc-port', '0', '--turn-port', turnPort];
    const settings = { flags, ownAddresses: ['127.0.0.1'] };
    expect(await levels(settings)).toMatchObject({ TURN_PORT: 'problem' });
    expect(await levels({ ...settings, flags: [...flags, '--host', '127.0.0.1'] })).not.toHaveProperty(
      'TURN_PORT',
    );
  });
});
