// What is wrong with the security of an installation, as `parley audit` prints it and the session inspector shows it.
import { z } from 'zod';

/** `high`: somebody without rights can read, take over or abuse something today. */
export const FindingSeverity = z.enum(['high', 'medium', 'low']);
export type FindingSeverity = z.infer<typeof FindingSeverity>;

/** The leg of the way on which it was found. */
export const Hop = z.enum(['browser to server', 'control socket', 'relay', 'media', 'disk']);
export type Hop = z.infer<typeof Hop>;

export const SecurityFinding = z.object({
  /** Stays the same from release to release, such as `signalling-without-tls`. */
  id: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/),
  severity: FindingSeverity,
  hop: Hop,
  /** What is wrong, in one line. */
  title: z.string(),
  /** What was seen that shows it. */
  evidence: z.string(),
  /** What an attacker could do with it. */
  attack: z.string(),
  /** What the operator should change. */
  fix: z.string(),
});
export type SecurityFinding = z.infer<typeof SecurityFinding>;
