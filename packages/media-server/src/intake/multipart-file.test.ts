import { describe, expect, it } from 'vitest';
import { formBoundary, multipartFile } from './multipart-file.ts';

const FILE = Buffer.from('\r\n--bound\r\r\n--boundar \0 \r\n\r\n end\r\n', 'latin1');
const FORM = Buffer.concat([
  Buffer.from('--boundary\r\nContent-Disposition: form-data; name="title"\r\n\r\nfilm\r\n', 'latin1'),
  Buffer.from(
    '--boundary\r\nContent-Disposition: form-data; name="f"; filename="f.webm"\r\nX: y\r\n\r\n',
    'latin1',
  ),
  FILE,
  Buffer.from('\r\n--boundary\r\n\r\nmore\r\n--boundary--\r\n', 'latin1'),
]);

async function fileOf(form: Buffer, size: number): Promise<Buffer> {
  async function* pieces(): AsyncGenerator<Buffer, void> {
    for (let at = 0; at < form.length; at += size) yield form.subarray(at, at + size);
  }
  const parts: Buffer[] = [];
  for await (const part of multipartFile(pieces(), 'boundary')) parts.push(part);
  return Buffer.concat(parts);
}

describe('the file of a form', () => {
  it('is the first part with a file name, however the body is cut into pieces', async () => {
    for (let size = 1; size <= FORM.length; size++) expect(await fileOf(FORM, size)).toEqual(FILE);
  });

  it('that is cut off is what came of it', async () => {
    const cut = FORM.subarray(0, FORM.indexOf(FILE) + 10);
    for (const size of [1, 13, 1000]) expect(await fileOf(cut, size)).toEqual(FILE.subarray(0, 10));
  });

  it('is missing in a form without one, and in what is no form', async () => {
    const none = Buffer.from(
      '--boundary\r\nContent-Disposition: form-data; name="t"\r\n\r\nx\r\n--boundary--\r\n',
    );
    await expect(fileOf(none, 7)).rejects.toThrow('the form holds no file');
    await expect(fileOf(Buffer.alloc(3 * 1024 * 1024, 'x'), 65_536)).rejects.toThrow(/holds no file/);
    const endlessHeaders = Buffer.concat([Buffer.from('--boundary'), Buffer.alloc(100_000, 'x')]);
    await expect(fileOf(endlessHeaders, 1000)).rejects.toThrow(/too long/);
  });

  it.each([
    ['multipart/form-data; boundary=abc', 'abc'],
    ['Multipart/Form-Data; charset=utf-8; boundary="a b;c"', 'a b;c'],
    ['multipart/form-data', undefined],
    ['multipart/mixed; boundary=abc', undefined],
    ['video/webm', undefined],
    [undefined, undefined],
  ])('has the boundary that %j names', (type, boundary) => {
    expect(formBoundary(type)).toBe(boundary);
  });
});
