// What all findings together mean for a meeting, and the report of them as plain text for a mail.
import { causeTexts } from '@parley/protocol';
import {
  CHECK_STEPS,
  type CheckStep,
  type Finding,
  type Findings,
  type FindingStatus,
} from './check-findings.ts';

export interface Verdict {
  readonly status: Exclude<FindingStatus, 'skipped'>;
  readonly title: string;
  readonly text: string;
}

export const STEP_LABELS: Readonly<Record<CheckStep, string>> = {
  camera: 'Camera',
  microphone: 'Microphone',
  signalling: 'Connection to the server',
  udp: 'Media over UDP',
  tcp: 'Media over TCP',
  relay: 'Media through the relay (TURN)',
  download: 'Throughput down',
  upload: 'Throughput up',
};

export const STATUS_LABELS: Readonly<Record<FindingStatus, string>> = {
  ok: 'OK',
  warning: 'Warning',
  problem: 'Problem',
  skipped: 'Skipped',
};

/** The best first. */
const PATHS = ['udp', 'tcp', 'relay'] as const;

const INSTEAD: Readonly<Record<(typeof PATHS)[number], string>> = {
  udp: '',
  tcp: 'Calls go over TCP instead; on a bad network pictures stutter more.',
  relay: 'Calls go through the relay instead.',
};

const works = (finding: Finding | undefined) => finding?.status === 'ok' || finding?.status === 'warning';

/** The findings in the light of each other: a path that does not work matters less where another one does. */
export function weighed(findings: Findings): Findings {
  const used = PATHS.find((path) => works(findings[path]));
  if (used === undefined) return findings;
  const weighed: Partial<Record<CheckStep, Finding>> = { ...findings };
  for (const path of PATHS) {
    const finding = findings[path];
    if (finding?.status !== 'problem') continue;
    const words = path === 'udp' ? `${finding.words} ${INSTEAD[used]}`.trim() : finding.words;
    weighed[path] = { ...finding, status: 'warning', words };
  }
  return weighed;
}

/** What a person has to know before a meeting. */
export function verdictOf(findings: Findings): Verdict {
  const { signalling } = findings;
  if (signalling && !works(signalling)) return cannot(`${signalling.words} ${signalling.remedy}`);
  // Before the ways to the server: over whichever of them, there would be nothing to send.
  const insecure = [findings.camera, findings.microphone].find((finding) => finding?.insecure);
  if (insecure) return unseen(insecure.words);
  const used = PATHS.find((path) => works(findings[path]));
  if (used === undefined) return noPath(findings);
  // The ways that are not used are spare ones.
  const spare = new Set<CheckStep>(PATHS.slice(PATHS.indexOf(used) + 1));
  const limits = CHECK_STEPS.filter((step) => !spare.has(step)).flatMap((step) => {
    const finding = weighed(findings)[step];
    return finding && (finding.status === 'warning' || finding.status === 'problem') ? finding.words : [];
  });
  if (limits.length === 0)
    return {
      status: 'ok',
      title: 'Ready for a meeting',
      text: 'Camera, microphone and network work with this server.',
    };
  return {
    status: 'warning',
    title: 'A call works from here, with limits',
    text: [...new Set(limits)].join(' '),
  };
}

function cannot(text: string): Verdict {
  return { status: 'problem', title: 'A call does not work from here', text: text.trim() };
}

/** Whoever comes without HTTPS can watch and listen at most, which is no call. */
function unseen(why: string): Verdict {
  return {
    status: 'problem',
    title: 'Nobody could see or hear you from here',
    text: `${why} If there is no such address, whoever runs the server has to set up HTTPS.`,
  };
}

/** When all that were tried were just not reached, that is the cause; else what was wrong with one that was. */
function noPath(findings: Findings): Verdict {
  const tried = PATHS.flatMap((path) => findings[path] ?? []);
  const failed = tried.filter(({ status }) => status === 'problem');
  if (failed.length === 0) {
    const why = tried.map(({ words, remedy }) => `${words} ${remedy}`.trim());
    return { status: 'warning', title: 'Not everything could be checked', text: [...new Set(why)].join(' ') };
  }
  const other = failed.find(({ cause }) => cause !== 'no-candidate-pair');
  const { participant, remedy } = causeTexts['no-candidate-pair'];
  return cannot(other ? `${other.words} ${other.remedy}` : `${participant} ${remedy}`);
}

export interface ReportFacts {
  findings: Findings;
  /** `navigator.userAgent` */
  browser: string;
  /** The page's origin: who the report is about. */
  server: string;
  /** When the check ended, in ms since 1970. */
  at: number;
}

/** Plain text, one line per step, with what to do below it. */
export function reportOf({ findings, browser, server, at }: ReportFacts): string {
  const shown = weighed(findings);
  const { title, text } = verdictOf(findings);
  const lines = CHECK_STEPS.flatMap((step) => {
    const finding = shown[step];
    if (!finding) return [];
    const { status, words, numbers, remedy } = finding;
    const line = `[${STATUS_LABELS[status]}] ${STEP_LABELS[step]}: ${words}${numbers ? ` (${numbers})` : ''}`;
    return remedy ? [line, `    What to do: ${remedy}`] : [line];
  });
  return [
    `Parley check: ${title}`,
    text,
    '',
    `Server: ${server}`,
    `Time: ${new Date(at).toISOString()}`,
    `Browser: ${browser}`,
    '',
    ...lines,
    '',
  ].join('\n');
}
