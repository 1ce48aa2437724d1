// Watches the frames of a <video> over a stretch of time, to say that the picture goes on.
import type { JSHandle, Locator } from 'playwright-core';

interface Watch {
  frames: number;
}

export interface FrameWatch {
  /** Resolves when one more frame was shown. */
  next(): Promise<void>;
}

/** Begins to watch with the next frame. */
export async function watchFrames(video: Locator): Promise<FrameWatch> {
  const watch: JSHandle<Watch> = await video.evaluateHandle(async (element: HTMLVideoElement) => {
    const watch = { frames: 0 };
    await new Promise<void>((resolve) => {
      const onFrame = () => {
        watch.frames++;
        resolve();
        element.requestVideoFrameCallback(onFrame);
      };
      element.requestVideoFrameCallback(onFrame);
    });
    return watch;
  });
  return {
    next: async () => {
      const before = await watch.evaluate(({ frames }) => frames);
      await video
        .page()
        .waitForFunction(([watch, before]) => watch.frames > before, [watch, before] as const);
    },
  };
}
