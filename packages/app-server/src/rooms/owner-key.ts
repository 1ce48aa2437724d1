// What makes somebody the owner of a room: a key that is told once, to whoever opens it. Only its hash is kept.
import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { newId } from '../new-id.ts';

export interface OwnerKey {
  readonly key: string;
  readonly hash: string;
}

export function newOwnerKey(): OwnerKey {
  const key = newId(z.string());
  return { key, hash: hashOf(key) };
}

/** In constant time. A room without an owner is nobody's, whatever is claimed. */
export function isOwner(claimed: string, hash: string | null): boolean {
  const [known, other] = [Buffer.from(hash ?? ''), Buffer.from(hashOf(claimed))];
  return known.length === other.length && timingSafeEqual(known, other);
}

/** 128 random bits need no salt and no slow hash. */
function hashOf(key: string): string {
  return createHash('sha256').update(key).digest('base64url');
}
