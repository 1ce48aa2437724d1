// What a person in front of the page would see and hear, measured inside the page: which colour a <video> shows, whether
// it moves, and which tones its stream carries. These functions travel into the browser: they use nothing from outside.
import type { Locator } from 'playwright-core';
import { COLOURS } from './fake-media.ts';

/** The colour that most of the picture has, or 'black' or 'none' (no picture yet), or 'r,g,b' when it is none of ours. */
export async function dominantColour(video: Locator): Promise<string> {
  const pixel = await video.evaluate((element: HTMLVideoElement) => {
    if (element.videoWidth === 0 || element.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return null;
    const width = 64;
    const height = 36;
    const context = new OffscreenCanvas(width, height).getContext('2d');
    if (!context) throw new Error('no canvas');
    context.drawImage(element, 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    const counts = new Map<string, number>();
    for (let at = 0; at < data.length; at += 4) {
      const key = [data[at], data[at + 1], data[at + 2]]
        .map((value) => Math.round((value ?? 0) / 16) * 16)
        .join();
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? null;
  });
  if (pixel === null) return 'none';
  const seen = pixel.split(',').map(Number);
  const distance = (colour: readonly number[]) =>
    Math.hypot(...colour.map((value, index) => value - (seen[index] ?? 0)));
  if (distance([0, 0, 0]) < 40) return 'black';
  const [name, colour] = Object.entries(COLOURS).sort(([, a], [, b]) => distance(a) - distance(b))[0] ?? [
    '',
    [],
  ];
  return distance(colour) < 60 ? name : pixel;
}

/** Resolves true when two frames that differ were shown one after the other; false when none came in `withinMs`. */
export async function isChanging(video: Locator, withinMs = 2_000): Promise<boolean> {
  return video.evaluate(async (element: HTMLVideoElement, withinMs) => {
    const context = new OffscreenCanvas(64, 36).getContext('2d', { willReadFrequently: true });
    if (!context) throw new Error('no canvas');
    const until = performance.now() + withinMs;
    let before: Uint8ClampedArray | undefined;
    while (performance.now() < until) {
      const shown = await new Promise<boolean>((resolve) => {
        const timer = setTimeout(() => resolve(false), until - performance.now());
        element.requestVideoFrameCallback(() => {
          clearTimeout(timer);
          resolve(true);
        });
      });
      if (!shown) return false;
      context.drawImage(element, 0, 0, 64, 36);
      const { data } = context.getImageData(0, 0, 64, 36);
      if (before?.some((value, index) => Math.abs(value - (data[index] ?? 0)) > 48)) return true;
      before = data;
    }
    return false;
  }, withinMs);
}

/**
 * The loudest tones that the stream of a <video> carries, in Hz, over the next `forMs`: each is a local peak of the spectrum
 * well above the noise. Listens to the stream itself, so a muted element is heard too; for a file, to the element.
 */
export async function tones(video: Locator, forMs = 700): Promise<number[]> {
  return video.evaluate(async (element: HTMLVideoElement, forMs) => {
    interface Ear {
      source: unknown;
      analyser: AnalyserNode;
    }
    const page = window as typeof window & { ears?: WeakMap<HTMLVideoElement, Ear>; ear?: AudioContext };
    page.ears ??= new WeakMap();
    const context = (page.ear ??= new AudioContext());
    await context.resume();
    const stream = element.srcObject;
    let ear = page.ears.get(element);
    if (!ear || (stream && ear.source !== stream)) {
      if (stream instanceof MediaStream && stream.getAudioTracks().length === 0) return [];
      const analyser = new AnalyserNode(context, { fftSize: 8192, smoothingTimeConstant: 0 });
      const node =
        stream instanceof MediaStream
          ? context.createMediaStreamSource(stream)
          : context.createMediaElementSource(element);
      node.connect(analyser);
      ear = { source: stream, analyser };
      page.ears.set(element, ear);
    }
    const { analyser } = ear;
    const loudest = new Float32Array(analyser.frequencyBinCount).fill(-Infinity);
    const spectrum = new Float32Array(analyser.frequencyBinCount);
    const until = performance.now() + forMs;
    while (performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 40));
      analyser.getFloatFrequencyData(spectrum);
      spectrum.forEach((level, bin) => (loudest[bin] = Math.max(loudest[bin] ?? -Infinity, level)));
    }
    const binHz = context.sampleRate / analyser.fftSize;
    const level = (bin: number) => loudest[bin] ?? -Infinity;
    const audibleDb = -60;
    const peaks: number[] = [];
    for (let bin = 2; bin * binHz < 4_000; bin++)
      if (level(bin) > audibleDb && level(bin) >= level(bin - 1) && level(bin) > level(bin + 1))
        peaks.push(bin);
    const top = Math.max(...peaks.map(level));
    return peaks
      .filter((bin) => level(bin) > top - 20)
      .sort((a, b) => level(b) - level(a))
      .map((bin) => Math.round(bin * binHz));
  }, forMs);
}

/** Whether `hz` is the loudest tone of the <video>. */
export async function hears(video: Locator, hz: number): Promise<boolean> {
  const [loudest] = await tones(video);
  return loudest !== undefined && Math.abs(loudest - hz) < 15;
}
