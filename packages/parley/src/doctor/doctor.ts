// The doctor: all checks, each for itself, in the order in which they are told.
import { checkAddresses } from './checks/addresses.ts';
import { checkCertificate } from './checks/certificate.ts';
import {
  checkClock,
  checkDataFolder,
  checkDisk,
  checkNode,
  checkOpenFiles,
  checkWebClient,
} from './checks/machine.ts';
import { checkDatabase, checkMedia, checkMediaServer } from './checks/media.ts';
import { checkPorts } from './checks/ports.ts';
import { checkRelay } from './checks/relay.ts';
import { problem, type Diagnosis } from './diagnosis.ts';
import type { Patient } from './patient.ts';

export interface DoctorCheck {
  readonly name: string;
  readonly run: (patient: Patient) => Promise<Diagnosis | Diagnosis[]> | Diagnosis | Diagnosis[];
}

export const CHECKS: readonly DoctorCheck[] = [
  { name: 'Node', run: checkNode },
  { name: 'web client', run: checkWebClient },
  { name: 'data folder', run: checkDataFolder },
  { name: 'disk', run: checkDisk },
  { name: 'open files', run: checkOpenFiles },
  { name: 'clock', run: checkClock },
  { name: 'certificate', run: checkCertificate },
  { name: 'ports', run: checkPorts },
  { name: 'announced addresses', run: checkAddresses },
  { name: 'database', run: checkDatabase },
  { name: 'media server', run: checkMediaServer },
  { name: 'media', run: checkMedia },
  { name: 'relay', run: checkRelay },
];

export async function examine(
  patient: Patient,
  checks: readonly DoctorCheck[] = CHECKS,
): Promise<Diagnosis[]> {
  const diagnoses = await Promise.all(
    checks.map(async ({ name, run }) => {
      try {
        return await run(patient);
      } catch (error) {
        // One that cannot be made does not keep the others from being made.
        return problem(name, `could not be checked: ${(error as Error).message}`, 'see the log of Parley');
      }
    }),
  );
  return diagnoses.flat();
}

/** 1: something has to be mended before anybody joins. */
export function exitCode(diagnoses: readonly Diagnosis[]): 0 | 1 {
  return diagnoses.some(({ level }) => level === 'problem') ? 1 : 0;
}
