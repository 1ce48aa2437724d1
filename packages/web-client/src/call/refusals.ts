// Why the server refused a request, read from the JSON-RPC error, and the sentence that tells a person what to do.
import { JsonRpcError, NoAnswerError, RefusalReason } from '@parley/protocol';
import { z } from 'zod';

const RefusalData = z.object({ reason: RefusalReason });

/** The reason of a refused request; undefined when `error` is no refusal of the server. */
export function refusalReason(error: unknown): RefusalReason | undefined {
  if (!(error instanceof JsonRpcError)) return undefined;
  const parsed = RefusalData.safeParse(error.data);
  return parsed.success ? parsed.data.reason : 'internal';
}

const SENTENCES: Record<RefusalReason, string> = {
  'invalid-message': 'The server did not understand this page. Reload it to get the current version.',
  'not-in-a-room': 'The server no longer knows you in this room. Reload the page to come back.',
  'already-in-a-room': 'This page is already in a room. Reload it to enter another one.',
  'room-gone': 'This room does not exist, or not any more. Ask for a new link, or open a new room.',
  'room-full': 'This room is full. Try again when someone has left.',
  'unknown-stream': 'This stream has ended.',
  'not-yours': 'This belongs to another participant.',
  'screen-already-shared': 'Someone is sharing a screen already. Ask them to stop first.',
  'sdp-refused': 'The media server and this browser found no common way to send picture or sound.',
  'media-server-unreachable':
    'The media server cannot be reached at the moment. Picture and sound come back by themselves as soon as it is there again.',
  'media-server-refused': 'The media server refused this. Try again in a moment.',
  'not-supported': 'This server cannot do that.',
  'nothing-recorded': 'Nothing has been recorded yet. Press “Record” first.',
  'already-recording': 'This room is being recorded already.',
  'not-recording': 'This room is not being recorded.',
  'too-many-requests': 'That was too much in a short time. Wait a few seconds and try again.',
  internal: 'The server had a problem of its own with this. Try again; if it stays, tell whoever runs it.',
};

/** A sentence for a person about any failure of a request. */
export function sentenceFor(error: unknown): string {
  const reason = refusalReason(error);
  if (reason) return SENTENCES[reason];
  if (error instanceof NoAnswerError)
    return 'The server does not answer. Check your connection and try again.';
  return 'Something unexpected happened. Try again; if it stays, reload the page.';
}
