// `npm run bench -- NAME [options]`: measures and prints a report. Nothing here passes or fails.
import { benchForward } from './forward/forward.ts';
import { benchRecover } from './recover.ts';

const BENCHMARKS: Record<string, (args: string[]) => Promise<void>> = {
  forward: benchForward,
  recover: benchRecover,
};

const [name = '', ...args] = process.argv.slice(2);
const benchmark = BENCHMARKS[name];
if (benchmark) await benchmark(args);
else {
  console.error(`Usage: npm run bench -- ${Object.keys(BENCHMARKS).join(' | ')} [options]`);
  process.exitCode = 1;
}
