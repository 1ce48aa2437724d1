// The process that reads media, started and ended by the media server (reader-process.ts): takes containers apart for it.
// Has no files and no sockets, and nothing that is missed when it goes.
import { writeFile } from 'node:fs';
import type { FromReader, ToReader } from './reader-protocol.ts';
import { ServedMedia } from './served-media.ts';

const served = new Map<number, ServedMedia>();

// Where memory runs out, this process is the one to end. Systems that do not know it have no such file.
writeFile('/proc/self/oom_score_adj', '1000', () => undefined);

function send(message: FromReader): void {
  // Who cannot be told any more has gone, and so does this process then.
  process.send?.(message, undefined, undefined, () => undefined);
}

process.on('message', (message: ToReader) => {
  const { media } = message;
  if (message.type === 'ask' && message.question.type === 'open')
    served.set(media, new ServedMedia(media, send));
  const found = served.get(media);
  if (message.type !== 'close') {
    // Bytes may still come for what has been closed.
    found?.receive(message);
    return;
  }
  served.delete(media);
  found?.close()?.catch(() => process.exit(1));
});

process.once('disconnect', () => process.exit());

// A terminal and service managers tell all processes at once. The media server, which ends in order, ends this one too.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
