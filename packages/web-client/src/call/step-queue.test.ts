import { expect, it } from 'vitest';
import { QueueClosedError, StepQueue } from './step-queue.ts';

it('begins a step only when the one before has settled, also when that failed', async () => {
  const queue = new StepQueue();
  const log: string[] = [];
  const step = (name: string, fails = false) =>
    queue.run(async () => {
      log.push(`${name} begins`);
      await Promise.resolve();
      log.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    });
  const outcomes = await Promise.allSettled([step('first', true), step('second'), step('third')]);
  expect(log).toEqual([
    'first begins',
    'first ends',
    'second begins',
    'second ends',
    'third begins',
    'third ends',
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
});

it('refuses the steps that have not begun when it is closed', async () => {
  const queue = new StepQueue();
  let finish = () => {};
  const running = queue.run(() => new Promise<void>((resolve) => (finish = resolve)));
  const waiting = queue.run(async () => 'never');
  const refused = expect(waiting).rejects.toBeInstanceOf(QueueClosedError);
  await Promise.resolve();
  queue.close();
  finish();
  await expect(running).resolves.toBeUndefined();
  await refused;
});
