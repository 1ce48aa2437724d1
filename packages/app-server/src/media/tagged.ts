// Creates media objects with their tags, so that the logs of both servers can be joined on them.
import type { Logger } from 'pino';
import type { JsonObject, MediaServer } from '../kurento/media-server.ts';

export type Tags = Readonly<Record<string, string>>;

/**
 * Creates an object and tags it; when a tag is refused, the object is released again.
 * @throws MediaServerError
 */
export async function createTagged(
  mediaServer: MediaServer,
  type: string,
  params: JsonObject,
  tags: Tags,
  log: Logger,
): Promise<string> {
  const object = await mediaServer.create(type, params);
  try {
    await Promise.all(
      Object.entries(tags).map(([key, value]) => mediaServer.invoke(object, 'addTag', { key, value })),
    );
    return object;
  } catch (error) {
    await releaseLogged(mediaServer, object, log);
    throw error;
  }
}

/** Releases an object; a failure is logged, because nobody is left who could do anything about it. Never rejects. */
export async function releaseLogged(mediaServer: MediaServer, object: string, log: Logger): Promise<void> {
  try {
    await mediaServer.release(object);
  } catch (err) {
    // When the connection is lost, the next one sweeps what is left.
    log[mediaServer.available ? 'warn' : 'debug']({ err, object }, 'a media object could not be released');
  }
}
