// Releases what a former life of this installation left on the media server. Pipelines of others are not touched.
import { JSON_RPC_ERROR } from '@parley/protocol';
import type { Logger } from 'pino';
import { MediaServerError } from './errors.ts';
import { isObject, type KurentoConnection } from './kurento-connection.ts';

/** The tag by which an installation knows its own pipelines; its value is the installation's id. */
export const OWNER_TAG = 'parley';

const SERVER_MANAGER = 'manager_ServerManager';

/**
 * @param keep pipelines that are carried on
 * @throws MediaServerError when the connection fails meanwhile; what the media server refuses is logged only
 */
export async function releaseOrphans(
  connection: KurentoConnection,
  installation: string,
  log: Logger,
  keep: ReadonlySet<string> = new Set(),
): Promise<void> {
  const pipelines = await tolerate(
    connection.request('invoke', { object: SERVER_MANAGER, operation: 'getPipelines', operationParams: {} }),
    (err) => log.warn({ err }, 'the media server does not list its pipelines'),
  );
  if (!Array.isArray(pipelines?.['value'])) return;
  for (const pipeline of pipelines['value'] as unknown[]) {
    if (typeof pipeline !== 'string' || keep.has(pipeline)) continue;
    const tags = await tolerate(
      connection.request('invoke', { object: pipeline, operation: 'getTags', operationParams: {} }),
      // Released by its owner since the list was made.
      (err) => log.debug({ err, pipeline }, 'a pipeline does not tell its tags'),
    );
    if (isOwn(tags?.['value'], installation)) {
      log.info({ pipeline }, 'releasing a pipeline that a former life left');
      await tolerate(connection.request('release', { object: pipeline }), (err) =>
        log.warn({ err, pipeline }, 'an orphaned pipeline could not be released'),
      );
    } else {
      // Looking at an object holds it for this session too (kurento.md, "Sessions"): let it go again.
      await tolerate(connection.request('unref', { object: pipeline }), (err) =>
        log[err.code === JSON_RPC_ERROR.methodNotFound ? 'trace' : 'debug'](
          { err, pipeline },
          'a foreign pipeline could not be let go',
        ),
      );
    }
  }
}

function isOwn(tags: unknown, installation: string): boolean {
  return (
    Array.isArray(tags) &&
    tags.some((tag: unknown) => isObject(tag) && tag['key'] === OWNER_TAG && tag['value'] === installation)
  );
}

async function tolerate<T>(
  answer: Promise<T>,
  onRefused: (error: MediaServerError) => void,
): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof MediaServerError) || error.failure !== 'refused') throw error;
    onRefused(error);
    return undefined;
  }
}
