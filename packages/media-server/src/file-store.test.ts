import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileStore } from './file-store.ts';

let base: string;
let data: string;
let store: FileStore;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'parley-store-'));
  data = join(base, 'data');
  mkdirSync(join(data, 'recordings'), { recursive: true });
  mkdirSync(join(base, 'data-of-others'));
  writeFileSync(join(base, 'secret.webm'), 'x');
  store = new FileStore(data);
});

afterEach(() => rmSync(base, { recursive: true }));

describe('FileStore', () => {
  it('takes all spellings of a file inside the data folder, existing or not', () => {
    const wanted = join(data, 'recordings', 'a b.webm');
    expect(store.resolve(pathToFileURL(wanted).href)).toBe(wanted);
    expect(store.resolve(`file://localhost${wanted}`)).toBe(wanted);
    expect(store.resolve(`file:${wanted}`)).toBe(wanted);
    expect(store.resolve('file:recordings/a%20b.webm')).toBe(wanted);
    expect(store.resolve('recordings/a b.webm')).toBe(wanted);
    expect(store.resolve(wanted)).toBe(wanted);
    expect(store.resolve('new/folders/x/../a.webm')).toBe(join(data, 'new/folders/a.webm'));
  });

  it('takes %2e literally in a plain path, where nothing is escaped', () => {
    expect(store.resolve('%2e%2e/a.webm')).toBe(join(data, '%2e%2e/a.webm'));
  });

  it.each([
    '../secret.webm',
    'recordings/../../secret.webm',
    'file:../secret.webm',
    'file:%2e%2e/secret.webm',
    'file:recordings%2f..%2f..%2fsecret.webm',
    'file:///etc/passwd',
    '/etc/passwd',
    '../data-of-others/a.webm',
    'file:///',
    '.',
    '..',
    '/',
    '',
    'file:',
    'recordings/',
    'a\0.webm',
    'file:a%00.webm',
    'file:a%zz.webm',
    'file://elsewhere/a.webm',
    'http://example.org/a.webm',
    'rtsp://camera/1',
    'data:,x',
  ])('refuses %j in a sentence', (uri) => {
    expect(() => store.resolve(uri)).toThrow(
      expect.objectContaining({
        code: 40107,
        message: expect.stringMatching(/\w+ \w+ \w+/) as string,
      }) as Error,
    );
  });

  it('refuses what leads out of the data folder through a linked folder', () => {
    symlinkSync(base, join(data, 'out'));
    expect(() => store.resolve('out/secret.webm')).toThrow(/outside/);
    expect(() => store.resolve('out/not/yet/there.webm')).toThrow(/outside/);
    symlinkSync(join(data, 'loop'), join(data, 'loop'));
    expect(() => store.resolve('loop/a.webm')).toThrow(/cannot be resolved/);
  });

  it('follows a link to a file for reading only inside the data folder', () => {
    writeFileSync(join(data, 'a.webm'), 'x');
    symlinkSync(join(data, 'a.webm'), join(data, 'good.webm'));
    symlinkSync(join(base, 'secret.webm'), join(data, 'bad.webm'));
    expect(store.resolveExisting('good.webm')).toBe(join(data, 'a.webm'));
    expect(() => store.resolveExisting('bad.webm')).toThrow(/leads out/);
    expect(store.resolveExisting('missing.webm')).toBe(join(data, 'missing.webm'));
  });

  it('takes files of the other folders that were allowed, by their absolute names, and of no more', () => {
    mkdirSync(join(base, 'streams'));
    mkdirSync(join(base, 'streams-of-others'));
    symlinkSync(join(base, 'streams'), join(base, 'linked'));
    symlinkSync(base, join(base, 'streams', 'out'));
    symlinkSync(join(base, 'streams'), join(data, 'streams'));
    const wide = new FileStore(data, [join(base, 'linked')]);
    const wanted = join(base, 'streams', '1', 'a.webm');
    expect(wide.resolve(pathToFileURL(wanted).href)).toBe(wanted);
    expect(wide.resolve(join(base, 'linked/1/a.webm'))).toBe(wanted);
    expect(wide.resolve('streams/1/a.webm')).toBe(wanted);
    expect(wide.resolve('a.webm')).toBe(join(data, 'a.webm'));
    expect([wanted, join(data, 'a.webm')].map((path) => wide.isOwn(path))).toEqual([false, true]);
    for (const uri of [
      'streams',
      'streams/../secret.webm',
      'streams/out/secret.webm',
      'streams-of-others/a.webm',
    ])
      expect(() => wide.resolve(join(base, uri))).toThrow(/outside of .* --files/);
    symlinkSync(join(base, 'secret.webm'), join(base, 'streams', 'bad.webm'));
    expect(() => wide.resolveExisting(join(base, 'streams', 'bad.webm'))).toThrow(/leads out/);
  });

  it('says what the operator has to allow, to the operator too, but no client learns where a link leads', () => {
    const told: string[] = [];
    const onRefused = (folder: string, sentence: string) => told.push(folder, sentence);
    const alone = new FileStore(data, [], { onRefused });
    const embedded = new FileStore(data, [], { setting: 'KURENTO_FILES', onRefused });
    const sentence = "'file:///tmp/a.webm' lies outside of the folders that clients may use;";
    expect(() => alone.resolve('file:///tmp/a.webm')).toThrow(
      `${sentence} the operator allows it with --files /tmp`,
    );
    expect(() => embedded.resolve('file:///tmp/a.webm')).toThrow(
      `${sentence} the operator allows it with KURENTO_FILES=/tmp`,
    );
    expect(told).toEqual([
      '/tmp',
      `${sentence} allow it with --files /tmp`,
      '/tmp',
      `${sentence} allow it with KURENTO_FILES=/tmp`,
    ]);
    symlinkSync(join(base, 'secret.webm'), join(data, 'bad.webm'));
    expect(() => alone.resolveExisting(join(data, 'bad.webm'))).toThrow(
      /the operator allows others with --files$/,
    );
    expect(() => alone.resolve('../x/a.webm')).toThrow(/the operator allows others with --files$/);
    expect(told.slice(4).filter((_, index) => index % 2 === 0)).toEqual([base, join(base, 'x')]);
  });

  it.each(['parley.db', 'admin-token', 'secrets.json'])(
    'keeps clients out of a folder with %s, which is Parley’s own, but for folders in it that were allowed themselves',
    (name) => {
      const own = join(base, 'lib', 'parley');
      mkdirSync(join(own, 'recordings'), { recursive: true });
      mkdirSync(join(own, 'tls'));
      writeFileSync(join(own, name), 'x');
      symlinkSync(join(own, 'tls'), join(base, 'lib', 'link'));
      symlinkSync(join(own, name), join(base, 'lib', 'link.webm'));
      const told: string[] = [];
      const onRefused = (folder: string): number => told.push(folder);
      const embedded = new FileStore(join(own, 'recordings'), [join(base, 'lib')], { onRefused });
      const refused = ['parley/parley.db', 'parley/new.webm', 'parley/tls/a.webm', 'link/a.webm'];
      for (const uri of refused)
        expect(() => embedded.resolve(join(base, 'lib', uri))).toThrow(
          expect.objectContaining({
            code: 40107,
            message: expect.stringMatching(/Parley's own folder/) as string,
          }) as Error,
        );
      expect(() => embedded.resolveExisting(join(base, 'lib', 'link.webm'))).toThrow(/Parley's own folder/);
      expect(told).toEqual(Array.from({ length: 5 }, () => own));
      for (const uri of ['a.webm', 'x/a.webm', 'parley/recordings/room/a.webm', 'other/a.webm'])
        expect(embedded.resolve(join(base, 'lib', uri))).toBe(join(base, 'lib', uri));
      const alone = new FileStore(data, [join(base, 'lib')]);
      expect(() => alone.resolve(join(own, 'recordings', 'a.webm'))).toThrow(/Parley's own folder/);
    },
  );

  it('works with a data folder that is itself a link', () => {
    symlinkSync(data, join(base, 'link'));
    const linked = new FileStore(join(base, 'link'));
    expect(linked.resolve('a.webm')).toBe(join(data, 'a.webm'));
    expect(linked.resolve(join(base, 'link', 'a.webm'))).toBe(join(data, 'a.webm'));
  });
});
