// What the benchmarks share with the end-to-end tests.
export { Participant } from './participant.ts';
