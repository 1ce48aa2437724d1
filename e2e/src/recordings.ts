// What the server keeps of recordings, and what a person sees of them on their page.
import { RecordingsResponse, type PieceDescription, type RecordingDescription } from '@parley/protocol';
import { expect } from 'vitest';
import type { Colour } from './fake-media.ts';
import type { Participant } from './participant.ts';
import { dominantColour, hears, isChanging } from './seeing-and-hearing.ts';

/** The recordings of a room, newest first, once all of them have ended. @param room its path, `/r/<id>` */
export async function endedRecordings(server: string, room: string): Promise<RecordingDescription[]> {
  let recordings: RecordingDescription[] = [];
  await expect
    .poll(
      async () => {
        const response = await fetch(`${server}/api/rooms/${room.replace('/r/', '')}/recordings`);
        expect(response.status).toBe(200);
        ({ recordings } = RecordingsResponse.parse(await response.json()));
        return recordings.flatMap(({ endedAt, pieces }) => [
          endedAt,
          ...pieces.map((piece) => piece.endedAt),
        ]);
      },
      { timeout: 10_000, message: 'every piece is complete' },
    )
    .not.toContain(null);
  return recordings;
}

/** Plays a piece on the page "Recordings", which is open, and looks and listens. */
export async function expectPieceToShow(
  viewer: Participant,
  piece: PieceDescription,
  expected: { readonly colour: Colour; readonly hz?: number },
): Promise<void> {
  const video = viewer.page.locator(`video[src="${piece.url}"]`);
  await video.evaluate(async (element: HTMLVideoElement) => {
    element.loop = true;
    await element.play();
  });
  await expect
    .poll(() => dominantColour(video), { timeout: 10_000, message: 'colour' })
    .toBe(expected.colour);
  await expect.poll(() => isChanging(video), { timeout: 10_000, message: 'movement' }).toBe(true);
  const { hz } = expected;
  if (hz !== undefined)
    await expect.poll(() => hears(video, hz), { timeout: 10_000, message: `${hz} Hz` }).toBe(true);
  const seconds = await video.evaluate((element: HTMLVideoElement) => element.duration);
  expect(seconds).toBeGreaterThan(0.5);
  expect(Number.isFinite(seconds)).toBe(true);
  await video.evaluate((element: HTMLVideoElement) => element.pause());
}
