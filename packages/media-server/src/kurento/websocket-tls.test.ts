// The Kurento server's door over TLS, and what is said about files that cannot be used.
import { KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket, type ClientOptions } from 'ws';
import { readTlsFiles, TlsFilesError } from '../tls-files.ts';
import { startTestServer } from './testing.ts';

async function makeCertificate(): Promise<{ cert: string; key: string }> {
  const signingAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(signingAlgorithm, true, ['sign', 'verify']);
  const extensions = [new SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }])];
  const made = await X509CertificateGenerator.createSelfSigned({ keys, signingAlgorithm, extensions });
  const key = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' });
  return { cert: made.toString('pem'), key: key.toString() };
}

let folder: string;
let own: { cert: string; key: string };
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-media-tls-'));
  const [made, other] = await Promise.all([makeCertificate(), makeCertificate()]);
  own = made;
  await writeFile(join(folder, 'cert.pem'), own.cert);
  await writeFile(join(folder, 'key.pem'), own.key);
  await writeFile(join(folder, 'other-key.pem'), other.key);
});
afterAll(() => rm(folder, { recursive: true }));

it('speaks wss with a certificate, asks for the token there too, and nothing older than TLS 1.2', async () => {
  const server = await startTestServer({ tls: own, token: 'open-sesame' });
  const outcome = async (options: ClientOptions): Promise<string> => {
    const socket = new WebSocket(`wss://127.0.0.1:${server.port}/kurento`, {
      ca: own.cert,
      ...options,
    });
    const result = await new Promise<string>((resolve) => {
      socket.on('open', () => resolve('open'));
      socket.on('error', ({ message }) => resolve(message));
    });
    socket.terminate();
    return result;
  };
  const headers = { Authorization: 'Bearer open-sesame' };
  expect(await outcome({ headers })).toBe('open');
  expect(await outcome({})).toContain('401');
  expect(await outcome({ headers, ca: [] })).toContain('self-signed');
  expect(await outcome({ headers, minVersion: 'TLSv1', maxVersion: 'TLSv1.1' })).not.toBe('open');
  await server.close();
});

it('lets nobody who begins no TLS shut out who does', async () => {
  const server = await startTestServer({ tls: own, limits: { maxConnections: 1 } });
  const silent = Array.from({ length: 250 }, () => connect(server.port, '127.0.0.1').resume());
  for (const socket of silent) socket.on('error', () => socket.destroy());
  await Promise.all(silent.map((socket) => once(socket, 'connect')));
  const client = new WebSocket(`wss://127.0.0.1:${server.port}/kurento`, { ca: own.cert });
  await once(client, 'open');
  client.terminate();
  for (const socket of silent) socket.destroy();
  await server.close();
});

it.each([
  ['key.pem', 'key.pem', /^--tls-cert: .*key\.pem is no certificate in PEM form$/],
  ['cert.pem', 'cert.pem', /^--tls-key: .*cert\.pem is no private key in PEM form/],
  ['cert.pem', 'other-key.pem', /^--tls-key: .*other-key\.pem is not the key of .*cert\.pem$/],
  ['missing.pem', 'key.pem', /^--tls-cert: .*missing\.pem cannot be read$/],
])('refuses %s with %s in one line', (certFile, keyFile, line) => {
  const read = () => readTlsFiles(join(folder, certFile), join(folder, keyFile));
  expect(read).toThrow(TlsFilesError);
  expect(read).toThrow(line);
});

it('needs both files or neither', () => {
  expect(readTlsFiles(undefined, undefined)).toBeUndefined();
  expect(readTlsFiles(join(folder, 'cert.pem'), join(folder, 'key.pem'))).toEqual(own);
  expect(() => readTlsFiles('cert.pem', undefined)).toThrow(/^--tls-cert and --tls-key belong together/);
});
