// The certificate of a running server: taken at start, followed when its files change, renewed when it is self-made.
import { unwatchFile, watchFile } from 'node:fs';
import { join } from 'node:path';
import type { SecureContextOptions } from 'node:tls';
import type { Logger } from 'pino';
import { readCertificate, type Certificate, type CertificateFiles } from './certificate-files.ts';
import { keepSelfSigned, ownNames, selfSignedFiles } from './self-signed-certificate.ts';

export type TlsOptions =
  | ({ readonly kind: 'files' } & CertificateFiles)
  /** Kept in `tls/` of the data folder. */
  | { readonly kind: 'self-signed'; readonly announcedIps: readonly string[] };

export interface CertificateSummary {
  readonly file: string;
  readonly selfMade: boolean;
  /** SHA-256 over the DER form: upper-case hex pairs with colons between them. */
  readonly fingerprint: string;
  readonly validTo: Date;
}

/** RFC 9325, section 4.2: authenticated encryption with forward secrecy only. */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/** By time, not by notice of the system: programs that renew certificates exchange links to them, which gives none. */
const LOOK_INTERVAL_MS = 10_000;
const RENEWAL_INTERVAL_MS = 86_400_000;

export interface ServerSecureContext extends Pick<SecureContextOptions, 'minVersion' | 'ciphers'> {
  readonly cert: string;
  readonly key: string;
}

/** Such as an HTTPS server. */
export interface TakesCertificates {
  setSecureContext(context: ServerSecureContext): void;
}

export interface ServerCertificateParts {
  readonly dataDir: string;
  readonly log: Logger;
  /** How often the files are looked at, in ms. */
  readonly lookIntervalMs?: number | undefined;
}

export class ServerCertificate {
  readonly selfMade: boolean;
  readonly #options: TlsOptions;
  readonly #parts: ServerCertificateParts;
  #current: Certificate;
  #server: TakesCertificates | undefined;
  #renewal: NodeJS.Timeout | undefined;
  /** Ends after the last reading of the files; never rejected. */
  #reading = Promise.resolve();
  #closed = false;
  readonly #onChange = () => {
    this.#reading = this.#reading.then(() => this.#reload());
  };

  /** @throws AppServerStartError ('certificate-unusable', 'data-folder-not-writable') */
  static async open(options: TlsOptions, parts: ServerCertificateParts): Promise<ServerCertificate> {
    const now = new Date();
    await renew(options, parts, now);
    return new ServerCertificate(options, parts, await readCertificate(filesOf(options, parts), now));
  }

  private constructor(options: TlsOptions, parts: ServerCertificateParts, current: Certificate) {
    this.selfMade = options.kind === 'self-signed';
    this.#options = options;
    this.#parts = parts;
    this.#current = current;
  }

  get summary(): CertificateSummary {
    const { fingerprint256, validTo } = this.#current.x509;
    return {
      file: this.#files.certFile,
      selfMade: this.selfMade,
      fingerprint: fingerprint256,
      validTo: new Date(validTo),
    };
  }

  /** The certificate, with those of the authorities in between behind it. */
  get pem(): string {
    return this.#current.cert;
  }

  /** What an HTTPS server is to be made with. */
  get secureContext(): ServerSecureContext {
    const { cert, key } = this.#current;
    return { cert, key, minVersion: 'TLSv1.2', ciphers: CIPHERS };
  }

  /** Gives the server each new certificate from now on, until `close`. */
  follow(server: TakesCertificates): void {
    this.#server = server;
    const look = { interval: this.#parts.lookIntervalMs ?? LOOK_INTERVAL_MS, persistent: false };
    for (const file of this.#watched) watchFile(file, look, this.#onChange);
    if (!this.selfMade) return;
    this.#renewal = setInterval(() => this.#renew(), RENEWAL_INTERVAL_MS);
    this.#renewal.unref();
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#renewal);
    for (const file of this.#watched) unwatchFile(file, this.#onChange);
  }

  get #files(): CertificateFiles {
    return filesOf(this.#options, this.#parts);
  }

  get #watched(): string[] {
    const { certFile, keyFile } = this.#files;
    return [certFile, keyFile];
  }

  async #reload(): Promise<void> {
    if (this.#closed) return;
    const { log } = this.#parts;
    try {
      this.#current = await readCertificate(this.#files, new Date());
      this.#server?.setSecureContext(this.secureContext);
      log.info({ ...this.summary }, 'the certificate was read anew');
    } catch (err) {
      // Usual for a moment when certificate and key are exchanged one after the other.
      log.warn({ err }, 'the changed certificate cannot be used, the former one stays');
    }
  }

  #renew(): void {
    renew(this.#options, this.#parts, new Date()).catch((err: unknown) =>
      this.#parts.log.error({ err }, 'the self-signed certificate could not be renewed'),
    );
  }
}

function filesOf(options: TlsOptions, { dataDir }: ServerCertificateParts): CertificateFiles {
  return options.kind === 'files' ? options : selfSignedFiles(join(dataDir, 'tls'));
}

async function renew(options: TlsOptions, { dataDir }: ServerCertificateParts, now: Date): Promise<void> {
  if (options.kind === 'self-signed')
    await keepSelfSigned(join(dataDir, 'tls'), ownNames(options.announcedIps), now);
}
