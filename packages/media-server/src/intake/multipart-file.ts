// The file inside of a form that a browser posts (RFC 7578): its bytes as they come, without what is around them.

const HEADERS_END = Buffer.from('\r\n\r\n');

/** A part's headers are a few lines. In bytes. */
const MAX_HEADER_BYTES = 16 * 1024;

/** What is skipped before the file: other fields of the form. In bytes. */
const MAX_SKIPPED_BYTES = 1024 * 1024;

/** The boundary of a `multipart/form-data` content type; undefined for other types, and without a boundary. */
export function formBoundary(contentType: string | undefined): string | undefined {
  if (!/^multipart\/form-data\b/i.test(contentType ?? '')) return undefined;
  const match = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType ?? '');
  return match?.[1] ?? match?.[2];
}

/**
 * The content of the first part that has a file name.
 * @throws Error when the body ends, or too much comes, before there is one
 */
export async function* multipartFile(
  chunks: AsyncIterable<Buffer>,
  boundary: string,
): AsyncGenerator<Buffer, void, undefined> {
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  // The first delimiter has no line before it; with one all are alike.
  let buffer: Buffer = Buffer.from('\r\n');
  let skipped = 0;
  let place: 'between' | 'headers' | 'file' = 'between';
  for await (const chunk of chunks) {
    buffer = buffer.length === 0 ? chunk : Buffer.concat([buffer, chunk]);
    while (place !== 'file') {
      const mark = place === 'between' ? delimiter : HEADERS_END;
      const at = buffer.indexOf(mark);
      if (at === -1) {
        if (place === 'headers') {
          if (buffer.length > MAX_HEADER_BYTES)
            throw new Error('the headers of a part of the form are too long');
          break;
        }
        const rest = Math.max(0, buffer.length - mark.length);
        skipped += rest;
        if (skipped > MAX_SKIPPED_BYTES) throw new Error('the form holds no file in its first part');
        buffer = buffer.subarray(rest);
        break;
      }
      const text = buffer.toString('latin1', 0, at);
      buffer = buffer.subarray(at + mark.length);
      if (place === 'between') place = 'headers';
      else place = /;\s*filename\*?=/i.test(text) ? 'file' : 'between';
    }
    if (place !== 'file') continue;
    const end = buffer.indexOf(delimiter);
    // What may be the beginning of the delimiter is kept until its end is there.
    const length = end === -1 ? Math.max(0, buffer.length - delimiter.length + 1) : end;
    if (length > 0) yield buffer.subarray(0, length);
    if (end !== -1) return;
    buffer = buffer.subarray(length);
  }
  if (place !== 'file') throw new Error('the form holds no file');
  // Cut off: what came belongs to the file.
  if (buffer.length > 0) yield buffer;
}
