// What the benchmarks use of the browser tests.
export { Child } from './child.ts';
export { Participant } from './participant.ts';
export { commandLine, treeOf } from './processes.ts';
