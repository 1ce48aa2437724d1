// A machine and an installation to examine in tests: all is well unless a test says otherwise.
import { subjectOf, type SubjectSettings } from '../audit/testing/subject.ts';
import { Patient, type Machine } from './patient.ts';

const HEALTHY: Machine = {
  nodeVersion: '20.20.2',
  openFiles: 65_536,
  elapsedMs: { monotonic: 1_000, wall: 1_000 },
  clientDir: '/nowhere',
};

export interface PatientSettings extends SubjectSettings {
  readonly machine?: Partial<Machine>;
}

export function patientOf({ machine, ...settings }: PatientSettings = {}): Patient {
  const { configuration, installation, ownAddresses, outside, now } = subjectOf(settings);
  const whole = { ...HEALTHY, ...machine };
  return new Patient({ configuration, installation, ownAddresses, outside, now, machine: whole });
}
