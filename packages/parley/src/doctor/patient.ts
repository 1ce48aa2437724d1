// What is examined. The parts of the machine that a test cannot change are given from outside.
import type { TestingProgram } from '@parley/protocol';
import { AuditSubject, type SubjectOptions } from '../audit/subject.ts';

export interface Machine {
  /** Such as `20.20.0`. */
  readonly nodeVersion: string;
  /** How many files and sockets this user's processes may have open; undefined: not told. */
  readonly openFiles: number | undefined;
  /** Of the monotonic clock since this process began, in ms, beside what the wall clock has counted since then. */
  readonly elapsedMs: { readonly monotonic: number; readonly wall: number };
  /** Where the built page is. */
  readonly clientDir: string;
}

export interface PatientOptions extends SubjectOptions {
  readonly machine: Machine;
}

/** What the audit asks of an installation is asked here as well. */
export class Patient extends AuditSubject {
  readonly machine: Machine;

  constructor(options: PatientOptions) {
    super(options);
    this.machine = options.machine;
  }

  override get lookedAtBy(): TestingProgram {
    return 'doctor';
  }
}
