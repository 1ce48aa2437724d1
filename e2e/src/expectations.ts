// What tests say again and again about people in a call. Each waits for its condition, with a deadline.
import { expect } from 'vitest';
import type { Participant } from './participant.ts';
import { dominantColour, hears, isChanging } from './seeing-and-hearing.ts';

/** Generous: three browsers that encode and decode share two cores. */
const DEADLINE_MS = 20_000;
/** Within this, everything of a stream that ended has to be gone, on a machine that is busy with browsers. */
export const GONE_MS = 10_000;

/** `viewer` sees the moving picture of `sender`, in the sender's colour, and hears the sender's tone. */
export async function expectToSeeAndHear(viewer: Participant, sender: Participant): Promise<void> {
  await expectToSee(viewer, sender);
  await expectToHear(viewer, sender);
}

export async function expectToSee(viewer: Participant, sender: Participant): Promise<void> {
  const picture = viewer.picture(sender.name);
  const who = `${viewer.name} looks at ${sender.name}`;
  await expect
    .poll(() => dominantColour(picture), { timeout: DEADLINE_MS, message: `${who}: colour` })
    .toBe(sender.media.colour);
  await expect
    .poll(() => isChanging(picture), { timeout: DEADLINE_MS, message: `${who}: movement` })
    .toBe(true);
}

export async function expectToHear(viewer: Participant, sender: Participant, heard = true): Promise<void> {
  await expect
    .poll(() => hears(viewer.picture(sender.name), sender.media.hz), {
      timeout: DEADLINE_MS,
      message: `${viewer.name} hears ${sender.name}'s ${sender.media.hz} Hz`,
    })
    .toBe(heard);
}

/** Everyone sees and hears everyone else. */
export async function expectAllToMeet(...participants: Participant[]): Promise<void> {
  for (const viewer of participants)
    for (const sender of participants) if (viewer !== sender) await expectToSeeAndHear(viewer, sender);
}
