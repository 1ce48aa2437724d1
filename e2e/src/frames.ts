// Watches the frames of a <video> over a stretch of time, to say whether the picture ever stopped.
import type { JSHandle, Locator } from 'playwright-core';

interface Watch {
  longestPauseMs: number;
  frames: number;
  lastAt: number;
}

export interface FrameWatch {
  /** The longest time between two frames since the watch began, the time since the last one included. */
  longestPauseMs(): Promise<number>;
  /** Resolves when one more frame was shown. */
  next(): Promise<void>;
}

/** Begins to watch with the next frame. */
export async function watchFrames(video: Locator): Promise<FrameWatch> {
  const watch: JSHandle<Watch> = await video.evaluateHandle(async (element: HTMLVideoElement) => {
    const watch = { longestPauseMs: 0, frames: 0, lastAt: 0 };
    await new Promise<void>((resolve) => {
      const onFrame = () => {
        const now = performance.now();
        if (watch.frames++ > 0) watch.longestPauseMs = Math.max(watch.longestPauseMs, now - watch.lastAt);
        watch.lastAt = now;
        resolve();
        element.requestVideoFrameCallback(onFrame);
      };
      element.requestVideoFrameCallback(onFrame);
    });
    return watch;
  });
  return {
    longestPauseMs: () =>
      watch.evaluate(({ longestPauseMs, lastAt }) => Math.max(longestPauseMs, performance.now() - lastAt)),
    next: async () => {
      const before = await watch.evaluate(({ frames }) => frames);
      await video
        .page()
        .waitForFunction(([watch, before]) => watch.frames > before, [watch, before] as const);
    },
  };
}
