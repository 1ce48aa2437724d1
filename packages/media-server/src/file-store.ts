// Turns the URIs of recorders and players into paths, and keeps those inside the folders that clients may use: the data
// folder, and what the operator allowed besides, without a data folder of Parley's that lies in there. Opens and writes
// nothing.
import { realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { KurentoError } from '@parley/protocol';
import { isParleysOwn } from './client-folders.ts';

/** `scheme:` of RFC 3986, section 3.1. */
const SCHEME = /^([a-z][a-z0-9+.-]*):/i;

/** `file://`, with an authority that must be empty or this very host (RFC 8089, section 2). */
const FILE_AUTHORITY = /^\/\/(localhost)?(?=\/)/i;

const ALLOWED = 'the folders that clients may use';

/** What the operator allows folders by: alone, and where Parley starts the server. */
export type FilesSetting = '--files' | 'KURENTO_FILES';

export interface Refusals {
  /** Named to the client, who has to ask the operator; `--files` unless given. */
  readonly setting?: FilesSetting;
  /** Of a file outside of the folders: `folder` is what would have to be allowed. */
  readonly onRefused?: (folder: string, sentence: string) => void;
}

export class FileStore {
  readonly #root: string;
  readonly #roots: readonly string[];
  readonly #refusals: Refusals;

  /** The folders exist already; they may be symbolic links, and are followed once, here. `others`: besides the first. */
  constructor(dataDir: string, others: readonly string[] = [], refusals: Refusals = {}) {
    this.#root = realpathSync(dataDir);
    this.#roots = [this.#root, ...others.map((folder) => realpathSync(folder))];
    this.#refusals = refusals;
  }

  /**
   * The absolute path that a URI names: `file:///absolute`, `file:relative`, or a plain absolute or relative path.
   * Relative ones count from the data folder. In `file:` URIs `%xx` is decoded, in plain paths it is not.
   * The file need not exist. A link at its very end is not followed: who opens the file must refuse or replace it.
   * @throws KurentoError MEDIA_OBJECT_ILLEGAL_PARAM_ERROR when it is no file URI or leads out of the folders
   */
  resolve(uri: string): string {
    const named = filePathOf(uri);
    const path = resolve(this.#root, named);
    const folder = realFolder(dirname(path), uri);
    const real = join(folder, basename(path));
    if (!this.#allows(real))
      throw this.#outside(`'${uri}' lies outside of ${ALLOWED}`, dirname(path), isAbsolute(named));
    this.#refuseParleysOwn(real, uri);
    return real;
  }

  /** As `resolve`, for reading: a link at the end is followed, but not out of the folders. */
  resolveExisting(uri: string): string {
    const path = this.resolve(uri);
    const real = realpathOrUndefined(path) ?? path;
    if (!this.#allows(real))
      throw this.#outside(`'${uri}' is a link that leads out of ${ALLOWED}`, dirname(real), false);
    this.#refuseParleysOwn(real, uri);
    return real;
  }

  /** Whether a path that `resolve` gave lies in the data folder, which is this server's own. */
  isOwn(path: string): boolean {
    return isInside(this.#root, path);
  }

  /** @param isKnown whether the client has named that folder itself: where things are here is not for it to know */
  #outside(sentence: string, folder: string, isKnown: boolean): KurentoError {
    const { setting = '--files', onRefused } = this.#refusals;
    const allowed = `${setting}${setting === '--files' ? ' ' : '='}${folder}`;
    onRefused?.(folder, `${sentence}; allow it with ${allowed}`);
    return refusal(
      isKnown
        ? `${sentence}; the operator allows it with ${allowed}`
        : `${sentence}; the operator allows others with ${setting}`,
    );
  }

  /** Below a folder that was allowed may lie Parley's own, with its database and secrets: at the start nobody looked. */
  #refuseParleysOwn(path: string, uri: string): void {
    for (let folder = dirname(path); !this.#roots.includes(folder); folder = dirname(folder)) {
      if (!isParleysOwn(folder)) continue;
      const sentence = `'${uri}' lies in Parley's own folder, with its database and secrets`;
      this.#refusals.onRefused?.(
        folder,
        `${sentence}; it is not for clients, though it lies in a folder that is`,
      );
      throw refusal(sentence);
    }
  }

  #allows(path: string): boolean {
    return this.#roots.some((root) => isInside(root, path));
  }
}

function filePathOf(uri: string): string {
  if (uri === '') throw refusal('The URI is empty; name a file');
  const scheme = SCHEME.exec(uri)?.[1].toLowerCase();
  if (scheme !== undefined && scheme !== 'file')
    throw refusal(
      `'${uri}' cannot be used: this media server records to and plays from files (file:///…) and HTTP addresses only`,
    );
  const path = scheme === undefined ? uri : decoded(uri.slice('file:'.length), uri);
  if (path === '' || path.endsWith('/')) throw refusal(`'${uri}' names a folder, not a file`);
  if (path.includes('\0')) throw refusal('The URI holds a NUL character');
  return path;
}

function decoded(rest: string, uri: string): string {
  let path = rest;
  if (path.startsWith('//')) {
    if (!FILE_AUTHORITY.test(path))
      throw refusal(`'${uri}' names another host; only local files can be used`);
    path = path.replace(FILE_AUTHORITY, '');
  }
  try {
    return decodeURIComponent(path);
  } catch {
    throw refusal(`'${uri}' holds a broken %-escape`);
  }
}

/** The folder without links: that of the deepest part that exists, and behind it what does not exist yet. */
function realFolder(folder: string, uri: string): string {
  const missing: string[] = [];
  for (let existing = folder; ; existing = dirname(existing)) {
    const real = realpathOrUndefined(existing, uri);
    if (real !== undefined) return join(real, ...missing);
    if (existing === dirname(existing)) throw refusal(`'${uri}' cannot be resolved`);
    missing.unshift(basename(existing));
  }
}

function realpathOrUndefined(path: string, uri = path): string | undefined {
  try {
    return realpathSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw refusal(`'${uri}' cannot be resolved (${code ?? String(error)})`);
  }
}

function isInside(root: string, path: string): boolean {
  return path.startsWith(root.endsWith(sep) ? root : root + sep);
}

function refusal(sentence: string): KurentoError {
  return new KurentoError('MEDIA_OBJECT_ILLEGAL_PARAM_ERROR', sentence);
}
