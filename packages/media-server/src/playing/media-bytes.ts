// Bytes as a reader of containers takes them: as a source of mediabunny, guarded, with what can be known of their end.
import { CustomSource, ReadableStreamSource, type Source } from 'mediabunny';
import { isPlaced, readWhole, type ByteSource, type PassingBytes, type PlacedBytes } from './byte-source.ts';
import { fragmentsEnd } from './fragments-end.ts';
import { guarded, MAX_READ_BYTES } from './guarded-source.ts';
import { isMatroska, recordingEnd, type RecordingEnd } from './recording-end.ts';

/** What a source's parts may take in memory: the newest pieces read, in bytes. */
const CACHE_BYTES = 4 * 1024 * 1024;

export interface MediaBytes {
  /** Belongs to the one `Input` that is made of it. */
  readonly source: Source;
  /** Whether any place can be read at any time. Otherwise all is read once, from the start, as it comes. */
  readonly isRandomAccess: boolean;
  /** Whether it may be read to its end just to know how long it is. */
  readonly isLocal: boolean;
  /** Where a recording that may have been cut off ends, if it is known to be one. */
  readonly end: RecordingEnd | undefined;
  /** To be told of each frame that was read: no more than `MAX_READ_BYTES` may lie between two of them. */
  frameRead(): void;
}

/** Finds the end of what was cut off: it counts up to its last complete frame. */
export async function mediaBytes(source: ByteSource): Promise<MediaBytes> {
  return isPlaced(source) ? placed(source) : passing(source);
}

async function placed(source: PlacedBytes): Promise<MediaBytes> {
  const { size, isLocal } = source;
  const readAt = (position: number, length: number): Promise<Buffer> => readWhole(source, position, length);
  const end = isMatroska(await readAt(0, 4)) ? await recordingEnd(readAt, size) : undefined;
  const length = end?.length ?? (isLocal ? await fragmentsEnd(readAt, size) : undefined) ?? size;
  return {
    source: guarded(
      new CustomSource({
        getSize: () => length,
        read: (start, end) => (isLocal ? readAt(start, end - start) : streamOf(source.read(start, end))),
        maxCacheSize: CACHE_BYTES,
        prefetchProfile: isLocal ? 'fileSystem' : 'network',
        // What was read ahead and is not wanted yet; when it is, it is read again.
        handleUnhandledError: () => undefined,
      }),
    ),
    isRandomAccess: true,
    isLocal,
    end,
    frameRead: () => undefined,
  };
}

function passing({ chunks }: PassingBytes): MediaBytes {
  let sinceFrame = 0;
  const stream = streamOf(chunks, (length) => {
    sinceFrame += length;
    if (sinceFrame > MAX_READ_BYTES)
      throw new Error(`no picture and no sound was found in ${MAX_READ_BYTES} bytes of it`);
  });
  return {
    source: guarded(
      new ReadableStreamSource(stream, {
        maxCacheSize: CACHE_BYTES,
        // It is told again to whoever reads next.
        handleUnhandledError: () => undefined,
      }),
    ),
    isRandomAccess: false,
    isLocal: false,
    end: undefined,
    frameRead: () => {
      sinceFrame = 0;
    },
  };
}

/** Takes nothing from the source before somebody wants it. `came`: of each piece, its length. */
function streamOf(
  pieces: AsyncGenerator<Buffer, void, undefined>,
  came?: (length: number) => void,
): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const { value, done } = await pieces.next();
        if (done) {
          controller.close();
          return;
        }
        came?.(value.length);
        controller.enqueue(value);
      },
      cancel: async () => {
        await pieces.return();
      },
    },
    { highWaterMark: 0 },
  );
}
