// Time that stands still, so that nothing of a limit comes back while a test uses it up. For tests only.
import { onTestFinished, vi } from 'vitest';

/** Until the end of the test `performance.now()` gives one moment, of whole ms so that sums are exact; timers run on. */
export function holdTime(): void {
  const clock = vi.spyOn(performance, 'now').mockReturnValue(Math.ceil(performance.now()));
  onTestFinished(() => clock.mockRestore());
}
