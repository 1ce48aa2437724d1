// Which session makes way for others: one of whoever has most of what is scarce, so that nobody pushes out what is kept of
// others by beginning and ending streams. Keeps nothing itself.
import type { TracedSession } from './traced-session.ts';

/** What a session takes of what is scarce. */
export type Weight = (session: TracedSession) => number;

/**
 * Of the room that has most, and in it of the participant who has most: what has ended before what lasts, what went well
 * before what failed, the oldest first. Undefined: there are none.
 * @param sessions in the order of their begin; those without a room count as one
 */
export function firstToGo(sessions: readonly TracedSession[], weight: Weight): TracedSession | undefined {
  return ofWhoHasMost(sessions, weight).reduce<TracedSession | undefined>(
    (first, session) => (first && rank(first) <= rank(session) ? first : session),
    undefined,
  );
}

/** In the order of their begin. */
export function ofWhoHasMost(sessions: readonly TracedSession[], weight: Weight): readonly TracedSession[] {
  const ofRoom = heaviest(sessions, ({ room }) => room, weight);
  return heaviest(ofRoom, ({ participant }) => participant.id, weight);
}

/** Of groups that weigh the same, the one that began first. */
function heaviest(
  sessions: readonly TracedSession[],
  groupOf: (session: TracedSession) => string | null,
  weight: Weight,
): readonly TracedSession[] {
  const groups = new Map<string | null, { weight: number; sessions: TracedSession[] }>();
  for (const session of sessions) {
    const key = groupOf(session);
    const group = groups.get(key) ?? { weight: 0, sessions: [] };
    group.weight += weight(session);
    group.sessions.push(session);
    groups.set(key, group);
  }
  const [first, ...others] = groups.values();
  if (!first) return [];
  return others.reduce((most, group) => (group.weight > most.weight ? group : most), first).sessions;
}

function rank(session: TracedSession): number {
  if (!session.ended) return 2;
  return session.failed ? 1 : 0;
}
