// What one check of the doctor says.
export type DiagnosisLevel = 'ok' | 'warning' | 'problem' | 'skipped';

export interface Diagnosis {
  readonly name: string;
  /** `problem`: calls or the start itself will fail. `warning`: they may, for some. `skipped`: nothing to check. */
  readonly level: DiagnosisLevel;
  /** What was seen, in a sentence. */
  readonly text: string;
  /** What to do about it. */
  readonly fix?: string;
}

export const ok = (name: string, text: string): Diagnosis => ({ name, level: 'ok', text });
export const skipped = (name: string, text: string): Diagnosis => ({ name, level: 'skipped', text });
export const warning = (name: string, text: string, fix: string): Diagnosis => ({
  name,
  level: 'warning',
  text,
  fix,
});
export const problem = (name: string, text: string, fix: string): Diagnosis => ({
  name,
  level: 'problem',
  text,
  fix,
});
